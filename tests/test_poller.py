"""The poller, one task that waits for many sockets, and its fallback, a task for each client."""

import gc
import logging
import select
import socket
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_chat.server.poller import EpollPoller, Poller, TaskPoller
from trio_chat.server.transport import SocketTransport

POLLERS = [
    TaskPoller,
    pytest.param(
        EpollPoller,
        marks=pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll"),
    ),
]
pytestmark = pytest.mark.parametrize("make", POLLERS)
Make = Callable[[], Poller]


@asynccontextmanager
async def running(make: Make) -> AsyncIterator[Poller]:
    """Have a poller that does its work."""
    poller = make()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(poller.run)
        yield poller
        nursery.cancel_scope.cancel()


class Line:
    """A connection: `far` is the peer's end, `near` the one that is watched; what came is kept."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.got: list[bytes] = []
        self._send, self._receive = trio.open_memory_channel[bytes](10)

    def take(self) -> bool:
        """Read once; say whether that is enough."""
        self.got.append(self.near.recv(100))
        self._send.send_nowait(self.got[-1])
        return self.got[-1] == b"enough"

    async def next(self) -> bytes:
        """Return what was read and not returned yet."""
        return await self._receive.receive()

    def close(self) -> None:
        """Close both ends."""
        self.near.close()
        self.far.close()


@pytest.fixture
def line() -> Iterator[Line]:
    """Return a connection."""
    one = Line()
    yield one
    one.close()


@pytest.fixture
def other() -> Iterator[Line]:
    """Return another connection."""
    one = Line()
    yield one
    one.close()


async def test_it_calls_each_time_until_told_that_it_is_enough(make: Make, line: Line) -> None:
    """Bytes from before the watch count, and a watch can begin again."""
    async with running(make) as poller:
        for _ in range(2):
            line.far.send(b"one")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poller.watch, line.near.fileno(), line.take)
                assert await line.next() == b"one"
                line.far.send(b"two")
                assert await line.next() == b"two"
                line.far.send(b"enough")
            assert await line.next() == b"enough"
    assert line.got == [b"one", b"two", b"enough"] * 2


async def test_what_is_raised_is_the_watchers_alone(make: Make, line: Line, other: Line) -> None:
    """A defect that one client meets ends that client: the others are waited for as before."""

    def fail() -> bool:
        raise ZeroDivisionError

    async with running(make) as poller, trio.open_nursery() as nursery:
        nursery.start_soon(poller.watch, other.near.fileno(), other.take)
        line.far.send(b"x")
        with pytest.raises(ZeroDivisionError):
            await poller.watch(line.near.fileno(), fail)
        other.far.send(b"enough")
    assert other.got == [b"enough"]


async def test_what_has_failed_leaves_nothing_to_be_collected(make: Make, line: Line) -> None:
    """No circle of references keeps a client whose connection broke: the error does not hold the
    one who met it.
    """

    class Client:
        def take(self) -> bool:
            raise ZeroDivisionError

    client = Client()
    seen = weakref.ref(client)
    gc.disable()
    try:
        async with running(make) as poller:
            line.far.send(b"x")
            with suppress(ZeroDivisionError):
                await poller.watch(line.near.fileno(), client.take)
            del client
            await (
                trio.lowlevel.checkpoint()
            )  # Trio itself remembers what it woke the last task with
            assert seen() is None
    finally:
        gc.enable()


async def test_a_cancelled_watcher_may_watch_again(make: Make, line: Line) -> None:
    """Cancelling leaves nothing behind, also when it happens in what the watcher has called."""
    scope = trio.CancelScope()

    def stop() -> bool:
        scope.cancel()
        return line.take()

    async with running(make) as poller:
        for text in (b"x", b"enough"):
            scope = trio.CancelScope()
            line.far.send(text)
            with scope:
                await poller.watch(line.near.fileno(), stop)
        line.far.send(b"enough")
        await poller.watch(line.near.fileno(), line.take)
    assert line.got == [b"x", b"enough", b"enough"]


async def test_a_defect_behind_an_own_end_is_logged(
    caplog: pytest.LogCaptureFixture, make: Make, line: Line
) -> None:
    """A cancelled task cannot raise it any longer, so the log has the defect."""
    logging.getLogger("trio_chat").propagate = True
    scope = trio.CancelScope()

    def fail() -> bool:
        scope.cancel()
        raise ZeroDivisionError

    line.far.send(b"x")
    async with running(make) as poller:
        try:
            with scope:
                await poller.watch(line.near.fileno(), fail)
        except ZeroDivisionError:
            return
    assert "ZeroDivisionError" in caplog.text


async def test_the_end_of_everything_is_no_internal_error(
    make: Make, line: Line, other: Line
) -> None:
    """What is no client's business ends the program as it should, with all that is to be cleaned
    up.
    """

    def fail() -> bool:
        raise KeyboardInterrupt

    async def run() -> None:
        async with running(make) as poller, trio.open_nursery() as nursery:
            nursery.start_soon(poller.watch, other.near.fileno(), other.take)
            nursery.start_soon(poller.watch, line.near.fileno(), fail)

    line.far.send(b"x")
    ended_by: list[BaseException] = []
    try:
        await run()
    except* KeyboardInterrupt as group:
        ended_by.append(group)
    assert len(ended_by) == 1


async def test_a_watcher_is_not_started_when_it_is_cancelled_already(
    make: Make, line: Line
) -> None:
    """Nothing is read for a client that has gone."""
    line.far.send(b"x")
    async with running(make) as poller:
        with trio.CancelScope() as scope:
            scope.cancel()
            await poller.watch(line.near.fileno(), line.take)
    assert scope.cancelled_caught
    assert line.got == []


async def test_who_was_ended_by_another_is_not_called(make: Make, line: Line, other: Line) -> None:
    """One client ends the other, whose bytes have come in the same moment: those are not carried
    out any more.
    """
    scopes = {line: trio.CancelScope(), other: trio.CancelScope()}

    def murderer(mine: Line, victim: Line) -> Callable[[], bool]:
        def take() -> bool:
            scopes[victim].cancel()
            mine.take()
            return True

        return take

    async with running(make) as poller, trio.open_nursery() as nursery:

        async def watch(mine: Line, victim: Line) -> None:
            with scopes[mine]:
                await poller.watch(mine.near.fileno(), murderer(mine, victim))

        nursery.start_soon(watch, line, other)
        nursery.start_soon(watch, other, line)
        line.far.send(b"x")
        other.far.send(b"x")
    assert len(line.got) + len(other.got) == 1


async def test_who_watches_what_is_closed_is_told(make: Make, line: Line) -> None:
    """As with every wait of Trio's: `ClosedResourceError`, "if another task closes" what is waited
    for.
    """
    async with running(make) as poller, trio.open_nursery() as nursery:

        async def close() -> None:
            line.far.send(b"x")
            await line.next()
            poller.forget(line.near.fileno())

        nursery.start_soon(close)
        with pytest.raises(trio.ClosedResourceError):
            await poller.watch(line.near.fileno(), line.take)
        poller.forget(line.near.fileno())  # when nobody watches, that is nothing
    assert line.got == [b"x"]


async def test_a_watcher_is_woken(make: Make, line: Line) -> None:
    """As if it had said that it is enough; where that cannot be, nothing happens."""
    async with running(make) as poller:
        poller.wake(line.near.fileno())
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poller.watch, line.near.fileno(), line.take)
                await wait_all_tasks_blocked()
                poller.wake(line.near.fileno())
                await wait_all_tasks_blocked()
                assert bool(nursery.child_tasks) is not poller.can_wake
                scope.cancel()
        assert line.got == []


async def test_a_socket_has_one_watcher(make: Make, line: Line) -> None:
    """Two would take each other's bytes."""
    async with running(make) as poller, trio.open_nursery() as nursery:
        nursery.start_soon(poller.watch, line.near.fileno(), line.take)
        line.far.send(b"x")
        await line.next()
        with pytest.raises(trio.BusyResourceError):
            await poller.watch(line.near.fileno(), line.take)
        line.far.send(b"enough")


