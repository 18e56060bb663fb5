"""The lasting state besides messages and accounts: channels, always-on users, preferences and read
markers.

It is all in memory; whatever changes is noted here, and a task of the edge writes it down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from trio_chat.chat.bans import Ban, Key


class ChangeSet(NamedTuple):
    """What is to be written down.

    Args:
        channels: the state of channels by folded name: registered ones, and those with always-on
            members; None forgets one.
        markers: how far an account has read a target (folded), as the server-time tag writes it.
        users: the state of always-on users by account; None forgets one.
        preferences: what accounts have chosen; an empty one is forgotten.
        metadata: what an account says of itself, as a whole.

    Accounts are their numbers. What is said of one that is gone is not kept.
    """

    channels: Mapping[str, dict[str, Any] | None]
    markers: Mapping[tuple[int, str], str]
    users: Mapping[int, dict[str, Any] | None] = MappingProxyType({})
    preferences: Mapping[int, Mapping[str, bool]] = MappingProxyType({})
    metadata: Mapping[int, Mapping[str, str]] = MappingProxyType({})


class State(NamedTuple):
    """What has changed of all that lasts besides messages and accounts."""

    changes: ChangeSet
    bans: Mapping[Key, Ban | None]


class PendingSetting(NamedTuple):
    """What a command beside the server wants of a registered channel.

    Args:
        number: greater than those of the wishes before it.
        folded: the name of the channel, folded.
        history: for how many days it is to be remembered; see `channel_registration.ChannelRegistration`.
    """

    number: int
    folded: str
    history: int | None


class StateStore(Protocol):
    """Where it is kept."""

    async def load(self) -> ChangeSet:
        """Return everything that was ever kept and not forgotten, with what was wished until
        now.
        """

    async def wishes(self) -> list[PendingSetting]:
        """Return what is wished and not fulfilled yet, in order. It counts more than what `save` is
        given.
        """

    async def fulfil(self, last: PendingSetting) -> None:
        """Forget the wishes up to this one: the world is as they want it, so that from now on it
        counts what is saved.
        """

    async def save(self, changes: ChangeSet) -> None:
        """Keep changes, all or nothing."""


def _nothing() -> None:
    pass


@dataclass(slots=True)
class DirtySet:
    """What has changed and is not written down yet.

    Args:
        channels: folded names of channels of which something lasts, or did.
        markers: accounts and targets (folded).
        users: accounts that have always-on users, or had.
        preferences: accounts.
        metadata: accounts.
        on_change: called when something is noted.
        noted: how often that was.
    """

    channels: set[str] = field(default_factory=set)
    markers: set[tuple[int, str]] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    preferences: set[int] = field(default_factory=set)
    metadata: set[int] = field(default_factory=set)
    on_change: Callable[[], None] = _nothing
    noted: int = field(default=0, compare=False)

    def _changed(self) -> None:
        self.noted += 1
        self.on_change()

    def note_channel(self, folded: str) -> None:
        """Note that what lasts of a channel has changed."""
        self.channels.add(folded)
        self._changed()

    def note_marker(self, account: int, target: str) -> None:
        """Note that somebody has read on."""
        self.markers.add((account, target))
        self._changed()

    def note_user(self, account: int) -> None:
        """Note that what lasts of an account's always-on user has changed."""
        self.users.add(account)
        self._changed()

    def note_preferences(self, account: int) -> None:
        """Note that an account has chosen something."""
        self.preferences.add(account)
        self._changed()

    def take(self) -> "DirtySet":
        """Return all that is noted, which is then noted no longer."""
        taken = DirtySet(self.channels, self.markers, self.users, self.preferences, self.metadata)
        self.channels, self.markers, self.users, self.preferences, self.metadata = (
            set(),
            set(),
            set(),
            set(),
            set(),
        )
        return taken

    def put_back(self, taken: "DirtySet") -> None:
        """Note again what was taken and could not be written."""
        self.channels |= taken.channels
        self.markers |= taken.markers
        self.users |= taken.users
        self.preferences |= taken.preferences
        self.metadata |= taken.metadata

    def __bool__(self) -> bool:
        """Return whether anything is noted."""
        return bool(
            self.channels or self.markers or self.users or self.preferences or self.metadata
        )

    def note_metadata(self, account: int) -> None:
        """Note that an account says something else of itself."""
        self.metadata.add(account)
        self._changed()
