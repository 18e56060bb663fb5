"""Channels and memberships."""

from collections.abc import Iterable
from math import inf
from typing import Final, NamedTuple

from trio_chat.chat.channel_registration import OFF, ChannelRegistration
from trio_chat.chat.history import HistoryTarget
from trio_chat.chat.masklists import ListEntry, covers
from trio_chat.chat.moderation.state import ChannelModeration
from trio_chat.chat.users import Session, User
from trio_chat.irc import extbans, modes
from trio_chat.irc.modes import AT_LEAST, CHANNEL_MODES, RANKS, ModeType

_LISTS: Final = [mode.letter for mode in CHANNEL_MODES.values() if mode.type is ModeType.LIST]
_OF_NEW: Final = frozenset((modes.NO_EXTERNAL, modes.TOPIC_LOCK))
_OF_PERMANENT: Final = frozenset((modes.NO_EXTERNAL,))
"""A permanent channel has no first member that becomes its operator, so every member may set the
topic.
"""


class Topic(NamedTuple):
    """A topic: its text, its setter (nick!user@host), and its time in seconds of Unix time."""

    text: str
    setter: str
    time: int


class Membership:
    """The membership of a user in a channel: the letters of its ranks."""

    __slots__ = ("ranks",)

    def __init__(self, ranks: str = "") -> None:
        self.ranks = set(ranks)

    @property
    def prefixes(self) -> str:
        """The signs of all ranks, highest first (IRCv3 multi-prefix)."""
        return (
            "".join(rank.prefix for rank in RANKS if rank.letter in self.ranks)
            if self.ranks
            else ""
        )

    def is_at_least(self, letter: str) -> bool:
        """Return whether the member has this rank or one above it."""
        return not self.ranks.isdisjoint(AT_LEAST[letter])

    @property
    def highest(self) -> str:
        """The letter of the highest rank, or ""."""
        return (
            next((rank.letter for rank in RANKS if rank.letter in self.ranks), "")
            if self.ranks
            else ""
        )


