"""Messages that the server of a bot sends later, by NickServ: they outlast the bot's own end."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trio_chat.irc.message import is_middle

_LINE = re.compile(r"(\d{1,9})\. (\S+) (?:to (\S+)|reminder): (.*)", re.DOTALL | re.ASCII)
_TOTAL = re.compile(r"\d+ of at most \d+ messages wait", re.ASCII)
_DONE = re.compile(r"(\d{1,9})\. (?:Will be sent|Is a reminder)", re.ASCII)


class NotScheduledError(Exception):
    """The server does not send a message later, or does not cancel or list those that it has."""


@dataclass(frozen=True, slots=True)
class ScheduledMessage:
    """A message that the server sends later.

    Args:
        number: for `Bot.cancel_scheduled`.
        time: when.
        target: the channel or the nickname; "" for a reminder of the bot's account.
        text: its text.
    """

    number: int
    time: datetime
    target: str
    text: str


def word_of(when: datetime | timedelta) -> str:
    """Return a time as NickServ takes it.

    Raises:
        ValueError: it has no time zone, or is no time that comes.
    """
    if isinstance(when, timedelta):
        seconds = round(when.total_seconds())
        if seconds < 1:
            raise ValueError("a message is sent after a second at least")
        return f"{seconds}s"
    if when.tzinfo is None:
        raise ValueError("the time needs a time zone, such as datetime.UTC")
    return when.astimezone(UTC).isoformat(timespec="seconds")


def check(target: str, text: str) -> None:
    """Check what is to be sent.

    Raises:
        ValueError: it cannot be one message of one line.
    """
    if not is_middle(target) or not text.strip() or any(sign in text for sign in "\r\n\0"):
        raise ValueError("a message that is sent later has a target, and one line of text")


def number_of(lines: tuple[str, ...]) -> int:
    """Return the number of the message that was accepted.

    Raises:
        NotScheduledError: it was not.
    """
    found = _DONE.match(lines[0]) if lines else None
    if found is None:
        raise NotScheduledError(" ".join(lines) or "The server does not send messages later")
    return int(found[1])


def messages_of(lines: tuple[str, ...]) -> list[ScheduledMessage]:
    """Return the messages of a list.

    Raises:
        NotScheduledError: it is none.
    """
    if not any(map(_TOTAL.match, lines)):
        raise NotScheduledError(" ".join(lines) or "The server does not send messages later")
    return [
        ScheduledMessage(int(found[1]), datetime.fromisoformat(found[2]), found[3] or "", found[4])
        for found in map(_LINE.fullmatch, lines)
        if found is not None
    ]
