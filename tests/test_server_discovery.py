"""The task by which a server is found: which listener, in which networks, and its farewell."""

import logging
import socket
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.config import DiscoverySettings, ListenerSettings, ServerSettings, Settings
from trio_chat.interfaces import Interface
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import PAGE_TYPE, SERVICE_TYPES, BeaconQuery
from trio_chat.server.discovery import Discovery, FoundListener, listener_to_find
from trio_chat.server.dns_sd import Advertised, Responder, ResponderError
from trio_chat.server.listeners import close_all, open_listeners
from trio_chat.server.local_host import HostConflict, local_host

LAN = Interface("wlan0", ip_interface("192.168.1.7/24"))
CABLE = Interface("eth0", ip_interface("169.254.3.4/16"))
ELSEWHERE = [
    Interface("lo", ip_interface("127.0.0.1/8")),
    Interface("docker0", ip_interface("172.17.0.1/16")),
    Interface("eth1", ip_interface("8.8.4.4/24")),
    Interface("wlan0", ip_interface("fe80::7/64")),
]
QUERY = BeaconQuery(bytes(16))
EVERYWHERE = [ip_address("0.0.0.0"), ip_address("::")]


class FakeResponder(Responder):
    """A responder that notes what it is to do."""

    def __init__(self, log: list[object], problem: str = "") -> None:
        super().__init__()
        self._log = log
        self._problem = problem
        self.loses_name = False

    @property
    def name(self) -> str:
        """The name after another server had it."""
        return "trio-chat-2"

    def start(self, advertised: Advertised) -> None:
        """Note what is advertised."""
        self.host = "chat-2.local"
        if self._problem:
            raise ResponderError(self._problem)
        self._log.append(advertised)

    @property
    def has_lost_name(self) -> bool:
        """Whether a test says so, once."""
        lost, self.loses_name = self.loses_name, False
        return lost

    def move(self, advertised: Advertised) -> None:
        """Note the addresses."""
        self._log.append(advertised.addresses)

    def close(self) -> None:
        """Note the farewell."""
        self._log.append("goodbye")


class Machine:
    """A machine whose interfaces change, and the log of its responders."""

    def __init__(self) -> None:
        self.interfaces = [LAN, *ELSEWHERE]
        self.settings = Settings()
        self.log: list[object] = []
        self.problem = ""
        self.local_host = ""
        self._paused = trio.Event()
        self._go, self._goes = trio.open_memory_channel[None](0)

    async def settled(self) -> None:
        """Wait until what is so has been advertised."""
        with trio.fail_after(30):
            await self._paused.wait()

    async def look_again(self) -> None:
        """End the pause between two looks at the interfaces, and wait for the next one."""
        self._paused = trio.Event()
        await self._go.send(None)
        await self.settled()

    async def _pause(self) -> None:
        self._paused.set()
        await self._goes.receive()

    def discovery(
        self, bound: list[IpAddress] | None = None, tls: str = "auto", beacon_port: int = 0
    ) -> Discovery:
        """Return the task of a server on it."""
        listener = ListenerSettings(name="", tls=tls)
        return Discovery(
            FoundListener(listener, bound or EVERYWHERE, 5000),
            self,
            lambda: self.interfaces,
            lambda: FakeResponder(self.log, self.problem),
            self._pause,
            beacon_port=beacon_port,
        )


@pytest.fixture
def machine() -> Machine:
    """Return a machine in a local network."""
    return Machine()


async def test_a_server_is_advertised_in_the_local_network(
    machine: Machine, nursery: trio.Nursery
) -> None:
    """By its private address alone: not by those of containers, the Internet and the loopback."""
    task = machine.discovery()
    nursery.start_soon(task.run)
    await machine.settled()
    [advertised] = machine.log
    assert isinstance(advertised, Advertised)
    assert advertised.addresses == (ip_address("192.168.1.7"),)
    assert advertised.host == "chat.local"
    assert advertised.types == (*SERVICE_TYPES, PAGE_TYPE)
    assert (advertised.record.name, advertised.record.lobby) == ("trio-chat", "#lobby")
    assert task.answers(QUERY, ip_address("192.168.1.200"), 0)
    assert not task.answers(QUERY, ip_address("172.17.0.2"), 0)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("tls", "types"),
    [("required", SERVICE_TYPES[1:]), ("off", (SERVICE_TYPES[0], PAGE_TYPE))],
)
async def test_the_services_tell_whether_there_is_tls(
    machine: Machine, nursery: trio.Nursery, tls: str, types: tuple[str, ...]
) -> None:
    """A page that needs https is not offered as one of http."""
    nursery.start_soon(machine.discovery(tls=tls).run)
    await machine.settled()
    assert isinstance(machine.log[0], Advertised)
    assert machine.log[0].types == types
    nursery.cancel_scope.cancel()


