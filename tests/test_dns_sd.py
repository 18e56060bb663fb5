"""DNS-SD over the loopback interface: a responder, a browser, and what is not valid.

Other responders of the machine hear it as well, so every name is random.
"""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any, cast

import pytest
import trio
import zeroconf
from hypothesis import given
from hypothesis import strategies as st

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.discovery import local_names
from trio_chat.client.discovery.browsing import DnsSdBrowser
from trio_chat.client.discovery.local_names import local_address
from trio_chat.client.session.connecting import CannotConnectError, connect_tcp
from trio_chat.interfaces import Interface
from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import PAGE_TYPE, SERVICE_TYPES, ServiceRecord
from trio_chat.server.dns_sd import Advertised, Responder, ResponderError

HERE = ip_address("127.0.0.1")
PATIENCE = 30
"""Seconds after which something that ought to happen is held never to."""


def multicast_works() -> bool:
    """Return whether a datagram to the group of multicast DNS arrives on this machine."""
    group = socket.inet_aton("224.0.0.251")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        try:
            sock.bind(("", 0))
            here = HERE.packed
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + here)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
            sock.sendto(b"x", ("224.0.0.251", sock.getsockname()[1]))
            return sock.recv(10) == b"x"
        except OSError:
            return False


needs_multicast = pytest.mark.skipif(
    not multicast_works(), reason="NOT TESTED: this machine has no multicast on its loopback"
)


def advertised(name: str, host: str, *addresses: str, port: int = 5000) -> Advertised:
    """Return what a responder makes known."""
    return Advertised(
        record=ServiceRecord(name, port, network="Office", lobby="#tea"),
        types=(*SERVICE_TYPES, PAGE_TYPE),
        host=host,
        addresses=tuple(map(ip_address, addresses)) or (HERE,),
    )


def random_name() -> str:
    """Return a name that no other test has."""
    return f"test-{secrets.token_hex(8)}"


@contextmanager
def responding(wanted: Advertised) -> Iterator[Responder]:
    """Run a responder until the end of the block."""
    responder = Responder()
    responder.start(wanted)
    try:
        yield responder
    finally:
        responder.close()


class Browsing(DnsSdBrowser):
    """A browser that keeps what it has found."""

    def __init__(self) -> None:
        super().__init__(self._keep, self._lose)
        self.news = threading.Condition()
        self.seen: list[tuple[ServiceRecord, list[IpAddress]]] = []
        self.lost: list[str] = []

    def _keep(self, record: ServiceRecord, addresses: list[IpAddress]) -> None:
        with self.news:
            self.seen.append((record, addresses))
            self.news.notify_all()

    def _lose(self, name: str) -> None:
        with self.news:
            self.lost.append(name)
            self.news.notify_all()

    def find(self, name: str) -> tuple[ServiceRecord, list[IpAddress]]:
        """Wait until a server of a name is found."""

        def found() -> list[tuple[ServiceRecord, list[IpAddress]]]:
            return [each for each in self.seen if each[0].name == name]

        with self.news:
            assert self.news.wait_for(found, PATIENCE)
            return found()[0]


@needs_multicast
def test_a_server_is_found_and_says_goodbye() -> None:
    """With everything that it says of itself."""
    name = random_name()
    browser = Browsing()
    browser.open([HERE])
    try:
        with responding(advertised(name, f"{name}.local")) as responder:
            assert (responder.name, responder.host) == (name, f"{name}.local")
            record, addresses = browser.find(name)
            assert record == ServiceRecord(name, 5000, network="Office", lobby="#tea")
            assert addresses == [HERE]
        with browser.news:
            assert browser.news.wait_for(lambda: name in browser.lost, PATIENCE)
    finally:
        browser.close()


LOOPBACK = [Interface("lo", ip_interface("127.0.0.1/32"))]


