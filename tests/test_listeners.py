"""Listeners: several of them, Unix sockets, and a system that has no room for more."""

import errno
import logging
import os
import socket
import stat
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from edge import HELLO, End
from support import NOON, Clock
from trio_chat.config import ListenerSettings, ServerSettings, Settings, StorageSettings
from trio_chat.server.app import Server
from trio_chat.server.binding import (
    ListenError,
    bind_tcp,
    bind_unix,
    bound_port,
    bound_to,
    explain,
)
from trio_chat.server.listeners import (
    AcceptedBatch,
    AcceptedSocket,
    BatchListener,
    close_all,
    open_listeners,
    quiet_trio,
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
    listeners = await open_listeners(settings)
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, listeners)
    free, closed = [
        End(await trio.open_tcp_stream("127.0.0.1", bound_to(listener.socket)[1]))
        for listener in listeners
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
    listeners = await open_listeners(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, listeners)
    ann = End(await trio.open_unix_socket(path))
    await ann.send(HELLO)
    assert (await ann.until("001")).params[1].endswith("ann!ann@127.0.0.1")
    await ann.stream.aclose()
    server.stop()
    close_all(listeners)
    assert not path.exists()


@unix_only
def test_a_socket_that_was_left_is_taken_away(tmp_path: Path) -> None:
    """A server that was killed could not; one that is still there is not robbed of it, and no other
    file is touched.
    """
    path = tmp_path / "chat.sock"
    bind_unix(path, 0o660).close()
    with bind_unix(path, 0o660), pytest.raises(ListenError, match="already in use"):
        bind_unix(path, 0o660)
    file = tmp_path / "file"
    file.write_text("important")
    with pytest.raises(ListenError, match=r"file is a file or directory, and no socket"):
        bind_unix(file, 0o660)
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
            bind_unix(path, 0o660)
        assert path.is_socket()


async def test_when_one_place_is_impossible_none_stays_open(tmp_path: Path) -> None:
    """The server does not start with half of what was asked for."""
    with pytest.raises(ListenError):
        await open_listeners(
            here(
                ListenerSettings(name="a", path=tmp_path / "a"),
                ListenerSettings(name="b", path=tmp_path / "no" / "b"),
            )
        )
    assert not (tmp_path / "a").exists()


class Troubled(socket.socket):
    """A listening socket on which accept() fails in some way, before it goes on as it should."""

    def __init__(self, *errors: int) -> None:
        super().__init__()
        self.errors = list(errors)
        self.bind(("127.0.0.1", 0))
        self.listen()

    def accept(self) -> tuple[socket.socket, object]:
        """Fail, or accept a connection."""
        if self.errors and (number := self.errors.pop(0)):
            raise OSError(number, "trouble")
        return super().accept()

    def connect_to(self, count: int) -> list[socket.socket]:
        """Return the clients' ends of new connections."""
        return [socket.create_connection(self.getsockname()) for _ in range(count)]


def listener_on(sock: socket.socket) -> BatchListener:
    """Return a listener with the default settings."""
    return BatchListener(sock, ListenerSettings(name=""))


def close(*sockets: socket.socket) -> None:
    """Close sockets."""
    for sock in sockets:
        sock.close()


async def test_a_shortage_of_descriptors_is_survived_and_logged_once(
    nursery: trio.Nursery,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """EMFILE for a while: `trio.serve_listeners` tries again, and its tracebacks are not logged."""
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    quiet_trio()
    hosts: list[str] = []
    more = trio.Event()

    async def serve(batch: AcceptedBatch) -> None:
        hosts.extend(accepted.host for accepted in batch.sockets)
        more.set()
        await trio.lowlevel.checkpoint()

    with Troubled(*[errno.EMFILE] * 50, 0) as sock:
        first = sock.connect_to(1)
        nursery.start_soon(trio.serve_listeners, serve, [listener_on(sock)])
        await more.wait()
        assert trio.current_time() == pytest.approx(5)
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        await trio.sleep(60)
        more = trio.Event()
        second = sock.connect_to(1)
        await more.wait()
        assert hosts == ["127.0.0.1"] * 2
        assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
        nursery.cancel_scope.cancel()
        close(*first, *second)


async def test_the_shortage_of_windows_is_the_one_that_trio_knows() -> None:
    """WSAEMFILE has a number of its own there."""
    with Troubled(10024) as sock:
        with pytest.raises(OSError, match="trouble") as raised:
            await listener_on(sock).accept()
        assert raised.value.errno == errno.EMFILE


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPERM, errno.EHOSTUNREACH])
async def test_a_connection_that_is_gone_before_it_is_accepted_is_passed_over(number: int) -> None:
    """Linux accept(2): "detect the network errors [...] and treat them like EAGAIN by retrying"."""
    with Troubled(number) as sock:
        (ours,) = sock.connect_to(1)
        [accepted] = (await listener_on(sock).accept()).sockets
        assert (accepted.sock.getpeername(), accepted.host) == (ours.getsockname(), "127.0.0.1")
        close(ours, accepted.sock)