async def test_another_network_is_followed(machine: Machine, nursery: trio.Nursery) -> None:
    """A laptop gets another address, none, and one again."""
    nursery.start_soon(machine.discovery().run)
    await machine.settled()
    machine.interfaces = [CABLE]
    await machine.look_again()
    assert machine.log[1] == (ip_address("169.254.3.4"),)
    machine.interfaces = []
    await machine.look_again()
    assert machine.log[2] == "goodbye"
    machine.interfaces = [LAN]
    await machine.look_again()
    assert isinstance(machine.log[3], Advertised)
    nursery.cancel_scope.cancel()


async def test_another_name_is_advertised_at_once(machine: Machine, nursery: trio.Nursery) -> None:
    """REHASH may change it; the old one gets its farewell."""
    nursery.start_soon(machine.discovery().run)
    await machine.settled()
    machine.settings = replace(machine.settings, discovery=DiscoverySettings(name="Office"))
    await machine.look_again()
    assert machine.log[1] == "goodbye"
    assert isinstance(machine.log[2], Advertised)
    assert machine.log[2].record.name == "Office"
    nursery.cancel_scope.cancel()


async def test_a_lost_name_leads_to_another_one(machine: Machine, nursery: trio.Nursery) -> None:
    """Another server started at the same moment; all names are found anew."""
    task = machine.discovery()
    nursery.start_soon(task.run)
    await machine.settled()
    assert isinstance(task._responder, FakeResponder)
    task._responder.loses_name = True
    await machine.look_again()
    assert machine.log[1] == "goodbye"
    assert machine.log[2] == machine.log[0]
    await machine.look_again()
    assert len(machine.log) == 3
    nursery.cancel_scope.cancel()


OWN = [ip_address(text) for text in ("10.0.0.5", "fd00::5")]
MACHINE = [*OWN, ip_address("172.17.0.1"), ip_address("fe80::5"), ip_address("127.0.0.1")]


@pytest.mark.parametrize(
    ("host", "address", "is_lost"),
    [
        ("chat.local.", "10.0.0.4", True),
        ("chat.local.", "10.0.0.6", False),
        ("chat.local.", "9.255.255.255", True),
        ("chat.local.", "fd00::4", False),
        ("other.local.", "10.0.0.4", False),
        ("chat.local.", "172.17.0.1", False),
        ("chat.local.", "fe80::5", False),
    ],
)
def test_the_lowest_address_keeps_a_name(host: str, address: str, is_lost: bool) -> None:
    """So exactly one of two servers gives way; other programs of this machine are no conflict."""
    conflict = HostConflict("chat.local", OWN, MACHINE)
    conflict.hear(host, ip_address(address).packed)
    assert conflict.is_lost == is_lost


@given(st.sets(st.ip_addresses(), min_size=1), st.sets(st.ip_addresses(), min_size=1))
def test_one_of_two_servers_keeps_the_name(one: set[IpAddress], other: set[IpAddress]) -> None:
    """Never none, whatever addresses they have; both only when their addresses overlap."""
    conflicts = HostConflict("a.local", one, one), HostConflict("a.local", other, other)
    for conflict, heard in zip(conflicts, (other, one), strict=True):
        for address in heard:
            conflict.hear("a.local.", address.packed)
    assert not all(conflict.is_lost for conflict in conflicts)
    if not one & other:
        assert any(conflict.is_lost for conflict in conflicts)


