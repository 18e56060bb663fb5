"""The search index (SQLite FTS5): written a little later than the messages, deleted with them.

Each transaction that adds messages adds a segment to it. `merge` makes fewer of them, so that a
search has to look into few; after `crisismerge` of them, SQLite itself does so, however long.

The index is contentless, so a deletion must repeat the text that was indexed: `tokens.prepare_text`
has to return the same as at that time. So it still prepares the messages from before a migration
as it did then.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from trio_chat.chat.history import Record
from trio_chat.irc.names import fold_or_self
from trio_chat.storage.tokens import prepare_text

if TYPE_CHECKING:
    import apsw

_APPEND = "INSERT INTO term (rowid, place, sender, text) VALUES (?, ?, ?, ?)"
_DELETE = "INSERT INTO term (term, rowid, place, sender, text) VALUES ('delete', ?, ?, ?, ?)"
_MERGE = "INSERT INTO term (term, rank) VALUES ('merge', ?)"
_LEAST_MERGED = 8
"""Pages of the index that are merged in a transaction."""
_MESSAGES_PER_PAGE = 10
"""Messages for which another page is merged. It is about what SQLite would merge, and several times
as many as they fill: a page is merged once on each level.
"""
_STEPS_PER_LOOK = 50
"""Steps of SQLite's virtual machine after which a merge looks whether it has to stop. They take a
tenth of a millisecond.
"""
_LEAST_CHANGES = 2
"""Changes of a merge that has done something (sqlite.org/fts5.html, 6.8)."""
_NEWER = (
    "SELECT id, buffer, source, text FROM message WHERE id > (SELECT id FROM indexed) ORDER BY id"
    " LIMIT ?"
)
_OLDER = (
    "SELECT id, buffer, source, text FROM message WHERE id <= (SELECT since FROM indexed) ORDER BY"
    " id DESC LIMIT ?"
)
_WRITTEN = """
    SELECT id, buffer, source, text FROM message WHERE buffer = ? AND id = ?
    AND id > (SELECT since FROM indexed) AND id <= (SELECT id FROM indexed)
"""


def indexed_range(connection: "apsw.Connection") -> tuple[int, int]:
    """Return the range of indexed messages: ids above the first number, up to the second."""
    rows: list[tuple[Any, ...]] = connection.execute("SELECT since, id FROM indexed").fetchall()
    return rows[0][0], rows[0][1]


def oldest_folded(connection: "apsw.Connection") -> int:
    """Return the id above which messages are indexed with letters of all forms as one; 0 for all
    messages.
    """
    return int(connection.execute("SELECT folded FROM indexed").get or 0)


def index_messages(connection: "apsw.Connection", records: Iterable[tuple[int, Record]]) -> None:
    """Index messages within the indexed range, each with the number of its buffer.

    `index_new` and `index_old` index the others later.
    """
    since, until = indexed_range(connection)
    within = [each for each in records if since < each[1].id <= until]
    if within:
        folded = oldest_folded(connection)
        rows = [
            _row(record.id, buffer, record.source, record.text, folded=folded)
            for buffer, record in within
        ]
        _append(connection, rows)


def index_new(connection: "apsw.Connection", limit: int) -> int:
    """Index up to `limit` messages newer than the indexed range; return their number."""
    messages: list[tuple[Any, ...]] = connection.execute(_NEWER, (limit,)).fetchall()
    if messages:
        folded = oldest_folded(connection)
        _append(connection, [_row(*message, folded=folded) for message in messages])
        connection.execute("UPDATE indexed SET id = ?", (messages[-1][0],))
    return len(messages)


def index_old(connection: "apsw.Connection", limit: int) -> int:
    """Index up to `limit` messages older than the indexed range; return their number."""
    messages: list[tuple[Any, ...]] = connection.execute(_OLDER, (limit,)).fetchall()[::-1]
    folded = oldest_folded(connection)
    _append(connection, [_row(*message, folded=folded) for message in messages])
    since = messages[0][0] - 1 if len(messages) == limit else 0
    connection.execute("UPDATE indexed SET since = ?", (since,))
    return len(messages)


def remove_from_index(connection: "apsw.Connection", keys: Sequence[tuple[Any, ...]]) -> None:
    """Remove messages that are about to be deleted, by their keys: buffer number and id."""
    messages = [message for key in keys for message in connection.execute(_WRITTEN, key)]
    folded = oldest_folded(connection)
    connection.executemany(_DELETE, [_row(*message, folded=folded) for message in messages])


def merge(
    connection: "apsw.Connection", count: int, is_to_stop: Callable[[], bool] | None = None
) -> bool | None:
    """Merge a part of the index to which messages were added.

    SQLite would merge hundreds of pages in some of the transactions that add messages
    (`automerge`). It merges all places of a word in one step, and a channel is a word, too: another
    writer would wait for up to 50 ms in a history of 600,000 messages.

    Args:
        connection: to the database, in a transaction.
        count: how many messages were added since the last merge.
        is_to_stop: whether to stop. The transaction, in which nothing else may have been written,
            is then rolled back, and an empty one begun.

    Returns:
        whether there may be more to merge; None after a stop.
    """
    import apsw  # noqa: PLC0415

    before = connection.total_changes()
    try:
        _merge_until(connection, count, is_to_stop)
    except apsw.InterruptError:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("BEGIN")
        return None
    return connection.total_changes() - before >= _LEAST_CHANGES


def _merge_until(
    connection: "apsw.Connection", count: int, is_to_stop: Callable[[], bool] | None
) -> None:
    pages = _LEAST_MERGED + count // _MESSAGES_PER_PAGE
    if is_to_stop is not None:
        connection.set_progress_handler(is_to_stop, _STEPS_PER_LOOK, id=merge)
    try:
        connection.execute(_MERGE, (pages,))
    finally:
        connection.set_progress_handler(None, id=merge)


def _append(connection: "apsw.Connection", rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        connection.executemany(_APPEND, rows)


def _row(number: int, buffer: int, source: str, text: str, *, folded: int) -> tuple[object, ...]:
    nick = source.partition("!")[0]
    prepared = prepare_text(text, is_old=number <= folded)
    return (number, buffer, hex_token(fold_or_self(nick)), prepared)


def hex_token(name: str) -> str:
    """Return a name as one token, whatever characters it contains."""
    return name.encode().hex()
