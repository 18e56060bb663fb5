"""Built programs on a console: a pseudo-terminal, which Wine makes a console of Windows."""

import os
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
from built import runner, variables

if sys.platform == "win32":
    pytest.skip("NOT TESTED: a console of Windows itself", allow_module_level=True)

import fcntl
import pty
import termios

import pyte

COLUMNS, ROWS = 100, 30
PATIENCE = 60
"""Seconds; a program that is started under Wine on a busy machine takes up to twenty."""
_AGAIN = 5
"""Seconds after which a key without effect is pressed again."""


class Console:
    """A program on a console, and what it shows.

    Args:
        process: the program.
        master: the descriptor of the pseudo-terminal.
    """

    def __init__(self, process: trio.Process, master: int) -> None:
        self.process = process
        self._master = master
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._news = trio.Event()

    def shown(self) -> str:
        """Return the text on the screen; lines that are too long for it are joined."""
        return "".join(
            line if len(line.rstrip()) == COLUMNS else f"{line.rstrip()}\n"
            for line in self._screen.display
        )

    async def read(self) -> None:
        """Draw what the program writes, until it has ended: a full terminal would stop it."""
        while True:
            await trio.lowlevel.wait_readable(self._master)
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            self._stream.feed(data)
            self._news.set()
            self._news = trio.Event()

    async def until(self, text: str) -> None:
        """Wait until the screen shows a text."""
        with trio.move_on_after(PATIENCE):
            while text not in self.shown():
                await self._news.wait()
        assert text in self.shown(), f"no {text!r} in\n{self.shown()}"

    async def type(self, text: str, shown: str = "") -> None:
        """Press keys, then Enter.

        Args:
            text: the keys before Enter.
            shown: what the line shows before Enter is pressed, where the program takes an Enter
                that comes with other keys as a part of a pasted text; "" does not wait.
        """
        os.write(self._master, text.encode())
        await self.until(shown)
        os.write(self._master, b"\r")

    async def leave(self) -> int:
        """Press Enter until the program ends; return the exit code.

        On a busy machine, Wine loses a key that comes just when a program begins to read.
        """
        with trio.fail_after(PATIENCE):
            while self.process.returncode is None:
                os.write(self._master, b"\r")
                with trio.move_on_after(_AGAIN):
                    await self.process.wait()
        return self.process.returncode

    async def wait(self) -> int:
        """Return the exit code."""
        with trio.fail_after(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def console(
    program: Path,
    arguments: Sequence[str],
    directory: Path,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Console]:
    """Run a built program on a console; it is killed at the end if it still runs.

    Args:
        program: its file.
        arguments: those of the program; none are a double click.
        directory: the working directory.
        more: further variables of its environment.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, **variables(), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    process = await trio.lowlevel.open_process(
        [*runner(program), *arguments],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env={**environment, **(more or {})},
        start_new_session=True,
    )
    os.close(slave)
    try:
        async with trio.open_nursery() as nursery:
            window = Console(process, master)
            nursery.start_soon(window.read)
            yield window
            nursery.cancel_scope.cancel()
    finally:
        # Its group: the one file is two processes, of which the second would run on.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with trio.move_on_after(PATIENCE, shield=True):
            await process.wait()
        os.close(master)
