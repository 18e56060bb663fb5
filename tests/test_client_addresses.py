"""A client that knows several addresses of one network: the order in which it tries them, and the
way from one to another.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from client_fakes import HISTORY, Calm, FakeServer, ListInterface, NoState, until
from trio_chat.client.line.client import LineClient
from trio_chat.client.link.rotation import AddressRotation, Connect
from trio_chat.client.session.connecting import MOST_SPREAD, CannotConnectError
from trio_chat.client.trust import Connector, Security

STABLE = 35
"""Seconds after which a connection counts, and in which a silent server is not given up."""
RESTART = (
    ":srv.test NOTE * RECONNECT :This server is being restarted, connect again",
    "ERROR :Closing link",
)


class Node(Connector):
    """One address of a network; a test has the server's end of its connections."""

    def __init__(self, host: str) -> None:
        super().__init__(host, 5000, Security())
        self.is_up = True
        self.delay = 0.0
        self.attempts: list[float] = []
        self._servers, self._servers_receive = trio.open_memory_channel[FakeServer](100)

    async def __call__(self) -> trio.abc.Stream:
        """Connect, or refuse."""
        await trio.lowlevel.checkpoint()
        self.attempts.append(trio.current_time())
        await trio.sleep(self.delay)
        if not self.is_up:
            raise CannotConnectError(f"Cannot connect to {self.address}", "refused")
        here, there = trio.testing.memory_stream_pair()
        self._servers.send_nowait(FakeServer(there, HISTORY))
        return here

    async def server(self) -> FakeServer:
        """Return the server's end of the next connection."""
        with trio.fail_after(1000):
            return await self._servers_receive.receive()


class Roaming:
    """A running line client and the nodes it knows."""

    def __init__(
        self, nodes: Sequence[Connect], interface: ListInterface, *, may_be_plain: bool
    ) -> None:
        self.interface = interface
        self.code: int | None = None
        self.client = LineClient(
            interface,
            nodes,
            nick="alice",
            channel="#lobby",
            state=NoState(),
            random=Calm(),  # type: ignore[arg-type]
            may_be_plain=may_be_plain,
        )

    async def run(self) -> None:
        """Run the client."""
        self.code = await self.client.run()


@asynccontextmanager
async def roaming(*nodes: Connect, may_be_plain: bool = True) -> AsyncIterator[Roaming]:
    """Run a line client; at the end it must have ended by itself or is cancelled."""
    running = Roaming(nodes, ListInterface(interactive=True), may_be_plain=may_be_plain)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.run)
        yield running
        nursery.cancel_scope.cancel()


def nodes(*hosts: str) -> list[Node]:
    """Return nodes with these names."""
    return [Node(host) for host in hosts]


# The order


def tried(rotation: AddressRotation, count: int) -> list[Any]:
    """Return which addresses come next."""
    seen = []
    for _ in range(count):
        rotation.advance()
        seen.append(rotation.current)
    return seen


async def nothing() -> trio.abc.Stream:  # noqa: ASYNC124
    """Connect to nothing."""
    raise AssertionError


def test_clients_spread_over_the_addresses() -> None:
    """Each address is the first one of about as many clients as any other."""
    every = nodes("a", "b", "c")
    first = [AddressRotation(every, Random(seed)) for seed in range(300)]
    for rotation in first:
        rotation.advance()
    counts = [sum(rotation.current is node for rotation in first) for node in every]
    assert min(counts) > 60
    for rotation in first:
        rotation.lost(was_stable=True)
        lost = rotation.current
        rotation.advance()
        assert rotation.current is not lost
    counts = [sum(rotation.current is node for rotation in first) for node in every]
    assert min(counts) > 60


@pytest.mark.parametrize("seed", range(20))
def test_a_round_has_each_address_once(seed: int) -> None:
    """The address of a lost connection is the last one of the next round."""
    every = nodes("a", "b", "c")
    rotation = AddressRotation(every, Random(seed))
    assert set(tried(rotation, 3)) == set(every)
    assert not rotation.has_next
    lost = rotation.current
    rotation.lost(was_stable=True)
    again = tried(rotation, 3)
    assert set(again) == set(every)
    assert again[-1] is lost


