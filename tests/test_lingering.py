"""Sockets of clients that have left: their last lines arrive, and no socket stays open for long."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_chat.server.lingering import LINGER_TIMEOUT, MOST_DROPPED, LingeringSockets
from trio_chat.server.poller import EpollPoller, TaskPoller
from trio_chat.server.transport import SocketTransport

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll")


@asynccontextmanager
async def running() -> AsyncIterator[EpollPoller]:
    """Have a poller that does its work."""
    poller = EpollPoller()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(poller.run)
        yield poller
        nursery.cancel_scope.cancel()


def connected(poller: EpollPoller) -> tuple[SocketTransport, socket.socket]:
    """Return the server's end of a connection, and the client's."""
    near, far = socket.socketpair()
    far.setblocking(False)
    return SocketTransport(near, poller), far


def is_open(far: socket.socket) -> bool:
    """Return whether the server's end of a connection is still open: what is sent is taken."""
    try:
        far.send(b"x")
    except OSError:
        return False
    return True


async def test_the_last_lines_arrive_before_the_end() -> None:
    """Although the client has sent more than was read: a reset would destroy them."""
    async with running() as poller:
        transport, far = connected(poller)
        with far:
            far.send(b"PRIVMSG #a :one more\r\n")
            transport.send_nowait(b"ERROR :bye\r\n")
            assert transport.linger()
            assert (far.recv(100), far.recv(100)) == (b"ERROR :bye\r\n", b"")
            await wait_all_tasks_blocked()
            assert is_open(far)


async def test_it_is_closed_when_the_client_has_closed() -> None:
    """No descriptor is kept after that."""
    async with running() as poller:
        transport, far = connected(poller)
        descriptor = transport._socket.fileno()
        assert transport.linger()
        far.close()
        await wait_all_tasks_blocked()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


async def test_a_socket_that_cannot_be_watched_is_still_that_of_its_transport() -> None:
    """The system bounds what is watched: the transport closes the socket itself then, and no
    descriptor is lost.
    """
    async with running() as poller:
        transport, far = connected(poller)
        with far:
            descriptor = transport._socket.fileno()
            poller._epoll.register(descriptor, select.EPOLLIN)  # a second time is refused
            assert not transport.linger()
            await transport.aclose()
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(descriptor)


async def test_a_client_that_goes_on_sending_is_cut_off() -> None:
    """What is dropped is bounded in bytes."""
    async with running() as poller:
        transport, far = connected(poller)
        with far:
            assert transport.linger()
            sent = 0
            while is_open(far):
                sent += 1 + far.send(bytes(10_000))
                await wait_all_tasks_blocked()
            assert sent < MOST_DROPPED + 65536


async def test_a_client_that_stays_is_cut_off(mock_clock: MockClock) -> None:
    """One that neither sends nor closes; one that has left later has as long as it."""
    async with running() as poller:
        first, far = connected(poller)
        second, other = connected(poller)
        with far, other:
            assert first.linger()
            await wait_all_tasks_blocked()
            mock_clock.jump(LINGER_TIMEOUT / 2)
            assert second.linger()
            await wait_all_tasks_blocked()
            mock_clock.jump(LINGER_TIMEOUT / 2)
            await wait_all_tasks_blocked()
            assert [is_open(each) for each in (far, other)] == [False, True]
            mock_clock.jump(LINGER_TIMEOUT / 2)
            await wait_all_tasks_blocked()
            assert not is_open(other)


async def test_one_may_be_closed_before_anything_has_waited_for_it() -> None:
    """The task that would cut it off has been woken, and has not run yet."""
    with select.epoll() as epoll:
        sockets = LingeringSockets(epoll)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sockets.run)
            await wait_all_tasks_blocked()
            near, far = socket.socketpair()
            far.close()
            descriptor = near.detach()
            sockets.add(descriptor)
            sockets.attend(descriptor)
            await wait_all_tasks_blocked()
            assert len(nursery.child_tasks) == 1
            nursery.cancel_scope.cancel()


async def test_one_is_cut_off_after_another_has_closed(mock_clock: MockClock) -> None:
    """The wait for the first has not been for nothing."""
    async with running() as poller:
        first, far = connected(poller)
        second, other = connected(poller)
        with other:
            assert first.linger()
            await wait_all_tasks_blocked()
            mock_clock.jump(LINGER_TIMEOUT / 2)
            assert second.linger()
            far.close()
            for _ in range(3):
                await wait_all_tasks_blocked()
                mock_clock.jump(LINGER_TIMEOUT / 2)
            await wait_all_tasks_blocked()
            assert not is_open(other)


async def test_sockets_that_linger_are_bounded() -> None:  # noqa: ASYNC124
    """They are not counted as connections: with very many, each task waits for its own."""
    with select.epoll() as epoll:
        sockets = LingeringSockets(epoll, most=1)
        near, far = socket.socketpair()
        with far:
            sockets.add(near.detach())
            assert not sockets.has_room
        sockets.close()
        assert sockets.has_room


async def test_none_is_left_open_by_the_end_of_the_server() -> None:
    """They are closed when nothing waits for them any more."""
    async with running() as poller:
        transport, far = connected(poller)
        assert transport.linger()
    with far:
        assert not is_open(far)
    transport, far = connected(poller)
    with far:
        assert not transport.linger()
        await transport.aclose()


async def test_a_connection_that_has_broken_is_closed_by_its_task() -> None:
    """There is nothing to linger for."""
    async with running() as poller:
        transport, far = connected(poller)
        far.close()
        transport._socket.close()
        assert not transport.linger()
        await transport.aclose()


async def test_it_takes_one_task_for_all() -> None:
    """Where the system has no epoll, each task waits for its own."""
    near, far = socket.socketpair()
    transport = SocketTransport(near, TaskPoller())
    assert not transport.linger()
    await transport.aclose()
    far.close()


async def test_a_transport_that_lingers_is_closed() -> None:
    """Closing it again touches no descriptor, which may be another connection's by then."""
    async with running() as poller:
        transport, far = connected(poller)
        with far:
            assert transport.linger()
            await transport.aclose()
            await wait_all_tasks_blocked()
            assert is_open(far)


def test_the_server_can_be_imported_where_there_is_no_epoll() -> None:
    """Windows and macOS: only what waits by it needs it."""
    program = "import select, trio; del select.epoll; import trio_chat.server.app"
    subprocess.run([sys.executable, "-c", program], check=True)
