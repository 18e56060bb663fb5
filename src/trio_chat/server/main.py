"""The server as a program: its signals, listeners, storage and exit code."""

import gc
import logging
import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from trio_chat import __version__
from trio_chat.chat.control import RehashError
from trio_chat.chat.history import HistoryError
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import Settings
from trio_chat.installation import install_command
from trio_chat.irc.addresses import format_address
from trio_chat.irc.names import current_casemapping, use_casemapping
from trio_chat.irc.skeletons import prototypes
from trio_chat.log import logger
from trio_chat.server import systemd
from trio_chat.server.announce import announce, shown
from trio_chat.server.app import Server
from trio_chat.server.binding import ListenError, bind_tcp, bound_to
from trio_chat.server.certificates import CertificateError
from trio_chat.server.cluster.log import LogBroken, LogRefused, LogUnavailable
from trio_chat.server.discovery import Discovery, listener_to_find
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.listeners import (
    BatchListener,
    close_all,
    open_listeners,
    pause_all,
    places_of,
    quiet_trio,
)
from trio_chat.server.login.problem import LoginSetupError
from trio_chat.server.metrics import Monitor
from trio_chat.server.open_storage import (
    MEMORY,
    StorageError,
    errors_naming,
    open_storage,
    watch_file,
)
from trio_chat.server.page_address import keep_page_url
from trio_chat.server.secret_file import SecretFileError
from trio_chat.server.state import load_lists, load_state
from trio_chat.shortages import shortage_in
from trio_chat.storage.lock import ListeningPlace, identity, note_places

if TYPE_CHECKING:  # it needs what only a cluster needs
    from trio_chat.server.cluster.listening import NodeListening
    from trio_chat.server.cluster.setup import ClusterSetup

log = logging.getLogger("trio_chat")

_GARBAGE = (10_000, 5, 20)
"""Thresholds of the garbage collector (`gc.set_threshold`). A full collection delays every client,
with 2,000 of them by more than 0.1 s. It is rarely needed: a connection leaves no reference cycles
(`Connection.run`).
"""
_EXPECTED = (
    ListenError,
    StorageError,
    HistoryError,
    CertificateError,
    LoginSetupError,
    SecretFileError,
    LogBroken,
    LogRefused,
    LogUnavailable,
)
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
_CLOSED = getattr(signal, "SIGBREAK", None)
"""The signal for a console window that is being closed: see `windows_console`."""
_CLOSE_GRACE = 3.0
"""Seconds for slow clients when the window is being closed. After 5 seconds Windows ends the
process, and the database and the log have to be written before.
"""


def run(settings: Settings, load: Callable[[], Settings] | None = None) -> int:
    """Run a server until a signal stops it; return the exit code.

    Args:
        settings: all of config.ini.
        load: reads them again, and may block; None when they cannot be.
    """
    use_casemapping(settings.server.casemapping)
    gc.freeze()  # objects of the program itself need no collection
    gc.set_threshold(*_GARBAGE)
    quiet_trio()
    with logger.running(settings.logging):
        try:
            code = trio.run(_main, settings, load)
            # The last line: before it every task has ended, also one that had to wait for a thread.
            log.info("trio-chat has shut down")
            return code
        except Exception as error:
            problems = list(_problems(error)) or list(filter(None, [shortage_in(error)]))
            if not problems:
                log.exception("internal error: the server cannot go on")
            for problem in problems:
                print(problem, file=sys.stderr, flush=True)
                # Where the server was started without a console, only the file tells it. It may be
                # that of another server, which goes on.
                text, number = "the server (process %d) ends: %s", os.getpid()
                log.error(text, number, problem, extra={logger.SHOWN: True})
        return 1