@pytest.mark.parametrize(
    ("stable", "expected", "at_once"),
    [(True, False, False), (True, True, True), (False, True, False)],
)
def test_one_address_is_tried_at_once_only_when_the_server_asks_for_that(
    *, stable: bool, expected: bool, at_once: bool
) -> None:
    """A server that ends every connection is not asked without a pause."""
    rotation = AddressRotation([nothing], Random(1))
    rotation.advance()
    rotation.lost(was_stable=stable, is_expected=expected)
    assert rotation.has_next == at_once


# The way from one to another


async def test_the_other_address_is_tried_at_once(jumping_clock: MockClock) -> None:
    """The nickname and the channels are the same there, and the pause is short."""
    a, b = nodes("a.test", "b.test")
    async with roaming(a, b) as it:
        first = await a.server()
        await first.enter()
        await trio.sleep(STABLE)
        lost = trio.current_time()
        await first.close()
        second = await b.server()
        assert b.attempts[0] - lost <= MOST_SPREAD
        await second.greet("alice")
        await second.expect("JOIN #lobby")
        await until(lambda: "[INFO] Connecting to b.test:5000 …" in it.interface.shown)
        assert not any("Connecting again in" in line for line in it.interface.shown)


async def test_a_pause_follows_only_when_every_address_has_failed(
    jumping_clock: MockClock,
) -> None:
    """In a round the attempts follow each other; each failure is shown in the first one."""
    a, b, c = nodes("a.test", "b.test", "c.test")
    async with roaming(a, b, c) as it:
        first = await a.server()
        await first.enter()
        await trio.sleep(STABLE)
        a.is_up = b.is_up = c.is_up = False
        await first.close()
        await until(lambda: len(c.attempts) >= 2)
        assert b.attempts[0] == c.attempts[0] == a.attempts[1]
        assert b.attempts[1] - b.attempts[0] >= 1
        shown = [line for line in it.interface.shown if line.startswith("[ERROR] ")]
        assert shown[1:] == [f"[ERROR] {host}.test:5000: refused" for host in "bca"]
        c.is_up = True
        await (await c.server()).enter()


async def test_an_address_that_is_down_at_the_start_is_passed_over() -> None:
    """The client ends only when no address can be reached."""
    a, b = nodes("a.test", "b.test")
    a.is_up = False
    async with roaming(a, b) as it:
        await (await b.server()).enter()
        assert "[ERROR] Cannot connect to a.test:5000" in await it.interface.take()
    b.is_up = False
    async with roaming(a, b) as it:
        await until(lambda: it.code is not None)
        assert it.code == 1


async def test_an_address_that_does_not_answer_is_given_up(jumping_clock: MockClock) -> None:
    """After some seconds, and without a limit when it is the last one of the round."""
    a, b, c = nodes("a.test", "b.test", "c.test")
    a.delay, b.delay, c.delay = 3600, 4, 3600
    async with roaming(a, b, c) as it:
        server = await b.server()
        await server.enter()
        assert b.attempts[0] - a.attempts[0] == pytest.approx(5)
        assert "[ERROR] a.test:5000: no answer" in it.interface.shown
        b.is_up = False
        await trio.sleep(STABLE)
        await server.close()
        with trio.fail_after(10_000):
            while len(b.attempts) < 3:  # noqa: ASYNC110  the nodes know nothing of it
                await trio.sleep(10)
        assert c.attempts[0] - a.attempts[1] == pytest.approx(5)


async def test_an_address_that_does_not_let_the_client_in_is_passed_over() -> None:
    """A server that is full, and one that closes the connection, are not the whole network."""
    a, b, c = nodes("a.test", "b.test", "c.test")
    async with roaming(a, b, c):
        await (await a.server()).send("ERROR :Too many connections")
        await (await b.server()).close()
        await (await c.server()).enter()


async def test_servers_that_end_every_connection_are_tried_with_pauses(
    jumping_clock: MockClock,
) -> None:
    """A round is at once, and the next one is not."""
    a, b = nodes("a.test", "b.test")
    async with roaming(a, b):
        for node in (a, b, a, b):
            server = await node.server()
            await server.enter()
            await server.close()
        assert b.attempts[1] - a.attempts[0] >= 1


