"""Turns: how a long command and a server write by turns, so that no message waits for long.

The command holds SQLite's lock of writers for a millisecond, and leaves it free for three. When
its process has less priority than the server, its transactions keep that of before: a process that
has the lock and waits for the CPU would hold up the server, which has more.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    import apsw

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST = 0.001
"""Seconds after which a transaction ends; its step is finished."""
_PAUSE = 3
"""The pause after a transaction, as a multiple of the time that it took."""
_SHORTEST_PAUSE = 0.001
"""Seconds; a server that waits looks more often (see `write_lock`)."""
_CHECKPOINT = 3000
"""Pages of the write-ahead log at which the command copies them into the file. It is less than at
which a server does, whose message would wait for that.
"""


_thread: "ThreadPoolExecutor | None" = None
"""The thread of the transactions; None while this process has the priority of a server."""


def keep_priority() -> None:
    """Have transactions keep the priority that this thread has now, whatever it gets later.

    On Linux, each thread has a priority of its own, and a new one has that of its parent.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only beside a server

    global _thread  # noqa: PLW0603  # the priority is of the process, too
    _thread = ThreadPoolExecutor(1)
    _thread.submit(int).result()  # it starts with its first work


def take(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work(…)`, a transaction of a turn, and pause."""
    with throttled():
        if _thread is None:
            return work(*args, **kwargs)
        future = _thread.submit(work, *args, **kwargs)
        try:
            return future.result()
        except BaseException:  # the user has pressed Ctrl-C: SQLite has to be at rest
            future.exception()
            raise


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
