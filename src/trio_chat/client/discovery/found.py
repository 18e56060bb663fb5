"""The list of servers that a search has found, as plain values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from trio_chat.config import values
from trio_chat.irc.addresses import IpAddress, format_address
from trio_chat.irc.discovery import ServiceRecord

_MOST = 50
_MOST_PORTS = 5
"""Servers of one address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """One server, which answered or to which the client has connected before.

    Args:
        host: its address or, of a known server, its name.
        port: its port.
        name: what it calls itself; "" as long as it has not answered.
        channel: the channel to join; "" for the usual one.
        is_known: whether the client has connected there before.
        is_found: whether it has answered the search.
        is_reachable: whether it takes connections; None where that is not known.
    """

    host: str
    port: int
    name: str = ""
    channel: str = ""
    is_known: bool = False
    is_found: bool = False
    is_reachable: bool | None = None

    @property
    def address(self) -> str:
        """The host with the port."""
        return format_address(self.host, self.port)


class FoundServers:
    """The list. A server keeps its place, so a number that the user types means what was shown.

    Args:
        is_near: returns whether an address belongs to a network of this machine.
    """

    def __init__(self, is_near: Callable[[IpAddress], bool]) -> None:
        self._is_near = is_near
        self._servers: dict[tuple[str, int], FoundServer] = {}

    def __len__(self) -> int:
        return len(self._servers)

    @property
    def servers(self) -> list[FoundServer]:
        """All servers, in the order in which they became known."""
        return list(self._servers.values())

    def know(self, host: str, port: int) -> None:
        """Add a server to which the client has connected before."""
        self._servers.setdefault((host, port), FoundServer(host=host, port=port, is_known=True))

    def add_own(self, host: str, port: int, name: str) -> None:
        """Add a server of this machine that takes connections."""
        server = FoundServer(host=host, port=port, name=name, is_found=True, is_reachable=True)
        self._servers[host, port] = server

    def add(self, record: ServiceRecord, addresses: Iterable[IpAddress]) -> FoundServer | None:
        """Add what has answered a search; return the server if that is news.

        Of several addresses the first in a network of this machine counts. An answer never changes
        the address of a server that is in the list.

        Args:
            record: what it says of itself.
            addresses: at which it can be reached, the best one first.
        """
        host = next((str(address) for address in addresses if self._is_near(address)), "")
        if not host or not (0 < record.port < 65536):
            return None
        before = self._servers.get((host, record.port))
        if before is None:
            ports = sum(1 for other, _port in self._servers if other == host)
            if len(self._servers) >= _MOST or ports >= _MOST_PORTS:
                return None
            before = FoundServer(host=host, port=record.port)
        name = before.name or record.name or record.network
        server = replace(before, name=name, channel=_channel(record.lobby), is_found=True)
        if server == self._servers.get((host, record.port)):
            return None
        self._servers[host, record.port] = server
        return server

    def lose(self, server: FoundServer) -> None:
        """Note that a server has said goodbye and takes no connection."""
        place = (server.host, server.port)
        if place in self._servers:
            self._servers[place] = replace(self._servers[place], is_found=False, is_reachable=False)

    def set_reachable(self, server: FoundServer, is_reachable: bool) -> None:
        """Note whether a server takes connections."""
        place = (server.host, server.port)
        if place in self._servers:
            self._servers[place] = replace(self._servers[place], is_reachable=is_reachable)


def _channel(lobby: str) -> str:
    """Return the channel that a server offers; "" for a text that is none."""
    try:
        return values.channel(lobby) if lobby else ""
    except ValueError:
        return ""
