"""Transitions of the bans of the server."""

from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import BanLifted, BanSet, BansExpired, BansRead
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World


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
