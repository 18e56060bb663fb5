"""TLS: real clients over memory streams and sockets; the certificate, made, checked and exchanged;
clients' certificates.
"""

import gc
import logging
import os
import socket
import ssl
import stat
import sys
import weakref
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio
import trustme
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import HELLO, Edge, End, edge
from support import NOON, Clock, ListHistory, OpenAccounts, Town, commands, find
from trio_chat.chat.identity import Identity, Memory
from trio_chat.config import LimitSettings, ListenerSettings, Settings, StorageSettings, TlsSettings
from trio_chat.server import certificates
from trio_chat.server.certificates import CertificateError, Files, files_of
from trio_chat.server.encryption import Encryption
from trio_chat.server.peer import Peer
from trio_chat.server.poller import TaskPoller
from trio_chat.server.tls import MAX_IDLE, TlsTransport
from trio_chat.server.transport import SocketTransport


def client_context(certificate: Path | None = None) -> ssl.SSLContext:
    """Return what a client uses that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings with a certificate of the server's own making."""
    settings = Settings(storage=StorageSettings(file=tmp_path_factory.mktemp("tls") / "chat.db"))
    certificates.ensure(files_of(settings), "chat.local")
    return settings


@pytest.fixture(scope="module")
def client_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate that nobody has signed."""
    path = tmp_path_factory.mktemp("client") / "client.pem"
    path.write_bytes(certificates.make("ann"))
    return path


def fingerprint(path: Path) -> str:
    """Return the fingerprint of the certificate in a file."""
    return certificates.check(Files(path, path, is_own=False))


Encrypted = trio.SSLStream[trio.abc.Stream]


async def encrypt(
    here: Edge, context: ssl.SSLContext, listener: ListenerSettings | None = None
) -> Encrypted:
    """Return a client that has agreed on encryption."""
    stream: Encrypted = trio.SSLStream(here.stream(listener), context)
    await stream.do_handshake()
    return stream


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("tls", ["auto", "required"])
async def test_a_client_comes_by_tls(own: Settings, version: ssl.TLSVersion, tls: str) -> None:
    """On the port where others come in plain text; the whole way to close_notify, so nothing can be
    cut off unseen.
    """
    context = client_context()
    context.minimum_version = context.maximum_version = version
    async with edge(own) as here:
        ann = End(await encrypt(here, context, ListenerSettings(name="", tls=tls)))
        await ann.send(HELLO)
        await ann.until("001")
        await ann.send("PRIVMSG ann :я 😀\r\nWHOIS ann\r\nMODE ann\r\n".encode())
        assert (await ann.until("PRIVMSG")).params == ("ann", "я 😀")
        assert (await ann.until("671")).params == ("ann", "ann", "is using a secure connection")
        assert "Z" in (await ann.until("221")).params[1]
        await ann.send(b"QUIT :bye\r\n")
        assert (await ann.rest()).endswith(
            b"(Quit: bye)\r\n"
        )  # trio.SSLStream raises when there is no close_notify


async def test_what_comes_with_the_end_of_the_handshake_is_not_lost(own: Settings) -> None:
    """A client that does not wait: its first lines travel with its Finished, and nothing follows
    them.
    """
    context, incoming, outgoing = client_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    async with edge(own) as here:
        stream = here.stream()
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        await stream.send_all(outgoing.read())
        while True:
            incoming.write(await stream.receive_some())
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        client.write(HELLO)
        await stream.send_all(outgoing.read())
        received = b""
        while b" 001 ann " not in received:
            incoming.write(await stream.receive_some())
            with suppress(ssl.SSLWantReadError):
                received += client.read(65536)
        # And its last lines with the end of everything.
        bob = here.connect()
        await bob.send(HELLO.replace(b"ann", b"bob"))
        await bob.until("422")
        client.write(b"PRIVMSG bob :the last words\r\nVERSION\r\nVERSION\r\n")
        with pytest.raises(ssl.SSLWantReadError):
            client.unwrap()
        await stream.send_all(outgoing.read())
        assert (await bob.until("PRIVMSG")).params[1] == "the last words"
        while received := await stream.receive_some():
            incoming.write(received)
        records = b""
        with suppress(ssl.SSLZeroReturnError):  # as said by close_notify
            while True:
                records += client.read(65536)
        assert records.count(b" 351 ") == 2
        assert b"(Connection closed)" in records


async def test_tls_1_1_is_too_old(own: Settings) -> None:
    """RFC 8996; the client is told by an alert."""
    context = client_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with edge(own) as here:
        with pytest.raises(trio.BrokenResourceError):
            await encrypt(here, context)
        await wait_all_tasks_blocked()
        assert not here.server.connections


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x00\x05hello", b"\x16" * 300, b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff"],
)
async def test_what_only_looks_like_tls_is_ended(own: Settings, data: bytes) -> None:
    """Whatever it sends: that connection alone, without a traceback."""
    async with edge(own) as here:
        eve = here.connect()
        await eve.send(data)
        assert b"001" not in await eve.rest()
        ann = here.connect()
        await ann.send(HELLO)
        assert (await ann.until("001")).params[0] == "ann"


async def test_a_handshake_is_bounded(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends and sends before it is through is ended."""
    monkeypatch.setattr("trio_chat.server.tls.MAX_HANDSHAKE", 100)
    async with edge(own) as here:
        with pytest.raises(trio.BrokenResourceError):
            await encrypt(here, client_context())


