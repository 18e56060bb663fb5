"""Full-text search (SQLite FTS5) over the index that `storage.search_index` keeps."""

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_chat.chat.history import Query, Record, Span
from trio_chat.irc.message import NO_TAGS
from trio_chat.storage.search_index import hex_token
from trio_chat.storage.tokens import phrase, prepare_text

if TYPE_CHECKING:
    import apsw

_FIND = """
    SELECT
        message.id, buffer.name, is_private, command, source, account, message.text, tags, is_bot,
        shift, account_id
    FROM term CROSS JOIN message ON message.id = term.rowid
    JOIN buffer ON buffer.id = message.buffer
    WHERE term MATCH ? AND term.rowid > ? AND term.rowid < ? ORDER BY term.rowid {}
"""
_OLDEST, _NEWEST = _FIND.format("ASC"), _FIND.format("DESC")
_MOST_SECONDS = 2.0
"""A search that takes longer is interrupted, because other searches have to wait for it."""
_STEPS_PER_LOOK = 10_000


def search(connection: "apsw.Connection", query: Query, span: Span, limit: int) -> list[Record]:
    """Return the messages that match a query; see `History.search`."""
    phrases = [quoted for word in query.text.split() if (quoted := phrase(prepare_text(word)))]
    names = json.dumps(list(query.buffers), ensure_ascii=False)
    buffers = connection.execute(
        "SELECT id FROM buffer WHERE name IN (SELECT value FROM json_each(?))", (names,)
    ).fetchall()
    if not buffers or (query.text and not phrases):
        return []
    expression = _expression([str(number) for (number,) in buffers], phrases, query.sender)
    deadline = time.monotonic() + _MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_PER_LOOK)
    try:
        found = _read(connection, expression, query, span, limit)
    finally:
        connection.set_progress_handler(None)
    return found[::-1] if span.from_newest else found


def _read(
    connection: "apsw.Connection", expression: str, query: Query, span: Span, limit: int
) -> list[Record]:
    found: list[Record] = []
    rows = connection.execute(
        _NEWEST if span.from_newest else _OLDEST, (expression, span.after, span.before)
    )
    for (
        number,
        buffer,
        is_private,
        command,
        source,
        account,
        text,
        tags,
        is_bot,
        shift,
        account_id,
    ) in rows:
        if (is_private and number <= query.buffers[buffer]) or number < query.oldest.get(buffer, 0):
            continue
        found.append(
            Record(
                buffer,
                number,
                command,
                source,
                account,
                text,
                json.loads(tags) if tags else NO_TAGS,
                bool(is_private),
                (),
                bool(is_bot),
                shift,
                account_id,
            )
        )
        if len(found) >= limit:
            break
    return found


def _expression(buffers: Sequence[str], phrases: Sequence[str], sender: str) -> str:
    """Return the FTS5 query. Buffers and the sender are indexed as words, because FTS5 then begins
    with the rarest word.
    """
    parts = {"place": " OR ".join(f'"{number}"' for number in buffers)}
    if sender:
        parts["sender"] = f'"{hex_token(sender)}"'
    if phrases:
        parts["text"] = " ".join(phrases)
    return " AND ".join(f"{{{column}}} : ({part})" for column, part in parts.items())
