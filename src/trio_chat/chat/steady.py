"""Time that has passed for certain: the clock by which things expire, which does not follow a jump
ahead at once.

A clock that is wrong once must not delete a history, lift bans or end memberships. So after a jump
ahead this one goes on as if there had been none, until the system's clock has stayed where it is
for a while. It follows a clock that is set back at once, because with that nothing expires too
early.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

TOLERANCE = 600.0
"""Seconds by which the clock may be corrected at once."""
LONG_OFF = 7 * 86_400.0
"""Seconds for which a server may plausibly have been off."""
SHORT_HOLD = 3600.0
"""Seconds until the clock counts after the server was off for less: enough for the network, and the
time that comes by it.
"""


class ClockState(NamedTuple):
    """What lasts of it.

    Args:
        base: the time that had passed for certain, in seconds of Unix time.
        seen: what the system's clock said.
        left: seconds until that would have counted; 0 when it did.
    """

    base: float
    seen: float
    left: float = 0.0


class ClockTable(Protocol):
    """Where it is noted how the steady clock stands."""

    async def keep(self, kept: ClockState) -> None:
        """Note it."""


class SteadyClock:
    """The clock by which things expire.

    Args:
        clock: returns seconds of Unix time.
        elapsed: returns seconds that never go back, and that go on while the machine sleeps.
        kept: how it stood when the server ended; None when that is not known.
        hold: seconds for which the clock must stay as it is after a jump ahead; 0 to follow at
            once.

    Attributes:
        put_right: how often the system's clock was ahead for a while and came back before it
            counted.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
        kept: ClockState | None = None,
        hold: float = 0.0,
    ) -> None:
        self._clock = clock
        self._elapsed = elapsed
        self._hold = hold
        now = clock()
        self._base = kept.base if kept is not None else now
        self._since = elapsed()
        off = now - kept.seen if kept is not None else 0.0
        needed = hold if off > LONG_OFF else min(hold, SHORT_HOLD) if off > TOLERANCE else 0.0
        self._counts_at = self._since + max(needed, kept.left if kept is not None else 0.0)
        self._ahead = now - self._base  # at the last jump
        self.put_right = 0
        if kept is not None and kept.left and self._ahead <= TOLERANCE:
            self.put_right += 1

    def __call__(self) -> float:
        """Return seconds of Unix time."""
        now, elapsed = self._clock(), self._elapsed()
        certain = self._base + elapsed - self._since
        ahead = now - certain
        if ahead > TOLERANCE:
            if abs(ahead - self._ahead) > TOLERANCE:
                self._ahead, self._counts_at = ahead, elapsed + self._hold
            if elapsed < self._counts_at:
                return certain
        elif elapsed < self._counts_at:
            self.put_right += 1
        self._base, self._since, self._ahead, self._counts_at = now, elapsed, 0.0, elapsed
        return now

    @property
    def left(self) -> float:
        """Seconds until the system's clock counts; 0 when it does."""
        self()
        return max(0.0, self._counts_at - self._elapsed())

    def keep(self) -> ClockState:
        """Return what lasts of it."""
        return ClockState(self(), self._clock(), self.left)
