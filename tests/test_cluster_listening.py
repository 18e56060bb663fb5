"""Listening of a node while it takes clients only, its readiness, and what is noted meanwhile."""

import logging
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_chat.admin.health import check
from trio_chat.config import ListenerSettings, MetricsSettings, Settings, StorageSettings
from trio_chat.server.binding import ListenError, bind_tcp
from trio_chat.server.cluster.listening import NodeListening
from trio_chat.server.cluster.log import LogUnavailable
from trio_chat.server.cluster.readiness import PATIENCE, Readiness
from trio_chat.server.listeners import AcceptedBatch, BatchListener, close_all
from trio_chat.storage import lock

HOST = "127.0.0.1"
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="Python has no Unix sockets there")


async def listener(host: str = HOST) -> BatchListener:
    """Return a listener on any free port."""
    [opened] = await bind_tcp([host], 0)
    return BatchListener(socket.socket(fileno=opened.socket.detach()), ListenerSettings(name=""))


@asynccontextmanager
async def echoing(*listeners: BatchListener) -> AsyncIterator[None]:
    """Serve listeners: a byte comes back."""

    async def serve(batch: AcceptedBatch) -> None:
        [accepted] = batch.sockets
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(accepted.sock.dup()))
        async with stream:
            while data := await stream.receive_some():
                await stream.send_all(data)

    async with trio.open_nursery() as nursery:
        await nursery.start(
            partial(trio.serve_listeners, serve, list(listeners), handler_nursery=nursery)
        )
        yield
        nursery.cancel_scope.cancel()


async def answers(stream: trio.SocketStream) -> bool:
    """Return whether a byte comes back."""
    await stream.send_all(b"x")
    return await stream.receive_some(1) == b"x"


async def connect(one: BatchListener) -> trio.SocketStream:
    """Connect to a listener on TCP."""
    return await trio.open_tcp_stream(HOST, one.bound[1])


async def test_a_paused_listener_refuses_connections_and_keeps_those_it_has() -> None:
    """Again and again; it comes back on the same port."""
    one = await listener()
    async with echoing(one):
        streams = [await connect(one)]
        for _ in range(3):
            one.pause()
            one.pause()
            with pytest.raises(OSError, match="connect"):
                await connect(one)
            assert await answers(streams[-1])
            await one.resume()
            await one.resume()
            streams.append(await connect(one))
            assert await answers(streams[-1])
        for stream in streams:
            assert await answers(stream)
            await stream.aclose()


async def test_the_port_of_a_paused_listener_is_held() -> None:
    """The system gives it to nobody who asks for any port; for a port of both families, too."""
    one = await listener()
    one.pause()
    with socket.socket() as other, pytest.raises(OSError, match=r"in use|10048|10013"):
        other.bind((HOST, one.bound[1]))
    one.close()
    with pytest.raises(trio.ClosedResourceError):
        await one.accept()


@pytest.mark.skipif(sys.platform == "win32", reason="there the port is held alone")
async def test_a_port_that_another_program_has_taken_is_an_error() -> None:
    """Linux lets a program with SO_REUSEADDR listen on a port that is only held."""
    one = await listener()
    one.pause()
    port = one.bound[1]
    with (
        socket.create_server((HOST, port)),
        pytest.raises(ListenError, match=f"Port {port} is already in use"),
    ):
        await one.resume()
    one.close()


async def test_closing_a_paused_listener_ends_the_wait_for_connections() -> None:
    """Whether it was paused before the wait or in it."""
    one, two = await listener(), await listener()
    one.pause()
    ended: list[BatchListener] = []

    async def wait(each: BatchListener) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await each.accept()
        ended.append(each)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, one)
        nursery.start_soon(wait, two)
        await wait_all_tasks_blocked()
        two.pause()
        await wait_all_tasks_blocked()
        close_all([one, two])
    assert len(ended) == 2
    await one.resume()
    assert one.is_closed


@unix_only
async def test_a_paused_unix_socket_has_no_path(tmp_path: Path) -> None:
    """Another server may have the path then, which closing leaves alone."""
    path = tmp_path / "chat.sock"
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(os.fspath(path))
    sock.listen()
    one = BatchListener(sock, ListenerSettings(name="local", path=path, mode=0o600))
    async with echoing(one):
        one.pause()
        assert not path.exists()
        await one.resume()
        assert path.stat().st_mode & 0o777 == 0o600
        async with await trio.open_unix_socket(path) as stream:
            assert await answers(stream)
        one.pause()
        path.touch()
    assert path.exists()


class Node:
    """A node that is ready when it is told so."""

    def __init__(self) -> None:
        self.takes_clients = False
        self.reason = "waits for the engine"

    def why_not(self) -> str:
        """Return what it waits for."""
        return self.reason


