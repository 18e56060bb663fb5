"""The servers that are compared: their start, with a configuration of rivals/, and their cost."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SOURCE = _HERE.parent / "src"
_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 20.0
_CONFIG = """\
[server]
host = 127.0.0.1
port = {port}

[logging]
level = warning
file = none

[limits]
clients = 12000
flood_exempt = 127.0.0.0/8
ping_interval = 3600
"""


class SubjectError(Exception):
    """The server cannot be started, reached or measured; the text is for the user."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A server that can be measured.

    Args:
        name: its name in tables.
        program: the name of the program or its path; "" for this checkout.
        port: the port that it listens on.
        commands: the commands that start it, as words; the last one keeps running. `{program}`,
            `{config}` and `{directory}` are filled in.
        config: the name of its configuration in rivals/.
        has_capabilities: whether it offers the capabilities of `scenarios.CAPS`.
    """

    name: str
    program: str
    port: int
    commands: Sequence[Sequence[str]]
    config: str
    has_capabilities: bool = True

    def is_there(self) -> bool:
        """Return whether it is installed."""
        return not self.program or self._path() is not None

    def version(self) -> str:
        """Return the first line that its --version prints."""
        command = [
            self._path() or sys.executable,
            *(() if self.program else ("-m", "trio_chat")),
            "--version",
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment()
        )
        return (done.stdout or done.stderr).partition("\n")[0]

    def _path(self) -> str | None:
        # Servers are often in directories that only the administrator's PATH contains.
        return shutil.which(
            self.program,
            path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/bin")),
        )

    def words(self, command: Sequence[str], directory: Path) -> list[str]:
        """Return a command with its placeholders filled in."""
        config = _HERE / "rivals" / self.config
        if not self.program:
            config = directory / "config.ini"
            config.write_text(_CONFIG.format(port=self.port), encoding="utf-8")
        filled = {
            "program": self._path() or sys.executable,
            "config": str(config),
            "directory": str(directory),
        }
        return [word.format(**filled) for word in command]


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject(
            name="trio-chat",
            program="",
            port=16660,
            config="",
            commands=(("{program}", "-m", "trio_chat", "serve", "--config", "{config}"),),
        ),
        Subject(
            name="InspIRCd",
            program="inspircd",
            port=16662,
            config="inspircd.conf",
            commands=(("{program}", "--runasroot", "--nofork", "--nopid", "--config", "{config}"),),
        ),
        Subject(
            name="ngIRCd",
            program="ngircd",
            port=16661,
            config="ngircd.conf",
            has_capabilities=False,
            commands=(("{program}", "--nodaemon", "--config", "{config}"),),
        ),
        Subject(
            name="Ergo",
            program="ergo",
            port=16663,
            config="ergo.yaml",
            commands=(
                ("{program}", "initdb", "--quiet", "--conf", "{config}"),
                ("{program}", "run", "--conf", "{config}"),
            ),
        ),
    )
}
OURS = "trio-chat"


class Meter:
    """CPU time and memory of a process and its descendants, from /proc.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu(self) -> float:
        """Return the seconds of CPU time used so far by all threads, in the kernel as well."""
        ticks = 0
        for pid in _family(self._pid):
            fields = _read(pid, "stat").rpartition(")")[2].split()
            # Its own, and those of children that have ended.
            ticks += sum(map(int, fields[11:15])) if fields else 0
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return the resident memory in bytes, which does not include the buffers of sockets."""
        pages = [_read(pid, "statm").split() for pid in _family(self._pid)]
        return sum(int(fields[1]) for fields in pages if fields) * os.sysconf("SC_PAGE_SIZE")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read_path(thread).split():
            yield from _family(int(child))


def _read(pid: int, name: str) -> str:
    return _read_path(Path(f"/proc/{pid}/{name}"))


def _read_path(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@dataclass(frozen=True)
class Running:
    """A running server.

    Args:
        port: the port that it listens on, at 127.0.0.1.
        meter: measures its cost.
        ready: seconds from its start until it accepted a connection.
        process: its process.
    """

    port: int
    meter: Meter
    ready: float
    process: "subprocess.Popen[bytes]"


@contextlib.contextmanager
def running(subject: Subject, core: int | None) -> Iterator[Running]:
    """Run a server with an empty database in a directory of its own, and stop it at the end.

    Args:
        subject: the server.
        core: the processor core that it has to itself, or None.
    """
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as name:
        directory = Path(name)
        *before, command = [subject.words(words, directory) for words in subject.commands]
        for words in before:
            subprocess.run(words, cwd=directory, check=True, capture_output=True)
        output = directory / "output"
        with output.open("wb") as sink:
            begin = time.monotonic()
            with on_core(core):
                process = subprocess.Popen(
                    command,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                    env=_environment(),
                )
            try:
                _wait_open(subject, process, output)
                yield Running(subject.port, Meter(process.pid), time.monotonic() - begin, process)
            finally:
                _stop(process)


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Start processes on one core inside this context."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before if core is None else {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "",  # or every start would compile the program
    }


def _wait_open(subject: Subject, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", subject.port), timeout=1),
        ):
            return
        time.sleep(0.005)  # there is no common sign that a server listens
    raise SubjectError(f"{subject.name} did not start:\n{output.read_text(errors='replace')}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def allow_files(wanted: int) -> None:
    """Raise the limit of open files of this process, which its children inherit.

    Raises:
        SubjectError: the system does not allow that many.
    """
    import resource  # noqa: PLC0415  # Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            raise SubjectError(
                f"{wanted} open files are needed, {hard} are allowed: ulimit -Hn {wanted}"
            ) from None
