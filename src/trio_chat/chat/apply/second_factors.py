"""Transitions of second factors. A code counts in the place where its use stands in the order of
all changes, so that only one of two logins with the same code succeeds.
"""

from trio_chat.chat.apply.transitions import Effects, is_outdated, transition
from trio_chat.chat.changes import CodeGuessed, CodeUsed, RecoveryCodesSet, SecondFactorSet
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World


def _key(
    world: World, change: CodeGuessed | CodeUsed | RecoveryCodesSet | SecondFactorSet
) -> list[DirtyKey]:
    return [DirtyKey.second_factor(change.account)]


def note_done(world: World, attempt: str) -> None:
    """Let the server that has decided on a change know that it was carried out."""
    if attempt in world.second_factors.attempts:
        world.second_factors.attempts[attempt] = True


@transition(SecondFactorSet, _key)
def _set(world: World, change: SecondFactorSet) -> Effects | None:
    if world.accounts is None or is_outdated(world, change.account, change.version):
        return None
    world.second_factors.put(change.account, change.factor)
    world.accounts.invalidate(change.account)
    note_done(world, change.attempt)
    return []


@transition(RecoveryCodesSet, _key)
def _set_codes(world: World, change: RecoveryCodesSet) -> Effects | None:
    factor = world.second_factors.of(change.account)
    if factor is None or is_outdated(world, change.account, change.version):
        return None
    world.second_factors.put(change.account, factor._replace(recovery=change.recovery))
    note_done(world, change.attempt)
    return []


@transition(CodeUsed, _key)
def _use(world: World, change: CodeUsed) -> Effects | None:
    factor = world.second_factors.of(change.account)
    after = factor.used(change.use) if factor is not None else None
    if after is None:
        return None
    world.second_factors.put(change.account, after)
    note_done(world, change.attempt)
    return []


@transition(CodeGuessed, _key)
def _note_guess(world: World, change: CodeGuessed) -> Effects | None:
    factor = world.second_factors.of(change.account)
    if factor is None:
        return None
    world.second_factors.put(change.account, factor.guessed(change.time))
    return []
