"""What the rules ask of the memory: a port, implemented by the storage room.

A buffer is named by the folded name of its channel. Every message has the id that it was accepted with, which is its place and
its time, so a part of it is a range of ids.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from trio_chat.irc.message import NO_TAGS

LAST_ID = (1 << 63) - 1


class HistoryError(Exception):
    """The history cannot be written or read at the moment; the message is for the operator's log."""


class Record(NamedTuple):
    """A message as it is remembered.

    Args:
        buffer: the folded name of the channel.
        id: identity, order and time.
        command: PRIVMSG or NOTICE.
        source: nick!user@host as it was.
        account: the account of who said it, or "".
        text: what was said.
        tags: client-only tags.
        is_private: whether the channel was closed to strangers then, so that it stays among those who were let in.
    """

    buffer: str
    id: int
    command: str
    source: str
    account: str
    text: str
    tags: Mapping[str, str] = NO_TAGS
    is_private: bool = False


class Span(NamedTuple):
    """A range of ids, both ends left out, and the end from which a limit counts."""

    after: int = 0
    before: int = LAST_ID
    from_newest: bool = True


class History(Protocol):
    """The memory of messages."""

    async def commit(self, records: Sequence[Record]) -> None:
        """Remember messages, all or none; they are safe when this returns.

        Raises:
            HistoryError: none of them was remembered.
        """

    async def messages(self, buffer: str, span: Span, limit: int, private_after: int) -> list[Record]:
        """Return messages of a channel in order, at most `limit`.

        Args:
            buffer: the folded name of the channel.
            span: which.
            limit: how many, counted from the end that the span says.
            private_after: private messages with a smaller id are left out.

        Raises:
            HistoryError: they cannot be read.
        """
