"""The opening of connections: detection of the protocol, and admission as a client."""

import logging
from collections.abc import Callable
from typing import Protocol

import trio

from trio_chat.chat import banning
from trio_chat.chat.bans import Ban
from trio_chat.config import ListenerSettings, Settings
from trio_chat.irc import numerics as n
from trio_chat.irc.message import Message
from trio_chat.server.admission import Admission, ConnectionPermit, PageAdmission
from trio_chat.server.connection import Connection
from trio_chat.server.detection import (
    DetectionRules,
    IrcConnection,
    NotLogged,
    NotServed,
    ProtocolDetection,
    is_irc_at_once,
)
from trio_chat.server.encryption import Encryption
from trio_chat.server.farewell import SHUTDOWN_REASON
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.http.site import Site
from trio_chat.server.hub import Hub
from trio_chat.server.lingering import LINGER_TIMEOUT
from trio_chat.server.peer import Peer, is_in
from trio_chat.server.refusal import Refusals, closing_link
from trio_chat.server.transport import Transport

log = logging.getLogger("trio_chat")


class OpeningHub(Hub, Protocol):
    """What the opening of connections needs of the server, besides what a connection needs."""

    settings: Settings
    encryption: Encryption
    site: Site
    is_stopping: bool


class Openings:
    """The connections that are being opened; its length is how many there are.

    Args:
        hub: the server.
        admission: counts connections for the chat.
        page_admission: counts those for pages.
        threads: where passwords of gateways are hashed.
    """

    def __init__(
        self,
        hub: OpeningHub,
        admission: Admission,
        page_admission: PageAdmission,
        threads: HashingThreads,
    ) -> None:
        self._hub = hub
        self._admission = admission
        self._page_admission = page_admission
        self._threads = threads
        self._scopes: set[trio.CancelScope] = set()
        self.refusals = Refusals()
        """Those that are refused."""
        self.admitted = 0
        """Clients that were admitted so far."""

    def __len__(self) -> int:
        return len(self._scopes)

    async def serve(
        self,
        transport: Transport,
        peer: Peer,
        listener: ListenerSettings,
        receive_nowait: Callable[[], bytes] = bytes,
    ) -> None:
        """Detect the protocol of a connection, and serve it until it is gone.

        Args:
            transport: its bytes; closed at the end, also when cancelled.
            peer: the other end, as far as the socket knows it.
            listener: the settings of the listener that accepted it.
            receive_nowait: returns what has arrived on it, or b"": mostly the first lines are there
                when it is accepted, and nothing has to be waited for.
        """
        with ConnectionPermit(self._admission, self._page_admission) as permit:
            # A client behind a proxy or gateway is counted by its own address, once that is known.
            if not (listener.proxy or self._is_intermediary(peer.host)) and (
                refusal := permit.count(peer.host)
            ):
                line = closing_link(peer, refusal)
                await self.refusals.refuse(transport, line, status=429, why=refusal)
                return
            if (
                connection := await self._open_and_admit(
                    transport, peer, listener, permit, receive_nowait
                )
            ) is not None:
                # Or this would keep them as long as the client is connected.
                del transport, peer, listener, receive_nowait
                await connection.run()

    async def serve_client(self, transport: Transport, peer: Peer, ahead: bytes = b"") -> None:
        """Serve one client until it is gone.

        Args:
            transport: its bytes, on which IRC is spoken; closed at the end, also when cancelled.
            peer: the other end.
            ahead: bytes that have been read already.
        """
        with ConnectionPermit(self._admission, self._page_admission) as permit:
            if (
                connection := await self._admit(IrcConnection(transport, peer, ahead), permit)
            ) is not None:
                await connection.run()

    def end(self) -> None:
        """End all connections that are still being detected, because the server stops."""
        for scope in self._scopes:
            scope.cancel()

    def _is_intermediary(self, host: str) -> bool:
        """Return whether other clients connect through an address: a proxy, or a gateway."""
        settings = self._hub.settings
        return is_in(host, settings.server.proxies) or any(
            is_in(host, gateway.addresses) for gateway in settings.gateways
        )

    async def _open_and_admit(
        self,
        transport: Transport,
        peer: Peer,
        listener: ListenerSettings,
        permit: ConnectionPermit,
        receive_nowait: Callable[[], bytes],
    ) -> Connection | None:
        """Detect the protocol of a connection and admit it; apart, so that no state of the
        detection is kept while the client is connected.
        """
        opened = await self._open(transport, peer, listener, permit, receive_nowait)
        return None if opened is None else await self._admit(opened, permit)

    async def _open(
        self,
        transport: Transport,
        peer: Peer,
        listener: ListenerSettings,
        permit: ConnectionPermit,
        receive_nowait: Callable[[], bytes],
    ) -> IrcConnection | None:
        """Detect the protocol of a connection; close it when it is not to be served."""
        settings = self._hub.settings
        if self._is_full():
            await self._refuse_full(transport, peer)
            return None
        is_proxy = listener.proxy or is_in(peer.host, settings.server.proxies)
        if not is_proxy and (ban := self._hub.world.bans.of_address(peer.host)):
            await self._refuse_banned(transport, peer, ban)
            return None
        ahead = receive_nowait()
        if ahead and not is_proxy and is_irc_at_once(ahead, listener, settings.gateways):
            return IrcConnection(transport, peer, ahead)
        rules = DetectionRules(
            server=settings.server,
            gateways=settings.gateways,
            encryption=self._hub.encryption,
            threads=self._threads,
            site=self._hub.site,
        )
        opening = ProtocolDetection(
            transport,
            peer,
            listener,
            rules,
            lambda host: "" if self._is_intermediary(host) else permit.count(host),
            lambda host: permit.count_for_pages(None if self._is_intermediary(host) else host),
            ahead,
        )
        try:
            opened = await self._run_opening(opening)
        except BaseException:
            with trio.move_on_after(LINGER_TIMEOUT, shield=True):
                await transport.aclose()
            raise
        if opened is None:
            await self.refusals.close(opening.transport, going_away=self._hub.is_stopping)
        return opened

    async def _run_opening(self, opening: ProtocolDetection) -> IrcConnection | None:
        why = ""
        # Before it is entered: a deadline that changes later is registered twice.
        opening.scope.deadline = trio.current_time() + self._hub.limits.registration_timeout
        with opening.scope as scope:
            self._scopes.add(scope)
            try:
                return await opening.run()
            except NotLogged:
                return None
            except NotServed as closed:
                why = str(closed)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                if opening.is_answered or not opening.transport.data:
                    return None  # the end of HTTP, or a check whether the server is there
                why = "Connection reset"
            except Exception:
                log.exception(
                    "internal error while detecting the protocol of %s", opening.peer.host
                )
                return None
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            if opening.is_answered:
                return None
            why = await opening.tell(
                SHUTDOWN_REASON if self._hub.is_stopping else "Registration timed out"
            )
        log.info("not served: %s: %s", opening.peer.host, why)
        return None

    async def _admit(self, opened: IrcConnection, permit: ConnectionPermit) -> Connection | None:
        """Admit a connection as a client, or refuse and close it."""
        transport, peer, ahead = opened
        if refusal := permit.count(peer.host):
            await self.refusals.refuse(transport, closing_link(peer, refusal))
            return None
        if self._is_full():
            await self._refuse_full(transport, peer, is_irc=True)
            return None
        if ban := self._hub.world.bans.of_address(peer.host):
            await self._refuse_banned(transport, peer, ban, is_irc=True)
            return None
        self.admitted += 1
        return Connection(self._hub, transport, peer, ahead)

    def _is_full(self) -> bool:
        # Connections for pages are not of clients, and have limits of their own.
        chatting = len(self._hub.connections) + len(self._scopes) - self._page_admission.open
        return chatting >= self._hub.limits.clients

    async def _refuse_full(self, transport: Transport, peer: Peer, *, is_irc: bool = False) -> None:
        log.warning(
            "refused %s: there are %d clients already", peer.host, len(self._hub.connections)
        )
        why = "The server is full"
        status = None if is_irc else 503
        await self.refusals.refuse(transport, closing_link(peer, why), status=status, why=why)

    async def _refuse_banned(
        self, transport: Transport, peer: Peer, ban: Ban, *, is_irc: bool = False
    ) -> None:
        log.info("refused %s: banned by %s: %s", peer.host, ban.mask, ban.reason)
        text = n.ERR_YOUREBANNEDCREEP.text.format(banning.ban_text(ban))
        numeric = Message(n.ERR_YOUREBANNEDCREEP, ("*", text), self._hub.world.server_info.name)
        why = f"Banned: {ban.reason}"
        status = None if is_irc else 403
        await self.refusals.refuse(
            transport, numeric, closing_link(peer, why), status=status, why=why
        )
