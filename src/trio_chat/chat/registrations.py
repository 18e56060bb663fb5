"""Channels that belong to accounts: what of them lasts, and how it becomes plain data and a channel again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trio_chat.chat.channels import Channel, ListEntry, Topic, fold_mask
from trio_chat.chat.events import Event
from trio_chat.irc.modes import RANKS

if TYPE_CHECKING:
    from trio_chat.chat.users import User
    from trio_chat.chat.world import World

SERVICE = "ChanServ"
"""Who gives ranks to those who have them by right."""
MAX_ACCESS = 200
"""Accounts on the access list of one channel."""
MAX_CHANNELS = 20
"""Channels that one account can own."""


@dataclass(slots=True)
class Registration:
    """To whom a channel belongs.

    Args:
        owner: the account.
        since: seconds of Unix time.
        access: the rank (a letter of `irc.modes.RANKS`) that accounts get when they join.
    """

    owner: str
    since: int
    access: dict[str, str] = field(default_factory=dict)

    def rank_of(self, user: "User") -> str:
        """Return the rank that somebody has by right, or ""."""
        if not user.account:
            return ""
        return RANKS[0].letter if user.account == self.owner else self.access.get(user.account, "")


def to_state(channel: Channel, registration: Registration) -> dict[str, Any]:
    """Return what of a channel lasts."""
    return {
        "name": channel.name,
        "created": channel.created,
        "founded": channel.founded,
        "owner": registration.owner,
        "since": registration.since,
        "access": registration.access,
        "topic": list(channel.topic) if channel.topic else None,
        "flags": "".join(sorted(channel.flags)),
        "key": channel.key,
        "limit": channel.limit,
        "lists": {
            letter: [[entry.mask, entry.setter, entry.time] for entry in entries.values()]
            for letter, entries in channel.lists.items()
        },
    }


def restore(world: "World", folded: str, state: Mapping[str, Any]) -> Channel:
    """Make a channel as its state says."""
    channel = world.channels.get(folded) or world.create_channel(state["name"], folded, permanent=True)
    channel.permanent = True
    channel.created = state["created"]
    channel.founded = state["founded"]
    channel.registration = Registration(state["owner"], state["since"], dict(state["access"]))
    channel.topic = Topic(*state["topic"]) if state["topic"] else None
    channel.flags = set(state["flags"])
    channel.key = state["key"]
    channel.limit = state["limit"]
    for letter, entries in state["lists"].items():
        if letter in channel.lists:
            restored = (ListEntry(mask, fold_mask(mask), setter, time) for mask, setter, time in entries)
            channel.lists[letter] = {entry.folded: entry for entry in restored}
    return channel


def rank_event(world: "World", channel: Channel, user: "User", letter: str, *, adding: bool = True) -> Event:
    """Return the MODE by which everyone sees that the service gave or took a rank."""
    source = f"{SERVICE}!{SERVICE}@{world.identity.name}"
    params = (channel.name, f"{'+' if adding else '-'}{letter}", user.nick)
    return Event(world.ids.next(), "MODE", params, source, channel.audience())
