"""One 63-bit integer is a message's identity, its order and its time at once.

Milliseconds since 2020-01-01 in the upper 43 bits, a sequence number in the lower 20. It never goes back, also when the clock
does, so that sorting by id is sorting by acceptance. The text form (13 digits of base 32) is the `msgid` tag.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

EPOCH_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z in milliseconds of Unix time."""
_SEQUENCE_BITS = 20
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: sorts like the number, and no letter reads as a digit
_MSGID = re.compile(f"[0-7][{_ALPHABET}]{{12}}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class IdSource:
    """Gives out ids.

    Args:
        clock: returns seconds of Unix time.
        last: the greatest id given out before; new ones are greater.
    """

    def __init__(self, clock: Callable[[], float], last: int = 0) -> None:
        self._clock = clock
        self._last = last

    def next(self) -> int:
        """Return an id greater than every one before."""
        now = (int(self._clock() * 1000) - EPOCH_MS) << _SEQUENCE_BITS
        self._last = max(now, self._last + 1)
        return self._last


def msgid(number: int) -> str:
    """Return the text of an id (IRCv3 message-ids: opaque, case-sensitive, no spaces)."""
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def server_time(number: int) -> str:
    """Return the time of an id as the `time` tag writes it (IRCv3 server-time: `YYYY-MM-DDThh:mm:ss.sssZ`)."""
    whole, milliseconds = divmod((number >> _SEQUENCE_BITS) + EPOCH_MS, 1000)
    return f"{_second(whole)}.{milliseconds:03d}Z"


def readable_time(number: int) -> str:
    """Return the time of an id for people to read, with its zone: `2026-01-31 12:00 UTC`."""
    return f"{server_time(number)[:16].replace('T', ' ')} UTC"


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def parse_msgid(text: str) -> int | None:
    """Return the id of a text that `msgid` could have returned, or None."""
    if not _MSGID.fullmatch(text):
        return None
    number = 0
    for char in text:
        number = number << 5 | _ALPHABET.index(char)
    return number


def parse_time(text: str) -> tuple[int, int] | None:
    """Return the first and the last id that a moment, written as `server_time` writes it, could have; or None."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        return None
    milliseconds = int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000 - EPOCH_MS
    return max(0, milliseconds << _SEQUENCE_BITS), max(0, (milliseconds + 1 << _SEQUENCE_BITS) - 1)


def seconds(number: int) -> float:
    """Return the moment of an id, in seconds of Unix time."""
    return ((number >> _SEQUENCE_BITS) + EPOCH_MS) / 1000


def first_id(seconds: float) -> int:
    """Return the smallest id that a moment, in seconds of Unix time, could have."""
    return max(0, (int(seconds * 1000) - EPOCH_MS) << _SEQUENCE_BITS)
