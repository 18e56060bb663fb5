"""Changes of the moderation of the whole server: filters, held messages, reports, raid mode.

`by` is the nickname of the operator that decides, or another name of what acts for one.
"""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.moderation.server import (
    ModerationRow,
    RaidMode,
    ServerFilter,
    ServerHeldMessage,
    ServerReport,
)


@dataclass(frozen=True, slots=True)
class ServerFilterAdded(Change):
    """The server gets a filter; one with the same pattern is replaced."""

    filter: ServerFilter


@dataclass(frozen=True, slots=True)
class ServerFilterRemoved(Change):
    """The server loses the filter with a pattern."""

    pattern: str


@dataclass(frozen=True, slots=True)
class ServerMessageHeld(Change):
    """A message waits for an operator of the server."""

    message: ServerHeldMessage


@dataclass(frozen=True, slots=True)
class ServerHeldMessageReleased(Change):
    """An operator has a held message delivered."""

    number: int
    by: str


@dataclass(frozen=True, slots=True)
class ServerHeldMessagesDropped(Change):
    """Held messages are not delivered."""

    numbers: tuple[int, ...]
    by: str


@dataclass(frozen=True, slots=True)
class ReportedToServer(Change):
    """A user reports another one, or a message; a report of the same is joined."""

    report: ServerReport


@dataclass(frozen=True, slots=True)
class ServerReportsResolved(Change):
    """An operator closes reports; the users that made them hear the note."""

    numbers: tuple[int, ...]
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class ServerRaidModeSet(Change):
    """Raid mode of the server begins or, with `RaidMode()`, ends.

    Args:
        raid: how it is from now on.
        by: the operator that sets it; "" when it ends by itself.
    """

    raid: RaidMode
    by: str


@dataclass(frozen=True, slots=True)
class NewcomerAdmitted(Change):
    """An invitation lets a newcomer into a channel in raid mode."""

    user: str
    channel: str


@dataclass(frozen=True, slots=True)
class ModeratorsNotified(Change):
    """The operators with the right to moderate get a notice."""

    text: str


@dataclass(frozen=True, slots=True)
class ProbationBegun(Change):
    """A new account or address is on probation, or one that is known is seen again.

    Args:
        key: see `rules.sender_key`.
        is_listed: whether a block list has the address.
    """

    key: str
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class ProbationCounted(Change):
    """A message of an account or address on probation is delivered.

    Args:
        key: see `rules.sender_key`.
        is_accepted: whether it counts towards the end of probation: one to a channel in which the
            sender has no rank, and a known user reads it.
    """

    key: str
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class ProbationEnded(Change):
    """An operator vouches for an account or address."""

    key: str


@dataclass(frozen=True, slots=True)
class ServerModerationRead(Change):
    """The moderation of the server is that of the store, but for what has changed and is not stored
    yet.
    """

    rows: tuple[ModerationRow, ...]
