"""Messages on disk: appended in batches, read as ranges of their ids."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_chat.chat.history import HistoryError, Record, Span
from trio_chat.irc.message import NO_TAGS
from trio_chat.storage.database import Database, StorageError

if TYPE_CHECKING:
    import apsw

_APPEND = "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
# The order is the only difference: SQLite walks the key from one end or the other and stops at the limit.
_RANGE = """
    SELECT id, is_private, command, source, account, text, tags FROM message
    WHERE buffer = (SELECT id FROM buffer WHERE name = ?) AND id > ? AND id < ? AND (id > ? OR NOT is_private)
    ORDER BY id {} LIMIT ?
"""
_OLDEST, _NEWEST = _RANGE.format("ASC"), _RANGE.format("DESC")
_MOST_BUFFERS = 10_000


class SqliteHistory:
    """The history of a server (the port `trio_chat.chat.history.History`).

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._buffers: dict[str, int] = {}  # touched by the writing thread only

    async def commit(self, records: Sequence[Record]) -> None:
        """Append messages as one transaction; see `History.commit`."""
        try:
            await self._database.write(self._append, records)
        except StorageError as error:
            self._buffers.clear()  # what the transaction numbered is not there
            raise HistoryError(str(error)) from error

    async def messages(self, buffer: str, span: Span, limit: int, private_after: int) -> list[Record]:
        """Return a range of messages; see `History.messages`."""
        try:
            return await self._database.read(_select, buffer, span, limit, private_after)
        except StorageError as error:
            raise HistoryError(str(error)) from error

    async def last_id(self) -> int:
        """Return the greatest id ever committed, or 0."""
        return await self._database.read(_last_id)

    async def prune(self, before: int, limit: int) -> int:
        """Delete up to `limit` messages with a smaller id; return how many that were.

        Raises:
            HistoryError: none were deleted.
        """
        try:
            return await self._database.write(_delete, before, limit)
        except StorageError as error:
            raise HistoryError(str(error)) from error

    def _append(self, connection: "apsw.Connection", records: Sequence[Record]) -> None:
        rows = [
            (
                self._buffer(connection, record.buffer), record.id, record.is_private, record.command, record.source,
                record.account, record.text, json.dumps(dict(record.tags), ensure_ascii=False) if record.tags else "",
            )
            for record in records
        ]  # fmt: skip
        connection.executemany(_APPEND, rows)

    def _buffer(self, connection: "apsw.Connection", name: str) -> int:
        known = self._buffers.get(name)
        if known is not None:
            return known
        connection.execute("INSERT INTO buffer (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
        number: int = connection.execute("SELECT id FROM buffer WHERE name = ?", (name,)).get
        if len(self._buffers) >= _MOST_BUFFERS:
            self._buffers.clear()
        self._buffers[name] = number
        return number


def _select(connection: "apsw.Connection", buffer: str, span: Span, limit: int, private_after: int) -> list[Record]:
    query = _NEWEST if span.from_newest else _OLDEST
    rows = connection.execute(query, (buffer, span.after, span.before, private_after, limit))
    records = [
        Record(buffer, number, command, source, account, text, json.loads(tags) if tags else NO_TAGS, bool(is_private))
        for number, is_private, command, source, account, text, tags in rows
    ]
    return records[::-1] if span.from_newest else records


def _last_id(connection: "apsw.Connection") -> int:
    # One look at the end of each buffer's range; a scan of all messages would grow with the file.
    newest = "SELECT max((SELECT max(id) FROM message WHERE message.buffer = buffer.id)) FROM buffer"
    return int(connection.execute(newest).get or 0)


def _delete(connection: "apsw.Connection", before: int, limit: int) -> int:
    keys = connection.execute("SELECT buffer, id FROM message WHERE id < ? LIMIT ?", (before, limit)).fetchall()
    connection.executemany("DELETE FROM message WHERE buffer = ? AND id = ?", keys)
    return len(keys)
