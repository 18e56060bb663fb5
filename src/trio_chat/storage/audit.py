"""The table of the audit log."""

from typing import TYPE_CHECKING

from trio_chat.chat.audit import MOST, AuditEntry
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw

_ADD = "INSERT INTO audit (time, actor, address, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_BOUND = "DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?"
_READ = """
    SELECT time, actor, address, text, number FROM audit WHERE number < ?1
    AND (?3 = '' OR instr(lower(actor || char(10) || text), lower(?3)))
    ORDER BY number DESC LIMIT ?2
"""
_GREATEST = 2**62


def is_there(connection: "apsw.Connection") -> bool:
    """Return whether a database has an audit log; one with an older schema has none."""
    table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'audit'"
    return connection.execute(table).get is not None


class SqliteAuditLog:
    """The table of the audit log (the port `trio_chat.chat.audit.AuditLog`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, limit: int, before: int = 0, words: str = "") -> list[AuditEntry]:
        """Return entries; see `AuditLog.read`."""
        return await self._database.read(_read, limit, before or _GREATEST, words)

    async def prune(self, before: int) -> None:
        """Delete old entries; see `AuditLog.prune`."""
        await self._database.write(_prune, before)


def add(connection: "apsw.Connection", entry: AuditEntry) -> None:
    """Store an entry, in the transaction of the caller; one that is stored already changes
    nothing.
    """
    connection.execute(_ADD, entry[:4])
    connection.execute(_BOUND, (MOST,))


def _read(connection: "apsw.Connection", limit: int, before: int, words: str) -> list[AuditEntry]:
    return [AuditEntry(*row) for row in connection.execute(_READ, (before, limit, words))]


def _prune(connection: "apsw.Connection", before: int) -> None:
    connection.execute("DELETE FROM audit WHERE time < ?", (before,))
