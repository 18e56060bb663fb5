"""Browsing by DNS-SD (RFC 6763 §4): the servers that announce `_irc._tcp` or `_ircs._tcp`.

`zeroconf` runs in threads of its own, in which it calls the functions that are given here.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING

from trio_chat.interfaces import fallbacks
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import SERVICE_TYPES, ServiceRecord, record_of

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

_RESOLVING = 300
"""Milliseconds for the address of a service that did not come with its name."""
_MOST_REQUESTS = 3
"""Services that are asked for their address, one after the other; of others it has to come. An
attacker who invents names without addresses delays real servers by that much.
"""
_MOST_REPORTS = 200
"""Services with an address, and farewells, that are taken in one search; more is a flood."""
_MOST_NAMES = 20_000
"""Names of services that are looked at: less than a second of work."""


def open_zeroconf(addresses: Sequence[IpAddress]) -> "Zeroconf":
    """Return what speaks multicast DNS from some addresses; where that is not possible by both
    versions of IP, by IPv4 alone. Blocks.

    Raises:
        OSError, RuntimeError, zeroconf.Error: multicast DNS cannot be used.
    """
    import zeroconf  # noqa: PLC0415  # only a search needs it

    # Warnings about other machines stay off the terminal.
    logger = logging.getLogger("zeroconf")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    if not addresses:
        raise OSError("there is no address to speak from")
    *firsts, last = fallbacks(addresses)
    for sources in firsts:
        with suppress(OSError, RuntimeError, zeroconf.Error):
            return zeroconf.Zeroconf(interfaces=sources, use_asyncio=False)
    return zeroconf.Zeroconf(interfaces=last, use_asyncio=False)


class DnsSdBrowser:
    """Browses until it is closed. Its methods block: call them in a thread.

    Args:
        found: called in another thread with each server and its addresses.
        gone: called there with the name of one that has said goodbye.
    """

    def __init__(
        self,
        found: Callable[[ServiceRecord, list[IpAddress]], None],
        gone: Callable[[str], None],
    ) -> None:
        self._found = found
        self._gone = gone
        self._reports = self._requests = self._names = 0
        self._is_closed = False
        self._zeroconf: Zeroconf | None = None

    def open(self, addresses: Sequence[IpAddress]) -> None:
        """Begin to browse.

        Args:
            addresses: of this machine, in the networks in which to browse.

        Raises:
            OSError: multicast DNS cannot be used.
        """
        import zeroconf  # noqa: PLC0415  # only a search needs it

        try:
            running = self._zeroconf = open_zeroconf(addresses)
            if self._is_closed:
                self.close()
            else:
                zeroconf.ServiceBrowser(running, list(SERVICE_TYPES), self)  # type: ignore[arg-type]
        except (RuntimeError, zeroconf.Error) as error:
            self.close()
            raise OSError(str(error)) from error

    def close(self) -> None:
        """End; also `open`, when another thread is in it. A second call does nothing."""
        self._is_closed = True
        running, self._zeroconf = self._zeroconf, None
        if running is not None:
            running.close()

    # As zeroconf.ServiceListener

    def add_service(self, zc: "Zeroconf", type_: str, name: str) -> None:
        """Look a new service up."""
        from zeroconf import Error, ServiceInfo  # noqa: PLC0415

        self._names += 1
        if self._is_closed or self._names > _MOST_NAMES or self._reports >= _MOST_REPORTS:
            return
        try:
            info = ServiceInfo(type_, name)
            if not (info.load_from_cache(zc) or self._request(info, zc)):
                return
        except Error:  # an answer that is not valid
            return
        addresses = [ip_address(text.partition("%")[0]) for text in info.parsed_addresses()]
        if info.port:
            self._reports += 1
            addresses.sort(key=lambda address: not isinstance(address, IPv4Address))
            record = record_of(name.removesuffix(f".{type_}"), info.port, info.properties)
            self._found(record, addresses)

    def _request(self, info: "ServiceInfo", zc: "Zeroconf") -> bool:
        self._requests += 1
        return self._requests <= _MOST_REQUESTS and info.request(zc, _RESOLVING)

    def update_service(self, zc: "Zeroconf", type_: str, name: str) -> None:
        """Look a service up whose records have changed."""
        self.add_service(zc, type_, name)

    def remove_service(self, zc: "Zeroconf", type_: str, name: str) -> None:
        """Report a service that has said goodbye."""
        self._reports += 1
        if not self._is_closed and self._reports <= _MOST_REPORTS:
            self._gone(name.removesuffix(f".{type_}"))
