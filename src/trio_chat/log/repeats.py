"""The limit for repeated log records: a few of one kind from one address are written in a minute,
the others are counted.

Otherwise one address that connects, or changes its nickname, repeatedly could make the rotation
discard the whole log within minutes. Errors and the acts of operators are always written.
"""

import logging
from collections.abc import Callable, Iterator

WINDOW = 60.0
"""Seconds of the period for which records are counted."""
_MOST_KINDS = 10_000


class _RepeatedRecord:
    """The count of records of one kind, and the last of them."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last: logging.LogRecord | None = None


class RepeatFilter:
    """Filter that decides which records are written.

    Args:
        most: the records of one kind from one address that are written in a minute; 0 for all.
        clock: returns monotonic seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._kinds: dict[tuple[object, str], _RepeatedRecord] = {}
        self._until = clock() + WINDOW

    def admits(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be written; otherwise count it."""
        if not self._most or record.levelno >= logging.ERROR or getattr(record, "is_audit", False):
            return True
        key = (record.msg, _origin(record))
        if key not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            key = (record.msg, "")
        kind = self._kinds.setdefault(key, _RepeatedRecord())
        kind.count += 1
        if kind.count <= self._most:
            return True
        kind.last = record
        return False

    def due(self, *, is_end: bool = False) -> Iterator[tuple[str, str]]:
        """Yield level and text of the summaries of counted records, once the minute is over.

        Args:
            is_end: whether the minute is cut short because logging ends.
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
    """Return the network of the host in the first argument of a record."""
    first = record.args[0] if isinstance(record.args, tuple) and record.args else ""
    host = str(first).rpartition("@")[2].partition(" ")[0]
    if ":" in host:
        return ":".join(host.split(":")[:4])
    return host.partition(".")[2] if host.endswith(".ip") else host
