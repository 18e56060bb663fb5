"""The certificate that a server makes for itself: issued by its private authority, renewed in time.

Its key stays the same, so clients that remember the key notice nothing of a renewal. A certificate
that an earlier version has signed with its own key gives its key to the new one.

All functions block, for milliseconds: call them in a thread.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from trio_chat.private import replace_bytes
from trio_chat.server.certificate_files import OwnFiles
from trio_chat.server.certified_names import MOST, SubjectNames
from trio_chat.server.private_authority import (
    RENEWED_BEFORE,
    AuthorityError,
    PrivateAuthority,
    SigningKey,
    from_clock,
    load_key,
    names_of,
    new_key,
    private_bytes,
    public_bytes,
)

_Read = TypeVar("_Read")
_LONGEST = 1 << 20
"""Bytes that are read of a file."""
_OURS = "trio-chat "
"""How the names of authorities begin that servers make."""


class Renewal(NamedTuple):
    """What was done.

    Args:
        reason: why a new certificate was made; "" when the one before stays.
        problem: why it could not be renewed, or is not for all names; "" when all is well.
    """

    reason: str = ""
    problem: str = ""


class Wanted(NamedTuple):
    """What the certificate is to be like.

    Args:
        server: the name of the server.
        names: what the certificate is to be for.
        configured: which of these are in config.ini, so that one that is left out is a problem.
        permitted: what a new authority may issue certificates for, besides what is local.
    """

    server: str
    names: SubjectNames
    configured: SubjectNames
    permitted: SubjectNames


class _Leaf(NamedTuple):
    key: SigningKey
    certificate: x509.Certificate


def renew(files: OwnFiles, wanted: Wanted, clock: float, *, at_once: bool = False) -> Renewal:
    """Make the certificate and its authority if they are not there; renew what expires, and what is
    not for all of the names.

    Args:
        files: where they are.
        wanted: what the certificate is to be like.
        clock: seconds of Unix time.
        at_once: whether the certificate is renewed without a need.

    Raises:
        AuthorityError: there is no certificate, and none can be made.
    """
    now = from_clock(clock)
    leaf = _read_leaf(files.leaf)
    if leaf is not None and not _is_ours(leaf.certificate):
        why = "it is not of this server's making; name it in [tls] certificate to use it for good"
        return Renewal(problem=f"{files.leaf}: {why}")
    try:
        authority, is_made = _authority(files, wanted, now, is_first=leaf is None)
        names = authority.permits(wanted.names)
        reason = "it was asked for" if at_once else _reason(leaf, authority, names, now)
        if reason or is_made:
            _issue(files, leaf, authority, names, now)
    except (AuthorityError, OSError) as error:
        problem = _text(error)
        if leaf is None:
            raise AuthorityError(problem) from error
        return Renewal(problem=problem)
    return Renewal(reason, _missing(wanted.configured, names))


def replace_authority(files: OwnFiles, wanted: Wanted, clock: float) -> None:
    """Make another authority, and a certificate that it signs; users install it anew.

    Raises:
        AuthorityError: the files cannot be written, or the key of the server cannot be read.
    """
    now = from_clock(clock)
    leaf = _read_leaf(files.leaf)
    try:
        authority = PrivateAuthority.make(wanted.server, wanted.permitted, now)
        _keep(files, authority)
        _issue(files, leaf, authority, authority.permits(wanted.names), now)
    except OSError as error:
        raise AuthorityError(_text(error)) from error


def read_authority(files: OwnFiles) -> bytes:
    """Return the certificate of the authority in the DER format; b"" when there is none that can be
    used.
    """
    with suppress(OSError, ValueError, x509.InvalidVersion, AuthorityError):
        return x509.load_pem_x509_certificate(_read(files.authority)).public_bytes(Encoding.DER)
    return b""


def _authority(
    files: OwnFiles, wanted: Wanted, now: datetime, *, is_first: bool
) -> tuple[PrivateAuthority, bool]:
    """Return the authority, and whether its certificate was made now."""
    if not files.authority.exists():
        if not (is_first or files.authority_key.exists()):
            raise AuthorityError(
                f"{files.authority}: is missing; restore it, or make another authority with"
                " `trio-chat certificate renew --authority`"
            )
        key = load_key(_read(files.authority_key)) if files.authority_key.exists() else None
        authority = PrivateAuthority.make(wanted.server, wanted.permitted, now, key)
    else:
        authority = _at(
            files.authority,
            lambda: PrivateAuthority.read(_read(files.authority), _read(files.authority_key)),
        )
        if not authority.is_ending(now):
            return authority, False
        authority = authority.renewed(now)
    _keep(files, authority)
    return authority, True


def _keep(files: OwnFiles, authority: PrivateAuthority) -> None:
    """Write an authority. The key comes first: with it alone, the certificate can be made again."""
    replace_bytes(files.authority_key, authority.key_bytes())
    replace_bytes(files.authority, authority.certificate_bytes())


def _issue(
    files: OwnFiles,
    leaf: _Leaf | None,
    authority: PrivateAuthority,
    names: SubjectNames,
    now: datetime,
) -> None:
    """Issue the certificate for the key that the server has had so far, and write both.

    It is for former addresses, too: a laptop that comes back to a network has its certificate.
    """
    if leaf is not None:
        former = authority.permits(SubjectNames((), names_of(leaf.certificate).addresses))
        addresses = dict.fromkeys((*names.addresses, *former.addresses))
        names = names._replace(addresses=tuple(addresses)[:MOST])
    key = leaf.key if leaf is not None else _former_key(files.former) or new_key()
    made = authority.issue(names, key.public_key(), now)
    chain = made.public_bytes(Encoding.PEM) + authority.certificate_bytes()
    replace_bytes(files.leaf, private_bytes(key) + chain)


def _reason(
    leaf: _Leaf | None, authority: PrivateAuthority, names: SubjectNames, now: datetime
) -> str:
    """Return why a new certificate is needed; "" when none is."""
    if leaf is None:
        return "there was none"
    certificate = leaf.certificate
    if not authority.has_issued(certificate):
        return "the former one is not of this authority"
    if now > certificate.not_valid_after_utc - RENEWED_BEFORE:
        return f"the former one ends on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return "the clock was set back to a time before the former one"
    had = names_of(certificate)
    if not had.covers(names):
        fresh = [one for one in names.names if one not in had.names]
        fresh += [str(one) for one in names.addresses if one not in had.addresses]
        return f"the server is reached by {', '.join(fresh[:5])}, too"
    return ""


def _read_leaf(path: Path) -> _Leaf | None:
    """Return the certificate with its key; None when there is none.

    Raises:
        AuthorityError: it cannot be read, or is damaged. The key is what clients know the server
            by, so that no new one is made in its place.
    """

    def read() -> _Leaf | None:
        try:
            data = _read(path)
        except FileNotFoundError:
            return None
        leaf = _Leaf(load_key(data), x509.load_pem_x509_certificates(data)[0])
        if public_bytes(leaf.certificate.public_key()) != public_bytes(leaf.key.public_key()):
            raise AuthorityError("the private key is of another certificate")
        return leaf

    return _at(path, read)


def _at(path: Path, read: Callable[[], _Read]) -> _Read:
    """Read something; the error names the file, and what to do.

    Raises:
        AuthorityError: it cannot be read.
    """
    try:
        return read()
    except OSError as error:
        raise AuthorityError(_text(error)) from error
    except (AuthorityError, ValueError, x509.InvalidVersion) as error:
        why = str(error) if isinstance(error, AuthorityError) else "it is damaged"
        raise AuthorityError(f"{path}: {why}; restore it from a backup") from error


def _former_key(path: Path) -> SigningKey | None:
    """Return the key of a self-signed certificate of an earlier version, which clients know."""
    return _at(path, lambda: load_key(_read(path))) if path.exists() else None


def _is_ours(certificate: x509.Certificate) -> bool:
    """Return whether a server has made a certificate, and not an authority of the administrator."""
    names = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return certificate.issuer == certificate.subject or any(
        str(name.value).startswith(_OURS) for name in names
    )


def _missing(wanted: SubjectNames, names: SubjectNames) -> str:
    """Return the problem of a certificate that is not for all names; "" when it is for all."""
    missing = [one for one in wanted.names if one not in names.names]
    missing += [str(one) for one in wanted.addresses if one not in names.addresses]
    if not missing:
        return ""
    return (
        f"it is not for {', '.join(missing[:5])}, because its authority is older than that name;"
        " `trio-chat certificate renew --authority` makes another authority, which everybody then"
        " has to install"
    )


def _read(path: Path) -> bytes:
    """Return the contents of a file.

    Raises:
        OSError: it cannot be read.
        AuthorityError: it is no file, and reading from it could wait for ever.
    """
    if path.exists() and not path.is_file():
        raise AuthorityError("it is not a file")
    with path.open("rb") as stream:
        return stream.read(_LONGEST)


def _text(error: Exception) -> str:
    if isinstance(error, OSError):
        what = "read" if isinstance(error, FileNotFoundError) else "read or written"
        return f"{error.filename}: cannot be {what}: {error.strerror or error}"
    return str(error)
