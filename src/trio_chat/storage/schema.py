"""Schema migrations of the database: the files in `migrations/`, in the order of their names.

A migration that has been released is never changed; a new one is added. `user_version` of a file is
the number of migrations that were applied to it.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from trio_chat.i18n import _

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x74726368  # "trch": distinguishes this database from those of other programs


class SchemaError(Exception):
    """A database that this version cannot use; the message tells the operator what to do."""


@cache
def migrations() -> tuple[str, ...]:
    """Return the SQL of all migrations, in order."""
    folder = files(__package__) / "migrations"
    scripts = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return tuple(script.read_text("utf-8") for script in scripts)


def schema_version(connection: "apsw.Connection") -> int:
    """Return the number of migrations applied to a database; 0 for an empty one.

    Raises:
        SchemaError: it belongs to another program, or to a newer version of this one.
    """
    application, version = connection.pragma("application_id"), connection.pragma("user_version")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_schema").get == 0
    if not is_empty and application != APPLICATION_ID:
        raise SchemaError(_("it is a database of another program; choose another file"))
    if version > len(migrations()):
        raise SchemaError(
            _(
                "it was written by a newer version of trio-chat (schema {version}, this version"
                " knows {known}); update trio-chat, or choose another file"
            ).format(version=version, known=len(migrations()))
        )
    return int(version)


def migrate(connection: "apsw.Connection") -> None:
    """Apply the migrations that a database lacks, all or none: after a failure, such as that of a
    full disk, the earlier version of the program can still use it.

    Raises:
        SchemaError: it belongs to another program, or to a newer version of this one.
    """
    version = schema_version(connection)
    steps = migrations()[version:]
    if not steps:
        return
    with connection:
        for step in steps:
            connection.execute(step)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", version + len(steps))


def is_of_cluster(connection: "apsw.Connection") -> bool:
    """Return whether a database belongs to a cluster; one with an older schema does not."""
    table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'cluster'"
    if connection.execute(table).get is None:
        return False
    return connection.execute("SELECT 1 FROM cluster").get is not None
