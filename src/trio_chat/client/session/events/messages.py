"""Events of messages: new, from the history, reacted to, deleted."""

from dataclasses import dataclass
from enum import Enum


class MessageKind(Enum):
    """The kind of a message."""

    MESSAGE = "message"
    ACTION = "action"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Said:
    """A message; `own` means that it is the user's and that the server has confirmed it.

    A message of several lines has line feeds in its text.

    Args:
        sender: the nickname of its sender.
        target: the channel or nickname it was sent to.
        text: its text.
        kind: its kind.
        own: whether the user has sent it.
        private: whether it was sent to the user alone.
        msgid: the server's identifier of it, "" for none.
        played_back: if it comes from the history, when it was sent, as server-time; "" if it is
            live.
        time: if it is live, when the server received it, as server-time; "" if the server does not
            say.
        reply_to: the msgid of the message that it answers, "" for none.
        is_stranger: whether it is private and its sender shares no channel with the user, who has
            not written to it.
        account: the account of its sender, "" for none or where the server does not say.
        is_bot: whether its sender is a bot (IRCv3 bot-mode).
        request: the number that the user's own message was sent with, 0 for none.
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
    account: str = ""
    is_bot: bool = False
    request: int = 0

    @property
    def conversation(self) -> str:
        """The conversation that it belongs to: the channel, or the other user."""
        return self.sender if self.private and not self.own else self.target


@dataclass(frozen=True, slots=True)
class Reacted:
    """A reaction to a message, or its withdrawal; `private` means that it was sent to the user
    alone, `time` is when the server received it, as server-time, and `is_played_back` means that it
    comes from the history.
    """

    sender: str
    target: str
    msgid: str
    reaction: str
    own: bool = False
    private: bool = False
    is_taken_back: bool = False
    time: str = ""
    is_played_back: bool = False

    @property
    def conversation(self) -> str:
        """The conversation that it belongs to."""
        return self.sender if self.private and not self.own else self.target


@dataclass(frozen=True, slots=True)
class Redacted:
    """A message was deleted."""

    target: str
    msgid: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Typing:
    """A user is typing a message, or has stopped."""

    nick: str
    conversation: str
    is_typing: bool


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message of the user was not delivered; `request` as in `Said`."""

    target: str
    text: str
    code: str
    reason: str
    request: int = 0


@dataclass(frozen=True, slots=True)
class MessageUnconfirmed:
    """The connection ended, or the server passed over a message, before it was confirmed; `request`
    as in `Said`.
    """

    target: str
    text: str
    request: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryUnknown:
    """The connection ended before a message was confirmed; the history will show whether it
    arrived.
    """

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryEnd:
    """The history of a channel before the JOIN was reported; messages from now on are live."""

    channel: str


@dataclass(frozen=True, slots=True)
class UnreadStart:
    """The messages from now on were sent after the user has read the channel last."""

    channel: str


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """More messages were sent while there was no connection than the last `count`, which follow."""

    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class EarlierMessages:
    """So many messages follow that are older than those that were shown."""

    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchResults:
    """So many messages follow that contain these words; `channel` is "" when all were searched."""

    text: str
    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The answer to a request for messages that are not to be shown in their conversation.

    Args:
        request: the number of the request.
        messages: the messages, the oldest first.
        problem: why there are none, "" if the server has answered.
    """

    request: int
    messages: tuple[Said, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class HistoryRefused:
    """The server does not return the history."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class SearchUnknown:
    """The server cannot search."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A message in another language, or a text (`trio-chat/translate`).

    Args:
        target: the conversation of the message, or in which the text is to be said.
        msgid: its msgid; "" for a text.
        text: the translation, with line feeds between lines; "" while it is waited for.
        source: the code of the language of the original, "" where the server does not say.
        language: the code of the language of the translation.
    """

    target: str
    msgid: str
    text: str
    source: str
    language: str


@dataclass(frozen=True, slots=True)
class TranslationRefused:
    """There is no translation; `target` and `msgid` as in `Translated`."""

    target: str
    msgid: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceAnswered:
    """A service has answered a question; see `session.service_requests`.

    Args:
        request: the number that it was asked under.
        lines: its notices.
        problem: why there is no answer; "" if there is one.
    """

    request: int
    lines: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MarkerMoved:
    """The user has read a conversation up to this time, on this device or another one."""

    conversation: str
    time: str


@dataclass(frozen=True, slots=True)
class NotificationLevel:
    """What the account has chosen for a conversation (`trio-chat/notify`).

    Args:
        conversation: its name; `*` for all without a choice, which is the last one of an answer.
        level: `all`, `mentions`, `nothing`, or "" for none.
        until: until when nothing notifies, as server-time; "" for no pause.
    """

    conversation: str
    level: str
    until: str


@dataclass(frozen=True, slots=True)
class ConversationFound:
    """A conversation has messages in the history, the latest of them at this time."""

    conversation: str
    time: str
    is_stranger: bool = False
