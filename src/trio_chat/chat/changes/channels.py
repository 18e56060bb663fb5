"""Changes of channels: members, topic, modes, name, and invitations of users.

`by` is the folded nickname of the user that makes the change. For a kick, a topic and modes it may
be "": then a program makes it by the HTTP API, and others see the service of channels.
"""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change


@dataclass(slots=True)
class MemberJoined(Change):
    """A user joins a channel, which is created when there is none (RFC 2812 §3.2.1).

    Args:
        user: its folded nickname.
        channel: the folded name of the channel.
        name: the name that a new channel gets.
        session: the number of the session that joins; it needs no AWAY of its own user.
    """

    user: str
    channel: str
    name: str
    session: int


@dataclass(slots=True)
class MemberParted(Change):
    """A user leaves a channel, for a reason or "" (RFC 2812 §3.2.2)."""

    user: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberKicked(Change):
    """A user is removed from a channel by another user (RFC 2812 §3.2.8)."""

    user: str
    channel: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class TopicSet(Change):
    """A user sets the topic of a channel; an empty text removes it (RFC 2812 §3.2.4)."""

    channel: str
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class ModeSet:
    """One change of a channel mode; a part of `ModesChanged`.

    Args:
        adding: whether the mode is set; otherwise it is unset.
        letter: of the mode.
        param: its parameter, or "" for none: the folded nickname of a member, a mask, a key, a
            number, the name of a channel.
    """

    adding: bool
    letter: str
    param: str = ""


@dataclass(frozen=True, slots=True)
class ModesChanged(Change):
    """A user changes modes of a channel, one after the other (RFC 2812 §3.2.3)."""

    channel: str
    changes: tuple[ModeSet, ...]
    by: str


@dataclass(frozen=True, slots=True)
class ChannelRenamed(Change):
    """A user gives a channel a name that no other channel has (IRCv3 draft/channel-rename)."""

    channel: str
    name: str
    folded: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class UserInvited(Change):
    """A user is invited into a channel (RFC 2812 §3.2.7).

    Args:
        user: the folded nickname of the user that is invited.
        channel: the folded name.
        by: the folded nickname of the user that invites.
        session: the number of the session that invites; it needs no INVITE of its own.
    """

    user: str
    channel: str
    by: str
    session: int
