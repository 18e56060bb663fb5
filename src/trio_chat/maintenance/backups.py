"""Backups of the database, as maintenance makes, lists and removes them."""

import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import apsw

from trio_chat.config import StorageSettings
from trio_chat.i18n import _
from trio_chat.maintenance.atomic_file import FileError, atomic_file
from trio_chat.maintenance.refusals import ResourceConflict, ResourceNotFound
from trio_chat.private import make_directory
from trio_chat.storage import backup, maintenance
from trio_chat.storage.errors import StorageError
from trio_chat.storage.transactions import in_short

MOST = 100
"""Backups in the directory, so that a program cannot fill the disk with them."""
_NAME = re.compile(r"backup-[0-9]{8}T[0-9]{6}Z\.db", re.ASCII)
_TIME = "backup-%Y%m%dT%H%M%SZ.db"


class BackupFile(NamedTuple):
    """A backup in the directory.

    Args:
        name: of the file.
        size: in bytes.
        made: seconds of Unix time.
    """

    name: str
    size: int
    made: float


def directory_of(database: Path, settings: StorageSettings) -> Path:
    """Return the directory of the backups that are made without naming a file."""
    return settings.backups or database.with_name(f"{database.name}-backups")


def list_backups(directory: Path) -> list[BackupFile]:
    """Return the backups in a directory, the oldest first.

    Raises:
        FileError: the directory cannot be read.
    """
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    found.append(BackupFile(entry.name, status.st_size, status.st_mtime))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(f"{directory}: {error.strerror or error}") from error
    return sorted(found)


def remove_backup(directory: Path, name: str) -> None:
    """Delete a backup.

    Raises:
        ResourceNotFound: there is none of this name.
        FileError: it cannot be deleted.
    """
    path = directory / name
    try:
        is_there = bool(_NAME.fullmatch(name)) and stat.S_ISREG(path.lstat().st_mode)
        if is_there:
            path.unlink()
    except FileNotFoundError:
        is_there = False
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error
    if not is_there:
        raise ResourceNotFound("there is no backup of this name")


def make_backup(
    database: Path, settings: StorageSettings, now: float, on_progress: Callable[[int, int], None]
) -> BackupFile:
    """Copy the database into the directory of backups, under a name with the time.

    Args:
        database: the file of the database.
        settings: the [storage] section.
        now: seconds of Unix time.
        on_progress: see `back_up`.

    Raises:
        ResourceConflict: there are too many backups, there is no room for another one, or one was
            made in the same second.
        FileError: it cannot be written.
        StorageError: the database cannot be read.
    """
    directory = directory_of(database, settings)
    known = list_backups(directory)
    if len(known) >= MOST:
        raise ResourceConflict(f"there are {MOST} backups already; delete some first")
    try:
        make_directory(directory)
        free, size = shutil.disk_usage(directory).free, database.stat().st_size
    except OSError as error:
        raise FileError(f"{directory}: {error.strerror or error}") from error
    if free - size < settings.reserve:
        raise ResourceConflict("the disk has no room for a backup besides [storage] reserve")
    name = datetime.fromtimestamp(now, UTC).strftime(_TIME)
    if name in {each.name for each in known}:
        raise ResourceConflict("a backup was made in the same second; try again")
    size = back_up(database, directory / name, replace=False, on_progress=on_progress)
    return BackupFile(name, size, now)


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


def examine(database: Path, on_step: Callable[[], object] = lambda: None) -> backup.DatabaseReport:
    """Check the integrity of the database, and count what is in it.

    Args:
        database: the file of the database.
        on_step: called now and then. An exception that it raises ends the check.

    Raises:
        StorageError: it cannot be read.
    """

    def look() -> bool:
        on_step()
        return False

    try:
        with maintenance.connected(database, as_it_is=True) as connection:
            connection.set_progress_handler(look, 100_000)
            return backup.examine(connection, database)
    except StorageError as error:
        if not isinstance(error.__cause__, (apsw.CorruptError, apsw.NotADBError)):
            raise
        words = _(
            "{file} cannot even be opened: it is damaged, or not an SQLite database ({error}). Keep"
            " this file, and restore a backup."
        )
        found = in_short(error.__cause__)
        raise StorageError(words.format(file=database, error=found)) from error


class DiskUse(NamedTuple):
    """Bytes on the disk.

    Args:
        database: of the file of the database.
        wal: of its write-ahead log.
        backups: of the backups in the directory.
        free: that are free on the disk of the database.
        total: of that disk.
    """

    database: int
    wal: int
    backups: int
    free: int
    total: int


def disk_use(database: Path, settings: StorageSettings) -> DiskUse:
    """Return how many bytes the storage takes; blocks for a moment.

    Raises:
        FileError: the disk cannot be asked.
    """
    backups = sum(each.size for each in list_backups(directory_of(database, settings)))
    database = Path(os.path.realpath(database))  # of a link the log is not there
    wal = 0
    with suppress(OSError):
        wal = database.with_name(f"{database.name}-wal").stat().st_size
    try:
        disk, size = shutil.disk_usage(database.parent), database.stat().st_size
    except OSError as error:
        raise FileError(f"{database}: {error.strerror or error}") from error
    return DiskUse(size, wal, backups, disk.free, disk.total)
