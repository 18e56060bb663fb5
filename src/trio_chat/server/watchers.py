"""Watchers of the database: what a command changes alongside the server, and users that expire."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import trio

from trio_chat.chat.accounts import Accounts, AccountsError
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    AccountDeleted,
    Change,
    RetentionSet,
    Seen,
    UserExpired,
)
from trio_chat.chat.events import Event
from trio_chat.chat.factor_removal import remove_passkey, remove_second_factor
from trio_chat.chat.logins import CREDENTIALS_CHANGED, end_sessions
from trio_chat.chat.persistence import StateStore
from trio_chat.chat.response import Unsettled
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.plurals import counted
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

Announce = Callable[[Callable[[], Iterable[Event]]], Awaitable[None]]
"""Waits for room, then makes a change and accepts its events as one step, as for a line of a
client.
"""

_DAY = 86_400.0
_WATCH_INTERVAL = 5.0
_PATIENCE = 60.0
_EXPIRE_INTERVAL = 3600.0


async def carry_out_due(world: World, change: Change) -> None:
    """Carry out a change that was noticed to be due.

    In a cluster without its engine that takes long, and the watcher must not decide on it with
    every look meanwhile. It waits for a minute at most, as a node may have to begin anew.
    """
    apply(world, change)
    with trio.move_on_after(_PATIENCE):
        try:
            await world.settle()
        except Unsettled:
            await trio.sleep_forever()


async def watch_accounts(world: World, accounts: Accounts, announce: Announce) -> None:
    """Notice accounts that a command alongside this server adds or deletes, and passwords and
    second factors that it changes, for ever.
    """
    while True:
        await trio.sleep(_WATCH_INTERVAL)
        try:
            gone, changed, freed, unprotected, keys = await accounts.refresh()
        except AccountsError as error:
            log.error("accounts cannot be read: %s", error)
            continue
        for account in gone:
            log.info("the account %s was deleted", account.name)
            await announce(partial(apply, world, AccountDeleted(account)))
        for account in freed:  # masks of lists may have named it in the meantime
            log.info("the name of the deleted account %s is free", account.name)
            await announce(partial(apply, world, AccountDeleted(account)))
        for account in changed:
            ended = end_sessions(world, account.id, CREDENTIALS_CHANGED)
            log.info(
                "the password of the account %s was changed; %d of its sessions are ended",
                account.name,
                ended,
            )
        for account in unprotected:
            if world.second_factors.of(account.id) is not None:  # the command may have found none
                log.warning("the second factor of the account %s was removed", account.name)
            await announce(partial(remove_second_factor, world, account))
        for account, passkey in keys:
            log.warning("a passkey of the account %s was removed", account.name)
            await announce(partial(remove_passkey, world, account, passkey))


async def watch_channels(world: World, store: StateStore) -> None:
    """Notice the settings of channels that a command alongside this server changes, for ever."""
    while True:
        await trio.sleep(_WATCH_INTERVAL)
        try:
            await apply_pending(world, store)
        except StorageError as error:
            log.error(
                "the settings of channels that commands have changed cannot be read: %s", error
            )


async def apply_pending(world: World, store: StateStore) -> None:
    """Apply the settings of channels that commands have written alongside this server.

    When cancelled, the next call does it.

    Raises:
        StorageError: the settings cannot be read, or are still pending.
    """
    pending = await store.pending()
    for setting in pending:
        channel = world.channels.get(setting.folded)
        if channel is not None and channel.registration is not None:
            apply(world, RetentionSet(setting.folded, setting.history))
    if pending:  # not before: state that is being saved at this moment must not undo them
        await store.settle(pending[-1])


async def expire_users(world: World, days: int, announce: Announce) -> None:
    """Remove always-on users that were not connected for so many days (0: never), at once and then
    every hour, for ever.

    Connected ones are stored as seen, so that the end of the server without a warning does not
    count as their absence. In a cluster the log has that end. Several nodes may notice a user: only
    one removes it, and none if it has come back.
    """
    while True:
        for user in world.always_on:
            if user.sessions:
                if not world.is_replicated:
                    apply(world, Seen(user.folded, world.clock()))
            elif days and world.steady() - user.seen > days * _DAY:
                await announce(partial(_expire, world, user, days))
        await trio.sleep(_EXPIRE_INTERVAL)


def _expire(world: World, user: User, days: int) -> list[Event]:
    if user.sessions or not user.always_on:  # it came back, or left, during the wait
        return []
    log.info("%s has not been seen for %s and leaves", user.source, counted(days, "day"))
    return apply(world, UserExpired(user.folded, user.seen, f"Not seen for {counted(days, 'day')}"))
