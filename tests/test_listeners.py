"""Listeners: several of them, Unix sockets, and a system that has no room for more."""

import errno
import logging
import os
import socket
import stat
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
import trio
from trio.testing import MockClock

from edge import HELLO, End
from support import NOON, Clock
from trio_chat.config import ListenerSettings, ServerSettings, Settings, StorageSettings
from trio_chat.server.app import Server
from trio_chat.server.listeners import (
    Arrival,
    Door,
    Entrance,
    ListenError,
    accept_from,
    bound_port,
    bound_to,
    close_all,
    explain,
    open_all,
    open_listeners,
    open_unix,
)

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="Python has no Unix sockets there")


def here(*listeners: ListenerSettings, **server: object) -> Settings:
    """Return settings that open any free port of this machine, and further places."""
    main = ServerSettings(host=("127.0.0.1",), port=0, shutdown_grace=1, cloak=False, **server)  # type: ignore[arg-type]
    return Settings(server=main, listeners=listeners, storage=StorageSettings(file=None))


async def test_each_listener_has_its_own_rules(nursery: trio.Nursery) -> None:
    """One takes plain text, another does not."""
    strict = ListenerSettings(name="strict", host=("127.0.0.1",), port=0, tls="required")
    settings = here(strict)
    entrances = await open_all(settings)
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, entrances)
    free, closed = [
        End(await trio.open_tcp_stream("127.0.0.1", bound_to(entrance.door.socket)[1]))
        for entrance in entrances
    ]
    await free.send(HELLO)
    await free.until("001")
    await closed.send(HELLO)
    assert b"Use TLS" in await closed.rest()
    for end in (free, closed):
        await end.stream.aclose()
    server.stop()


@unix_only
async def test_a_unix_socket(nursery: trio.Nursery, tmp_path: Path) -> None:
    """With the permissions that were asked for; its clients are on this machine; gone when the
    server is.
    """
    path = tmp_path / "chat.sock"
    settings = here(ListenerSettings(name="local", path=path, mode=0o600))
    entrances = await open_all(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, entrances)
    ann = End(await trio.open_unix_socket(path))
    await ann.send(HELLO)
    assert (await ann.until("001")).params[1].endswith("ann!ann@127.0.0.1")
    await ann.stream.aclose()
    server.stop()
    close_all(entrances)
    assert not path.exists()


@unix_only
def test_a_socket_that_was_left_is_taken_away(tmp_path: Path) -> None:
    """A server that was killed could not; one that is still there is not robbed of it, and no other
    file is touched.
    """
    path = tmp_path / "chat.sock"
    open_unix(path, 0o660).close()
    with open_unix(path, 0o660), pytest.raises(ListenError, match="already in use"):
        open_unix(path, 0o660)
    file = tmp_path / "file"
    file.write_text("important")
    with pytest.raises(ListenError, match=r"Cannot listen on .*file: Address already in use"):
        open_unix(file, 0o660)
    assert file.read_text() == "important"


@unix_only
def test_a_socket_of_somebody_who_takes_nobody_in_is_left_alone(tmp_path: Path) -> None:
    """Its queue is full: it is not one that was left."""
    path = tmp_path / "irc.sock"
    with socket.socket(socket.AF_UNIX) as busy, ExitStack() as waiting:
        busy.bind(os.fspath(path))
        busy.listen(0)
        while True:
            client = waiting.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            if client.connect_ex(os.fspath(path)):
                break
        with pytest.raises(ListenError, match="already in use"):
            open_unix(path, 0o660)
        assert path.is_socket()


async def test_when_one_place_is_impossible_none_stays_open(tmp_path: Path) -> None:
    """The server does not start with half of what was asked for."""
    with pytest.raises(ListenError):
        await open_all(
            here(
                ListenerSettings(name="a", path=tmp_path / "a"),
                ListenerSettings(name="b", path=tmp_path / "no" / "b"),
            )
        )
    assert not (tmp_path / "a").exists()


class TiredDoor:
    """A door that says one thing after the other when it is asked for connections."""

    def __init__(self, outcomes: Sequence[object]) -> None:
        self._outcomes = list(outcomes)

    async def accept(self) -> list[object]:
        """Give a connection, or an error; at last nothing ever again."""
        await trio.lowlevel.checkpoint()
        if not self._outcomes:
            await trio.sleep_forever()
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, float):
            await trio.sleep(outcome)
            return await self.accept()
        if isinstance(outcome, OSError):
            raise outcome
        return [outcome]

    def close(self) -> None:
        """Take no more connections."""


Serve = Callable[[Arrival, ListenerSettings], Awaitable[None]]


