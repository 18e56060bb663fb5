"""A search for servers without a network: what answers, and what takes connections."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_interface

from trio_chat.client.discovery.browsing import DnsSdBrowser
from trio_chat.client.discovery.search import ServerSearch
from trio_chat.interfaces import Interface
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import ServiceRecord

OFFICE = ServiceRecord("Office", 5000, lobby="#tea")
WLAN = Interface("wlan0", ip_interface("192.168.1.7/24"))


class FakeNetwork(DnsSdBrowser):
    """A network in which servers answer when a test says so; the browser of the search in it."""

    def __init__(self) -> None:
        self.interfaces = [WLAN]
        self.closed: list[tuple[str, int]] = []
        """Servers that take no connection."""
        self.probed: list[tuple[str, int]] = []
        self.opened: Sequence[IpAddress] = ()
        self.has_multicast = True
        self.answers = False
        """Whether a server answers `trio-chat find`."""

    def search(self, *known: tuple[str, int], own: tuple[str, int] | None = None) -> ServerSearch:
        """Return a search in this network."""
        return ServerSearch(
            known,
            own=own,
            look=lambda: self.interfaces,
            browser=self._browser,
            probe=self._probe,
            beacon_port=9,
        )

    def answer(self, record: ServiceRecord, *addresses: str) -> None:
        """Let a server answer, in the thread in which the search runs."""
        self._found(record, [ip_address(text) for text in addresses])

    def say_goodbye(self, name: str) -> None:
        """Let a server end, or somebody else in its name."""
        self._gone(name)

    def open(self, addresses: Sequence[IpAddress]) -> None:
        """Note where the search takes place."""
        if not self.has_multicast:
            raise OSError("no such device")
        self.opened = addresses

    def close(self) -> None:
        """Note the end."""
        self.opened = ()

    def _browser(
        self,
        found: Callable[[ServiceRecord, list[IpAddress]], None],
        gone: Callable[[str], None],
    ) -> DnsSdBrowser:
        super().__init__(found, gone)
        return self

    async def _probe(self, host: str, port: int) -> bool:
        self.probed.append((host, port))
        return (host, port) not in self.closed
