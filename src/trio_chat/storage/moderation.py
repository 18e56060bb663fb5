"""The table of the moderation of the whole server."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.moderation.server import ModerationRow, RowKey
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw

_KEEP = (
    "INSERT INTO moderation (kind, key, state) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE"
    " SET state = excluded.state"
)


class SqliteModeration:
    """The table of the moderation (the port `trio_chat.chat.moderation.server.ModerationTable`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[ModerationRow]:
        """Return all rows; see `ModerationTable.load`."""
        return await self._database.read(every_row)

    async def changes(self) -> int:
        """Return a counter of changes; see `ModerationTable.changes`."""
        return await self._database.read(_changes)


def every_row(connection: "apsw.Connection") -> list[ModerationRow]:
    """Return all rows, in the order in which they were added."""
    rows = connection.execute("SELECT kind, key, state FROM moderation ORDER BY place")
    return [ModerationRow(*row) for row in rows]


def save(connection: "apsw.Connection", changes: Mapping[RowKey, ModerationRow | None]) -> None:
    """Store changes; None in the place of a row deletes it."""
    for key, row in changes.items():
        if row is None:
            connection.execute("DELETE FROM moderation WHERE kind = ? AND key = ?", key)
        else:
            connection.execute(_KEEP, row)


def notify(connection: "apsw.Connection") -> None:
    """Have a server that runs read the rows; those of filters and raid mode do that themselves."""
    connection.execute("UPDATE change SET count = count + 1 WHERE name = 'moderation'")


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'moderation'").get)
