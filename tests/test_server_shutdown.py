"""The life of a server: its settings, the notice of a shutdown, and the end."""

import errno
import math
import os
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from server_fakes import MemoryClient, Pair
from support import NOON, Clock
from trio_chat.config import LoggingSettings, ServerSettings, Settings, StorageSettings
from trio_chat.irc.message import Message
from trio_chat.server import main
from trio_chat.server import peer as peers
from trio_chat.server.app import Server
from trio_chat.server.binding import ListenError
from trio_chat.server.transport import StreamTransport


class MemoryListener(trio.abc.Listener[Any]):
    """A listener that accepts connections of this process."""

    def __init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel["trio.StapledStream[Any, Any]"](10)
        self.is_closed = False

    def connect(self, pair: Pair = memory_stream_pair) -> MemoryClient:
        """Return the client's end of a new connection."""
        ours, theirs = pair()
        self.send.send_nowait(theirs)
        return MemoryClient(ours)

    async def accept(self) -> "trio.StapledStream[Any, Any]":
        """Wait for a connection."""
        return await self.receive.receive()

    async def aclose(self) -> None:
        """Stop listening."""
        self.is_closed = True
        await trio.lowlevel.checkpoint()


class MemoryServer(Server):
    """A server whose clients come over memory streams."""

    async def handle(self, connections: trio.Nursery, accepted: object) -> None:
        """Serve an accepted stream."""
        await self.serve_client(
            StreamTransport(cast("trio.abc.Stream", accepted)), peers.Peer(host="127.0.0.1")
        )


async def start(nursery: trio.Nursery) -> tuple[MemoryServer, MemoryListener, trio.Event]:
    """Start a server with a listener; return them, and what is set when the server has ended."""
    server, listener, ended = (
        MemoryServer(Settings(server=ServerSettings(shutdown_grace=3)), Clock(NOON)),
        MemoryListener(),
        trio.Event(),
    )

    async def run(task_status: trio.TaskStatus[None]) -> None:  # noqa: ASYNC114, ASYNC128  # `serve` says started
        await server.serve([listener], task_status=task_status)
        ended.set()

    await nursery.start(run)
    return server, listener, ended


async def test_everyone_is_told_of_a_shutdown(nursery: trio.Nursery) -> None:
    """A standard reply for those who know them, a NOTICE for others, then ERROR and the end; also
    before registration.
    """
    server, listener, ended = await start(nursery)
    modern, old, fresh = listener.connect(), listener.connect(), listener.connect()
    await modern.say(
        "CAP REQ :standard-replies", "CAP END", "NICK ann", "USER ann 0 * :Ann", "JOIN #a"
    )
    await modern.until("366")
    await old.say("NICK bob", "USER bob 0 * :Bob", "JOIN #a")
    await old.until("366")
    await modern.until("JOIN")
    await wait_all_tasks_blocked()
    server.stop()
    error = Message("ERROR", ("Closing link: 127.0.0.1 (The server has shut down)",))
    text = "The server has shut down"
    assert await modern.rest() == [
        Message("NOTE", ("*", "SERVER_SHUTDOWN", text), "chat.local"),
        error,
    ]
    assert await old.rest() == [Message("NOTICE", ("bob", text), "chat.local"), error]
    assert await fresh.rest() == [Message("NOTICE", ("*", text), "chat.local"), error]
    for peer in (modern, old, fresh):
        await peer.stream.aclose()
    await ended.wait()
    assert listener.is_closed


