"""The server's memory: opens the database, and forgets what is too old."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from trio_chat.chat.accounts import Accounts, AccountsError
from trio_chat.chat.history import HistoryError
from trio_chat.chat.ids import first_id
from trio_chat.chat.registrations import ChannelStore, restore, to_state
from trio_chat.chat.world import Memory, World
from trio_chat.config import StorageSettings
from trio_chat.server.accounts import COSTS, open_accounts
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.channels import SqliteChannels
from trio_chat.storage.database import MEMORY, StorageError, open_database
from trio_chat.storage.history import SqliteHistory

__all__ = ["StorageError", "forget", "remembering"]

log = logging.getLogger("trio_chat")

_DAY = 86_400.0
_WATCH_INTERVAL = 5.0
_RETRY = 10.0
"""Seconds until what could not be written is tried again."""
_PRUNE_INTERVAL = 3600.0
_PRUNE_AT_ONCE = 1000
"""Messages deleted in one transaction: those that are said meanwhile wait for no more than that."""


@asynccontextmanager
async def remembering(settings: StorageSettings, hash_cost: str = "normal") -> AsyncIterator[Memory | None]:
    """Open the memory that the settings name, and keep forgetting what is too old while it is open.

    Args:
        settings: the [storage] section.
        hash_cost: a key of `accounts.COSTS`.

    Raises:
        StorageError: it cannot be opened; the message says why.
    """
    if settings.file is None:
        yield None
        return
    path = None if str(settings.file.name) == MEMORY else settings.file
    async with open_database(path, settings.synchronous) as database:
        history = SqliteHistory(database)
        accounts = await open_accounts(SqliteAccounts(database), COSTS[hash_cost])
        memory = Memory(
            accounts=accounts,
            channels=SqliteChannels(database),
            history=history,
            most_messages=settings.most_messages,
            playback=settings.playback,
            last_id=await history.last_id(),
        )
        log.info("messages are remembered in %s", settings.file)
        async with trio.open_nursery() as nursery:
            if settings.keep_days:
                nursery.start_soon(forget, history, settings.keep_days * _DAY)
            yield memory
            nursery.cancel_scope.cancel()


async def load_channels(world: World, store: ChannelStore) -> None:
    """Make the registered channels be there.

    Raises:
        StorageError: they cannot be read.
    """
    for state in await store.load():
        restore(world, state["folded"], state)


async def keep_channels(world: World, store: ChannelStore) -> None:
    """Write registered channels down whenever something of them has changed, for ever."""
    changed = trio.Event()

    def note() -> None:
        changed.set()

    world.on_change = note
    while True:
        await changed.wait()
        changed = trio.Event()
        if not await save_channels(world, store):
            await trio.sleep(_RETRY)
            changed.set()


async def save_channels(world: World, store: ChannelStore) -> bool:
    """Write down what has changed of registered channels; tell whether that was possible."""
    unsaved, world.unsaved = world.unsaved, {}
    if not unsaved:
        return True
    states = {
        folded: to_state(channel, channel.registration) if channel.registration else None for folded, channel in unsaved.items()
    }
    try:
        await store.save(states)
    except StorageError as error:
        log.error("registered channels cannot be written: %s", error)
        world.unsaved = unsaved | world.unsaved
        return False
    return True


async def watch_accounts(world: World, accounts: Accounts) -> None:
    """Notice accounts that a command beside this server adds or deletes, for ever."""
    while True:
        await trio.sleep(_WATCH_INTERVAL)
        try:
            gone = await accounts.refresh()
        except AccountsError as error:
            log.error("accounts cannot be read: %s", error)
            continue
        for name in gone:
            log.info("the account %s was deleted", name)
            world.forget_account(name)


async def forget(history: SqliteHistory, seconds: float) -> None:
    """Delete what is older than so many seconds, at once and then every hour, for ever."""
    while True:
        try:
            while await history.prune(first_id(time.time() - seconds), _PRUNE_AT_ONCE):
                pass
        except HistoryError as error:
            log.error("old messages cannot be deleted: %s", error)
        await trio.sleep(_PRUNE_INTERVAL)
