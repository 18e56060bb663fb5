"""The port to the chat history, implemented by the storage room.

A buffer is named by the folded name of its channel, or by two users (`conversations`). The id with
which a message was accepted is its place and, less its shift, its time, so a part of a buffer is a
range of ids. Events (JOIN, PART, TOPIC and others) stand in the same order between messages.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from trio_chat.chat.persistence import ChangeSet
from trio_chat.irc.message import NO_TAGS

LAST_ID = (1 << 63) - 1
MESSAGES = frozenset(("PRIVMSG", "NOTICE"))
"""What everybody is shown, and what can be searched; everything else that is remembered is an
event.
"""


RENAME = "RENAME"
"""The event by which a channel gets another name: `commit` gives all that is remembered of it that
name, and keeps no event.
"""


class HistoryError(Exception):
    """The history cannot be written or read at the moment; the message is for the operator's
    log.
    """


class BadRecord(HistoryError):
    """Something of what was to be remembered cannot be, whatever the state of the memory; the rest
    could be.
    """


class HistoryFilter(IntEnum):
    """How much of what is remembered a client is shown."""

    MESSAGES = 0
    WITH_EVENTS = 1
    WITH_TAGMSG = 2
    """Messages, events, and messages of tags alone."""


class HistoryTarget(NamedTuple):
    """Where something is remembered.

    Args:
        buffer: the folded name of the channel.
        is_private: see `Record`.
    """

    buffer: str
    is_private: bool


class Record(NamedTuple):
    """A message or an event as it is remembered.

    Args:
        buffer: the folded name of the channel.
        id: identity, order and time.
        command: PRIVMSG, NOTICE, or the command of an event.
        source: nick!user@host as it was.
        account: the name of its author's account, as it was, or ""; shown, and never compared.
        text: what was said, with several lines as `multiline.join` gives it; "" of an event.
        tags: client-only tags.
        is_private: whether the channel was closed to strangers then, so that it stays among those
            who were let in.
        params: of an event, its parameters without the channel; of JOIN those of extended-join.
        is_bot: whether a bot did it (IRCv3 bot-mode).
        shift: milliseconds by which the id is ahead of the time (`ids`).
        account_id: the number of the account, or 0 when it belongs to nobody here.
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
    """What a search is for.

    Args:
        buffers: the folded names of the channels to search; of each, private messages with a
            smaller id than this are left out.
        text: words that must all be in the message, each as the beginning of a word of it; "" for
            any message.
        sender: the folded nickname of who said it, or "" for anybody.
        oldest: of channels in which messages expire, the smallest id that is to be found.
    """

    buffers: Mapping[str, int]
    text: str = ""
    sender: str = ""
    oldest: Mapping[str, int] = MappingProxyType({})


class History(Protocol):
    """The memory of messages."""

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages and events, in this order, all or none; they are safe when this
        returns.

        Args:
            records: the messages and events.
            state: what has changed of the state that lasts, to be kept in the same transaction.

        Raises:
            HistoryError: none of them was remembered.
            BadRecord: none of them, because of one or some.
        """

    async def messages(
        self,
        buffer: str,
        span: Span,
        limit: int,
        private_after: int,
        shown: HistoryFilter = HistoryFilter.MESSAGES,
    ) -> list[Record]:
        """Return messages of a channel in order, at most `limit`.

        Args:
            buffer: the folded name of the channel.
            span: which.
            limit: how many, counted from the end that the span says.
            private_after: private messages with a smaller id are left out.
            shown: whether events are among them; only what is shown is counted.

        Raises:
            HistoryError: they cannot be read.
        """

    async def search(self, query: Query, span: Span, limit: int) -> list[Record]:
        """Return messages that a query finds, in order, at most `limit`.

        Args:
            query: what they must be like.
            span: which of them.
            limit: how many, counted from the end that the span says.

        Raises:
            HistoryError: they cannot be read, or it would take too long.
        """

    async def searchable_from(self) -> int:
        """Return the smallest id from which on `search` finds messages: greater than 1 while older
        ones are being indexed.

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
        """Forget up to `limit` messages and events with a smaller id; return how many that were.

        Args:
            before: the smallest id that stays.
            limit: how many.
            only: the only buffer this is about; None for all.
            without: buffers that are left alone.

        Raises:
            HistoryError: none were forgotten.
        """

    async def redact(self, buffer: str, number: int) -> bool:
        """Forget one message or event; return whether there was one.

        Args:
            buffer: the folded name of the channel.
            number: its id.

        Raises:
            HistoryError: it is still there.
        """
