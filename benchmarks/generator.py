"""The load generator as a process: `load/` in C where it can be built, else `load.py`."""

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from subject import cpu_of, on_core

_HERE = Path(__file__).resolve().parent
_BUILT = _HERE / "results" / "load"
Answer = dict[str, Any]
_PATIENCE = 300
"""Seconds after which a command has failed: a server may stop taking connections in silence."""


class GeneratorError(Exception):
    """The generator cannot carry out a command; the text is for the user."""


class Generator:
    """A running generator, connected to one server.

    Args:
        process: the generator's, with pipes for its input and output.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, what: str) -> Answer:
        """Send a command (see `load/main.c`), and return its result.

        Raises:
            GeneratorError: the command failed.
        """
        self.begin(what)
        return self.wait()

    def begin(self, what: str) -> None:
        """Send a command, whose result `wait` returns."""
        assert self._process.stdin is not None
        try:
            print(what, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise GeneratorError("the generator has ended") from None

    def wait(self) -> Answer:
        """Wait for the result of a command, and return it.

        Raises:
            GeneratorError: the command failed, or took too long.
        """
        assert self._process.stdout is not None
        timer = threading.Timer(_PATIENCE, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise GeneratorError(f"the generator has ended, or was ended after {_PATIENCE} s")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise GeneratorError(answer["error"])
        return answer

    def cpu(self) -> float:
        """Return the seconds of CPU time that the generator has used."""
        return cpu_of(self._process.pid)


def program() -> list[str]:
    """Return the command of the generator, after building it if its source has changed."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return [sys.executable, str(_HERE / "load.py")]
    sources = sorted((_HERE / "load").glob("*.c"))
    newest = max(path.stat().st_mtime for path in (_HERE / "load").iterdir())
    if not _BUILT.exists() or _BUILT.stat().st_mtime < newest:
        _BUILT.parent.mkdir(exist_ok=True)
        command = [compiler, "-O2", "-std=c11", "-Wall", "-Wextra", "-o", str(_BUILT)]
        command += map(str, sources)
        built = subprocess.run(
            [*command, "-DWITH_TLS", "-lssl", "-lcrypto"],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:  # perhaps the headers of OpenSSL are missing
            built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise GeneratorError(f"the generator cannot be built:\n{built.stderr}")
    return [str(_BUILT)]


@contextlib.contextmanager
def generator(
    words: list[str], port: int, clients: int, core: int | None, wire: str = "plain"
) -> Iterator[Generator]:
    """Run a generator for a server on this machine.

    Args:
        words: the command, from `program`.
        port: of the server.
        clients: the largest number of clients.
        core: the processor core that the generator has to itself, or None.
        wire: what its clients speak IRC over: `plain`, `tls` or `websocket`.
    """
    command = [*words, "127.0.0.1", str(port), str(clients), wire]
    with on_core(core):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    try:
        yield Generator(process)
    finally:
        process.kill()
        process.communicate()
        # Servers notice at different times that all clients have gone, and have no common way to
        # report it.
        time.sleep(0.1)
