"""Coverage of bans of the server: the sessions and the users that a ban covers."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from trio_chat.chat.bans import Ban, Bans
from trio_chat.irc.names import fold_or_self

if TYPE_CHECKING:
    from trio_chat.chat.users import Session, User
    from trio_chat.chat.world import World

_MOST_NAMES: Final = 10
"""Nicknames of covered users that an operator is shown."""


def ban_text(ban: Ban) -> str:
    """Return the text for a banned user: the reason, and the end of the ban."""
    until = (
        f" (until {datetime.fromtimestamp(ban.expires, UTC):%Y-%m-%d %H:%M} UTC)"
        if ban.expires
        else ""
    )
    return f"{ban.reason}{until}"


def ban_of(
    world: "World", session: "Session", nick: str = "", bans: Bans | None = None
) -> Ban | None:
    """Return what bans a session, or None.

    Args:
        world: has the bans.
        session: it may be registered, or about to be.
        nick: the nickname that it is about to have; its present one when left out.
        bans: those that are asked; all when left out.
    """
    bans = world.bans if bans is None else bans
    if not bans:
        return None
    ban = bans.of_address(session.address)
    if ban is None and session.account_id:
        ban = bans.of_account(session.account_id)
    username = _username_of(session)
    nick = nick or session.target
    if ban is None and username and nick != "*":
        host = session.user.host if session.user else session.host
        ban = bans.of_masks(
            f"{fold_or_self(nick)}!{username.lower()}",
            (session.address.lower(), fold_or_self(host)),
        )
    return ban


def _username_of(session: "Session") -> str:
    if session.user is not None:
        return session.user.username
    return session.pending.username if session.pending else ""


def covers(world: "World", ban: Ban, session: "Session") -> bool:
    """Return whether a ban covers a session."""
    return ban_of(world, session, bans=only(world, [ban])) is not None


class Covered(NamedTuple):
    """The sessions and the users that new bans cover.

    Args:
        connections: how many sessions they cover.
        names: the nicknames of the covered users.
    """

    connections: int
    names: list[str]

    @property
    def are_any(self) -> bool:
        """Whether there are any."""
        return bool(self.connections or self.names)

    def __str__(self) -> str:
        """Return the users that the bans cover now, as a sentence for operators."""
        if not self.are_any:
            return "it covers nobody who is here now"
        shown = ", ".join(self.names[:_MOST_NAMES])
        more = f" and {len(self.names) - _MOST_NAMES} more" if len(self.names) > _MOST_NAMES else ""
        return (
            f"{self.connections} connection{'' if self.connections == 1 else 's'}"
            f" ended{shown and f': {shown}'}{more}"
        )


def only(world: "World", bans: Iterable[Ban]) -> Bans:
    """Return bans by themselves. Users that an older ban covers are not here, and to match all bans
    with all users would take long.
    """
    new = Bans(world.clock)
    for each in bans:
        new.add(each)
    return new


def covered_sessions(world: "World", bans: Bans) -> list[tuple["Session", Ban]]:
    """Return the sessions that bans cover, with the ban of each, in the order of their numbers."""
    return [
        (session, ban)
        for _, session in sorted(world.sessions.items())
        if not session.closing and (ban := ban_of(world, session, bans=bans)) is not None
    ]


def covered_absent(world: "World", bans: Bans) -> list[tuple["User", Ban]]:
    """Return the users without sessions that bans cover, with the ban of each: always-on ones, and
    in a cluster those whose clients are expected back.
    """
    expected = [user for user in world.users.values() if user.is_expected]
    return [
        (user, ban)
        for user in (*world.always_on, *expected)
        if not user.sessions
        and (ban := bans.of_account(user.account_id) or bans.of_masks(*_named(user))) is not None
    ]


def covered(world: "World", bans: Iterable[Ban]) -> Covered:
    """Return the sessions and the users that new bans cover."""
    new = only(world, bans)
    if not new:
        return Covered(0, [])
    sessions = covered_sessions(world, new)
    users = (session.user for session, _ in sessions)
    names = dict.fromkeys(user.nick for user in users if user is not None)
    absent = [
        f"{user.nick} ({'always on' if user.always_on else 'not connected'})"
        for user, _ in covered_absent(world, new)
    ]
    return Covered(len(sessions), [*names, *absent])


def _named(user: "User") -> tuple[str, tuple[str, ...]]:
    return f"{user.folded}!{user.username.lower()}", (fold_or_self(user.host),)
