"""Persistence of the state: it is loaded at the start, and stored when it changes.

What a command changes is committed by the broadcaster, with the messages of its batch; `keep_state`
stores what no command has changed, and what could not be stored before.
"""

import logging
from collections.abc import Mapping
from typing import Any

import trio

from trio_chat.chat import always_on, metadata, push, push_rules, second_factors
from trio_chat.chat.apply.sessions import update_away
from trio_chat.chat.apply.transitions import carry_out
from trio_chat.chat.changes import (
    ApiTokensRead,
    BansRead,
    HooksRead,
    InvitationsRead,
    ServerModerationRead,
)
from trio_chat.chat.persistence import ChangeSet, DirtyKey, DirtySet, StateStore
from trio_chat.chat.registered_channels import restore, restore_members, to_state
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import World
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.plurals import counted
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

KEPT_AFTER = 1.0
"""Seconds in which the broadcaster commits what a command has changed; `keep_state` stores the rest
after that.
"""
_RETRY = 10.0
"""Seconds until state that could not be stored is tried again."""


async def load_lists(world: World, memory: StoragePorts) -> None:
    """Take the lists of a database that was in no cluster yet: bans, invitations, webhooks, API
    tokens and moderation. From then on the log alone changes them.

    Raises:
        StorageError: they cannot be read.
    """
    if memory.bans is not None:
        carry_out(world, BansRead(tuple(await memory.bans.load())))
    if memory.invitations is not None:
        carry_out(world, InvitationsRead(tuple(await memory.invitations.load())))
    if memory.hooks is not None:
        carry_out(world, HooksRead(tuple(await memory.hooks.load())))
    if memory.api_tokens is not None:
        carry_out(world, ApiTokensRead(tuple(await memory.api_tokens.load())))
    if memory.moderation is not None:
        carry_out(world, ServerModerationRead(tuple(await memory.moderation.load())))


async def load_state(world: World, store: StateStore) -> None:
    """Restore channels, always-on users, preferences, metadata, read markers, devices for push
    messages, and scheduled messages.

    Raises:
        StorageError: the state cannot be read.
    """
    stored = await store.load()
    for (account, target), moment in stored.markers.items():
        world.markers.setdefault(account, {})[target] = moment
    for account, values in stored.metadata.items():
        world.metadata[account] = dict(values)
    for account, choices in stored.preferences.items():
        world.preferences.restore(account, dict(choices))
    for account, devices in stored.push.items():
        world.push.by_account[account] = push.from_state(devices)
    for account, rules in stored.push_rules.items():
        world.push.rules[account] = push_rules.from_state(rules)
    for account, factor in stored.second_factors.items():
        world.second_factors.put(account, second_factors.from_state(factor))
    for account, passkeys in stored.passkeys.items():
        world.passkeys.restore(account, list(passkeys))
    for account, scheduled in stored.scheduled.items():
        world.scheduled.restore(account, scheduled)
    for key, number in stored.relayed.items():
        world.relayed.put(key, number)
    for account, user in stored.users.items():
        if user is not None:
            _restore_user(world, account, user)
    channels = {
        folded: _without_gone(world, state)
        for folded, state in stored.channels.items()
        if state is not None
    }
    restored = [(restore(world, folded, state), state) for folded, state in channels.items()]
    for channel, state in restored:
        restore_members(world, channel, state)
    log.info(
        "restored %s and %s",
        counted(len(restored), "channel"),
        counted(len(world.always_on), "always-on user"),
    )


