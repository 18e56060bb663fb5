"""Backups of the database, as maintenance makes them."""

from collections.abc import Callable
from pathlib import Path

from trio_chat.maintenance.atomic_file import atomic_file
from trio_chat.storage import backup, maintenance


def back_up(
    database: Path, target: Path, *, replace: bool, on_progress: Callable[[int, int], None]
) -> int:
    """Copy the database into a file, while a server may use it; return the bytes of the copy.

    Args:
        database: the file of the database.
        target: the file to be written.
        replace: whether that may exist already.
        on_progress: called repeatedly with the pages written so far and the pages in total. An
            exception that it raises ends the backup, of which nothing is left.

    Raises:
        FileError: the target exists, is the database, or cannot be written.
        StorageError: the database cannot be read, or the copy is damaged.
    """
    with (
        maintenance.connected(database, as_it_is=True) as connection,
        atomic_file(target, database, replace=replace) as part,
    ):
        backup.back_up(connection, part, on_progress)
    return target.stat().st_size


def examine(database: Path) -> backup.DatabaseReport:
    """Check the integrity of the database, and count what is in it.

    Raises:
        StorageError: it cannot be read.
    """
    with maintenance.connected(database, as_it_is=True) as connection:
        return backup.examine(connection, database)