async def test_a_handshake_has_a_deadline(own: Settings, autojump_clock: MockClock) -> None:
    """Shorter than that for the whole opening."""
    async with edge(own) as here:
        await here.server.encryption.load()
        eve, begin = here.connect(), trio.current_time()
        await eve.send(b"\x16\x03\x01\x02\x00")
        assert await eve.rest() == b""
        assert 10 <= trio.current_time() - begin < 14


async def test_plain_text_within_tls_is_ended(own: Settings) -> None:
    """Somebody on the way has put it there."""
    async with edge(own) as here:
        ours = here.stream()
        stream: Encrypted = trio.SSLStream(ours, client_context())
        await stream.do_handshake()
        ann = End(stream)
        await ann.send(HELLO)
        await ann.until("422")
        await ours.send_all(b"PRIVMSG ann :from the one in the middle\r\n")
        # What the client's side makes of the alert depends on its Python and OpenSSL: an error, or
        # just the end.
        with suppress(trio.BrokenResourceError):
            assert b"the one in the middle" not in await ann.rest()
        await ours.aclose()
        await wait_all_tasks_blocked()
        assert not here.server.connections


async def test_a_member_whose_socket_is_full_gets_everything_in_order(own: Settings) -> None:
    """Encrypted bytes that the socket does not take at once go out before anything else is
    encrypted.
    """
    left, right = socket.socketpair()
    left.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    right.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours = trio.SocketStream(trio.socket.from_stdlib_socket(left))
    async with edge(own) as here, trio.open_nursery() as nursery:
        transport = SocketTransport(right, TaskPoller())
        nursery.start_soon(
            here.server.open_and_serve, transport, Peer(host="127.0.0.1"), ListenerSettings(name="")
        )
        stream: trio.SSLStream[trio.SocketStream] = trio.SSLStream(ours, client_context())
        ann = End(stream)
        await ann.send(HELLO)
        await ann.until("422")
        bob = here.connect(host="127.0.0.1")
        await bob.send(HELLO.replace(b"ann", b"bob"))
        await bob.until("422")
        for number in range(300):
            await bob.send(f"PRIVMSG ann :{number} {'x' * 300}\r\n".encode())
        await bob.send(b"PING x\r\n")
        await bob.until("PONG")
        seen = [(await ann.until("PRIVMSG")).params[1].split()[0] for _ in range(300)]
        assert seen == [str(number) for number in range(300)]
        await ann.send(b"QUIT\r\n")
        await ann.until("ERROR")
        await trio.aclose_forcefully(ours)


class Talkative:
    """A peer that sends messages of TLS and nothing in them, as OpenSSL sees it: each is answered,
    none has text.
    """

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def bio_write(self, data: bytes) -> None:
        """Take what has come."""

    def recv(self, size: int) -> bytes:
        """Have no text."""
        raise SSL.WantReadError

    def bio_read(self, size: int) -> bytes:
        """Have an answer."""
        return self.answer


