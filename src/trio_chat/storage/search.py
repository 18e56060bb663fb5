"""The words of messages: written a little later than they, and asked for by who searches (SQLite FTS5)."""

import json
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from trio_chat.chat.history import Query, Record, Span
from trio_chat.chat.multiline import flatten
from trio_chat.irc.message import NO_TAGS
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import strip_formatting

if TYPE_CHECKING:
    import apsw

_APPEND = "INSERT INTO word (rowid, place, sender, text) VALUES (?, ?, ?, ?)"
_UNINDEXED = "SELECT id, buffer, source, text FROM message WHERE id > (SELECT id FROM indexed) ORDER BY id LIMIT ?"
_FIND = """
    SELECT message.id, buffer.name, is_private, command, source, account, message.text, tags, is_bot, shift
    FROM word CROSS JOIN message ON message.id = word.rowid JOIN buffer ON buffer.id = message.buffer
    WHERE word MATCH ? AND word.rowid > ? AND word.rowid < ? ORDER BY word.rowid {}
"""
_OLDEST, _NEWEST = _FIND.format("ASC"), _FIND.format("DESC")
_PREFIX_LENGTH = 3
"""Letters from which on a word stands for all that begin with it: half the history begins with one of any two letters."""
_MOST_SECONDS = 2.0
"""A search that takes longer is given up: other searches wait meanwhile."""
_STEPS_PER_LOOK = 10_000


def append_words(connection: "apsw.Connection", records: Iterable[tuple[int, Record]]) -> None:
    """Write the words of messages, each with the number of its buffer; but not of the newest, which `catch_up` will come to."""
    until = int(connection.execute("SELECT id FROM indexed").get)
    rows = [_row(record.id, buffer, record.source, record.text) for buffer, record in records if record.id <= until]
    connection.executemany(_APPEND, rows)


def catch_up(connection: "apsw.Connection", limit: int) -> int:
    """Write the words of the oldest messages, at most `limit`, that have none yet; return how many messages those were."""
    messages: list[tuple[Any, ...]] = connection.execute(_UNINDEXED, (limit,)).fetchall()
    if messages:
        connection.executemany(_APPEND, [_row(*message) for message in messages])
        connection.execute("UPDATE indexed SET id = ?", (messages[-1][0],))
    return len(messages)


def _row(number: int, buffer: int, source: str, text: str) -> tuple[object, ...]:
    nick = source.partition("!")[0]
    return (number, buffer, _as_word(fold_or_self(nick)), _normal(text))


def _as_word(name: str) -> str:
    return name.encode().hex()


def _normal(text: str) -> str:
    if not text.isprintable():
        text = strip_formatting(flatten(text)).replace("\0", " ")  # a NUL would end a question early
    # SQLite removes the marks of Latin letters only; in Russian hardly anybody writes this one.
    return text.replace("ё", "е").replace("Ё", "Е")


def search(connection: "apsw.Connection", query: Query, span: Span, limit: int) -> list[Record]:
    """Return messages that a query finds; see `History.search`."""
    words = [word for word in _normal(query.text).split() if any(map(_is_token, word))]
    names = json.dumps(list(query.places), ensure_ascii=False)
    buffers = connection.execute("SELECT id FROM buffer WHERE name IN (SELECT value FROM json_each(?))", (names,)).fetchall()
    if not buffers or (query.text and not words):
        return []
    expression = _expression([str(number) for (number,) in buffers], words, query.sender)
    deadline = time.monotonic() + _MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_PER_LOOK)
    try:
        found = _read(connection, expression, query, span, limit)
    finally:
        connection.set_progress_handler(None)
    return found[::-1] if span.from_newest else found


def _read(connection: "apsw.Connection", expression: str, query: Query, span: Span, limit: int) -> list[Record]:
    found: list[Record] = []
    rows = connection.execute(_NEWEST if span.from_newest else _OLDEST, (expression, span.after, span.before))
    for number, buffer, is_private, command, source, account, text, tags, is_bot, shift in rows:
        if (is_private and number <= query.places[buffer]) or number < query.oldest.get(buffer, 0):
            continue
        found.append(
            Record(
                buffer, number, command, source, account, text, json.loads(tags) if tags else NO_TAGS, bool(is_private), (),
                bool(is_bot), shift,
            )
        )  # fmt: skip
        if len(found) >= limit:
            break
    return found


def _is_token(char: str) -> bool:
    """Tell whether a sign is part of a word (FTS5, Unicode61 tokenizer: categories L*, N* and Co)."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category == "Co"


def _expression(buffers: Sequence[str], words: Sequence[str], sender: str) -> str:
    """Return what FTS5 is asked. Everything is in quotes, so nothing that somebody writes is taken for an operator."""
    parts = {"place": " OR ".join(f'"{number}"' for number in buffers)}
    if sender:
        parts["sender"] = f'"{_as_word(sender)}"'
    if words:
        parts["text"] = " ".join(map(_quoted, words))
    return " AND ".join(f"{{{column}}} : ({part})" for column, part in parts.items())


def _quoted(word: str) -> str:
    quoted = '"' + word.replace('"', '""') + '"'
    return f"{quoted}*" if len(word) >= _PREFIX_LENGTH else quoted
