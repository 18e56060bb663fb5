"""Transitions of probation, and what follows from the arrival of a user."""

from typing import Final

from trio_chat.chat import operators
from trio_chat.chat.apply.transitions import Effects, carry_out, transition
from trio_chat.chat.changes import ProbationBegun, ProbationCounted, ProbationEnded
from trio_chat.chat.moderation.probation import (
    EMAIL,
    INVITATION,
    ModerationRules,
    Probation,
)
from trio_chat.chat.moderation.probation_rules import account_key
from trio_chat.chat.moderation.server import PROBATION
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.users import Session
from trio_chat.chat.world import World

_DAY: Final = 86_400


def _of_one(
    world: World, change: ProbationBegun | ProbationCounted | ProbationEnded
) -> list[DirtyKey]:
    is_known = world.moderation.probation.get(change.key) is not None
    return [DirtyKey.moderation((PROBATION, change.key))] if is_known else []


def _of_begun(world: World, change: ProbationBegun) -> list[DirtyKey]:
    """Return its key, and those of what is forgotten then."""
    keys = [DirtyKey.moderation((PROBATION, key)) for key in _outdated(world, change)]
    return [*keys, *_of_one(world, change)]


def _outdated(world: World, change: ProbationBegun) -> list[str]:
    table, rules = world.moderation.probation, world.server_info.moderation
    is_one_more = table.get(change.key) is None
    return table.outdated(world.steady(), rules, is_one_more=is_one_more)


@transition(ProbationBegun, _of_begun)
def _begin(world: World, change: ProbationBegun) -> Effects | None:
    moderation, now = world.moderation, int(world.steady())
    outdated = _outdated(world, change)
    for key in outdated:
        moderation.probation.discard(key)
    known = moderation.probation.get(change.key)
    if known is not None and not (change.is_listed and not known.is_listed):
        if now - known.seen < _DAY:
            return [] if outdated else None
        moderation.put_probation(change.key, known._replace(seen=now))
        return []
    moderation.put_probation(change.key, Probation(now, now, is_listed=change.is_listed))
    return []


@transition(ProbationCounted, _of_one)
def _count(world: World, change: ProbationCounted) -> Effects | None:
    table = world.moderation.probation
    known = table.get(change.key)
    if known is None:
        return None
    said = known.said_now(
        world.server_info.moderation, world.steady(), is_accepted=change.is_accepted
    )
    if said.has_ended and change.key.startswith("@"):
        world.moderation.discard_row((PROBATION, change.key))
    else:
        table.all[change.key] = said
    return []


@transition(ProbationEnded, _of_one)
def _end(world: World, change: ProbationEnded) -> Effects | None:
    table = world.moderation.probation
    known = table.get(change.key)
    if known is None or known.has_ended:
        return None
    if change.key.startswith("@"):
        world.moderation.discard_row((PROBATION, change.key))
    else:
        table.all[change.key] = known._replace(has_ended=True)
    return []


def begin_for_account(
    world: World, number: int, *, is_invited: bool, is_verified: bool, is_linked: bool
) -> None:
    """Begin the probation of a new account, unless it is exempt: also one of a directory or of
    another provider of identities, which knows its user.
    """
    rules = world.server_info.moderation
    exempt = rules.probation_exempt
    if not rules.probation_hours or is_linked:
        return
    if (is_invited and INVITATION in exempt) or (is_verified and EMAIL in exempt):
        return
    carry_out(world, ProbationBegun(account_key(number)))


def note_arrival(world: World, session: Session) -> Effects:
    """Begin the probation of a new address, and notify operators of a storm of users."""
    rules: ModerationRules = world.server_info.moderation
    if session.account_id or not session.payer:
        return []
    if rules.probation_hours:
        carry_out(world, ProbationBegun(session.payer))
    if not rules.storm or not world.moderation.arrivals.note(world.steady(), rules.storm):
        return []
    text = (
        f"{rules.storm} users without an account have come within a minute. If it is a raid:"
        " /raid on"
    )
    event = operators.notice(world, text, "moderate")
    return [event] if event is not None else []
