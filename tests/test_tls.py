"""TLS: real clients over memory streams and sockets, and STS."""

import gc
import logging
import socket
import ssl
from contextlib import suppress
from dataclasses import replace

import pytest
import trio
from OpenSSL import SSL
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import HELLO, End, edge
from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands, find, living
from tls_fakes import Encrypted, client_context, encrypt
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings, ListenerSettings, Settings
from trio_chat.server.connection import Connection
from trio_chat.server.peer import Peer
from trio_chat.server.poller import TaskPoller
from trio_chat.server.tls import MAX_IDLE, TlsTransport
from trio_chat.server.transport import SocketTransport


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("tls", ["auto", "required"])
async def test_a_client_comes_by_tls(
    tls_settings: Settings, version: ssl.TLSVersion, tls: str
) -> None:
    """On the port where others come in plain text; the whole way to close_notify, so nothing can be
    cut off unseen.
    """
    context = client_context()
    context.minimum_version = context.maximum_version = version
    async with edge(tls_settings) as here:
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


async def test_what_comes_with_the_end_of_the_handshake_is_not_lost(tls_settings: Settings) -> None:
    """A client that does not wait: its first lines travel with its Finished, and nothing follows
    them.
    """
    context, incoming, outgoing = client_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    async with edge(tls_settings) as here:
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
        while data := await stream.receive_some():
            incoming.write(data)
        records = bytearray()
        with suppress(ssl.SSLZeroReturnError):  # as said by close_notify
            while True:
                records += client.read(65536)
        assert records.count(b" 351 ") == 2
        assert b"(Connection closed)" in records


async def test_tls_1_1_is_too_old(tls_settings: Settings) -> None:
    """RFC 8996; the client gets an alert."""
    context = client_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with edge(tls_settings) as here:
        with pytest.raises(trio.BrokenResourceError):
            await encrypt(here, context)
        await wait_all_tasks_blocked()
        assert not here.server.connections


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_that_does_not_trust_the_certificate_is_recorded_as_such(
    tls_settings: Settings, version: ssl.TLSVersion, caplog: pytest.LogCaptureFixture
) -> None:
    """As each browser that has not installed the authority; that is no fault of the protocol."""
    caplog.set_level(logging.INFO)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    async with edge(tls_settings) as here:
        stream = here.stream()
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        await stream.send_all(outgoing.read())
        while True:
            incoming.write(bytes(await stream.receive_some()))
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError:
                break
        await stream.send_all(outgoing.read())  # an alert, after which nothing follows
        assert not await stream.receive_some()
    assert "not served: 192.0.2.9: TLS failed: the client does not trust the certificate" in [
        record.getMessage() for record in caplog.records
    ]


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x00\x05hello", b"\x16" * 300, b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff"],
)
async def test_what_only_looks_like_tls_is_ended(tls_settings: Settings, data: bytes) -> None:
    """Only that connection ends, without a traceback."""
    async with edge(tls_settings) as here:
        eve = here.connect()
        await eve.send(data)
        assert b"001" not in await eve.rest()
        ann = here.connect()
        await ann.send(HELLO)
        assert (await ann.until("001")).params[0] == "ann"


