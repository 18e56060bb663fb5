"""Turns: how a long command and a server write by turns, so that no message waits for long.

The command holds SQLite's lock of writers for a millisecond, and leaves it free for as long.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

_LONGEST = 0.001
"""Seconds after which a transaction ends; its step is finished."""
_PAUSE = 1
"""The pause after a transaction, as a multiple of the time that it took."""
_SHORTEST_PAUSE = 0.001
"""Seconds; a server that waits looks more often (see `write_lock`)."""
_CHECKPOINT = 500
"""Pages of the write-ahead log at which the command copies them into the file. It is less than at
which a server does (1000), whose message would wait for that.
"""


class Turn:
    """A turn of the command, which begins now: one transaction."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _LONGEST

    def is_over(self) -> bool:
        """Return whether the transaction has to end."""
        return time.monotonic() >= self._end


@contextmanager
def throttled() -> Iterator[None]:
    """Sleep after the block in proportion to the time that it took.

    SQLite has no queue of writers: each retries after a while, and must then find the file
    unlocked.
    """
    began = time.monotonic()
    yield
    time.sleep(max(_SHORTEST_PAUSE, _PAUSE * (time.monotonic() - began)))


def sync_seldom(connection: "apsw.Connection") -> None:
    """Have a connection wait for the disk only at checkpoints, outside of its transactions.

    For work that can be done again: after a loss of power, its last transactions may be missing.
    Those of a server are not, since its commit writes the whole log to the disk. At its end,
    `maintenance.connected` makes a checkpoint.
    """
    connection.pragma("synchronous", "normal")
    connection.pragma("wal_autocheckpoint", _CHECKPOINT)
