"""The table of server bans (KLINE, DLINE and suspended accounts)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.bans import Ban, BanKey, BanKind

if TYPE_CHECKING:
    import apsw

    from trio_chat.storage.database import Database

_KEEP = (
    "INSERT INTO ban VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET mask = excluded.mask,"
    " setter = excluded.setter, reason = excluded.reason, created = excluded.created, expires ="
    " excluded.expires"
)


class SqliteBans:
    """The table of bans (the port `trio_chat.chat.bans.BanTable`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def load(self) -> list[Ban]:
        """Return all bans; see `BanTable.load`."""
        return await self._database.read(every_ban)

    async def changes(self) -> int:
        """Return a counter of changes; see `BanTable.changes`."""
        return await self._database.read(_changes)


def every_ban(connection: "apsw.Connection") -> list[Ban]:
    """Return all bans, the oldest first."""
    rows = connection.execute(
        "SELECT kind, folded, mask, setter, reason, created, expires FROM ban ORDER BY created,"
        " mask"
    )
    return [_ban(*row) for row in rows]


def _ban(
    kind: str, folded: str, mask: str, setter: str, reason: str, created: int, expires: int
) -> Ban:
    account = int(folded) if kind == BanKind.ACCOUNT.value else 0
    return Ban(BanKind(kind), mask, setter, reason, created, expires, account)


def save(connection: "apsw.Connection", changes: Mapping[BanKey, Ban | None]) -> None:
    """Store changes of bans; None in the place of a ban deletes it."""
    for (kind, folded), ban in changes.items():
        if ban is None:
            connection.execute(
                "DELETE FROM ban WHERE kind = ? AND folded = ?", (kind.value, folded)
            )
        else:
            connection.execute(_KEEP, (kind.value, folded, *ban[1:6]))


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'ban'").get)
