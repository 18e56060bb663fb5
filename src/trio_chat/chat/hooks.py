"""Webhooks: addresses at which programs post messages to a channel, and addresses of programs to
which the messages of a channel are posted.

Only the hash of the secret in an address of this server is kept. A hook belongs to a registered
channel, whatever its name, or to the lobby; it ends with the registration.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

MOST = 30
"""Hooks of one channel."""
LOBBY = 0
"""`Hook.channel` of the lobby, which need not be registered."""
LABEL = "hook"
"""Stands behind the `/` of the shown name, and is the user name in the source."""
PATH = "hooks/"
"""Where the address of a hook goes on behind that of the page."""
MAX_URL = 500
MAX_SIGNING = 200
MAX_FILTERS = 20
"""Values of one filter, each of `MAX_FILTER` characters at most."""
MAX_FILTER = 64
EVENTS = ("message", "notice", "topic", "join", "part", "quit", "kick", "nick", "mode")
"""What an outgoing hook can be sent."""
DEFAULT_EVENTS = ("message",)
_SECRET_BYTES = 24
_SHOWN = 8


class Filter(NamedTuple):
    """What an outgoing hook is sent; an empty tuple excludes nothing.

    Args:
        events: kinds of events, of `EVENTS`.
        nicks: nicknames of senders, folded.
        words: words of which the text has one, in lower case.
    """

    events: tuple[str, ...] = DEFAULT_EVENTS
    nicks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Hook(NamedTuple):
    """A webhook.

    Args:
        digest: the hash of its secret, in hexadecimal; of an outgoing one, which has none, a random
            number.
        channel: `Channel.founded` of the channel, or `LOBBY`.
        name: under which its messages are shown.
        setter: the account of the user that has made it, or the name of a command.
        account: the number of that account, or 0.
        created: seconds of Unix time.
        used: when a message came by it last, or was taken by its receiver; 0 for never.
        signing: the secret with which the sender signs, or with which this server does; "" when
            nothing is signed.
        url: where an outgoing hook posts; "" for an incoming one.
        filter: what an outgoing hook is sent.
        cursor: the id up to which an outgoing one has delivered.
        failing: since when its receiver takes nothing, in seconds of Unix time; 0 while it does.
        is_disabled: whether nothing is sent any more, as that was so for days.
    """

    digest: str
    channel: int
    name: str
    setter: str
    account: int
    created: int
    used: int = 0
    signing: str = ""
    url: str = ""
    filter: Filter = Filter()
    cursor: int = 0
    failing: int = 0
    is_disabled: bool = False

    def __repr__(self) -> str:
        """Return it without its secrets, for logs."""
        return f"<Hook {self.id} {self.name}>"

    @property
    def id(self) -> str:
        """The name in lists."""
        return self.digest[:_SHOWN]

    @property
    def kind(self) -> str:
        """What it does, as a word for lists."""
        if not self.url:
            return "in"
        return "disabled" if self.is_disabled else "out"

    @property
    def sender(self) -> str:
        """The key of its deliveries; see `RelayedMessage`."""
        return f"hook:{self.digest[:32]}"

    def to_state(self) -> list[Any]:
        """Return it as plain data."""
        return [*self[:9], [*map(list, self.filter)], *self[10:]]


def from_state(state: list[Any]) -> Hook:
    """Return the hook that `to_state` wrote."""
    known = dict(zip(Hook._fields, state, strict=False))
    known["filter"] = Filter(*map(tuple, known.get("filter", ())))
    return Hook(**known)


class HookTable(Protocol):
    """The stored hooks; those that change here are written with the other state."""

    async def load(self) -> list[Hook]:
        """Return all of them."""

    async def changes(self) -> int:
        """Return a number that grows whenever a hook is stored or deleted, also by another
        process.
        """


def make_secret() -> str:
    """Return a new secret, which can stand in a path."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return the hash of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def leads_back(known: Iterable[Hook], channel: int, url: str) -> bool:
    """Return whether a URL is the address of an incoming hook of a channel, by whatever name of
    this server.

    Args:
        known: the hooks that there are.
        channel: `Hook.channel`.
        url: where an outgoing hook is to post.
    """
    digest = digest_of(url.rpartition(f"/{PATH}")[2].partition("/")[0])
    return any(hook.digest == digest and hook.channel == channel for hook in known)


class Hooks:
    """All hooks, by their digests."""

    def __init__(self) -> None:
        self._all: dict[str, Hook] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Hook]:
        return iter(self._all.values())

    def get(self, digest: str) -> Hook | None:
        """Return a hook."""
        return self._all.get(digest)

    def put(self, hook: Hook) -> None:
        """Have a hook, in the place of one with the same digest."""
        self._all[hook.digest] = hook

    def discard(self, digest: str) -> None:
        """Have a hook no longer, if there is one."""
        self._all.pop(digest, None)

    def find(self, secret: str) -> Hook | None:
        """Return the incoming hook with a secret, in a time that does not depend on what of it is
        right.
        """
        digest = digest_of(secret)
        found = self._all.get(digest)
        if found is None or found.url or not hmac.compare_digest(found.digest, digest):
            return None
        return found

    def of_channel(self, channel: int) -> list[Hook]:
        """Return the hooks of a channel, the oldest first."""
        found = [hook for hook in self if hook.channel == channel]
        return sorted(found, key=lambda hook: (hook.created, hook.digest))

    def outgoing(self) -> list[Hook]:
        """Return the outgoing hooks, disabled ones included."""
        return [hook for hook in self if hook.url]

    def forget_channel(self, channel: int) -> None:
        """Have no hook of a channel any longer."""
        for hook in self.of_channel(channel) if self._all else ():
            self.discard(hook.digest)

    def to_state(self) -> list[list[Any]]:
        """Return all of them as plain data."""
        return [self._all[digest].to_state() for digest in sorted(self._all)]

    def restore(self, state: list[list[Any]]) -> None:
        """Have what `to_state` returned."""
        for each in state:
            self.put(from_state(each))
