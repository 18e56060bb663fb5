"""Fingerprints of the certificate and of the key that a server presents in a TLS handshake."""

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

import trio

from trio_chat.client.known_servers import key_mark
from trio_chat.client.tls_handshake import Encrypted

_UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""What asn1crypto raises for a damaged certificate."""


def fingerprint_of(text: str) -> str:
    """Return a SHA-256 fingerprint that somebody has typed, as plain hexadecimal digits.

    Raises:
        ValueError: it is none.
    """
    digits = text.replace(":", "").lower()
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise ValueError(f"{text!r} is no SHA-256 fingerprint, which has 64 hexadecimal digits")
    return digits


class Presented(NamedTuple):
    """The SHA-256 fingerprints of what a server has presented, in hexadecimal.

    Args:
        certificate: that of the certificate.
        key: that of its public key; "" when the certificate is damaged.
    """

    certificate: str
    key: str

    def fits(self, mark: str) -> bool:
        """Return whether this is the server with a mark of the known servers, or a fingerprint."""
        return mark == self.certificate or (
            bool(self.key) and mark in (self.key, key_mark(self.key))
        )

    def like(self, mark: str) -> str:
        """Return the fingerprint that is comparable with a mark."""
        return self.key if mark.startswith(key_mark("")) else self.certificate


async def presented_by(stream: Encrypted) -> Presented:
    """Return what a server has presented. Cancelled, it leaves the connection open."""
    der = stream.getpeercert(binary_form=True) or b""
    return await trio.to_thread.run_sync(_fingerprints, der)


def validity_of(der: bytes) -> tuple[datetime, datetime]:
    """Return from when and until when a certificate is valid; an unreadable one never is."""
    from asn1crypto.x509 import Certificate  # noqa: PLC0415  see `_fingerprints`

    try:
        validity = Certificate.load(der, strict=True)["tbs_certificate"]["validity"]
        return validity["not_before"].native, validity["not_after"].native
    except _UNREADABLE:
        return datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)


def _fingerprints(der: bytes) -> Presented:
    # Imported late: only certificates without a trusted issuer need it. It is not `cryptography`,
    # which would double the size of a client that is one file.
    from asn1crypto.x509 import Certificate  # noqa: PLC0415

    try:
        spki: bytes = Certificate.load(der, strict=True).public_key.dump()
    except _UNREADABLE:
        spki = b""
    return Presented(
        hashlib.sha256(der).hexdigest(), hashlib.sha256(spki).hexdigest() if spki else ""
    )
