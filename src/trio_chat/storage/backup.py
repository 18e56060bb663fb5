"""Copies of the database, taken while a server may be writing; and whether a database is whole."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from trio_chat.storage.database import StorageError, explain
from trio_chat.storage.schema import schema_version

TABLES = ("buffer", "message", "event", "account")
_STEPS_PER_LOOK = 100_000


class DatabaseReport(NamedTuple):
    """What a database is like.

    Args:
        version: how many steps of the schema it has seen.
        counts: how many rows each of the known tables has.
        last_id: the id of the newest message, or 0.
        shift: by how many milliseconds that is ahead of its time.
        size: bytes of the file.
        problems: what is wrong; empty when nothing is.
    """

    version: int
    counts: dict[str, int]
    last_id: int
    shift: int
    size: int
    problems: list[str]


def back_up(source: apsw.Connection, target: Path, told: Callable[[int, int], None]) -> None:
    """Copy a database as it is at this moment, whatever is written meanwhile.

    Args:
        source: what is copied.
        target: an empty file.
        told: called repeatedly with the number of written pages and the number of all pages.

    Raises:
        StorageError: the copy cannot be written, or is not whole.
    """
    try:
        schema_version(source)
        _copy(source, target, told)
        with closing(apsw.Connection(str(target))) as copy:
            # One file, with nothing beside it, that can be read from anywhere. The server turns it
            # back.
            copy.pragma("journal_mode", "delete")
            problem = copy.pragma("quick_check")
    except apsw.Error as error:
        raise StorageError(f"{target}: {explain(error)}") from error
    if problem != "ok":
        raise StorageError(f"the copy is not whole: {problem}")


def _copy(source: apsw.Connection, target: Path, told: Callable[[int, int], None]) -> None:
    """Write what is in a database into another file, row by row, and nothing of what its pages had
    in them before.
    """
    pages, size = int(source.pragma("page_count")), int(source.pragma("page_size"))

    def look() -> bool:
        told(min(target.stat().st_size // size, pages), pages)
        return False

    source.set_progress_handler(look, _STEPS_PER_LOOK)
    source.execute(
        "VACUUM INTO ?", (str(target),)
    )  # as it is at this moment: one statement is one transaction


def examine(connection: apsw.Connection, path: Path) -> DatabaseReport:
    """Read all of a database, and say what it is like."""
    version = schema_version(connection)
    problems: list[str] = []
    counts: dict[str, int] = {}
    last = shift = 0
    try:
        problems += [
            str(line) for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"
        ]
        for table, number, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            problems.append(f"{table}: row {number or '?'} belongs to a {parent} that is not there")
        there = {
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        }
        for table in TABLES:
            if table in there:  # an older schema has fewer
                counts[table] = connection.execute(f"SELECT count(*) FROM {table}").get  # noqa: S608  # a name of ours
        newest = "SELECT id, shift FROM message ORDER BY id DESC LIMIT 1"
        if not connection.execute(
            "SELECT count(*) FROM pragma_table_info('message') WHERE name = 'shift'"
        ).get:
            newest = newest.replace("shift", "0")
        last, shift = connection.execute(newest).fetchone() or (0, 0)
    except (
        apsw.CorruptError,
        apsw.NotADBError,
    ) as error:  # so damaged that it cannot even be looked through
        problems.append(explain(error))
    return DatabaseReport(version, counts, last, shift, path.stat().st_size, problems)