def _without_gone(world: World, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a channel without accounts that are gone.

    A command may have deleted them just before the server stopped.
    """
    accounts = world.accounts.by_id if world.accounts else {}
    access = {number: rank for number, rank in state["access"].items() if int(number) in accounts}
    return {**state, "owner": state["owner"] if state["owner"] in accounts else 0, "access": access}


def _restore_user(world: World, number: int, state: Mapping[str, Any]) -> None:
    """Restore an always-on user, unless its account is gone, or is always on no longer."""
    account = world.accounts.by_id.get(number) if world.accounts else None
    folded = fold_or_self(state["nick"])
    if account is not None and folded not in world.users:
        user = always_on.from_state(folded, state)
        metadata.link(world, user, account.id)
        user.set_account(account)
        world.always_on.update(user)
        if user.always_on:
            world.add_user(user)
            world.always_on.restore_missed(account.id, state)
            update_away(world, user)
            return
    world.dirty.mark([DirtyKey.user(number)])  # so that it is deleted


async def keep_state(world: World, store: StateStore, turn: trio.Lock | None = None) -> None:
    """Store the state that the broadcaster has not committed with a command, for ever.

    Args:
        world: where it changes.
        store: where it is stored.
        turn: see `trio_chat.server.uncommitted.UncommittedState`.
    """
    turn = turn or trio.Lock()
    changed = trio.Event()

    def note() -> None:
        changed.set()

    world.dirty.on_change = note
    if world.dirty:
        note()
    while True:
        await changed.wait()
        await trio.sleep(KEPT_AFTER)
        changed = trio.Event()
        async with turn:
            is_saved = await save_state(world, store)
        if not is_saved:
            await trio.sleep(_RETRY)
            changed.set()


async def save_state(world: World, store: StateStore) -> bool:
    """Store what has changed; return whether that was possible.

    When cancelled, it counts as not stored, so that the next call stores it: a second time does no
    harm.
    """
    if not world.dirty:
        return True
    taken = world.dirty.take()
    is_saved = False
    try:
        await store.save(change_set(world, taken))
        is_saved = True
    except (StorageError, ValueError, OverflowError) as error:
        # The last two by a defect: text that cannot be encoded, or a number that is too large.
        log.error("channels, always-on users, read markers and bans cannot be written: %s", error)
    finally:
        if not is_saved:
            world.dirty.put_back(taken)
    return is_saved


def change_set(world: World, dirty: DirtySet) -> ChangeSet:
    """Return the state of some keys, as it is now; a thread may read it."""
    channels: dict[str, dict[str, Any] | None] = {}
    for folded in dirty.channels:
        channel = world.channels.get(folded)
        channels[folded] = to_state(channel) if channel and channel.is_persistent else None
    users: dict[int, dict[str, Any] | None] = {}
    for account in dirty.users:
        user = world.always_on.of(account)
        users[account] = (
            always_on.to_state(user, world.clock(), world.always_on.missed.get(account, ()))
            if user
            else None
        )
    markers = {
        (account, target): world.markers.get(account, {}).get(target, "")
        for account, target in dirty.markers
    }
    return ChangeSet(
        channels,
        markers,
        users,
        {account: dict(world.preferences.chosen(account)) for account in dirty.preferences},
        {account: dict(world.metadata.get(account, {})) for account in dirty.metadata},
        {key: world.bans.get(key) for key in dirty.bans},
        {digest: world.invitations.get(digest) for digest in dirty.invitations},
        {account: push.to_state(world.push.of(account)) for account in dirty.push},
        {
            account: world.push.rules.get(account, push_rules.NO_RULES).to_state()
            for account in dirty.push_rules
        },
        {account: _second_factor(world, account) for account in dirty.second_factors},
        {account: world.passkeys.to_state(account) for account in dirty.passkeys},
        {key: world.relayed.get(key) for key in dirty.relayed},
        {digest: world.hooks.get(digest) for digest in dirty.hooks},
        {digest: world.api_tokens.get(digest) for digest in dirty.api_tokens},
        {key: world.moderation.row(key) for key in dirty.moderation},
        {account: world.scheduled.to_state(account) for account in dirty.scheduled},
        tuple(dirty.operations),
    )


def _second_factor(world: World, account: int) -> dict[str, Any]:
    factor = world.second_factors.of(account)
    return factor.to_state() if factor is not None else {}
