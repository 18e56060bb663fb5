"""TLS certificate of the server, the administrator's or its own, and what connections use of it.

All functions block, for milliseconds, or for a tenth of a second to make a certificate: call them
in a thread.
"""

import hashlib
import math
import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.config import Settings
from trio_chat.private import replace_bytes
from trio_chat.server.certificate_files import Files, OwnFiles
from trio_chat.server.certified_names import (
    Machine,
    SubjectNames,
    configured_names,
    of_this_machine,
    permitted,
    subject_names,
)
from trio_chat.server.client_hello import ServerContexts

if TYPE_CHECKING:
    from OpenSSL import SSL

    from trio_chat.server.own_certificate import Wanted

_SESSION_CONTEXT = b"trio-chat"
"""Without a session context OpenSSL resumes no session with a client certificate."""


_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----")
_KEY = re.compile("-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")
_ENCRYPTED = re.compile(
    "-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED", re.MULTILINE
)
_NO_NAMES = SubjectNames()
_LONGEST = 1 << 20
"""Bytes that are read of a file."""


class CertificateError(Exception):
    """There is no certificate that can be used; the text is one line for the operator."""


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
        fingerprint: SHA-256 of the certificate that IRC clients receive, in hexadecimal; "" when
            none is kept.
        key: SHA-256 of its SubjectPublicKeyInfo.
        expires: seconds of Unix time from which on clients refuse it; None when none is kept.
        names: of hosts that a certificate of the administrator's is for.
        authority: the certificate of the server's own authority, in the DER format; b"" without
            one.
        lifetime: seconds for which it is valid altogether.
    """

    fingerprint: str = ""
    key: str = ""
    expires: float | None = None
    names: tuple[str, ...] = ()
    authority: bytes = b""
    lifetime: float = math.inf


class Inspection(NamedTuple):
    """A certificate that was made, renewed or checked."""

    facts: Facts = Facts()
    reason: str = ""
    """Why another certificate was made; "" when none was."""
    problem: str = ""
    """Why it was not renewed, or is not for all names; "" when all is well."""


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
def look(
    files: Files, settings: Settings, now: float, machine: Machine | None = None
) -> Inspection:
    """Make or renew the certificate if that is necessary; return what is known of it.

    Args:
        files: where it is, or is to be.
        settings: all of config.ini, with the names of the server.
        now: seconds of Unix time.
        machine: what this machine is called, and its addresses; None to ask it.

    Raises:
        CertificateError: it cannot be read or written, or does not belong to its key.
    """
    if files.certificate is None:
        return Inspection()
    if files.own is None:
        check(files)
        return Inspection(_facts(files.certificate))
    from trio_chat.server import own_certificate  # noqa: PLC0415  # only where TLS is used
    from trio_chat.server.private_authority import AuthorityError  # noqa: PLC0415

    own = files.own
    reason, problem = "", ""
    try:
        reason, problem = own_certificate.renew(
            own, wanted(settings, machine or of_this_machine()), now
        )
    except AuthorityError as error:
        if not os.path.exists(own.former):
            raise CertificateError(str(error)) from error
        problem = str(error)
    authority = own_certificate.read_authority(own)
    shown = _shown(own, now)
    check(Files(shown, shown))
    facts = _facts(shown)._replace(names=(), authority=authority)  # names stand in config.ini
    if own.leaf != shown and own.leaf.exists():
        with suppress(CertificateError):  # which is the problem
            leaf = _facts(own.leaf)
            facts = facts._replace(expires=leaf.expires, lifetime=leaf.lifetime)
    return Inspection(facts, reason, problem)


def wanted(settings: Settings, machine: Machine) -> "Wanted":
    """Return what a certificate of the server's own is to be like."""
    from trio_chat.server.own_certificate import Wanted  # noqa: PLC0415

    return Wanted(
        settings.server.name,
        subject_names(settings, machine),
        configured_names(settings),
        permitted(settings, machine),
    )


def _shown(own: OwnFiles, now: float) -> Path:
    """Return which certificate IRC clients receive: one that an earlier version has made, as long
    as it is valid and nobody has removed it, since they may remember it.
    """
    if own.former.exists() and (
        not own.leaf.exists() or now < (_facts(own.former).expires or math.inf)
    ):
        return own.former
    return own.leaf


