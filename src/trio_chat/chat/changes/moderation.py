"""Changes of the moderation of a channel: its filters, held messages, and slow mode."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.moderation.filters import Filter
from trio_chat.chat.moderation.state import HeldMessage, Report


@dataclass(frozen=True, slots=True)
class SpokenInSlowMode(Change):
    """A sender (`moderation.rules.sender_key`) speaks in a channel that is in slow mode."""

    channel: str
    sender: str


@dataclass(frozen=True, slots=True)
class FilterAdded(Change):
    """A channel gets a filter; one with the same pattern is replaced."""

    channel: str
    filter: Filter


@dataclass(frozen=True, slots=True)
class FilterRemoved(Change):
    """A channel loses the filter with a pattern."""

    channel: str
    pattern: str


@dataclass(frozen=True, slots=True)
class RaidModeSet(Change):
    """A channel is in raid mode until a time in seconds of `World.steady`; 0 ends it."""

    channel: str
    until: int


@dataclass(frozen=True, slots=True)
class MessageHeld(Change):
    """A message waits for an operator of its channel; see `HeldMessage`."""

    channel: str
    message: HeldMessage


@dataclass(frozen=True, slots=True)
class HeldMessageReleased(Change):
    """A held message is delivered.

    Args:
        channel: the folded name.
        number: of the message.
        by: the folded nickname of the operator, or a name that is none, such as that of a token.
    """

    channel: str
    number: int
    by: str


@dataclass(frozen=True, slots=True)
class HeldMessagesDropped(Change):
    """Held messages are not delivered; see `HeldMessageReleased`."""

    channel: str
    numbers: tuple[int, ...]
    by: str


@dataclass(frozen=True, slots=True)
class MessageReported(Change):
    """A member reports a message to the operators of its channel.

    Args:
        channel: the folded name.
        report: the report.
        shown: the message as operators that are there see it now.
    """

    channel: str
    report: Report
    shown: str


@dataclass(frozen=True, slots=True)
class ReportsClosed(Change):
    """Reports are closed; see `HeldMessageReleased`."""

    channel: str
    numbers: tuple[int, ...]
    by: str
