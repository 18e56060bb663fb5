"""Private certificate authority of a server, for browsers: they believe no self-signed certificate.

It can issue certificates for local names and addresses and for the server's own ones, and for
nothing else (name constraints, RFC 5280 §4.2.1.10): a guest that trusts it gives its operator, or a
thief of its key, no power over other sites.

All functions block, for milliseconds: call them in a thread.
"""

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trio_chat.irc.addresses import IpAddress
from trio_chat.server.certified_names import (
    LOCAL_NAMES,
    LOCAL_NETWORKS,
    SubjectNames,
    is_within,
)

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""A key that signs with SHA-256, and that every browser knows."""
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Since when an authority is valid: no clock of a client shows an earlier time."""
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""A clock that shows an earlier time is wrong: there was no such authority then. A small computer
without a battery begins with 1970, and a certificate of that year would have expired for everybody.
"""
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""The last time that X.509 can express is in the year 9999 (RFC 5280 §4.1.2.5)."""
_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=397)
"""Browsers refuse certificates that are valid for longer than 398 days."""
_BACKDATED = timedelta(days=2)
"""How far clocks of clients may be behind."""
RENEWED_BEFORE = timedelta(days=90)
"""How long before its end a certificate is renewed: a server that is rarely started, and one that
cannot write for weeks, still has a valid one.
"""
_SUCCEEDED_BEFORE = LEAF_LIFE + RENEWED_BEFORE
"""How long before its end the certificate of the authority is renewed: it outlives those that it
signs.
"""
_LONGEST_NAME = 64  # of a common name (RFC 5280, appendix A.1)


class AuthorityError(Exception):
    """The authority, or what it is to sign, cannot be used; the text is for the operator."""


class PrivateAuthority:
    """An authority with its key.

    Args:
        certificate: its own certificate.
        key: what it signs with.
    """

    def __init__(self, certificate: x509.Certificate, key: SigningKey) -> None:
        self.certificate = certificate
        self._key = key
        self._names, self._networks = _permitted(certificate)

    @classmethod
    def make(
        cls,
        name: str,
        permitted: SubjectNames,
        now: datetime,
        key: SigningKey | None = None,
    ) -> Self:
        """Make an authority.

        Args:
            name: of the server, which tells authorities in a browser's list apart.
            permitted: for what it may issue certificates, besides what is local.
            now: the time.
            key: what it signs with; None for a new one.
        """
        key = key or new_key()
        return cls(_self_signed(_subject(name, key), key, _constraints(permitted), now), key)

    @classmethod
    def read(cls, certificate: bytes, key: bytes) -> Self:
        """Return an authority from its files, in the PEM format.

        Raises:
            AuthorityError: they are damaged, do not belong together, or are not of an authority
                that a server has made.
        """
        try:
            read = x509.load_pem_x509_certificate(certificate)
            private = load_key(key)
            _ = read.extensions
        except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
            raise AuthorityError("it is damaged") from error
        if public_bytes(read.public_key()) != public_bytes(private.public_key()):
            raise AuthorityError("the private key is of another certificate")
        if not _is_authority(read):
            raise AuthorityError("it is not of an authority with name constraints")
        return cls(read, private)

    def is_ending(self, now: datetime) -> bool:
        """Return whether its certificate has to be renewed."""
        return within_calendar(now) > self.certificate.not_valid_after_utc - _SUCCEEDED_BEFORE

    def renewed(self, now: datetime) -> Self:
        """Return the authority with a new certificate, in which only the time is another one.

        A client that trusts the former certificate accepts what it signs, until that one expires.
        """
        before = self.certificate
        limits = before.extensions.get_extension_for_class(x509.NameConstraints).value
        return type(self)(_self_signed(before.subject, self._key, limits, now), self._key)

    def permits(self, wanted: SubjectNames) -> SubjectNames:
        """Return those names and addresses for which it may issue certificates."""
        return SubjectNames(
            tuple(name for name in wanted.names if is_within(name.removeprefix("*."), self._names)),
            tuple(address for address in wanted.addresses if self._permits(address)),
        )

    def _permits(self, address: IpAddress) -> bool:
        return any(
            address in network for network in self._networks if network.version == address.version
        )

    def has_issued(self, certificate: x509.Certificate) -> bool:
        """Return whether it has signed a certificate."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def issue(
        self, wanted: SubjectNames, key: CertificatePublicKeyTypes, now: datetime
    ) -> x509.Certificate:
        """Return a certificate of a server.

        Args:
            wanted: what it is for, as `permits` returns it.
            key: the server's.
            now: the time.

        Raises:
            AuthorityError: there is nothing that it could be for.
        """
        if not (wanted.names or wanted.addresses):
            raise AuthorityError("it may issue certificates for no name of this server")
        start = within_calendar(now) - _BACKDATED
        first = wanted.names[0] if wanted.names else str(wanted.addresses[0])
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, first)] if len(first) <= _LONGEST_NAME else []
        )
        return (
            _builder(subject, self.certificate.subject, key, start, start + LEAF_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signature=True), critical=True)
            .add_extension(
                _alternative_names(wanted),
                critical=not subject.rdns,  # RFC 5280 §4.2.1.6
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )

    def certificate_bytes(self) -> bytes:
        """Return its certificate in the PEM format."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_bytes(self) -> bytes:
        """Return its key in the PEM format."""
        return private_bytes(self._key)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())