class Endless:
    """A transport on which the same comes for ever, and that counts it."""

    received = 0
    send_rest = aclose = None

    def on_control(self, call: object) -> None:
        """Do nothing."""

    async def receive(self) -> bytes:
        """Return the next."""
        self.received += 27
        return b"x" * 27


@pytest.mark.parametrize("answer", [b"", b"x" * 27])
async def test_messages_of_tls_itself_are_bounded(answer: bytes) -> None:
    """No budget against floods sees them, and what they are answered with waits when the peer does
    not read.
    """
    below = Endless()
    transport = TlsTransport(below, Talkative(answer))  # type: ignore[arg-type]
    with pytest.raises(trio.BrokenResourceError):
        await transport.receive()
    assert below.received <= MAX_IDLE + 100
    assert len(transport._unsent) <= MAX_IDLE + 100


async def test_who_has_left_leaves_nothing_to_be_collected(own: Settings) -> None:
    """No circle of references keeps what an encrypted client took, as none keeps what a plain one
    did.
    """
    async with edge(own) as here:
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
        (connection,) = map(weakref.ref, here.server.connections)
        gc.disable()
        try:
            await ann.send(b"QUIT\r\n")
            await ann.rest()
            await ann.stream.aclose()
            await wait_all_tasks_blocked()
            assert connection() is None
        finally:
            gc.enable()


async def test_letters_typed_one_by_one_are_no_flood(
    autojump_clock: MockClock, own: Settings
) -> None:
    """Each in a record of its own, as from a terminal: neither it nor the bytes around it count
    against the client.
    """
    async with edge(own) as here:
        await (
            here.server.encryption.load()
        )  # in a thread, for which a clock that jumps does not wait
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
        start = trio.current_time()
        for letter in f"PING {'x' * 400}\r\n" * 5:
            await ann.send(letter.encode())
            await trio.sleep(0.05)
        assert [(await ann.until("PONG")).params[-1] for _ in range(5)] == ["x" * 400] * 5
        assert trio.current_time() - start == pytest.approx(407 * 5 * 0.05)


async def test_records_without_a_line_are_not_free(
    autojump_clock: MockClock, own: Settings
) -> None:
    """An empty line in a record of its own is work, too: it costs a quarter of a line."""
    limits = LimitSettings(flood_burst=10, flood_rate=1)
    async with edge(replace(own, limits=limits)) as here:
        await (
            here.server.encryption.load()
        )  # in a thread, for which a clock that jumps does not wait
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
        start = trio.current_time()
        for _ in range(200):
            await ann.send(b"\n")
        await ann.send(b"PING x\r\n")
        await ann.until("PONG")
        assert trio.current_time() - start == pytest.approx(200 / 4 + 1 - 8, abs=1)


def test_a_chunk_of_many_records_is_decrypted_in_turns() -> None:
    """A read of 64 KB can hold three thousand records: others get their turns in between."""
    sizes: list[int] = []

    class Counting(Talkative):
        def bio_write(self, data: bytes) -> None:
            """Count what has come."""
            sizes.append(len(data))

    transport = TlsTransport(Endless(), Counting(b""))  # type: ignore[arg-type]
    transport.decode()
    transport.feed(b"x" * 65536)
    turns = 0
    while transport.is_behind:
        transport.decode()
        turns += 1
    assert sum(sizes) == 65536
    assert turns >= 65536 // 2048


# The certificate.


def test_a_certificate_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    """Beside the database; only its owner can read it; the next start finds the same."""
    files = files_of(Settings(storage=StorageSettings(file=tmp_path / "chat.db")))
    first = certificates.ensure(files, "chat.local")
    assert (first, certificates.ensure(files, "chat.local")) == (first, first)
    assert len(first) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["chat.db.pem"]
    assert os.name == "nt" or stat.S_IMODE((tmp_path / "chat.db.pem").stat().st_mode) == 0o600


