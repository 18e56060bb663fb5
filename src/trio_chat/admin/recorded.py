"""Changes by maintenance commands, with their entries in the audit log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trio_chat.chat.audit import MAX_TEXT, AuditEntry
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
    entry = AuditEntry(int(time.time() * 1000), f"trio-chat {command}", "", text[:MAX_TEXT])
    with transaction(connection):
        yield
        audit.add(connection, entry)
