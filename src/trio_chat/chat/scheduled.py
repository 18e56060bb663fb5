"""Scheduled messages of accounts, and reminders, which are messages to oneself.

They are state of the world: they outlast a restart, and in a cluster all nodes have them. The
server finds out which are due, and `chat.apply.scheduled` carries them out.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from trio_chat.chat import durations
from trio_chat.irc.names import is_channel_name
from trio_chat.irc.text import ACTION

MOST: Final = 50
"""Scheduled messages of one account."""
MOST_AT_ONCE: Final = 5
"""Those of one account within a minute, so that they are no flood."""
LONGEST: Final = 366 * 86_400
"""Seconds that a message can wait."""
LATE: Final = 3600
"""Seconds after which a message says that it is late."""
TAG: Final = "trio-chat/scheduled"
"""The tag of such a message, which only the server sets; its value is when it was due."""
_MOST_NOTICES: Final = 20
_LEAST_VALUES: Final = 8
"""Values of a message that are always written."""
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)


class ScheduledMessage(NamedTuple):
    """A message that is sent later.

    Args:
        id: its identity; 0 before it is accepted.
        number: its name for its owner.
        due: when it is sent, in seconds of Unix time.
        target: the name of a channel or a nickname, as it was written; "" for a reminder.
        place: `Channel.founded` of the channel, or the number of the account that receives it.
        text: its text, of one line.
        username: that of its owner, for a time when the owner is not here.
        host: likewise.
        realname: likewise.
        is_outside: whether its owner was not in the channel when it was last here.
    """

    id: int
    number: int
    due: int
    target: str
    place: int
    text: str
    username: str = ""
    host: str = ""
    realname: str = ""
    is_outside: bool = False

    @property
    def is_reminder(self) -> bool:
        """Whether it is for its owner."""
        return not self.target

    @property
    def is_private(self) -> bool:
        """Whether it is for a user, its owner or another one."""
        return not is_channel_name(self.target)

    def to_list(self) -> list[Any]:
        """Return it as plain data, without what later releases have added and is empty."""
        values: list[Any] = list(self)
        while len(values) > _LEAST_VALUES and not values[-1]:
            values.pop()
        return values


class KeptNotice(NamedTuple):
    """What the owner of a scheduled message has not been sent yet: the id by which the history has
    it, and its text.
    """

    id: int
    text: str


class ScheduledMessages:
    """The scheduled messages of all accounts, and what their owners have not been sent of them."""

    def __init__(self) -> None:
        self._messages: dict[int, dict[int, ScheduledMessage]] = {}
        self._notices: dict[int, list[KeptNotice]] = {}
        self._last: dict[int, int] = {}

    def __iter__(self) -> Iterator[tuple[int, ScheduledMessage]]:
        """Give all messages, each with the number of its account."""
        return (
            (account, message)
            for account, messages in self._messages.items()
            for message in messages.values()
        )

    def of(self, account: int) -> list[ScheduledMessage]:
        """Return the messages of an account, the next one first."""
        return sorted(self._messages.get(account, {}).values(), key=lambda one: (one.due, one.id))

    def get(self, account: int, number: int) -> ScheduledMessage | None:
        """Return the message of an account with an id."""
        return self._messages.get(account, {}).get(number)

    def next_number(self, account: int) -> int:
        """Return the number for another message of an account. No number is given again: its owner
        could cancel another message than the one of which it reads.
        """
        return self._last.get(account, 0) + 1

    def next_due(self) -> int | None:
        """Return when the next message is due; None when there is none."""
        return min((message.due for _, message in self), default=None)

    def due(self, now: float) -> list[tuple[int, ScheduledMessage]]:
        """Return the messages that are due, in order, each with the number of its account."""
        found = [(account, message) for account, message in self if message.due <= now]
        return sorted(found, key=lambda one: (one[1].due, one[1].id))

    def put(self, account: int, message: ScheduledMessage) -> None:
        """Have a message."""
        self._messages.setdefault(account, {})[message.id] = message
        self._last[account] = max(self._last.get(account, 0), message.number)

    def wait_for(self, account: int, place: int) -> bool:
        """Return whether messages of an account are for a channel, by `Channel.founded`."""
        messages = self._messages.get(account, {})
        return any(one.place == place and not one.is_private for one in messages.values())

    def set_outside(self, account: int, place: int, *, is_outside: bool) -> None:
        """Note that the owner of messages for a channel has left or joined it."""
        messages = self._messages.get(account, {})
        for number, one in messages.items():
            if one.place == place and not one.is_private:
                messages[number] = one._replace(is_outside=is_outside)

    def discard(self, account: int, number: int) -> bool:
        """Have a message no longer; return whether there was one."""
        messages = self._messages.get(account, {})
        was_there = messages.pop(number, None) is not None
        if not messages:
            self._messages.pop(account, None)
        return was_there

    def notices(self, account: int) -> list[KeptNotice]:
        """Return what an account has not been sent, the oldest first."""
        return self._notices.get(account, [])

    def keep_notice(self, account: int, notice: KeptNotice) -> None:
        """Keep a notice until the owner is here."""
        self._notices[account] = [*self.notices(account), notice][-_MOST_NOTICES:]

    def drop_notice(self, account: int, number: int) -> None:
        """Do not keep a notice, as it is not in the history."""
        left = [notice for notice in self._notices.pop(account, []) if notice.id != number]
        if left:
            self._notices[account] = left

    def forget_notices(self, account: int, last: int) -> bool:
        """Forget the notices up to an id; return whether there were any."""
        before = self._notices.pop(account, [])
        if left := [notice for notice in before if notice.id > last]:
            self._notices[account] = left
        return len(left) < len(before)

    def forget(self, account: int) -> None:
        """Forget everything of an account."""
        self._messages.pop(account, None)
        self._notices.pop(account, None)
        self._last.pop(account, None)

    def to_state(self, account: int) -> dict[str, Any]:
        """Return what an account has as plain data; nothing when it has nothing."""
        messages = [one.to_list() for one in self._messages.get(account, {}).values()]
        notices = [list(one) for one in self.notices(account)]
        state = {"messages": messages, "notices": notices, "last": self._last.get(account, 0)}
        return state if any(state.values()) else {}

    def restore(self, account: int, state: dict[str, Any]) -> None:
        """Have what `to_state` returned."""
        for one in state.get("messages", ()):
            self.put(account, ScheduledMessage(*one))
        if notices := state.get("notices"):
            self._notices[account] = [KeptNotice(*one) for one in notices]
        if last := state.get("last", 0):
            self._last[account] = max(self._last.get(account, 0), last)

    def accounts(self) -> list[int]:
        """Return the numbers of the accounts that have something."""
        return sorted(self._messages.keys() | self._notices.keys() | self._last.keys())


def as_sent(text: str, suffix: str = "") -> str:
    """Return a text as it is sent: `/me waves` is an action, as where users type their messages.

    Args:
        text: the text.
        suffix: what is to be read behind it.
    """
    if text[:4].lower() == "/me ":
        text = f"{ACTION}{text[4:].strip()}\x01"
    if text.startswith(ACTION) and text.endswith("\x01"):
        return f"{text[:-1]}{suffix}\x01"
    return f"{text}{suffix}"


def parse_time(word: str, now: float) -> datetime | None:
    """Return a time; None when the word is none.

    Args:
        word: a duration from now, such as `20m`, or a time of ISO 8601, such as
            `2026-12-01T09:00Z`; one without a time zone is of UTC.
        now: seconds of Unix time.
    """
    match = _TIME.fullmatch(word.upper())
    if match is None:
        seconds = durations.parse(word)
        return datetime.fromtimestamp(int(now) + seconds, UTC) if seconds else None
    day, time, zone = match.groups(default="+00:00")
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{zone}")
        return moment if moment.timestamp() > 0 else None
    except (ValueError, OverflowError):
        return None


def parse_offset(word: str) -> tzinfo | None:
    """Return the time zone with an offset such as `+03:00`; None when the word is none."""
    moment = parse_time(f"2000-01-02T00:00{word}", 0.0)
    return moment.tzinfo if moment is not None else None


def parse_zones(words: Sequence[str]) -> list[tuple[int, tzinfo]]:
    """Return the time zones of a place with the seconds of Unix time at which each begins.

    Args:
        words: the offset that is first in force, such as `+01:00`, and times of ISO 8601 from which
            their own offset is, such as `2027-03-28T03:00+02:00`. What is none is left out.
    """
    first = parse_offset(words[0]) if words else None
    zones = [(0, first or UTC)]
    for word in words[1:] if first is not None else ():
        moment = parse_time(word, 0.0)
        if moment is not None and moment.tzinfo is not None:
            zones.append((int(moment.timestamp()), moment.tzinfo))
    return sorted(zones, key=lambda zone: zone[0])


def zone_at(zones: Sequence[tuple[int, tzinfo]], due: int) -> tzinfo:
    """Return the one of these time zones that is in force at a time."""
    return [zone for begin, zone in zones if begin <= due][-1]


def iso_time(due: int, zone: tzinfo = UTC) -> str:
    """Return a time as a list shows it, and as `parse_time` takes it."""
    text = datetime.fromtimestamp(due, zone).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def shown_time(due: int, zone: tzinfo = UTC) -> str:
    """Return a time as a sentence has it."""
    moment = datetime.fromtimestamp(due, zone)
    offset = moment.isoformat()[-6:]
    return f"{moment:%Y-%m-%d %H:%M} {'UTC' if offset == '+00:00' else offset}"