@asynccontextmanager
async def listening(
    node: Node, one: BatchListener, file: Path | None, states: list[str]
) -> AsyncIterator[Callable[[], int]]:
    """Let a listener listen as a node takes clients; yield how often places were noted."""
    noted = 0

    async def note() -> None:
        nonlocal noted
        noted += 1
        await trio.lowlevel.checkpoint()

    one.pause()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(NodeListening(node, [one], file, states.append).run, note)
            yield lambda: noted
            nursery.cancel_scope.cancel()
    finally:
        one.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    with trio.fail_after(30):
        while not is_so():  # noqa: ASYNC110  # a file is looked at
            await trio.sleep(0.005)


async def test_a_node_listens_while_it_takes_clients(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systemd and `trio-chat health` know meanwhile what it waits for."""
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    file, states, node = tmp_path / "chat.db", list[str](), Node()
    handle = lock.acquire(file)
    one = await listener()
    async with listening(node, one, file, states) as noted:
        await until(lambda: lock.noted_waiting(file) == "waits for the engine")
        node.reason = "catches up: 40 %"
        await until(lambda: lock.noted_waiting(file) == "catches up: 40 %")
        assert states[-1] == "STATUS=catches up: 40 %\nEXTEND_TIMEOUT_USEC=30000000"
        assert not noted()
        node.takes_clients = True
        await until(lambda: noted() == 1)
        await (await connect(one)).aclose()
        node.takes_clients, node.reason = False, "waits again"
        await until(lambda: lock.noted_waiting(file) == "waits again")
        with pytest.raises(OSError, match="connect"):
            await connect(one)
        assert states[-1] == "STATUS=waits again"
        node.takes_clients = True
        await until(lambda: noted() == 2)
        await (await connect(one)).aclose()
    lock.release(handle)
    assert "this node takes no new clients: it waits again" in caplog.text
    assert "this node listens again" in caplog.text


async def test_what_a_node_waits_for_is_noted_again_and_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """A node that hangs notes nothing, so an old note does not count."""
    states, node, one = list[str](), Node(), await listener()
    async with listening(node, one, None, states):
        await trio.sleep(9)
        assert len(states) == 5


def test_an_old_note_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that holds the lock may hang; who holds it since when stays noted."""
    file = tmp_path / "chat.db"
    handle = lock.acquire(file)
    before = (tmp_path / "chat.db.lock").read_text("utf-8")
    lock.note_waiting(file, "x" * 10_000)
    assert len(lock.noted_waiting(file)) == 500
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 11)
    assert not lock.noted_waiting(file)
    lock.note_places(file, [])
    assert (tmp_path / "chat.db.lock").read_text("utf-8").startswith(before[:-1])
    lock.release(handle)
    assert not lock.noted_waiting(file)


@pytest.mark.parametrize("note", ["", "nonsense", "{}", '{"waits": "x"}', '{"waits": 1, "at": []}'])
def test_a_damaged_note_is_no_reason(tmp_path: Path, note: str) -> None:
    """A crash may leave half a note; the next note replaces it."""
    (tmp_path / "chat.db.lock").write_text(note, "utf-8")
    assert not lock.noted_waiting(tmp_path / "chat.db")
    lock.note_waiting(tmp_path / "chat.db", "y")
    assert lock.noted_waiting(tmp_path / "chat.db") == "y"


def test_health_says_what_a_node_waits_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is alive, so that it is not restarted; but not if its port for metrics is silent."""
    file = tmp_path / "chat.db"
    settings = Settings(storage=StorageSettings(file=file))
    handle = lock.acquire(file)
    lock.note_waiting(file, "catches up: 40 %")
    assert check(settings, 1) == 0
    assert "takes no clients: it catches up: 40 %" in capsys.readouterr().err
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        port = silent.getsockname()[1]
        metrics = MetricsSettings(host=(HOST,), port=port)
        assert check(Settings(storage=settings.storage, metrics=metrics), 1) == 1
    lock.release(handle)


async def test_an_engine_that_is_away_for_a_moment_keeps_nobody_out(
    autojump_clock: MockClock,
) -> None:
    """A failover takes less than the patience; a longer absence keeps clients out until its end."""
    readiness = Readiness()
    readiness.is_serving = True
    readiness.note_unavailable(LogUnavailable("192.0.2.1:6379: refused"))
    await trio.sleep(PATIENCE - 1)
    readiness.note_unavailable(LogUnavailable("192.0.2.1:6379: no route"))
    found = [readiness.takes_clients]
    await trio.sleep(2)
    found.append(readiness.takes_clients)
    assert readiness.why_not() == "waits for the engine of the cluster: 192.0.2.1:6379: no route"
    readiness.note_available()
    found.append(readiness.takes_clients)
    assert found == [True, False, True]


def test_the_progress_of_a_node_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the times of the entries; it is not complete before its life has begun."""
    readiness = Readiness()
    monkeypatch.setattr(time, "time", lambda: 2000.0)
    texts = [readiness.why_not()]
    for first, last in ((1000.0, 1010.0), (1010.0, 1400.0), (1400.0, 2100.0)):
        readiness.note_carried_out(first, last)
        texts.append(readiness.why_not().rpartition(": ")[2])
    assert texts == ["catches up with the log of the cluster", "1 %", "40 %", "99 %"]
    readiness.is_serving = True
    assert readiness.why_not() == ""
