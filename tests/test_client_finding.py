"""The servers that a search has found: what the user is shown, and may choose."""

import json
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from client_fakes import until
from discovery_fakes import OFFICE, WLAN, FakeNetwork
from trio_chat.client.discovery import plain
from trio_chat.client.discovery.describing import server_lines, why_nothing
from trio_chat.client.discovery.found import FoundServer
from trio_chat.client.discovery.plain import PlainChooser, chosen_server
from trio_chat.client.discovery.search import ServerSearch
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.target import ServerAddress, TargetError
from trio_chat.interfaces import Interface


@pytest.fixture
def network() -> FakeNetwork:
    """Return a network."""
    return FakeNetwork()


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (FoundServer(host="192.168.1.8", port=1, name="Office"), ["Office", "192.168.1.8:1", "…"]),
        (
            FoundServer(host="::1", port=5000, is_known=True, is_reachable=False),
            ["(known)", "[::1]:5000", "not reachable"],
        ),
        (
            FoundServer(host="h", port=1, is_found=True, is_reachable=False),
            ["h:1", "takes no connection"],
        ),
        (
            FoundServer(host="h", port=1, is_found=True, is_known=True, is_reachable=True),
            ["can be reached, known"],
        ),
    ],
)
def test_the_line_of_a_server(server: FoundServer, words: list[str]) -> None:
    """It names the server, its address and its state."""
    [line] = server_lines([server])
    assert [word for word in words if word not in line] == []


def test_the_reasons_fit_the_machine() -> None:
    """Without a network it is that; a VPN with the default route is named."""
    search = FakeNetwork().search()
    assert "not connected to any network" in why_nothing(search)[-1]
    search.networks = [WLAN, Interface("wg0", ip_interface("10.8.0.2/24"))]
    assert "VPN" not in "".join(why_nothing(search))
    search.defaults = {ip_address("10.8.0.2")}
    assert "(wg0)" in "".join(why_nothing(search))
    assert "firewall" in "".join(why_nothing(search))


SERVERS = [
    FoundServer(host="192.168.1.8", port=5000, channel="#tea"),
    FoundServer(host="fd00::8", port=6000),
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", ServerAddress("192.168.1.8", 5000, "#tea")),
        (" 2 ", ServerAddress("fd00::8", 6000)),
        ("192.0.2.7", ServerAddress("192.0.2.7", None)),
        ("chat.example.org:6000", ServerAddress("chat.example.org", 6000)),
    ],
)
def test_a_number_or_an_address_is_a_choice(typed: str, meant: ServerAddress) -> None:
    """Nothing means the first server."""
    assert chosen_server(typed, SERVERS) == meant


@pytest.mark.parametrize("typed", ["0", "3", "999", "a b", "host:x"])
def test_what_is_no_choice_is_refused(typed: str) -> None:
    """With a sentence for the user."""
    with pytest.raises(TargetError):
        chosen_server(typed, SERVERS)
    with pytest.raises(TargetError, match="No server has been found yet"):
        chosen_server("", [])


class Typist:
    """A user of the plain list; a test says what is typed."""

    def __init__(self, search: ServerSearch) -> None:
        self.text = ""
        self.type, self._typed = trio.open_memory_channel[str | None](10)
        self.chosen: list[ServerAddress | None] = []
        self._chooser = PlainChooser(search, self._typed.receive, self._write)

    async def _write(self, text: str) -> None:
        await trio.lowlevel.checkpoint()
        self.text += text

    async def run(self) -> None:
        """Choose."""
        self.chosen.append(await self._chooser.run())


async def test_the_plain_list_is_chosen_from_by_number(
    network: FakeNetwork, nursery: trio.Nursery
) -> None:
    """Servers appear while the question is open; a wrong answer is asked again."""
    typist = Typist(network.search())
    nursery.start_soon(typist.run)
    await until(lambda: bool(network.opened))
    network.answer(OFFICE, "192.168.1.8")
    await until(lambda: "  1  Office" in typist.text)
    network.answer(OFFICE, "192.168.1.9")
    await until(lambda: "  2  Office" in typist.text)
    typist.type.send_nowait("3")
    await until(lambda: "no server number 3" in typist.text)
    typist.type.send_nowait("2")
    await until(lambda: bool(typist.chosen))
    assert typist.chosen == [ServerAddress("192.168.1.9", 5000, "#tea")]
    assert typist.text.endswith("Number or address: ")


async def test_an_empty_plain_list_says_why(
    network: FakeNetwork, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """And where was searched; the end of the input is no choice."""
    typist = Typist(network.search())
    nursery.start_soon(typist.run)
    await until(lambda: "No server has answered" in typist.text)
    assert "192.168.1.0/24 (wlan0)" in typist.text
    typist.type.send_nowait(None)
    await until(lambda: bool(typist.chosen))
    assert typist.chosen == [None]


# trio-chat find


@pytest.fixture
def at_home(network: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    """Let `find` search in the network, and know one server that has gone."""
    monkeypatch.setattr(KnownServers, "newest", lambda _self, _most: [("192.168.1.99", 5000)])
    monkeypatch.setattr(plain, "ServerSearch", lambda known: network.search(*known))
    network.closed = [("192.168.1.99", 5000)]

    async def search_until_tested(search: ServerSearch, _seconds: float) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(search.run, lambda: None)
            await until(lambda: bool(network.opened))
            if network.answers:
                network.answer(OFFICE, "192.168.1.8")
            await until(lambda: len(set(network.probed)) == 1 + network.answers)
            nursery.cancel_scope.cancel()

    monkeypatch.setattr(plain, "_search_for", search_until_tested)
    return network


def test_find_prints_lines(at_home: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """One for each server; the exit code tells whether any has answered."""
    at_home.answers = True
    assert plain.find(1, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["192.168.1.99:5000", "192.168.1.8:5000"]


def test_find_prints_json(at_home: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """An array that programs can read, and nothing else."""
    at_home.answers = True
    assert plain.find(1, as_json=True) == 0
    output = capsys.readouterr()
    assert [server["host"] for server in json.loads(output.out)] == ["192.168.1.99", "192.168.1.8"]
    assert output.err == ""


def test_find_says_why_nothing_was_found(
    at_home: FakeNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error; a known server that is not reachable has not answered."""
    assert plain.find(1, as_json=False) == 1
    assert "No server has answered" in capsys.readouterr().err
    assert plain.find(1, as_json=True) == 1
    assert at_home.opened == ()


def test_the_newest_known_servers(tmp_path: Path) -> None:
    """Those that were added last; a line that is no address is skipped."""
    file = tmp_path / "known_servers"
    known = KnownServers(file)
    assert known.newest(5) == []
    file.write_text(
        "192.0.2.7:5000 ca\n[2001:db8::7]:6000 key ab\nx ca\na:b ca\nh:123456 ca\nh:1 ca\n"
    )
    assert known.newest(2) == [("h", 1), ("2001:db8::7", 6000)]
    assert known.newest(5)[-1] == ("192.0.2.7", 5000)
