"""Changes of users: nickname, real name, modes, accept list, kept notices, and how they leave."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.irc.modes import UserModeChange


@dataclass(frozen=True, slots=True)
class UserRemoved(Change):
    """A user is made to leave: its sessions are ended, as by `SessionsClosed`; without sessions it
    is gone at once.
    """

    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class UserExpired(Change):
    """An always-on user that was not connected for too long is removed, unless it has come back.

    Args:
        user: its folded nickname.
        seen: `User.seen`, by which that was decided.
        reason: shown to others by QUIT, and to the user if it comes back.
    """

    user: str
    seen: float
    reason: str


@dataclass(frozen=True, slots=True)
class AlwaysOnUpdated(Change):
    """A user becomes always on, as its account has chosen, once the account has no other one."""

    user: str


@dataclass(frozen=True, slots=True)
class AlwaysOnEnded(Change):
    """An always-on user leaves with its last session, whatever its account has chosen."""

    user: str


@dataclass(frozen=True, slots=True)
class NickChanged(Change):
    """A user takes another nickname, which no other user has (RFC 2812 §3.1.2)."""

    user: str
    nick: str
    folded: str


@dataclass(frozen=True, slots=True)
class RealnameSet(Change):
    """A user has another real name (IRCv3 setname)."""

    user: str
    realname: str


@dataclass(frozen=True, slots=True)
class UserModesChanged(Change):
    """User modes are switched on or off, one after the other (RFC 2812 §3.1.5)."""

    user: str
    changes: tuple[UserModeChange, ...]


@dataclass(frozen=True, slots=True)
class AcceptChanged(Change):
    """A user lets another user write to it in spite of +R, or ends that (ACCEPT)."""

    user: str
    other: str
    adding: bool


@dataclass(frozen=True, slots=True)
class Seen(Change):
    """An always-on user was connected until a moment, in seconds of Unix time."""

    user: str
    time: float


@dataclass(frozen=True, slots=True)
class NoticeKept(Change):
    """A notice is kept for an always-on user without sessions; see `missed`.

    Args:
        user: its folded nickname.
        text: the event, with its source and reason.
        is_minor: whether any user could cause it, so that it must not displace another notice.
    """

    user: str
    text: str
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class NoticesDelivered(Change):
    """The notices that were kept for a user have been sent to a session of its account.

    Args:
        user: its folded nickname.
        last: the id of the last one of them.
    """

    user: str
    last: int