class Channel:
    """A channel.

    Args:
        name: the name as its creator wrote it.
        folded: the folded name.
        created: seconds of Unix time.
        founded: the id at which it was created; earlier private history belongs to an earlier
            channel.
        permanent: whether it stays when the last member leaves.

    Attributes:
        registration: the registration, or None.
        forward: the name of the channel that a user joins instead if it may not join this one, or
            "".
        moderation: its slow mode, filters and held messages; None for nothing of it.
        restraining: the flags that restrain messages of members; see `modes.RESTRAINING`.
        public_since: the id from which its messages are public (+P); 0 if they are not.
        renamed: when it was renamed, in seconds of `World.elapsed`.
        former: its names before (folded), each with the seconds of `World.steady` at which it
            ended; see `ChannelTable.renamed_to`.
    """

    __slots__ = (
        "_audience",
        "created",
        "flags",
        "folded",
        "former",
        "forward",
        "founded",
        "key",
        "limit",
        "lists",
        "members",
        "metadata",
        "moderation",
        "name",
        "permanent",
        "public_since",
        "registration",
        "renamed",
        "restraining",
        "topic",
    )

    def __init__(
        self, name: str, folded: str, created: int, founded: int, *, permanent: bool = False
    ) -> None:
        self.name = name
        self.folded = folded
        self.created = created
        self.founded = founded
        self.permanent = permanent
        self.registration: ChannelRegistration | None = None
        self.topic: Topic | None = None
        self.flags = _OF_PERMANENT if permanent else _OF_NEW
        self.restraining = frozenset[str]()
        self.moderation: ChannelModeration | None = None
        self.key = ""
        self.limit = 0
        self.forward = ""
        self.public_since = 0
        self.renamed = -inf
        self.former: dict[str, float] = {}
        self.lists: dict[str, dict[str, ListEntry]] = {letter: {} for letter in _LISTS}
        self.metadata: dict[str, str] = {}
        self.members: dict[User, Membership] = {}
        self._audience: tuple[Session, ...] | None = None

    def set_flags(self, flags: Iterable[str]) -> None:
        """Have just these flags on."""
        self.flags = frozenset(flags)
        self.restraining = self.flags & modes.RESTRAINING

    @property
    def slow(self) -> int:
        """The seconds of slow mode; 0 if it is off."""
        return self.moderation.slow if self.moderation is not None else 0

    def moderated(self) -> ChannelModeration:
        """Return its moderation, to set something of it."""
        if self.moderation is None:
            self.moderation = ChannelModeration()
        return self.moderation

    def forget_moderation(self) -> None:
        """Have no moderation if there is nothing left of it, so that messages cost nothing."""
        if self.moderation is not None and self.moderation.is_empty:
            self.moderation = None

    def add(self, user: User, ranks: str = "") -> None:
        """Add a member; both sides of the membership are updated."""
        self.members[user] = user.channels[self] = Membership(ranks)
        if self._audience is not None:  # members would be gone through for each that comes
            self._audience += user.sessions

    def remove(self, user: User) -> None:
        """End a membership, on both sides."""
        del self.members[user]
        del user.channels[self]
        self._audience = None

    def sessions_changed(self) -> None:
        """Drop the cached audience, because a member gained or lost a session."""
        self._audience = None

    def audience(self) -> tuple[Session, ...]:
        """Return the sessions of all members: a snapshot, the same object until membership
        changes.
        """
        if self._audience is None:
            self._audience = tuple(
                session for member in self.members for session in member.sessions
            )
        return self._audience

    def ranked_audience(self, letter: str) -> tuple[Session, ...]:
        """Return the sessions of the members with a rank or a higher one."""
        wanted = AT_LEAST[letter]
        return tuple(
            session
            for member, membership in self.members.items()
            if not membership.ranks.isdisjoint(wanted)
            for session in member.sessions
        )

    def audience_of(self, user: User) -> tuple[Session, ...]:
        """Return the sessions to which a membership is visible: all, unless the channel is an
        auditorium.
        """
        if not self.hides(user):
            return self.audience()
        ranked = self.ranked_audience(RANKS[-1].letter)
        return (*ranked, *user.sessions)

    def hides(self, user: User) -> bool:
        """Return whether members without a rank do not see that a member is there (an
        auditorium).
        """
        return modes.AUDITORIUM in self.flags and not (
            user in self.members and self.members[user].ranks
        )

    def shows(self, viewer: User, user: User) -> bool:
        """Return whether one member sees that another is there; see `audience_of`."""
        if viewer is user or not self.hides(user):
            return True
        return viewer in self.members and bool(self.members[viewer].ranks)

    @property
    def is_persistent(self) -> bool:
        """Whether it persists across a restart: it is registered, or has an always-on member."""
        return self.registration is not None or any(member.always_on for member in self.members)

    @property
    def is_closed(self) -> bool:
        """Whether joining is restricted, so that current messages are private to the members."""
        return bool(self.key) or not self.flags.isdisjoint((modes.INVITE_ONLY, modes.SECRET))

    @property
    def history_targets(self) -> tuple[HistoryTarget, ...]:
        """The targets in which its events are stored now; () if its owner disabled the history."""
        if self.registration is not None and self.registration.history == OFF:
            return ()
        return (HistoryTarget(self.folded, self.is_closed),)

    def is_invited_by_list(self, user: User) -> bool:
        """Return whether the invitation list covers a user."""
        return covers(self.lists[modes.INVITE_EXCEPTION].values(), user)

    def is_banned(self, user: User) -> bool:
        """Return whether a ban keeps a user out: one that covers the user, and no exception
        does.
        """
        bans = self.lists[modes.BAN]
        return (
            bool(bans)
            and covers(bans.values(), user)
            and not covers(self.lists[modes.BAN_EXCEPTION].values(), user)
        )

    def is_silenced(self, user: User) -> bool:
        """Return whether a ban, or a mute, keeps a user from speaking."""
        bans = self.lists[modes.BAN]
        if not bans or not covers(bans.values(), user, extbans.MUTE):
            return False
        return not covers(self.lists[modes.BAN_EXCEPTION].values(), user, extbans.MUTE)

    def mode_params(self, *, with_key: bool) -> tuple[str, ...]:
        """Return the modes that are on as RPL_CHANNELMODEIS writes them; the key is shown to
        members only.
        """
        letters = "+" + "".join(sorted(self.flags))
        params: list[str] = []
        if self.key:
            letters += modes.KEY
            params.append(self.key if with_key else "*")
        if self.limit:
            letters += modes.LIMIT
            params.append(str(self.limit))
        if self.forward:
            letters += modes.FORWARD
            params.append(self.forward)
        if self.slow:
            letters += modes.SLOW
            params.append(str(self.slow))
        return (letters, *params)
