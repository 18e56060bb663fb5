"""The beacon: answers to the network alone, and never more than a forged sender has sent."""

from ipaddress import ip_network
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_chat.irc.addresses import IpAddress
from trio_chat.irc.discovery import (
    NONCE_BYTES,
    BeaconQuery,
    ServiceRecord,
    beacon_query,
    read_answer,
)
from trio_chat.server.beacon import Beacon, open_beacon

RECORD = ServiceRecord("Office", 5000)
NONCE = b"n" * NONCE_BYTES
QUERY = beacon_query(BeaconQuery(NONCE))
HERE = ip_network("192.168.1.0/24")
LINK = 3
"""The index of the interface with the link on which link-local addresses are near."""
ANNA = ("192.168.1.9", 40_000)


Address = tuple[str, int] | tuple[str, int, int, int]


class FakeSocket:
    """A UDP socket in memory, which fails when a test says so."""

    def __init__(self) -> None:
        self.arrive, self._arrived = trio.open_memory_channel[tuple[bytes, Address]](10_000)
        self.sent: list[tuple[bytes, Address]] = []
        self.read = 0
        self.is_broken = False
        self.beacon: Beacon

    async def recvfrom(self, _size: int) -> tuple[bytes, Address]:
        """Return the next datagram."""
        datagram = await self._arrived.receive()
        self.read += 1
        return datagram

    async def sendto(self, data: bytes, address: Address) -> None:
        """Note a datagram."""
        await trio.lowlevel.checkpoint()
        if self.is_broken:
            raise OSError("no route")
        self.sent.append((data, address))


@pytest.fixture
def sock(nursery: trio.Nursery) -> FakeSocket:
    """Return the socket of a beacon that runs in the network 192.168.1.0/24."""

    def answers(_query: BeaconQuery, sender: IpAddress, index: int) -> bool:
        return sender in HERE or (sender.is_link_local and index == LINK)

    made = FakeSocket()
    made.beacon = Beacon(cast(Any, made), lambda: RECORD, answers)
    nursery.start_soon(made.beacon.run)
    return made


async def test_a_query_of_the_network_is_answered(sock: FakeSocket) -> None:
    """To the address and the port that it came from."""
    sock.arrive.send_nowait((QUERY, ANNA))
    await wait_all_tasks_blocked()
    [(answer, address)] = sock.sent
    assert address == ANNA
    assert read_answer(answer, NONCE) == RECORD


@pytest.mark.parametrize("sender", ["8.8.8.8", "192.168.2.9", "::1", "not an address"])
async def test_no_answer_leaves_the_network(sock: FakeSocket, sender: str) -> None:
    """A forged sender elsewhere receives nothing."""
    sock.arrive.send_nowait((QUERY, (sender, 40_000)))
    await wait_all_tasks_blocked()
    assert sock.sent == []


async def test_a_query_of_the_link_is_answered(sock: FakeSocket) -> None:
    """By IPv6, where the same address on another link is somebody else."""
    sender = ("fe80::9%eth0", 40_000, 0)
    for index in (LINK, LINK + 1):
        sock.arrive.send_nowait((QUERY, (*sender, index)))
    await wait_all_tasks_blocked()
    assert [address for _, address in sock.sent] == [(*sender, LINK)]


async def test_other_datagrams_are_ignored(sock: FakeSocket) -> None:
    """Such as an answer, which would let two servers answer each other for ever."""
    for datagram in (b"", b"x" * 512, QUERY[:-1], b"trio-chat ! " + NONCE):
        sock.arrive.send_nowait((datagram, ANNA))
    await wait_all_tasks_blocked()
    assert sock.read == 4
    assert sock.sent == []


async def test_one_address_gets_few_answers(sock: FakeSocket, autojump_clock: MockClock) -> None:
    """A forged sender of the same network is not flooded; others are still answered."""
    for _ in range(50):
        sock.arrive.send_nowait((QUERY, ANNA))
    sock.arrive.send_nowait((QUERY, ("192.168.1.10", 1)))
    await trio.sleep(0.5)
    assert [address for _, address in sock.sent].count(ANNA) == 5
    assert sock.sent[-1][1] == ("192.168.1.10", 1)
    await trio.sleep(10)
    sock.arrive.send_nowait((QUERY, ANNA))
    await trio.sleep(0.1)
    assert sock.sent[-1][1] == ANNA


async def test_a_flood_is_left_to_the_kernel(sock: FakeSocket, autojump_clock: MockClock) -> None:
    """The event loop reads a bounded number in a second."""
    for number in range(5000):
        sock.arrive.send_nowait((QUERY, (f"192.168.1.{number % 250}", number)))
    await trio.sleep(10)
    assert 100 < sock.read < 700


async def test_the_table_of_addresses_is_bounded(
    sock: FakeSocket, autojump_clock: MockClock
) -> None:
    """An attacker can forge every address of a large network."""
    for number in range(250):
        sock.arrive.send_nowait((QUERY, (f"192.168.1.{number}", 1)))
    await trio.sleep(100)
    assert len(sock.sent) == 250
    assert len(sock.beacon._answering) <= 256


async def test_an_error_of_the_socket_ends_nothing(
    sock: FakeSocket, autojump_clock: MockClock
) -> None:
    """The next query is answered."""
    sock.is_broken = True
    sock.arrive.send_nowait((QUERY, ANNA))
    await trio.sleep(1)
    sock.is_broken = False
    sock.arrive.send_nowait((QUERY, ANNA))
    await trio.sleep(1)
    assert len(sock.sent) == 1


async def test_servers_of_one_machine_share_the_port() -> None:
    """Each of them is found; a socket that is alone on its port makes the second server go without
    a beacon.
    """
    with await open_beacon(0) as first:
        port = first.getsockname()[1]
        with await open_beacon(port) as second:
            assert second.getsockname()[1] == port
    alone = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
    with alone:
        await alone.bind(("", 0))
        with pytest.raises(OSError, match="in use"):
            await open_beacon(alone.getsockname()[1])


async def test_the_socket_opens_where_trio_lacks_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`trio.socket` has no SO_REUSEADDR on Windows."""
    monkeypatch.delattr(trio.socket, "SO_REUSEADDR")
    with await open_beacon(0) as sock:
        assert sock.getsockname()[1]


async def test_a_real_socket_answers_at_this_machine(nursery: trio.Nursery) -> None:
    """A query by UDP is answered by UDP."""
    sock = await open_beacon(0)
    nursery.start_soon(Beacon(sock, lambda: RECORD, lambda *_: True).run)
    with sock, trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as client:
        await client.sendto(QUERY, ("127.0.0.1", sock.getsockname()[1]))
        with trio.fail_after(30):
            assert read_answer(await client.recv(600), NONCE) == RECORD
        nursery.cancel_scope.cancel()
