"""The history as text: lines as irssi writes them, in UTC, with a line for each new day.

`trio-chat import irc --timezone UTC` reads them.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from trio_chat.chat import multiline
from trio_chat.chat.history import MESSAGES, Record
from trio_chat.chat.ids import seconds
from trio_chat.irc import tag_names
from trio_chat.irc.text import ACTION, clean

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment_of(record: Record) -> datetime:
    """Return the time of a record."""
    return datetime.fromtimestamp(seconds(record.id, record.shift), UTC)


def nick_of(record: Record) -> str:
    """Return the nickname of the author of a record, as it can be shown."""
    return clean(record.source.partition("!")[0])


def lines(records: Iterable[Record], *, with_channel: bool = False) -> Iterator[str]:
    """Yield the lines for records, each with its LF.

    Args:
        records: messages and reactions, in order.
        with_channel: whether each message has its channel before the text, because there are
            several.
    """
    last: date | None = None
    for record in records:
        moment = moment_of(record)
        if moment.date() != last:
            yield _day(moment.date(), is_first=last is None)
            last = moment.date()
        where = f"{clean(record.buffer)}: " if with_channel else ""
        for line in _lines_of(record, where):
            yield f"{moment:%H:%M:%S} {line}\n"


def _day(day: date, *, is_first: bool) -> str:
    shown = f"{_DAYS[day.weekday()]} {_MONTHS[day.month - 1]} {day.day:02}"
    if is_first:
        return f"--- Log opened {shown} 00:00:00 {day.year:04}\n"
    return f"--- Day changed {shown} {day.year:04}\n"


def flat(text: str) -> str:
    """Return a text with spaces for its tabs: pasted code has them, and `clean` shows them as
    control characters.
    """
    return text.replace("\t", "    ")


def joined(text: str) -> str:
    """Return a text whose lines are whole: none of them continues the one before it."""
    return text.replace("\n\r", "")


def _lines_of(record: Record, where: str) -> Iterator[str]:
    nick = nick_of(record)
    if record.command not in MESSAGES:
        if reaction := record.tags.get(tag_names.REACT, ""):
            yield f"-!- {where}{nick} reacts with {clean(reaction)}"
        elif reaction := record.tags.get(tag_names.UNREACT, ""):
            yield f"-!- {where}{nick} takes {clean(reaction)} back"
        return
    for text in texts_of(record):
        if text.startswith(ACTION):
            yield f" * {nick} {where}{clean(action_of(text))}"
        elif record.command == "NOTICE":
            yield f"-{nick}- {where}{clean(text)}"
        else:
            yield f"<{nick}> {where}{clean(text)}"


def texts_of(record: Record) -> list[str]:
    """Return the lines of a message as their reader saw them: a line that was too long to be sent
    as one is whole again, and an action of several lines is one.
    """
    text = flat(record.text)
    is_action = text.startswith(ACTION) and "\x01" not in text[1:-1]
    return [multiline.flatten(text)] if is_action else joined(text).split("\n")


def action_of(text: str) -> str:
    """Return the words of an action."""
    return text.removeprefix(ACTION).removesuffix("\x01")