@contextmanager
def _all_kept() -> Iterator[None]:
    """Have no garbage looked for in what is loaded, neither now nor later: all of it stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def _problems(error: BaseException) -> Iterator[str]:
    """Yield the errors that ended the server and that an operator can mend; none when it is a
    defect.

    An error within a nursery arrives in an exception group.
    """
    if isinstance(error, BaseExceptionGroup):
        known, unknown = error.split(_EXPECTED)
        if known is not None and unknown is None:
            for one in known.exceptions:
                yield from _problems(one)
    elif isinstance(error, _EXPECTED):
        yield str(error)


async def _main(settings: Settings, load: Callable[[], Settings] | None) -> int:
    listeners = await open_listeners(settings)
    watching: list[trio.SocketListener] = []
    try:
        if settings.cluster.is_enabled:  # until the node can serve
            pause_all(listeners)
        if settings.metrics.port is not None:
            taken = places_of(listeners)
            watching += await bind_tcp(settings.metrics.host, settings.metrics.port, taken)
        threads = HashingThreads(settings.limits)
        async with (
            open_storage(
                settings.storage,
                settings.accounts.hash_cost,
                threads,
                current_casemapping(),
                settings.uploads.keep_days,
                is_node=settings.cluster.is_enabled,
            ) as memory,
            _in_cluster(settings, memory) as cluster,
        ):
            storage = memory if cluster is None else cluster.memory
            server = Server(settings, memory=storage, threads=threads, load=load, cluster=cluster)
            if settings.tls.certificate is not None:
                await server.encryption.prepare()
            if (
                memory is not None
                and memory.store is not None
                and settings.storage.file is not None
                and not (cluster is not None and cluster.stored is not None)
            ):
                with errors_naming(settings.storage.file), _all_kept():
                    await load_state(server.world, memory.store)
                    if cluster is not None:
                        await load_lists(server.world, memory)
            return await _serve(server, listeners, watching, _file(settings))
    finally:
        close_all(listeners)
        for listener in watching:
            listener.socket.close()


@asynccontextmanager
async def _in_cluster(
    settings: Settings, memory: StoragePorts | None
) -> "AsyncIterator[ClusterSetup | None]":
    """Connect to the cluster; None if this server is alone.

    Raises:
        LogRefused: the cluster cannot be used; the message says what to change.
        LogUnavailable: its engine cannot be reached.
        StorageError: the database cannot be read.
    """
    if not settings.cluster.is_enabled:
        yield None
        return
    try:
        from trio_chat.server.cluster.setup import open_cluster  # noqa: PLC0415
    except ImportError as error:
        raise LogRefused(
            f"a cluster needs the package {error.name}: {install_command('cluster')}"
        ) from error
    async with open_cluster(settings, memory) as cluster:
        yield cluster


def _file(settings: Settings) -> Path | None:
    """Return the file of the database; None when it is in memory, or there is none."""
    file = settings.storage.file
    return None if file is None or file.name == MEMORY else file


async def _serve(
    server: Server,
    listeners: list[BatchListener],
    watching: list[trio.SocketListener],
    database: Path | None = None,
) -> int:
    code = 0

    def lose_database() -> None:
        nonlocal code
        code = 1
        server.stop()

    with (
        trio.open_signal_receiver(*STOP_SIGNALS) as signals,
        _hangups() as hangups,
        trio.CancelScope() as everything,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, signals, server, everything)
            if hangups is not None:
                nursery.start_soon(_rehash_on_signal, hangups, server)
            if watching:
                log.info(
                    "metrics are at %s",
                    ", ".join(
                        f"http://{format_address(*bound_to(one.socket))}/metrics"
                        for one in watching
                    ),
                )
                nursery.start_soon(Monitor(server).run, watching)
            if current_casemapping() == "precis":
                # The first name beyond ASCII shall not keep others waiting.
                nursery.start_soon(trio.to_thread.run_sync, prototypes)
            nursery.start_soon(systemd.feed_watchdog)
            if database is not None:
                nursery.start_soon(
                    watch_file,
                    database,
                    await trio.to_thread.run_sync(identity, database),
                    lose_database,
                )
            async with trio.open_nursery() as serving:
                listening = _node_listening(server, listeners, database)
                if listening is not None:
                    nursery.start_soon(listening.run, partial(_note_places, database, listeners))
                await serving.start(server.serve, listeners)
                if not server.is_stopping:
                    if listening is not None:
                        nursery.start_soon(_make_node_known, listening, server, listeners)
                    else:
                        await _note_places(database, listeners)
                        _note_ready(listeners)
                        nursery.start_soon(_make_known, server, listeners)
            nursery.cancel_scope.cancel()
    if everything.cancelled_caught:
        log.warning("stopped at once, without notifying all clients")
        return 1
    return code


def _node_listening(
    server: Server, listeners: list[BatchListener], database: Path | None
) -> "NodeListening | None":
    """Return what lets listeners listen while the server is a node that can serve; None if it is in
    no cluster.
    """
    if server.node is None:
        return None
    from trio_chat.server.cluster.listening import NodeListening  # noqa: PLC0415  # only there

    return NodeListening(server.node.readiness, listeners, database)


def _note_ready(listeners: list[BatchListener]) -> None:
    log.info("trio-chat %s listens on %s", __version__, ", ".join(map(shown, listeners)))
    systemd.notify("READY=1")


async def _note_places(database: Path | None, listeners: list[BatchListener]) -> None:
    """Note where the server listens, for `trio-chat health`."""
    if database is None:
        return
    places = [
        ListeningPlace(str(one.settings.path.absolute()), None, one.settings.proxy)
        if one.settings.path is not None
        else ListeningPlace(str(one.bound[0]), one.bound[1], one.settings.proxy)
        for one in listeners
    ]
    try:
        await trio.to_thread.run_sync(note_places, database, places)
    except OSError as error:
        log.debug("the lock file cannot be written: %s", error)


async def _make_node_known(
    listening: "NodeListening", server: Server, listeners: list[BatchListener]
) -> None:
    """Do what `_make_known` does, once the node listens."""
    await listening.wait_first()
    _note_ready(listeners)
    await _make_known(server, listeners)


async def _make_known(server: Server, listeners: list[BatchListener]) -> None:
    """Tell those at the console and on the network how to join, as long as the server runs."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(announce, listeners, server.encryption, server.settings)
        nursery.start_soon(
            keep_page_url,
            server.world,
            lambda: server.settings,
            listeners,
            lambda: server.encryption.names,
        )
        if server.settings.discovery.enabled and (found := listener_to_find(listeners)):
            nursery.start_soon(Discovery(found, server).run)


