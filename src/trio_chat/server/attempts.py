"""What one address may try: so many wrong passwords, or new accounts, in a while. Of IPv6 a /64 counts as one address."""

from collections import OrderedDict
from collections.abc import Callable

from trio_chat.server.admission import household

_MOST_ADDRESSES = 4096
"""Addresses that are counted; the one that was counted longest ago gives way."""


class Attempts:
    """Counts by where something comes from.

    Args:
        most: how many there may be in a window.
        window: seconds, from the first one on.
        clock: returns seconds that never go back.
    """

    def __init__(self, most: int, window: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def are_spent(self, address: str) -> bool:
        """Tell whether there were too many."""
        count, since = self._counts.get(household(address), (0, 0.0))
        return count >= self._most and self._clock() - since < self._window

    def note(self, address: str) -> None:
        """Count one."""
        key, now = household(address), self._clock()
        count, since = self._counts.pop(key, (0, now))
        self._counts[key] = (count + 1, since) if now - since < self._window else (1, now)
        while len(self._counts) > _MOST_ADDRESSES:
            self._counts.popitem(last=False)
