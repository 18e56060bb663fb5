"""The search for servers: DNS-SD and the beacon in every network of this machine, and a connection
to each server in them as a test whether it can be reached.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import trio

from trio_chat.client.discovery.browsing import DnsSdBrowser
from trio_chat.client.discovery.found import FoundServer, FoundServers
from trio_chat.client.discovery.queries import ask_network, questions
from trio_chat.i18n import _
from trio_chat.interfaces import Interface, default_sources, interfaces, multicast_sources
from trio_chat.irc.addresses import IpAddress, parse_address
from trio_chat.irc.discovery import BEACON_PORT, ServiceRecord, shown

PROBE_TIMEOUT = 3.0
"""Seconds in which a server takes a connection, or is not reachable."""
_PROBES_AT_ONCE = 16
_CLOSING = 1.0

Probe = Callable[[str, int], Awaitable[bool]]
"""Returns whether a server takes connections; never raises OSError."""


async def takes_connections(host: str, port: int) -> bool:
    """Return whether a server takes a connection; it is closed at once."""
    with trio.move_on_after(PROBE_TIMEOUT):
        try:
            await (await trio.open_tcp_stream(host, port)).aclose()
        except (OSError, UnicodeError):
            return False
        return True
    return False


class ServerSearch:
    """One search.

    Args:
        known: servers to which the client has connected before, the newest first.
        own: the host and port of a server that may run on this machine.
        look: returns the interfaces of this machine, and may block.
        browser: makes a browser of DNS-SD.
        probe: tests a connection.
        beacon_port: UDP port of the beacons.
    """

    def __init__(
        self,
        known: Iterable[tuple[str, int]] = (),
        own: tuple[str, int] | None = None,
        look: Callable[[], list[Interface]] = interfaces,
        browser: Callable[..., DnsSdBrowser] = DnsSdBrowser,
        probe: Probe = takes_connections,
        beacon_port: int = BEACON_PORT,
    ) -> None:
        self._own = own
        self._look = look
        self._make_browser = browser
        self._probe = probe
        self._beacon_port = beacon_port
        self._limit = trio.CapacityLimiter(_PROBES_AT_ONCE)
        self._nursery: trio.Nursery | None = None
        self._changed: Callable[[], object] = lambda: None
        self.networks: Sequence[Interface] = ()
        """The interfaces in whose networks the search takes place."""
        self.defaults: set[IpAddress] = set()
        """The addresses from which this machine sends to the Internet."""
        self.looked = trio.Event()
        """Set when these two are known."""
        self.has_multicast = True
        self.found = FoundServers(self._is_near)
        for host, port in known:
            self.found.know(host, port)

    async def run(self, changed: Callable[[], object]) -> None:
        """Search until cancelled.

        Args:
            changed: called whenever the list has changed.
        """
        self._changed = changed
        own = await trio.to_thread.run_sync(self._look, abandon_on_cancel=True)
        self.networks = [each for each in own if not each.ip.is_loopback] or own
        self.defaults = await trio.to_thread.run_sync(default_sources, abandon_on_cancel=True)
        self.looked.set()
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                for server in self.found.servers:
                    if self.tests(server):
                        nursery.start_soon(self._test, server)
                for question in questions(self.networks):
                    nursery.start_soon(ask_network, question, self._take, self._beacon_port)
                nursery.start_soon(self._look_here)
                nursery.start_soon(self._browse)
                await trio.sleep_forever()
        finally:
            self._nursery = None

    def tests(self, server: FoundServer) -> bool:
        """Return whether the search connects to a server: only in the networks of this machine.

        A known server elsewhere may be one that the user reaches through a proxy, so that a direct
        connection would reveal the user's address.
        """
        address = parse_address(server.host)
        return address is not None and (address.is_loopback or self._is_near(address))

    async def _look_here(self) -> None:
        if self._own is not None and await self._probe(*self._own):
            self.found.add_own(*self._own, _("this computer"))
            self._changed()

    def _is_near(self, address: IpAddress) -> bool:
        """Return whether a network of this machine has an address."""
        return not address.is_multicast and any(
            address in interface.address.network for interface in self.networks
        )

    def _take(self, record: ServiceRecord, addresses: list[IpAddress]) -> None:
        server = self.found.add(record, addresses)
        if server is not None and self._nursery is not None:
            self._nursery.start_soon(self._test, server)
            self._changed()

    def _lose(self, name: str) -> None:
        """Test again the servers of a name that has said goodbye: others may have said that."""
        if self._nursery is None:
            return
        for server in self.found.servers:
            if server.name == shown(name):
                self._nursery.start_soon(partial(self._test, server, is_leaving=True))

    async def _test(self, server: FoundServer, *, is_leaving: bool = False) -> None:
        async with self._limit:
            is_reachable = await self._probe(server.host, server.port)
        if is_leaving and not is_reachable:
            self.found.lose(server)
        else:
            self.found.set_reachable(server, is_reachable)
        self._changed()

    async def _browse(self) -> None:
        soon = partial(_soon, trio.lowlevel.current_trio_token())
        browser = self._make_browser(partial(soon, self._take), partial(soon, self._lose))
        sources = multicast_sources(self.networks)
        try:
            await trio.to_thread.run_sync(browser.open, sources, abandon_on_cancel=True)
            await trio.sleep_forever()
        except OSError:  # the beacon is still there
            self.has_multicast = False
            self._changed()
        finally:
            with trio.move_on_after(_CLOSING, shield=True):
                await trio.to_thread.run_sync(browser.close, abandon_on_cancel=True)


def _soon(token: trio.lowlevel.TrioToken, call: Callable[..., None], *arguments: Any) -> None:
    """Make a call in Trio's thread; nothing happens when Trio has ended."""
    with suppress(trio.RunFinishedError):
        token.run_sync_soon(call, *arguments)
