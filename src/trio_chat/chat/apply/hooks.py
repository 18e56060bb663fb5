"""Transitions of webhooks, all of which persist."""

from trio_chat.chat.apply.relayed import forget_sender
from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import HookDelivered, HookMade, HookRemoved, HooksRead, HookUsed
from trio_chat.chat.hooks import LOBBY, Hook
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World


def _of_one(world: World, change: HookUsed | HookDelivered) -> list[DirtyKey]:
    return [DirtyKey.hook(change.digest)] if world.hooks.get(change.digest) else []


def _has_channel(world: World, hook: Hook) -> bool:
    return hook.channel == LOBBY or any(
        channel.founded == hook.channel and channel.registration is not None
        for channel in world.channels.values()
    )


@transition(HookMade, lambda world, change: [DirtyKey.hook(change.hook.digest)])
def _make(world: World, change: HookMade) -> Effects | None:
    if not _has_channel(world, change.hook):
        return None  # it has ended since the hook was decided on
    world.hooks.put(change.hook)
    return []


def _of_removed(world: World, change: HookRemoved) -> list[DirtyKey]:
    hook = world.hooks.get(change.digest)
    keys = world.relayed.of_sender(hook.sender) if hook is not None else []
    return [DirtyKey.hook(change.digest), *map(DirtyKey.relayed, keys)]


@transition(HookRemoved, _of_removed)
def _remove(world: World, change: HookRemoved) -> Effects | None:
    hook = world.hooks.get(change.digest)
    if hook is None:
        return None
    world.hooks.discard(change.digest)
    forget_sender(world, hook.sender)
    return []


@transition(HookUsed, _of_one)
def _use(world: World, change: HookUsed) -> Effects | None:
    hook = world.hooks.get(change.digest)
    if hook is None or change.time <= hook.used:
        return None
    world.hooks.put(hook._replace(used=change.time))
    return []


@transition(HookDelivered, _of_one)
def _deliver(world: World, change: HookDelivered) -> Effects | None:
    hook = world.hooks.get(change.digest)
    if hook is None:
        return None
    world.hooks.put(
        hook._replace(
            cursor=max(hook.cursor, change.cursor),
            used=max(hook.used, change.time),
            failing=change.failing,
            is_disabled=change.is_disabled,
        )
    )
    return []


def _of_read(world: World, change: HooksRead) -> list[DirtyKey]:
    """Return the keys of stored ones whose channel is gone, so that they are deleted."""
    return [DirtyKey.hook(hook.digest) for hook in change.hooks if not _has_channel(world, hook)]


@transition(HooksRead, _of_read)
def _read(world: World, change: HooksRead) -> Effects:
    stored = {hook.digest: hook for hook in change.hooks}
    for hook in list(world.hooks):
        if hook.digest not in stored and hook.digest not in world.dirty.hooks:
            world.hooks.discard(hook.digest)
            forget_sender(world, hook.sender)
    for digest, hook in stored.items():
        if digest not in world.dirty.hooks and _has_channel(world, hook):
            world.hooks.put(hook)
    return []
