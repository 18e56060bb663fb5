"""Events of users and channels."""

from dataclasses import dataclass


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
class Whois:
    """One thing that the server knows of somebody: `code` is the numeric that says which, `values`
    what stands in it.
    """

    nick: str
    code: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """Whom we wrote to is away."""

    nick: str
    text: str


@dataclass(frozen=True, slots=True)
class ListedChannel:
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
