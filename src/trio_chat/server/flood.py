"""How fast one client may talk: a token bucket, with the clock passed in."""

from collections.abc import Callable


class FloodBudget:
    """Lets a client say `burst` lines at once and `rate` lines a second after that.

    Args:
        burst: lines.
        rate: lines a second.
        clock: returns seconds that never go back.
    """

    def __init__(self, burst: int, rate: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._tokens = float(burst)
        self._updated = clock()

    def take(self) -> float:
        """Spend one line; return how many seconds to wait before it may be carried out."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate) - 1
        self._updated = now
        return max(0.0, -self._tokens / self._rate)
