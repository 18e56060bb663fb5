"""A real engine for tests: Redis or Valkey, started for one test."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from trio_chat.server.cluster.redis_address import Login, RedisAddress
from trio_chat.server.cluster.redis_connection import connect
from trio_chat.server.cluster.redis_log import RedisLog

NAMES = ("valkey-server", "redis-server")
_EXAMPLE = Path(__file__).parent.parent / "contrib" / "cluster" / "sentinel.conf"
"""The configuration of Sentinel that administrators are recommended."""
_EXAMPLE_PRIMARY = (
    "sentinel monitor mymaster 10.0.0.1 6379 2\nsentinel auth-pass mymaster PASSWORD\n"
)


def program() -> str:
    """Return the program of an engine; the test is skipped if there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"NOT TESTED: there is no {' or '.join(NAMES)}")
    return found


def program_with_tls() -> str:
    """Return the program of an engine that was built with TLS; the test is skipped without."""
    for found in filter(None, map(shutil.which, NAMES)):
        command = [found, "--port", "0", "--tls-port", "1"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if "tls-cert-file" in said.stdout + said.stderr:
            return found
    pytest.skip(f"NOT TESTED: there is no {' or '.join(NAMES)} with TLS")


class Program:
    """A process of an engine or a Sentinel, with a port of its own.

    Args:
        directory: where it keeps its data.
        ready: what its log says when it is ready.
    """

    def __init__(self, directory: Path, ready: str) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory
        self._ready = ready
        self._log = directory / "engine.log"
        self.port = 0

    def command(self, port: int) -> list[str]:
        """Return the command line."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, on the port that it had before."""
        for _ in range(20):
            port = self.port or _free_port()
            self._log.unlink(missing_ok=True)
            self._process = subprocess.Popen([*self.command(port), "--logfile", str(self._log)])
            if self._is_ready(port):
                self.port = port
                return
        raise AssertionError(self._log.read_text("utf-8"))

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it do nothing, and keep its connections."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End `freeze`."""
        self._process.send_signal(signal.SIGCONT)

    async def call(self, *command: str | int | bytes) -> Any:
        """Return the reply to a command."""
        connection = await connect(("127.0.0.1", self.port), None, Login())
        [reply] = await connection.call(command, seconds=10)
        await connection.aclose()
        return reply

    def _is_ready(self, port: int) -> bool:
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            text = self._log.read_text("utf-8") if self._log.exists() else ""
            if f"port={port}" in text and self._ready in text:
                return True
            time.sleep(0.01)
        return False


class Engine(Program):
    """An engine with a port of its own, which can be killed and started again.

    Args:
        directory: where it keeps its data.
        options: more options, as on the command line.
        tls: options of TLS; without any the engine has none.
    """

    def __init__(self, directory: Path, *options: str, tls: Sequence[str] = ()) -> None:
        super().__init__(directory, "Ready to accept connections")
        self._tls = tls
        own = program_with_tls() if tls else program()
        self._command = [own, "--dir", str(directory), "--save", "", "--bind", "127.0.0.1"]
        self._options = options
        self.start()

    def command(self, port: int) -> list[str]:
        """Return the command line."""
        ports = ("--port", "0", "--tls-port", str(port)) if self._tls else ("--port", str(port))
        return [*self._command, *ports, *self._tls, *self._options]

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    def log(self, replicas: int = 0) -> RedisLog:
        """Return a log in it, with connections of its own."""
        return RedisLog(self.address, replicas)

    async def trim(self, keep: int) -> None:
        """Remove the oldest entries of the log."""
        await self.call("XTRIM", f"{self.address.name}:log", "MAXLEN", keep)

    @property
    def address(self) -> RedisAddress:
        """Its address."""
        return RedisAddress((("127.0.0.1", self.port),))


class Sentinel(Program):
    """A Sentinel.

    Args:
        directory: where it keeps its configuration.
        primary: the engine that it watches first.
        quorum: how many Sentinels must agree that it is down.
        options: more options, as on the command line.
    """

    def __init__(self, directory: Path, primary: Engine, quorum: int = 2, *options: str) -> None:
        super().__init__(directory, "Sentinel ID is")
        self._configuration = directory / "sentinel.conf"
        example = _EXAMPLE.read_text("utf-8")
        assert _EXAMPLE_PRIMARY in example
        monitored = f"sentinel monitor mymaster 127.0.0.1 {primary.port} {quorum}\n"
        self._configuration.write_text(example.replace(_EXAMPLE_PRIMARY, monitored), "utf-8")
        self._options = options
        self.start()

    def command(self, port: int) -> list[str]:
        """Return the command line."""
        command = [program(), str(self._configuration), "--sentinel", "--bind", "127.0.0.1"]
        return [*command, "--dir", str(self._directory), "--port", str(port), *self._options]

    async def facts(self) -> dict[bytes, bytes]:
        """Return what it knows of the primary."""
        found = await self.call("SENTINEL", "MASTER", "mymaster")
        return dict(zip(found[::2], found[1::2], strict=True))


class Group:
    """A primary, its replicas, and Sentinels that watch them.

    Args:
        directory: where they keep their data.
        replicas: how many.
        sentinels: how many.
    """

    def __init__(self, directory: Path, replicas: int = 2, sentinels: int = 3) -> None:
        directory.mkdir(exist_ok=True)
        self._stack = ExitStack()
        options = ("--repl-diskless-sync-delay", "0")
        with ExitStack() as stack:
            primary = stack.enter_context(engine(directory / "0", *options))
            self.engines = [primary]
            for number in range(1, replicas + 1):
                own = (*options, "--replicaof", f"127.0.0.1 {primary.port}")
                self.engines.append(stack.enter_context(engine(directory / str(number), *own)))
            self.sentinels: list[Sentinel] = []
            for number in range(sentinels):
                sentinel = Sentinel(directory / f"s{number}", primary, sentinels // 2 + 1)
                stack.callback(sentinel.kill)
                self.sentinels.append(sentinel)
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Kill all."""
        self._stack.close()

    @property
    def address(self) -> RedisAddress:
        """The address of the Sentinels."""
        hosts = tuple(("127.0.0.1", each.port) for each in self.sentinels)
        return RedisAddress(hosts, master="mymaster", replicas=1)

    async def primary(self) -> Engine:
        """Return the engine that the Sentinels name; the newest answer counts.

        After a failover, a Sentinel that did not make it learns of it later.
        """
        answers = []
        for sentinel in self.sentinels:
            epoch = int((await sentinel.facts())[b"config-epoch"])
            _host, port = await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
            answers.append((epoch, int(port)))
        _epoch, port = max(answers)  # a later answer has a larger epoch
        return next(each for each in self.engines if each.port == port)

    async def wait_until_whole(self) -> None:
        """Wait until all engines follow the primary, and all Sentinels know each other."""
        with trio.fail_after(60):
            for sentinel in self.sentinels:
                await sentinel.call("SENTINEL", "DEBUG", "ping-period", 200)
            while True:
                if await self._is_whole():
                    return
                await trio.sleep(0.05)

    async def _is_whole(self) -> bool:
        for sentinel in self.sentinels:
            facts = await sentinel.facts()
            if (
                int(facts[b"num-other-sentinels"]) != len(self.sentinels) - 1
                or int(facts[b"num-slaves"]) != len(self.engines) - 1
                or facts[b"flags"] != b"master"
            ):
                return False
        [_name, _offset, replicas] = await (await self.primary()).call("ROLE")
        return len(replicas) == len(self.engines) - 1


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def engine(directory: Path, *options: str, tls: Sequence[str] = ()) -> Iterator[Engine]:
    """Run an engine that keeps what it has taken when its process is killed.

    It writes before it answers, and leaves the rest to the system, which stays. With `always`,
    tests would wait for the disk. With `everysec`, it answers before it writes while the disk is
    busy.
    """
    keeping = ("--appendonly", "yes", "--appendfsync", "no")
    running = Engine(directory, *keeping, *options, tls=tls)
    try:
        yield running
    finally:
        running.kill()
