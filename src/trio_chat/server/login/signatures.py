"""Signatures of tokens: JWS with a public key of the provider (RFC 7515, RFC 8725). Pure functions,
with the package joserfc.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from trio_chat.chat.identities import TokenRefused

if TYPE_CHECKING:
    from joserfc.jwk import Key

ALGORITHMS = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
    "Ed25519": "OKP",
}
"""The algorithms that are accepted, with the type of their keys. All have a public key: neither
`none` nor a secret that would have to be shared is among them (RFC 8725 §3.1).
"""
MAX_TOKEN = 12_288
"""Characters of a token."""
MOST_KEYS = 64
"""Keys of a provider."""
_TYPES = frozenset(("jwt", "at+jwt", "application/at+jwt", "application/jwt"))
"""The types of tokens that are accepted (RFC 8725 §3.11); a logout token has another one."""
_MAX_MODULUS = 8192
"""Bits of an RSA key, as checking by a longer one is slow."""


class Header(NamedTuple):
    """The header of a token.

    Args:
        algorithm: of its signature.
        key_id: of the key, or "".
    """

    algorithm: str
    key_id: str


class ProviderKey(NamedTuple):
    """A public key of a provider.

    Args:
        key_id: by which tokens name it, or "".
        kind: the type of the key.
        algorithm: the only one that it is for, or "".
        key: the key.
    """

    key_id: str
    kind: str
    algorithm: str
    key: "Key"

    def fits(self, header: Header) -> bool:
        """Return whether a token with such a header may be signed with this key."""
        return (
            ALGORITHMS.get(header.algorithm) == self.kind
            and self.algorithm in ("", header.algorithm)
            and header.key_id in ("", self.key_id)
        )


def read_header(token: str) -> Header:
    """Return what the header of a token says.

    Raises:
        TokenRefused: it is no JWT in the compact form, or not of a kind that is accepted.
    """
    if len(token) > MAX_TOKEN or token.count(".") != 2 or not token.isascii():
        raise TokenRefused("the token cannot be read")
    try:
        part = token.partition(".")[0]
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise TokenRefused("the token cannot be read") from error
    if not isinstance(header, dict) or "crit" in header or "b64" in header:
        raise TokenRefused("the token cannot be read")
    algorithm, key_id, kind = (header.get(name) for name in ("alg", "kid", "typ"))
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("the token is not signed with an algorithm that is accepted")
    if kind is not None and (not isinstance(kind, str) or kind.lower() not in _TYPES):
        raise TokenRefused("the token is not for logging in")
    return Header(algorithm, key_id if isinstance(key_id, str) else "")


def read_keys(document: Any) -> list[ProviderKey]:
    """Return the public keys for signatures in a JWK set (RFC 7517 §5); what is unknown is left
    out. A member that is null counts as missing, since some programs write all that they know.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return []
    found = (_read_key(entry) for entry in entries[:MOST_KEYS] if isinstance(entry, dict))
    return [key for key in found if key is not None]


def _read_key(entry: dict[str, Any]) -> ProviderKey | None:
    from joserfc import jwk  # noqa: PLC0415  # only a server with single sign-on needs it
    from joserfc.errors import JoseError  # noqa: PLC0415

    entry = {name: value for name, value in entry.items() if value is not None}
    kind, use = entry.get("kty"), entry.get("use", "sig")
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list):
        return None
    algorithm, key_id = entry.get("alg", ""), entry.get("kid", "")
    if kind not in ALGORITHMS.values() or use != "sig" or "verify" not in operations:
        return None
    if not isinstance(algorithm, str) or not isinstance(key_id, str):
        return None
    if kind == "RSA" and len(str(entry.get("n", ""))) * 6 > _MAX_MODULUS + 16:
        return None
    public = {name: entry[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        return ProviderKey(key_id, str(kind), algorithm, jwk.import_key(cast(Any, public)))
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def verified_payload(token: str, header: Header, keys: Iterable[ProviderKey]) -> bytes:
    """Return what a token says, if one of the keys that fit its header has signed it.

    Raises:
        TokenRefused: none has.
    """
    from joserfc import jws  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    registry = jws.JWSRegistry(algorithms=[header.algorithm], strict_check_header=False)
    for each in keys:
        if not each.fits(header):
            continue
        try:
            payload = jws.deserialize_compact(token, each.key, registry=registry).payload
        except (JoseError, ValueError, TypeError):
            continue
        return bytes(payload or b"")
    raise TokenRefused("the token is not signed by the provider")
