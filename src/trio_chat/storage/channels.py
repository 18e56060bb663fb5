"""Registered channels on disk."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw


class SqliteChannels:
    """The table of registered channels (the port `trio_chat.chat.registrations.ChannelStore`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[dict[str, Any]]:
        """Return the state of every channel, each with its folded name."""
        return await self._database.read(_load)

    async def save(self, changes: Mapping[str, dict[str, Any] | None]) -> None:
        """Keep or forget channels; see `ChannelStore.save`."""
        await self._database.write(_save, changes)


def _load(connection: "apsw.Connection") -> list[dict[str, Any]]:
    rows = connection.execute("SELECT folded, state FROM channel ORDER BY folded")
    return [{"folded": folded, **json.loads(state)} for folded, state in rows]


def _save(connection: "apsw.Connection", changes: Mapping[str, dict[str, Any] | None]) -> None:
    for folded, state in changes.items():
        if state is None:
            connection.execute("DELETE FROM channel WHERE folded = ?", (folded,))
        else:
            text = json.dumps(state, ensure_ascii=False)
            connection.execute(
                "INSERT INTO channel VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state", (folded, text)
            )