async def _stop_on_signal(
    signals: AsyncIterator[int], server: Server, everything: trio.CancelScope
) -> None:
    """Stop cleanly at the first signal, at once at the second."""
    number = await anext(signals)
    log.info("got %s", signal.Signals(number).name)
    systemd.notify("STOPPING=1")
    server.stop(_CLOSE_GRACE if number == _CLOSED else math.inf)
    await anext(signals)
    everything.cancel()


@contextmanager
def _hangups() -> Iterator[AsyncIterator[int] | None]:
    """Receive SIGHUP, from before the server is announced; None on Windows, which has no such
    signal.
    """
    if not hasattr(signal, "SIGHUP"):
        yield None
        return
    with trio.open_signal_receiver(signal.SIGHUP) as signals:
        yield signals


async def _rehash_on_signal(hangups: AsyncIterator[int], server: Server) -> None:
    """Read the configuration again whenever SIGHUP comes; when the terminal that it was started in
    is gone, stop instead.
    """
    had_terminal = _has_terminal()
    async for _number in hangups:
        if had_terminal and not _has_terminal():
            log.info("the terminal was closed")
            server.stop()
            return
        log.info("got SIGHUP")
        if server.world.control is not None:
            with systemd.reloading(), suppress(RehashError):  # which has been logged
                await server.world.control.rehash()


def _has_terminal() -> bool:
    try:
        return sys.stdin is not None and os.isatty(sys.stdin.fileno())
    except (OSError, ValueError):
        return False