async def test_a_server_without_a_memory_has_a_passing_certificate() -> None:
    """TLS works; nothing is left on the disk."""
    async with edge(Settings(storage=StorageSettings(file=None))) as here:
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("001")
    assert here.server.encryption.fingerprint == ""


async def test_without_its_libraries_there_is_no_tls_and_all_else(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that is too old for them still has a chat."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    async with edge(replace(own, storage=StorageSettings(file=tmp_path / "other.db"))) as here:
        with pytest.raises(CertificateError, match="a library for TLS cannot be loaded"):
            await here.server.encryption.prepare()
        ann = here.connect()
        await ann.send(HELLO)
        await ann.until("422")


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """The operator is told the file and what is wrong with it, and never asked for a password on
    the terminal.
    """
    both = certificates.make("a")
    key_a, _, rest = both.partition(b"-----BEGIN CERT")
    key_b = certificates.make("b").partition(b"-----BEGIN CERT")[0]
    private = serialization.load_pem_private_key(key_a, None)
    locked = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    der = ssl.PEM_cert_to_DER_cert((b"-----BEGIN CERT" + rest).decode())
    files = {
        "cert": b"-----BEGIN CERT" + rest,
        "key": key_a,
        "key_b": key_b,
        "locked": locked,
        "der": der,
        "empty": b"",
        "words": b"nothing of the kind",
        "cut": both[:-200],
        "both": both,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    for certificate, key, words in (
        ("none", "key", "none: cannot be read: No such file"),
        ("cert", "none", "none: cannot be read: No such file"),
        ("folder", "key", "folder: cannot be read: it is not a file"),
        ("cert", "folder", "folder: cannot be read: it is not a file"),
        ("words", "key", "words: must have a certificate in the PEM format"),
        ("cert", "cert", "cert: must have a private key in the PEM format"),
        ("empty", "key", "empty: .* it is empty"),
        ("der", "key", "der: .* DER"),
        ("cert", "key_b", "key_b: the private key is of another certificate than .*cert"),
        ("cert", "locked", "locked: the private key needs a password"),
        ("cut", "key", "cut, .*key: no certificate with its private key that can be used"),
    ):
        with pytest.raises(CertificateError, match=words) as caught:
            certificates.check(Files(tmp_path / certificate, tmp_path / key, is_own=False))
        assert "\n" not in str(caught.value)
    assert certificates.check(Files(tmp_path / "both", tmp_path / "both", is_own=False))


@pytest.mark.skipif(sys.platform == "win32", reason="there are none")
def test_a_pipe_is_no_certificate(tmp_path: Path) -> None:
    """To read from it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CertificateError, match="not a file"):
        certificates.check(Files(tmp_path / "pipe", tmp_path / "pipe", is_own=False))


async def test_a_new_certificate_disconnects_nobody(own: Settings, tmp_path: Path) -> None:
    """Who is here goes on; who comes sees the new one; one that cannot be used leaves the old one
    in its place.
    """
    authority = trustme.CA()
    issued = authority.issue_cert("chat.example.org")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "real.pem")
    real = replace(own, tls=TlsSettings(certificate=tmp_path / "real.pem"))
    verifying = ssl.create_default_context()
    authority.configure_trust(verifying)
    async with edge(own) as here:
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
        with pytest.raises(CertificateError):
            await here.server.reload_certificate(
                replace(own, tls=TlsSettings(certificate=tmp_path / "none.pem"))
            )
        assert here.server.encryption.is_own
        await here.server.reload_certificate(real)
        bob = trio.SSLStream(here.stream(), verifying, server_hostname="chat.example.org")
        await bob.do_handshake()
        await ann.send(b"PING x\r\n")
        await ann.until("PONG")
        assert here.server.encryption.fingerprint == fingerprint(tmp_path / "real.pem")


async def test_a_passing_certificate_stays(caplog: pytest.LogCaptureFixture) -> None:
    """REHASH makes no other one: clients that know the server by it would refuse it."""
    encryption = Encryption(Files(None, None, is_own=True), "chat.local")
    await encryption.load()
    before = encryption._context
    await encryption.reload(Files(None, None, is_own=True))
    assert encryption._context is before


def issued(tmp_path: Path, days: float) -> Files:
    """Return a certificate that somebody has signed, and that expires so many days after noon of
    the test world.
    """
    path = tmp_path / "issued.pem"
    trustme.CA().issue_cert(
        "chat.example.org",
        not_before=datetime.fromtimestamp(NOON, UTC) - timedelta(days=900),
        not_after=datetime.fromtimestamp(NOON, UTC) + timedelta(days=days),
    ).private_key_and_cert_chain_pem.write_to_path(path)
    return Files(path, path, is_own=False)


@pytest.mark.parametrize(
    ("days", "level", "text"),
    [
        (31, None, ""),
        (29.5, logging.WARNING, "expires in 29 days"),
        (6.5, logging.ERROR, "expires in 6 days"),
        (-1, logging.ERROR, "has expired"),
    ],
)
async def test_a_certificate_that_expires_is_told_of(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    autojump_clock: MockClock,
    days: float,
    level: int | None,
    text: str,
) -> None:
    """At the start, and once a day: the operator is told what to do."""
    clock = Clock(NOON)
    encryption = Encryption(issued(tmp_path, days), "chat.local", clock)
    await encryption.prepare()
    assert encryption.expires == NOON + days * 86_400
    with trio.move_on_after(86_400 * 1.5):
        await encryption.watch()
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.levelno for record in warnings] == ([level, level] if level else [])
    assert all(
        text in record.getMessage() and "REHASH" in record.getMessage() for record in warnings
    )


async def test_a_certificate_of_the_servers_own_lasts(
    own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is told of it, and there is no day on which it expires."""
    encryption = Encryption(files_of(own), "chat.local", Clock(NOON))
    await encryption.prepare()
    encryption._warn()
    assert encryption.expires is None
    assert not caplog.records


async def next_day(encryption: Encryption, clock: MockClock) -> None:
    """Let a day go by for who watches over the certificate."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(encryption.watch)
        await wait_all_tasks_blocked()
        clock.jump(86_400)
        await wait_all_tasks_blocked()
        async with encryption._lock:  # what it does in threads is done
            nursery.cancel_scope.cancel()


async def test_a_renewed_certificate_is_in_use_within_a_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mock_clock: MockClock
) -> None:
    """Also when nobody says REHASH; one that cannot be read leaves the one before in use."""
    files = issued(tmp_path, 1.5)
    encryption = Encryption(files, "chat.local", Clock(NOON))
    await encryption.load()
    issued(tmp_path, 60)
    await next_day(encryption, mock_clock)
    assert encryption.expires == NOON + 60 * 86_400
    assert files.certificate is not None
    renewed = encryption._context
    files.certificate.write_text("half of a file")
    caplog.clear()
    await next_day(encryption, mock_clock)
    assert encryption._context is renewed
    assert "the old one stays in use" in caplog.text


class Resuming:
    """A client that keeps its TLS session, as browsers and many IRC clients do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.session: ssl.SSLSession | None = None

    async def visit(self, here: Edge, lines: bytes, until: bytes) -> bool:
        """Come, say something, read up to an answer, go; return whether the session was resumed."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context.wrap_bio(incoming, outgoing, session=self.session)
        stream = here.stream()
        received, is_through = b"", False
        while until not in received:
            try:
                if not is_through:
                    client.do_handshake()
                    is_through = True
                    client.write(lines)
                received += client.read(65536)
            except ssl.SSLWantReadError:
                await stream.send_all(outgoing.read())
                incoming.write(await stream.receive_some())
        self.session = client.session
        await stream.aclose()
        await wait_all_tasks_blocked()
        return bool(client.session_reused)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_who_comes_back_resumes_the_session(
    own: Settings, client_certificate: Path, version: ssl.TLSVersion
) -> None:
    """By a ticket; the certificate that was shown the first time counts as shown again. Another
    context takes no ticket.
    """
    context = client_context(client_certificate)
    context.minimum_version = context.maximum_version = version
    ann = Resuming(context)
    shown = f"has client certificate fingerprint {fingerprint(client_certificate)}".encode()
    async with edge(own) as here:
        assert not await ann.visit(here, HELLO + b"WHOIS ann\r\n", shown)
        assert await ann.visit(here, HELLO + b"WHOIS ann\r\n", shown)
        await here.server.reload_certificate(own)
        assert not await ann.visit(here, HELLO + b"WHOIS ann\r\n", shown)


# STS.


def test_sts_says_where_and_then_for_how_long() -> None:
    """ "The port key MUST be present on insecure connections", "duration MUST be specified on
    secure ones" (IRCv3 sts).
    """
    town = Town(identity=Identity(sts_duration=86400, sts_port=6697))
    plain, secure = town.newcomer(), town.newcomer()
    secure.session.is_secure = True
    assert plain.say("CAP LS 302")[-1].params[-1].split()[-1] == "sts=port=6697"
    assert secure.say("CAP LS 302")[-1].params[-1].split()[-1] == "sts=duration=86400"
    assert "sts" not in find(town.newcomer().say("CAP LS"), "CAP").params[-1]


def test_sts_cannot_be_requested() -> None:
    """ "Clients MUST NOT request this capability", and the server refuses (IRCv3 sts)."""
    town = Town(identity=Identity(sts_duration=86400, sts_port=6697))
    assert find(town.newcomer().say("CAP REQ sts"), "CAP").params[1] == "NAK"


def test_without_sts_nobody_is_told() -> None:
    """As long as the operator has not chosen it: a client that was told refuses plain text for
    good.
    """
    assert not any("sts" in message.params[-1] for message in Town().newcomer().say("CAP LS 302"))


# Certificates of clients.


async def test_a_client_is_known_by_its_certificate(
    own: Settings, client_certificate: Path
) -> None:
    """Nobody has signed it; its fingerprint counts. WHOIS shows it to its owner."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    shown = fingerprint(client_certificate)
    await accounts.add_certificate(accounts.known["ann"].id, shown, is_proved=True)
    async with edge(own, Memory(history=ListHistory(), accounts=accounts)) as here:
        ann = End(await encrypt(here, client_context(client_certificate)))
        await ann.send(b"CAP LS 302\r\n")
        offered = [await ann.until("CAP")]
        while offered[-1].params[2] == "*":  # "*" as of a line that is not the last
            offered.append(await ann.until("CAP"))
        assert "sasl=PLAIN,SCRAM-SHA-256,EXTERNAL" in " ".join(
            message.params[-1] for message in offered
        )
        await ann.send(
            b"CAP REQ sasl\r\nAUTHENTICATE EXTERNAL\r\nAUTHENTICATE +\r\nCAP END\r\n"
            + HELLO
            + b"WHOIS ann\r\n"
        )
        assert (await ann.until("900")).params[2] == "ann"
        assert (await ann.until("276")).params[-1] == f"has client certificate fingerprint {shown}"


def test_external_is_for_who_has_shown_a_certificate() -> None:
    """Others are not offered it and cannot use it."""
    accounts = OpenAccounts()
    town = Town(memory=Memory(history=ListHistory(), accounts=accounts))
    ann = town.newcomer()
    assert not any("EXTERNAL" in message.params[-1] for message in ann.say("CAP LS 302"))
    assert commands(ann.say("AUTHENTICATE EXTERNAL")) == ["908", "904"]


@pytest.mark.parametrize("is_proved", [True, False])
@pytest.mark.parametrize(
    ("name", "command"), [("+", "903"), ("YW5u", "903"), ("Ym9i", "904"), ("/w==", "904")]
)
async def test_external_with_a_name_takes_that_account_only(
    name: str, command: str, is_proved: bool
) -> None:
    """The authorization identity (RFC 4422, appendix A): the name of the account that has the
    certificate.

    Or nothing, when that account has shown the certificate: a fingerprint that was typed in may be
    anybody's.
    """
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    accounts.add("bob", "secret")
    await accounts.add_certificate(accounts.known["ann"].id, "ab" * 32, is_proved=is_proved)
    ann = Town(memory=Memory(history=ListHistory(), accounts=accounts)).newcomer()
    ann.session.certificate = "ab" * 32
    assert commands(ann.say("CAP REQ sasl", "AUTHENTICATE EXTERNAL", f"AUTHENTICATE {name}"))[
        -1
    ] == (command if is_proved or name != "+" else "904")


def test_a_fingerprint_that_is_typed_in_takes_nobody_over() -> None:
    """Networks show fingerprints in WHOIS: adding another user's neither takes over her logins nor
    prevents them.
    """
    accounts = OpenAccounts()
    for name in ("ann", "eve"):
        accounts.add(name, "secret")
    town = Town(memory=Memory(history=ListHistory(), accounts=accounts))
    eve, ann = town.person("x"), town.person("y")
    eve.say("NICKSERV IDENTIFY eve secret", "CAP REQ sasl")
    assert "must name your account" in eve.say(f"NICKSERV CERT ADD {'ab' * 32}")[-1].params[-1]
    ann.session.certificate = "ab" * 32
    assert commands(ann.say("CAP REQ sasl", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +"))[-1] == "904"
    assert ann.session.account == ""
    ann.say("NICKSERV IDENTIFY ann secret")
    assert (
        ann.say("NICKSERV CERT ADD")[-1]
        .params[-1]
        .startswith("You can log in with that certificate now, by SASL EXTERNAL.")
    )
    assert eve.say("NICKSERV CERT LIST")[-1].params[-1] == "That is all: 0 of 10."
    assert (
        eve.say(f"NICKSERV CERT ADD {'ab' * 32}")[-1].params[-1]
        == "That certificate belongs to another account."
    )
    ann.say("NICKSERV LOGOUT")
    assert commands(ann.say("AUTHENTICATE EXTERNAL", "AUTHENTICATE +"))[-1] == "903"
    assert ann.session.account == "ann"


def test_nickserv_keeps_the_certificates_of_an_account() -> None:
    """Added with and without a fingerprint, listed, taken away; another account's stays another's;
    there is a bound.
    """
    accounts = OpenAccounts()
    for name in ("ann", "bob"):
        accounts.add(name, "secret")
    town = Town(memory=Memory(history=ListHistory(), accounts=accounts))
    ann, bob = town.person("x"), town.person("y")

    def order(text: str, who: object = ann) -> str:
        return (ann if who is ann else bob).say(f"NICKSERV :{text}")[-1].params[-1]

    assert order("CERT LIST") == "You are not logged in."
    ann.say("NICKSERV IDENTIFY ann secret")
    bob.say("NICKSERV IDENTIFY bob secret")
    assert order("CERT ADD").startswith("You have not come with a certificate")
    assert order("CERT ADD 1234").startswith("A fingerprint is SHA-256")
    ann.session.certificate = "ab" * 32
    assert order("CERT ADD").startswith("You can log in with that certificate now")
    assert (
        order("CERT ADD " + ":".join(["AB"] * 32), bob)
        == "That certificate belongs to another account."
    )
    assert order("CERT DEL " + "ab" * 32, bob) == "You do not have that certificate."
    for number in range(1, 10):
        order(f"CERT ADD {number:064}")
    assert order("CERT ADD " + "cd" * 32).startswith("You have 10 certificates already")
    assert order("CERT DEL " + "ab" * 32) == "That certificate is yours no more."
    assert order("CERT LIST") == "That is all: 9 of 10."
    assert order("CERT X").startswith("Usage:")


def test_the_mode_for_encryption_is_the_servers_to_give() -> None:
    """It cannot be set or taken by MODE, and is gone when a session comes in plain text."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    town = Town(memory=Memory(history=ListHistory(), accounts=accounts))
    ann = town.newcomer()
    ann.session.is_secure = True
    ann.session.set_account(accounts.known["ann"])
    ann.say("NICK ann", "USER ann 0 * :Ann")
    assert "Z" in ann.say("MODE ann")[-1].params[1]
    assert ann.say("MODE ann -Z") == []
    phone = town.newcomer()
    phone.session.set_account(accounts.known["ann"])
    phone.say("NICK ann", "USER ann 0 * :Ann")
    assert "Z" not in ann.say("MODE ann")[-1].params[1]
    assert "671" not in commands(ann.say("WHOIS ann"))
    phone.leave()
    assert "Z" in ann.say("MODE ann")[-1].params[1]
