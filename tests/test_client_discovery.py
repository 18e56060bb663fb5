"""The client's search: forged and too many answers, and what the user is shown and may choose."""

import json
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from client_fakes import until
from discovery_fakes import OFFICE, WLAN, FakeNetwork
from trio_chat.client.discovery import plain
from trio_chat.client.discovery.describing import server_lines, why_nothing
from trio_chat.client.discovery.found import FoundServer, FoundServers
from trio_chat.client.discovery.plain import PlainChooser, chosen_server
from trio_chat.client.discovery.queries import ask_network
from trio_chat.client.discovery.search import ServerSearch, takes_connections
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.target import ServerAddress, TargetError
from trio_chat.interfaces import Interface
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import ServiceRecord, beacon_answer, read_query
from trio_chat.server.beacon import Beacon, open_beacon

HERE = ip_network("192.168.1.0/24")


def found() -> FoundServers:
    """Return an empty list in the network 192.168.1.0/24."""
    return FoundServers(lambda address: address in HERE)


def addresses(*texts: str) -> list[IpAddress]:
    """Return addresses."""
    return [ip_address(text) for text in texts]


# The list


def test_an_address_elsewhere_is_no_server_of_this_network() -> None:
    """A forged answer cannot lead the user to another network; the first that is here counts."""
    servers = found()
    assert servers.add(OFFICE, addresses("8.8.8.8", "127.0.0.1", "192.168.2.1", "::1")) is None
    assert len(servers) == 0
    servers.add(OFFICE, addresses("10.0.0.1", "192.168.1.8", "192.168.1.9"))
    assert [server.address for server in servers.servers] == ["192.168.1.8:5000"]


def test_names_that_clash_are_two_servers() -> None:
    """A name is no identity: each address is a line of its own."""
    servers = found()
    servers.add(OFFICE, addresses("192.168.1.8"))
    servers.add(OFFICE, addresses("192.168.1.9"))
    servers.add(OFFICE._replace(port=5001), addresses("192.168.1.9"))
    assert [server.address for server in servers.servers] == [
        "192.168.1.8:5000",
        "192.168.1.9:5000",
        "192.168.1.9:5001",
    ]


def test_an_answer_changes_no_place_and_no_name() -> None:
    """What the user sees under a number stays what the number means."""
    servers = found()
    servers.add(OFFICE, addresses("192.168.1.8"))
    servers.add(ServiceRecord("Home", 5000), addresses("192.168.1.9"))
    assert servers.add(ServiceRecord("Forged", 5000), addresses("192.168.1.8"))
    assert [server.name for server in servers.servers] == ["Office", "Home"]
    assert servers.add(ServiceRecord("Forged", 5000), addresses("192.168.1.8")) is None


def test_a_known_server_stays_the_known_one() -> None:
    """An answer gives it a name; another server of that name does not become known."""
    servers = found()
    servers.know("192.168.1.8", 5000)
    servers.add(OFFICE, addresses("192.168.1.8"))
    servers.add(OFFICE, addresses("192.168.1.9"))
    assert [(server.name, server.is_known) for server in servers.servers] == [
        ("Office", True),
        ("Office", False),
    ]


def test_the_list_is_bounded() -> None:
    """A flood of answers fills neither the memory nor the screen."""
    servers = found()
    for number in range(1000):
        servers.add(OFFICE._replace(port=number + 1), addresses("192.168.1.8"))
    assert len(servers) == 5
    for number in range(1, 250):
        servers.add(OFFICE, addresses(f"192.168.1.{number}"))
    assert len(servers) == 50
    servers.add(ServiceRecord("New name", 1), addresses("192.168.1.8"))
    assert len(servers) == 50


@given(st.text(max_size=100), st.integers(-1, 70_000))
def test_any_channel_and_port_are_harmless(lobby: str, port: int) -> None:
    """A channel is one that can be joined; a port is one that can be connected to."""
    servers = found()
    server = servers.add(ServiceRecord("x", port, lobby=lobby), addresses("192.168.1.8"))
    assert (server is None) == (not 0 < port < 65536)
    if server is not None and server.channel:
        assert server.channel[0] == "#"
        assert not {" ", ",", "\x07", "\r", "\n"} & set(server.channel)


# The search


@pytest.fixture
def network() -> FakeNetwork:
    """Return a network."""
    return FakeNetwork()


async def test_answers_are_listed_and_tested(network: FakeNetwork, nursery: trio.Nursery) -> None:
    """Each server once, with whether it takes connections."""
    search = network.search()
    changes: list[None] = []
    nursery.start_soon(search.run, lambda: changes.append(None))
    await until(lambda: bool(network.opened))
    assert network.opened == addresses("192.168.1.7")
    network.closed = [("192.168.1.9", 5000)]
    for _ in range(3):
        network.answer(OFFICE, "192.168.1.8")
        network.answer(OFFICE, "192.168.1.9")
    await until(lambda: [server.is_reachable for server in search.found.servers] == [True, False])
    assert len(network.probed) == 2
    assert changes
    nursery.cancel_scope.cancel()