async def test_a_handshake_is_bounded(
    tls_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends and sends before it is through is ended."""
    monkeypatch.setattr("trio_chat.server.tls.MAX_HANDSHAKE", 100)
    async with edge(tls_settings) as here:
        with pytest.raises(trio.BrokenResourceError):
            await encrypt(here, client_context())


async def test_a_handshake_has_a_deadline(
    tls_settings: Settings, autojump_clock: MockClock
) -> None:
    """Shorter than that for the whole opening."""
    async with edge(tls_settings) as here:
        await here.server.encryption.load()
        eve, begin = here.connect(), trio.current_time()
        await eve.send(b"\x16\x03\x01\x02\x00")
        assert await eve.rest() == b""
        assert 10 <= trio.current_time() - begin < 14


async def test_plain_text_within_tls_is_ended(tls_settings: Settings) -> None:
    """Somebody on the way has put it there."""
    async with edge(tls_settings) as here:
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


async def test_a_member_whose_socket_is_full_gets_everything_in_order(
    tls_settings: Settings,
) -> None:
    """Encrypted bytes that the socket does not take at once go out before anything else is
    encrypted.
    """
    left, right = socket.socketpair()
    left.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    right.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours = trio.SocketStream(trio.socket.from_stdlib_socket(left))
    async with edge(tls_settings) as here, trio.open_nursery() as nursery:
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


async def test_who_has_left_leaves_nothing_to_be_collected(tls_settings: Settings) -> None:
    """No circle of references keeps what an encrypted client took, as none keeps what a plain one
    did.
    """
    async with edge(tls_settings) as here:
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
        gc.disable()
        try:
            before = living(Connection)
            await ann.send(b"QUIT\r\n")
            await ann.rest()
            await ann.stream.aclose()
            await wait_all_tasks_blocked()
            assert living(Connection) == before - 1
        finally:
            gc.enable()


async def test_letters_typed_one_by_one_are_no_flood(
    autojump_clock: MockClock, tls_settings: Settings
) -> None:
    """Each in a record of its own, as from a terminal: neither it nor the bytes around it count
    against the client.
    """
    async with edge(tls_settings) as here:
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
    autojump_clock: MockClock, tls_settings: Settings
) -> None:
    """An empty line in a record of its own is work, too: it costs a quarter of a line."""
    limits = LimitSettings(flood_burst=10, flood_rate=1)
    async with edge(replace(tls_settings, limits=limits)) as here:
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


def test_openssl_is_never_given_more_than_a_record_to_encrypt() -> None:
    """Its buffer grows with that and never shrinks; what is sent is complete all the same."""
    sizes: list[int] = []
    waiting = b""
    sent: list[bytes] = []

    class Encrypting(Talkative):
        def sendall(self, data: bytes) -> None:
            """Take text."""
            nonlocal waiting
            sizes.append(len(data))
            waiting += data

        def bio_read(self, size: int) -> bytes:
            """Return what it has become, which is the same here."""
            nonlocal waiting
            wire, waiting = waiting, b""
            return wire

    class Taking(Endless):
        def send_nowait(self, data: bytes) -> bytes:
            """Take everything."""
            sent.append(data)
            return b""

    transport = TlsTransport(Taking(), Encrypting(b""))  # type: ignore[arg-type]
    data = bytes(range(256)) * 400
    assert transport.send_nowait(data) == b""
    assert sent == [data]
    assert sum(sizes) == len(data)
    assert max(sizes) <= 16_384


async def test_a_handshake_is_read_in_small_pieces(
    tls_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The buffer for what comes never shrinks either, and most clients never again send as much."""
    sizes: list[int] = []
    write = SSL.Connection.bio_write

    def count(connection: SSL.Connection, data: bytes) -> int:
        sizes.append(len(data))
        return write(connection, data)

    monkeypatch.setattr(SSL.Connection, "bio_write", count)
    context = client_context()
    context.set_alpn_protocols(["a" * 200, "b" * 200, "c" * 200])  # a long ClientHello
    async with edge(tls_settings) as here:
        await encrypt(here, context)
    assert sum(sizes) > 600
    assert max(sizes) <= 512


async def test_many_requests_on_one_encrypted_connection_are_no_endless_opening(
    tls_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each complete request renews how often the bytes of the next may be read, as without TLS."""
    monkeypatch.setattr("trio_chat.server.transport.MOST_READS", 20)
    async with edge(tls_settings) as here:
        page = End(await encrypt(here, client_context()))
        for _ in range(30):
            await page.send(b"GET /health HTTP/1.1\r\nHost: example.org\r\n\r\n")
            while not page.buffer.endswith(b"\r\n\r\nok\n"):
                data = await page.stream.receive_some()
                assert data, "the connection was ended"
                page.buffer += data
            page.buffer = b""


def test_sts_says_where_and_then_for_how_long() -> None:
    """ "The port key MUST be present on insecure connections", "duration MUST be specified on
    secure ones" (IRCv3 sts).
    """
    town = Town(server_info=ServerInfo(sts_duration=86400, sts_port=6697))
    plain, secure = town.newcomer(), town.newcomer()
    secure.session.is_secure = True
    assert plain.say("CAP LS 302")[-1].params[-1].split()[-1] == "sts=port=6697"
    assert secure.say("CAP LS 302")[-1].params[-1].split()[-1] == "sts=duration=86400"
    assert "sts" not in find(town.newcomer().say("CAP LS"), "CAP").params[-1]


def test_sts_cannot_be_requested() -> None:
    """ "Clients MUST NOT request this capability", and the server refuses (IRCv3 sts)."""
    town = Town(server_info=ServerInfo(sts_duration=86400, sts_port=6697))
    assert find(town.newcomer().say("CAP REQ sts"), "CAP").params[1] == "NAK"


def test_without_sts_nobody_is_told() -> None:
    """A client that has seen STS refuses plain text for good, so the operator must choose it."""
    assert not any("sts" in message.params[-1] for message in Town().newcomer().say("CAP LS 302"))


def test_the_mode_for_encryption_is_the_servers_to_give() -> None:
    """It cannot be set or taken by MODE, and is gone when a session comes in plain text."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
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
