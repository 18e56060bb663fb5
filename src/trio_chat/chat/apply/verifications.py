"""Transitions of registrations that wait for the code of a letter."""

from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import VerificationBegun, VerificationEnded, VerificationGuessed
from trio_chat.chat.verification import PendingVerification, VerificationRefused
from trio_chat.chat.world import World


@transition(VerificationBegun)
def _begin(world: World, change: VerificationBegun) -> Effects | None:
    pending = PendingVerification(
        change.account,
        change.email,
        change.credentials,
        bytes.fromhex(change.digest),
        change.until,
        invitation=change.invitation,
    )
    try:
        world.verifications.put(pending, bytes.fromhex(change.replaces))
    except VerificationRefused:  # another node was faster
        return None
    return []


@transition(VerificationGuessed)
def _note_guess(world: World, change: VerificationGuessed) -> Effects | None:
    pending = world.verifications.of(change.name, bytes.fromhex(change.digest))
    if pending is None:
        return None
    pending.tries -= 1
    if pending.tries <= 0:
        world.verifications.drop(pending)
    return []


@transition(VerificationEnded)
def _end(world: World, change: VerificationEnded) -> Effects | None:
    pending = world.verifications.of(change.name, bytes.fromhex(change.digest))
    if pending is None:
        return None
    world.verifications.drop(pending)
    return []
