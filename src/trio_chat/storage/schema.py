"""What the database looks like, as a list of steps from an empty file to today's shape.

A step that has been released is never changed: a new one is added. `user_version` counts the steps that a file has seen.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x74726368  # "trch": lets `file` and us tell this database from any other

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE buffer (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE      -- the folded name of the channel
    );
    -- The id is identity, order and time of a message, so every question about history is one range of this key.
    CREATE TABLE message (
        buffer INTEGER NOT NULL REFERENCES buffer,
        id INTEGER NOT NULL,
        is_private INTEGER NOT NULL,   -- said behind a closed door: only for those who were let in
        command TEXT NOT NULL,
        source TEXT NOT NULL,          -- nick!user@host as it was
        account TEXT NOT NULL,
        text TEXT NOT NULL,
        tags TEXT NOT NULL,            -- client-only tags as JSON, or ""
        PRIMARY KEY (buffer, id)
    ) WITHOUT ROWID;
    """,
)


class SchemaError(Exception):
    """The file is not one that this version can use; the message says what to do."""


def migrate(connection: "apsw.Connection") -> None:
    """Bring a database to today's shape, each step in a transaction of its own.

    Raises:
        SchemaError: it belongs to another program, or to a newer version of this one.
    """
    application, version = connection.pragma("application_id"), connection.pragma("user_version")
    is_empty = connection.execute("SELECT count(*) FROM sqlite_schema").get == 0
    if not is_empty and application != APPLICATION_ID:
        raise SchemaError("it is a database of another program; choose another file")
    if version > len(MIGRATIONS):
        raise SchemaError(
            f"it was written by a newer version of trio-chat (schema {version}, this version knows {len(MIGRATIONS)}); "
            "update trio-chat, or choose another file"
        )
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        with connection:
            connection.execute(step)
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", number)
