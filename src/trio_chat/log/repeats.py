"""Repetition in the log: of lines of one kind from one address a few are written in a minute, and
the others counted.

Otherwise one address that connects, or takes a new nickname, again and again could have all that is
kept of the log overwritten within minutes. What an operator does, and errors, are always written.
"""

import logging
from collections.abc import Callable, Iterator

WINDOW = 60.0
"""Seconds for which lines are counted."""
_MOST_KINDS = 10_000


class _Kind:
    """Lines of one kind: how many there were, and the last of them."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last: logging.LogRecord | None = None


class RepeatFilter:
    """Decides which records are written.

    Args:
        most: lines of one kind from one address that are written in a minute; 0 for all.
        clock: returns seconds that never go back.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._kinds: dict[tuple[object, str], _Kind] = {}
        self._until = clock() + WINDOW

    def admits(self, record: logging.LogRecord) -> bool:
        """Return whether a record is written; else it is counted."""
        if not self._most or record.levelno >= logging.ERROR or getattr(record, "is_audit", False):
            return True
        key = (record.msg, _origin(record))
        if key not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            key = (record.msg, "")
        kind = self._kinds.setdefault(key, _Kind())
        kind.count += 1
        if kind.count <= self._most:
            return True
        kind.last = record
        return False

    def due(self, *, is_end: bool = False) -> Iterator[tuple[str, str]]:
        """Give level and text of what is to be said about lines that were only counted, once the
        minute is over.

        Args:
            is_end: whether that is said at once, because nothing is logged any more.
        """
        now = self._clock()
        if now < self._until and not is_end:
            return
        kinds, self._kinds, self._until = self._kinds, {}, now + WINDOW
        for kind in kinds.values():
            if kind.last is not None:
                more = kind.count - self._most
                yield (
                    kind.last.levelname,
                    (
                        f"… and {more:,} more like this within a minute, the last:"
                        f" {kind.last.getMessage()}"
                    ),
                )


def _origin(record: logging.LogRecord) -> str:
    """Return the network that a record is about: that of the host in its first argument."""
    first = record.args[0] if isinstance(record.args, tuple) and record.args else ""
    host = str(first).rpartition("@")[2].partition(" ")[0]
    if ":" in host:
        return ":".join(host.split(":")[:4])
    return host.partition(".")[2] if host.endswith(".ip") else host
