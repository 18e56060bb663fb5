"""The schema of the database: the files in `migrations/`, each a step from an empty file to the
current schema.

A step that has been released is never changed: a new one is added. `user_version` counts the steps
that a file has seen.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x74726368  # "trch": lets `file` and us tell this database from any other


class SchemaError(Exception):
    """The file is not one that this version can use; the message says what to do."""


@cache
def migrations() -> tuple[str, ...]:
    """Return the SQL of all steps, in order."""
    folder = files(__package__) / "migrations"
    scripts = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return tuple(script.read_text("utf-8") for script in scripts)


def schema_version(connection: "apsw.Connection") -> int:
    """Return how many steps a database has seen; 0 when it is empty.

    Raises:
        SchemaError: it belongs to another program, or to a newer version of this one.
    """
    application, version = connection.pragma("application_id"), connection.pragma("user_version")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_schema").get == 0
    if not is_empty and application != APPLICATION_ID:
        raise SchemaError("it is a database of another program; choose another file")
    if version > len(migrations()):
        raise SchemaError(
            f"it was written by a newer version of trio-chat (schema {version}, this version knows"
            f" {len(migrations())}); update trio-chat, or choose another file"
        )
    return int(version)


def migrate(connection: "apsw.Connection") -> None:
    """Bring a database to today's shape, each step in a transaction of its own.

    Raises:
        SchemaError: it belongs to another program, or to a newer version of this one.
    """
    version = schema_version(connection)
    for number, step in enumerate(migrations()[version:], version + 1):
        with connection:
            connection.execute(step)
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", number)
