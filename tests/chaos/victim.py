"""The real server under attack: started, killed, starved of disk, and asked how it is."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import trio

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src"
PATIENCE = 60
"""Seconds after which something that ought to happen is held never to."""
FRIEND, ENEMY = "127.0.0.1", "127.0.0.2"
"""Addresses to come from: the limits do not count for the first one."""

CONFIG = """
[server]
host = 127.0.0.1
port = {port}
shutdown_grace = 2
[logging]
level = warning
file = none
[storage]
most_messages = 1000
playback = 5
[accounts]
hash_cost = low
[limits]
clients = {clients}
registration_timeout = 3
ping_interval = {ping}
ping_timeout = {ping}
connections_exempt = 127.0.0.1/32
flood_exempt = 127.0.0.1/32
connections_per_minute = 100000
outbox_bytes = 64k
[metrics]
port = {metrics}
"""


class Health(NamedTuple):
    """What must not grow."""

    memory: int
    descriptors: int
    tasks: int
    connections: int
    waiting: int
    lag: float


class Victim:
    """A server that is killed and started again on the same port, with the same database.

    Args:
        directory: where it runs.
        clients: how many it takes.
        ping: seconds of silence after which it asks for a sign of life.
    """

    def __init__(self, directory: Path, clients: int = 300, ping: float = 5) -> None:
        self.directory = directory
        self.port, self._metrics = _free_ports(2)
        text = CONFIG.format(port=self.port, metrics=self._metrics, clients=clients, ping=ping)
        (directory / "config.ini").write_text(text, "utf-8")
        self.process: trio.Process | None = None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.directory / "out.txt").read_text("utf-8", "replace")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Victim"]:
        """Run it while the block does; it is killed at the end if it still runs."""
        await self.start()
        try:
            yield self
        finally:
            with trio.move_on_after(PATIENCE, shield=True):
                await self.kill()

    async def start(self) -> None:
        """Start it and wait until it takes connections."""
        env = {
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "PYTHONWARNINGS": "error",
            "LANG": "C.UTF-8",
            "HOME": str(self.directory),
        }
        with (self.directory / "out.txt").open("ab") as out:
            self.process = await trio.lowlevel.open_process(
                [sys.executable, str(HERE / "stepped.py"), "serve", "--config", "config.ini"],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                env=env,
            )
        with trio.fail_after(PATIENCE):
            while await self._page("ready") != "ready\n":
                assert self.process.poll() is None, self.log
                await trio.sleep(0.05)

    async def kill(self) -> None:
        """Kill it, as a power failure would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> int:
        """Stop it as a service manager does; return the exit code."""
        assert self.process is not None
        self.process.terminate()
        with trio.fail_after(PATIENCE):
            return await self.process.wait()

    def step_clock(self, *, back: bool) -> None:
        """Turn its clock."""
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1 if back else signal.SIGUSR2)

    @asynccontextmanager
    async def full_disk(self) -> AsyncIterator[None]:
        """Let no file of it grow, while the block runs."""
        assert self.process is not None
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
        try:
            yield
        finally:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    async def health(self) -> Health:
        """Ask how it is."""
        page = await self._page("metrics")
        values = {
            name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", page, re.MULTILINE)
        }
        return Health(
            memory=int(values["process_resident_memory_bytes"]),
            descriptors=int(values["process_open_fds"]),
            tasks=int(values["trio_chat_tasks"]),
            connections=int(values["trio_chat_connections"]),
            waiting=int(
                values["trio_chat_broadcaster_waiting"]
                + values["trio_chat_unsaved"]
                + values["trio_chat_outbox_bytes"]
            ),
            lag=values["trio_chat_loop_lag_seconds"],
        )

    async def at_rest(self, connections: int) -> Health:
        """Wait until only so many clients are there and nothing waits; return how it is then."""
        with trio.fail_after(PATIENCE):
            while True:
                health = await self.health()
                if health.connections == connections and not health.waiting:
                    return health
                await trio.sleep(0.2)

    async def _page(self, name: str) -> str:
        def fetch() -> str:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{self._metrics}/{name}", timeout=10
                ) as answer:
                    return str(answer.read().decode())
            except urllib.error.HTTPError as error:
                error.close()
                return ""
            except OSError:
                return ""

        return await trio.to_thread.run_sync(fetch)

    async def connect(self, source: str) -> trio.SocketStream:
        """Return a connection to it from one of the addresses."""
        sock = trio.socket.socket()
        try:
            await sock.bind((source, 0))
            await sock.connect(("127.0.0.1", self.port))
        except BaseException:
            sock.close()
            raise
        return trio.SocketStream(sock)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports
