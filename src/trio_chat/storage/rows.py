"""Rows of messages and events: as records, and inserted, several at a time."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trio_chat.chat.history import Record
from trio_chat.irc.message import NO_TAGS

if TYPE_CHECKING:
    import apsw

_AT_ONCE = (16, 4, 1)
"""Rows of a statement. Each number is a statement that SQLite keeps prepared."""


def to_record(buffer: str, row: tuple[Any, ...]) -> Record:
    """Return the record of a row.

    Args:
        buffer: the name of its buffer.
        row: id, is_private, command, source, account, text, tags, is_bot, shift, account_id and
            params.
    """
    (
        number,
        is_private,
        command,
        source,
        account,
        text,
        tags,
        is_bot,
        shift,
        account_id,
        params,
    ) = row
    return Record(
        buffer,
        number,
        command,
        source,
        account,
        text,
        json.loads(tags) if tags else NO_TAGS,
        bool(is_private),
        tuple(json.loads(params)) if params else (),
        bool(is_bot),
        shift,
        account_id,
    )


class Insertion:
    """The insertion of rows into a table, by as few statements as possible.

    SQLite lets the interpreter go for each statement. Beside a busy event loop, to have it again
    takes longer than to insert a row.

    Args:
        into: the table and its columns, as SQL has them.
        width: the number of the columns.
    """

    def __init__(self, into: str, width: int) -> None:
        row = f"({', '.join('?' * width)})"
        self._statements = [
            (count, f"INSERT INTO {into} VALUES {', '.join([row] * count)}")  # noqa: S608  # constant
            for count in _AT_ONCE
        ]

    def run(self, connection: "apsw.Connection", rows: Sequence[tuple[object, ...]]) -> None:
        """Insert rows, in order."""
        begin = 0
        for count, statement in self._statements:
            while len(rows) - begin >= count:
                end = begin + count
                values = [value for row in rows[begin:end] for value in row]
                connection.execute(statement, values)
                begin = end
