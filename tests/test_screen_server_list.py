"""`/connect` without an address: the servers of this network, in a client that is running."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from client_fakes import until
from discovery_fakes import OFFICE, FakeNetwork
from screen_fakes import WatchedClient, inside
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.link.link import Link
from trio_chat.client.options import ConnectOptions, ServerOptions
from trio_chat.client.screen import start

OPTIONS = ConnectOptions(host="chat.example.org", port=5000, nick="alice", key="SECRET")


class Listed:
    """A client in a chat that lists servers.

    Args:
        running: the client.
        network: what it searches in.
        targets: the servers that it was asked to join.
    """

    def __init__(self, running: WatchedClient, network: FakeNetwork) -> None:
        self.running, self.network = running, network
        self.targets: list[ServerOptions] = []
        self.screen = running.screen

    def make_link(self, target: ServerOptions) -> Link:
        """Return a link to a server of ours, and note where it ought to lead."""
        self.targets.append(target)
        return self.running.link()


@asynccontextmanager
async def listed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listed]:
    """Run a client in a chat, and type the command; no server runs on this machine."""
    network = FakeNetwork()
    network.closed = [("127.0.0.1", 5000)]
    monkeypatch.setattr(
        "trio_chat.client.discovery.search.ServerSearch",
        lambda known, own: network.search(*known, own=own),
    )
    monkeypatch.setattr(KnownServers, "newest", lambda _self, _most: [])
    async with inside() as (running, _server):
        it = Listed(running, network)
        monkeypatch.setattr(start, "make_link", it.make_link)
        running.client.list_servers = lambda: start._list_servers(running.client, OPTIONS)
        it.screen.press(*"/connect", "enter")
        await until(lambda: bool(network.opened))
        yield it


async def test_a_server_is_chosen_from_the_list(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client connects to it as well, without the invitation to the first server."""
    async with listed(monkeypatch) as it:
        it.network.answer(OFFICE, "192.168.1.8")
        it.network.answer(OFFICE, "192.168.1.9")
        await it.running.sees("1  Office", "192.168.1.8:5000", "2  Office", "192.168.1.9:5000")
        it.screen.press("down", "enter")
        await until(lambda: bool(it.targets))
        assert (it.targets[0].host, it.targets[0].port) == ("192.168.1.9", 5000)
        assert (it.targets[0].channels, it.targets[0].key) == (("#tea",), "")
        await until(lambda: it.network.opened == ())
        assert len(it.running.workspace.servers) == 2


@pytest.mark.parametrize("typed", ["2", "192.168.1.9", "bEta"])
async def test_what_is_typed_filters_the_list(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    """By number, address or name."""
    async with listed(monkeypatch) as it:
        it.network.answer(OFFICE, "192.168.1.8")
        it.network.answer(OFFICE._replace(name="Beta"), "192.168.1.9")
        await it.running.sees("1  Office", "2  Beta")
        it.screen.press(*typed)
        await it.running.sees_not("Office")
        it.screen.press("enter")
        await until(lambda: bool(it.targets))
        assert it.targets[0].host == "192.168.1.9"


async def test_an_address_that_is_not_in_the_list_can_be_typed(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a link with an invitation, whose key is for that server."""
    async with listed(monkeypatch) as it:
        it.screen.press(*"http://192.0.2.7:6000/#tea?invite=abc")
        await it.running.sees("Connect to http://192.0.2.7:6000/#tea?invite=abc")
        it.screen.press("enter")
        await until(lambda: bool(it.targets))
        assert (it.targets[0].host, it.targets[0].port) == ("192.0.2.7", 6000)
        assert it.targets[0].key == "abc"


async def test_a_server_that_is_open_already_is_gone_to(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of a second connection to it."""
    async with listed(monkeypatch) as it:
        it.network.answer(OFFICE, "192.168.1.8")
        await it.running.sees("1  Office")
        it.running.workspace.servers[0].name = "192.168.1.8:5000"
        it.screen.press("enter")
        await it.running.sees_not("Office")
        assert len(it.running.workspace.servers) == 1
        server = it.running.workspace.servers[0]
        assert it.running.workspace.buffer is server.log


async def test_it_says_why_nothing_was_found(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where was searched; Esc ends the search, and what was typed before comes back."""
    async with listed(monkeypatch) as it:
        await it.running.sees("192.168.1.0/24 (wlan0)", "No server has answered", "firewall")
        it.screen.press("esc")
        await until(lambda: it.network.opened == ())
        await it.running.sees_not("No server has answered")
        assert len(it.running.workspace.servers) == 1


async def test_another_page_ends_the_search(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that answer later do not appear on that page."""
    async with listed(monkeypatch) as it:
        await it.running.sees("Servers — Enter connects")
        it.screen.press("meta k")
        await until(lambda: it.network.opened == ())
        await trio.testing.wait_all_tasks_blocked()
        assert "Servers — Enter" not in it.screen.text()
