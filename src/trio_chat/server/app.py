"""The server as a whole: its tasks, the handler of a connection, and shutdown."""

import logging
import math
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from trio_chat.chat.changes import ApiTokensRead, HooksRead
from trio_chat.chat.control import ShownNode
from trio_chat.chat.events import Event, Output
from trio_chat.chat.moderation.server_rules import is_raided
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import UploadTokens
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.config import ListenerSettings, Settings
from trio_chat.irc.plurals import counted
from trio_chat.server import rehash
from trio_chat.server.accounts import COSTS, AccountKeeper
from trio_chat.server.admission import (
    Admission,
    AdmissionStatistics,
    PageAdmission,
)
from trio_chat.server.bans import BanWatcher
from trio_chat.server.block_lists import BlockLists
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.clock import elapsed, keep_clock, watch_clock
from trio_chat.server.committing import Committer
from trio_chat.server.connection import Connection
from trio_chat.server.control import ServerControl
from trio_chat.server.disk_space import free_bytes, place_of, watch_disk_space
from trio_chat.server.encryption import Encryption
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.http.hosts import Host, is_known
from trio_chat.server.http.site import Site
from trio_chat.server.hub import PARTS_AT_ONCE
from trio_chat.server.invitations import InvitationWatcher
from trio_chat.server.keepalive import keep_alive
from trio_chat.server.links import page_url_for
from trio_chat.server.listeners import AcceptedBatch, AcceptedSocket
from trio_chat.server.mail import mailer
from trio_chat.server.moderation import ModerationWatcher
from trio_chat.server.open_storage import MEMORY, prune_history
from trio_chat.server.opening import Openings
from trio_chat.server.passkeys import WebAuthnVerifier
from trio_chat.server.peer import LOCAL_PEER, Peer, plain_address
from trio_chat.server.poller import best_poller
from trio_chat.server.push.service import PushService, PushStatistics
from trio_chat.server.relaying import Relayer
from trio_chat.server.scheduled import ScheduledMessageTimer
from trio_chat.server.secret import node_key, token_key
from trio_chat.server.state import keep_state, save_state
from trio_chat.server.statistics import ServerStatistics
from trio_chat.server.table_watcher import TableWatcher
from trio_chat.server.translation.service import TranslationService
from trio_chat.server.transport import (
    SocketTransport,
    Transport,
)
from trio_chat.server.uncommitted import UncommittedState
from trio_chat.server.uploads.received import UploadStatistics
from trio_chat.server.uploads.service import upload_service
from trio_chat.server.watchers import expire_users, watch_accounts, watch_channels

if TYPE_CHECKING:  # it needs what only a cluster needs
    from trio_chat.server.cluster.setup import ClusterSetup

log = logging.getLogger("trio_chat")

_HOOK_INTERVAL = 5.0
"""Seconds until a server without outgoing webhooks looks whether there is one."""
_LEAVE_TIMEOUT = 3.0
"""Seconds in which the cluster has to take that this node stops."""


