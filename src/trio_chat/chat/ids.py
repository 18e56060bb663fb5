"""One 63-bit integer is a message's identity, its order and its time at once.

Milliseconds since 2020-01-01 in the upper 43 bits, a sequence number in the lower 20. It never goes back, also when the clock
does, so that sorting by id is sorting by acceptance. The text form (13 digits of base 32) is the `msgid` tag.
"""

from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z in milliseconds of Unix time."""
_SEQUENCE_BITS = 20
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: sorts like the number, and no letter reads as a digit


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
    milliseconds = (number >> _SEQUENCE_BITS) + EPOCH_MS
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
