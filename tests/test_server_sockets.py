"""Connections over sockets, of which one task reads them all: their ends, whatever the task of a
client waits for.
"""

import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import HELLO, Edge, End, edge
from server_fakes import SlowHistory
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings, ListenerSettings, Settings
from trio_chat.server.connection import Connection
from trio_chat.server.peer import Peer
from trio_chat.server.poller import EpollPoller, Poller, TaskPoller
from trio_chat.server.transport import SocketTransport

POLLERS = [
    TaskPoller,
    pytest.param(
        EpollPoller,
        marks=pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll"),
    ),
]
pytestmark = pytest.mark.parametrize("poller", POLLERS)


class Place:
    """A running server, and a poller for connections to it."""

    def __init__(self, here: Edge, poller: Poller, nursery: trio.Nursery) -> None:
        self.server = here.server
        self._poller = poller
        self._nursery = nursery
        self.ends: list[End] = []

    async def connect(self, first: bytes = HELLO) -> tuple[End, Connection]:
        """Return the client's end of a new connection that is registered, and the server's."""
        near, far = socket.socketpair()
        before = set(self.server.connections)
        self._nursery.start_soon(
            self.server.openings.serve,
            SocketTransport(near, self._poller),
            Peer(host="192.0.2.9"),
            ListenerSettings(name=""),
        )
        far.setblocking(False)
        end = End(trio.SocketStream(trio.socket.from_stdlib_socket(far)))
        self.ends.append(end)
        await end.send(first)
        await end.until("422")
        (connection,) = self.server.connections - before
        return end, connection


@asynccontextmanager
async def running(
    poller: type[Poller], settings: Settings | None = None, memory: StoragePorts | None = None
) -> AsyncIterator[Place]:
    """Have a server with sockets."""
    made = poller()
    async with edge(settings, memory) as here, trio.open_nursery() as polling:
        polling.start_soon(made.run)
        async with trio.open_nursery() as clients:
            place = Place(here, made, clients)
            yield place
            clients.cancel_scope.cancel()
        for end in place.ends:
            await end.stream.aclose()
        polling.cancel_scope.cancel()


async def test_an_idle_client_is_ended(poller: type[Poller]) -> None:
    """It learns why, and is gone."""
    async with running(poller) as here:
        ann, connection = await here.connect()
        connection.end("Killed")
        assert (await ann.rest()).endswith(b"(Killed)\r\n")
        await ann.stream.aclose()
        await wait_all_tasks_blocked()
        assert not here.server.connections


async def test_a_client_is_ended_without_a_reason(poller: type[Poller]) -> None:
    """Then the usual one is given."""
    async with running(poller) as here:
        ann, connection = await here.connect()
        connection.end("")
        assert (await ann.rest()).endswith(b"(Connection closed)\r\n")


async def test_a_client_that_waits_for_its_budget_is_ended(
    poller: type[Poller], mock_clock: MockClock
) -> None:
    """None of its lines that wait is executed any more."""
    limits = LimitSettings(flood_burst=4, flood_rate=0.1)
    async with running(poller, Settings(limits=limits)) as here:
        ann, connection = await here.connect()
        await ann.send(b"PING 1\r\nPING 2\r\nPING 3\r\n")
        await wait_all_tasks_blocked()
        connection.end("Killed")
        rest = await ann.rest()
        assert rest.endswith(b"(Killed)\r\n")
        assert b"PONG trio-chat 3" not in rest


async def test_a_client_that_was_made_to_wait_goes_on(
    poller: type[Poller], autojump_clock: MockClock
) -> None:
    """It can be ended after that, too."""
    limits = LimitSettings(flood_burst=4, flood_rate=1.0)
    async with running(poller, Settings(limits=limits)) as here:
        ann, connection = await here.connect()
        await ann.send(b"PING 1\r\nPING 2\r\nPING 3\r\nPING 4\r\nPING 5\r\n")
        while (await ann.until("PONG")).params[-1] != "5":
            pass
        connection.end("Killed")
        assert (await ann.rest()).endswith(b"(Killed)\r\n")


