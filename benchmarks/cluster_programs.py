"""The programs of a cluster that is measured: an engine and nodes."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from subject import Meter

_SOURCE = Path(__file__).resolve().parent.parent / "src"
_PATIENCE = 40.0
_NETWORKS = "127.0.0.0/8, 10.0.0.0/8"
"""Those of the clients."""
PASSWORD = "benchmark"
"""Without one, nodes refuse an engine of another machine."""
ENGINES = ("redis-server", "valkey-server")
_CONFIG = """\
[server]
name = chat.test
cloak_secret = of-the-benchmark-only-0123456789
host = {host}
port = {port}
lobby = none
shutdown_grace = 1
[accounts]
hash_cost = low
[discovery]
enabled = no
[uploads]
enabled = no
[push]
enabled = no
[logging]
file = none
[limits]
clients = 12000
flood_exempt = {networks}
connections_exempt = {networks}
registrations_per_hour = 1000000
password_checks_per_minute = 1000000
password_queue = 10000
always_on_users = 10000
[cluster]
url = {url}
node = {name}
"""


class ProgramError(Exception):
    """A program cannot be used; the text is for the user."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """Where a program runs.

    Args:
        address: its IP address.
        command: the words before those of the program.
        environment: more variables.
    """

    address: str = "127.0.0.1"
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


HERE = Host()
"""This machine."""


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Program:
    """A process with an output of its own, which can be started again.

    Args:
        command: the command line.
        directory: the working directory.
        name: of the file of the output.
        host: where it runs.
    """

    def __init__(
        self, command: Sequence[str], directory: Path, name: str, host: Host = HERE
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.host = host
        self._command = [*host.command, *command]
        self._directory = directory
        self.output = directory / f"{name}.out"
        self._begin = 0
        self.cpu_before = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._begin = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONPATH": str(_SOURCE),
                    "PYTHONDONTWRITEBYTECODE": "",
                    "LANG": "C.UTF-8",
                    **self.host.environment,
                },
            )

    def text(self) -> str:
        """Return the output since the start."""
        with self.output.open("rb") as output:
            output.seek(self._begin)
            return output.read().decode(errors="replace")

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """Return the match of a pattern in the output, once there is one.

        Raises:
            ProgramError: there never is.
        """
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            found = re.search(pattern, self.text())
            if found is not None:
                return found
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise ProgramError(f"{self._command[0]} is not ready: {self.text()}")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it; also if it is frozen, or has ended."""
        if self.process is not None:
            self.cpu_before += self._cpu()
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(_PATIENCE)
        raise ProgramError(f"it does not end:\n{self.text()}")

    def cpu(self) -> float:
        """Return the seconds of CPU time that it has used, in all its lives."""
        return self.cpu_before + self._cpu()

    def _cpu(self) -> float:
        return Meter(self.process.pid).cpu() if self.process and self.process.poll() is None else 0


class Engine(Program):
    """Redis or Valkey.

    Args:
        program: the name of the program or its path.
        directory: where it keeps its data.
        options: more options, as on the command line.
        host: where it runs.
    """

    def __init__(
        self, program: str, directory: Path, options: Sequence[str] = (), host: Host = HERE
    ) -> None:
        self.port = free_port()
        found = shutil.which(program)
        if found is None:
            raise ProgramError(f"there is no {program}")
        command = [found, "--port", str(self.port), "--bind", host.address, "--save", ""]
        command += ["--protected-mode", "no"] * (host is not HERE)
        command += ["--appendonly", "yes", "--repl-diskless-sync-delay", "0"]
        command += ["--requirepass", PASSWORD, "--masterauth", PASSWORD, *options]
        super().__init__(command, directory, "engine", host)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        super().start()
        self.wait_for("Ready to accept connections")


