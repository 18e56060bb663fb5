"""Secure deletion: SQLite's `secure_delete`, and truncation of the write-ahead log.

SQLite overwrites deleted data with zeros in the file. The write-ahead log still has the former
pages until it is truncated; `Database.wait_erased` tells the server's `memory` when that is due.
"""

from typing import TYPE_CHECKING

from trio_chat.storage.write_lock import wait_for_lock

if TYPE_CHECKING:
    import apsw

_PENDING = "SELECT count(*) FROM setting WHERE name = 'free_pages'"
_DONE = "DELETE FROM setting WHERE name = 'free_pages'"
_FILL = "INSERT INTO filler VALUES (zeroblob(?))"
_DRAIN = "DELETE FROM filler WHERE rowid = (SELECT max(rowid) FROM filler)"
_PAGES_AT_ONCE = 250


def prepare_erasing(connection: "apsw.Connection") -> None:
    """Make this connection overwrite deleted data with zeros, including pages that become free."""
    connection.pragma("secure_delete", True)


def empty_log(connection: "apsw.Connection", patience: float) -> bool:
    """Checkpoint the write-ahead log and truncate it; return whether no reader prevented it.

    It copies most of the log before it keeps writers out. It waits neither for a reader that still
    needs the log nor for a writer, because messages would have to wait, too.

    Args:
        connection: the connection.
        patience: the seconds for which its statements wait for a writer afterwards.
    """
    import apsw  # noqa: PLC0415

    wait_for_lock(connection, 0)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    finally:
        wait_for_lock(connection, patience)
    return True


def overwrite_free(connection: "apsw.Connection") -> bool:
    """Overwrite some free pages that an earlier version has left; return whether there are more.

    A filler table takes up all of them, some in each transaction. Deleting its rows then overwrites
    them.
    """
    if not connection.execute(_PENDING).get:
        return bool(_drain(connection))
    free, size = connection.pragma("freelist_count"), connection.pragma("page_size")
    if free:
        connection.execute(_FILL, (min(free, _PAGES_AT_ONCE) * size,))
    else:
        connection.execute(_DONE)
    return True


def _drain(connection: "apsw.Connection") -> int:
    connection.execute(_DRAIN)
    return connection.changes()
