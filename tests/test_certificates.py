"""The certificate of the server: made, checked, exchanged while it runs, and about to expire."""

import logging
import os
import ssl
import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import HELLO, Edge, End, edge
from support import NOON, Clock
from tls_fakes import client_context, encrypt, fingerprint
from trio_chat.config import Settings, StorageSettings, TlsSettings
from trio_chat.server import certificates
from trio_chat.server.certificate_files import Files, files_of
from trio_chat.server.certificates import CertificateError
from trio_chat.server.encryption import Encryption


def test_a_certificate_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    """Beside the database; only its owner can read it; the next start finds the same."""
    settings = Settings(storage=StorageSettings(file=tmp_path / "chat.db"))
    first = certificates.look(files_of(settings), settings, NOON)
    again = certificates.look(files_of(settings), settings, NOON)
    assert (again.facts, again.reason, again.problem) == (first.facts, "", "")
    assert (len(first.facts.fingerprint), len(first.facts.key)) == (64, 64)
    names = {"chat.db.tls.pem", "chat.db.ca.pem", "chat.db.ca.key"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert os.name == "nt" or {
        stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()
    } == {0o600}


async def test_a_server_without_a_memory_has_a_passing_certificate() -> None:
    """TLS works; nothing is left on the disk."""
    async with edge(Settings(storage=StorageSettings(file=None))) as here:
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("001")
    assert here.server.encryption.fingerprint == ""


async def test_without_its_libraries_there_is_no_tls_and_all_else(
    tls_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that is too old for them still has a chat."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    async with edge(
        replace(tls_settings, storage=StorageSettings(file=tmp_path / "other.db"))
    ) as here:
        with pytest.raises(CertificateError, match="a library for TLS cannot be loaded"):
            await here.server.encryption.prepare()
        ann = here.connect()
        await ann.send(HELLO)
        await ann.until("422")


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """The error names file and reason, and no terminal is asked for a password."""
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
            certificates.check(Files(tmp_path / certificate, tmp_path / key))
        assert "\n" not in str(caught.value)
    assert certificates.check(Files(tmp_path / "both", tmp_path / "both"))


def damaged(directory: Path, old: bytes, new: bytes) -> Files:
    """Write a certificate with a key, in which some bytes are others."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=90))
    names = x509.SubjectAlternativeName([x509.DNSName("a.example")])
    builder = builder.add_extension(names, critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert der.count(old) == 1
    path = directory / "both.pem"
    path.write_bytes(
        ssl.DER_cert_to_PEM_cert(der.replace(old, new, 1)).encode()
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Files(path, path)


def test_a_certificate_of_an_unknown_version_is_damaged(tmp_path: Path) -> None:
    """OpenSSL takes it; what is said of it cannot be read."""
    files = damaged(tmp_path, b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x40")
    with pytest.raises(CertificateError, match=r"both\.pem: the certificate is damaged"):
        certificates.look(files, Settings(), NOON)


def test_a_certificate_with_a_kind_of_name_that_is_not_known_has_no_names(tmp_path: Path) -> None:
    """The server can be reached by TLS all the same."""
    files = damaged(tmp_path, b"\x82\x09a.example", b"\xa3\x09\x04\x07example")
    facts = certificates.look(files, Settings(), NOON).facts
    assert facts.names == ()
    assert facts.fingerprint


@pytest.mark.skipif(sys.platform == "win32", reason="there are none")
def test_a_pipe_is_no_certificate(tmp_path: Path) -> None:
    """To read from it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CertificateError, match="not a file"):
        certificates.check(Files(tmp_path / "pipe", tmp_path / "pipe"))