async def test_waiting_connections_are_accepted_together_up_to_a_bound() -> None:
    """After a restart a hundred clients reconnect: they cost two passes of the scheduler."""
    with Troubled() as sock:
        ours = sock.connect_to(100)
        listener = listener_on(sock)
        for count in (64, 36):
            with trio.testing.assert_checkpoints():
                batch = await listener.accept()
            assert len(batch.sockets) == count
            await batch.aclose()
        close(*ours)


async def test_cancellation_accepts_nothing() -> None:
    """The connections wait for the next call."""
    with Troubled() as sock:
        ours = sock.connect_to(3)
        listener = listener_on(sock)
        with trio.CancelScope() as scope:
            scope.cancel()
            await listener.accept()
        assert scope.cancelled_caught
        batch = await listener.accept()
        assert len(batch.sockets) == 3
        await batch.aclose()
        close(*ours)


class Nameless(Troubled):
    """As on BSD and macOS, where accept() gives a connection that is gone already, without an
    address.
    """

    is_first = True

    def accept(self) -> tuple[socket.socket, object]:
        """Accept a connection; of the first one the address is not known."""
        sock, address = super().accept()
        is_first, self.is_first = self.is_first, False
        return sock, None if is_first else address


async def test_a_connection_without_an_address_is_gone() -> None:
    """It is passed over, and the next one is accepted."""
    with Nameless() as sock:
        ours = sock.connect_to(2)
        [accepted] = (await listener_on(sock).accept()).sockets
        assert accepted.host == "127.0.0.1"
        close(*ours, accepted.sock)


async def test_a_connection_accepted_before_a_shortage_is_served() -> None:
    """The error comes with the next connection."""
    with Troubled(0, errno.EMFILE, errno.EMFILE) as sock:
        ours = sock.connect_to(2)
        listener = listener_on(sock)
        first = await listener.accept()
        with pytest.raises(OSError, match="trouble"):
            await listener.accept()
        second = await listener.accept()
        await first.aclose()
        await second.aclose()
        close(*ours)


async def test_a_closed_listener_accepts_nothing() -> None:
    """Whether it was closed before or while somebody waits."""
    sock = Troubled()
    listener = listener_on(sock)
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await listener.accept()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await listener.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await listener.accept()


@unix_only
async def test_closing_a_unix_listener_again_leaves_the_file_of_another(tmp_path: Path) -> None:
    """A new server may have bound the path while the old one took leave of its clients."""
    settings = here(ListenerSettings(name="local", path=tmp_path / "chat.sock"))
    old = await open_listeners(settings)
    for listener in old:
        await listener.aclose()
    new = await open_listeners(settings)
    close_all(old)
    assert (tmp_path / "chat.sock").exists()
    close_all(new)


