"""The table of the cluster: up to which entry of the log a database is, and a snapshot.

The position is written in the transaction of what the entries led to. So after a crash a node
carries out the entries since the snapshot in memory, and stores again nothing of those up to the
position.
"""

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import trio

from trio_chat.chat.persistence import ClusterState
from trio_chat.storage.database import Database
from trio_chat.storage.schema import is_of_cluster

if TYPE_CHECKING:
    import apsw

_KEEP = """
    INSERT INTO cluster VALUES (1, ?1, ?1, ?2)
    ON CONFLICT DO UPDATE SET taken = excluded.taken, snapshot = excluded.snapshot
"""
_SHARED = ("cloak", "scram", "vapid")
"""The secrets of the database that all nodes have in common."""
_TABLES = (
    "account",
    "dropped",
    "certificate",
    "email",
    "channel",
    "marker",
    "always_on",
    "preference",
    "metadata",
    "ban",
    "invitation",
    "hook",
    "api_token",
    "moderation",
    "relayed",
    "push",
    "push_rules",
    "second_factor",
    "passkey",
    "scheduled",
)
"""The tables with the state at the start, apart from messages."""
_LEVEL = 3
"""The level of zlib: a higher one takes longer, and saves little."""


class SqliteClusterTable:
    """The table of the cluster (the port `trio_chat.chat.persistence.ClusterTable`).

    Args:
        database: the database.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> ClusterState | None:
        """Return the stored state; see `ClusterTable.load`."""
        row = await self._database.read(_load)
        if row is None:
            return None
        position, taken, data = row
        return ClusterState(position, taken, await trio.to_thread.run_sync(_unpack, data))

    async def keep(self, taken: str, snapshot: dict[str, Any]) -> int:
        """Store a snapshot; see `ClusterTable.keep`."""
        data = await trio.to_thread.run_sync(_pack, snapshot)
        await self._database.write(_keep, taken, data)
        return len(data)

    async def origin(self) -> str:
        """Return a digest of what the database has; see `ClusterTable.origin`."""
        return await self._database.read(_origin)

    async def secrets(self) -> dict[str, bytes]:
        """Return what all nodes have in common; see `ClusterTable.secrets`."""
        return await self._database.read(_secrets)

    async def adopt(self, secrets: dict[str, bytes]) -> None:
        """Have the secrets of the other nodes; see `ClusterTable.adopt`."""
        await self._database.write(_adopt, secrets)


def leave(connection: "apsw.Connection") -> bool:
    """Let a database belong to no cluster any longer; return whether it belonged to one.

    Its messages, accounts and channels stay.
    """
    if not is_of_cluster(connection):
        return False
    connection.execute("DELETE FROM cluster")
    return True


def note_position(connection: "apsw.Connection", position: str) -> None:
    """Store up to which entry everything is stored, in the transaction of the caller."""
    connection.execute("UPDATE cluster SET position = ?", (position,))


def _load(connection: "apsw.Connection") -> tuple[str, str, bytes] | None:
    query = "SELECT position, taken, snapshot FROM cluster"
    row: tuple[str, str, bytes] | None = connection.execute(query).fetchone()
    return row


def _keep(connection: "apsw.Connection", taken: str, data: bytes) -> None:
    connection.execute(_KEEP, (taken, data))


def _origin(connection: "apsw.Connection") -> str:
    # The next account gets the number after the greatest one ever, on all nodes the same.
    newest = (
        "SELECT (SELECT max(id) FROM message), (SELECT max(id) FROM event),"
        " (SELECT seq FROM sqlite_sequence WHERE name = 'account')"
    )
    digest = hashlib.sha256(repr(connection.execute(newest).fetchone()).encode())
    for table in _TABLES:
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):  # noqa: S608
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _secrets(connection: "apsw.Connection") -> dict[str, bytes]:
    rows = connection.execute("SELECT name, value FROM secret")
    return {name: bytes(value) for name, value in rows if name in _SHARED}


def _adopt(connection: "apsw.Connection", secrets: dict[str, bytes]) -> None:
    rows = [(name, value) for name, value in secrets.items() if name in _SHARED]
    connection.executemany("INSERT OR REPLACE INTO secret VALUES (?, ?)", rows)


def _pack(snapshot: dict[str, Any]) -> bytes:
    from trio_chat.chat.snapshot import to_json  # noqa: PLC0415  # commands need none

    packer = zlib.compressobj(_LEVEL)
    parts = [packer.compress(part) for part in to_json(snapshot)]
    return b"".join((*parts, packer.flush()))


def _unpack(data: bytes) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(zlib.decompress(data))
    return snapshot
