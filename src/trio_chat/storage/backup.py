"""Backups of the database, also while a server writes to it; and its integrity check."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from trio_chat.i18n import _
from trio_chat.storage import turns
from trio_chat.storage.errors import StorageError, check_name
from trio_chat.storage.schema import schema_version
from trio_chat.storage.transactions import explain, in_short
from trio_chat.synced_file import BYTES_PER_SYNC, sync_data

TABLES = ("buffer", "message", "event", "account")
_STEPS_PER_LOOK = 1000
"""Instructions of SQLite; a row takes about five."""


class DatabaseReport(NamedTuple):
    """The state of a database file.

    Args:
        version: the version of its schema.
        counts: the number of rows by table.
        last_id: the id of the newest message, or 0.
        shift: the milliseconds by which that id is ahead of the time of the message.
        size: the bytes of the file.
        problems: the damage that was found; empty for a sound file.
    """

    version: int
    counts: dict[str, int]
    last_id: int
    shift: int
    size: int
    problems: list[str]


def back_up(source: apsw.Connection, target: Path, on_progress: Callable[[int, int], None]) -> None:
    """Copy a database as it is at this moment, while others may write to it.

    Args:
        source: the database.
        target: an empty file.
        on_progress: called repeatedly with the pages written so far and the pages in total.

    Raises:
        StorageError: the copy cannot be written, or is damaged.
        apsw.CorruptError: the database is damaged.
    """
    check_name(target)
    schema_version(source)
    try:
        _copy(source, target, on_progress)
        with closing(apsw.Connection(str(target))) as copy:
            # A single file without a write-ahead log can be read on read-only media, too. The
            # server switches it back to a write-ahead log.
            copy.pragma("journal_mode", "delete")
            problem = copy.pragma("quick_check")
    except apsw.CorruptError:  # of the database: SQLite reads it all, and has made the copy itself
        raise
    except apsw.Error as error:
        raise StorageError(f"{target}: {explain(error)}") from error
    if problem != "ok":
        raise StorageError(_("the copy is not whole: {problem}").format(problem=problem))


def _copy(source: apsw.Connection, target: Path, on_progress: Callable[[int, int], None]) -> None:
    """Copy a database row by row, without deleted data in its pages."""
    pages, size = int(source.pragma("page_count")), int(source.pragma("page_size"))

    synced = 0

    def look() -> bool:
        nonlocal synced
        turns.rest()  # VACUUM is a transaction, but does not write to this file
        written = target.stat().st_size
        if written >= synced + BYTES_PER_SYNC:
            sync_data(file.fileno())
            synced = written
        on_progress(min(written // size, pages), pages)
        return False

    with target.open("r+b") as file:  # closed at the end: that would take SQLite's locks away
        source.set_progress_handler(look, _STEPS_PER_LOOK)
        # One statement is one transaction, and sees one moment.
        source.execute("VACUUM INTO ?", (str(target),))


def examine(connection: apsw.Connection, path: Path) -> DatabaseReport:
    """Check the integrity of a database, which reads all of it, and count its rows."""
    version = schema_version(connection)
    problems: list[str] = []
    counts: dict[str, int] = {}
    last = shift = 0
    try:
        problems += [
            str(line) for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"
        ]
        for table, number, parent, _constraint in connection.execute("PRAGMA foreign_key_check"):
            words = _("{table}: row {number} belongs to a {parent} that is not there")
            problems.append(words.format(table=table, number=number or "?", parent=parent))
        there = {
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        }
        for table in TABLES:
            if table in there:  # an older schema has fewer
                query = f"SELECT count(*) FROM {table}"  # noqa: S608  # one of TABLES
                counts[table] = connection.execute(query).get
        newest = "SELECT id, shift FROM message ORDER BY id DESC LIMIT 1"
        if not connection.execute(
            "SELECT count(*) FROM pragma_table_info('message') WHERE name = 'shift'"
        ).get:
            newest = newest.replace("shift", "0")
        last, shift = connection.execute(newest).fetchone() or (0, 0)
    except (
        apsw.CorruptError,
        apsw.NotADBError,
    ) as error:  # too damaged for the check itself
        problems.append(_("the check ended here ({error})").format(error=in_short(error)))
    return DatabaseReport(version, counts, last, shift, path.stat().st_size, problems)
