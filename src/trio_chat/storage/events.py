"""The table of channel events (JOIN, TOPIC, MODE …), in one order of ids with the messages."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trio_chat.chat.history import HistoryFilter, Record, Span
from trio_chat.storage.rows import Insertion, to_record

if TYPE_CHECKING:
    import apsw

_APPEND = Insertion(
    "event (buffer, id, is_private, command, source, account, params, tags, is_bot, shift,"
    " account_id)",
    width=11,
)
# SQLite merges the ranges of both primary keys while it reads them, and stops at the limit.
_RANGE = """
    WITH here AS (SELECT id FROM buffer WHERE name = :buffer)
    SELECT
        id, is_private, command, source, account, text, tags, is_bot, shift, account_id,
        '' AS params
    FROM message
    WHERE buffer = (SELECT id FROM here) AND id > :after AND id < :before
    AND (id > :private_after OR NOT is_private)
    UNION ALL
    SELECT id, is_private, command, source, account, '', tags, is_bot, shift, account_id, params
    FROM event
    WHERE buffer = (SELECT id FROM here) AND id > :after AND id < :before
    AND (id > :private_after OR NOT is_private) AND (command <> 'TAGMSG' OR :with_tags)
    ORDER BY id {} LIMIT :limit
"""
_OLDEST, _NEWEST = _RANGE.format("ASC"), _RANGE.format("DESC")
_WITH_TAGS = _RANGE.replace("(command <> 'TAGMSG' OR :with_tags)", "command = 'TAGMSG'")
_OLDEST_TAGS, _NEWEST_TAGS = _WITH_TAGS.format("ASC"), _WITH_TAGS.format("DESC")
_ONLY_TAGS = """
    SELECT id, is_private, command, source, account, '', tags, is_bot, shift, account_id, params
    FROM event WHERE buffer = (SELECT id FROM buffer WHERE name = :buffer) AND command = 'TAGMSG'
    ORDER BY id
"""
_OLD = """
    SELECT event.buffer, event.id FROM buffer CROSS JOIN event ON event.buffer = buffer.id
    WHERE event.id < :before AND (:name IS NULL OR buffer.name = :name)
    AND buffer.name NOT IN (SELECT value FROM json_each(:without)) LIMIT :limit
"""


def append_events(connection: "apsw.Connection", records: Iterable[tuple[int, Record]]) -> None:
    """Insert events, each with the number of its buffer."""
    _APPEND.run(connection, [_row(buffer, record) for buffer, record in records])


def _row(buffer: int, record: Record) -> tuple[object, ...]:
    return (
        buffer,
        record.id,
        record.is_private,
        record.command,
        record.source,
        record.account,
        _to_json(record.params),
        _to_json(dict(record.tags)) if record.tags else "",
        record.is_bot,
        record.shift,
        record.account_id,
    )


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def select_messages_and_events(
    connection: "apsw.Connection",
    buffer: str,
    span: Span,
    limit: int,
    private_after: int,
    shown: HistoryFilter,
) -> list[Record]:
    """Return a range of messages and events; see `History.messages`."""
    values = {
        "buffer": buffer,
        "after": span.after,
        "before": span.before,
        "private_after": private_after,
        "with_tags": shown is HistoryFilter.WITH_TAGMSG,
        "limit": limit,
    }
    rows = connection.execute(_NEWEST if span.from_newest else _OLDEST, values)
    records = [to_record(buffer, row) for row in rows]
    return records[::-1] if span.from_newest else records


def select_messages_and_tags(
    connection: "apsw.Connection", buffer: str, span: Span, limit: int, private_after: int
) -> list[Record]:
    """Return a range of messages, those of tags alone among them; see `History.messages`."""
    values = {
        "buffer": buffer,
        "after": span.after,
        "before": span.before,
        "private_after": private_after,
        "limit": limit,
    }
    rows = connection.execute(_NEWEST_TAGS if span.from_newest else _OLDEST_TAGS, values)
    return [to_record(buffer, row) for row in rows][:: -1 if span.from_newest else 1]


def select_tags(connection: "apsw.Connection", buffer: str) -> Iterator[Record]:
    """Yield the messages of tags alone of a buffer, in order."""
    for row in connection.execute(_ONLY_TAGS, {"buffer": buffer}):
        yield to_record(buffer, row)


def delete_old_events(connection: "apsw.Connection", values: Mapping[str, Any]) -> int:
    """Delete old events as `history.delete_old` does messages; return their number."""
    keys = connection.execute(_OLD, values).fetchall()
    delete_events(connection, keys)
    return len(keys)


def delete_events(connection: "apsw.Connection", keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete events by their keys: the number of the buffer and the id."""
    connection.executemany("DELETE FROM event WHERE buffer = ? AND id = ?", keys)
