"""The client's search: forged and too many answers, and what the user is shown and may choose."""

from ipaddress import ip_address, ip_interface, ip_network

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from client_fakes import until
from discovery_fakes import OFFICE, FakeNetwork
from trio_chat.client.discovery.found import FoundServers
from trio_chat.client.discovery.queries import Question, ask_network, questions
from trio_chat.client.discovery.search import ServerSearch, takes_connections
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
    network.closed = [("192.168.1.9", 6000)]
    search = network.search(("192.168.1.9", 6000), own=("127.0.0.1", 5000))
    nursery.start_soon(search.run, lambda: None)
    await until(lambda: len(search.found) == 2)
    await until(lambda: search.found.servers[0].is_reachable is False)
    known, here = search.found.servers
    assert (known.address, known.is_known, known.is_found) == ("192.168.1.9:6000", True, False)
    assert (here.address, here.name, here.is_found) == ("127.0.0.1:5000", "this computer", True)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("host", ["chat.example.org", "abc.onion", "203.0.113.7", "2001:db8::7"])
async def test_known_servers_elsewhere_are_not_connected_to(
    host: str, network: FakeNetwork, nursery: trio.Nursery
) -> None:
    """The user may reach them through a proxy that hides the address of this machine."""
    search = network.search((host, 6000), ("192.168.1.9", 6000))
    nursery.start_soon(search.run, lambda: None)
    await until(lambda: search.found.servers[1].is_reachable is True)
    assert network.probed == [("192.168.1.9", 6000)]
    assert search.found.servers[0].is_reachable is None
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
    nursery.start_soon(Beacon(sock, lambda: OFFICE, lambda *_: True).run)
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
            await ask_network(
                Question(LOOPBACK), lambda record, _addresses: taken.append(record), port
            )
            finished.set()

        nursery.start_soon(ask)
        query, client = await server.recvfrom(1000)
        read = read_query(query)
        assert read is not None
        for datagram in (b"", b"\xff" * 600, query, beacon_answer(bytes(16), OFFICE)):
            await server.sendto(datagram, client)
        await server.sendto(beacon_answer(read.nonce, OFFICE), client)
        await until(lambda: bool(taken))
        assert taken == [OFFICE]
        while not finished.is_set():
            await server.sendto(b"flood", client)
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()


async def test_an_interface_that_has_gone_is_asked_nothing() -> None:
    """A laptop may leave its network at that moment."""
    for text in ("192.0.2.254/24", "2001:db8::1/64", "fe80::254/64"):
        gone = Interface("eth9", ip_interface(text), 9999)
        await ask_network(Question(gone), lambda *_: None, 9)


def test_each_link_is_asked_once_by_ipv6() -> None:
    """From an address that is not link-local, if there is one; the servers learn whether they
    are asked by IPv4 as well.
    """
    both = [
        Interface("eth0", ip_interface(text), 1)
        for text in ("192.168.1.7/24", "fe80::7/64", "fd00::7/64")
    ]
    alone = Interface("eth1", ip_interface("fe80::8/64"), 2)
    assert questions([*both, alone]) == [
        Question(both[0]),
        Question(both[2], asks_by_ipv4=True),
        Question(alone),
    ]
