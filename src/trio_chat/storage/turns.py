"""Turns: how a long command and a server take the lock of writers and the CPU by turns, so that no
message waits for long.

The command holds SQLite's lock of writers for a millisecond, and leaves it free for three. When
its process has less priority than the server, its transactions keep that of before: a process that
has the lock and waits for the CPU would hold up the server, which has more.

Between transactions the command rests after half a millisecond. Priorities alone do not suffice:
Linux may leave the CPU to a thread of the command until its next tick, 4 ms later, although one of
the server has woken up. It looks at once when the thread sleeps, and so do other systems.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from weakref import WeakSet

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
_STEPS_PER_LOOK = 1000
"""Steps of SQLite's virtual machine after which a statement looks whether it has to rest: they take
a tenth of a millisecond.
"""
_WORK, _REST = 0.0005, 0.0005
"""Seconds of work after which a command rests, and seconds of a rest."""
_SHARE = 1
"""The least work before a rest, as a multiple of the time that the rest before took: systems sleep
for longer than they are asked to, Windows for up to 16 ms.
"""

_thread: "ThreadPoolExecutor | None" = None
"""The thread of the transactions; None while this process has the priority of a server."""
_long_logs: "WeakSet[apsw.Connection]" = WeakSet()
"""Connections whose write-ahead log has so many pages that a checkpoint is due."""
_rest_is_due = math.inf
"""When the next rest is due; infinity while this process does not rest."""


def keep_priority() -> None:
    """Have transactions keep the priority that this thread has now, whatever it gets later.

    On Linux, each thread has a priority of its own, and a new one has that of its parent.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only beside a server

    global _thread  # noqa: PLW0603  # the priority is of the process, too
    _thread = ThreadPoolExecutor(1)
    _thread.submit(int).result()  # it starts with its first work


def begin_to_rest() -> None:
    """Have `rest` pause from now on."""
    global _rest_is_due  # noqa: PLW0603  # as above
    _rest_is_due = 0.0


def rest() -> None:
    """Leave the CPU to others for a moment, if this process is to rest and has worked for a while.

    It is called often, and never in a transaction that writes: a server would wait for its lock.
    """
    global _rest_is_due  # noqa: PLW0603
    if (began := time.monotonic()) >= _rest_is_due:
        time.sleep(_REST)
        ended = time.monotonic()
        _rest_is_due = ended + max(_WORK, _SHARE * (ended - began))


def rest_during_statements(connection: "apsw.Connection") -> None:
    """Have a connection rest during long statements, except in transactions that write."""

    def look() -> bool:
        if not connection.in_transaction:
            rest()
        return False

    if _rest_is_due != math.inf:
        connection.set_progress_handler(look, _STEPS_PER_LOOK, id=rest)


def take(
    work: "Callable[Concatenate[apsw.Connection, P], T]",
    connection: "apsw.Connection",
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `work(connection, …)`, a transaction of a turn, and pause; then make a checkpoint if one
    is due.
    """
    with throttled():
        result = _run(work, connection, *args, **kwargs)
    if connection in _long_logs:
        _make_checkpoint(connection)
    return result


def _make_checkpoint(connection: "apsw.Connection") -> None:
    import apsw  # noqa: PLC0415

    _long_logs.discard(connection)
    with suppress(apsw.BusyError):  # a server makes one at this moment
        connection.wal_checkpoint()


def _run(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
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

    `take` makes the others, in the thread that gives way: no lock of writers is held meanwhile.
    """
    import apsw  # noqa: PLC0415

    def note(connection: "apsw.Connection", _name: str, pages: int) -> int:
        if pages >= _CHECKPOINT:
            _long_logs.add(connection)
        return apsw.SQLITE_OK

    connection.pragma("synchronous", "normal")
    connection.set_wal_hook(note)
