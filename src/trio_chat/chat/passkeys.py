"""Passkeys (WebAuthn): keys of an account in the devices of its owner, by which the page logs in.

A passkey is both factors: the device has the key, and asks its user for a fingerprint or a PIN. It
is bound to the address of the page, so no other page can use it.

Only public keys are stored. They are state of the chat, like second factors: the count of
signatures of a key is compared in the order of the log.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

MECHANISM: Final = "X-TRIO-CHAT-PASSKEY"
"""The SASL mechanism of the page; there is no standard for WebAuthn in SASL."""
MOST: Final = 20
"""Passkeys of an account."""
MAX_KEY: Final = 1024
"""Bytes of a public key."""
MAX_ID: Final = 1364
"""Characters of an id: 1023 bytes (WebAuthn §5.8.3)."""


class Passkey(NamedTuple):
    """A passkey.

    Args:
        id: the credential id, in base64url without padding.
        key: the public key (COSE).
        signatures: how many the device has made, as it said last; 0 if it does not count.
        name: as the user calls the device.
        created: seconds of Unix time.
        used: when it logged in last; 0 for never.
    """

    id: str
    key: bytes
    signatures: int
    name: str
    created: int
    used: int = 0

    def accepts(self, count: int) -> bool:
        """Return whether a count of signatures is greater than before: a copy of the key has one
        of its own (WebAuthn §6.1.1).
        """
        return count > self.signatures or count == self.signatures == 0

    def to_state(self) -> dict[str, Any]:
        """Return the passkey as plain data."""
        return self._asdict() | {"key": self.key.hex()}


class RelyingParty(NamedTuple):
    """The page, as passkeys are bound to it (WebAuthn §4).

    Args:
        id: the name of the host.
        origin: scheme, host and port.
    """

    id: str
    origin: str


class PasskeyRefused(Exception):  # an outcome, not a mistake
    """The answer of a browser is not that of the passkey; the message is for the log."""


class PasskeyVerifier(Protocol):
    """The port that checks the answers of browsers."""

    def register(self, answer: str, challenge: bytes, party: RelyingParty) -> Passkey:
        """Return a new passkey, without a name.

        Args:
            answer: the JSON of `PublicKeyCredential.toJSON()`.
            challenge: that it has to answer.
            party: the page that it has to be for.

        Raises:
            PasskeyRefused: it is not.
        """

    def count(self, answer: str, challenge: bytes, party: RelyingParty, passkey: Passkey) -> int:
        """Return the count of signatures of an answer that is signed by a passkey; for the rest see
        `register`.
        """


class PendingPasskey(NamedTuple):
    """A passkey that the browser of a session may add.

    Args:
        account: the number of the account.
        version: `Accounts.version` as of the check of its password.
        name: of the passkey.
    """

    account: int
    version: int
    name: str


class Passkeys:
    """The passkeys of all accounts.

    Attributes:
        verifier: the port that checks answers; None if there is none.
    """

    def __init__(self) -> None:
        self.verifier: PasskeyVerifier | None = None
        self._all: dict[int, list[Passkey]] = {}  # by the number of the account
        self._owners: dict[str, int] = {}  # by id

    def __len__(self) -> int:
        return len(self._owners)

    def of(self, account: int) -> list[Passkey]:
        """Return the passkeys of an account, by its number, the oldest first."""
        return list(self._all.get(account, ()))

    def find(self, identifier: str) -> tuple[int, Passkey] | None:
        """Return the number of the account of a passkey, and the passkey; None if there is none."""
        owner = self._owners.get(identifier, 0)
        return next(((owner, one) for one in self.of(owner) if one.id == identifier), None)

    def put(self, account: int, passkeys: list[Passkey]) -> None:
        """Have these passkeys of an account, and no others of it."""
        for one in self._all.pop(account, []):
            del self._owners[one.id]
        if passkeys:
            self._all[account] = passkeys
        self._owners.update((one.id, account) for one in passkeys)

    def to_state(self, account: int) -> list[dict[str, Any]]:
        """Return the passkeys of an account as plain data."""
        return [one.to_state() for one in self.of(account)]

    def all_states(self) -> dict[str, Any]:
        """Return all of them as plain data, by the numbers of the accounts."""
        return {str(number): self.to_state(number) for number in sorted(self._all)}

    def restore(self, account: int, state: list[Mapping[str, Any]]) -> None:
        """Have what `to_state` returned."""
        keys = [Passkey(**(dict(one) | {"key": bytes.fromhex(one["key"])})) for one in state]
        self.put(account, keys)


def relying_party(url: str) -> RelyingParty | None:
    """Return what passkeys of a page are bound to; None if browsers have none for its address.

    That needs a secure context: https with the name of a host, or this machine (WebAuthn §5.1.3).

    Args:
        url: the address of the page; "" if it is not configured.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_local = host == "localhost" or host.endswith(".localhost")
    is_address = ":" in host or host.rpartition(".")[2].isdigit()
    if not host or is_address or not (parts.scheme == "https" or is_local):
        return None
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc.lower()}")


def user_handle(account: int, secret: str) -> str:
    """Return the name by which devices know an account, in base64url: it says nothing about it
    (WebAuthn §14.6.1).

    Args:
        account: the number of the account.
        secret: what belongs to this server.
    """
    digest = hmac.digest(secret.encode(), str(account).encode(), hashlib.sha256)
    return to_base64url(digest)


def to_base64url(data: bytes) -> str:
    """Return bytes in base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
