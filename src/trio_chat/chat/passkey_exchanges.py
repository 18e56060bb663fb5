"""SASL exchanges of the page for passkeys: mechanisms of this server alone, as there is no standard
for WebAuthn in SASL.

The server sends a challenge as JSON, and the browser's answer is that of
`PublicKeyCredential.toJSON()` (WebAuthn §5.1). A challenge belongs to one exchange, so an answer
counts once.
"""

import json
import secrets
from typing import Any, Final

from trio_chat.chat import authentication
from trio_chat.chat.accounts import Accounts, Login, Origin
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PasskeyAdded, PasskeyUsed
from trio_chat.chat.passkeys import (
    PasskeyRefused,
    PasskeyVerifier,
    PendingPasskey,
    RelyingParty,
    to_base64url,
    user_handle,
)
from trio_chat.chat.sasl import SaslFailed, SaslStep
from trio_chat.chat.world import World

ADDING: Final = "X-TRIO-CHAT-ADDKEY"
"""Adds the passkey that `NickServ PASSKEY ADD` was given the password for."""
_CHALLENGE_BYTES: Final = 32


class PasskeyExchange:
    """Logs in by a passkey, to the account that has it.

    Args:
        world: has the passkeys.
        verifier: checks the answer.
        party: the page.
        origin: of the answer.
    """

    def __init__(
        self, world: World, verifier: PasskeyVerifier, party: RelyingParty, origin: Origin
    ) -> None:
        self._world = world
        self._verifier = verifier
        self._party = party
        self._origin = origin
        self._challenge = b""

    async def take(self, message: bytes) -> SaslStep:
        """Take an empty message, then the browser's answer; see `SaslExchange.take`."""
        if not self._challenge:
            self._challenge = secrets.token_bytes(_CHALLENGE_BYTES)
            options = {
                "challenge": to_base64url(self._challenge),
                "rpId": self._party.id,
                "userVerification": "required",
            }
            return SaslStep(json.dumps(options).encode())
        world = self._world
        found = world.passkeys.find(_identifier(message))
        account = _accounts(world).by_id.get(found[0]) if found is not None else None
        if found is None or account is None:
            raise SaslFailed("no account here has that passkey")
        version = _accounts(world).version(account.id)
        try:
            count = self._verifier.count(message.decode(), self._challenge, self._party, found[1])
        except (PasskeyRefused, UnicodeDecodeError) as error:
            raise SaslFailed("that is not the answer of a passkey") from error
        with authentication.attempt(world) as name:
            time = int(world.wall_clock())
            apply(world, PasskeyUsed(account.id, found[1].id, count, time, name))
            await world.settle()
            is_first = world.second_factors.attempts[name]
        if not is_first or _accounts(world).version(account.id) != version:
            raise SaslFailed("that passkey was copied, or removed meanwhile", is_guess=False)
        return SaslStep(login=Login(account))


class AddingExchange:
    """Adds a passkey to the account of a session that has given its password.

    Args:
        world: has the passkeys.
        verifier: checks the answer.
        party: the page.
        pending: what was allowed.
    """

    def __init__(
        self,
        world: World,
        verifier: PasskeyVerifier,
        party: RelyingParty,
        pending: PendingPasskey,
    ) -> None:
        self._world = world
        self._verifier = verifier
        self._party = party
        self._pending = pending
        self._challenge = b""

    async def take(self, message: bytes) -> SaslStep:
        """Take an empty message, then the new passkey; see `SaslExchange.take`."""
        world, pending = self._world, self._pending
        account = _accounts(world).by_id.get(pending.account)
        if account is None:
            raise SaslFailed("the account was deleted meanwhile", is_guess=False)
        if not self._challenge:
            self._challenge = secrets.token_bytes(_CHALLENGE_BYTES)
            return SaslStep(json.dumps(self._options(account.name)).encode())
        try:
            made = self._verifier.register(message.decode(), self._challenge, self._party)
        except (PasskeyRefused, UnicodeDecodeError) as error:
            raise SaslFailed("that is not a new passkey", is_guess=False) from error
        made = made._replace(name=pending.name, created=int(world.wall_clock()))
        with authentication.attempt(world) as name:
            apply(world, PasskeyAdded(account.id, made, pending.version, name))
            await world.settle()
            is_done = world.second_factors.attempts[name]
        if not is_done:
            raise SaslFailed(
                "you have a passkey of that name, or as many as you may have", is_guess=False
            )
        return SaslStep(login=Login(account))

    def _options(self, name: str) -> dict[str, Any]:
        world, info = self._world, self._world.server_info
        return {
            "challenge": to_base64url(self._challenge),
            "rp": {"id": self._party.id, "name": info.network or info.name},
            "user": {
                "id": user_handle(self._pending.account, self._party.origin),
                "name": name,
                "displayName": name,
            },
            "exclude": [one.id for one in world.passkeys.of(self._pending.account)],
        }


def _identifier(message: bytes) -> str:
    try:
        answer = json.loads(message)
    except (ValueError, RecursionError):
        return ""
    identifier = answer.get("id") if isinstance(answer, dict) else ""
    return identifier if isinstance(identifier, str) else ""


def _accounts(world: World) -> Accounts:
    assert world.accounts is not None  # noqa: S101  # callers have looked
    return world.accounts