class Sentinel(Program):
    """A Sentinel.

    Args:
        program: the engine's program.
        directory: where it keeps its configuration.
        primary: the engine that it watches first.
        quorum: how many Sentinels must agree that it is down.
        host: where it runs.
    """

    def __init__(
        self, program: str, directory: Path, primary: Engine, quorum: int, host: Host = HERE
    ) -> None:
        self.port = free_port()
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "sentinel.conf"
        configuration.write_text(
            f"sentinel monitor mymaster {primary.host.address} {primary.port} {quorum}\n"
            f"sentinel auth-pass mymaster {PASSWORD}\n"
            "sentinel down-after-milliseconds mymaster 1000\n"
            "sentinel failover-timeout mymaster 5000\n",
            "utf-8",
        )
        command = [program, str(configuration), "--sentinel", "--bind", host.address]
        command += ["--protected-mode", "no"] * (host is not HERE)
        super().__init__([*command, "--port", str(self.port)], directory, "sentinel", host)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        super().start()
        self.wait_for("Sentinel ID is")
        with socket.create_connection((self.host.address, self.port), _PATIENCE) as connection:
            connection.sendall(b"SENTINEL DEBUG ping-period 200\r\n")  # as contrib/ recommends
            connection.recv(64)


class EngineSet:
    """What holds the log of a cluster.

    Attributes:
        url: of it, for nodes.
        primary: the engine that is written to at first.
        all: the programs.
    """

    url: str
    primary: Program
    all: list[Program]

    def cpu(self) -> float:
        """Return the seconds of CPU time that all have used."""
        return sum(each.cpu() for each in self.all)

    def close(self) -> None:
        """Kill all."""
        for each in self.all:
            each.kill()


class Engines(EngineSet):
    """The engine with its replicas and Sentinels, if there are any.

    Args:
        program: the name of the program or its path.
        directory: where they keep their data.
        replicas: how many replicas follow the engine.
        hosts: where the engine, its replicas, and the Sentinels run; this machine if there are
            none.
    """

    def __init__(
        self, program: str, directory: Path, replicas: int = 0, hosts: Iterable[Host] = ()
    ) -> None:
        places = itertools.chain(hosts, itertools.repeat(HERE))
        keeping: tuple[str, ...] = (
            () if replicas else ("--appendfsync", "always")
        )  # as docs/operations.md says
        engine = Engine(program, directory / "engine", keeping, next(places))
        primary = f"{engine.host.address} {engine.port}"
        engine.start()
        self.primary = engine
        self.all = [engine]
        self.url = f"redis://:{PASSWORD}@{primary.replace(' ', ':')}/bench"
        for number in range(replicas):
            options = ("--replicaof", primary)
            self._add(Engine(program, directory / f"replica{number}", options, next(places)))
        if replicas:
            sentinels = [
                Sentinel(program, directory / f"sentinel{number}", engine, 2, next(places))
                for number in range(3)
            ]
            for each in sentinels:
                self._add(each)
            named = ",".join(f"{each.host.address}:{each.port}" for each in sentinels)
            self.url = f"redis+sentinel://:{PASSWORD}@{named}/bench?master=mymaster&replicas=1"

    def _add(self, program: Program) -> None:
        program.start()
        self.all.append(program)


class Node(Program):
    """A node.

    Args:
        name: its name.
        directory: where it keeps its data.
        url: of the engine.
        launch: the words before `-m trio_chat`.
        host: where it runs.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        url: str,
        launch: Sequence[str] = (sys.executable,),
        host: Host = HERE,
    ) -> None:
        self.name = name
        self.port = free_port()
        directory.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(
            host=host.address, port=self.port, url=url, name=name, networks=_NETWORKS
        )
        (directory / "server.ini").write_text(text, "utf-8")
        self.database = directory / "trio-chat.db"
        command = ["-m", "trio_chat", "serve", "--config", "server.ini", "--no-qr"]
        super().__init__([*launch, *command], directory, "node", host)

    @property
    def place(self) -> tuple[str, int]:
        """Its address and port."""
        return self.host.address, self.port

    def start(self, *, is_waited_for: bool = True) -> None:
        """Start it, and wait until it takes clients."""
        super().start()
        if is_waited_for:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it takes clients."""
        self.wait_for(r"listens on \S+:\d+")

    def freeze(self) -> None:
        """Let it do nothing, and keep its connections."""
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End `freeze`."""
        self.signal(signal.SIGCONT)