def load_key(data: bytes) -> SigningKey:
    """Read a private key in the PEM format.

    Raises:
        AuthorityError: it is damaged, has a password, or is of no kind that can sign.
    """
    try:
        key = serialization.load_pem_private_key(data, None)
        key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuthorityError("it has no private key that can be used") from error
    if not isinstance(key, SigningKey):
        raise AuthorityError("it has no private key that can sign")
    return key


def private_bytes(key: SigningKey) -> bytes:
    """Return a private key in the PEM format, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_bytes(key: CertificatePublicKeyTypes) -> bytes:
    """Return the SubjectPublicKeyInfo of a key, in the DER format."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def within_calendar(now: datetime) -> datetime:
    """Return a time, or the nearest one that a clock can be believed and a certificate can have."""
    return min(max(now, EARLIEST), _LATEST)


def from_clock(seconds: float) -> datetime:
    """Return the time of a clock, whatever the clock shows."""
    with contextlib.suppress(OverflowError, ValueError, OSError):
        return within_calendar(datetime.fromtimestamp(seconds, UTC))
    return _LATEST if seconds > 0 else EARLIEST


def self_signed(name: str, names: SubjectNames) -> bytes:
    """Return a key and a certificate signed with it, in the PEM format."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = within_calendar(datetime.now(UTC)) + _LIFE
    certificate = (
        _builder(subject, subject, key.public_key(), _LONG_AGO, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            _alternative_names(names._replace(names=(name, *names.names))), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return private_bytes(key) + certificate.public_bytes(serialization.Encoding.PEM)


def names_of(certificate: x509.Certificate) -> SubjectNames:
    """Return what a certificate is for; nothing for one whose names cannot be read."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (
        x509.ExtensionNotFound,
        x509.UnsupportedGeneralNameType,
        x509.DuplicateExtension,
        ValueError,
    ):  # OpenSSL uses such a certificate all the same
        return SubjectNames()
    addresses = names.get_values_for_type(x509.IPAddress)
    return SubjectNames(
        tuple(name.lower() for name in names.get_values_for_type(x509.DNSName)),
        tuple(one for one in addresses if isinstance(one, IPv4Address | IPv6Address)),
    )


def _alternative_names(names: SubjectNames) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [*map(x509.DNSName, dict.fromkeys(names.names)), *map(x509.IPAddress, names.addresses)]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _self_signed(
    subject: x509.Name,
    key: SigningKey,
    constraints: x509.NameConstraints,
    now: datetime,
) -> x509.Certificate:
    end = within_calendar(now) + _LIFE
    return (
        _builder(subject, subject, key.public_key(), _LONG_AGO, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signature=False), critical=True)
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )


def _subject(name: str, key: SigningKey) -> x509.Name:
    """Return the name of a new authority. It is of its own: browsers mix up two with one name."""
    mark = f" {_digest(public_bytes(key.public_key()))[:8]}"
    title = f"trio-chat {name}"[: _LONGEST_NAME - len(mark)]
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{title}{mark}")])


def _digest(data: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize().hex()


def _constraints(permitted: SubjectNames) -> x509.NameConstraints:
    names = [*LOCAL_NAMES, *permitted.names]
    networks = [*LOCAL_NETWORKS, *map(ip_network, permitted.addresses)]
    return x509.NameConstraints(
        permitted_subtrees=[
            *map(x509.DNSName, dict.fromkeys(names)),
            *map(x509.IPAddress, dict.fromkeys(networks)),
        ],
        excluded_subtrees=None,
    )


def _permitted(
    certificate: x509.Certificate,
) -> tuple[list[str], list[IPv4Network | IPv6Network]]:
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    subtrees: Iterable[x509.GeneralName] = constraints.permitted_subtrees or ()
    names, networks = [], []
    for subtree in subtrees:
        if isinstance(subtree, x509.DNSName):
            names.append(subtree.value)
        elif isinstance(subtree, x509.IPAddress) and isinstance(
            subtree.value, IPv4Network | IPv6Network
        ):
            networks.append(subtree.value)
    return names, networks


def _is_authority(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is of an authority that is limited to names."""
    try:
        certificate.verify_directly_issued_by(certificate)
        extensions = certificate.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        limits = extensions.get_extension_for_class(x509.NameConstraints).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return basic.ca and bool(limits.permitted_subtrees)


def _usage(*, signature: bool) -> x509.KeyUsage:
    """Return the key usage of a server, which signs handshakes, or else of an authority."""
    return x509.KeyUsage(
        digital_signature=signature,
        key_cert_sign=not signature,
        crl_sign=not signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
