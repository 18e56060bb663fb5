"""The question for a server on the full screen: a list that fills, and ways to choose from it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from client_fakes import until
from discovery_fakes import OFFICE, FakeNetwork
from screen_fakes import CAPS, FakeScreen, WatchedClient
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.options import ConnectOptions, ServerOptions
from trio_chat.client.screen import start
from trio_chat.client.screen.app import ScreenOptions
from trio_chat.client.trust import Security
from trio_chat.config import load
from trio_chat.irc.discovery import ServiceRecord

OPTIONS = ConnectOptions(host="127.0.0.1", port=5000, nick="alice", searches=True)


class Asked:
    """A client that asks for a server.

    Args:
        running: the client.
        network: what it searches in.
        targets: the servers that it was asked to join.
    """

    def __init__(
        self, running: WatchedClient, network: FakeNetwork, targets: list[ServerOptions]
    ) -> None:
        self.running, self.network, self.targets = running, network, targets
        self.screen = running.screen

    async def joined(self) -> tuple[str, int, tuple[str, ...]]:
        """Return the server that the client joins."""
        await until(lambda: bool(self.targets))
        [target] = self.targets
        return target.host, target.port, target.channels


@asynccontextmanager
async def asked(
    monkeypatch: pytest.MonkeyPatch,
    options: ConnectOptions = OPTIONS,
    closed: tuple[tuple[str, int], ...] = (("127.0.0.1", 5000),),
) -> AsyncIterator[Asked]:
    """Run a client that asks; no server runs on this machine unless it is not among the closed."""
    network, targets = FakeNetwork(), list[ServerOptions]()
    network.closed = list(closed)
    running = WatchedClient(FakeScreen(100, 30), ScreenOptions(theme="dark"), CAPS)

    def make_link(target: ServerOptions) -> object:
        targets.append(target)
        return running.link()

    monkeypatch.setattr(start, "make_link", make_link)
    monkeypatch.setattr(
        "trio_chat.client.discovery.search.ServerSearch",
        lambda known, own: network.search(*known, own=own),
    )
    monkeypatch.setattr(KnownServers, "newest", lambda _self, _most: [])
    start._ask(running.client, options)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.run)
        await until(lambda: bool(network.opened))
        yield Asked(running, network, targets)
        nursery.cancel_scope.cancel()


async def test_a_server_is_chosen_with_the_arrow_keys(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that clash are distinguished by their addresses, and the chosen line stays chosen."""
    async with asked(monkeypatch) as it:
        it.network.answer(OFFICE, "192.168.1.8")
        it.network.answer(OFFICE, "192.168.1.9")
        await it.running.sees("1  Office", "192.168.1.8:5000", "2  Office", "192.168.1.9:5000")
        it.screen.press("down")
        it.network.answer(ServiceRecord("Late", 5000), "192.168.1.10")
        await it.running.sees("3  Late")
        it.screen.press("enter")
        assert await it.joined() == ("192.168.1.9", 5000, ("#tea",))
        await until(lambda: it.network.opened == ())
        await it.running.sees_not("Late")


async def test_a_server_is_chosen_by_its_number(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that is not in the list is asked again."""
    async with asked(monkeypatch) as it:
        it.network.answer(OFFICE, "192.168.1.8")
        await it.running.sees("1  Office")
        it.screen.type("7")
        it.screen.press("enter")
        await it.running.sees("There is no server number 7", "Server:")
        it.screen.type("1")
        it.screen.press("enter")
        assert await it.joined() == ("192.168.1.8", 5000, ("#tea",))


async def test_an_address_can_be_typed(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a server that is found or of one that is not; what is said on the command line counts."""
    pinned = replace(OPTIONS, security=Security(fingerprint="ab" * 32))
    async with asked(monkeypatch, pinned) as it:
        it.network.answer(OFFICE, "192.168.1.8")
        await it.running.sees("1  Office")
        it.screen.type("chat.example.org:6000")
        it.screen.press("enter")
        assert await it.joined() == ("chat.example.org", 6000, ("#lobby",))
        assert it.targets[0].security.fingerprint == "ab" * 32


async def test_enter_without_a_list_means_this_computer(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page explains meanwhile why nothing was found, and where was searched."""
    async with asked(monkeypatch) as it:
        await it.running.sees("192.168.1.0/24 (wlan0)", "No server has answered")
        it.screen.press("enter")
        assert (await it.joined())[:2] == ("127.0.0.1", 5000)


async def test_the_server_of_this_computer_is_in_the_list(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may announce nothing because it is for this computer only."""
    async with asked(monkeypatch, closed=()) as it:
        await it.running.sees("1  this computer", "127.0.0.1:5000")
        it.screen.press("enter")
        assert (await it.joined())[:2] == ("127.0.0.1", 5000)


async def test_the_first_run_asks_for_the_nickname_next(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The found server is in the configuration that is written."""
    file = tmp_path / "client.ini"
    monkeypatch.setattr(start, "config_file", lambda: file)
    async with asked(monkeypatch, replace(OPTIONS, nick="", is_first_run=True)) as it:
        await it.running.sees("Welcome to trio-chat")
        it.network.answer(OFFICE, "192.168.1.8")
        await it.running.sees("1  Office")
        it.screen.press("enter")
        await it.running.sees("Nickname [")
        it.screen.type("anna")
        it.screen.press("enter")
        await it.running.sees("Register this nickname")
        it.screen.press("enter")
        assert await it.joined() == ("192.168.1.8", 5000, ("#tea",))
        assert it.targets[0].nick == "anna"
        await until(lambda: file.exists() and "channels = #tea" in file.read_text())
        assert "host = 192.168.1.8" in file.read_text()


async def test_the_first_run_takes_a_network_with_several_addresses(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All of them are tried, and all are in the configuration that is written."""
    file = tmp_path / "client.ini"
    monkeypatch.setattr(start, "config_file", lambda: file)
    async with asked(monkeypatch, replace(OPTIONS, nick="", is_first_run=True)) as it:
        await it.running.sees("Welcome to trio-chat")
        it.screen.type("a.example, [::1]:5001,b.example")
        it.screen.press("enter")
        await it.running.sees("Nickname [")
        it.screen.type("anna")
        it.screen.press("enter")
        await it.running.sees("Register this nickname")
        it.screen.press("enter")
        assert await it.joined() == ("a.example", 5000, ("#lobby",))
        assert it.targets[0].others == (("::1", 5001), ("b.example", 5000))
        await until(lambda: file.exists() and "channels" in file.read_text())
        [profile] = load(file).profiles
        assert profile.host == (("a.example", None), ("::1", 5001), ("b.example", None))
        assert profile.port == 5000
