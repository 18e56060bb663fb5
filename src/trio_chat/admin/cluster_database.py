"""The command `trio-chat cluster leave`: a database that belongs to no cluster any longer."""

from pathlib import Path

from trio_chat.admin.console import report
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.admin.recorded import record_begin
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.storage import audit, cluster, lock, maintenance
from trio_chat.storage.transactions import transaction


def leave(database: Path) -> int:
    """Take the place in the log from a database, whose server must have stopped.

    Raises:
        StorageError: a server uses the database, or it cannot be changed.
    """
    with maintenance.connected(database, as_it_is=True) as connection:
        handle = lock.acquire(database)
        try:
            with transaction(connection):
                has_left = cluster.leave(connection)
                if has_left and audit.is_there(connection):
                    record_begin(connection, "cluster", "CLUSTER LEAVE")
        finally:
            lock.release(handle)
    shown = escape_controls(str(database))
    if not has_left:
        report(_("{file} belongs to no cluster").format(file=shown))
        return FAILED
    report(_("{file} belongs to no cluster any longer; everything else stays").format(file=shown))
    return OK
