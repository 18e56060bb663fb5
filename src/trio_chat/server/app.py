"""The server as a whole: open the port, take connections in, stop cleanly."""

import logging
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress

import trio

from trio_chat import __version__, logger
from trio_chat.chat import banning
from trio_chat.chat.events import Event, Output
from trio_chat.chat.operators import RehashError
from trio_chat.chat.world import Memory, World
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.irc import numerics as n
from trio_chat.irc.message import Message
from trio_chat.irc.names import casemapping, use_casemapping
from trio_chat.irc.skeletons import prototypes
from trio_chat.server import rehash, service
from trio_chat.server.accounts import COSTS
from trio_chat.server.addresses import Address, joinable, own_addresses, with_port
from trio_chat.server.admission import Admission
from trio_chat.server.bans import BanKeeper
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.connection import Connection
from trio_chat.server.control import ServerControl
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.listeners import ListenError, bound_to, open_all, open_listeners
from trio_chat.server.memory import StorageError, remembering
from trio_chat.server.metrics import Monitor
from trio_chat.server.state import expire_users, keep_state, load_state, save_state, watch_accounts
from trio_chat.server.statistics import ServerStatistics
from trio_chat.server.transport import SocketTransport, Transport

log = logging.getLogger("trio_chat")

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))


class Server:
    """A chat server.

    Args:
        settings: all of config.ini.
        clock: returns seconds of Unix time.
        memory: the history, or None when nothing is remembered.
        threads: where passwords are hashed; None for threads of its own.
        load: reads the configuration again, and may block; None when it cannot be.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        memory: Memory | None = None,
        threads: HashingThreads | None = None,
        load: Callable[[], Settings] | None = None,
    ) -> None:
        self.settings = settings
        self.limits = settings.limits
        identity = rehash.identity(settings, clock())
        self.world = World(identity, settings.limits.lengths, clock, settings.limits.whowas_entries, memory)
        history = memory.history if memory else None
        # A client's farewell and one late answer cannot wait for room.
        self.broadcaster = Broadcaster(settings.limits.event_queue, reserve=2 * settings.limits.clients, history=history)
        self._store = memory.store if memory else None
        self._bans = BanKeeper(self.world, memory.bans, self.broadcaster) if memory and memory.bans else None
        self.start_secret = os.urandom(32)
        self.world.cloaks = rehash.cloaks(settings, memory, self.start_secret)
        cost = COSTS[settings.accounts.hash_cost]
        self.world.control = ServerControl(self, cost, threads or HashingThreads(settings.limits), load)
        self.connections: set[Connection] = set()
        self._connected = 0
        self._is_accepting = False
        self.admission = Admission(self, trio.current_time)
        self.jitter = random.Random().random  # noqa: S311  # spreads keep-alive traffic; nothing secret
        self._accepting = trio.CancelScope()

    async def serve(
        self,
        listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until `stop` is called, then say farewell to everyone within the grace time.

        Args:
            listeners: open listeners; closed at the end, also when cancelled.
            task_status: started when connections are taken.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.broadcaster.run)
            if self._store is not None:
                nursery.start_soon(keep_state, self.world, self._store)
            if self.world.accounts is not None:
                nursery.start_soon(watch_accounts, self.world, self.world.accounts, self._announce)
                nursery.start_soon(expire_users, self.world, self.settings.accounts.always_on_days, self._announce)
            if self._bans is not None:
                await self._bans.refresh()
                nursery.start_soon(self._bans.run)
            async with trio.open_nursery() as connections:
                with self._accepting:
                    self._is_accepting = True
                    task_status.started()
                    await trio.serve_listeners(self.handle, list(listeners), handler_nursery=connections)
                await self._shut_down(connections)
            nursery.cancel_scope.cancel()
        if self._store is not None:  # what the task was writing when it was cancelled, too
            await save_state(self.world, self._store)
        if self._bans is not None:
            await self._bans.save()

    async def _announce(self, change: Callable[[], Iterable[Event]]) -> None:
        await self.broadcaster.wait_room()
        self.broadcaster.accept(Output(tuple(change())))

    def stop(self) -> None:
        """Make `serve` end. Calling it again does nothing."""
        self._accepting.cancel()

    def statistics(self) -> ServerStatistics:
        """Return how the server stands."""
        queued = [connection.queued for connection in self.connections]
        return ServerStatistics(
            world=self.world.statistics(),
            broadcaster=self.broadcaster.statistics(),
            admission=self.admission.statistics(),
            connections=len(self.connections),
            connected=self._connected,
            queued_bytes=sum(queued),
            slow_clients=sum(map(bool, queued)),
            started=self.world.identity.created,
        )

    def why_not_ready(self) -> list[str]:
        """Return why nobody can come and talk; nothing when they can."""
        reasons = {
            "no connections are taken": not self._is_accepting,
            "the history cannot be written": self.broadcaster.statistics().is_failing,
            "the server is full": len(self.connections) >= self.limits.clients,
        }
        return [reason for reason, is_so in reasons.items() if is_so]

    async def _shut_down(self, connections: trio.Nursery) -> None:
        self._is_accepting = False
        log.info("shutting down: telling %d clients", len(self.connections))
        for connection in self.connections:
            connection.shut_down()
        # A client that has stopped reading gets the grace time and no more.
        connections.cancel_scope.deadline = trio.current_time() + self.settings.server.shutdown_grace

    async def handle(self, stream: trio.SocketStream) -> None:
        """Serve an accepted connection until it is gone."""
        try:
            host = stream.socket.getpeername()[0]
            transport = SocketTransport(stream)
        except OSError:  # gone before it was looked at
            await trio.aclose_forcefully(stream)
            return
        await self.serve_client(transport, host)

    async def serve_client(self, transport: Transport, host: str) -> None:
        """Serve one client until it is gone.

        Args:
            transport: its bytes; closed at the end, also when cancelled.
            host: its address.
        """
        ban = self.world.bans.of_address(host)
        with self.admission.enter(host) as refusal:
            if refusal:
                await _refuse(transport, _closing(host, refusal))
            elif len(self.connections) >= self.limits.clients:
                log.warning("refused %s: there are %d clients already", host, len(self.connections))
                await _refuse(transport, _closing(host, "The server is full"))
            elif ban is not None:
                log.info("refused %s: banned by %s: %s", host, ban.mask, ban.reason)
                why = n.ERR_YOUREBANNEDCREEP.text.format(banning.told(ban))
                numeric = Message(n.ERR_YOUREBANNEDCREEP.code, ("*", why), self.world.identity.name)
                await _refuse(transport, numeric, _closing(host, f"Banned: {ban.reason}"))
            else:
                await self._serve_admitted(transport, host)

    async def _serve_admitted(self, transport: Transport, host: str) -> None:
        connection = Connection(self, transport, host)
        self.connections.add(connection)
        self._connected += 1
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)


def _closing(host: str, reason: str) -> Message:
    return Message("ERROR", (f"Closing link: {host} ({reason})",))


async def _refuse(transport: Transport, *messages: Message) -> None:
    with trio.move_on_after(1, shield=True):
        await _send_and_close(transport, "".join(f"{message.line()}\r\n" for message in messages).encode())


async def _send_and_close(transport: Transport, data: bytes) -> None:
    try:
        await transport.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    finally:
        await transport.aclose()


def run(settings: Settings, load: Callable[[], Settings] | None = None) -> int:
    """Run a server until a signal stops it; return the exit code.

    Args:
        settings: all of config.ini.
        load: reads them again, and may block; None when they cannot be.
    """
    use_casemapping(settings.server.casemapping)
    with logger.running(settings.logging):
        try:
            return trio.run(_main, settings, load)
        except (ListenError, StorageError) as error:
            print(error, file=sys.stderr, flush=True)
        except Exception:
            log.exception("internal error: the server cannot go on")
        return 1


async def _main(settings: Settings, load: Callable[[], Settings] | None) -> int:
    listeners = await open_all(settings)
    watching: list[trio.SocketListener] = []
    try:
        if settings.metrics.port is not None:
            watching += await open_listeners(settings.metrics.host, settings.metrics.port)
        threads = HashingThreads(settings.limits)
        async with remembering(settings.storage, settings.accounts.hash_cost, threads, casemapping()) as memory:
            server = Server(settings, memory=memory, threads=threads, load=load)
            if memory is not None and memory.store is not None:
                await load_state(server.world, memory.store)
            return await _serve(server, listeners, watching)
    finally:
        for listener in (*listeners, *watching):
            listener.socket.close()


async def _serve(server: Server, listeners: list[trio.SocketListener], watching: list[trio.SocketListener]) -> int:
    bound = [bound_to(listener) for listener in listeners]
    with trio.open_signal_receiver(*STOP_SIGNALS) as signals, trio.CancelScope() as everything:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, signals, server, everything)
            nursery.start_soon(_rehash_on_signal, server)
            if watching:
                log.info("metrics are at %s", ", ".join(f"http://{with_port(*bound_to(one))}/metrics" for one in watching))
                nursery.start_soon(Monitor(server).run, watching)
            main_port = bound[0][1]  # the one of [server]; a further one serves those who know of it
            nursery.start_soon(_announce, [address for address, port in bound if port == main_port], main_port)
            log.info("trio-chat %s listens on %s", __version__, ", ".join(with_port(*place) for place in bound))
            if casemapping() == "precis":  # the first name beyond ASCII shall not keep others waiting
                nursery.start_soon(trio.to_thread.run_sync, prototypes)
            nursery.start_soon(service.keep_alive)
            service.notify("READY=1")
            await server.serve(listeners)
            log.info("trio-chat has shut down")
            nursery.cancel_scope.cancel()
    if everything.cancelled_caught:
        log.warning("stopped at once, without telling everyone")
        return 1
    return 0


async def _stop_on_signal(signals: AsyncIterator[int], server: Server, everything: trio.CancelScope) -> None:
    """Stop cleanly at the first signal, at once at the second."""
    number = await anext(signals)
    log.info("got %s", signal.Signals(number).name)
    service.notify("STOPPING=1")
    server.stop()
    await anext(signals)
    everything.cancel()


async def _rehash_on_signal(server: Server) -> None:
    """Read the configuration again whenever SIGHUP comes; when the terminal that it was started in is gone, stop instead."""
    if not hasattr(signal, "SIGHUP"):  # Windows
        return
    had_terminal = _has_terminal()
    with trio.open_signal_receiver(signal.SIGHUP) as signals:
        async for _number in signals:
            if had_terminal and not _has_terminal():
                log.info("the terminal was closed")
                server.stop()
                return
            log.info("got SIGHUP")
            if server.world.control is not None:
                with suppress(RehashError):  # which has been logged
                    await server.world.control.rehash()


def _has_terminal() -> bool:
    try:
        return sys.stdin is not None and os.isatty(sys.stdin.fileno())
    except (OSError, ValueError):
        return False


async def _announce(bound: list[Address], port: int) -> None:
    """Print how others can join, ready to be copied."""
    own = await trio.to_thread.run_sync(own_addresses)
    lines = [_("trio-chat {version} is running.").format(version=__version__)]
    others = joinable(bound, own)
    if others:
        lines.append(_("Others join with:"))
        lines += [f"    trio-chat connect {with_port(address, port)}" for address in others]
    local = next((address for address in bound if address.is_unspecified or address.is_loopback), None)
    if local is not None:
        loopback = ("::1" if local.version == 6 else "127.0.0.1") if local.is_unspecified else local
        lines += [_("On this machine:"), f"    trio-chat connect {with_port(loopback, port)}"]
    lines.append(_("Any IRC client can join too, at the same address. Ctrl-C stops the server."))
    await trio.to_thread.run_sync(_print_past_buffer, "\n".join(lines) + "\n", abandon_on_cancel=True)


def _print_past_buffer(text: str) -> None:
    """Print, from a thread that may be abandoned: one that hung in a buffered stream would hold the lock the exit needs."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError), open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as raw:
            raw.write(text.encode("utf-8", "backslashreplace"))
