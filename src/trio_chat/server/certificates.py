"""The server's TLS certificate: the operator's, or a self-signed one kept next to the database.

All functions block, for milliseconds, or for a tenth of a second to make a certificate: call them
in a thread.
"""

import hashlib
import logging
import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.config import Settings

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from OpenSSL import SSL

log = logging.getLogger("trio_chat")

_YEARS = 30
"""Years for which a self-signed certificate is valid: a user who has accepted it is not asked
again.
"""


_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""A clock that shows an earlier time is wrong."""
_SESSION_CONTEXT = b"trio-chat"
"""Without a session context OpenSSL resumes no session with a client certificate."""


_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----")
_KEY = re.compile("-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")
_ENCRYPTED = re.compile(
    "-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED", re.MULTILINE
)
_LONGEST = 1 << 20
"""Bytes that are read of a file."""


class CertificateError(Exception):
    """There is no certificate that can be used; the text is one line for the operator."""


class Files(NamedTuple):
    """Where a certificate and its key are.

    Args:
        certificate: the file; None when nothing is kept, and one is made at every start.
        key: the file of the key, which may be the same.
        is_own: whether the server makes it itself.
    """

    certificate: Path | None
    key: Path | None
    is_own: bool


def files_of(settings: Settings) -> Files:
    """Return where the certificate is, or is to be."""
    chosen = settings.tls
    if chosen.certificate is not None:
        return Files(chosen.certificate, chosen.key or chosen.certificate, is_own=False)
    database = settings.storage.file
    if database is None or database.name == ":memory:":
        return Files(None, None, is_own=True)
    own = database.with_name(f"{database.name}.pem")
    return Files(own, own, is_own=True)


def ensure(files: Files, name: str) -> str:
    """Make the certificate if it is to be made and is not there; return its fingerprint, or "" when
    none is kept.

    Raises:
        CertificateError: it cannot be read or written, or does not belong to its key.
    """
    if files.certificate is None:
        return ""
    if files.is_own and not files.certificate.exists():
        try:
            _write_private(files.certificate, make(name))
        except OSError as error:
            raise CertificateError(
                f"{files.certificate}: cannot be written: {error.strerror or error}"
            ) from error
        fingerprint = check(files)
        log.info(
            "made a TLS certificate in %s, SHA-256 fingerprint %s", files.certificate, fingerprint
        )
        return fingerprint
    return check(files)


def check(files: Files) -> str:
    """Check that the certificate is there and belongs to its key; return its fingerprint.

    Raises:
        CertificateError: it is not so.
    """
    assert files.certificate is not None  # noqa: S101  # asked before
    key = files.key or files.certificate
    text = _read(files.certificate, _CERTIFICATE, "certificate")
    if _ENCRYPTED.search(_read(key, _KEY, "private key")):
        raise CertificateError(
            f"{key}: the private key needs a password; `openssl pkey -in {key} -out NEW` takes it"
            " away"
        )
    try:
        # Without the words for a password, OpenSSL would ask for it on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, key, password="")
        start = text.index(ssl.PEM_HEADER)
        der = ssl.PEM_cert_to_DER_cert(
            text[start : text.index(ssl.PEM_FOOTER, start) + len(ssl.PEM_FOOTER)]
        )
    except ssl.SSLError as error:
        if error.reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
            raise CertificateError(
                f"{key}: the private key is of another certificate than {files.certificate}"
            ) from error
        problem = (
            f"{files.certificate}, {key}: no certificate with its private key that can be used"
        )
        raise CertificateError(f"{problem} ({error.reason or 'damaged'})") from error
    except OSError as error:
        raise CertificateError(
            f"{error.filename or files.certificate}: cannot be read: {error.strerror or error}"
        ) from error
    except ValueError as error:
        raise CertificateError(f"{files.certificate}: the certificate is damaged") from error
    return hashlib.sha256(der).hexdigest()


def _read(path: Path, wanted: re.Pattern[str], what: str) -> str:
    """Return a file that has something in the PEM format.

    Raises:
        CertificateError: it cannot be read, or has no such thing.
    """
    try:
        if path.exists() and not path.is_file():  # reading from a pipe could wait for ever
            raise CertificateError(f"{path}: cannot be read: it is not a file")
        with path.open("rb") as stream:
            data = stream.read(_LONGEST)
    except OSError as error:
        raise CertificateError(f"{path}: cannot be read: {error.strerror or error}") from error
    text = data.decode("ascii", "replace")
    if not wanted.search(text):
        why = (
            "it is empty"
            if not data
            else "it is in the DER format, it seems"
            if data[:1] == b"\x30"
            else "it has none"
        )
        raise CertificateError(
            f"{path}: must have a {what} in the PEM format, with a line -----BEGIN …; {why}"
        )
    return text


class Facts(NamedTuple):
    """What is known of a certificate.

    Args:
        fingerprint: SHA-256, in hexadecimal; "" when none is kept.
        expires: seconds of Unix time from which on clients refuse it; None for a self-signed one.
        names: of hosts that it is for.
    """

    fingerprint: str = ""
    expires: float | None = None
    names: tuple[str, ...] = ()


@contextmanager
def _libraries() -> Iterator[None]:
    """Turn a library that cannot be loaded into an error of the certificate: without TLS the server
    still works.
    """
    try:
        yield
    except ImportError as error:
        raise CertificateError(f"a library for TLS cannot be loaded: {error}") from error


@_libraries()
def look(files: Files, name: str) -> Facts:
    """Make the certificate if it is to be made and is not there; return what is known of it.

    Raises:
        CertificateError: as for `ensure`.
    """
    fingerprint = ensure(files, name)
    if files.is_own or files.certificate is None:
        return Facts(fingerprint)
    from cryptography import x509  # noqa: PLC0415  # only for a certificate of the operator's

    try:
        first, *_ = x509.load_pem_x509_certificates(files.certificate.read_bytes())
        return Facts(fingerprint, first.not_valid_after_utc.timestamp(), _names(first))
    except (OSError, ValueError, x509.InvalidVersion) as error:
        raise CertificateError(f"{files.certificate}: the certificate is damaged") from error


def _names(certificate: "Certificate") -> tuple[str, ...]:
    """Return the names of hosts that a certificate is for, in small letters; the first may begin
    with `*.`.
    """
    from cryptography import x509  # noqa: PLC0415

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (
        x509.ExtensionNotFound,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):  # OpenSSL uses such a certificate all the same
        return ()
    return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))


@_libraries()
def context(files: Files, name: str) -> "SSL.Context":
    """Return what connections are encrypted with.

    Clients are asked for a certificate, and any is accepted: an account knows its fingerprint, so
    the issuer does not matter. The standard library cannot do that: with `CERT_OPTIONAL` it ends
    the handshake when the issuer is unknown.

    A client that reconnects resumes the session by a ticket, which the client keeps. The server
    keeps nothing, sends less than half of the bytes, and needs a third of the CPU time with TLS 1.2
    (four fifths with 1.3, which agrees on a new key all the same). The keys of the tickets belong
    to the context, so `Encryption.watch` makes a new one every day.

    ALPN is not answered: the first bytes within TLS show the protocol, and refusing a client that
    offers something else than `irc` and `http/1.1` would gain nothing.

    Raises:
        CertificateError: the certificate cannot be used.
    """
    from OpenSSL import SSL  # noqa: PLC0415  # slow: only when a client uses TLS

    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)  # most connections are at rest, and then need none
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_session_id(_SESSION_CONTEXT)
    made.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    with _files(files, name) as (certificate, key):
        try:
            made.use_certificate_chain_file(os.fspath(certificate))
            made.use_privatekey_file(os.fspath(key))
            made.check_privatekey()
        except SSL.Error as error:
            raise CertificateError(f"{certificate}: no certificate with its key") from error
    return made


@contextmanager
def _files(files: Files, name: str) -> Iterator[tuple[Path, Path]]:
    """Yield the files of the certificate; those of one that is not kept are deleted afterwards."""
    if files.certificate is not None and files.key is not None:
        yield files.certificate, files.key
        return
    with tempfile.TemporaryDirectory() as directory:
        passing = Path(directory) / "passing.pem"
        _write_private(passing, make(name))
        yield passing, passing


def make(name: str) -> bytes:
    """Return a key and a certificate signed with it, in the PEM format."""
    from cryptography import x509  # noqa: PLC0415  # needed once, to make the certificate
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = max(datetime.now(UTC), _EARLIEST)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_EARLIEST)  # valid whatever the server's and the clients' clocks show
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, completely or not at all."""
    handle, part = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
