"""Full-text search (SQLite FTS5) over the index that `storage.search_index` keeps.

The index has the buffers as words, too. FTS5 begins with the rarest word, so a common word in a
small channel is found fast. But to find the first message of each of many channels takes longer
than to look through the messages with the words for those of the channels. So a search does this
first, and asks FTS5 for the channels when it has looked through many in vain.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from trio_chat.chat.history import Query, Record, Span
from trio_chat.storage.rows import to_record
from trio_chat.storage.search_index import hex_token, oldest_folded
from trio_chat.storage.tokens import phrase, prepare_text
from trio_chat.storage.vocabulary import Vocabulary, Wanted

if TYPE_CHECKING:
    import apsw

# The index of ids has the numbers of buffers: of messages elsewhere nothing else is read.
_FIND = """
    SELECT message.buffer, message.id FROM term CROSS JOIN message ON message.id = term.rowid
    WHERE term MATCH ? AND term.rowid > ? AND term.rowid < ? ORDER BY term.rowid {}
"""
_OLDEST, _NEWEST = _FIND.format("ASC"), _FIND.format("DESC")
_READ = """
    SELECT
        id, is_private, command, source, account, text, tags, is_bot, shift, account_id,
        '' AS params
    FROM message WHERE buffer = ? AND id = ?
"""
_BUFFERS = "SELECT id, name FROM buffer WHERE name IN (SELECT value FROM json_each(?))"
_MOST_SECONDS = 2.0
"""A search that takes longer is interrupted, because other searches have to wait for it."""
_STEPS_PER_LOOK = 10_000
_MOST_PLANNED = 8
"""Words of a query that are looked up in the vocabulary; that of more could take long itself."""
_FEW_BUFFERS = 4
"""Buffers that FTS5 finds at once."""
_LOOKED_THROUGH, _LOOKED_THROUGH_EACH = 200, 50
"""Messages that are looked through first: some, and more for each buffer. This takes about as long
as FTS5 takes to find the first message of each buffer.
"""
_SAMPLE = 8
"""The part of them after which as large a part of the messages wanted must have been found."""


def search(connection: "apsw.Connection", query: Query, span: Span, limit: int) -> list[Record]:
    """Return the messages that match a query; see `History.search`."""
    has_old = oldest_folded(connection) > 0
    phrases = [forms for word in query.text.split() if (forms := _forms(word, has_old=has_old))]
    names = json.dumps(list(query.buffers), ensure_ascii=False)
    buffers = dict(connection.execute(_BUFFERS, (names,)))
    if not buffers or (query.text and not phrases):
        return []
    vocabulary = Vocabulary(connection)
    deadline = time.monotonic() + _MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_PER_LOOK)
    try:
        connection.execute("BEGIN")  # words and messages of one moment, whose pages are read once
        wanted = _wanted(vocabulary, phrases)
        if any(word.occurrences == 0 for word in wanted):
            return []
        found = _Search(connection, query, buffers, limit).found(wanted, span)
    finally:
        connection.set_progress_handler(None)
        if connection.in_transaction:
            connection.execute("COMMIT")
    return found[::-1] if span.from_newest else found


class _Search:
    """A search in some buffers, by number, for up to `limit` messages."""

    def __init__(
        self,
        connection: "apsw.Connection",
        query: Query,
        buffers: Mapping[int, str],
        limit: int,
    ) -> None:
        self._connection = connection
        self._query = query
        self._buffers = buffers
        self._limit = limit
        self._found: list[Record] = []

    def found(self, wanted: Sequence[Wanted], span: Span) -> list[Record]:
        """Return what is found, in the order of `span`."""
        parts = _parts(wanted, self._query.sender)
        if parts and self._are_looked_through(wanted):
            most = _LOOKED_THROUGH + _LOOKED_THROUGH_EACH * len(self._buffers)
            is_rare = any(
                word.occurrences is not None and word.occurrences <= most for word in wanted
            )
            last = self._read(_expression(parts), span, None if is_rare else most)
            if last is None:
                return self._found
            newest = span.from_newest
            span = span._replace(before=last) if newest else span._replace(after=last)
        place = " OR ".join(f'"{number}"' for number in self._buffers)
        self._read(_expression({"place": place, **parts}), span)
        return self._found

    def _are_looked_through(self, wanted: Sequence[Wanted]) -> bool:
        """Return whether messages of other buffers are looked through, too."""
        if any(word.occurrences is not None for word in wanted):
            return True
        return len(self._buffers) > _FEW_BUFFERS and all(word.is_ordered for word in wanted)

    def _read(self, expression: str, span: Span, most: int | None = None) -> int | None:
        """Find messages with an FTS5 query. Return the id of the last one that was looked at when
        `most` will not do; None when there are no more, or none are needed.
        """
        sample = most and most // _SAMPLE
        rows = self._connection.execute(
            _NEWEST if span.from_newest else _OLDEST, (expression, span.after, span.before)
        )
        for count, (buffer, number) in enumerate(rows, 1):
            name = self._buffers.get(buffer)
            if name is not None and (record := self._record(buffer, name, number)):
                self._found.append(record)
                if len(self._found) >= self._limit:
                    break
            if count == most or (count == sample and len(self._found) * _SAMPLE < self._limit):
                return int(number)
        return None

    def _record(self, buffer: int, name: str, number: int) -> Record | None:
        """Return a message, unless the query leaves it out."""
        if number < self._query.oldest.get(name, 0):
            return None
        (row,) = self._connection.execute(_READ, (buffer, number))
        record = to_record(name, row)
        is_from_before = record.is_private and number <= self._query.buffers[name]
        return None if is_from_before else record


def _forms(word: str, *, has_old: bool) -> tuple[str, ...]:
    """Return a word of a query as phrases, any of which is to match; none if it has no token.

    Messages from before a migration have it as it is written (`tokens.prepare_text`).
    """
    forms = [phrase(prepare_text(word))]
    if has_old:
        forms.append(phrase(prepare_text(word, is_old=True)))
    return tuple(dict.fromkeys(filter(None, forms)))


def _wanted(vocabulary: Vocabulary, phrases: Sequence[tuple[str, ...]]) -> list[Wanted]:
    different = dict.fromkeys(phrases)
    known = [forms for forms in different if any(map(vocabulary.tokens, forms))] or list(different)
    planned = [_any_of(map(vocabulary.wanted, forms)) for forms in known[:_MOST_PLANNED]]
    others = [
        _any_of(Wanted(quoted, None, is_ordered=False) for quoted in forms)
        for forms in known[_MOST_PLANNED:]
    ]
    return planned + others


def _any_of(forms: Iterable[Wanted]) -> Wanted:
    """Return what finds the messages with any of the forms of a word."""
    first, *others = forms
    for other in others:
        count = None
        if first.occurrences is not None and other.occurrences is not None:
            count = first.occurrences + other.occurrences
        first = Wanted(
            f"({first.expression} OR {other.expression})",
            count,
            is_ordered=first.is_ordered and other.is_ordered,
        )
    return first


def _parts(wanted: Sequence[Wanted], sender: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    if sender:
        parts["sender"] = f'"{hex_token(sender)}"'
    if wanted:
        parts["text"] = " AND ".join(word.expression for word in wanted)
    return parts


def _expression(parts: Mapping[str, str]) -> str:
    """Return the FTS5 query for words in columns. Buffers and the sender are indexed as words."""
    return " AND ".join(f"{{{column}}} : ({part})" for column, part in parts.items())