async def test_the_end_says_goodbye(machine: Machine) -> None:
    """Clients need not wait until the records expire."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(machine.discovery().run)
        await machine.settled()
        nursery.cancel_scope.cancel()
    assert machine.log[1:] == ["goodbye"]


async def test_without_multicast_one_line_is_logged(
    machine: Machine, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """The server and the beacon go on."""
    machine.problem = "no such device"
    caplog.set_level(logging.INFO)
    nursery.start_soon(machine.discovery().run)
    await machine.settled()
    await machine.look_again()
    assert machine.log == ["goodbye", "goodbye"]
    lines = [record.message for record in caplog.records if "no such device" in record.message]
    assert len(lines) == 1
    machine.problem = ""
    await machine.look_again()
    assert isinstance(machine.log[2], Advertised)
    nursery.cancel_scope.cancel()


async def test_a_used_port_costs_only_the_beacon(
    machine: Machine, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """It is off with one line."""
    caplog.set_level(logging.INFO)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as alone:
        alone.bind(("", 0))
        nursery.start_soon(machine.discovery(beacon_port=alone.getsockname()[1]).run)
        await machine.settled()
        await trio.testing.wait_all_tasks_blocked()
        assert "not used for discovery" in caplog.text
        nursery.cancel_scope.cancel()


async def test_the_beacon_uses_the_name_that_was_free(
    machine: Machine, nursery: trio.Nursery
) -> None:
    """Both ways of discovery name a server alike."""
    task = machine.discovery()
    assert task._named_record().name == "trio-chat"
    nursery.start_soon(task.run)
    await machine.settled()
    assert task._named_record().name == "trio-chat-2"
    assert machine.local_host == "chat-2.local"
    machine.interfaces = []
    await machine.look_again()
    assert machine.local_host == ""
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("bound", "near"),
    [
        (["0.0.0.0"], ["192.168.1.7", "169.254.3.4"]),
        (["::"], ["fd00::7"]),
        (["192.168.1.7"], ["192.168.1.7"]),
        (["8.8.4.4"], []),
    ],
)
def test_only_addresses_on_which_it_listens_count(bound: list[str], near: list[str]) -> None:
    """A server on one address is not found by another one."""
    own = [LAN, CABLE, *ELSEWHERE, Interface("wlan0", ip_interface("fd00::7/64"))]
    listener = FoundListener(ListenerSettings(name=""), [ip_address(text) for text in bound], 1)
    assert [str(interface.ip) for interface in listener.near(own)] == near


PUBLIC = Interface("eth1", ip_interface("8.8.4.4/24"), 4)
LINKS = [
    Interface("wlan0", ip_interface("192.168.1.7/24"), 3),
    Interface("wlan0", ip_interface("fd00::7/64"), 3),
    Interface("wlan0", ip_interface("fe80::7/64"), 3),
    Interface("eth1", ip_interface("fe80::4/64"), 4),
    PUBLIC,
    Interface("docker0", ip_interface("fe80::d/64"), 5),
]


@pytest.mark.parametrize(
    ("bound", "sender", "index", "by_ipv4", "is_answered"),
    [
        ("::", "fe80::9", 3, False, True),
        ("::", "fe80::9", 4, False, False),
        ("::", "fe80::9", 5, False, False),
        ("::", "fd00::9", 0, False, True),
        ("::", "fd01::9", 0, False, False),
        ("::", "fe80::9", 3, True, True),
        ("0.0.0.0 ::", "fe80::9", 3, False, True),
        ("0.0.0.0 ::", "fe80::9", 3, True, False),
        ("0.0.0.0 ::", "fd00::9", 0, True, False),
        ("0.0.0.0 ::", "192.168.1.9", 0, True, True),
        ("0.0.0.0", "fd00::9", 0, False, False),
    ],
)
async def test_who_is_answered(
    machine: Machine,
    nursery: trio.Nursery,
    bound: str,
    sender: str,
    index: int,
    by_ipv4: bool,
    is_answered: bool,
) -> None:
    """Neighbours, not strangers of a public network or containers; and by one version of IP."""
    machine.interfaces = LINKS
    task = machine.discovery(list(map(ip_address, bound.split())))
    nursery.start_soon(task.run)
    await machine.settled()
    query = BeaconQuery(QUERY.nonce, by_ipv4)
    assert task.answers(query, ip_address(sender), index) == is_answered
    nursery.cancel_scope.cancel()


async def test_multicast_dns_is_spoken_by_both_versions(
    machine: Machine, nursery: trio.Nursery
) -> None:
    """A server that listens by IPv6 alone is found by clients that ask by IPv4."""
    machine.interfaces = LINKS
    nursery.start_soon(machine.discovery([ip_address("::")]).run)
    await machine.settled()
    [advertised] = machine.log
    assert isinstance(advertised, Advertised)
    assert advertised.addresses == (ip_address("fd00::7"),)
    assert set(advertised.sources) == {ip_address("192.168.1.7"), ip_address("fd00::7")}
    nursery.cancel_scope.cancel()


async def found(settings: Settings) -> FoundListener | None:
    """Return the listener that is to be found."""
    listeners = await open_listeners(settings)
    try:
        return listener_to_find(listeners)
    finally:
        close_all(listeners)


LOCAL = ServerSettings(host=("127.0.0.1",), port=0)


async def test_a_server_for_this_machine_is_not_found(tmp_path: Path) -> None:
    """Neither is a Unix socket, nor a listener for a proxy."""
    more = (
        ListenerSettings(name="proxy", host=("0.0.0.0",), port=0, proxy=True),
        ListenerSettings(name="socket", path=tmp_path / "socket"),
    )
    assert await found(Settings(server=LOCAL, listeners=more)) is None


async def test_the_first_listener_for_others_is_found() -> None:
    """It need not be the one of [server]."""
    office = ListenerSettings(name="office", host=("0.0.0.0",), port=0, tls="required")
    listener = await found(Settings(server=LOCAL, listeners=(office,)))
    assert listener is not None
    assert listener.settings is office
    assert listener.port != 0


@pytest.mark.parametrize(
    ("machine_name", "server_name", "host"),
    [
        ("laptop", "chat.local", "chat.local"),
        ("laptop", "Office.Local", "office.local"),
        ("laptop", "chat.example.org", "laptop.local"),
        ("laptop", "a..local", "laptop.local"),
        ("laptop", "office.chat.local", "office.chat.local"),
        ("Anna's MacBook.fritz.box", "chat", "anna-s-macbook.local"),
        ("localhost", "chat", "trio-chat.local"),
        ("___", "chat", "trio-chat.local"),
    ],
)
def test_the_host_name(
    monkeypatch: pytest.MonkeyPatch, machine_name: str, server_name: str, host: str
) -> None:
    """That of the server if it is one of mDNS, otherwise that of the machine."""
    monkeypatch.setattr(socket, "gethostname", lambda: machine_name)
    assert local_host(server_name) == host
