"""Deletion that leaves nothing readable on the disk (SQLite `secure_delete`, and a log that is cut
off).

What is deleted is overwritten with zeros in the file. The write-ahead log still has the pages as
they were, until it is emptied; `memory.erase` does that within seconds.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

_PENDING = "SELECT count(*) FROM setting WHERE name = 'free_pages'"
_DONE = "DELETE FROM setting WHERE name = 'free_pages'"
_FILL = "INSERT INTO filler VALUES (zeroblob(?))"
_DRAIN = "DELETE FROM filler WHERE rowid = (SELECT max(rowid) FROM filler)"
_PAGES_AT_ONCE = 250


def prepare_erasing(connection: "apsw.Connection") -> None:
    """Have everything that this connection deletes overwritten with zeros, pages that are given
    free too.
    """
    connection.pragma("secure_delete", True)


def empty_log(connection: "apsw.Connection") -> bool:
    """Checkpoint the write-ahead log and truncate it; return whether no reader prevented it.

    Nothing is waited for, because messages would have to wait too: not for a reader that still
    needs the log, nor for a writer.
    """
    import apsw  # noqa: PLC0415

    timeout = connection.pragma("busy_timeout")
    connection.set_busy_timeout(0)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    finally:
        connection.set_busy_timeout(timeout)
    return True


def overwrite_free(connection: "apsw.Connection") -> bool:
    """Overwrite some free pages that an earlier version has left; return whether there are more.

    All of them are taken into use first, some in each transaction, and then given free again, which
    overwrites them.
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
