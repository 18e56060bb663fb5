"""The table of messages: appended, read as ranges of ids, and deleted with their words.

The functions are synchronous: the server runs them in the threads of its database, and commands in
their own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trio_chat.chat.history import Record, Span
from trio_chat.storage import uploads
from trio_chat.storage.events import delete_events, delete_old_events
from trio_chat.storage.rows import Insertion, to_record
from trio_chat.storage.search_index import index_messages, remove_from_index

if TYPE_CHECKING:
    import apsw

_APPEND = Insertion(
    "message (buffer, id, is_private, command, source, account, text, tags, is_bot, shift,"
    " account_id, number)",
    width=12,
)
# Only the order differs: SQLite walks the primary key from one end or the other, and stops at the
# limit.
_RANGE = """
    SELECT
        id, is_private, command, source, account, text, tags, is_bot, shift, account_id,
        '' AS params
    FROM message
    WHERE buffer = (SELECT id FROM buffer WHERE name = ?) AND id > ? AND id < ?
    AND (id > ? OR NOT is_private)
    ORDER BY id {} LIMIT ?
"""
_OLDEST, _NEWEST = _RANGE.format("ASC"), _RANGE.format("DESC")
_NUMBERS = """
    SELECT id, number FROM message
    WHERE buffer = (SELECT id FROM buffer WHERE name = ?) AND id BETWEEN ? AND ? AND number
"""
_EXISTS = "SELECT 1 FROM {} WHERE buffer = ? AND id = ?"
_DIG_OUT = """
    DELETE FROM redacted WHERE id < :before AND buffer IN (
        SELECT id FROM buffer WHERE (:name IS NULL OR buffer.name = :name)
        AND buffer.name NOT IN (SELECT value FROM json_each(:without)))
"""
_SHORTENED = 75
"""Characters of a channel name to which a number is appended, so that the result fits the limit."""
# Buffer by buffer (CROSS JOIN keeps that order), because the primary key begins with the buffer: a
# query for small ids alone would read every message of the file, while new ones wait.
_OLD = """
    SELECT message.buffer, message.id FROM buffer CROSS JOIN message ON message.buffer = buffer.id
    WHERE message.id < :before AND (:name IS NULL OR buffer.name = :name)
    AND buffer.name NOT IN (SELECT value FROM json_each(:without)) LIMIT :limit
"""


def buffer_id(connection: "apsw.Connection", name: str) -> int:
    """Return the number of a buffer, which is made when there is none of this name."""
    connection.execute("INSERT INTO buffer (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    return int(connection.execute("SELECT id FROM buffer WHERE name = ?", (name,)).get)


def rename_buffer(connection: "apsw.Connection", before: str, name: str, number: int) -> None:
    """Rename the buffer of a channel.

    The buffer of a former channel of the new name is set aside, under that name and the number.
    """
    for new, old in ((f"{name[:_SHORTENED]}-{number}", name), (name, before)):
        connection.execute("UPDATE buffer SET name = ? WHERE name = ?", (new, old))


def select_numbers(
    connection: "apsw.Connection", buffer: str, first: int, last: int
) -> dict[int, int]:
    """Return the numbers of the messages of a range of ids; see `History.numbers_of`."""
    return dict(connection.execute(_NUMBERS, (buffer, first, last)))


def write_last_numbers(
    connection: "apsw.Connection", last: Mapping[int, int], buffers: Iterable[int]
) -> None:
    """Have buffers know the numbers of their last messages."""
    for buffer in buffers:
        connection.execute("UPDATE buffer SET last_number = ? WHERE id = ?", (last[buffer], buffer))


def append_messages(
    connection: "apsw.Connection",
    records: Sequence[tuple[int, Record]],
    numbers: Mapping[int, int] = MappingProxyType({}),
) -> None:
    """Insert messages, each with the id of its buffer; `index_new` indexes the new ones.

    Args:
        connection: to the database.
        records: buffers and messages.
        numbers: of the messages of channels, by their ids; imported ones have none.
    """
    rows = [(*row(record, buffer), numbers.get(record.id, 0)) for buffer, record in records]
    _APPEND.run(connection, rows)
    index_messages(connection, records)
    uploads.link(connection, records)


def row(record: Record, buffer: int) -> tuple[object, ...]:
    """Return a message as a row of the table."""
    tags = json.dumps(dict(record.tags), ensure_ascii=False) if record.tags else ""
    return (
        buffer,
        record.id,
        record.is_private,
        record.command,
        record.source,
        record.account,
        record.text,
        tags,
        record.is_bot,
        record.shift,
        record.account_id,
    )


def select_messages(
    connection: "apsw.Connection", buffer: str, span: Span, limit: int, private_after: int
) -> list[Record]:
    """Return a range of messages; see `History.messages`."""
    query = _NEWEST if span.from_newest else _OLDEST
    rows = connection.execute(query, (buffer, span.after, span.before, private_after, limit))
    records = [to_record(buffer, row) for row in rows]
    return records[::-1] if span.from_newest else records


def conversations(connection: "apsw.Connection", account: int) -> list[str]:
    """Return the conversations of an account; see `History.conversations`."""
    query = (
        "SELECT name FROM buffer WHERE instr(',' || name || ',', ',' || ? || ',') AND instr(name,"
        " ',')"
    )
    return [name for (name,) in connection.execute(query, (account,))]


def last_id(connection: "apsw.Connection") -> int:
    """Return the greatest id ever committed, or 0."""
    # The last key of each buffer is found without a scan of all events, which grows with the file.
    newest_event = (
        "SELECT max((SELECT max(id) FROM event WHERE event.buffer = buffer.id)) FROM buffer"
    )
    return max(
        int(connection.execute(newest).get or 0)
        for newest in ("SELECT max(id) FROM message", newest_event)
    )


def delete_one(connection: "apsw.Connection", name: str, number: int) -> bool:
    """Delete a message or event for good, by the name of its buffer and its id; return whether
    there was one.
    """
    buffer = connection.execute("SELECT id FROM buffer WHERE name = ?", (name,)).get
    return buffer is not None and redact(connection, (int(buffer), number))


def redact(connection: "apsw.Connection", key: tuple[int, int]) -> bool:
    """Delete a message or event for good, by the number of its buffer and its id; return whether
    there was one.
    """
    for table, drop in (("message", redact_messages), ("event", delete_events)):
        if connection.execute(_EXISTS.format(table), key).get is not None:
            drop(connection, [key])
            return True
    return False


def delete_old(
    connection: "apsw.Connection",
    before: int,
    limit: int,
    name: str | None = None,
    without: Sequence[str] = (),
) -> int:
    """Delete up to `limit` old messages and events of one channel, or of all but some.

    See `History.prune`.
    """
    left_alone = json.dumps(list(without), ensure_ascii=False)
    values: dict[str, Any] = {"before": before, "limit": limit, "name": name, "without": left_alone}
    keys = connection.execute(_OLD, values).fetchall()
    delete_messages(connection, keys)
    if len(keys) == limit:
        return limit
    connection.execute(_DIG_OUT, values)
    return len(keys) + delete_old_events(connection, values | {"limit": limit - len(keys)})


def delete_messages(connection: "apsw.Connection", keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete messages, and their words, by their keys: the number of the buffer and the id."""
    remove_from_index(connection, keys)
    connection.executemany("DELETE FROM message WHERE buffer = ? AND id = ?", keys)


def redact_messages(connection: "apsw.Connection", keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete messages for good: importing an old export does not restore them."""
    delete_messages(connection, keys)
    connection.executemany("INSERT INTO redacted VALUES (?, ?) ON CONFLICT DO NOTHING", keys)
