"""The moderation of one channel as state: its slow mode, filters and held messages."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trio_chat.chat.moderation.filters import Filter

MOST_HELD = 50
"""Held messages of one channel."""
MOST_HELD_OF_SENDER = 5
MOST_REPORTS = 100
"""Open reports of one channel."""
MOST_REPORTS_OF_SENDER = 5
RAID_SLOW = 10
"""Seconds of slow mode that raid mode brings."""
_MOST_SPOKEN = 1000
"""Senders whose last message is noted, before those that may speak again are forgotten."""


class HeldMessage(NamedTuple):
    """A message that waits for an operator of its channel.

    Args:
        number: the number by which operators name it; it is not used again.
        time: when it was sent, in seconds of Unix time.
        source: its sender, `nick!user@host`.
        account: the number of the account of its sender; 0 for none.
        sender: identifies its sender, see `rules.sender_key`.
        command: PRIVMSG or NOTICE.
        text: its text.
        tags: its client-only tags.
        pattern: of the filter that holds it.
        is_bot: whether its sender is a bot.
    """

    number: int
    time: int
    source: str
    account: int
    sender: str
    command: str
    text: str
    tags: tuple[tuple[str, str], ...]
    pattern: str
    is_bot: bool = False


class Report(NamedTuple):
    """A report of a message to the operators of its channel.

    Args:
        number: the number by which operators name it; it is not used again.
        time: when it was made, in seconds of Unix time.
        by: the nickname of the user that made it.
        account: the number of the account of that user; 0 for none.
        sender: identifies that user, see `rules.sender_key`.
        message: the id of the message; its text stays in the history alone.
        reason: what the user says, or "".
    """

    number: int
    time: int
    by: str
    account: int
    sender: str
    message: int
    reason: str


class ChannelModeration:
    """The moderation of one channel.

    Attributes:
        slow: the seconds between two messages of a member without a rank; 0 for none.
        filters: in the order in which they were added.
        held: the held messages, the oldest first.
        raid_until: when raid mode ends, in seconds of `World.steady`; 0 if it has not been on.
        reports: the open reports, the oldest first.
        last_number: the number of the last held message or report.
        spoke: when a sender has last spoken in slow mode, in seconds of `World.elapsed`.
    """

    __slots__ = ("filters", "held", "last_number", "raid_until", "reports", "slow", "spoke")

    def __init__(self) -> None:
        self.slow = 0
        self.filters: tuple[Filter, ...] = ()
        self.held: tuple[HeldMessage, ...] = ()
        self.last_number = 0
        self.raid_until = 0
        self.reports: tuple[Report, ...] = ()
        self.spoke: dict[str, float] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that has to be remembered."""
        return not (self.slow or self.filters or self.held or self.last_number or self.raid_until)

    def seconds_to_wait(self, sender: str, now: float, slow: int) -> float:
        """Return how long a sender has to wait in slow mode of so many seconds; at most 0 if it may
        speak.
        """
        return self.spoke[sender] + slow - now if sender in self.spoke else 0

    def forget_account(self, account: int) -> None:
        """Forget the held messages and the reports of an account that is deleted."""
        self.held = tuple(each for each in self.held if each.account != account)
        self.reports = tuple(each for each in self.reports if each.account != account)

    def mentions_account(self, account: int) -> bool:
        """Return whether there are held messages or reports of an account."""
        return any(each.account == account for each in self.held) or any(
            each.account == account for each in self.reports
        )

    def note_spoken(self, sender: str, now: float) -> None:
        """Note that a sender speaks now."""
        self.spoke[sender] = now
        if len(self.spoke) > _MOST_SPOKEN:
            slow = max(self.slow, RAID_SLOW)
            self.spoke = {key: time for key, time in self.spoke.items() if time + slow > now}

    def to_state(self) -> dict[str, Any]:
        """Return what persists, as plain data."""
        return {
            "slow": self.slow,
            "filters": [list(each) for each in self.filters],
            "held": [held_to_state(each) for each in self.held],
            "last number": self.last_number,
            "raid": self.raid_until,
            "reports": [list(each) for each in self.reports],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ChannelModeration":
        """Return the moderation that `to_state` wrote."""
        moderation = cls()
        moderation.slow = state["slow"]
        moderation.filters = tuple(Filter(*each) for each in state["filters"])
        moderation.held = tuple(held_from_state(each) for each in state["held"])
        moderation.last_number = state["last number"]
        moderation.raid_until = state["raid"]
        moderation.reports = tuple(Report(*each) for each in state.get("reports", ()))
        return moderation


def held_to_state(held: HeldMessage) -> list[Any]:
    """Return a held message as plain data."""
    return [*held[:7], [list(tag) for tag in held.tags], *held[8:]]


def held_from_state(values: Sequence[Any]) -> HeldMessage:
    """Return the held message that `held_to_state` wrote."""
    tags = tuple((name, value) for name, value in values[7])
    return HeldMessage._make((*values[:7], tags, *values[8:]))
