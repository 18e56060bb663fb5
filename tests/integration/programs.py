"""The real programs as subprocesses over real sockets, with deadlines that only a defect meets."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

PATIENCE = 30
"""Seconds after which something that ought to happen is held never to."""

CONFIG = """
[server]
host = {host}
port = 0
shutdown_grace = {grace}
{server}
[logging]
file = logs/server_log.txt
"""


class Output:
    """Lines of a stream, each to be waited for."""

    def __init__(self, stream: trio.abc.ReceiveStream) -> None:
        self._stream = stream
        self._rest = b""
        self.lines: list[str] = []

    async def until(self, text: str) -> str:
        """Return the first further line that has this text in it."""
        with trio.fail_after(PATIENCE):
            while True:
                line = await self._line()
                assert line is not None, f"no {text!r} in {self.lines}"
                if text in line:
                    return line

    async def rest(self) -> list[str]:
        """Return all further lines up to the end."""
        seen = len(self.lines)
        with trio.fail_after(PATIENCE):
            while await self._line() is not None:
                pass
        return self.lines[seen:]

    async def _line(self) -> str | None:
        while b"\n" not in self._rest:
            data = await self._stream.receive_some()
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        self.lines.append(line.decode().rstrip("\r"))
        return self.lines[-1]


class Program:
    """A running `trio-chat`."""

    def __init__(self, process: trio.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self.process = process
        self.stdin = process.stdin
        self.out = Output(process.stdout)

    async def say(self, *lines: str) -> None:
        """Type lines."""
        await self.stdin.send_all("".join(f"{line}\n" for line in lines).encode())

    async def wait(self) -> int:
        """Return the exit code."""
        with trio.fail_after(PATIENCE):
            return await self.process.wait()

    def stop(self) -> None:
        """Ask the program to end, as Ctrl-C or a service manager would."""
        self.process.send_signal(signal.SIGTERM)


@asynccontextmanager
async def program(
    arguments: Sequence[str],
    directory: Path,
    *,
    merge: bool = True,
    command: Sequence[str] = (sys.executable, "-m", "trio_chat"),
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Program]:
    """Run `trio-chat` with these arguments; it is killed at the end if it still runs.

    Args:
        arguments: those of the program.
        directory: the working directory, and the home of the user.
        merge: whether standard error comes with standard output.
        command: starts the program.
        more: further variables of its environment.
    """
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("LC_", "LANG", "TRIO_CHAT"))
    }
    env |= {
        "LANG": "C.UTF-8",
        "HOME": str(directory),
        "XDG_STATE_HOME": str(directory),
        "PYTHONWARNINGS": "error",
        **(more or {}),
    }
    process = await trio.lowlevel.open_process(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merge else None,
        cwd=directory,
        env=env,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        with trio.move_on_after(PATIENCE, shield=True):
            await process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    await stream.aclose()


@asynccontextmanager
async def server(
    directory: Path, settings: str = "", host: str = "127.0.0.1", grace: int = 2
) -> AsyncIterator[tuple[Program, str]]:
    """Run a server on a free port; yield it and its address as `trio-chat connect` takes it."""
    (directory / "server.ini").write_text(
        CONFIG.format(host=host, server=settings, grace=grace), "utf-8"
    )
    async with program(["serve", "--config", "server.ini"], directory) as running:
        line = await running.out.until("listens on")
        yield running, line.rpartition(" ")[2]


@asynccontextmanager
async def client(
    directory: Path, address: str, nick: str, *arguments: str
) -> AsyncIterator[Program]:
    """Run the line client and wait until it is in the lobby."""
    async with program(["connect", address, "--nick", nick, *arguments], directory) as running:
        yield running