@pytest.mark.parametrize("farewell", [(), RESTART])
async def test_a_message_that_was_not_confirmed_is_shown_once(
    jumping_clock: MockClock, farewell: Sequence[str]
) -> None:
    """The other node has it in its history: it is shown as sent, and not sent again."""
    a, b = nodes("a.test", "b.test")
    async with roaming(a, b) as it:
        first = await a.server()
        await first.enter()
        await first.play_back("1 bob one")
        it.interface.type("on its way")
        await first.expect("PRIVMSG")
        await first.send(*farewell)
        await first.close()
        second = await b.server()
        await second.enter()
        request = await second.play_back("1 bob one", "2 alice on its way")
        assert request.startswith("CHATHISTORY LATEST #lobby msgid=1 ")
        await until(lambda: any("[YOU" in line for line in it.interface.shown))
        shown = [line for line in it.interface.shown if "on its way" in line]
        assert [line[:5] for line in shown] == ["[INFO", "[YOU]"]


async def test_a_machine_that_is_gone_is_noticed_sooner(jumping_clock: MockClock) -> None:
    """It ends no connection, and another address is there."""
    a, b = nodes("a.test", "b.test")
    async with roaming(a, b):
        first = await a.server()
        await first.enter()
        await first.play_back()
        heard = trio.current_time()
        await first.expect("PING alive")
        assert trio.current_time() - heard <= 15
        await (await b.server()).enter()
        assert b.attempts[0] - heard <= 15 + 30 + MOST_SPREAD


# A server that says good-bye


async def test_a_node_that_is_restarted_sends_its_clients_on(jumping_clock: MockClock) -> None:
    """One line says so, and the client goes on at another address."""
    a, b = nodes("a.test", "b.test")
    async with roaming(a, b) as it:
        first = await a.server()
        await first.enter()
        await trio.sleep(STABLE)
        await it.interface.take()
        await first.send(*RESTART)
        await (await b.server()).enter()
        await until(lambda: "[INFO] Connected as alice." in it.interface.shown)
        assert it.interface.shown[:3] == [
            "[INFO] The server is being restarted. Connecting again …",
            "[INFO] Connecting to b.test:5000 …",
            "[INFO] Connected as alice.",
        ]


@pytest.mark.parametrize(
    "line",
    [RESTART[0], ":srv.test RECONNECT", "NOTICE * :This server is being restarted, connect again"],
)
async def test_behind_one_address_there_is_another_node(
    jumping_clock: MockClock, line: str
) -> None:
    """A load balancer leads to it; Twitch announces that by a command."""
    (a,) = nodes("a.test")
    async with roaming(a) as it:
        first = await a.server()
        await first.enter()
        await trio.sleep(STABLE)
        await it.interface.take()
        before = trio.current_time()
        await first.send(line, RESTART[1])
        await (await a.server()).enter()
        assert a.attempts[1] - before <= MOST_SPREAD
        await until(lambda: "[INFO] Connected as alice." in it.interface.shown)
        assert it.interface.shown[:2] == [
            "[INFO] The server is being restarted. Connecting again …",
            "[INFO] Connected as alice.",
        ]


async def test_a_node_that_is_restarted_before_it_lets_the_client_in(
    jumping_clock: MockClock,
) -> None:
    """The client comes back, after a pause when there is only one address."""
    (a,) = nodes("a.test")
    async with roaming(a) as it:
        first = await a.server()
        await first.send(*RESTART)
        await (await a.server()).enter()
        assert a.attempts[1] - a.attempts[0] >= 0.5
        await until(lambda: "[INFO] Connected as alice." in it.interface.shown)
        assert not any("[ERROR]" in line for line in it.interface.shown)


async def test_the_network_has_shut_down_when_no_address_answers() -> None:
    """Another one may go on; the exit code is 0 as with one address."""
    a, b, c = nodes("a.test", "b.test", "c.test")
    farewell = (
        ":srv.test NOTE * SERVER_SHUTDOWN :The server has shut down",
        "ERROR :Closing link",
    )
    b.is_up = False
    async with roaming(a, b, c) as it:
        first = await a.server()
        await first.enter()
        await first.send(*farewell)
        second = await c.server()
        await second.enter()
        await second.send(*farewell)
        await until(lambda: it.code is not None)
        assert it.code == 0
        assert it.interface.shown[-1] == "[INFO] The server has shut down"
