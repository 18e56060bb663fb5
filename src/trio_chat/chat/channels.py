"""Channels and memberships."""

from typing import TYPE_CHECKING, NamedTuple

from trio_chat.chat.history import Place
from trio_chat.chat.users import Session, User
from trio_chat.irc import masks
from trio_chat.irc.modes import CHANNEL_MODES, RANKS, Kind
from trio_chat.irc.names import fold_or_self

if TYPE_CHECKING:
    from trio_chat.chat.registrations import Registration


class Topic(NamedTuple):
    """A topic: its text, who set it (nick!user@host), and when, in seconds of Unix time."""

    text: str
    setter: str
    time: int


class ListEntry(NamedTuple):
    """One mask of a ban, exception or invitation list; `folded` is how it is compared."""

    mask: str
    folded: str
    setter: str
    time: int


class Membership:
    """What one member is in one channel: the letters of the ranks held."""

    __slots__ = ("ranks",)

    def __init__(self, ranks: str = "") -> None:
        self.ranks = set(ranks)

    @property
    def prefixes(self) -> str:
        """The signs of all ranks, highest first (IRCv3 multi-prefix)."""
        return "".join(rank.prefix for rank in RANKS if rank.letter in self.ranks) if self.ranks else ""


class Channel:
    """A channel.

    Args:
        name: as its creator wrote it.
        folded: how it is compared.
        created: seconds of Unix time.
        founded: the id at which it was made; private history from before belongs to others.
        permanent: whether it stays when the last member leaves.

    Attributes:
        registration: to whom it belongs, or None.
    """

    __slots__ = (
        "_audience",
        "created",
        "flags",
        "folded",
        "founded",
        "key",
        "limit",
        "lists",
        "members",
        "metadata",
        "name",
        "permanent",
        "registration",
        "topic",
    )

    def __init__(self, name: str, folded: str, created: int, founded: int, *, permanent: bool = False) -> None:
        self.name = name
        self.folded = folded
        self.created = created
        self.founded = founded
        self.permanent = permanent
        self.registration: Registration | None = None
        self.topic: Topic | None = None
        # Where nobody is the operator by having come first, everyone may set the topic.
        self.flags: set[str] = {"n"} if permanent else {"n", "t"}
        self.key = ""
        self.limit = 0
        self.lists: dict[str, dict[str, ListEntry]] = {
            mode.letter: {} for mode in CHANNEL_MODES.values() if mode.kind is Kind.LIST
        }
        self.metadata: dict[str, str] = {}
        self.members: dict[User, Membership] = {}
        self._audience: tuple[Session, ...] | None = None

    def add(self, user: User, ranks: str = "") -> None:
        """Make somebody a member; both sides know it."""
        self.members[user] = user.channels[self] = Membership(ranks)
        self._audience = None

    def remove(self, user: User) -> None:
        """End a membership, on both sides."""
        del self.members[user]
        del user.channels[self]
        self._audience = None

    def sessions_changed(self) -> None:
        """Forget the snapshot, because a member gained or lost a session."""
        self._audience = None

    def audience(self) -> tuple[Session, ...]:
        """Return the sessions of all members: a snapshot, the same object until membership changes."""
        if self._audience is None:
            self._audience = tuple(session for member in self.members for session in member.sessions)
        return self._audience

    @property
    def is_lasting(self) -> bool:
        """Whether it is to be there after a restart: it belongs to somebody, or somebody stays in it."""
        return self.registration is not None or any(member.always_on for member in self.members)

    @property
    def is_closed(self) -> bool:
        """Whether a stranger cannot just come in and listen, so that what is said now stays among the members."""
        return bool(self.key) or "i" in self.flags or "s" in self.flags

    @property
    def place(self) -> Place:
        """Where what happens here now is remembered."""
        return Place(self.folded, self.is_closed)

    def covers(self, letter: str, user: User) -> bool:
        """Tell whether a mask of the list `letter` covers the user."""
        return any(
            masks.matches(entry.folded, user.folded_mask) or (masks.names_address(entry.folded) and _covers_address(entry, user))
            for entry in self.lists[letter].values()
        )

    def is_banned(self, user: User) -> bool:
        """Tell whether a ban covers the user and no exception does."""
        return bool(self.lists["b"]) and self.covers("b", user) and not self.covers("e", user)

    def mode_params(self, *, with_key: bool) -> tuple[str, ...]:
        """Return the modes that are on as RPL_CHANNELMODEIS writes them; the key is shown to members only."""
        letters = "+" + "".join(sorted(self.flags))
        params: list[str] = []
        if self.key:
            letters += "k"
            params.append(self.key if with_key else "*")
        if self.limit:
            letters += "l"
            params.append(str(self.limit))
        return (letters, *params)


def _covers_address(entry: ListEntry, user: User) -> bool:
    return any(masks.matches(entry.folded, text) for text in user.address_masks())


def fold_mask(mask: str) -> str:
    """Return a complete mask in the form that is compared with `User.folded_mask`."""
    nick, _, rest = mask.partition("!")
    user, _, host = rest.partition("@")
    return f"{fold_or_self(nick)}!{user.lower()}@{fold_or_self(host)}"
