"""The task that lets others on the network find this server, by DNS-SD and by the beacon.

It starts after the server, and nothing waits for it. Where multicast is not possible, as in many
containers, one line of the log says so.
"""

import logging
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Protocol

import trio

from trio_chat import __version__
from trio_chat.config import ListenerSettings, Settings
from trio_chat.interfaces import Interface, interfaces, multicast_sources
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import (
    BEACON_PORT,
    PAGE_TYPE,
    SERVICE_TYPES,
    BeaconQuery,
    ServiceRecord,
)
from trio_chat.server.beacon import Beacon, join_all_nodes, open_beacon
from trio_chat.server.dns_sd import Advertised, Responder, ResponderError
from trio_chat.server.listeners import BatchListener
from trio_chat.server.local_host import local_host

log = logging.getLogger("trio_chat")

_LOOK_INTERVAL = 15.0
"""Seconds between two looks at the interfaces: a laptop changes its network."""
_VERSIONS = {socket.AF_INET: 4, socket.AF_INET6: 6}
_GOODBYE = 1.0
"""Seconds for the farewell at the end; it usually takes a quarter."""


async def _pause() -> None:
    await trio.sleep(_LOOK_INTERVAL)


class FoundListener:
    """The listener that others are to find.

    Args:
        settings: of the listener.
        bound: the addresses that it listens on.
        port: on which it listens.
    """

    def __init__(self, settings: ListenerSettings, bound: Sequence[IpAddress], port: int) -> None:
        self.settings = settings
        self.bound = bound
        self.port = port

    @property
    def versions(self) -> set[int]:
        """The versions of IP by which it is reached."""
        return {address.version for address in self.bound}

    def links(self, found: Collection[Interface]) -> list[Interface]:
        """Return the link-local addresses of IPv6 at which neighbours reach the listener: not on an
        interface with a public address of IPv4, whose neighbours are strangers.
        """
        public = {
            interface.name
            for interface in found
            if interface.ip.version == 4 and not _is_local(interface.ip)
        }
        return [
            interface
            for interface in found
            if interface.ip.version == 6
            and interface.ip.is_link_local
            and not (interface.is_virtual or interface.name in public)
            and any(_accepts(bound, interface.ip) for bound in self.bound)
        ]

    def near(self, found: Iterable[Interface]) -> list[Interface]:
        """Return the interfaces of local networks through which others reach the listener."""
        return [
            interface
            for interface in found
            if not (interface.is_virtual or interface.ip.is_loopback)
            and _is_local(interface.ip)
            and not (interface.ip.version == 6 and interface.ip.is_link_local)
            and any(_accepts(bound, interface.ip) for bound in self.bound)
        ]


def listener_to_find(listeners: Sequence[BatchListener]) -> FoundListener | None:
    """Return the first listener that other machines can connect to; None without one.

    A Unix socket, a listener for this machine and one for a proxy are none.
    """
    for first in listeners:
        settings = first.settings
        if settings.path is not None or settings.proxy:
            continue
        places = [other.bound for other in listeners if other.settings is settings]
        bound = [address for address, _port in places if not address.is_loopback]
        if bound:
            return FoundListener(settings, bound, first.bound[1])
    return None


class Discoverable(Protocol):
    """A server that others can find."""

    settings: Settings
    """All of config.ini as it is now."""
    local_host: str
    """The host name that multicast DNS answers for it; "" for none."""


