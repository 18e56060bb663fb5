"""A real engine for tests: Redis or Valkey, started for one test."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trio_chat.server.cluster.redis_address import RedisAddress
from trio_chat.server.cluster.redis_connection import connect
from trio_chat.server.cluster.redis_log import RedisLog

NAMES = ("valkey-server", "redis-server")


class Engine:
    """An engine with a port of its own, which can be killed and started again.

    Args:
        directory: where it keeps its data.
        options: more options, as on the command line.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            pytest.skip(f"NOT TESTED: there is no {' or '.join(NAMES)}")
        self._command = [program, "--dir", str(directory), "--save", "", "--bind", "127.0.0.1"]
        self._options = options
        self._log = directory / "engine.log"
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, on the port that it had before."""
        for _ in range(20):
            port = self.port or _free_port()
            options = ["--port", str(port), "--logfile", str(self._log), *self._options]
            self._log.unlink(missing_ok=True)
            self._process = subprocess.Popen([*self._command, *options])
            if self._is_ready(port):
                self.port = port
                return
        raise AssertionError(self._log.read_text("utf-8"))

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    def log(self, replicas: int = 0) -> RedisLog:
        """Return a log in it, with connections of its own."""
        return RedisLog(self.address, replicas)

    async def trim(self, keep: int) -> None:
        """Remove the oldest entries of the log."""
        connection = await connect(self.address)
        key = f"{self.address.name}:log"
        await connection.call(("XTRIM", key, "MAXLEN", keep), seconds=3)
        await connection.aclose()

    @property
    def address(self) -> RedisAddress:
        """Its address."""
        return RedisAddress((("127.0.0.1", self.port),))

    def _is_ready(self, port: int) -> bool:
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            text = self._log.read_text("utf-8") if self._log.exists() else ""
            if f"port={port}" in text and "Ready to accept connections" in text:
                return True
            time.sleep(0.01)
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def engine(directory: Path, *options: str) -> Iterator[Engine]:
    """Run an engine that keeps what it has taken."""
    directory.mkdir(exist_ok=True)
    running = Engine(directory, "--appendonly", "yes", *options)
    try:
        yield running
    finally:
        running.kill()
