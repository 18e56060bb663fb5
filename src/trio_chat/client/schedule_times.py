"""Times at which a message is to be sent, as users type them: in the time zone of this machine.

The page has the same in `schedule_times.js`; both are tested by `tests/schedule_times.json`.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

_DURATION = re.compile(r"(?:[0-9]{1,5}[smhdw])+", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_DAY = 86_400
_DAYS = 367
"""Days after which a message is sent at the latest, and one."""
_MOST_OFFSETS = 12
"""So that they have room in one line."""
_DAYS_AHEAD = {"today": 0, "сегодня": 0, "tomorrow": 1, "завтра": 1}


def split_time(text: str, now: datetime) -> tuple[str, str] | None:
    """Return the time that a text begins with, as NickServ takes it, and the text behind it; None
    if it begins with none.

    Args:
        text: begins with a duration (`20m`, `2h30m`), a time of the next 24 hours (`17:00`), one of
            a day (`today 17:00`, `tomorrow 9:00`, `2030-01-31 9:00`), or one of ISO 8601.
        now: the time on this machine, with its zone.
    """
    first, _, rest = text.partition(" ")
    if _DURATION.fullmatch(first):
        return first, rest
    try:
        if (clock := _clock(first)) is not None:
            moment = _local(now.date(), clock)
            return _iso(moment if moment > now else _local(now.date(), clock, days=1)), rest
        if (day := _day(first, now.date())) is not None:
            second, _, rest = rest.partition(" ")
            clock = _clock(second)
            return None if clock is None else (_iso(_local(day, clock)), rest)
        if _ISO.fullmatch(first.upper()):
            moment = datetime.fromisoformat(first.upper())
            return _iso(moment if moment.tzinfo is not None else _here(moment)), rest
    except (ValueError, OverflowError):  # such as 25:00
        pass
    return None


def offsets(now: datetime) -> list[str]:
    """Return the offset of this machine, and the times of the year to come from which it has
    another one, as `AT LIST` of NickServ takes them.

    Args:
        now: the time on this machine, with its zone.
    """
    found, before = [now.isoformat()[-6:]], int(now.timestamp())
    for day in range(1, _DAYS + 1):
        after = int(now.timestamp()) + day * _DAY
        if _offset(after) != _offset(before):
            found.append(_iso(_moment(_change(before, after))))
        before = after
    return found[:_MOST_OFFSETS]


def _change(before: int, after: int) -> int:
    """Return when the offset of this machine changes between two times."""
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle) == _offset(before):
            before = middle
        else:
            after = middle
    return after


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone()


def _offset(seconds: int) -> timedelta | None:
    return _moment(seconds).utcoffset()


def _clock(word: str) -> time | None:
    match = _CLOCK.fullmatch(word)
    return time(int(match[1]), int(match[2])) if match is not None else None


def _day(word: str, today: date) -> date | None:
    if (ahead := _DAYS_AHEAD.get(word.lower())) is not None:
        return today + timedelta(days=ahead)
    return date.fromisoformat(word) if _DATE.fullmatch(word) else None


def _local(day: date, clock: time, *, days: int = 0) -> datetime:
    return _here(datetime.combine(day + timedelta(days=days), clock))


def _here(moment: datetime) -> datetime:
    """Return a moment with the offset of that day, as summer time may begin or end until then. A
    time that a clock skips then is the one by the clock of before, and not an hour too early.
    """
    local = moment.astimezone()
    is_skipped = local.replace(tzinfo=None) != moment
    # Before Python 3.13, both values of `fold` are taken for each other there (PEP 495).
    return max(local, moment.replace(fold=1).astimezone()) if is_skipped else local


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
