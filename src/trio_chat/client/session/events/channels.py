"""Events of users and channels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserJoined:
    """A user has joined a channel.

    Args:
        nick: its nickname.
        channel: the channel.
        own: whether the user is the one of this client.
        instead_of: the channel in whose place the server has put this one, as when it is renamed;
            "" for none.
    """

    nick: str
    channel: str
    own: bool
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class ChannelRenamed:
    """A channel has another name (IRCv3 `draft/channel-rename`).

    Args:
        old: its former name.
        new: its name from now on.
        by: who has renamed it; "" when that happened before this client joined.
        reason: why, "" for no reason.
    """

    old: str
    new: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JoinRefused:
    """The server refuses to let the user join a channel.

    Args:
        channel: its name.
        code: that of the error.
        reason: its text.
        had_key: whether JOIN had a key, or the token of an invitation.
    """

    channel: str
    code: str
    reason: str
    had_key: bool = False


@dataclass(frozen=True, slots=True)
class UserParted:
    """A user has left a channel."""

    nick: str
    channel: str
    reason: str
    own: bool


@dataclass(frozen=True, slots=True)
class UserKicked:
    """A user was removed from a channel."""

    nick: str
    channel: str
    by: str
    reason: str
    own: bool


@dataclass(frozen=True, slots=True)
class UserQuit:
    """A user has left the server."""

    nick: str
    reason: str


@dataclass(frozen=True, slots=True)
class UserRenamed:
    """A user has another nickname."""

    old: str
    new: str
    own: bool


@dataclass(frozen=True, slots=True)
class NickRefused:
    """The server refuses a nickname; `registered` means that the user keeps another one."""

    nick: str
    code: str
    reason: str
    registered: bool


@dataclass(frozen=True, slots=True)
class TopicIs:
    """The current topic of a channel, "" when there is none."""

    channel: str
    topic: str


@dataclass(frozen=True, slots=True)
class TopicChanged:
    """A user has changed the topic of a channel; "" removes it."""

    channel: str
    topic: str
    by: str


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """Modes of a channel or a user were changed."""

    target: str
    by: str
    modes: str
    own: bool


@dataclass(frozen=True, slots=True)
class Names:
    """The members of a channel."""

    channel: str
    nicks: tuple[str, ...]
    ranks: tuple[str, ...] = ()
    """The prefixes of each member, the highest first."""


@dataclass(frozen=True, slots=True)
class RankChanged:
    """A member of a channel has other prefixes."""

    channel: str
    nick: str
    ranks: str


@dataclass(frozen=True, slots=True)
class AwayChanged:
    """A user is away, or back; `known` means that this is no change."""

    nick: str
    is_away: bool
    text: str = ""
    own: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """An invitation by a link was made, for a channel, or with `*` for an account.

    Args:
        channel: the channel, or `*`.
        token: the key of JOIN, or the code of VERIFY.
        link: to the page of the server; "" when it has none.
        is_open: whether the channel can be joined without a token.
    """

    channel: str
    token: str
    link: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Whois:
    """One reply to WHOIS: its numeric, and its parameters after the nickname."""

    nick: str
    code: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """The receiver of a message is away."""

    nick: str
    text: str


@dataclass(frozen=True, slots=True)
class ListedChannel:
    """One entry of the answer to LIST."""

    channel: str
    users: str
    topic: str


@dataclass(frozen=True, slots=True)
class ListEnd:
    """The answer to LIST is complete; `count` entries came."""

    count: int


@dataclass(frozen=True, slots=True)
class ListedMask:
    """A ban, or another mask in a list of a channel.

    Args:
        channel: the channel.
        mask: the mask.
        by: who has set it, "" if the server does not say it.
        time: when, in seconds of Unix time, "" likewise.
    """

    channel: str
    mask: str
    by: str
    time: str


@dataclass(frozen=True, slots=True)
class MaskListEnd:
    """A list of masks of a channel is complete.

    Args:
        channel: the channel.
        mode: the letter of the list, `b`, `e`, `I` or `q`.
        count: how many entries came.
    """

    channel: str
    mode: str
    count: int


@dataclass(frozen=True, slots=True)
class ChannelInvitation:
    """A user was invited to a channel."""

    nick: str
    by: str
    channel: str
    own: bool
