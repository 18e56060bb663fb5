"""The server as a whole: open the port, take connections in, stop cleanly."""

import logging
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import trio

from trio_chat import __version__, logger
from trio_chat.chat import banning
from trio_chat.chat.bans import Ban
from trio_chat.chat.events import Event, Output
from trio_chat.chat.operators import RehashError
from trio_chat.chat.world import Memory, World
from trio_chat.config import ListenerSettings, Settings
from trio_chat.irc import numerics as n
from trio_chat.irc.message import Message
from trio_chat.irc.names import casemapping, use_casemapping
from trio_chat.irc.skeletons import prototypes
from trio_chat.server import rehash
from trio_chat.server.accounts import COSTS
from trio_chat.server.announce import announce, shown
from trio_chat.server.bans import BanKeeper
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.certificates import CertificateError, files_of
from trio_chat.server.connection import SHUTDOWN_REASON, Connection
from trio_chat.server.control import ServerControl
from trio_chat.server.encryption import Encryption
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.listeners import Entrance, ListenError, accept_from, close_all, open_all
from trio_chat.server.memory import StorageError, remembering
from trio_chat.server.opening import Closed, Opening, Rules
from trio_chat.server.peer import LOCAL, Peer, is_in, plain_address
from trio_chat.server.state import expire_users, keep_state, load_state, save_state, watch_accounts
from trio_chat.server.transport import LINGER_TIMEOUT, SocketTransport, Transport, part, send_all

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
        self.world.control = ServerControl(self, cost, threads or HashingThreads(), load)
        self.connections: set[Connection] = set()
        self.jitter = random.Random().random  # noqa: S311  # spreads keep-alive traffic; nothing secret
        self.encryption = Encryption(files_of(settings), settings.server.name)
        self._accepting = trio.CancelScope()
        self.openings: set[trio.CancelScope] = set()
        self._is_stopping = False

    async def serve(
        self, entrances: Sequence[Entrance], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until `stop` is called, then say farewell to everyone within the grace time.

        Args:
            entrances: open listeners; closed at the end, also when cancelled.
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
                    async with trio.open_nursery() as accepting:
                        for entrance in entrances:
                            accepting.start_soon(accept_from, entrance, self.handle, connections)
                        task_status.started()
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

    async def reload_certificate(self, settings: Settings) -> None:
        """Read the TLS certificate again; nobody is disconnected, who comes from now on sees the new one.

        Args:
            settings: as they are now in config.ini.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """
        await self.encryption.reload(files_of(settings))

    async def _shut_down(self, connections: trio.Nursery) -> None:
        log.info("shutting down: telling %d clients", len(self.connections))
        self.end_openings()
        for connection in self.connections:
            connection.shut_down()
        # A client that has stopped reading gets the grace time and no more.
        connections.cancel_scope.deadline = trio.current_time() + self.settings.server.shutdown_grace

    def end_openings(self) -> None:
        """End all connections on which nobody chats yet, because the server stops."""
        self._is_stopping = True
        for scope in self.openings:
            scope.cancel()

    async def handle(self, stream: trio.SocketStream, listener: ListenerSettings) -> None:
        """Serve an accepted connection until it is gone."""
        try:
            name = stream.socket.getpeername()
            peer = Peer(host=LOCAL if listener.path is not None else plain_address(name[0]))
            transport = SocketTransport(stream)
        except OSError:  # gone before it was looked at
            await trio.aclose_forcefully(stream)
            return
        await self.open_and_serve(transport, peer, listener)

    async def open_and_serve(self, transport: Transport, peer: Peer, listener: ListenerSettings) -> None:
        """Find out what a connection is, and serve it until it is gone.

        Args:
            transport: its bytes; closed at the end, also when cancelled.
            peer: who it comes from, as far as the socket says.
            listener: where it came in.
        """
        if self._is_full():
            await self._refuse_full(transport, peer)
            return
        settings = self.settings
        is_proxy = listener.proxy or is_in(peer.host, settings.server.proxies)  # others come from there, too
        if not is_proxy and (ban := self.world.bans.of_address(peer.host)):
            await self._refuse_banned(transport, peer, ban)
            return
        rules = Rules(
            server=settings.server,
            gateways=settings.gateways,
            encryption=self.encryption,
            timeout=settings.limits.registration_timeout,
        )
        opening = Opening(transport, peer, listener, rules)
        try:
            is_open = await self._open(opening)
        except BaseException:
            with trio.move_on_after(LINGER_TIMEOUT, shield=True):
                await transport.aclose()
            raise
        if is_open:
            await self.serve_client(opening.transport, opening.peer)
        else:
            await _hang_up(opening.transport, going_away=self._is_stopping)

    async def _open(self, opening: Opening) -> bool:
        """Open a connection so far that IRC is spoken; tell whether that was possible."""
        with trio.CancelScope() as scope:
            self.openings.add(scope)
            try:
                await opening.run()
                return True
            except Closed as closed:
                log.info("not served: %s: %s", opening.peer.host, closed)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                log.info("not served: %s: Connection reset", opening.peer.host)
            except Exception:
                log.exception("internal error while opening the connection of %s", opening.peer.host)
            finally:
                self.openings.discard(scope)
        if scope.cancelled_caught:
            await opening.tell(SHUTDOWN_REASON)
        return False

    async def serve_client(self, transport: Transport, peer: Peer) -> None:
        """Serve one client until it is gone.

        Args:
            transport: its bytes, on which IRC is spoken; closed at the end, also when cancelled.
            peer: who is at the other end.
        """
        if self._is_full():
            await self._refuse_full(transport, peer)
            return
        if ban := self.world.bans.of_address(peer.host):
            await self._refuse_banned(transport, peer, ban)
            return
        connection = Connection(self, transport, peer)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    def _is_full(self) -> bool:
        return len(self.connections) + len(self.openings) >= self.limits.clients

    async def _refuse_full(self, transport: Transport, peer: Peer) -> None:
        log.warning("refused %s: there are %d clients already", peer.host, len(self.connections))
        await _refuse(transport, Message("ERROR", (f"Closing link: {peer.host} (The server is full)",)))

    async def _refuse_banned(self, transport: Transport, peer: Peer, ban: Ban) -> None:
        log.info("refused %s: banned by %s: %s", peer.host, ban.mask, ban.reason)
        why = n.ERR_YOUREBANNEDCREEP.text.format(banning.told(ban))
        numeric = Message(n.ERR_YOUREBANNEDCREEP.code, ("*", why), self.world.identity.name)
        await _refuse(transport, numeric, Message("ERROR", (f"Closing link: {peer.host} (Banned: {ban.reason})",)))


async def _refuse(transport: Transport, *messages: Message) -> None:
    with trio.move_on_after(LINGER_TIMEOUT), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await send_all(transport, "".join(f"{message.line()}\r\n" for message in messages).encode())
    await _hang_up(transport)


async def _hang_up(transport: Transport, *, going_away: bool = False) -> None:
    """Close a connection that is not served, politely and within a deadline."""
    try:
        with trio.move_on_after(2 * LINGER_TIMEOUT):
            await part(transport, going_away=going_away)
    finally:
        with trio.move_on_after(LINGER_TIMEOUT, shield=True):
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
        except (ListenError, StorageError, CertificateError) as error:
            print(error, file=sys.stderr, flush=True)
        except Exception:
            log.exception("internal error: the server cannot go on")
        return 1


async def _main(settings: Settings, load: Callable[[], Settings] | None) -> int:
    entrances = await open_all(settings)
    try:
        threads = HashingThreads()
        async with remembering(settings.storage, settings.accounts.hash_cost, threads, casemapping()) as memory:
            server = Server(settings, memory=memory, threads=threads, load=load)
            if settings.tls.certificate is not None:
                await server.encryption.prepare()
            if memory is not None and memory.store is not None:
                await load_state(server.world, memory.store)
            return await _serve(server, entrances)
    finally:
        close_all(entrances)


async def _serve(server: Server, entrances: list[Entrance]) -> int:
    with trio.open_signal_receiver(*STOP_SIGNALS) as signals, _hangups() as hangups, trio.CancelScope() as everything:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, signals, server, everything)
            if hangups is not None:
                nursery.start_soon(_rehash_on_signal, hangups, server)
            nursery.start_soon(announce, entrances, server.encryption)
            log.info("trio-chat %s listens on %s", __version__, ", ".join(map(shown, entrances)))
            if casemapping() == "precis":  # the first name beyond ASCII shall not keep others waiting
                nursery.start_soon(trio.to_thread.run_sync, prototypes)
            await server.serve(entrances)
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
    server.stop()
    await anext(signals)
    everything.cancel()


@contextmanager
def _hangups() -> Iterator[AsyncIterator[int] | None]:
    """Receive SIGHUP, from before anybody is told that there is a server; None on Windows, which has no such signal."""
    if not hasattr(signal, "SIGHUP"):
        yield None
        return
    with trio.open_signal_receiver(signal.SIGHUP) as signals:
        yield signals


async def _rehash_on_signal(hangups: AsyncIterator[int], server: Server) -> None:
    """Read the configuration again whenever SIGHUP comes; when the terminal that it was started in is gone, stop instead."""
    had_terminal = _has_terminal()
    async for _number in hangups:
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
