"""What a session tells an interface: one frozen value for each thing that happened.

Texts and names are as the server sent them, so whoever shows them must make them harmless first (see `render`).
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What sort of message was said."""

    MESSAGE = "message"
    ACTION = "action"
    NOTICE = "notice"


class End(Enum):
    """How a session ended."""

    LEFT = "we left"
    SHUT_DOWN = "the server has shut down"
    REFUSED = "the server does not let us in"
    LOST = "the connection was lost"


@dataclass(frozen=True, slots=True)
class Connected:
    """The server has let us in under this nickname."""

    nick: str
    network: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """Every channel asked for at the start was joined or refused; from now on messages can be sent."""


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
        played_back: when it was said, in the form of server-time, if it comes from the history; "" when it is new.
        time: when the server took it in, if it is new and the server tells.
        reply_to: the msgid of the message that it answers, "" for none.

    A message of several lines has line feeds in its text.
    """

    sender: str
    target: str
    text: str
    kind: Kind = Kind.MESSAGE
    own: bool = False
    private: bool = False
    msgid: str = ""
    played_back: str = ""
    time: str = ""
    reply_to: str = ""

    @property
    def talk(self) -> str:
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
    def talk(self) -> str:
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
    talk: str
    is_typing: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The server did not deliver this message of ours."""

    target: str
    text: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The connection ended, or the server passed over it, before this message was confirmed."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The connection ended before this message was confirmed; the history will tell whether it arrived."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryEnd:
    """What was said in a channel before we joined has been told; what comes now is new."""

    channel: str


@dataclass(frozen=True, slots=True)
class NewSince:
    """What comes now was said after we had read this channel last."""

    channel: str


@dataclass(frozen=True, slots=True)
class MissedMore:
    """More was said while there was no connection than the last `count` messages, which follow."""

    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """So many messages follow that were said before those that have been shown."""

    channel: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """So many messages follow that have these words; `channel` is "" when they are from anywhere."""

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
class LoggedIn:
    """We are logged in to this account."""

    account: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """We are logged in to no account any more."""


@dataclass(frozen=True, slots=True)
class Registered:
    """This account is ours now, and we are logged in to it."""

    account: str


@dataclass(frozen=True, slots=True)
class MustVerify:
    """The account becomes ours when we do what the text says."""

    account: str
    text: str


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """We were not logged in, or the account was not registered."""

    account: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Someone joined a channel."""

    nick: str
    channel: str
    own: bool


@dataclass(frozen=True, slots=True)
class JoinRefused:
    """We may not join this channel."""

    channel: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parted:
    """Someone left a channel."""

    nick: str
    channel: str
    reason: str
    own: bool


@dataclass(frozen=True, slots=True)
class Kicked:
    """Someone was removed from a channel."""

    nick: str
    channel: str
    by: str
    reason: str
    own: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """Someone left the server."""

    nick: str
    reason: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """Someone has another nickname now."""

    old: str
    new: str
    own: bool


@dataclass(frozen=True, slots=True)
class NickRefused:
    """The nickname we asked for is not to be had; `registered` tells whether we keep another."""

    nick: str
    code: str
    reason: str
    registered: bool


@dataclass(frozen=True, slots=True)
class TopicIs:
    """The topic of a channel ("" when there is none), as it stands."""

    channel: str
    topic: str


@dataclass(frozen=True, slots=True)
class TopicChanged:
    """Someone changed the topic of a channel ("" removes it)."""

    channel: str
    topic: str
    by: str


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """Someone changed modes of a channel or a user."""

    target: str
    by: str
    modes: str
    own: bool


@dataclass(frozen=True, slots=True)
class Names:
    """Who is in a channel."""

    channel: str
    nicks: tuple[str, ...]
    ranks: tuple[str, ...] = ()
    """The prefixes of each, the highest first."""


@dataclass(frozen=True, slots=True)
class RankChanged:
    """Someone has other prefixes in a channel now."""

    channel: str
    nick: str
    ranks: str


@dataclass(frozen=True, slots=True)
class AwayChanged:
    """Someone is away, or back; `known` tells that it has been so for a while."""

    nick: str
    is_away: bool
    text: str = ""
    own: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class MarkerMoved:
    """We have read a conversation up to this time, here or on another device."""

    talk: str
    time: str


@dataclass(frozen=True, slots=True)
class TalkedBefore:
    """There was a conversation with this person, or in this channel, the last message of it at this time."""

    talk: str
    time: str


@dataclass(frozen=True, slots=True)
class Lag:
    """The server took so many seconds to answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One channel of the server's list."""

    channel: str
    users: str
    topic: str


@dataclass(frozen=True, slots=True)
class ListEnd:
    """The server's list of channels is complete; `count` entries came."""

    count: int


@dataclass(frozen=True, slots=True)
class Invited:
    """Someone invites somebody to a channel."""

    nick: str
    by: str
    channel: str
    own: bool


@dataclass(frozen=True, slots=True)
class Away:
    """Whom we wrote to is away."""

    nick: str
    text: str


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Something the server says that has no event of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error reply that belongs to no message, join or nickname of ours."""

    text: str
    code: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class ServerShutDown:
    """The server says that it has shut down."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended although nobody wanted it to."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next attempt to connect is in so many seconds; `reason` tells why the last one failed, if there was one."""

    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence of the client itself, in the user's language already."""

    text: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The user is being asked something; shows in the prompt, not in a line."""


# fmt: off
Event = (
    Connected | Ready | Said | Refused | Unconfirmed | Joined | JoinRefused | Parted | Kicked | Quit | Renamed | NickRefused
    | TopicIs | TopicChanged | ModeChanged | Names | ListEntry | ListEnd | Invited | Away | ServerInfo | ServerError
    | ServerShutDown | Lost | Waiting | Note | Asked | Unsure | HistoryEnd | NewSince | MissedMore | Earlier | Found
    | Reacted | Redacted | Typing | RankChanged | AwayChanged | MarkerMoved | TalkedBefore | Lag
    | HistoryRefused | SearchUnknown | LoggedIn | LoggedOut | Registered | MustVerify | AccountRefused
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session ended, and why: what the server or the system said ("" when nobody said anything)."""

    end: End
    reason: str = ""
    code: str = ""