async def test_a_client_that_leaves_need_not_close_first(poller: type[Poller]) -> None:
    """It has its last lines and the end of the stream; its nickname is free."""
    async with running(poller) as here:
        ann, _ = await here.connect()
        await ann.send(b"QUIT :bye\r\n")
        assert (await ann.rest()).endswith(b"(Quit: bye)\r\n")
        again, _ = await here.connect()
        await again.send(b"QUIT\r\n")
        await again.rest()


async def test_a_client_that_leaves_has_its_answers_first(poller: type[Poller]) -> None:
    """The echo of what it said comes when that is stored, and the farewell after it."""
    history = SlowHistory()
    async with running(poller, memory=StoragePorts(history=history)) as here:
        ann, _ = await here.connect(b"CAP REQ echo-message\r\n" + HELLO + b"CAP END\r\n")
        await ann.send(b"JOIN #a\r\nPRIVMSG #a :last words\r\nQUIT\r\n")
        await ann.until("366")
        await wait_all_tasks_blocked()
        history.gate.set()
        rest = await ann.rest()
        assert rest.index(b"last words") < rest.index(b"ERROR")


async def test_a_client_that_leaves_waits_for_nobody_else(poller: type[Poller]) -> None:
    """What others say is stored at some time; it has its farewell at once."""
    history = SlowHistory()
    async with running(poller, memory=StoragePorts(history=history)) as here:
        ann, _ = await here.connect()
        bob, _ = await here.connect(HELLO.replace(b"ann", b"bob"))
        await bob.send(b"JOIN #b\r\nPRIVMSG #b :slow\r\n")
        await bob.until("366")
        await wait_all_tasks_blocked()
        await ann.send(b"QUIT\r\n")
        assert (await ann.rest()).endswith(b"(Quit)\r\n")
        history.gate.set()


async def test_a_client_that_is_ended_has_what_others_said_first(poller: type[Poller]) -> None:
    """Such as the reason for which it is ended."""
    history = SlowHistory()
    async with running(poller, memory=StoragePorts(history=history)) as here:
        history.gate.set()
        ann, connection = await here.connect(HELLO + b"JOIN #a\r\n")
        bob, _ = await here.connect(HELLO.replace(b"ann", b"bob"))
        await bob.send(b"JOIN #a\r\n")
        await bob.until("366")
        history.gate = trio.Event()
        await bob.send(b"PRIVMSG #a :hello\r\n")
        await wait_all_tasks_blocked()
        connection.end("Killed")
        await wait_all_tasks_blocked()
        history.gate.set()
        rest = await ann.rest()
        assert rest.index(b"hello") < rest.index(b"ERROR")


async def test_the_server_shuts_down(poller: type[Poller]) -> None:
    """Each client has the notice before the end."""
    async with running(poller) as here:
        ann, connection = await here.connect()
        connection.shut_down()
        rest = await ann.rest()
        assert b":The server has shut down\r\n" in rest
        assert b"ERROR" in rest


async def test_a_client_that_stops_reading_is_written_to_when_it_goes_on(
    poller: type[Poller],
) -> None:
    """What the socket does not take waits for a task, which is started for that; the client goes on
    being served.
    """
    async with running(poller) as here:
        ann, connection = await here.connect()
        while not connection.queued:
            connection.session.sink.send(b":trio-chat NOTICE ann :" + b"x" * 10_000 + b"\r\n")
        connection.session.sink.send(b":trio-chat NOTICE ann :last\r\n")
        await ann.send(b"PING 1\r\n")
        assert (await ann.until("PONG")).params[-1] == "1"
        await wait_all_tasks_blocked()
        assert not connection.queued
        await ann.send(b"QUIT\r\n")
        assert (await ann.rest()).endswith(b"(Quit)\r\n")


async def test_a_client_that_leaves_without_reading_is_not_waited_for_long(
    poller: type[Poller], autojump_clock: MockClock
) -> None:
    """The socket takes no farewell from the server."""
    async with running(poller) as here:
        ann, connection = await here.connect()
        while not connection.queued:
            connection.session.sink.send(b":trio-chat NOTICE ann :" + b"x" * 10_000 + b"\r\n")
        await ann.send(b"QUIT\r\n")
        await trio.sleep(10)
        assert not here.server.connections
