"""Transitions of registered channels: owner, access, ranks that ChanServ gives, retention."""

from trio_chat.chat.apply.invitations import keys_of_channel
from trio_chat.chat.apply.transitions import Effects, channel_keys, transition
from trio_chat.chat.changes import (
    AccessSet,
    ChannelDropped,
    ChannelRegistered,
    ChannelTransferred,
    RankSet,
    RetentionSet,
)
from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.channels import Channel
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.registered_channels import close_to_public, rank_event
from trio_chat.chat.world import World
from trio_chat.irc import modes

OfChannel = (
    AccessSet | ChannelDropped | ChannelRegistered | ChannelTransferred | RankSet | RetentionSet
)


def _of_channel(world: World, change: OfChannel) -> list[DirtyKey]:
    return channel_keys(world, change.channel)


def _registration(world: World, folded: str) -> ChannelRegistration | None:
    """Return the registration of a channel; None if that has ended since the change was decided
    on.
    """
    return world.channels[folded].registration


def _with_invitations(world: World, change: ChannelDropped | ChannelRegistered) -> list[DirtyKey]:
    channel = world.channels.get(change.channel)
    return _of_channel(world, change) + (keys_of_channel(world, channel) if channel else [])


@transition(ChannelRegistered, _with_invitations)
def _register(world: World, change: ChannelRegistered) -> Effects:
    channel, founder = world.channels[change.channel], world.users[change.by]
    channel.registration = ChannelRegistration(founder.account_id, int(world.clock()))
    channel.permanent = True
    channel.members[founder].ranks.add(modes.FOUNDER)
    return [rank_event(world, channel, founder, modes.FOUNDER)]


@transition(ChannelDropped, _with_invitations)
def _drop(world: World, change: ChannelDropped) -> Effects | None:
    channel = world.channels[change.channel]
    if channel.registration is None:
        return None
    events = [*_pass_on(world, channel, 0), *close_to_public(world, channel)]
    world.channels.unregister(channel)
    return events


@transition(ChannelTransferred, _of_channel)
def _transfer(world: World, change: ChannelTransferred) -> Effects | None:
    registration = _registration(world, change.channel)
    if registration is None:
        return None
    registration.owner = change.account
    registration.access.pop(change.account, None)
    return _pass_on(world, world.channels[change.channel], change.account)


def _pass_on(world: World, channel: Channel, heir: int) -> Effects:
    """Make founders operators, and members that are logged in to the account `heir` founders."""
    events = []
    for member, membership in channel.members.items():
        is_heir = bool(heir) and member.account_id == heir
        if is_heir is (modes.FOUNDER in membership.ranks):
            continue
        (membership.ranks.add if is_heir else membership.ranks.discard)(modes.FOUNDER)
        events.append(rank_event(world, channel, member, modes.FOUNDER, adding=is_heir))
        if not is_heir and modes.OPERATOR not in membership.ranks:
            membership.ranks.add(modes.OPERATOR)
            events.append(rank_event(world, channel, member, modes.OPERATOR))
    return events


@transition(AccessSet, _of_channel)
def _set_access(world: World, change: AccessSet) -> Effects | None:
    registration = _registration(world, change.channel)
    if registration is None:
        return None
    if change.rank:
        registration.access[change.account] = change.rank
    else:
        registration.access.pop(change.account, None)
    return []


@transition(RetentionSet, _of_channel)
def _set_retention(world: World, change: RetentionSet) -> Effects | None:
    registration = _registration(world, change.channel)
    if registration is None:
        return None
    registration.history = change.days
    return []


@transition(RankSet, _of_channel)
def _set_rank(world: World, change: RankSet) -> Effects:
    channel, member = world.channels[change.channel], world.users[change.user]
    ranks = channel.members[member].ranks
    (ranks.add if change.adding else ranks.discard)(change.letter)
    return [rank_event(world, channel, member, change.letter, adding=change.adding)]