class Discovery:
    """Lets others find a server.

    Args:
        listener: where they connect.
        server: the server, whose `local_host` is set.
        look: returns the interfaces of this machine, and may block.
        responder: makes a responder of DNS-SD.
        pause: waits until the next look.
        beacon_port: UDP port of the beacon.
    """

    def __init__(
        self,
        listener: FoundListener,
        server: Discoverable,
        look: Callable[[], list[Interface]] = interfaces,
        responder: Callable[[], Responder] = Responder,
        pause: Callable[[], Awaitable[None]] = _pause,
        beacon_port: int = BEACON_PORT,
    ) -> None:
        self._listener = listener
        self._server = server
        self._look = look
        self._make_responder = responder
        self._pause = pause
        self._beacon_port = beacon_port
        self._responder: Responder | None = None
        self._advertised: Advertised | None = None
        self._problem = ""
        self._all: list[Interface] = []
        self._near: list[Interface] = []
        self._links: list[Interface] = []
        self._by_ipv6: trio.socket.SocketType | None = None

    async def run(self) -> None:
        """Let others find the server until cancelled, then say goodbye."""
        async with trio.open_nursery() as nursery:
            for family in (socket.AF_INET, socket.AF_INET6):
                if _VERSIONS[family] in self._listener.versions:
                    nursery.start_soon(self._serve_beacon, family)
            try:
                while True:
                    self._all = await trio.to_thread.run_sync(self._look)
                    self._near = self._listener.near(self._all)
                    self._links = self._listener.links(self._all)
                    self._join_links()
                    await self._follow()
                    await self._pause()
            finally:
                with trio.move_on_after(_GOODBYE, shield=True):
                    await self._stop()

    @property
    def record(self) -> ServiceRecord:
        """What the server says of itself."""
        server, listener = self._server.settings.server, self._listener
        return ServiceRecord(
            name=self._server.settings.discovery.name or server.network,
            port=listener.port,
            network=server.network,
            lobby=server.lobby,
            path="/" if listener.settings.websocket else "",
            tls=listener.settings.tls,
            version=__version__,
        )

    def answers(self, query: BeaconQuery, sender: IpAddress, index: int) -> bool:
        """Return whether the beacon answers a query: it comes from a network in which the server
        can be found, and the client does not find it by IPv4 already.

        Args:
            query: the query.
            sender: its address.
            index: of the interface by which a link-local address is reached.
        """
        if sender.version == 6 and sender.is_link_local:
            near = [link for link in self._links if link.scope_id == index]
        else:
            near = [each for each in self._near if sender in each.address.network]
        names = {each.name for each in near}
        is_found_by_ipv4 = (
            query.asks_by_ipv4
            and sender.version == 6
            and any(each.ip.version == 4 and each.name in names for each in self._near)
        )
        return bool(near) and not is_found_by_ipv4

    async def _follow(self) -> None:
        """Make DNS-SD say what is so now."""
        wanted = self._wanted()
        before, self._advertised = self._advertised, wanted
        has_lost_name = self._responder is not None and self._responder.has_lost_name
        if wanted == before and not has_lost_name:
            return
        try:
            if (
                self._responder is not None
                and not has_lost_name
                and wanted is not None
                and _has_moved(before, wanted)
            ):
                await trio.to_thread.run_sync(self._responder.move, wanted, abandon_on_cancel=True)
            else:
                await self._restart(wanted)
            self._problem = ""
        except ResponderError as error:
            if str(error) != self._problem:
                log.info(
                    "others do not find this server by multicast DNS: %s; they can still give its"
                    " address",
                    error,
                )
            self._problem = str(error)
            self._advertised = None  # the next look tries again
            await self._stop()

    async def _restart(self, wanted: Advertised | None) -> None:
        await self._stop()
        if wanted is None:
            return
        responder = self._responder = self._make_responder()
        await trio.to_thread.run_sync(responder.start, wanted, abandon_on_cancel=True)
        self._server.local_host = responder.host
        log.info(
            'others on the network find this server as "%s", and its host as %s',
            responder.name,
            responder.host,
        )

    async def _stop(self) -> None:
        responder, self._responder = self._responder, None
        self._server.local_host = ""
        if responder is not None:
            await trio.to_thread.run_sync(responder.close, abandon_on_cancel=True)

    def _wanted(self) -> Advertised | None:
        settings = self._listener.settings
        if not self._near:
            return None
        plain, encrypted = SERVICE_TYPES
        types = {
            plain: settings.tls != "required",
            encrypted: settings.tls != "off",
            PAGE_TYPE: settings.websocket and settings.tls != "required",
        }
        return Advertised(
            record=self.record,
            types=tuple(type_ for type_, is_so in types.items() if is_so),
            host=local_host(self._server.settings.server.name),
            addresses=tuple(interface.ip for interface in self._near),
            own=frozenset(interface.ip for interface in self._all),
            sources=tuple(multicast_sources(self._around())),
        )

    def _around(self) -> list[Interface]:
        """Return all addresses of the interfaces through which the server is found: multicast DNS
        by IPv4 tells addresses of IPv6, and the other way round.
        """
        names = {interface.name for interface in self._near}
        return [
            each
            for each in self._all
            if each.name in names and (each.ip.version == 6 or _is_local(each.ip))
        ]

    def _join_links(self) -> None:
        if self._by_ipv6 is not None:
            for index in {link.scope_id for link in self._links}:
                join_all_nodes(self._by_ipv6, index)

    async def _serve_beacon(self, family: socket.AddressFamily) -> None:
        try:
            sock = await open_beacon(self._beacon_port, family)
        except OSError as error:
            log.info(
                "UDP port %d is not used for discovery by IPv%d: %s",
                self._beacon_port,
                _VERSIONS[family],
                error,
            )
            return
        with sock:
            if family == socket.AF_INET6:
                self._by_ipv6 = sock
                self._join_links()
            await Beacon(sock, self._named_record, self.answers).run()

    def _named_record(self) -> ServiceRecord:
        """Return the record with the name that DNS-SD has found free."""
        name = self._responder.name if self._responder is not None else ""
        return self.record._replace(name=name) if name else self.record


def _is_local(address: IpAddress) -> bool:
    return address.is_private or address.is_link_local


def _accepts(bound: IpAddress, own: IpAddress) -> bool:
    return bound == own or (bound.is_unspecified and bound.version == own.version)


def _has_moved(before: Advertised | None, wanted: Advertised) -> bool:
    return (
        before is not None
        and before.record == wanted.record
        and before.types == wanted.types
        and before.host == wanted.host
        and {one.version for one in before.sources} == {one.version for one in wanted.sources}
    )
