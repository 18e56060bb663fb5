"""Rows of messages and events as records."""

import json
from typing import Any

from trio_chat.chat.history import Record
from trio_chat.irc.message import NO_TAGS


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
