"""API tokens: the secrets by which programs use the HTTP API, each with its scopes (RFC 6750).

Only the hash of a token is kept. A scope is a resource with `read` or `write`, such as
`channels:read`; `write` does not include `read`. The scope `admin` includes all.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, Protocol

from trio_chat.irc.rights import RIGHTS

MOST = 100
"""Tokens of a server."""
MAX_NAME = 40
PREFIX = "tca_"
"""Begins each token, so that programs that look for published secrets recognise one."""
ADMIN = "admin"
READ, WRITE = "read", "write"
RESOURCES = (
    "accounts",
    "announcements",
    "audit",
    "backups",
    "bans",
    "channels",
    "devices",
    "history",
    "hooks",
    "invitations",
    "jobs",
    "messages",
    "metrics",
    "moderation",
    "reports",
    "server",
    "sessions",
    "tokens",
    "uploads",
)
SCOPES = frozenset((ADMIN, *(f"{name}:{verb}" for name in RESOURCES for verb in (READ, WRITE))))
NOT_IN_PATHS = (".", "..")
"""Names that no path can have: clients drop them from an address, also when they are written in
percent-encoding (WHATWG URL, double-dot path segment).
"""
_SECRET_BYTES = 32
_SHOWN = 8
_OF_RIGHTS: dict[str, tuple[str, ...]] = {
    "kill": ("sessions:read", "sessions:write"),
    "ban": ("sessions:read", "bans:read", "bans:write", "reports:read", "reports:write"),
    "rehash": ("server:read", "server:write"),
    "stats": ("server:read", "metrics:read", "audit:read", "sessions:read", "channels:read"),
    "addresses": ("sessions:read",),
    "wallops": ("announcements:write",),
    "channels": (
        "channels:read",
        "channels:write",
        "messages:write",
        "history:read",
        "history:write",
        "hooks:read",
        "hooks:write",
        "jobs:read",
        "reports:read",
        "reports:write",
        "uploads:read",
        "uploads:write",
    ),
    "moderate": ("moderation:read", "moderation:write"),
    "accounts": (
        "accounts:read",
        "accounts:write",
        "devices:read",
        "devices:write",
        "invitations:read",
        "invitations:write",
    ),
    "shutdown": (),
}


def scopes_of_rights(rights: Collection[str]) -> frozenset[str]:
    """Return the scopes that an operator of the server has; one with all rights has `admin`."""
    if set(RIGHTS) <= set(rights):
        return frozenset((ADMIN,))
    return frozenset(scope for right in rights for scope in _OF_RIGHTS.get(right, ()))


def permits(scopes: Collection[str], wanted: str) -> bool:
    """Return whether scopes include one."""
    return ADMIN in scopes or wanted in scopes


class ApiToken(NamedTuple):
    """An API token.

    Args:
        digest: the hash of its secret, in hexadecimal.
        name: what lists and the audit log call it; no other one has it.
        scopes: of `SCOPES`, in order.
        setter: the operator that has made it, or the name of a command.
        created: seconds of Unix time.
        expires: seconds of Unix time; 0 for never.
        used: when it was used last, as far as noted; 0 for never.
    """

    digest: str
    name: str
    scopes: tuple[str, ...]
    setter: str
    created: int
    expires: int = 0
    used: int = 0

    @property
    def id(self) -> str:
        """The name of its hash in lists."""
        return self.digest[:_SHOWN]

    @property
    def sender(self) -> str:
        """The key of its messages; see `RelayedMessage`."""
        return f"api:{self.digest[:32]}"

    def is_expired(self, now: float) -> bool:
        """Return whether it is valid no longer at a Unix time."""
        return 0 < self.expires <= now

    def to_state(self) -> list[Any]:
        """Return it as plain data."""
        return [*self[:2], list(self.scopes), *self[3:]]


def from_state(state: list[Any]) -> ApiToken:
    """Return the token that `ApiToken.to_state` wrote."""
    known = dict(zip(ApiToken._fields, state, strict=False))
    known["scopes"] = tuple(known["scopes"])
    return ApiToken(**known)


class ApiTokenTable(Protocol):
    """The stored tokens; those that change here are written with the other state."""

    async def load(self) -> list[ApiToken]:
        """Return all of them."""

    async def changes(self) -> int:
        """Return a number that grows whenever one is stored or deleted, also by another process."""


def make_secret() -> str:
    """Return a new token."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return the hash of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class ApiTokens:
    """All tokens, by their digests."""

    def __init__(self) -> None:
        self._all: dict[str, ApiToken] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[ApiToken]:
        return iter(self._all.values())

    def get(self, digest: str) -> ApiToken | None:
        """Return a token."""
        return self._all.get(digest)

    def named(self, name: str) -> ApiToken | None:
        """Return the token with a name."""
        return next((token for token in self if token.name == name), None)

    def put(self, token: ApiToken) -> None:
        """Have a token, in the place of one with the same digest."""
        self._all[token.digest] = token

    def discard(self, digest: str) -> None:
        """Have a token no longer, if there is one."""
        self._all.pop(digest, None)

    def find(self, secret: str) -> ApiToken | None:
        """Return the token with a secret, in a time that does not depend on what of it is right."""
        digest = digest_of(secret)
        found = self._all.get(digest)
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        return found

    def to_state(self) -> list[list[Any]]:
        """Return all of them as plain data."""
        return [self._all[digest].to_state() for digest in sorted(self._all)]

    def restore(self, state: list[list[Any]]) -> None:
        """Have what `to_state` returned."""
        for each in state:
            self.put(from_state(each))
