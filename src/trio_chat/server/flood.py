"""Flood protection: a token bucket for each client, which is first slowed, then disconnected."""

from collections.abc import Callable
from typing import Final

import trio

from trio_chat.config import LimitSettings
from trio_chat.server.peer import is_in
from trio_chat.server.token_bucket import TokenBucket

BYTES_PER_LINE: Final = 1024
"""Received bytes that cost as much as a line, so that empty and endless lines are not free."""
PIECES_PER_LINE: Final = 4
"""Reads, TLS records and WebSocket frames that cost as much as a line, when they do not complete
one each.
"""


def waste(size: int, pieces: int, lines: int) -> float:
    """Return what was received costs beyond its lines, counted in lines.

    Args:
        size: bytes.
        pieces: reads, TLS records or WebSocket frames in which they came.
        lines: what they have completed.
    """
    surplus = size // BYTES_PER_LINE - lines
    return (surplus + 1 if surplus > 0 else 0) + max(0, pieces - lines) / PIECES_PER_LINE


class FloodBudget(TokenBucket):
    """A budget of `burst` lines at once and `rate` lines a second after that; an expensive command
    costs several.

    Args:
        burst: lines.
        rate: lines a second.
        limit: delayed lines in a row after which the client is ended; 0 for no limit.
        clock: returns seconds that never go back.
    """

    __slots__ = ("_clock", "_limit", "_slowed")

    def __init__(self, burst: int, rate: float, limit: int, clock: Callable[[], float]) -> None:
        super().__init__(burst, rate, clock())
        self._limit = limit
        self._clock = clock
        self._slowed = 0.0

    @property
    def is_exhausted(self) -> bool:
        """Whether too many lines in a row had to be delayed."""
        return 0 < self._limit < self._slowed

    def take(self, lines: float = 1.0) -> float:
        """Spend one line, or as much as so many; return how many seconds to wait before it may be
        carried out.
        """
        self.refill(self._clock())
        self.tokens -= lines
        if self.tokens >= 0:
            self._slowed = 0.0
            return 0.0
        self._slowed += lines
        return -self.tokens / self.rate

    def spend(self, lines: float) -> None:
        """Spend more, after the fact: the next line waits for it."""
        self.tokens -= lines


def budget_for(host: str, limits: LimitSettings) -> FloodBudget | None:
    """Return a budget for a client at an address; None if it needs none."""
    if is_in(host, limits.flood_exempt):
        return None
    return FloodBudget(limits.flood_burst, limits.flood_rate, limits.flood_limit, trio.current_time)