class Server:
    """A chat server.

    Args:
        settings: all of config.ini.
        clock: returns seconds of Unix time.
        memory: the history, or None when nothing is remembered.
        threads: where passwords are hashed; None for threads of its own.
        load: reads the configuration again, and may block; None when it cannot be.
        elapsed: returns seconds that never go back, and that go on while the machine sleeps.
        cluster: the cluster that it is a node of; None if it is alone.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        memory: StoragePorts | None = None,
        threads: HashingThreads | None = None,
        load: Callable[[], Settings] | None = None,
        elapsed: Callable[[], float] = elapsed,
        cluster: "ClusterSetup | None" = None,
    ) -> None:
        self.settings = settings
        self.limits = settings.limits
        created = clock()

        def make_world(clock: Callable[[], float], elapsed: Callable[[], float]) -> World:
            return World(
                rehash.server_info(settings, created),
                settings.limits.lengths,
                clock,
                settings.limits.whowas_entries,
                memory,
                elapsed,
            )

        self.world = (
            make_world(clock, elapsed) if cluster is None else cluster.make_world(make_world)
        )
        self.world.wall_clock, self.world.page_url = clock, settings.server.url
        history = memory.history if memory else None
        # A client's farewell and one late answer cannot wait for room.
        uncommitted = UncommittedState(self.world)
        reserve: float = 2 * settings.limits.clients if cluster is None else math.inf
        self.broadcaster = Broadcaster(
            settings.limits.event_queue,
            reserve=reserve,
            history=history,
            uncommitted=uncommitted if history else None,
            is_strict=cluster is not None,
            wants_numbers=lambda: self.world.wants_numbers,
        )
        self.node = cluster.make_node(self.broadcaster) if cluster is not None else None
        self.relayer = Relayer(self.world, self.broadcaster, self._is_refusing)
        self._keeping, self._store = uncommitted.turn, memory.store if memory else None
        self._clock_table = memory.clock if memory else None
        self._bans = (
            BanWatcher(
                self.world,
                memory.bans if self._is_alone else None,
                self.broadcaster,
                uncommitted.turn,
            )
            if memory and memory.bans
            else None
        )
        self._invitations = InvitationWatcher(
            self.world,
            memory.invitations if memory and self._is_alone else None,
            uncommitted.turn,
        )
        self._tables = self._watched_tables(memory, uncommitted.turn)
        self._moderation = ModerationWatcher(
            self.world,
            memory.moderation if memory and self._is_alone else None,
            self.broadcaster,
            uncommitted.turn,
        )
        self.block_lists = BlockLists(
            self.world,
            self.broadcaster,
            lambda: self.settings.dnsbl,
            lambda: self.settings.limits.connections_exempt,
        )
        self.start_secret = os.urandom(32)
        self.world.cloaks = rehash.cloaks(settings, memory, self.start_secret)
        key = token_key(settings, memory, self.start_secret)
        self.world.upload_tokens = UploadTokens(self.world.elapsed, key)
        self.world.mail, self.world.passkeys.verifier = mailer(settings.mail), WebAuthnVerifier()
        self._push = (
            PushService(self.world, memory.vapid, lambda: self.settings)
            if memory and memory.vapid
            else None
        )
        if self._push is not None:
            self.world.push_delivery = self._push
            self.broadcaster.push = self._push.offer
            self.broadcaster.push_users = self.world.push.by_account
        self.world.translator = self.translation = TranslationService(self.world, self.broadcaster)
        cost = COSTS[settings.accounts.hash_cost]
        self._threads = self._shared(threads or HashingThreads(settings.limits), cluster)
        self.world.control = ServerControl(self, cost, self._threads, load)
        self.connections: set[Connection] = set()
        self.turns = trio.Semaphore(PARTS_AT_ONCE)
        self._is_accepting = self.is_stopping = False
        self.admission = Admission(self, trio.current_time, is_raided=lambda: is_raided(self.world))
        self.page_admission = PageAdmission(self, trio.current_time)
        self.jitter = random.Random().random  # noqa: S311  # spreads keep-alive traffic; nothing secret
        self.local_host = ""
        """The host name that multicast DNS answers for this server; "" for none."""
        self.encryption = Encryption(settings, clock, local_host=lambda: self.local_host)
        # The second one is around what may take long before accepting.
        self._accepting, self._beginning = trio.CancelScope(), trio.CancelScope()
        self._poller = best_poller()
        self._most_grace = math.inf
        self.uploads = upload_service(self.world, settings)
        self.site = Site(
            lambda: self.settings,
            self.knows,
            clock,
            self.page_admission,
            self.encryption.authority,
            world=self.world,
            uploads=self.uploads,
            relayer=self.relayer,
            certified=lambda: self.encryption.names,
            encryption=self.encryption,
            committer=Committer(self.world, self.broadcaster, self._is_refusing),
            statistics=self.statistics,
        )
        self._sharing = (
            cluster.make_sharing(self.node, self.encryption)
            if cluster is not None and self.node is not None
            else None
        )
        self._copier = (
            cluster.share_uploads(
                self.node, self.uploads, settings, node_key(settings, memory, self.start_secret)
            )
            if cluster is not None and self.node is not None and self.uploads is not None
            else None
        )
        self.openings = Openings(self, self.admission, self.page_admission, self._threads)

    def _watched_tables(
        self, memory: StoragePorts | None, turn: trio.Lock
    ) -> list[TableWatcher[Any]]:
        """Return the watchers of tables; in a cluster the log alone changes what is in them."""
        watchers: list[TableWatcher[Any]] = []
        if memory is not None and self._is_alone:
            if memory.hooks is not None:
                watchers.append(TableWatcher(self.world, memory.hooks, HooksRead, "webhooks", turn))
            if memory.api_tokens is not None:
                watchers.append(
                    TableWatcher(self.world, memory.api_tokens, ApiTokensRead, "API tokens", turn)
                )
        return watchers

    def _shared(self, threads: HashingThreads, cluster: "ClusterSetup | None") -> HashingThreads:
        if cluster is not None and self.node is not None:
            cluster.share_lockout(self.world, threads.accounts, self.node)
        return threads

    async def serve(  # noqa: ASYNC128  # `serve_listeners` reports that it has started
        self,
        listeners: Sequence[trio.abc.Listener[AcceptedBatch]],
        *,
        task_status: trio.TaskStatus[Any] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until `stop` is called, then notify and flush every client within the grace time.

        Args:
            listeners: closed at the end, also when cancelled.
            task_status: started with the listeners when connections are accepted.
        """
        async with trio.open_nursery() as nursery:
            await self._start_tasks(nursery)
            async with trio.open_nursery() as connections:
                with self._accepting:
                    self._is_accepting = True
                    await trio.serve_listeners(
                        partial(self.handle, connections),
                        list(listeners),
                        handler_nursery=connections,
                        task_status=task_status,
                    )
                await self._shut_down(connections)
            nursery.cancel_scope.cancel()
        if self.node is not None:
            await self.node.aclose()
        if self._is_alone:
            if self._store is not None:  # what the task was writing when it was cancelled, too
                await save_state(self.world, self._store)
            await keep_clock(self.world, self._clock_table)

    async def _start_tasks(self, nursery: trio.Nursery) -> None:
        """Start what runs beside the connections, and read what must be known before the first."""
        self.site.start_soon = nursery.start_soon
        nursery.start_soon(self.broadcaster.run)
        nursery.start_soon(self._poller.run)
        nursery.start_soon(keep_alive, self.connections, self._shortest_deadline)
        nursery.start_soon(self.encryption.watch)
        nursery.start_soon(self.encryption.renew)
        if self._is_alone:
            nursery.start_soon(watch_clock, self.world, self._clock_table)
        if self.world.storage is not None:
            nursery.start_soon(prune_history, self.world, self.world.storage)
        if self._store is not None and self._is_alone:
            # In a cluster, state is stored with its position in the log only. What is carried out
            # once more after a crash must not be stored: it is older than what is stored.
            nursery.start_soon(keep_state, self.world, self._store, self._keeping)
            nursery.start_soon(watch_channels, self.world, self._store)
        if self._push is not None:
            nursery.start_soon(self._push.run)
        if self.world.accounts is not None:
            timer = ScheduledMessageTimer(self.world, self.broadcaster)
            nursery.start_soon(timer.run, self._is_first)
            if self._is_alone:
                nursery.start_soon(watch_accounts, self.world, self.world.accounts, self._announce)
            nursery.start_soon(
                expire_users, self.world, self.settings.accounts.always_on_days, self._announce
            )
        nursery.start_soon(self.translation.run)
        await self.reload_logins(self.settings)
        await self.reload_translation(self.settings)
        if self.uploads is not None:
            await self.uploads.prepare()
            nursery.start_soon(self.uploads.run)
        if self._copier is not None:
            nursery.start_soon(self._copier.run)
        storage = self.settings.storage
        if (
            self.world.storage is not None
            and storage.file is not None
            and storage.file.name != MEMORY
            and storage.reserve
        ):
            nursery.start_soon(
                watch_disk_space,
                self.world,
                place_of(storage.file),
                storage.reserve,
                free_bytes,
                self.node.name if self.node is not None else "",
            )
        await self._watch_lists(nursery)
        if self.node is not None:
            nursery.start_soon(self.node.run)
            with self._beginning:
                await self.node.wait_begun()
                if self._sharing is not None:
                    nursery.start_soon(self._sharing.run)
                    await self._sharing.obtain()

    async def _watch_lists(self, nursery: trio.Nursery) -> None:
        """Read what commands alongside this server change, and watch it from then on."""
        if self._bans is not None:
            await self._bans.refresh()
            nursery.start_soon(self._bans.run)
        await self._invitations.refresh()
        nursery.start_soon(self._invitations.run)
        for table in self._tables:
            await table.refresh()
            nursery.start_soon(table.run)
        await self._moderation.refresh()
        nursery.start_soon(self._moderation.run)
        if self.world.storage is not None:
            nursery.start_soon(self._post_outgoing)

    async def _post_outgoing(self) -> None:
        """Post what outgoing webhooks are for; their code is loaded with the first one."""
        while not self.world.hooks.outgoing():  # noqa: ASYNC110  # nothing announces the first one
            await trio.sleep(_HOOK_INTERVAL)
        from trio_chat.server.hooks.outgoing import OutgoingHooks  # noqa: PLC0415

        outgoing = OutgoingHooks(
            self.world,
            self.broadcaster,
            self.relayer,
            lambda: self.settings.hooks,
            is_ours=self._is_first,
        )
        await outgoing.run()

    def _is_refusing(self) -> bool:
        return self.node is not None and self.node.is_refusing

    def _is_first(self) -> bool:
        """Return whether what one server does for all is for this one to do."""
        return self.node is None or self.node.is_first

    @property
    def _is_alone(self) -> bool:
        """Whether it is in no cluster. Else nothing but the log changes the state, neither commands
        alongside the server nor a clock of its own.
        """
        return not self.world.is_replicated

    async def _announce(self, change: Callable[[], Iterable[Event]]) -> None:
        await self.broadcaster.wait_room()
        self.broadcaster.accept(Output(tuple(change())))

    def stop(self, grace: float = math.inf) -> None:
        """Make `serve` end. Calling it again does nothing.

        Args:
            grace: seconds at most for clients that are slow, where `shutdown_grace` is longer.
        """
        self._most_grace = grace
        self.is_stopping = True
        self._beginning.cancel()
        self._accepting.cancel()

    @property
    def has_other_nodes(self) -> bool:
        """Whether other nodes serve the network while this one stops: its clients are asked to
        connect again.
        """
        return self.node is not None and self.node.has_others

    def nodes(self) -> Sequence[ShownNode]:
        """Return how the nodes of the cluster stand; none if the server is alone."""
        return self.node.survey.nodes() if self.node is not None else ()

    def statistics(self) -> ServerStatistics:
        """Return a snapshot of the server's numbers."""
        queued = [connection.queued for connection in self.connections]
        return ServerStatistics(
            world=self.world.statistics(),
            broadcaster=self.broadcaster.statistics(),
            admission=self._admission_statistics(),
            push=self._push.statistics() if self._push else PushStatistics(),
            requests=self.site.answered,
            uploads=self.uploads.statistics() if self.uploads else UploadStatistics(),
            connections=len(self.connections),
            connected=self.openings.admitted,
            queued_bytes=sum(queued),
            slow_clients=sum(map(bool, queued)),
            started=self.world.server_info.created,
            certificate_expires=self.encryption.expires or 0.0,
            node=self.node.statistics() if self.node is not None else None,
        )

    def _admission_statistics(self) -> AdmissionStatistics:
        chat, pages = self.admission.statistics(), self.page_admission.statistics()
        return chat._replace(refused=chat.refused + pages.refused, pages=pages.pages)

    def why_not_ready(self) -> list[str]:
        """Return the reasons why no client could connect and send messages; an empty list when it
        could.
        """
        reasons = {
            "no connections are taken": not self._is_accepting,
            "the history cannot be written": self.broadcaster.statistics().is_failing,
            "the server is full": len(self.connections) >= self.limits.clients,
        }
        found = [reason for reason, is_so in reasons.items() if is_so]
        if self.node is not None and (why_not := self.node.readiness.why_not()):
            found.append(f"this node {why_not}")
        return found

    def issue_api_token(self, session: Session) -> tuple[int, str]:
        """Return a token for the HTTP API; see `Control.issue_api_token`."""
        if not self.settings.api.enabled:
            return 0, ""
        return self.site.operator_tokens().issue(session)

    async def reload_logins(self, settings: Settings) -> None:
        """Have the provider of single sign-on, and the directory, of these settings.

        Raises:
            LoginSetupError: one of them cannot be used; those before stay.
        """
        accounts, world = self.world.accounts, self.world
        if not (settings.oidc.issuer or settings.ldap.url):
            world.sign_on = None
            if isinstance(accounts, AccountKeeper):
                accounts.directory = None
            await trio.lowlevel.checkpoint()
            return
        from trio_chat.server.login.setup import open_logins  # noqa: PLC0415  # few servers do

        logins = await open_logins(settings, world.wall_clock, world.sign_on)
        world.sign_on = logins.sign_on
        if isinstance(accounts, AccountKeeper):
            accounts.directory = logins.directory

    async def reload_translation(self, settings: Settings) -> None:
        """Have the translation service of these settings.

        Raises:
            SecretFileError: it cannot be used; the one before stays.
        """
        if not settings.translation.url:
            self.translation.use(None)
            await trio.lowlevel.checkpoint()
            return
        from trio_chat.server.translation.setup import open_service  # noqa: PLC0415  # few servers do

        self.translation.use(await open_service(settings.translation))

    async def reload_certificate(self, settings: Settings) -> None:
        """Read the TLS certificate again, for new connections; existing ones stay open.

        Args:
            settings: as they are now in config.ini.

        Raises:
            CertificateError: it cannot be used; the one before stays.
        """
        await self.encryption.reload(settings)

    def page_url_for(self, peer: Peer) -> str:
        """Return the address of the page as a client reaches it, or ""."""
        return page_url_for(self.settings, peer, self.encryption.names)

    def is_busy(self) -> bool:
        """Return whether so many clients wait that a command in steps is to await its turn."""
        return self.broadcaster.is_busy or not self.turns.value

    def knows(self, host: Host) -> bool:
        """Return whether a browser may reach this server under a name."""
        return is_known(host, self.settings, (*self.encryption.names, self.local_host))

    def _shortest_deadline(self) -> float:
        """Return the shortest time, in seconds, after which a silent client is asked or ended."""
        limits = self.limits
        return min(
            limits.registration_timeout,
            limits.ping_interval,
            limits.websocket_ping_interval,
            limits.ping_timeout,
        )

    async def _shut_down(self, connections: trio.Nursery) -> None:
        self._is_accepting = False
        log.info("shutting down: notifying %s", counted(len(self.connections), "client"))
        if self.node is not None:
            with trio.move_on_after(_LEAVE_TIMEOUT):
                await self.node.stop()
        self.openings.end()
        for connection in self.connections:
            connection.shut_down(is_moving=self.has_other_nodes)
        if self._push is not None:
            connections.start_soon(self._send_last, self._push)
        # A client that has stopped reading holds the server up for the grace time at most.
        grace = min(self.settings.server.shutdown_grace, self._most_grace)
        deadline = trio.current_time() + grace
        connections.cancel_scope.deadline = deadline
        if self.uploads is not None:
            self.uploads.stop(deadline)

    async def _send_last(self, push: PushService) -> None:
        await self.broadcaster.wait_delivered(self.broadcaster.statistics().accepted)
        await push.drain()

    def handle(self, connections: trio.Nursery, batch: AcceptedBatch) -> Awaitable[None]:
        """Serve accepted connections, each in a task of its own until it is gone: the handler of
        `trio.serve_listeners`, whose task serves the first.
        """
        first, *others = batch.sockets
        del batch.sockets[1:]  # each closes itself
        for other in others:
            connections.start_soon(self._serve_accepted, other)
        return self._serve_accepted(first)

    def _serve_accepted(self, accepted: AcceptedSocket) -> Awaitable[None]:
        peer = LOCAL_PEER
        if accepted.host:
            try:
                host, port = accepted.sock.getsockname()[:2]
                local = (plain_address(host), port)
            except OSError:  # how BSD and macOS say that it is broken already
                local = None
            peer = Peer(host=plain_address(accepted.host), local=local)
        transport = SocketTransport(accepted.sock, self._poller)
        return self.openings.serve(transport, peer, accepted.settings, transport.receive_nowait)

    async def open_and_serve(
        self, transport: Transport, peer: Peer, listener: ListenerSettings
    ) -> None:
        """Detect the protocol of a connection, and serve it until it is gone; see `Openings`."""
        await self.openings.serve(transport, peer, listener)

    async def serve_client(self, transport: Transport, peer: Peer, ahead: bytes = b"") -> None:
        """Serve one client until it is gone; see `Openings`."""
        await self.openings.serve_client(transport, peer, ahead)
