"""Ids: the 63-bit integers that identify, order and date messages and events.

The upper 43 bits are milliseconds since 2020-01-01, the lower 20 a sequence number. Ids never
decrease, even if the clock does, so the order of ids is the order of acceptance. The text form (13
digits of base 32) is the `msgid` tag.

If the clock is set back, new ids are ahead of it by the **shift**, in milliseconds. It is stored
with each message, so that the time of a message is that of the clock. A change of the shift is a
step of the `Timeline`.
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any, Final

from trio_chat.chat import durations
from trio_chat.chat.timeline import SEQUENCE_BITS, ClockStep, Timeline

log = logging.getLogger("trio_chat")

EPOCH_MS: Final = 1_577_836_800_000
"""2020-01-01T00:00:00Z in milliseconds of Unix time."""
_LAST_MS: Final = 5_680_281_600_000
"""2150-01-01, in milliseconds since 2020: a later clock is read as this, so that ids never run
out.
"""
GREATEST: Final = (_LAST_MS << SEQUENCE_BITS) + (1 << 40)
"""The greatest id: 2**40 more than the first one of 2150."""
SLACK_MS: Final = 1000
"""The milliseconds by which ids may be ahead of the clock without a step: small corrections of the
clock and bursts of messages cause no step.
"""
_HALF: Final = 1 << (SEQUENCE_BITS - 1)
# Crockford's: sorts like the number, and no letter reads as a digit
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_MSGID: Final = re.compile(f"[0-7][{_ALPHABET}]{{12}}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class IdSource:
    """A source of ids.

    Args:
        clock: returns seconds of Unix time.
        last: the greatest id before the start; new ids are greater.
        timeline: the steps of the clock so far.

    Attributes:
        stored: the latest id that was given to something that is to be stored; 0 for none since the
            start.
        shift: the milliseconds by which the latest id is ahead of its time.
        timeline: the steps of the clock, those since the start included.
    """

    def __init__(
        self, clock: Callable[[], float], last: int = 0, timeline: Timeline | None = None
    ) -> None:
        self._clock = clock
        self._last = last
        self._taken = 0
        self.stored = 0
        self._own = count()
        self.timeline = Timeline() if timeline is None else timeline
        self.shift = self.timeline.shift

    def next(self, *, alone: bool = False) -> int:
        """Return an id greater than every one before.

        Args:
            alone: whether to share its millisecond with no other such id, so that timestamps
                distinguish stored messages. With more than a thousand a second some share one.
        """
        moment = int(self._clock() * 1000) - EPOCH_MS
        if self.shift or not (self._last >> SEQUENCE_BITS) - SLACK_MS <= moment <= _LAST_MS:
            moment = self._reckon(min(moment, _LAST_MS), self._last >> SEQUENCE_BITS)
        if alone:
            if moment > self._taken:
                self._taken = moment
            elif self._taken < moment + SLACK_MS:
                self._taken = moment = self._taken + 1
        number = moment << SEQUENCE_BITS
        self._last = number if number > self._last else self._last + 1
        if alone:
            self.stored = self._last
        return self._last

    def now(self) -> int:
        """Return an id for what has a time but no identity, such as a reply; it is not taken.

        So a server that sends fewer replies than another one gives the same ids to the same
        messages. Its time is not before that of the latest id unless the clock was set back.
        """
        moment = min(int(self._clock() * 1000) - EPOCH_MS, _LAST_MS) + self.shift
        last = self._last >> SEQUENCE_BITS
        return (last if moment < last <= moment + SLACK_MS else moment) << SEQUENCE_BITS

    def to_state(self) -> list[Any]:
        """Return all that further ids depend on besides the clock."""
        return [self._last, self._taken, self.timeline.steps()]

    def restore(self, state: list[Any]) -> None:
        """Go on from what `to_state` returned."""
        self._last, self._taken, steps = state
        self.timeline = Timeline(ClockStep(*step) for step in steps)
        self.shift = self.timeline.shift

    def own(self) -> int:
        """Return an id for what has an identity, but is no matter of the state, such as the echo of
        a password for a service. It is in the upper half of its millisecond, where no other id is.
        """
        return self.now() + _HALF + next(self._own) % _HALF

    @property
    def latest(self) -> int:
        """The greatest id so far."""
        return self._last

    def _reckon(self, now: int, last: int) -> int:
        """Return the milliseconds of the next id where the clock was set back, and where that no
        longer matters.
        """
        if now + self.shift < last - SLACK_MS:
            shift = last + 1 - now
        elif now >= last:  # the clock has caught up
            shift = 0
        else:
            return now + self.shift
        if shift != self.shift:
            # A new log of a cluster has no time before its first entry.
            if shift > self.shift and now > -EPOCH_MS:
                log.warning(
                    "the clock is %s behind what was said last: new messages have its time all"
                    " the same",
                    durations.show((last + 1 - self.shift - now) / 1000),
                )
            self.shift = shift
            self.timeline.step(max(now + shift << SEQUENCE_BITS, self._last + 1), shift)
        return now + shift


def msgid(number: int) -> str:
    """Return the text of an id (IRCv3 message-ids: opaque, case-sensitive, no spaces)."""
    pairs = _PAIRS
    return (
        f"{_ALPHABET[number >> 60 & 31]}{pairs[number >> 50 & 1023]}{pairs[number >> 40 & 1023]}"
        f"{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}"
        f"{pairs[number & 1023]}"
    )


def server_time(number: int, shift: int = 0) -> str:
    """Return the time of an id as the `time` tag writes it (IRCv3 server-time:
    `YYYY-MM-DDThh:mm:ss.sssZ`).

    Args:
        number: the id.
        shift: by how many milliseconds it is ahead of its time.
    """
    whole, rest = divmod((number >> SEQUENCE_BITS) - shift + EPOCH_MS, 1000)
    return f"{_second(whole)}.{rest:03d}Z"


def readable_time(number: int, shift: int = 0) -> str:
    """Return the time of an id for people to read, with its zone: `2026-01-31 12:00 UTC`; for the
    shift see `server_time`.
    """
    return f"{server_time(number, shift)[:16].replace('T', ' ')} UTC"


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
    return number if number <= GREATEST else None


def parse_time(text: str) -> int | None:
    """Return the milliseconds since 2020 of a moment written as `server_time` writes it; None when
    it is not written so.
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        return None
    return (
        int(moment.replace(microsecond=0).timestamp()) * 1000
        + moment.microsecond // 1000
        - EPOCH_MS
    )


def seconds(number: int, shift: int = 0) -> float:
    """Return the moment of an id, in seconds of Unix time; for the shift see `server_time`."""
    return ((number >> SEQUENCE_BITS) - shift + EPOCH_MS) / 1000


def milliseconds(seconds: float) -> int:
    """Return the milliseconds since 2020 of a moment in seconds of Unix time."""
    return int(seconds * 1000) - EPOCH_MS


def first_id(seconds: float) -> int:
    """Return the smallest id that a moment, in seconds of Unix time, could have where the clock was
    never set back. After the last moment that ids have, it is the greatest id.
    """
    return min(max(0, milliseconds(seconds) << SEQUENCE_BITS), GREATEST)
