"""The storage of a server: opening the database, and the tasks that index, prune and erase in
it.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import trio

from trio_chat.chat import retention
from trio_chat.chat.audit import DAYS
from trio_chat.chat.history import HistoryError
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import World
from trio_chat.config import StorageSettings
from trio_chat.i18n import _
from trio_chat.server.accounts import COSTS, open_accounts
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.push.vapid import stored_keys
from trio_chat.storage import lock
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.api_tokens import SqliteApiTokens
from trio_chat.storage.audit import SqliteAuditLog
from trio_chat.storage.bans import SqliteBans
from trio_chat.storage.casemapping import change_casemapping
from trio_chat.storage.clock import SqliteClock
from trio_chat.storage.cluster import SqliteClusterTable
from trio_chat.storage.database import MEMORY, Database, open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.hooks import SqliteHooks
from trio_chat.storage.invitations import SqliteInvitations
from trio_chat.storage.moderation import SqliteModeration
from trio_chat.storage.schema import is_of_cluster
from trio_chat.storage.state import SqliteStateStore
from trio_chat.storage.uploads import SqliteUploads

__all__ = [
    "MEMORY",
    "StorageError",
    "errors_naming",
    "open_storage",
    "prune",
    "prune_history",
    "watch_file",
]

log = logging.getLogger("trio_chat")

_RETRY = 10.0
_LOOK_INTERVAL = 5.0
_INDEX_DELAY = 5.0
"""Seconds for which new messages are collected before they are indexed, which costs as much CPU for
some as for one; a search indexes them at once.
"""
_PRUNE_INTERVAL = 3600.0
_DAY = 86_400.0
_PRUNE_AT_ONCE = 25
"""Messages deleted in one transaction, for which new messages have to wait."""
_ERASE_DELAY = 1.0
"""Seconds from a deletion until the write-ahead log is emptied, and between attempts while it is
being read.
"""

_SYNC_DELAY = 1.0
"""Seconds from a commit until the disk gets it, with `synchronous = normal`."""


@asynccontextmanager
async def open_storage(
    settings: StorageSettings,
    hash_cost: str = "normal",
    threads: HashingThreads | None = None,
    casemapping: str = "precis",
    upload_days: int = 0,
    *,
    is_node: bool = False,
) -> AsyncIterator[StoragePorts | None]:
    """Open the storage that the settings name.

    Args:
        settings: the [storage] section.
        hash_cost: a key of `accounts.COSTS`.
        threads: where passwords are hashed; None for threads of their own.
        casemapping: a key of `irc.names.CASEMAPPINGS`.
        upload_days: the number of days after which uploads are removed; 0 for never.
        is_node: whether the server is a node of a cluster.

    Raises:
        StorageError: it cannot be opened, or it belongs to a cluster and this server does not.
    """
    if settings.file is None:
        yield None
        return
    path = None if str(settings.file.name) == MEMORY else settings.file
    async with _locked(path), open_database(path, settings.synchronous) as database:
        with errors_naming(settings.file):
            is_of_others = not is_node and await database.read(is_of_cluster)
        if is_of_others:
            words = _(
                "{file} belongs to a cluster, and would differ from the databases of the other"
                " servers. Start this one as a node ([cluster] url, or --cluster), or take the"
                " database out of the cluster: trio-chat cluster leave"
            )
            raise StorageError(words.format(file=settings.file))
        with errors_naming(settings.file):
            await change_casemapping(database, casemapping)
            history, clock = SqliteHistory(database), SqliteClock(database)
            table = SqliteAccounts(database)
            accounts = await open_accounts(table, COSTS[hash_cost], threads)
            memory = StoragePorts(
                accounts=accounts,
                store=SqliteStateStore(database),
                bans=SqliteBans(database),
                invitations=SqliteInvitations(database),
                hooks=SqliteHooks(database),
                api_tokens=SqliteApiTokens(database),
                audit=SqliteAuditLog(database),
                moderation=SqliteModeration(database),
                secret=await table.secret("cloak"),
                vapid=await stored_keys(table),
                history=history,
                uploads=SqliteUploads(database),
                upload_days=upload_days,
                most_messages=settings.most_messages,
                playback=settings.playback,
                playback_to=settings.playback_to,
                keep_days=settings.keep_days,
                may_be_longer=settings.longer_for_channels,
                last_id=await history.last_id(),
                timeline=await clock.timeline(),
                kept=await clock.kept(),
                hold=settings.clock_hold_hours * 3600.0,
                clock=clock,
                cluster=SqliteClusterTable(database),
            )
        log.info("messages are stored in %s", settings.file)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(index_messages, history)
            nursery.start_soon(finish_update, database, history)
            nursery.start_soon(truncate_log, database)
            if settings.synchronous == "normal":
                nursery.start_soon(sync_log, database)
            yield memory
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _locked(path: Path | None) -> AsyncIterator[None]:
    """Lock a database against other servers.

    Raises:
        StorageError: another server uses it, or it cannot be locked.
    """
    if path is None:
        yield
        return
    handle = await trio.to_thread.run_sync(lock.acquire, path)
    try:
        await trio.to_thread.run_sync(lock.set_foreign_log_aside, path)
        yield
    finally:
        lock.release(handle)


@contextmanager
def errors_naming(path: Path) -> Iterator[None]:
    """Add the name of the database to the errors of opening it."""
    try:
        yield
    except StorageError as error:
        if path.name in str(error):
            raise
        words = _("{file} cannot be used: {reason}")
        raise StorageError(words.format(file=path, reason=error)) from error


async def watch_file(
    path: Path, before: lock.FileIdentity | None, replaced: Callable[[], None]
) -> None:
    """Wait until another file takes the place of the database, where later writes would be lost.

    Args:
        path: the database.
        before: what it was when it was opened.
        replaced: called once, when it is another one.
    """
    now = before
    while now == before:
        await trio.sleep(_LOOK_INTERVAL)
        now = await trio.to_thread.run_sync(lock.identity, path)
    log.error(
        "%s was replaced or removed while the server was using it: the server stops, so that"
        " nothing more is lost",
        path,
    )
    replaced()


async def index_messages(history: SqliteHistory) -> None:
    """Index new messages for the search, soon after they were sent and many at once, for ever."""
    while True:
        await history.wait_unindexed()
        await trio.sleep(_INDEX_DELAY)
        try:
            await history.index()
            await history.merge()
        except HistoryError as error:
            log.error("new messages cannot be indexed: %s", error)
            await trio.sleep(_RETRY)


async def finish_update(database: Database, history: SqliteHistory) -> None:
    """Finish an update from an earlier version: index old messages, and overwrite deleted ones."""
    for what, step in (
        ("indexed", history.index_old),
        ("overwritten where it was deleted", database.overwrite_free),
    ):
        is_more = True
        while is_more:
            began = trio.current_time()
            try:
                is_more = await step()
            except (HistoryError, StorageError) as error:
                log.error("data of an earlier version cannot be %s: %s", what, error)
                await trio.sleep(_RETRY)
            await trio.sleep(trio.current_time() - began)  # half of the time is for other writers


async def truncate_log(database: Database) -> None:
    """Empty the write-ahead log after deletions, so that no deleted data is left on the disk, for
    ever.
    """
    while True:
        await database.wait_erased()
        await trio.sleep(_ERASE_DELAY)
        try:
            await database.empty_log()
        except StorageError as error:
            log.error("deleted data cannot be removed from the write-ahead log: %s", error)
            await trio.sleep(_RETRY)


async def sync_log(database: Database) -> None:
    """Have the disk get the write-ahead log a second after a commit that did not wait for it, for
    ever.
    """
    while True:
        await database.wait_written()
        await trio.sleep(_SYNC_DELAY)
        try:
            await database.sync()
        except StorageError as error:
            log.error("the disk may not have the last messages: %s", error)
            await trio.sleep(_RETRY)


async def prune_history(world: World, memory: StoragePorts) -> None:
    """Delete messages and uploads that are too old, at once and then every hour, for ever."""
    while True:
        try:
            await prune(world, memory)
        except (HistoryError, StorageError) as error:
            log.error("old messages cannot be deleted: %s", error)
        await trio.sleep(_PRUNE_INTERVAL)


async def prune(world: World, memory: StoragePorts) -> None:
    """Delete the messages, uploads and entries of the audit log that are too old now.

    Raises:
        HistoryError, StorageError: the database has failed; what was deleted before stays deleted.
    """
    for before, only, without in retention.rules(world, memory):
        while await memory.history.prune(before, _PRUNE_AT_ONCE, only, without):
            pass
    await _prune_uploads(world, memory)
    if memory.audit is not None:
        await memory.audit.prune(int((world.steady() - DAYS * _DAY) * 1000))


async def _prune_uploads(world: World, memory: StoragePorts) -> None:
    """Remove uploads that are too old, or to which nothing links; those of deleted messages went
    with these.
    """
    if memory.uploads is None:
        return
    now = world.steady()
    if memory.upload_days:
        while await memory.uploads.prune(int(now - memory.upload_days * _DAY)):
            pass
    before = int(now - retention.UNLINKED_DAYS * _DAY)
    while await memory.uploads.prune_unlinked(before, retention.linked_by_state(world)):
        pass
