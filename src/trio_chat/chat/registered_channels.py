"""Registered channels, and channels with always-on members: their stored state as plain data, and
back.
"""

from collections.abc import Mapping
from typing import Any, Final

from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.events import Event
from trio_chat.chat.masklists import entry
from trio_chat.chat.moderation.state import ChannelModeration
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.modes import CHANNEL_MODES, PUBLIC, RANKS
from trio_chat.irc.names import fold_or_self

SERVICE: Final = "ChanServ"
"""The nickname of the service that gives ranks by right."""


def actor(world: World, folded: str) -> User:
    """Return the user that others see as the source of a change; the service of channels for ""."""
    if folded:
        return world.users[folded]
    return User(SERVICE, fold_or_self(SERVICE), SERVICE, world.server_info.name, "", 0.0)


def to_state(channel: Channel) -> dict[str, Any]:
    """Return the persistent state of a channel, with the owner 0 for none. Keys are strings, as in
    JSON.
    """
    registration = channel.registration or ChannelRegistration(0, 0)
    return {
        "name": channel.name,
        "created": channel.created,
        "founded": channel.founded,
        "owner": registration.owner,
        "since": registration.since,
        "access": {str(account): rank for account, rank in registration.access.items()},
        "members": {
            str(member.account_id): "".join(sorted(membership.ranks))
            for member, membership in channel.members.items()
            if member.always_on
        },
        "history": registration.history,
        "topic": list(channel.topic) if channel.topic else None,
        "flags": "".join(sorted(channel.flags)),
        "key": channel.key,
        "limit": channel.limit,
        "forward": channel.forward,
        "public_since": channel.public_since,
        "metadata": channel.metadata,
        "moderation": channel.moderation.to_state() if channel.moderation else None,
        "former": dict(channel.former),
        "lists": {
            letter: [[mask.mask, mask.setter, mask.time] for mask in entries.values()]
            for letter, entries in channel.lists.items()
        },
    }


def restore(world: World, folded: str, state: Mapping[str, Any]) -> Channel:
    """Restore a channel from its state, without members. An existing channel is unchanged unless
    the state has an owner.
    """
    channel = world.channels.get(folded)
    if channel is not None and not state["owner"]:
        return channel
    channel = channel or world.channels.create(state["name"], folded)
    channel.created = state["created"]
    channel.founded = state["founded"]
    if state["owner"]:
        channel.permanent = True
        access = {int(account): rank for account, rank in state["access"].items()}
        channel.registration = ChannelRegistration(
            state["owner"], state["since"], access, state.get("history")
        )
    channel.topic = Topic(*state["topic"]) if state["topic"] else None
    world.channels.set_flags(
        channel, [letter for letter in state["flags"] if letter in CHANNEL_MODES]
    )
    channel.key = state["key"]
    channel.limit = state["limit"]
    channel.forward = state.get("forward", "")
    channel.public_since = state.get("public_since", 0)
    channel.metadata = dict(state.get("metadata", {}))  # older ones have none
    if moderation := state.get("moderation"):
        channel.moderation = ChannelModeration.from_state(moderation)
    channel.former = dict(state.get("former", {}))
    world.channels.note_former(channel)
    for letter, entries in state["lists"].items():
        if letter in channel.lists:
            restored = (entry(mask, setter, time) for mask, setter, time in entries)
            channel.lists[letter] = {mask.folded: mask for mask in restored}
    return channel


def restore_members(world: World, channel: Channel, state: Mapping[str, Any]) -> None:
    """Restore the always-on members of a channel from its state, and remove it if it is empty."""
    for account, ranks in state.get("members", {}).items():
        user = world.always_on.of(int(account))
        if user is not None and user not in channel.members:
            channel.add(user, "".join(rank.letter for rank in RANKS if rank.letter in ranks))
    if world.channels.forget_if_empty(channel):
        world.dirty.mark([DirtyKey.channel(channel.folded)])  # so that it is deleted


def rank_event(
    world: World, channel: Channel, user: User, letter: str, *, adding: bool = True
) -> Event:
    """Return the MODE by which everyone sees that the service gave or took a rank."""
    return service_event(world, channel, f"{'+' if adding else '-'}{letter}", user.nick)


def close_to_public(world: World, channel: Channel) -> list[Event]:
    """End +P of a channel whose registration ends; return the MODE by which everyone sees that.

    Whoever registers it next would else make public what was said in the meantime, without having
    said so.
    """
    if PUBLIC not in channel.flags:
        return []
    world.channels.set_flags(channel, channel.flags - {PUBLIC})
    channel.public_since = 0
    return [service_event(world, channel, f"-{PUBLIC}")]


def service_event(world: World, channel: Channel, change: str, *params: str) -> Event:
    """Return the MODE by which everyone sees what the service has changed."""
    source = f"{SERVICE}!{SERVICE}@{world.server_info.name}"
    params = (channel.name, change, *params)
    return Event(world.ids.now(), "MODE", params, source, channel.audience(), shift=world.ids.shift)
