"""Transitions of the bans of the server, and of the room on its disk."""

from trio_chat.chat import banning, missed
from trio_chat.chat.apply.sessions import end_session
from trio_chat.chat.apply.transitions import Effects, carry_out, transition
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    AlwaysOnEnded,
    BanLifted,
    BansEnforced,
    BanSet,
    BansExpired,
    BansRead,
    NoticeKept,
    PushUnsubscribed,
    RoomChanged,
    UserRemoved,
)
from trio_chat.chat.events import Event
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.quotas import Room
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import numerics as n


def _of_ban(world: World, change: BanSet | BanLifted) -> list[DirtyKey]:
    return [DirtyKey.ban(change.ban.key)]


@transition(BanSet, _of_ban)
def _set(world: World, change: BanSet) -> Effects:
    world.bans.add(change.ban)
    return []


@transition(BanLifted, _of_ban)
def _lift(world: World, change: BanLifted) -> Effects:
    world.bans.discard(change.ban.key)
    return []


@transition(BansEnforced)
def _enforce(world: World, change: BansEnforced) -> Effects:
    new = banning.only(world, change.bans)
    if not new:
        return []
    events: Effects = []
    for session, ban in banning.covered_sessions(world, new):
        events += _end(world, session, ban)
    for account in [number for number in world.push.by_account if new.of_account(number)]:
        carry_out(world, PushUnsubscribed(account, tuple(world.push.of(account))))
    for user, ban in banning.covered_absent(world, new):
        events += _remove(world, user, ban)
    return events


def _end(world: World, session: Session, ban: Ban) -> Effects:
    params = (session.target, n.ERR_YOUREBANNEDCREEP.text.format(banning.ban_text(ban)))
    number, code = world.ids.now(), n.ERR_YOUREBANNEDCREEP
    name, shift = world.server_info.name, world.ids.shift
    notice = Event(number, code, params, name, (session,), shift=shift)
    if session.user is not None and ban.kind is not BanKind.ADDRESS:
        carry_out(world, AlwaysOnEnded(session.user.folded))
    return [notice, *end_session(world, session, f"Banned: {ban.reason}")]


def _remove(world: World, user: User, ban: Ban) -> Effects:
    text = f"You were banned from the server: {banning.ban_text(ban)}"
    carry_out(world, NoticeKept(user.folded, missed.of_removal(user, text)))
    return carry_out(world, UserRemoved(user.folded, f"Banned: {ban.reason}"))


@transition(RoomChanged)
def _change_room(world: World, change: RoomChanged) -> Effects:
    world.quotas.set_room(change.server, Room(change.room))
    return []


@transition(BansRead)
def _read(world: World, change: BansRead) -> Effects:
    world.bans.replace(change.bans, world.dirty.bans)
    return []


@transition(BansExpired, lambda world, change: [DirtyKey.ban(key) for key in world.bans.expired()])
def _expire(world: World, change: BansExpired) -> Effects | None:
    expired = world.bans.expired()
    for key in expired:
        world.bans.discard(key)
    return [] if expired else None