async def test_no_room_for_a_connection_is_survived_and_said_once(
    nursery: trio.Nursery,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """EMFILE for a while: the server waits without a busy loop, and takes connections again when it
    can.
    """
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    no_room = OSError(errno.EMFILE, "Too many open files")
    door = TiredDoor([no_room] * 50 + ["one", no_room, "two", 60.0, "three"])
    served: list[str] = []
    done = trio.Event()

    async def serve(arrival: object, settings: ListenerSettings) -> None:
        served.append(str(arrival))
        if len(served) == 3:
            done.set()
        await trio.lowlevel.checkpoint()

    entrance = Entrance(cast("Door", door), ListenerSettings(name=""))
    nursery.start_soon(accept_from, entrance, cast("Serve", serve), nursery)
    await done.wait()
    assert trio.current_time() > 65
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    nursery.cancel_scope.cancel()


class Troubled(socket.socket):
    """A listening socket on which accept() fails in some way, before it goes on as it should."""

    def __init__(self, *errors: int) -> None:
        super().__init__()
        self.errors = list(errors)
        self.bind(("127.0.0.1", 0))
        self.listen()

    def accept(self) -> tuple[socket.socket, object]:
        """Fail, or take a connection."""
        if self.errors and (number := self.errors.pop(0)):
            raise OSError(number, "trouble")
        return super().accept()


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPERM, errno.EHOSTUNREACH])
async def test_a_connection_that_is_gone_before_it_is_taken_is_passed_over(number: int) -> None:
    """Linux accept(2): "detect the network errors [...] and treat them like EAGAIN by retrying"."""
    with Troubled(number) as sock, socket.create_connection(sock.getsockname()) as ours:
        ((theirs, host),) = await Door(sock).accept()
        with theirs:
            assert (theirs.getpeername(), host) == (ours.getsockname(), "127.0.0.1")


async def test_all_who_wait_are_taken_at_once() -> None:
    """A hundred people who come back after a restart: in two turns, not in a hundred."""
    with Troubled() as sock:
        ours = [socket.create_connection(sock.getsockname()) for _ in range(100)]
        door = Door(sock)
        taken = [await door.accept(), await door.accept()]
        assert [len(arrivals) for arrivals in taken] == [64, 36]
        for one in (*ours, *(arrival.sock for arrivals in taken for arrival in arrivals)):
            one.close()


class Nameless(Troubled):
    """As on BSD and macOS, where accept() gives a connection that is gone already, without an
    address.
    """

    is_first = True

    def accept(self) -> tuple[socket.socket, object]:
        """Take a connection; of the first one the address is not known."""
        sock, address = super().accept()
        is_first, self.is_first = self.is_first, False
        return sock, None if is_first else address


async def test_a_connection_without_an_address_is_gone() -> None:
    """It is passed over, and the next one is taken."""
    with Nameless() as sock:
        ours = [socket.create_connection(sock.getsockname()) for _ in range(2)]
        ((theirs, host),) = await Door(sock).accept()
        assert host == "127.0.0.1"
        for one in (*ours, theirs):
            one.close()


async def test_who_was_taken_before_there_was_no_room_is_served() -> None:
    """The error comes with the next connection."""
    with Troubled(0, errno.EMFILE, errno.EMFILE) as sock:
        ours = [socket.create_connection(sock.getsockname()) for _ in range(2)]
        door = Door(sock)
        (first,) = await door.accept()
        with pytest.raises(OSError, match="trouble"):
            await door.accept()
        (second,) = await door.accept()
        for one in (*ours, first.sock, second.sock):
            one.close()


async def test_connections_that_come_and_break_leave_nothing(nursery: trio.Nursery) -> None:
    """Hundreds of connects and resets, some in the middle of something."""
    settings = here()
    entrances = await open_all(settings)
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, entrances)
    port = bound_to(entrances[0].door.socket)[1]

    async def come_and_break(data: bytes) -> None:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        stream.setsockopt(
            trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
        )  # a reset when closed
        if data:
            await stream.send_all(data)
        await stream.aclose()

    async with trio.open_nursery() as many:
        for number in range(300):
            many.start_soon(
                come_and_break, (b"", b"\x16\x03", b"GET / HT", b"NICK ann\r\n", HELLO)[number % 5]
            )
    ann = End(await trio.open_tcp_stream("127.0.0.1", port))
    await ann.send(HELLO.replace(b"ann", b"zoe"))
    await ann.until("001")
    with trio.fail_after(60):
        while len(server.connections) > 1 or server.openings:  # noqa: ASYNC110  # sockets tell when they like
            await trio.sleep(0.01)
    assert list(server.world.users) == ["zoe"]
    await ann.stream.aclose()
    server.stop()


async def test_a_port_that_is_taken(nursery: trio.Nursery) -> None:
    """One line that says what to do; nothing stays open."""
    taken = await open_listeners(["127.0.0.1"], 0)
    with pytest.raises(ListenError, match="already in use"):
        await open_listeners(["127.0.0.1"], bound_port(taken))
    for listener in taken:
        await listener.aclose()


async def test_an_address_that_is_not_ours() -> None:
    """192.0.2.0/24 is for documentation, and nobody's."""
    with pytest.raises(ListenError, match=r"192\.0\.2\.1 is not an address of this machine"):
        await open_listeners(["192.0.2.1"], 0)


def test_no_right_to_bind() -> None:
    """The advice names a port that works."""
    assert "above 1023" in explain(PermissionError(13, "Permission denied"), "0.0.0.0", 80)


async def test_several_hosts_share_a_port() -> None:
    """Also when any free one was asked for."""
    listeners = await open_listeners(["127.0.0.1", "::1"], 0)
    assert len({listener.socket.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        await listener.aclose()
