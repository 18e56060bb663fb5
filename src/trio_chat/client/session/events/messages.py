"""Events of messages: new, from the history, reacted to, deleted."""

from dataclasses import dataclass
from enum import Enum


class MessageKind(Enum):
    """What sort of message was said."""

    MESSAGE = "message"
    ACTION = "action"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Said:
    """Someone said something; `own` means that we did and the server has confirmed it.

    Args:
        sender: who said it.
        target: the channel or nickname it went to.
        text: what was said.
        kind: what sort of message it is.
        own: whether we said it.
        private: whether it went to us alone.
        msgid: the server's name for this message, "" when it gives none.
        played_back: when it was said, in the form of server-time, if it comes from the history; ""
            when it is new.
        time: when the server took it in, if it is new and the server tells.
        reply_to: the msgid of the message that it answers, "" for none.
        is_stranger: whether it is private, from a user who is in none of our channels and to whom
            we have not written.

    A message of several lines has line feeds in its text.
    """

    sender: str
    target: str
    text: str
    kind: MessageKind = MessageKind.MESSAGE
    own: bool = False
    private: bool = False
    msgid: str = ""
    played_back: str = ""
    time: str = ""
    reply_to: str = ""
    is_stranger: bool = False

    @property
    def conversation(self) -> str:
        """The conversation that it belongs to: the channel, or the other person."""
        return self.sender if self.private and not self.own else self.target


@dataclass(frozen=True, slots=True)
class Reacted:
    """Someone reacted to a message, or took that back; `private` means that it went to us alone."""

    sender: str
    target: str
    msgid: str
    reaction: str
    own: bool = False
    private: bool = False
    is_taken_back: bool = False

    @property
    def conversation(self) -> str:
        """The conversation that it belongs to."""
        return self.sender if self.private and not self.own else self.target


@dataclass(frozen=True, slots=True)
class Redacted:
    """Someone deleted a message."""

    target: str
    msgid: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Typing:
    """Someone is typing a message, or no longer."""

    nick: str
    conversation: str
    is_typing: bool


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """The server did not deliver this message of ours."""

    target: str
    text: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class MessageUnconfirmed:
    """The connection ended, or the server passed over it, before this message was confirmed."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryUnknown:
    """The connection ended before this message was confirmed; the history will tell whether it
    arrived.
    """

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryEnd:
    """What was said in a channel before we joined has been told; what comes now is new."""

    channel: str


@dataclass(frozen=True, slots=True)
class UnreadStart:
    """What comes now was said after we had read this channel last."""

    channel: str


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """More was said while there was no connection than the last `count` messages, which follow."""

    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class EarlierMessages:
    """So many messages follow that were said before those that have been shown."""

    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchResults:
    """So many messages follow that have these words; `channel` is "" when they are from
    anywhere.
    """

    text: str
    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class HistoryRefused:
    """The server does not tell what was said before."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class SearchUnknown:
    """The server cannot search."""


@dataclass(frozen=True, slots=True)
class MarkerMoved:
    """We have read a conversation up to this time, here or on another device."""

    conversation: str
    time: str


@dataclass(frozen=True, slots=True)
class HistoryTarget:
    """There was a conversation with this person, or in this channel, the last message of it at this
    time.
    """

    conversation: str
    time: str
    is_stranger: bool = False
