"""One SQLite file: a connection that writes, used by one task, one that reads, and one for
questions that may take long.

SQLite runs in the threads of apsw's Trio support, one for each connection, so the event loop never
waits for the disk. Those threads are not daemons: whoever opens a database must leave its context,
or the program would not end.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import trio

from trio_chat.private import make_directory
from trio_chat.storage.schema import SchemaError, migrate
from trio_chat.storage.secure_delete import empty_log, overwrite_free, prepare_erasing

if TYPE_CHECKING:
    import apsw

P = ParamSpec("P")
T = TypeVar("T")

MEMORY = ":memory:"
CLOSE_TIMEOUT = 30.0
"""Seconds that closing may take: SQLite then writes what is in the log back into the file."""
_ABANDONED: list[object] = []
"""What served connections that could not be closed in time: apsw calls it once more when such a
connection is freed.
"""
_BUSY_MS = 5000


class StorageError(Exception):
    """The database cannot do what was asked; the message is one line for the operator."""


class Database:
    """An open database.

    Args:
        writer: the connection that writes.
        reader: the connection that reads; the same one for a database in memory.
        searcher: the connection for questions that may take long; the same one for a database in
            memory.
    """

    def __init__(
        self,
        writer: "apsw.AsyncConnection",
        reader: "apsw.AsyncConnection",
        searcher: "apsw.AsyncConnection",
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._searcher = searcher
        self._erased = trio.Event()

    async def write(
        self,
        work: "Callable[Concatenate[apsw.Connection, P], T]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work(connection, …)` as one transaction, in the writing thread.

        When cancelled, the transaction may be committed all the same.

        Raises:
            StorageError: nothing of it was written.
        """
        return await _run(self._writer, in_transaction, work, *args, **kwargs)

    async def erase(
        self,
        work: "Callable[Concatenate[apsw.Connection, P], T]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Do as `write` for what deletes, or writes over: once the log has been emptied too,
        nothing of it is on the disk.

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
            StorageError: it is not known whether anything was overwritten.
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
            is_empty = await _run(self._writer, empty_log)
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
        """Run `work(connection, …)`, which reads and may take long, in a thread of its own: `read`
        does not wait for it.

        Raises:
            StorageError: the database could not be read.
        """
        with damage_reported():
            return await _run(self._searcher, work, *args, **kwargs)


@asynccontextmanager
async def open_database(path: Path | None, synchronous: str = "full") -> AsyncIterator[Database]:
    """Open a database, made anew when there is none, and close it at the end.

    Args:
        path: the file; None for one in memory.
        synchronous: how sure a commit is (SQLite's PRAGMA synchronous).

    Raises:
        StorageError: it cannot be opened, or is not ours.
    """
    if path is not None:
        await trio.to_thread.run_sync(_create_private, path)
    async with _connected(path) as writer:
        try:
            await _run(writer, _prepare, synchronous)
        except (StorageError, SchemaError) as error:
            raise StorageError(f"{path} cannot be used: {error}") from error
        if path is None:
            yield Database(writer, writer, writer)
            return
        async with _connected(path) as reader, _connected(path) as searcher:
            yield Database(writer, reader, searcher)


@asynccontextmanager
async def _connected(path: Path | None) -> "AsyncIterator[apsw.AsyncConnection]":
    """Have a connection with its thread, which ends with this whatever happens: the interpreter
    waits for it when it exits.
    """
    import apsw.aio  # noqa: PLC0415  # only who stores something needs it

    controller = apsw.aio.Trio()
    is_closed = False
    try:
        connection = await _connect(path, controller)
        try:
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

    token = apsw.async_controller.set(lambda: controller)  # type: ignore[arg-type]  # it takes what makes one; its stub says one
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
        return await connection.async_run(work, connection, *args, **kwargs)  # type: ignore[no-any-return]
    except apsw.Error as error:
        raise StorageError(explain(error)) from error


def in_transaction(
    connection: "apsw.Connection",
    work: "Callable[Concatenate[apsw.Connection, P], T]",
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `work(connection, …)` as one transaction, in this thread; nothing of it is written when
    it raises.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection, *args, **kwargs)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _prepare(connection: "apsw.Connection", synchronous: str) -> None:
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", synchronous)
    connection.pragma("foreign_keys", True)
    # New tables must not keep what was in their pages before; but to overwrite a large index that
    # is dropped would take long.
    connection.pragma("secure_delete", "fast")
    migrate(connection)
    prepare_erasing(connection)
    empty_log(connection)  # after a crash it may hold what was deleted


def _create_private(path: Path) -> None:
    """Make the file, so that from its first moment only its owner can read it."""
    try:
        make_directory(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error


@contextmanager
def damage_reported(head: str = "") -> Iterator[None]:
    """Report a value that cannot be understood as damage of the database: SQLite does not check the
    encoding of a text, and after a damaged page rows and numbers are missing.

    Args:
        head: what the message of the error begins with.

    Raises:
        StorageError: a value cannot be understood.
    """
    try:
        yield
    except (UnicodeDecodeError, JSONDecodeError) as error:
        raise StorageError(
            f"{head}{_WORDS['Corrupt']} (a text in it cannot be read: {error})"
        ) from error
    except (TypeError, ValueError, LookupError) as error:
        raise StorageError(
            f"{head}{_WORDS['Corrupt']} (a value in it cannot be understood: {error!r})"
        ) from error


_WORDS = {
    "Full": "the disk is full",
    "IO": "the disk cannot be read or written",
    "ReadOnly": "it may not be written",
    "CantOpen": "it cannot be opened",
    "Permissions": "it may not be opened",
    "Auth": "it may not be used",
    "Busy": "another program has it locked",
    "Locked": "it is locked",
    "Corrupt": "it is damaged; see `trio-chat db check`, and restore a backup",
    "NotADB": "it is damaged, or no database of SQLite",
    "NoMem": "there is not enough memory",
    "Interrupt": "it would take too long",
}
"""Explanations of SQLite's result codes for operators (sqlite.org/rescode.html), by apsw's names of
its exceptions.
"""
_NO_WORDS = frozenset(("", "not an error", "unknown error"))


def explain(error: Exception) -> str:
    """Return what went wrong in SQLite: in words, with the name that its documentation uses, and
    what it says itself.
    """
    import apsw  # noqa: PLC0415

    name = type(error).__name__.removesuffix("Error")
    code = str(apsw.mapping_result_codes.get(getattr(error, "result", -1), name))
    said = "" if str(error) in _NO_WORDS else str(error)
    if name in _WORDS:
        return f"{_WORDS[name]} ({code}: {said})" if said else f"{_WORDS[name]} ({code})"
    return f"{said} ({code})" if said else code
