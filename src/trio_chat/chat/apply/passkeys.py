"""Transitions of passkeys; a login counts where it stands in the order of all changes."""

from trio_chat.chat.apply.second_factors import note_done
from trio_chat.chat.apply.transitions import Effects, is_outdated, transition
from trio_chat.chat.changes import PasskeyAdded, PasskeyRemoved, PasskeyUsed
from trio_chat.chat.passkeys import MOST
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World


def _key(world: World, change: PasskeyAdded | PasskeyRemoved | PasskeyUsed) -> list[DirtyKey]:
    return [DirtyKey.passkeys(change.account)]


@transition(PasskeyAdded, _key)
def _add(world: World, change: PasskeyAdded) -> Effects | None:
    known, one = world.passkeys.of(change.account), change.passkey
    if is_outdated(world, change.account, change.version) or len(known) >= MOST:
        return None
    if world.passkeys.find(one.id) is not None or one.name in {each.name for each in known}:
        return None
    world.passkeys.put(change.account, [*known, one])
    note_done(world, change.attempt)
    return []


@transition(PasskeyRemoved, _key)
def _remove(world: World, change: PasskeyRemoved) -> Effects | None:
    known = world.passkeys.of(change.account)
    left = [one for one in known if one.id != change.passkey]
    if is_outdated(world, change.account, change.version) or len(left) == len(known):
        return None
    world.passkeys.put(change.account, left)
    note_done(world, change.attempt)
    return []


@transition(PasskeyUsed, _key)
def _use(world: World, change: PasskeyUsed) -> Effects | None:
    known = world.passkeys.of(change.account)
    used = next((one for one in known if one.id == change.passkey), None)
    if used is None or not used.accepts(change.count):
        return None
    after = used._replace(signatures=change.count, used=change.time)
    world.passkeys.put(change.account, [after if one is used else one for one in known])
    note_done(world, change.attempt)
    return []
