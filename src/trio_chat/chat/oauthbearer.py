"""SASL OAUTHBEARER (RFC 7628): a token of a provider of single sign-on.

A refusal is a challenge in JSON, which says where tokens come from; the client answers it with one
byte, and the exchange fails. A client without a token learns that by a message without `auth`.
"""

import json
from typing import Final, NamedTuple

from trio_chat.chat.accounts import Origin
from trio_chat.chat.identities import SignOn, TokenRefused
from trio_chat.chat.sasl import SaslFailed, SaslStep
from trio_chat.irc.names import fold_or_self

MECHANISM: Final = "OAUTHBEARER"
MAX_TOKEN_MESSAGE: Final = 16_384
"""Bytes of base64 that a client may send for one message: tokens with many groups are long."""
_KVSEP: Final = "\x01"


class BearerMessage(NamedTuple):
    """A client's first message.

    Args:
        authzid: the account that is wanted, or "".
        token: the token, or "" of a client that has none.
    """

    authzid: str
    token: str


def parse(message: bytes) -> BearerMessage:
    """Read a client's first message (RFC 7628 §3.1).

    Raises:
        ValueError: it is none.
    """
    header, _, rest = message.decode().partition(_KVSEP)
    flag, _, named = header.partition(",")
    authzid, comma, more = named.partition(",")
    if flag not in ("n", "y") or not comma or more:
        raise ValueError("no GS2 header without a channel binding")
    if authzid and not authzid.startswith("a="):
        raise ValueError("no authorization identity")
    if not rest.endswith(_KVSEP) or "\0" in rest:
        raise ValueError("no end")
    values: dict[str, str] = {}
    for pair in rest.rstrip(_KVSEP).split(_KVSEP):
        key, _, value = pair.partition("=")
        if key in values:
            raise ValueError("a key twice")
        values[key] = value
    scheme, _, token = values.get("auth", "").strip().partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise ValueError("no bearer token")
    name = authzid.removeprefix("a=").replace("=2C", ",").replace("=3D", "=")
    return BearerMessage(name, token.strip())


class OAuthBearerExchange:
    """OAUTHBEARER, from the token to the identity of its user.

    Args:
        sign_on: the port to the provider.
        origin: of the token.
    """

    def __init__(self, sign_on: SignOn, origin: Origin) -> None:
        self._sign_on = sign_on
        self._origin = origin
        self._failure: SaslFailed | None = None

    async def take(self, message: bytes) -> SaslStep:
        """Take the token, or the answer to the refusal of it; see `SaslExchange.take`."""
        if self._failure is not None:
            raise self._failure
        try:
            wanted = parse(message)
        except ValueError:
            return self._fail("invalid_request", "that is no message of OAUTHBEARER")
        if not wanted.token:
            name = self._sign_on.offer.name
            return self._fail("invalid_token", f"a token of {name} is needed", is_guess=False)
        try:
            identity = await self._sign_on.check(wanted.token, self._origin)
        except TokenRefused as refused:
            return self._fail("invalid_token", str(refused))
        return SaslStep(identity=identity, authzid=fold_or_self(wanted.authzid))

    def _fail(self, status: str, reason: str, *, is_guess: bool = True) -> SaslStep:
        """Refuse the token; the next message ends the exchange."""
        self._failure = SaslFailed(reason, is_guess=is_guess)
        offer = self._sign_on.offer
        error = {
            "status": status,
            "scope": offer.scope,
            "openid-configuration": offer.configuration,
            # The rest is ours; other clients ignore it.
            "client_id": offer.client_id,
            "token": offer.token,
            "name": offer.name,
        }
        return SaslStep(json.dumps(error, separators=(",", ":")).encode())
