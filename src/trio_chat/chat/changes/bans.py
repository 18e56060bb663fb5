"""Changes of the bans of the server, and of the room on its disk."""

from dataclasses import dataclass

from trio_chat.chat.bans import Ban
from trio_chat.chat.changes.change import Change


@dataclass(frozen=True, slots=True)
class BanSet(Change):
    """The server has a ban, in the place of one of the same mask."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class BanLifted(Change):
    """The server has a ban no longer; a ban is named by its kind and its folded mask."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class BansEnforced(Change):
    """New bans end the sessions that they cover, and remove always-on users."""

    bans: tuple[Ban, ...]


@dataclass(frozen=True, slots=True)
class RoomChanged(Change):
    """The disk of a server has room for others than before.

    Args:
        server: its name in a cluster, or "".
        room: the users for whom there is room, as a number of `quotas.Room`.
    """

    server: str
    room: int


@dataclass(frozen=True, slots=True)
class BansRead(Change):
    """The bans are those of the store, but for bans that have changed and are not stored yet."""

    bans: tuple[Ban, ...]


@dataclass(frozen=True, slots=True)
class BansExpired(Change):
    """The bans that have expired are gone."""