def names_in(files: Files) -> SubjectNames:
    """Return what a certificate is for that `look` has checked.

    Raises:
        CertificateError: it cannot be read.
    """
    from cryptography import x509  # noqa: PLC0415

    from trio_chat.server.private_authority import names_of  # noqa: PLC0415

    assert files.certificate is not None  # noqa: S101  # there is a file to look at
    try:
        return names_of(x509.load_pem_x509_certificates(files.certificate.read_bytes())[0])
    except (OSError, ValueError, x509.InvalidVersion) as error:
        raise CertificateError(f"{files.certificate}: the certificate is damaged") from error


def _facts(path: Path) -> Facts:
    """Return what is known of the first certificate in a file.

    Raises:
        CertificateError: it cannot be read.
    """
    from cryptography import x509  # noqa: PLC0415  # only where TLS is used
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    from trio_chat.server.private_authority import names_of, public_bytes  # noqa: PLC0415

    try:
        first, *_ = x509.load_pem_x509_certificates(path.read_bytes())
        return Facts(
            hashlib.sha256(first.public_bytes(Encoding.DER)).hexdigest(),
            hashlib.sha256(public_bytes(first.public_key())).hexdigest(),
            first.not_valid_after_utc.timestamp(),
            names_of(first).names,
            lifetime=(first.not_valid_after_utc - first.not_valid_before_utc).total_seconds(),
        )
    except (OSError, ValueError, x509.InvalidVersion) as error:
        raise CertificateError(f"{path}: the certificate is damaged") from error


@_libraries()
def contexts(files: Files, settings: Settings, now: float) -> ServerContexts:
    """Return what connections are encrypted with.

    Clients are asked for a certificate, and any is accepted: an account knows its fingerprint, so
    the issuer does not matter. The standard library cannot do that: with `CERT_OPTIONAL` it ends
    the handshake when the issuer is unknown.

    A client that reconnects resumes the session by a ticket, which the client keeps. The server
    keeps nothing, sends less than half of the bytes, and needs a third of the CPU time with TLS 1.2
    (four fifths with 1.3, which agrees on a new key all the same). The keys of the tickets belong
    to the context, so `Encryption.watch` makes a new one every day.

    ALPN is not answered: the first bytes within TLS show the protocol, and refusing a client that
    offers something else than `irc` and `http/1.1` would gain nothing. But the offer shows a
    browser, which receives the certificate of the authority where IRC clients receive a former one.

    Raises:
        CertificateError: the certificate cannot be used.
    """
    with _loadable(files, settings) as (certificate, key):
        shown = _shown(files.own, now) if files.own is not None else certificate
        usual = _new_context(shown, key if shown == certificate else shown)
        if shown != certificate and certificate.exists():
            with suppress(CertificateError):  # which `look` has reported
                return ServerContexts(usual, _new_context(certificate, key))
    return ServerContexts(usual)


def _new_context(certificate: Path, key: Path) -> "SSL.Context":
    from OpenSSL import SSL  # noqa: PLC0415

    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)  # most connections are at rest, and then need none
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_session_id(_SESSION_CONTEXT)
    made.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    try:
        made.use_certificate_chain_file(os.fspath(certificate))
        made.use_privatekey_file(os.fspath(key))
        made.check_privatekey()
    except SSL.Error as error:
        raise CertificateError(f"{certificate}: no certificate with its key") from error
    return made


@contextmanager
def _loadable(files: Files, settings: Settings) -> Iterator[tuple[Path, Path]]:
    """Yield the files of the certificate; those of one that is not kept are deleted afterwards."""
    if files.certificate is not None and files.key is not None:
        yield files.certificate, files.key
        return
    names = subject_names(settings, of_this_machine())
    with tempfile.TemporaryDirectory() as directory:
        passing = Path(directory) / "passing.pem"
        replace_bytes(passing, make(settings.server.name, names))
        yield passing, passing


def make(name: str, names: SubjectNames = _NO_NAMES) -> bytes:
    """Return a key and a certificate signed with it, in the PEM format: one that is not kept."""
    from trio_chat.server.private_authority import self_signed  # noqa: PLC0415

    return self_signed(name, names)
