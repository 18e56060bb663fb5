"""What others are to see, with its recipients as they were when it was accepted; and how it is written for each of them.

An event is encoded once for each distinct set of capabilities that matters to it, never once for each member.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from trio_chat.chat.history import Record
from trio_chat.chat.ids import msgid, server_time
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import MAX_BODY, NO_TAGS, format_body, format_tags, truncate


class Event(NamedTuple):
    """Something that happened.

    Args:
        id: identity, order and time (`ids`).
        command: what the recipients are sent.
        params: its parameters.
        source: who did it, as written when it happened.
        recipients: the sessions that are to see it; a snapshot that nobody changes.
        skip: a session among the recipients that is not to get it.
        requires: capability bits without which a session does not get it.
        account: the account of who did it, or "".
        extended: the parameters for sessions with extended-join, or () when they get the same.
        client_tags: client-only tags to be passed on.
        carries_msgid: whether it is a message, which has a `msgid`.
        buffer: the history that it belongs to, or "" when it is not remembered.
        is_private: whether it was said behind a closed door; see `history.Record`.
    """

    id: int
    command: str
    params: tuple[str, ...]
    source: str
    recipients: tuple[Session, ...]
    skip: Session | None = None
    requires: int = 0
    account: str = ""
    extended: tuple[str, ...] = ()
    client_tags: Mapping[str, str] = NO_TAGS
    carries_msgid: bool = False
    buffer: str = ""
    is_private: bool = False

    def record(self) -> Record:
        """Return what the history is to remember of it."""
        text = self.params[-1]
        return Record(self.buffer, self.id, self.command, self.source, self.account, text, self.client_tags, self.is_private)

    @property
    def relevant(self) -> int:
        """The capability bits on which its written form depends."""
        bits = cap.SERVER_TIME | self.requires
        if self.carries_msgid:
            bits |= cap.MESSAGE_TAGS
        if self.account:
            bits |= cap.ACCOUNT_TAG
        if self.extended:
            bits |= cap.EXTENDED_JOIN
        return bits

    def tags(self, caps: int) -> dict[str, str]:
        """Return the tags that a session with these capabilities gets."""
        tags: dict[str, str] = {}
        if caps & cap.SERVER_TIME:
            tags["time"] = server_time(self.id)
        if caps & cap.ACCOUNT_TAG and self.account:
            tags["account"] = self.account
        if caps & cap.MESSAGE_TAGS and self.carries_msgid:
            tags["msgid"] = msgid(self.id)
            tags.update(self.client_tags)
        return tags

    def body(self, caps: int) -> str:
        """Return the line without tags for a session with these capabilities, cut to what a line can hold."""
        params = self.extended if self.extended and caps & cap.EXTENDED_JOIN else self.params
        return truncate(format_body(self.command, params, self.source), MAX_BODY)

    def encode(self, caps: int) -> bytes:
        """Return the line with CR LF for a session with these capabilities, or b"" when it does not get it."""
        if caps & self.requires != self.requires:
            return b""
        return f"{format_tags(self.tags(caps))}{self.body(caps)}\r\n".encode()


class Direct(NamedTuple):
    """Bytes for one session: the replies to its own command."""

    session: Session
    data: bytes


Part = Event | Direct


class Output(NamedTuple):
    """All that one command makes the server send, in order.

    Args:
        parts: events for others and replies for the session.
        close: why the session is to end now, or "".
        refusal: what the session is told instead, when the history cannot take what is to be remembered of it.
        later: what gives the next output, once everything accepted so far has been delivered; or None when this is all.
    """

    parts: tuple[Part, ...] = ()
    close: str = ""
    refusal: Direct | None = None
    later: "Callable[[], Awaitable[Output]] | None" = None