async def test_a_new_certificate_disconnects_nobody(tls_settings: Settings, tmp_path: Path) -> None:
    """Connections stay, new ones get the new certificate, and an unusable one is not taken."""
    authority = trustme.CA()
    issued = authority.issue_cert("chat.example.org")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "real.pem")
    real = replace(tls_settings, tls=TlsSettings(certificate=tmp_path / "real.pem"))
    verifying = ssl.create_default_context()
    authority.configure_trust(verifying)
    async with edge(tls_settings) as here:
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
        with pytest.raises(CertificateError):
            await here.server.reload_certificate(
                replace(tls_settings, tls=TlsSettings(certificate=tmp_path / "none.pem"))
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
    settings = Settings(storage=StorageSettings(file=None))
    encryption = Encryption(settings)
    await encryption.load()
    before = encryption._contexts
    await encryption.reload(settings)
    assert encryption._contexts is before


def issued(tmp_path: Path, days: float, lifetime: float = 990) -> Settings:
    """Return a certificate that somebody has signed, and that expires so many days after noon of
    the test world; `lifetime` days after it was issued.
    """
    path = tmp_path / "issued.pem"
    trustme.CA().issue_cert(
        "chat.example.org",
        not_before=datetime.fromtimestamp(NOON, UTC) - timedelta(days=lifetime - days),
        not_after=datetime.fromtimestamp(NOON, UTC) + timedelta(days=days),
    ).private_key_and_cert_chain_pem.write_to_path(path)
    return Settings(tls=TlsSettings(certificate=path))


@pytest.mark.parametrize(
    ("days", "lifetime", "level", "text"),
    [
        (31, 990, None, ""),
        (29.5, 990, logging.WARNING, "expires in 29 days"),
        (6.5, 990, logging.ERROR, "expires in 6 days"),
        (-1, 990, logging.ERROR, "has expired"),
        (14, 45, None, ""),  # that of Let's Encrypt, just before its renewal
        (11, 45, logging.WARNING, "expires in 11 days"),
        (5.5, 45, logging.ERROR, "expires in 5 days"),
        (6, 6.7, None, ""),  # and a short-lived one
        (1.6, 6.7, logging.WARNING, "expires in 1 day,"),
    ],
)
async def test_a_certificate_that_expires_is_told_of(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    autojump_clock: MockClock,
    days: float,
    lifetime: float,
    level: int | None,
    text: str,
) -> None:
    """The operator gets a warning at the start and once a day."""
    clock = Clock(NOON)
    encryption = Encryption(issued(tmp_path, days, lifetime), clock)
    await encryption.prepare()
    assert encryption.expires == NOON + days * 86_400
    with trio.move_on_after(86_400 * 1.5):
        await encryption.watch()
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.levelno for record in warnings] == ([level, level] if level else [])
    assert all(
        text in record.getMessage() and "REHASH" in record.getMessage() for record in warnings
    )


async def next_day(encryption: Encryption, clock: MockClock) -> None:
    """Let a day go by for the task that watches the certificate."""
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
    """No REHASH is needed; an unreadable certificate leaves the former one in use."""
    settings = issued(tmp_path, 1.5)
    encryption = Encryption(settings, Clock(NOON))
    await encryption.load()
    issued(tmp_path, 60)
    await next_day(encryption, mock_clock)
    assert encryption.expires == NOON + 60 * 86_400
    assert settings.tls.certificate is not None
    renewed = encryption._contexts
    settings.tls.certificate.write_text("half of a file")
    caplog.clear()
    await next_day(encryption, mock_clock)
    assert encryption._contexts is renewed
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
    tls_settings: Settings, client_certificate: Path, version: ssl.TLSVersion
) -> None:
    """By a ticket; the certificate that was shown the first time counts as shown again. Another
    context takes no ticket.
    """
    context = client_context(client_certificate)
    context.minimum_version = context.maximum_version = version
    ann = Resuming(context)
    shown = f"has client certificate fingerprint {fingerprint(client_certificate)}".encode()
    async with edge(tls_settings) as here:
        assert not await ann.visit(here, HELLO + b"WHOIS ann\r\n", shown)
        assert await ann.visit(here, HELLO + b"WHOIS ann\r\n", shown)
        await here.server.reload_certificate(tls_settings)
        assert not await ann.visit(here, HELLO + b"WHOIS ann\r\n", shown)
