"""VAPID: the key pair of this server, and the tokens by which push services recognise it (RFC
8292).
"""

import json
import logging
from collections.abc import Callable, Mapping

import trio

from trio_chat.chat.push import VapidKeys, to_base64url
from trio_chat.storage.accounts import SqliteAccounts

log = logging.getLogger("trio_chat")

_NAME = "vapid"
"""Of the value in the table of secrets."""
_PUBLIC_BYTES = 65
_LIFETIME = 12 * 3600
"""Seconds for which a token is valid; RFC 8292 §2 allows 24 hours."""
_REUSED_FOR = 6 * 3600
"""Seconds for which a token is used again, as each takes a signature."""
_MAX_TOKENS = 256


def make_keys() -> VapidKeys:
    """Return a new key pair. It may take a tenth of a second at the first call, for imports."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_numbers().private_value.to_bytes(32)
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return VapidKeys(private, public)


async def stored_keys(table: SqliteAccounts) -> VapidKeys:
    """Return the keys of this server, which are made on first use and never change: subscriptions
    are valid for one public key only. If they are lost, so are all devices; those of the page
    subscribe again at its next visit.

    Args:
        table: the database. The public key is stored with the private one, so that a start of the
            server need not calculate it.

    Raises:
        StorageError: the database cannot be used.
    """
    stored = await table.known_secret(_NAME)
    if stored is None:
        keys = await trio.to_thread.run_sync(make_keys)
        if count := await table.forget_devices():
            log.warning(
                "the key for push messages is lost: accounts that have to enable them again: %d",
                count,
            )
        await table.keep_secret(_NAME, keys.private + keys.public)
        return keys
    return VapidKeys(stored[:-_PUBLIC_BYTES], stored[-_PUBLIC_BYTES:])


class VapidSigner:
    """Makes the `Authorization` header of push messages.

    Args:
        keys: of this server.
        clock: returns seconds of Unix time.
    """

    def __init__(self, keys: VapidKeys, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock
        self._headers: dict[tuple[str, str], tuple[float, str]] = {}

    def header(self, origin: str, subject: str) -> str:
        """Return the header for a push service. Takes a millisecond where it has to be signed.

        Args:
            origin: of the push service, such as `https://push.example.org`.
            subject: a `mailto:` or `https:` URL by which its operator reaches that of this server.
        """
        now = self._clock()
        made, header = self._headers.get((origin, subject), (0.0, ""))
        if header and 0 <= now - made < _REUSED_FOR:
            return header
        while len(self._headers) >= _MAX_TOKENS:
            del self._headers[next(iter(self._headers))]
        claims = {"aud": origin, "exp": int(now) + _LIFETIME, "sub": subject}
        header = f"vapid t={self._token(claims)}, k={self._keys.token}"
        self._headers[origin, subject] = now, header
        return header

    def _token(self, claims: Mapping[str, object]) -> str:
        """Return a JSON Web Token signed with ES256 (RFC 7515, RFC 7518 §3.4)."""
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

        key = ec.derive_private_key(int.from_bytes(self._keys.private), ec.SECP256R1())
        head = {"typ": "JWT", "alg": "ES256"}
        signed = ".".join(to_base64url(json.dumps(part).encode()) for part in (head, claims))
        r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{to_base64url(r.to_bytes(32) + s.to_bytes(32))}"
