"""The load generator as a program of its own, on a core of its own: `load/` in C where that can be
built, else `load.py`.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from subject import on_core

_HERE = Path(__file__).resolve().parent
_BUILT = _HERE / "results" / "load"
Answer = dict[str, Any]


class GeneratorError(Exception):
    """The generator cannot do what was asked; the text is for the user."""


class Generator:
    """A running generator, connected to one server.

    Args:
        process: it.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, what: str) -> Answer:
        """Have it do something (see `load/main.c`), and return what it found.

        Raises:
            GeneratorError: it could not.
        """
        self.begin(what)
        return self.wait()

    def begin(self, what: str) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        try:
            print(what, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise GeneratorError("the generator has ended") from None

    def wait(self) -> Answer:
        """Wait for what it found."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise GeneratorError("the generator has ended")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise GeneratorError(answer["error"])
        return answer

    def cpu(self) -> float:
        """Return the seconds of CPU time it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def program() -> list[str]:
    """Return the words that start a generator, which is built first when there is a compiler and it
    has changed.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return [sys.executable, str(_HERE / "load.py")]
    sources = sorted((_HERE / "load").glob("*.c"))
    newest = max(path.stat().st_mtime for path in (_HERE / "load").iterdir())
    if not _BUILT.exists() or _BUILT.stat().st_mtime < newest:
        _BUILT.parent.mkdir(exist_ok=True)
        built = subprocess.run(
            [
                compiler,
                "-O2",
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-o",
                str(_BUILT),
                *map(str, sources),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            raise GeneratorError(f"the generator cannot be built:\n{built.stderr}")
    return [str(_BUILT)]


@contextlib.contextmanager
def generator(words: list[str], port: int, clients: int, core: int | None) -> Iterator[Generator]:
    """Run a generator for a server on this machine.

    Args:
        words: from `program`.
        port: the server's.
        clients: how many there can be.
        core: the processor core that it gets for itself, or None.
    """
    command = [*words, "127.0.0.1", str(port), str(clients)]
    with on_core(core):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    try:
        yield Generator(process)
    finally:
        process.kill()
        process.communicate()
        time.sleep(
            0.1
            # servers notice in their own time that everybody has gone, and have no common way to
            # tell
        )
