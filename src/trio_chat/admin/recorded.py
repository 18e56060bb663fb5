"""Changes by maintenance commands, with their entries in the audit log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trio_chat.chat.audit import MAX_TEXT, AuditEntry
from trio_chat.irc.text import escape_controls
from trio_chat.storage import audit
from trio_chat.storage.transactions import transaction

if TYPE_CHECKING:
    import apsw


@contextmanager
def recorded(connection: "apsw.Connection", command: str, text: str) -> Iterator[None]:
    """Carry out a change as one transaction with its entry in the audit log; neither is stored when
    the change raises.

    Args:
        connection: to the database.
        command: the command of `trio-chat`, such as `account`.
        text: the change, in the words that the audit log has for it in the chat; without a secret.
    """
    with transaction(connection):
        yield
        _add(connection, command, text)


def record_begin(connection: "apsw.Connection", command: str, text: str) -> None:
    """Record work of many transactions in the audit log, before the first of them: what an
    interruption leaves half done has its entry, too.

    Args:
        connection: to the database.
        command: see `recorded`.
        text: see `recorded`; the name of a file in it may be any.
    """
    with transaction(connection):
        _add(connection, command, escape_controls(text))


def _add(connection: "apsw.Connection", command: str, text: str) -> None:
    entry = AuditEntry(int(time.time() * 1000), f"trio-chat {command}", "", text[:MAX_TEXT])
    audit.add(connection, entry)
