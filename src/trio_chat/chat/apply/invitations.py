"""Transitions of invitations by a token; those of registered channels and for accounts persist."""

from collections.abc import Callable

from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import (
    InvitationGuessed,
    InvitationHolderKicked,
    InvitationMade,
    InvitationReturned,
    InvitationRevoked,
    InvitationsExpired,
    InvitationsRead,
    InvitationUsed,
)
from trio_chat.chat.channels import Channel
from trio_chat.chat.invitations import Invitation, holder_of
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World

_OfOne = InvitationUsed | InvitationReturned | InvitationRevoked


def keys_of_channel(world: World, channel: Channel) -> list[DirtyKey]:
    """Return the keys of the invitations and the webhooks of a registered channel."""
    if channel.registration is None:
        return []
    mine = world.invitations.of_channel(channel.founded)
    hooks = world.hooks.of_channel(channel.founded)
    return [
        *(DirtyKey.invitation(one.digest) for one in mine),
        *(DirtyKey.hook(hook.digest) for hook in hooks),
    ]


def is_stored(world: World, invitation: Invitation) -> bool:
    """Return whether an invitation persists."""
    return not invitation.channel or invitation.channel in _registered(world)


def _registered(world: World) -> set[int]:
    return {
        channel.founded for channel in world.channels.values() if channel.registration is not None
    }


def _stored(world: World, invitation: Invitation | None) -> list[DirtyKey]:
    if invitation is None or not is_stored(world, invitation):
        return []
    return [DirtyKey.invitation(invitation.digest)]


def _of_one(world: World, change: _OfOne) -> list[DirtyKey]:
    return _stored(world, world.invitations.get(change.digest))


@transition(InvitationMade, lambda world, change: _stored(world, change.invitation))
def _make(world: World, change: InvitationMade) -> Effects | None:
    number = change.invitation.channel
    if number and all(channel.founded != number for channel in world.channels.values()):
        return None  # it has ended since the invitation was decided on
    world.invitations.put(change.invitation)
    return []


@transition(InvitationRevoked, _of_one)
def _revoke(world: World, change: InvitationRevoked) -> Effects:
    world.invitations.discard(change.digest)
    return []


@transition(InvitationGuessed)
def _note_guess(world: World, change: InvitationGuessed) -> Effects:
    world.invitations.note_wrong(change.address)
    return []


@transition(InvitationUsed, _of_one)
def _use(world: World, change: InvitationUsed) -> Effects | None:
    return _replace(world, change.digest, lambda one: one.used(change.holder))


@transition(InvitationReturned, _of_one)
def _return(world: World, change: InvitationReturned) -> Effects | None:
    return _replace(world, change.digest, lambda one: one.unused(change.holder))


def _replace(
    world: World, digest: str, update: Callable[[Invitation], Invitation]
) -> Effects | None:
    before = world.invitations.get(digest)
    if before is None or (after := update(before)) == before:
        return None
    world.invitations.put(after)
    return []


def _of_kicked(world: World, change: InvitationHolderKicked) -> list[DirtyKey]:
    return keys_of_channel(world, world.channels[change.channel])


@transition(InvitationHolderKicked, _of_kicked)
def _forget_holder(world: World, change: InvitationHolderKicked) -> Effects | None:
    channel, user = world.channels[change.channel], world.users[change.user]
    holder = holder_of(user.account_id, user.folded, user.host)
    before = world.invitations.of_channel(channel.founded)
    changed = [after for one in before if (after := one.without(holder)) != one]
    for one in changed:
        world.invitations.put(one)
    return [] if changed else None


def _of_read(world: World, change: InvitationsRead) -> list[DirtyKey]:
    """Return the keys of stored ones that are worth nothing any longer, so that they are
    deleted.
    """
    registered = _registered(world)
    return [
        DirtyKey.invitation(one.digest)
        for one in change.invitations
        if not _is_worth_something(world, one, registered)
    ]


def _is_worth_something(world: World, invitation: Invitation, registered: set[int]) -> bool:
    """Return whether there is what a stored invitation is for: its channel; of one for an account,
    its maker, which a command has none of.
    """
    if invitation.channel:
        return invitation.channel in registered
    accounts = world.accounts.by_id if world.accounts else {}
    return not invitation.account or invitation.account in accounts


@transition(InvitationsRead, _of_read)
def _read(world: World, change: InvitationsRead) -> Effects:
    registered, dirty = _registered(world), world.dirty.invitations
    stored = {one.digest: one for one in change.invitations}
    for one in list(world.invitations):
        is_kept = one.channel and one.channel not in registered
        if not is_kept and one.digest not in stored and one.digest not in dirty:
            world.invitations.discard(one.digest)
    for digest, one in stored.items():
        if digest not in dirty and _is_worth_something(world, one, registered):
            world.invitations.put(one)
    return []


def _of_expired(world: World, change: InvitationsExpired) -> list[DirtyKey]:
    return [
        key
        for digest in world.invitations.expired()
        for key in _stored(world, world.invitations.get(digest))
    ]


@transition(InvitationsExpired, _of_expired)
def _expire(world: World, change: InvitationsExpired) -> Effects | None:
    expired = world.invitations.expired()
    for digest in expired:
        world.invitations.discard(digest)
    return [] if expired else None