async def test_a_handler_that_leaves_its_socket_open_has_it_closed(nursery: trio.Nursery) -> None:
    """`trio.serve_listeners` closes the socket when the handler returns."""
    served: list[AcceptedSocket] = []

    async def ignore(batch: AcceptedBatch) -> None:
        served.extend(batch.sockets)
        await trio.lowlevel.checkpoint()

    with Troubled() as sock:
        ours = sock.connect_to(1)
        nursery.start_soon(trio.serve_listeners, ignore, [listener_on(sock)])
        await trio.testing.wait_all_tasks_blocked()
        assert [accepted.sock.fileno() for accepted in served] == [-1]
        nursery.cancel_scope.cancel()
        close(*ours)


async def test_connections_that_come_and_break_leave_nothing(nursery: trio.Nursery) -> None:
    """Hundreds of connects and resets, some in the middle of something."""
    settings = here()
    listeners = await open_listeners(settings)
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, listeners)
    port = bound_to(listeners[0].socket)[1]

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


async def test_a_connection_whose_own_address_is_unknown(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on BSD and macOS, where one that is broken already has none: the server goes on."""
    settings = here()
    listeners = await open_listeners(settings)
    server = Server(settings, Clock(NOON))
    await nursery.start(server.serve, listeners)
    port = bound_to(listeners[0].socket)[1]

    def fail(_: socket.socket) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "getsockname", fail, raising=False)
        ann = End(await trio.open_tcp_stream("127.0.0.1", port))
        await ann.send(HELLO)
        await ann.until("001")
    await ann.stream.aclose()
    server.stop()


async def test_a_port_that_is_taken(nursery: trio.Nursery) -> None:
    """One line that says what to do; nothing stays open."""
    taken = await bind_tcp(["127.0.0.1"], 0)
    with pytest.raises(ListenError, match="already in use"):
        await bind_tcp(["127.0.0.1"], bound_port(taken))
    for listener in taken:
        await listener.aclose()


async def test_an_address_that_is_not_ours() -> None:
    """192.0.2.0/24 is for documentation, and nobody's."""
    with pytest.raises(ListenError, match=r"192\.0\.2\.1 is not an address of this machine"):
        await bind_tcp(["192.0.2.1"], 0)


_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="others may allow that")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1", "127.0.0.1"),
        pytest.param("0.0.0.0", "127.0.0.1", marks=_LINUX),
        pytest.param("127.0.0.1", "0.0.0.0", marks=_LINUX),
    ],
)
async def test_an_address_that_is_named_twice(first: str, second: str) -> None:
    """The server's own address is not taken for that of another program."""
    with pytest.raises(ListenError, match=f"{second} is an address on which this server listens"):
        await bind_tcp([first, second], 0)


async def test_a_port_of_another_section() -> None:
    """It is not taken for that of another program either."""
    free = await bind_tcp(["127.0.0.1"], 0)
    port = bound_port(free)
    for listener in free:
        await listener.aclose()
    second = ListenerSettings(name="office", host=("127.0.0.1",), port=port)
    with pytest.raises(ListenError, match=f"Another section of the configuration has port {port}"):
        await open_listeners(
            Settings(
                server=ServerSettings(host=("127.0.0.1",), port=port),
                listeners=(second,),
                storage=StorageSettings(file=None),
            )
        )


@unix_only
async def test_a_path_of_another_section(tmp_path: Path) -> None:
    """Two listeners with the same path are an error of the configuration."""
    path = tmp_path / "chat.sock"
    both = [ListenerSettings(name=name, path=path) for name in ("one", "two")]
    with pytest.raises(ListenError, match="Another section of the configuration has"):
        await open_listeners(here(*both))
    assert not path.exists()


def test_no_right_to_bind() -> None:
    """The advice names a port that works."""
    assert "above 1023" in explain(PermissionError(13, "Permission denied"), "0.0.0.0", 80)


async def test_several_hosts_share_a_port() -> None:
    """This holds for a port that the system chooses too."""
    listeners = await bind_tcp(["127.0.0.1", "::1"], 0)
    assert len({listener.socket.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        await listener.aclose()