@needs_multicast
async def test_a_local_name_has_the_address_of_its_machine() -> None:
    """One of this network only, although the answer has others; none for a name without an
    answer.
    """
    name = random_name()
    wanted = advertised(name, f"{name}.local", "127.0.0.2", "127.0.0.1")
    with responding(wanted) as responder:
        assert responder.host == f"{name}.local"
        assert await local_address(f"{name.upper()}.Local.", lambda: LOOPBACK) == HERE
        elsewhere = [Interface("lo", ip_interface("127.0.0.9/32"))]
        assert await local_address(f"{name}.local", lambda: elsewhere) is None
    assert await local_address("a" * 80 + ".local", lambda: LOOPBACK) is None
    assert await local_address("x.local", list) is None


async def test_only_a_local_name_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the resolver of the system does not know it; other names are the resolver's alone."""
    asked = []

    async def answer(host: str) -> IpAddress | None:
        await trio.lowlevel.checkpoint()
        asked.append(host)
        return HERE

    class NoNames(trio.abc.HostnameResolver):
        """A resolver that knows no name."""

        async def getaddrinfo(self, *_arguments: object, **_options: object) -> Any:
            await trio.lowlevel.checkpoint()
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        async def getnameinfo(self, *_arguments: object) -> Any:
            raise AssertionError

    monkeypatch.setattr(local_names, "local_address", answer)
    trio.socket.set_custom_hostname_resolver(NoNames())
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    async with listener:
        stream = await connect_tcp("Chat.local", port)
        await stream.aclose()
        with pytest.raises(CannotConnectError):
            await connect_tcp("chat.example.org", port)
    assert asked == ["Chat.local"]


@needs_multicast
def test_names_that_are_taken_get_a_number() -> None:
    """The name of the service, and the host name when another machine answers it."""
    name = random_name()
    elsewhere = advertised(name, f"{name}.local", "127.0.0.2")
    with (
        responding(elsewhere),
        responding(advertised(name, f"{name}.local", port=5001)) as second,
    ):
        assert second.name == f"{name}-2"
        assert second.host == f"{name}-2.local"
        assert not second.has_lost_name


@needs_multicast
def test_answers_to_single_senders_stay_in_the_network() -> None:
    """Their TTL ends at the first router."""
    name = random_name()
    with responding(advertised(name, f"{name}.local")) as responder:
        running = responder._zeroconf
        assert running is not None
        readers = [reader.transport.get_extra_info("socket") for reader in running.engine.readers]
        assert {sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) for sock in readers} == {1}


@needs_multicast
def test_other_addresses_are_followed() -> None:
    """The names stay."""
    name = random_name()
    with responding(advertised(name, f"{name}.local")) as responder:
        responder.move(advertised(name, f"{name}.local", "127.0.0.1", "127.0.0.3"))
        assert responder.name == name
        browser = Browsing()
        browser.open([HERE])
        try:
            addresses = browser.find(name)[1]
        finally:
            browser.close()
        assert set(addresses) == {HERE, ip_address("127.0.0.3")}


def test_without_multicast_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can be shown, for the server as for the client; nothing is left behind."""

    def fail(**_options: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(zeroconf, "Zeroconf", fail)
    responder = Responder()
    with pytest.raises(ResponderError, match="no such device"):
        responder.start(advertised("x", "x.local"))
    responder.close()
    with pytest.raises(ResponderError, match="closed"):
        responder.move(advertised("x", "x.local"))
    with pytest.raises(OSError, match="no such device"):
        Browsing().open([HERE])


def test_a_responder_that_is_closed_first_does_not_start() -> None:
    """The server may end while a thread is still starting it."""
    responder = Responder()
    responder.close()
    with pytest.raises(ResponderError, match="closed"):
        responder.start(advertised("x", "x.local"))


def test_a_browser_that_is_closed_first_does_not_open() -> None:
    """The user may choose while a thread is still opening it."""
    browser = Browsing()
    browser.close()
    browser.open([HERE])
    assert browser._zeroconf is None
    browser.remove_service(cast(Any, None), SERVICE_TYPES[0], f"x.{SERVICE_TYPES[0]}")
    assert browser.lost == []


class FakeInfo:
    """A service whose records have arrived already."""

    def __init__(self, type_: str, name: str) -> None:
        self.port = 5000
        self.properties: dict[bytes, bytes | None] = {b"network": b"\xff\x1b[2J", b"lobby": None}

    def load_from_cache(self, _zeroconf: object) -> bool:
        """Return that they have."""
        return True

    def parsed_addresses(self) -> list[str]:
        """Return addresses of both families, one with a zone."""
        return ["fe80::1%eth0", "192.168.1.8"]


@pytest.fixture
def fake_info(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every service resolved at once."""
    monkeypatch.setattr(zeroconf, "ServiceInfo", FakeInfo)


