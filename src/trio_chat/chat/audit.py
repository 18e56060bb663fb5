"""The audit log: what operators of the server and API tokens have done, and the port to it.

It is also in the file of the log. It is no state of the chat: nothing but a reader needs it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

MOST: Final = 100_000
"""Entries; the oldest ones are deleted first."""
DAYS: Final = 400
"""Days for which an entry is kept."""
MAX_TEXT: Final = 1000
"""Characters of a text."""


class AuditEntry(NamedTuple):
    """An entry of the audit log.

    Args:
        time: milliseconds of Unix time.
        actor: the operator with its source, or the token.
        address: where the action came from.
        text: the action with its target and reason.
        number: its place in the log; 0 before it is stored.
    """

    time: int
    actor: str
    address: str
    text: str
    number: int = 0


class AuditLog(Protocol):
    """The stored audit log. Every method raises `StorageError` when it cannot be done."""

    async def read(self, limit: int, before: int = 0, words: str = "") -> Sequence[AuditEntry]:
        """Return entries, the newest first.

        Args:
            limit: how many at most.
            before: the number that they are older than; 0 for the newest ones.
            words: what the actor or the text contains; "" for anything.
        """

    async def prune(self, before: int) -> None:
        """Delete the entries that are older than a Unix time in milliseconds."""
