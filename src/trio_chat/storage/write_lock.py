"""The lock of writers: SQLite has no queue for it, so a writer tries again and again.

SQLite's own busy handler sleeps longer each time, up to 100 ms. The message of a server would wait
as long while an import holds the lock for a few milliseconds again and again.
"""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

_FIRST, _LONGEST = 0.0005, 0.005
"""Seconds between two attempts: the shortest, and the longest."""
_GROWTH = 1.05


def wait_for_lock(connection: "apsw.Connection", seconds: float) -> None:
    """Make statements of a connection wait for another writer.

    Args:
        connection: the connection.
        seconds: how long they wait until they fail with `apsw.BusyError`; at once if it is 0.
    """
    began = 0.0

    def is_to_try_again(attempts: int) -> bool:
        nonlocal began
        if not attempts:
            began = time.monotonic()
        elif time.monotonic() - began > seconds:
            return False
        time.sleep(min(_LONGEST, _FIRST * _GROWTH**attempts))
        return True

    connection.set_busy_handler(is_to_try_again if seconds else None)
