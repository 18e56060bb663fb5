"""Channels with their members as plain data, and back."""

from collections.abc import Mapping
from math import inf
from typing import Any

from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.masklists import entry
from trio_chat.chat.moderation.state import ChannelModeration
from trio_chat.chat.snapshot.users import from_time, to_time
from trio_chat.chat.world import World

_PLAIN = ("name", "folded", "created", "founded", "permanent", "key", "limit", "forward")
"""The attributes of a channel that are in a snapshot as they are."""


def from_channel(channel: Channel) -> dict[str, Any]:
    """Return a channel, and the ranks of its members by their folded nicknames."""
    of = channel.registration
    # Absent where it is 0, as in the snapshots of servers without an archive.
    public = {"public_since": channel.public_since} if channel.public_since else {}
    return (
        {name: getattr(channel, name) for name in _PLAIN}
        | public
        | {
            "registration": [of.owner, of.since, list(of.access.items()), of.history]
            if of
            else None,
            "topic": list(channel.topic) if channel.topic else None,
            "flags": "".join(sorted(channel.flags)),
            "renamed": from_time(channel.renamed),
            "former": dict(channel.former),
            "lists": {
                letter: [[mask.mask, mask.setter, mask.time] for mask in masks.values()]
                for letter, masks in channel.lists.items()
            },
            "metadata": dict(channel.metadata),
            "members": {
                member.folded: "".join(sorted(membership.ranks))
                for member, membership in channel.members.items()
            },
            **_from_moderation(channel),
        }
    )


def _from_moderation(channel: Channel) -> dict[str, Any]:
    """Return the moderation of a channel; nothing when it has none, as nearly all channels do."""
    moderation = channel.moderation
    if moderation is None:
        return {}
    return {"moderation": moderation.to_state() | {"spoke": dict(moderation.spoke)}}


def to_channel(world: World, state: Mapping[str, Any]) -> Channel:
    """Add a channel to a world, without members."""
    channel = world.channels.restore(*(state[name] for name in _PLAIN[:4]))
    for name in _PLAIN[4:]:
        setattr(channel, name, state[name])
    if state["registration"]:
        owner, since, access, history = state["registration"]
        channel.registration = ChannelRegistration(owner, since, dict(access), history)
    channel.topic = Topic(*state["topic"]) if state["topic"] else None
    world.channels.set_flags(channel, state["flags"])
    channel.renamed = to_time(state["renamed"], -inf)
    channel.former = dict(state["former"])
    channel.metadata = dict(state["metadata"])
    channel.public_since = state.get("public_since", 0)
    if moderation := state.get("moderation"):
        channel.moderation = ChannelModeration.from_state(moderation)
        channel.moderation.spoke = dict(moderation["spoke"])
    for letter, masks in state["lists"].items():
        restored = (entry(mask, setter, time) for mask, setter, time in masks)
        channel.lists[letter] = {mask.folded: mask for mask in restored}
    return channel


def join_members(world: World, users: list[Any], channels: list[Any]) -> None:
    """Join the users of a snapshot to its channels, in the order of the original on both sides."""
    ranks = {state["folded"]: state["members"] for state in channels}
    for state in users:
        user = world.users[state["folded"]]
        for folded in state["channels"]:
            world.channels[folded].add(user, ranks[folded][user.folded])
        user.invited = {world.channels[folded]: by for folded, by in state["invited"]}
    for state in channels:
        channel = world.channels[state["folded"]]
        members = channel.members
        channel.members = {
            user: members[user] for user in (world.users[name] for name in state["members"])
        }
        channel.sessions_changed()
