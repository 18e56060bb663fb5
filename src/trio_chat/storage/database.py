"""The SQLite file, with three connections: one that writes, one that reads, and one for slow
queries.

SQLite runs in the threads of apsw's Trio support, one for each connection, so the event loop never
waits for the disk. Those threads are not daemons: the process ends only after the context of
`open_database` was left.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import trio

from trio_chat.i18n import _
from trio_chat.private import make_directory
from trio_chat.storage.errors import StorageError, check_name, file_error
from trio_chat.storage.schema import SchemaError, migrate
from trio_chat.storage.secure_delete import empty_log, overwrite_free, prepare_erasing
from trio_chat.storage.transactions import damage_reported, explain, in_transaction
from trio_chat.storage.write_lock import wait_for_lock
from trio_chat.synced_file import sync_data

if TYPE_CHECKING:
    import apsw

P = ParamSpec("P")
T = TypeVar("T")

MEMORY = ":memory:"
CLOSE_TIMEOUT = 30.0
"""Seconds that closing may take: SQLite then copies the write-ahead log into the file."""
_ABANDONED: list[object] = []
"""Controllers of connections that could not be closed in time. They must stay alive, because apsw
calls them once more when such a connection is freed.
"""
CHECKPOINT = 4000
"""Pages of the write-ahead log from which on a commit copies them into the file, for which its
messages wait. Most pages are written often, so a longer log costs less of that.
"""
_PATIENCE = 5.0
"""Seconds for which the server waits for another writer."""


class Database:
    """An open database.

    Args:
        writer: the connection that writes.
        reader: the connection that reads; the same one for a database in memory.
        searcher: the connection for slow queries; the same one for a database in memory.
        log: the write-ahead log; None for a database in memory.
    """

    def __init__(
        self,
        writer: "apsw.AsyncConnection",
        reader: "apsw.AsyncConnection",
        searcher: "apsw.AsyncConnection",
        log: Path | None = None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._searcher = searcher
        self._log = log
        self._written = trio.Event()
        self._erased = trio.Event()
        self._transactions = 0

    async def write(
        self,
        work: "Callable[Concatenate[apsw.Connection, P], T]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work(connection, …)` as one transaction, in the writing thread.

        When cancelled, the transaction may be committed nevertheless.

        Raises:
            StorageError: nothing was written.
        """
        self._transactions += 1
        try:
            return await _run(self._writer, in_transaction, work, *args, **kwargs)
        finally:
            self._transactions -= 1
            self._written.set()

    def has_waiting(self) -> bool:
        """Return whether another transaction waits for the present one; any thread may ask."""
        return self._transactions > 1

    async def wait_written(self) -> None:
        """Wait until something may have been written since `sync` was last called."""
        await self._written.wait()

    async def sync(self) -> None:
        """Wait until the disk has what was written: with `synchronous = normal`, SQLite does not.

        When cancelled, the disk may get it nevertheless.

        Raises:
            StorageError: the log cannot be written; what it contains stays to be synchronised.
        """
        before, self._written = self._written, trio.Event()
        if self._log is None:
            return
        try:
            await trio.to_thread.run_sync(_sync, self._log, abandon_on_cancel=True)
        except OSError as error:
            before.set()
            self._written = before
            raise file_error(self._log, error) from error

    async def erase(
        self,
        work: "Callable[Concatenate[apsw.Connection, P], T]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work` as `write` does, for a transaction that deletes or overwrites data.

        It wakes `wait_erased`: the data is gone from the disk once the log was truncated, too.

        Raises:
            StorageError: nothing was deleted.
        """
        result = await self.write(work, *args, **kwargs)
        self._erased.set()
        return result

    async def overwrite_free(self) -> bool:
        """Overwrite some free pages that an earlier version has left; return whether there are
        more.

        Raises:
            StorageError: perhaps nothing was overwritten.
        """
        is_more = await self.write(overwrite_free)
        if is_more:
            self._erased.set()
        return is_more

    async def wait_erased(self) -> None:
        """Wait until something has been deleted since the log was last emptied."""
        await self._erased.wait()

    async def empty_log(self) -> bool:
        """Checkpoint the write-ahead log and truncate it; return whether no reader prevented it.

        Raises:
            StorageError: the file or the log cannot be written.
        """
        before, self._erased = self._erased, trio.Event()
        is_empty = False
        try:
            is_empty = await _run(self._writer, empty_log, _PATIENCE)
        finally:
            if not is_empty and before.is_set():
                self._erased.set()
        return is_empty

    async def read(
        self,
        work: "Callable[Concatenate[apsw.Connection, P], T]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work(connection, …)` in the reading thread.

        Raises:
            StorageError: the database could not be read.
        """
        with damage_reported():
            return await _run(self._reader, work, *args, **kwargs)

    async def search(
        self,
        work: "Callable[Concatenate[apsw.Connection, P], T]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work(connection, …)`, which reads for long, in a thread for which `read` does not
        wait.

        Raises:
            StorageError: the database could not be read.
        """
        with damage_reported():
            return await _run(self._searcher, work, *args, **kwargs)


@asynccontextmanager
async def open_database(path: Path | None, synchronous: str = "full") -> AsyncIterator[Database]:
    """Open a database, which is created when there is none, and close it at the end.

    Closing is shielded for up to `CLOSE_TIMEOUT` seconds.

    Args:
        path: the file; None for a database in memory.
        synchronous: the durability of a commit (SQLite's PRAGMA synchronous).

    Raises:
        StorageError: the file cannot be opened, or is not a database of this program.
    """
    if path is not None:
        check_name(path)
        await trio.to_thread.run_sync(_create_private, path)
    async with _connected(path) as writer:
        try:
            await _run(writer, _prepare, synchronous)
        except (StorageError, SchemaError) as error:
            words = _("{file} cannot be used: {reason}")
            raise StorageError(words.format(file=path, reason=error)) from error
        if path is None:
            yield Database(writer, writer, writer)
            return
        async with _connected(path) as reader, _connected(path) as searcher:
            log = await _run(writer, _log_of)
            yield Database(writer, reader, searcher, log)


@asynccontextmanager
async def _connected(path: Path | None) -> "AsyncIterator[apsw.AsyncConnection]":
    """Open a connection with its thread, and end both: the interpreter waits for the thread."""
    import apsw.aio  # noqa: PLC0415  # slow to import, and only a server with storage needs it

    controller = apsw.aio.Trio()
    is_closed = False
    try:
        connection = await _connect(path, controller)
        try:
            await _run(connection, _keep_plans)
            yield connection
        finally:
            with trio.move_on_after(CLOSE_TIMEOUT, shield=True):
                await connection.aclose()
                is_closed = True
    finally:
        if not is_closed:
            controller.close()  # type: ignore[no-untyped-call]  # after what it is doing
            _ABANDONED.append(controller)


async def _connect(path: Path | None, controller: "apsw.aio.Trio") -> "apsw.AsyncConnection":
    import apsw  # noqa: PLC0415

    # The variable takes a factory of controllers, although its stub declares a controller.
    token = apsw.async_controller.set(lambda: controller)  # type: ignore[arg-type]
    try:
        return await apsw.Connection.as_async(MEMORY if path is None else str(path))
    except apsw.Error as error:
        raise StorageError(f"{path}: {explain(error)}") from error
    finally:
        apsw.async_controller.reset(token)


async def _run(
    connection: "apsw.AsyncConnection",
    work: "Callable[Concatenate[apsw.Connection, P], T]",
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    import apsw  # noqa: PLC0415

    try:
        result: T = await connection.async_run(work, connection, *args, **kwargs)
    except apsw.Error as error:
        raise StorageError(explain(error)) from error
    return result


def _keep_plans(connection: "apsw.Connection") -> None:
    """Have a statement planned once: SQLite would plan it again whenever its parameters change, as
    they could be better served by another plan, and that takes longer than reading a few messages.
    There are no statistics (ANALYZE) by which it could find one.
    """
    import apsw  # noqa: PLC0415

    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def _prepare(connection: "apsw.Connection", synchronous: str) -> None:
    wait_for_lock(connection, _PATIENCE)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", synchronous)
    connection.pragma("wal_autocheckpoint", CHECKPOINT)
    connection.pragma("foreign_keys", True)
    # New tables must not keep the former data of their pages; but overwriting a large index that is
    # dropped would take long.
    connection.pragma("secure_delete", "fast")
    migrate(connection)
    prepare_erasing(connection)
    empty_log(connection, _PATIENCE)  # after a crash it may still contain deleted data


def _log_of(connection: "apsw.Connection") -> Path:
    return Path(connection.filename_wal)  # beside the file to which a link leads


def _sync(log: Path) -> None:
    # SQLite takes no locks of the log, so closing another descriptor of it releases none.
    descriptor = os.open(log, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        sync_data(descriptor)
    finally:
        os.close(descriptor)


def _create_private(path: Path) -> None:
    """Create the file with mode 0600, so that only its owner can ever read it."""
    try:
        make_directory(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise file_error(path, error) from error
