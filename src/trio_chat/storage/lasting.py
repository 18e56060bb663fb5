"""What lasts besides messages and accounts, on disk: channels, read markers, always-on users, preferences."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.lasting import Changes
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw

_KEEP_CHANNEL = "INSERT INTO channel VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state"
_KEEP_USER = "INSERT INTO always_on VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state"
_KEEP_PREFERENCES = "INSERT INTO preference VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state"
_KEEP_MARKER = "INSERT INTO marker VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time"
_KEEP_METADATA = "INSERT INTO metadata VALUES (?, ?) ON CONFLICT DO UPDATE SET said = excluded.said"


class SqliteStore:
    """What lasts besides messages and accounts (the port `trio_chat.chat.lasting.Store`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = 0

    async def load(self) -> Changes:
        """Return everything; see `Store.load`."""
        self._changes = await self._database.read(_count_changes)
        return await self._database.read(_load)

    async def wishes(self) -> Mapping[str, int | None] | None:
        """Return what a command has changed; see `Store.wishes`."""
        changes = await self._database.read(_count_changes)
        if changes == self._changes:
            return None
        self._changes = changes
        kept = await self._database.read(_load)
        return {folded: state.get("history") for folded, state in kept.channels.items() if state is not None}

    async def save(self, changes: Changes) -> None:
        """Keep changes; see `Store.save`."""
        await self._database.write(_save, changes)


def _count_changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'channel'").get)


def _load(connection: "apsw.Connection") -> Changes:
    channels = connection.execute("SELECT folded, state FROM channel ORDER BY folded")
    markers = connection.execute("SELECT account, target, time FROM marker")
    users = connection.execute("SELECT account, state FROM always_on ORDER BY account")
    preferences = connection.execute("SELECT account, state FROM preference")
    metadata = connection.execute("SELECT account, said FROM metadata")
    return Changes(
        {folded: json.loads(state) for folded, state in channels},
        {(account, target): time for account, target, time in markers},
        {account: json.loads(state) for account, state in users},
        {account: json.loads(state) for account, state in preferences},
        {account: json.loads(said) for account, said in metadata},
    )


def _save(connection: "apsw.Connection", changes: Changes) -> None:
    for folded, state in changes.channels.items():
        if state is None:
            connection.execute("DELETE FROM channel WHERE folded = ?", (folded,))
        else:
            connection.execute(_KEEP_CHANNEL, (folded, json.dumps(state, ensure_ascii=False)))
    for account, state in changes.users.items():
        if state is None:
            connection.execute("DELETE FROM always_on WHERE account = ?", (account,))
        else:
            connection.execute(_KEEP_USER, (account, json.dumps(state, ensure_ascii=False)))
    for account, choices in changes.preferences.items():
        if choices:
            connection.execute(_KEEP_PREFERENCES, (account, json.dumps(dict(choices))))
        else:
            connection.execute("DELETE FROM preference WHERE account = ?", (account,))
    rows = [(account, target, time) for (account, target), time in changes.markers.items()]
    connection.executemany(_KEEP_MARKER, rows)
    for account, said in changes.metadata.items():
        if said:
            connection.execute(_KEEP_METADATA, (account, json.dumps(said, ensure_ascii=False)))
        else:
            connection.execute("DELETE FROM metadata WHERE account = ?", (account,))