@pytest.mark.usefixtures("fake_info")
def test_a_flood_of_services_is_bounded() -> None:
    """Neither the list nor the queue to the event loop grows without end."""
    browser = Browsing()
    for number in range(10_000):
        name = f"{number}.{SERVICE_TYPES[0]}"
        browser.update_service(cast(Any, None), SERVICE_TYPES[0], name)
        browser.remove_service(cast(Any, None), SERVICE_TYPES[0], name)
    assert len(browser.seen) + len(browser.lost) == 200
    assert browser.seen[0][1] == [ip_address("192.168.1.8"), ip_address("fe80::1")]


def test_names_without_an_address_cost_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers for them, and a real server behind thousands of them is found all the same."""
    asked: list[str] = []

    class Invented(FakeInfo):
        """A service whose records have not arrived, unless it is the real one."""

        def __init__(self, type_: str, name: str) -> None:
            super().__init__(type_, name)
            self.is_real = name.startswith("real")
            self.name = name

        def load_from_cache(self, _zeroconf: object) -> bool:
            """Return whether it is real."""
            return self.is_real

        def request(self, _zeroconf: object, _timeout: float) -> bool:
            """Wait in vain."""
            asked.append(self.name)
            return False

    monkeypatch.setattr(zeroconf, "ServiceInfo", Invented)
    browser = Browsing()
    for name in (*map(str, range(1000)), "real"):
        browser.add_service(cast(Any, None), SERVICE_TYPES[0], f"{name}.{SERVICE_TYPES[0]}")
    assert [record.name for record, _addresses in browser.seen] == ["real"]
    assert len(asked) == 3


BOTH = [HERE, ip_address("::1")]


@pytest.mark.parametrize("problem", [OSError("no IPv6"), RuntimeError("no dual-stack sockets")])
def test_where_both_versions_are_not_possible_ipv4_is_used(
    monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    """Not every system lets one socket hear both; the responder and the browser go on."""
    tried: list[list[str]] = []
    made = zeroconf.Zeroconf

    def make(interfaces: list[str], **options: Any) -> zeroconf.Zeroconf:
        tried.append(interfaces)
        if "::1" in interfaces:
            raise problem
        return made(interfaces, **options)

    monkeypatch.setattr(zeroconf, "Zeroconf", make)
    name = random_name()
    wanted = replace(advertised(name, f"{name}.local"), sources=tuple(BOTH))
    responder, browser = Responder(), Browsing()
    try:
        responder._open(wanted)
        browser.open(BOTH)
    finally:
        responder.close()
        browser.close()
    assert tried == [["127.0.0.1", "::1"], ["127.0.0.1"]] * 2


@given(st.text(max_size=300))
def test_any_name_of_a_service_is_harmless(name: str) -> None:
    """It is text of one line; what zeroconf refuses is ignored."""
    browser = Browsing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zeroconf, "ServiceInfo", FakeInfo)
        browser.add_service(cast(Any, None), SERVICE_TYPES[0], f"{name}.{SERVICE_TYPES[0]}")
    [(record, _addresses)] = browser.seen
    assert "\x1b" not in record.name + record.network
    assert len(record.name) <= 64
    browser.add_service(cast(Any, None), SERVICE_TYPES[0], "not a service")
    assert len(browser.seen) == 1
