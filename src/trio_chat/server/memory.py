"""The server's memory: opens the database, and forgets what is too old."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from trio_chat.chat.accounts import Accounts, AccountsError
from trio_chat.chat.history import HistoryError
from trio_chat.chat.ids import first_id
from trio_chat.chat.lasting import Changes, Store
from trio_chat.chat.registrations import restore, to_state
from trio_chat.chat.world import Memory, World
from trio_chat.config import StorageSettings
from trio_chat.server.accounts import COSTS, open_accounts
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import MEMORY, StorageError, open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.lasting import SqliteStore

__all__ = ["StorageError", "forget", "remembering"]

log = logging.getLogger("trio_chat")

_DAY = 86_400.0
_WATCH_INTERVAL = 5.0
_RETRY = 10.0
"""Seconds until what could not be written is tried again."""
_PRUNE_INTERVAL = 3600.0
_PRUNE_AT_ONCE = 200
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
            store=SqliteStore(database),
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


async def load_state(world: World, store: Store) -> None:
    """Make registered channels and read markers be there.

    Raises:
        StorageError: they cannot be read.
    """
    kept = await store.load()
    for folded, state in kept.channels.items():
        if state is not None:
            restore(world, folded, state)
    for (account, target), moment in kept.markers.items():
        world.markers.setdefault(account, {})[target] = moment


async def keep_state(world: World, store: Store) -> None:
    """Write down what lasts whenever something of it has changed, for ever."""
    changed = trio.Event()

    def note() -> None:
        changed.set()

    world.unsaved.on_change = note
    while True:
        await changed.wait()
        changed = trio.Event()
        if not await save_state(world, store):
            await trio.sleep(_RETRY)
            changed.set()


async def save_state(world: World, store: Store) -> bool:
    """Write down what has changed of what lasts; tell whether that was possible.

    When cancelled, it counts as not written, so that the next call writes it.
    """
    unsaved = world.unsaved
    channels, markers = unsaved.channels, unsaved.markers
    unsaved.channels, unsaved.markers = set(), set()
    if not channels and not markers:
        return True
    is_saved = False
    try:
        await store.save(_changes(world, channels, markers))
        is_saved = True
    except StorageError as error:
        log.error("registered channels and read markers cannot be written: %s", error)
    finally:
        if not is_saved:  # when cancelled too: whether it was written is not known, and twice does no harm
            unsaved.channels |= channels
            unsaved.markers |= markers
    return is_saved


def _changes(world: World, channels: set[str], markers: set[tuple[str, str]]) -> Changes:
    states: dict[str, dict[str, Any] | None] = {}
    for folded in channels:
        channel = world.channels.get(folded)
        registration = channel.registration if channel else None
        states[folded] = to_state(channel, registration) if channel and registration else None
    moments = {(account, target): world.markers.get(account, {}).get(target, "") for account, target in markers}
    return Changes(states, {key: moment for key, moment in moments.items() if moment})


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
