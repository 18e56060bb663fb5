"""The table of state transitions, and `apply`, which carries out a change by it.

A transition updates the world and returns events. What it marks for persistence is declared with
it: keys of persistent state, which are looked up before and after the transition. So a transition
cannot forget to mark something, and marks nothing when it returns None, as nothing has changed.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from trio_chat.chat.changes import Change
from trio_chat.chat.events import Event
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.users import User
from trio_chat.chat.world import World

C = TypeVar("C", bound=Change)
Effects = list[Event]
"""Events in the order in which clients are to see them."""
Transition = Callable[[World, C], Effects | None]
"""Carries out a change; None means that it changed nothing."""
Writes = Callable[[World, C], Sequence[DirtyKey]]
"""Returns the keys of the persistent state that a change concerns, as the world is now."""

_TRANSITIONS: Final[dict[type[Change], tuple[Transition[Any], Writes[Any]]]] = {}


def nothing(world: World, change: Change) -> Sequence[DirtyKey]:
    """Return no keys: nothing of what changes is persistent."""
    return ()


def transition(
    kind: type[C], writes: Writes[C] = nothing
) -> Callable[[Transition[C]], Transition[C]]:
    """Register the transition for a kind of change.

    Args:
        kind: of change.
        writes: see `Writes`.
    """

    def register(function: Transition[C]) -> Transition[C]:
        _TRANSITIONS[kind] = function, writes
        return function

    return register


def apply(world: World, change: Change) -> Effects:
    """Carry out a change of the state, and return the events by which clients see it.

    There is no checkpoint in it. The events are for the broadcaster, together with the replies to
    the command that has caused the change.

    In a cluster, what is not carried out in the order of the log is handed to `World.decider`: then
    the change happens later, on all servers, and there are no events yet.
    """
    if world.decider is not None and not _is_of_this_server(world, change):
        later = world.decider(change)
        return later if later is not None else []
    events = carry_out(world, change)
    for observe in world.observers:
        observe(change)
    return events


def _is_of_this_server(world: World, change: Change) -> bool:
    """Return whether a change is of a session that is not registered: no other server knows it."""
    number = getattr(change, "session", 0)
    session = world.sessions.get(number) if number else None
    return session is not None and session in world.unregistered


def carry_out(world: World, change: Change) -> Effects:
    """Carry out a change that is a part of another one; see `apply`."""
    function, writes = _TRANSITIONS[type(change)]
    if writes is nothing:
        return function(world, change) or []
    before = writes(world, change)
    events = function(world, change)
    if events is None:
        return []
    # Mostly there are none, as most users and channels do not persist.
    if before:
        world.dirty.mark(before)
    if after := writes(world, change):
        world.dirty.mark(after)
    return events


def is_outdated(world: World, account: int, version: int | None) -> bool:
    """Return whether what was checked for an account is valid no longer; see `AccountChanged`."""
    return (
        version is not None
        and world.accounts is not None
        and world.accounts.version(account) != version
    )


def user_keys(user: User | None) -> list[DirtyKey]:
    """Return the key of what persists of a user: of an always-on one."""
    return [DirtyKey.user(user.account_id)] if user is not None and user.always_on else []


def stay_keys(user: User | None) -> list[DirtyKey]:
    """Return the keys of an always-on user and of its memberships."""
    if user is None or not user.always_on:
        return []
    return [
        DirtyKey.user(user.account_id),
        *(DirtyKey.channel(channel.folded) for channel in user.channels),
    ]


def channel_keys(world: World, folded: str) -> list[DirtyKey]:
    """Return the key of what persists of a channel: of one that is registered, or has an always-on
    member.
    """
    channel = world.channels.get(folded)
    return [DirtyKey.channel(folded)] if channel is not None and channel.is_persistent else []
