"""Counts of attempts in windows of time, such as wrong passwords, in a bounded table."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

_MOST_KEYS: Final = 16_384
"""Keys that are counted; the one that was counted longest ago is dropped for a new one."""


class Attempts:
    """Counts by key in windows of time, each of which begins with the first attempt.

    Args:
        window: seconds.
        clock: returns seconds that never go back.
        most_keys: keys that are remembered.
    """

    def __init__(
        self, window: float, clock: Callable[[], float], most_keys: int = _MOST_KEYS
    ) -> None:
        self._window = window
        self._clock = clock
        self._most_keys = most_keys
        self._counts: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def count(self, key: Hashable) -> int:
        """Return how many there were in the present window."""
        count, since = self._counts.get(key, (0, 0.0))
        return count if self._clock() - since < self._window else 0

    def remaining(self, key: Hashable) -> float:
        """Return after how many seconds the present window is over."""
        _, since = self._counts.get(key, (0, self._clock()))
        return max(0.0, since + self._window - self._clock())

    def to_state(self) -> list[list[Any]]:
        """Return the counts as plain data: keys, numbers and beginnings of windows."""
        return [[key, *count] for key, count in self._counts.items()]

    def restore(self, state: list[list[Any]]) -> None:
        """Have the counts that `to_state` returned; their keys must be strings."""
        for key, number, since in state:
            self._counts[key] = (number, since)

    def note(self, key: Hashable) -> int:
        """Count one; return how many there are now."""
        now = self._clock()
        count, since = self._counts.pop(key, (0, now))
        self._counts[key] = (count + 1, since) if now - since < self._window else (1, now)
        while len(self._counts) > self._most_keys:
            self._counts.popitem(last=False)
        return self._counts[key][0]