async def test_others_get_a_turn_when_much_is_done(mock_clock: MockClock, make: Make) -> None:
    """Between what takes long for one socket and what is done for the next ones, which have come in
    the same moment.
    """
    if make is TaskPoller:
        pytest.skip("each of its watchers has a turn of its own")
    order: list[str] = []
    lines = [Line() for _ in range(5)]

    async def count() -> None:
        while True:
            await trio.lowlevel.checkpoint()
            order.append("turn")

    def work(mine: Line) -> Callable[[], bool]:
        def take() -> bool:
            order.append("work")
            mock_clock.jump(0.02)
            return mine.take()

        return take

    async with running(make) as poller, trio.open_nursery() as nursery:
        async with trio.open_nursery() as watching:
            for line in lines:
                watching.start_soon(poller.watch, line.near.fileno(), work(line))
            await wait_all_tasks_blocked()
            nursery.start_soon(count)
            for line in lines:
                line.far.send(b"enough")
        nursery.cancel_scope.cancel()
    for line in lines:
        line.close()
    first, *_, last = (index for index, what in enumerate(order) if what == "work")
    assert "turn" in order[first:last]


# A plain connection on it.


@asynccontextmanager
async def connected(make: Make) -> AsyncIterator[tuple[SocketTransport, socket.socket]]:
    """Have a transport, and the peer's end of its socket."""
    near, far = socket.socketpair()
    async with running(make) as poller:
        transport = SocketTransport(near, poller)
        with far:
            yield transport, far
        await transport.aclose()


async def test_the_last_that_is_taken_is_the_end(make: Make) -> None:
    """The function gets the end of the stream once."""
    taken: list[tuple[bytes, int]] = []

    def take(data: bytes, pieces: int) -> bool:
        taken.append((data, pieces))
        return False

    async with connected(make) as (transport, far):
        far.send(b"words")
        far.shutdown(socket.SHUT_WR)
        await transport.receive_each(take)
    assert taken == [(b"words", 1), (b"", 0)]


async def test_a_broken_connection_raises(make: Make) -> None:
    """The peer closes with bytes unread, which is a reset."""
    async with connected(make) as (transport, far):
        transport.send_nowait(b"unread")
        far.close()
        with pytest.raises(trio.BrokenResourceError):
            await transport.receive_each(lambda data, pieces: pytest.fail(f"took {data!r}"))


async def test_a_connection_closed_here_raises(make: Make) -> None:
    """Before the receiving, and while it goes on."""
    async with connected(make) as (transport, far), trio.open_nursery() as nursery:
        closing = trio.Event()

        async def close() -> None:
            await closing.wait()
            await transport.aclose()

        def take(data: bytes, pieces: int) -> bool:
            assert (data, pieces) == (b"x", 1)
            closing.set()
            return False

        nursery.start_soon(close)
        far.send(b"x")
        with pytest.raises(trio.ClosedResourceError):
            await transport.receive_each(take)
        with pytest.raises(trio.ClosedResourceError):
            await transport.receive_each(take)