async def test_a_goodbye_only_leads_to_a_test(network: FakeNetwork, nursery: trio.Nursery) -> None:
    """Others may have said it in the name of the server."""
    search = network.search()
    nursery.start_soon(search.run, lambda: None)
    await until(lambda: bool(network.opened))
    network.answer(OFFICE, "192.168.1.8")
    network.answer(ServiceRecord("Home", 5000), "192.168.1.9")
    await until(lambda: len(network.probed) == 2)
    network.say_goodbye("Office")
    await until(lambda: len(network.probed) == 3)
    assert network.probed[2] == ("192.168.1.8", 5000)
    network.closed = [("192.168.1.9", 5000)]
    network.say_goodbye("Home")
    await until(lambda: search.found.servers[1].is_reachable is False)
    assert [server.is_found for server in search.found.servers] == [True, False]
    network.closed = []
    network.answer(ServiceRecord("Home", 5000), "192.168.1.9")
    await until(lambda: search.found.servers[1].is_reachable is True)
    assert search.found.servers[1].is_found
    nursery.cancel_scope.cancel()


async def test_known_servers_and_one_of_this_machine_are_tested(
    network: FakeNetwork, nursery: trio.Nursery
) -> None:
    """They are in the list although they announce nothing; one that does not run here is not."""
    network.closed = [("chat.example.org", 6000)]
    search = network.search(("chat.example.org", 6000), own=("127.0.0.1", 5000))
    nursery.start_soon(search.run, lambda: None)
    await until(lambda: len(search.found) == 2)
    await until(lambda: search.found.servers[0].is_reachable is False)
    known, here = search.found.servers
    assert (known.address, known.is_known, known.is_found) == ("chat.example.org:6000", True, False)
    assert (here.address, here.name, here.is_found) == ("127.0.0.1:5000", "this computer", True)
    nursery.cancel_scope.cancel()


async def test_without_multicast_the_search_goes_on(
    network: FakeNetwork, nursery: trio.Nursery
) -> None:
    """The beacon and the known servers are left."""
    network.has_multicast = False
    search = network.search(("192.168.1.8", 5000))
    nursery.start_soon(search.run, lambda: None)
    await until(lambda: not search.has_multicast)
    await until(lambda: search.found.servers[0].is_reachable is True)
    nursery.cancel_scope.cancel()


async def test_answers_after_the_end_are_ignored(network: FakeNetwork) -> None:
    """A thread may report at the moment at which the user chooses."""
    search = network.search()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(search.run, lambda: None)
        await until(lambda: bool(network.opened))
        nursery.cancel_scope.cancel()
    network.answer(OFFICE, "192.168.1.8")
    network.say_goodbye("Office")
    await wait_all_tasks_blocked()
    assert network.probed == []


async def test_a_connection_is_a_test() -> None:
    """A listener is reachable; after it is closed it is not, and neither is what has no address."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    assert await takes_connections("127.0.0.1", port)
    await listener.aclose()
    assert not await takes_connections("127.0.0.1", port)
    assert not await takes_connections("a..b", 1)


# The beacon

LOOPBACK = Interface("lo", ip_interface("127.0.0.1/8"))


async def test_a_beacon_is_found_by_broadcast(nursery: trio.Nursery) -> None:
    """From the query to the list, over the sockets of this machine."""
    sock = await open_beacon(0)
    nursery.start_soon(Beacon(sock, lambda: OFFICE, lambda _address: True).run)
    network = FakeNetwork()
    network.interfaces = [LOOPBACK]
    search = ServerSearch(
        look=lambda: network.interfaces,
        browser=network._browser,
        probe=network._probe,
        beacon_port=sock.getsockname()[1],
    )
    with sock:
        nursery.start_soon(search.run, lambda: None)
        await until(lambda: len(search.found) == 1)
        assert search.found.servers[0].name == "Office"
        assert search.found.servers[0].host.startswith("127.")
        nursery.cancel_scope.cancel()


async def test_forged_answers_to_a_query_do_not_count(nursery: trio.Nursery) -> None:
    """An answer repeats the nonce; anything else is ignored, and a flood ends the reading."""
    taken: list[ServiceRecord] = []
    finished = trio.Event()
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as server:
        await server.bind(("", 0))
        port = server.getsockname()[1]

        async def ask() -> None:
            await ask_network(LOOPBACK, lambda record, _addresses: taken.append(record), port)
            finished.set()

        nursery.start_soon(ask)
        query, client = await server.recvfrom(1000)
        nonce = read_query(query)
        assert nonce is not None
        for datagram in (b"", b"\xff" * 600, query, beacon_answer(bytes(16), OFFICE)):
            await server.sendto(datagram, client)
        await server.sendto(beacon_answer(nonce, OFFICE), client)
        await until(lambda: bool(taken))
        assert taken == [OFFICE]
        while not finished.is_set():
            await server.sendto(b"flood", client)
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()


async def test_an_interface_that_has_gone_is_asked_nothing() -> None:
    """A laptop may leave its network at that moment; IPv6 has no broadcasts."""
    for text in ("192.0.2.254/24", "2001:db8::1/64"):
        await ask_network(Interface("eth9", ip_interface(text)), lambda *_: None, 9)


# What the user sees


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
    """A user of the plain list, who types when a test says so."""

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
