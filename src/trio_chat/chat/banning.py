"""Enforcement of bans of the server: the users that a ban covers, and their disconnection."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.chat import missed
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind, Bans
from trio_chat.chat.changes import AlwaysOnEnded, NoticeKept, PushUnsubscribed, UserRemoved
from trio_chat.chat.events import Event
from trio_chat.irc import numerics as n
from trio_chat.irc.names import fold_or_self

if TYPE_CHECKING:
    from trio_chat.chat.users import Session, User
    from trio_chat.chat.world import World

_MOST_NAMES = 10
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
    alone = Bans(world.clock)
    alone.add(ban)
    return ban_of(world, session, bans=alone) is not None


class Enforced(NamedTuple):
    """What came of new bans.

    Args:
        events: lines for the covered users, and for others of what happens to them.
        connections: how many were ended.
        names: the nicknames of the covered users.
    """

    events: list[Event]
    connections: int
    names: list[str]

    def __str__(self) -> str:
        """Return the users that the bans cover now, as a sentence for operators."""
        if not self.connections and not self.names:
            return "it covers nobody who is here now"
        shown = ", ".join(self.names[:_MOST_NAMES])
        more = f" and {len(self.names) - _MOST_NAMES} more" if len(self.names) > _MOST_NAMES else ""
        return (
            f"{self.connections} connection{'' if self.connections == 1 else 's'}"
            f" ended{shown and f': {shown}'}{more}"
        )


def enforce(world: "World", bans: Iterable[Ban]) -> Enforced:
    """End every session that one of these new bans covers."""
    new = Bans(
        world.clock
        # users that an older ban covers are not here, and to match all bans with all users would
        # take long
    )
    for each in bans:
        new.add(each)
    events: list[Event] = []
    connections, names = 0, dict[str, None]()
    for session in list(world.sessions.values()) if new else ():
        ban = ban_of(world, session, bans=new)
        if ban is not None and not session.closing:
            params = (session.target, n.ERR_YOUREBANNEDCREEP.text.format(ban_text(ban)))
            number, code = world.ids.now(), n.ERR_YOUREBANNEDCREEP
            events.append(
                Event(
                    number, code, params, world.server_info.name, (session,), shift=world.ids.shift
                )
            )
            session.sink.end(f"Banned: {ban.reason}")
            connections += 1
            if session.user is not None:
                names[session.user.nick] = None
            if session.user is not None and ban.kind is not BanKind.ADDRESS:
                apply(world, AlwaysOnEnded(session.user.folded))
    for account in [number for number in world.push.by_account if new.of_account(number)]:
        apply(world, PushUnsubscribed(account, tuple(world.push.of(account))))
    for user in world.always_on if new else ():
        ban = new.of_account(user.account_id) or new.of_masks(*_named(user))
        if ban is not None and not user.sessions:
            notice = missed.of_removal(user, f"You were banned from the server: {ban_text(ban)}")
            apply(world, NoticeKept(user.folded, notice))
            names[f"{user.nick} (always on)"] = None
            events += apply(world, UserRemoved(user.folded, f"Banned: {ban.reason}"))
    return Enforced(events, connections, list(names))


def _named(user: "User") -> tuple[str, tuple[str, ...]]:
    return f"{user.folded}!{user.username.lower()}", (fold_or_self(user.host),)
