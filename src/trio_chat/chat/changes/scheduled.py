"""Changes of scheduled messages."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.scheduled import ScheduledMessage


@dataclass(frozen=True, slots=True)
class MessageScheduled(Change):
    """A message is to be sent later, unless its owner has as many as there can be.

    Args:
        account: the number of the account of its owner.
        message: the message, without an id and a number, which it gets.
    """

    account: int
    message: ScheduledMessage


@dataclass(frozen=True, slots=True)
class ScheduledMessageMoved(Change):
    """A message is to be sent at another time, if it still waits.

    Args:
        account: see `MessageScheduled`.
        message: its id.
        due: when, in seconds of Unix time.
    """

    account: int
    message: int
    due: int


@dataclass(frozen=True, slots=True)
class ScheduledMessageUnsent(Change):
    """A message that was sent could not be stored: it waits again.

    Args:
        account: see `MessageScheduled`.
        message: the message.
        events: the ids of the events that it was sent as, which nobody has received.
    """

    account: int
    message: ScheduledMessage
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScheduledMessageCancelled(Change):
    """A message is not to be sent.

    Args:
        account: see `MessageScheduled`.
        message: its id.
    """

    account: int
    message: int


@dataclass(frozen=True, slots=True)
class ScheduledMessageDue(Change):
    """A message is to be sent now. A second such change for the same message does nothing.

    Args:
        account: see `MessageScheduled`.
        message: its id.
        time: seconds of Unix time, by which it may be late.
    """

    account: int
    message: int
    time: int
