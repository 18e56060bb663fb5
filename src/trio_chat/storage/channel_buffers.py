"""Buffers of channels: a channel without one has no messages, and nothing is read of it.

A client that is the first in a channel asks for the messages of a channel that is mostly new. A
read takes a thread, and up to a fifth of the CPU of such a client.

The buffers that this process makes are known at once. One that another process makes, such as an
import, is noticed after a second.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

_SECONDS = 1.0
_MOST_NAMES = 50_000
_MOST_ROWS = 10_000
"""Buffers of one read, while which other reads wait."""
_NEW = "SELECT id, iif(instr(name, ','), '', name) FROM buffer WHERE id > ? ORDER BY id LIMIT ?"

NewBuffer = tuple[int, str]
"""The id and the name of a buffer; "" for the name of a private conversation."""


class ChannelBuffers:
    """The names of all buffers of channels, as far as they were read in the last second.

    Args:
        clock: returns seconds.

    Attributes:
        last: the greatest id of a buffer that was read.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names: set[str] | None = set()  # None: there are too many
        self._end = -math.inf
        self.last = 0

    def lacks(self, name: str) -> bool:
        """Return whether it is sure that there is no buffer of a channel's name.

        Args:
            name: of any buffer; those of private conversations are not known here.
        """
        names = self._names
        if names is None or name in names or "," in name:
            return False
        return self._clock() < self._end

    def due(self) -> float | None:
        """Return the time, for `keep`, when new buffers are to be read, and otherwise None."""
        now = self._clock()
        return now if self._names is not None and now >= self._end else None

    def keep(self, found: Sequence[NewBuffer], asked: float) -> None:
        """Keep what `new_buffers` has found.

        Args:
            found: buffers with ids greater than `last`.
            asked: the time before they were read.
        """
        if found:
            self.last = max(self.last, found[-1][0])
            self.add(name for _, name in found if name)
        if len(found) < _MOST_ROWS:
            self._end = max(self._end, asked + _SECONDS)

    def add(self, names: Iterable[str]) -> None:
        """Add the names of buffers that this process has made, or may have made."""
        if self._names is not None:
            self._names.update(names)
            if len(self._names) > _MOST_NAMES:
                self._names = None


def new_buffers(connection: "apsw.Connection", after: int) -> list[NewBuffer]:
    """Return some of the buffers with ids greater than `after`, in the order of the ids."""
    return list(connection.execute(_NEW, (after, _MOST_ROWS)))
