"""The steady clock, by which things expire: it does not follow a jump ahead at once.

A system clock that is wrong once must not delete a history, lift bans or end memberships. So after
a jump ahead this clock goes on as if there had been none, until the system clock has been stable
for a while. It follows a clock that is set back at once, because then nothing expires too early.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

TOLERANCE: Final = 600.0
"""Seconds by which the clock may be corrected at once."""
LONG_OFF: Final = 7 * 86_400.0
"""The longest time in seconds that a server is plausibly off."""
SHORT_HOLD: Final = 3600.0
"""Seconds until the clock counts after the server was off for less: enough for the network, and the
time that comes by it.
"""


class ClockState(NamedTuple):
    """The stored state of the steady clock.

    Args:
        base: the time that had passed for certain, in seconds of Unix time.
        seen: the time of the system clock.
        left: seconds until the system clock is trusted; 0 if it is.
    """

    base: float
    seen: float
    left: float = 0.0


class ClockTable(Protocol):
    """The port that stores the state of the steady clock."""

    async def keep(self, kept: ClockState) -> None:
        """Store it."""


class SteadyClock:
    """The clock by which things expire.

    Args:
        clock: returns seconds of Unix time.
        elapsed: returns seconds that never go back, and that go on while the machine sleeps.
        kept: its state when the server ended; None if that is not known.
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
        """Seconds until the system clock is trusted; 0 if it is."""
        self()
        return max(0.0, self._counts_at - self._elapsed())

    def keep(self) -> ClockState:
        """Return the state to be stored."""
        return ClockState(self(), self._clock(), self.left)