async def test_a_node_of_a_cluster_asks_its_clients_to_connect_again(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others serve the network, so nobody is told that it has shut down."""
    monkeypatch.setattr(MemoryServer, "has_other_nodes", True)
    server, listener, _ = await start(nursery)
    modern, old = listener.connect(), listener.connect()
    await modern.say("CAP REQ :standard-replies", "CAP END", "NICK ann", "USER ann 0 * :Ann")
    await modern.until("422")
    await old.say("NICK bob", "USER bob 0 * :Bob")
    await old.until("422")
    await wait_all_tasks_blocked()
    server.stop()
    text = "This server is being restarted, connect again"
    error = Message("ERROR", (f"Closing link: 127.0.0.1 ({text})",))
    assert await modern.rest() == [Message("NOTE", ("*", "RECONNECT", text), "chat.local"), error]
    assert await old.rest() == [Message("NOTICE", ("bob", text), "chat.local"), error]


async def test_what_was_said_before_the_shutdown_arrives_before_the_notice(
    nursery: trio.Nursery,
) -> None:
    """Outboxes are flushed: nothing that was accepted is lost on the way."""
    server, listener, _ = await start(nursery)
    ann, bob = listener.connect(), listener.connect()
    for nick, peer in (("ann", ann), ("bob", bob)):
        await peer.say(f"NICK {nick}", f"USER {nick} 0 * :x", "JOIN #a")
        await peer.until("366")
    await ann.until("JOIN")
    await ann.say(*(f"PRIVMSG #a :{number}" for number in range(50)))
    await bob.until("PRIVMSG")
    await wait_all_tasks_blocked()
    server.stop()
    messages = await bob.rest()
    assert [message.command for message in messages] == ["PRIVMSG"] * 49 + ["NOTICE", "ERROR"]


@pytest.mark.parametrize(("grace", "most"), [(math.inf, 3), (1, 1), (5, 3)])
async def test_who_has_stopped_reading_does_not_hold_up_the_end(
    nursery: trio.Nursery, autojump_clock: MockClock, grace: float, most: float
) -> None:
    """The server waits no longer than the grace time, nor than Windows does for a closed window."""
    server, listener, ended = await start(nursery)
    stuck = listener.connect(lockstep_stream_pair)
    await stuck.say("NICK ann", "USER ann 0 * :Ann")
    await wait_all_tasks_blocked()
    before = trio.current_time()
    server.stop(grace)
    await ended.wait()
    assert trio.current_time() - before <= most


async def test_a_server_that_is_cancelled_is_gone_at_once(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """The second signal: no grace, and every connection closed."""
    server, listener = MemoryServer(Settings(), Clock(NOON)), MemoryListener()
    stuck = listener.connect(lockstep_stream_pair)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            await inner.start(server.serve, [listener])
            await stuck.say("NICK ann", "USER ann 0 * :Ann")
            await wait_all_tasks_blocked()
            before = trio.current_time()
            server.stop()
            await wait_all_tasks_blocked()
            scope.cancel()
    assert trio.current_time() == before
    assert not server.connections
    assert not server.world.users


def test_settings_reach_the_world() -> None:
    """What config.ini says is what the server says of itself."""
    settings = Settings(server=ServerSettings(name="irc.example", motd=("hello",), lobby="#here"))
    server = Server(settings, Clock(NOON))
    assert server.world.server_info.name == "irc.example"
    assert list(server.world.channels) == ["#here"]


def test_the_last_line_of_the_log_is_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task that ends late, such as one that waits for a thread, logs before it."""

    async def log_late(server: Server, _: object) -> None:
        server.stop()
        try:
            await trio.sleep_forever()
        finally:
            main.log.info("a task has ended")

    monkeypatch.setattr(main, "gc", MagicMock())  # its thresholds are those of the whole process
    monkeypatch.setattr(main, "_make_known", log_late)
    settings = Settings(
        server=ServerSettings(host=("127.0.0.1",), port=0),
        logging=LoggingSettings(file=None),
        storage=StorageSettings(file=None),
    )
    assert main.run(settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("] ")[2] for line in lines[-2:]] == [
        "a task has ended",
        "trio-chat has shut down",
    ]


def test_too_few_files_are_no_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that cannot start for a limit of the system names the limit."""

    async def fail(*_: object) -> int:
        await trio.lowlevel.checkpoint()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(main, "_main", fail)
    assert main.run(Settings(logging=LoggingSettings(file=None))) == 1
    shown = capsys.readouterr()
    assert "ulimit -n" in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_the_log_file_has_the_reason_of_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that the system starts may have no console that anybody reads; on one it is there
    once.
    """

    async def fail(*_: object) -> int:
        await trio.lowlevel.checkpoint()
        raise ListenError("Port 5000 is already in use.")

    monkeypatch.setattr(main, "_main", fail)
    file = tmp_path / "log.txt"
    assert main.run(Settings(logging=LoggingSettings(file=file))) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Port 5000 is already in use.\n")
    line = file.read_text("utf-8")
    reason = f"the server (process {os.getpid()}) ends: Port 5000 is already in use."
    assert line.endswith(f"[ERROR] {reason}\n")
