"""The port to the chat history, which `storage/` implements.

The name of a buffer is the folded name of its channel, or is made of the two parties of a
conversation (`buffer_of`). Records are ordered by the id with which they were accepted. The id
less its shift is the time, so a part of a buffer is a range of ids. Events (JOIN, PART, TOPIC and
others) are stored in the same order between the messages.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from trio_chat.chat.persistence import ChangeSet
from trio_chat.irc.message import NO_TAGS

LAST_ID: Final = (1 << 63) - 1
MESSAGES: Final = frozenset(("PRIVMSG", "NOTICE"))
"""The commands of messages, which every client receives and which can be searched. Every other
stored command is an event.
"""


NO_NUMBERS: Final[Mapping[int, int]] = MappingProxyType({})
RENAME: Final = "RENAME"
"""The event that renames a channel: `commit` renames its buffer, and stores no event."""
REDACT: Final = "REDACT"
"""The event that deletes a message, by its msgid: `commit` does that, and stores no event."""
GUEST: Final = "~"
"""Prefix of the nickname of a user without an account; a user with an account is stored by its
number.
"""


class HistoryError(Exception):
    """The history cannot be written or read at the moment; the message is for the operator's
    log.
    """


class BadRecord(HistoryError):
    """Some of the records cannot be stored, whatever the state of the storage; the others could
    be.
    """


def buffer_of(party: str, other: str) -> str:
    """Return the name of a private conversation in the history. It has a comma, which no channel
    name has.
    """
    return ",".join(sorted((party, other)))


class HistoryFilter(IntEnum):
    """The records that a client receives."""

    MESSAGES = 0
    WITH_EVENTS = 1
    WITH_TAGMSG = 2
    """Messages, events, and messages of tags alone."""


class HistoryTarget(NamedTuple):
    """A buffer in which an event is stored.

    Args:
        buffer: the name of the buffer.
        is_private: see `Record`.
    """

    buffer: str
    is_private: bool


class Record(NamedTuple):
    """A message or an event as it is stored.

    Args:
        buffer: the name of the buffer.
        id: identity, order and time.
        command: PRIVMSG, NOTICE, or the command of an event.
        source: nick!user@host at that time.
        account: the name of its author's account at that time, or ""; shown, but never compared.
        text: the text, with several lines as `multiline.join` returns it; "" for an event.
        tags: client-only tags.
        is_private: whether the channel was closed to other users at that time, so that only users
            that were admitted may read it.
        params: the parameters of an event without the channel; for JOIN those of extended-join.
        is_bot: whether its source is a bot (IRCv3 bot-mode).
        shift: milliseconds by which the id is ahead of the time (`ids`).
        account_id: the number of the account, or 0 for none.
    """

    buffer: str
    id: int
    command: str
    source: str
    account: str
    text: str
    tags: Mapping[str, str] = NO_TAGS
    is_private: bool = False
    params: tuple[str, ...] = ()
    is_bot: bool = False
    shift: int = 0
    account_id: int = 0


class Span(NamedTuple):
    """A range of ids, both ends left out, and the end from which a limit counts."""

    after: int = 0
    before: int = LAST_ID
    from_newest: bool = True


class Query(NamedTuple):
    """A search query.

    Args:
        buffers: the buffers to search, by name; private messages with a smaller id than the value
            are left out.
        text: words that must all be in the message, each as the beginning of a word of it; "" for
            any message.
        sender: the folded nickname of the sender, or "" for any.
        oldest: for buffers in which messages expire, the smallest id that is found.
    """

    buffers: Mapping[str, int]
    text: str = ""
    sender: str = ""
    oldest: Mapping[str, int] = MappingProxyType({})


class History(Protocol):
    """The store of messages and events. It numbers the messages of a channel, each by one more than
    the one before it.

    Attributes:
        numbers: the numbers that the last `commit` gave to messages of channels, by their ids.
    """

    numbers: Mapping[int, int]

    async def numbers_of(self, buffer: str, first: int, last: int) -> Mapping[int, int]:
        """Return the numbers of the messages of a channel in a range of ids, both ends included, by
        the ids; messages from before there were numbers, and imported ones, have none.

        Raises:
            HistoryError: they cannot be read.
        """

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Store messages and events in this order, all or none; they are on disk when this returns.

        Args:
            records: the messages and events.
            state: the changes of the persistent state, which are stored in the same transaction.

        Raises:
            HistoryError: none of them was stored.
            BadRecord: none of them was stored, because some of them cannot be.
        """

    def is_new(self, channel: str, latest: int) -> bool:
        """Return whether it is sure, without a read, that nothing is stored of a channel, nor about
        to be.

        Args:
            channel: its folded name.
            latest: the latest id that was given to something that is to be stored.
        """

    async def messages(
        self,
        buffer: str,
        span: Span,
        limit: int,
        private_after: int,
        shown: HistoryFilter = HistoryFilter.MESSAGES,
    ) -> list[Record]:
        """Return records of a buffer in order, at most `limit`.

        Args:
            buffer: the name of the buffer.
            span: the range of ids.
            limit: the maximum number, counted from the end that the span names.
            private_after: private messages with a smaller id are left out.
            shown: which records are returned; the others do not count.

        Raises:
            HistoryError: they cannot be read.
        """

    async def search(self, query: Query, span: Span, limit: int) -> list[Record]:
        """Return messages that match a query, in order, at most `limit`.

        Args:
            query: the query.
            span: the range of ids.
            limit: the maximum number, counted from the end that the span names.

        Raises:
            HistoryError: they cannot be read, or it would take too long.
        """

    async def searchable_from(self) -> int:
        """Return the smallest id from which `search` finds messages; greater than 1 while older
        messages are being indexed.

        Raises:
            HistoryError: it cannot be read.
        """

    async def conversations(self, account: int) -> list[str]:
        """Return the buffers in which an account, by its number, has private messages.

        Raises:
            HistoryError: they cannot be read.
        """

    async def prune(
        self, before: int, limit: int, only: str | None = None, without: Sequence[str] = ()
    ) -> int:
        """Delete up to `limit` messages and events with a smaller id; return the number of deleted
        ones.

        Args:
            before: the smallest id that is not deleted.
            limit: the maximum number.
            only: the only affected buffer; None for all.
            without: buffers that are not affected.

        Raises:
            HistoryError: none were deleted.
        """

    async def redact(self, buffer: str, number: int) -> bool:
        """Delete one message or event; return whether there was one.

        Args:
            buffer: the name of the buffer.
            number: its id.

        Raises:
            HistoryError: it was not deleted.
        """
