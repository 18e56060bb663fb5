"""The server under test: started here, or found running; and what it costs in CPU time and memory."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import psutil  # type: ignore[import-untyped,unused-ignore]  # its stubs are a package of their own
except ImportError:
    psutil = None  # Linux tells the same in /proc

_SOURCE = Path(__file__).resolve().parent.parent / "src"
_START_TIMEOUT = 20.0
_CONFIG = """\
[server]
host = 127.0.0.1
port = {port}

[logging]
level = warning
file = none

[limits]
clients = {clients}
flood_exempt = 127.0.0.0/8
ping_interval = 3600
"""


class SubjectError(Exception):
    """The server cannot be started, reached or measured; the text is for the user."""


class Meter:
    """CPU time and memory of a process, by psutil where that is installed, else from /proc.

    Args:
        pid: the process; None when nobody said which, and nothing is known then.
    """

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._process = psutil.Process(pid) if psutil is not None and pid is not None else None
        self._proc = Path(f"/proc/{pid}")

    def cpu(self) -> float | None:
        """Return the seconds of CPU time used so far, by all threads, in the program and in the kernel for it."""
        if self._process is not None:
            times = self._process.cpu_times()
            return float(times.user + times.system)
        try:
            fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int | None:
        """Return the bytes of memory that are resident; buffers of sockets are the kernel's and not counted."""
        if self._process is not None:
            return int(self._process.memory_info().rss)
        try:
            pages = (self._proc / "statm").read_text().split()[1]
        except OSError:
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def trio_chat(clients: int) -> Iterator[tuple[int, int]]:
    """Run `trio-chat serve` of this checkout on a free port of 127.0.0.1; give port and process id, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as directory:
        port = _free_port()
        config = Path(directory) / "config.ini"
        config.write_text(_CONFIG.format(port=port, clients=clients + 100), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))}
        output = Path(directory) / "output"
        with output.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "trio_chat", "serve", "--config", str(config)],
                stdout=sink, stderr=subprocess.STDOUT, cwd=directory, env=environment,
            )  # fmt: skip
            try:
                _wait_open(port, process, output)
                yield port, process.pid
            finally:
                _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_open(port: int, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SubjectError(f"trio-chat did not start:\n{output.read_text(errors='replace')}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def pinned(pid: int | None) -> Iterator[str]:
    """Give server and load generator a core each while the block runs, where the system can; say what was done."""
    if not hasattr(os, "sched_setaffinity"):
        yield "not pinned: this system cannot"
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or pid is None:
        yield "not pinned: one core only" if pid is not None else "not pinned: no --pid"
        return
    # Every thread, and back again at the end: a server that was found running goes on living.
    before = {0: set(cores), **{thread: os.sched_getaffinity(thread) for thread in _threads(pid)}}
    try:
        for thread in before:
            os.sched_setaffinity(thread, {cores[0] if thread else cores[1]})
        yield f"server on core {cores[0]}, load generator on core {cores[1]}"
    except PermissionError:
        raise SubjectError(f"no right to pin process {pid} to a core: run as its user, or use --no-pin") from None
    finally:
        for thread, allowed in before.items():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread, allowed)


def _threads(pid: int) -> list[int]:
    try:
        return [int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()]
    except OSError as error:
        raise SubjectError(f"there is no process {pid}") from error


def allow_files(wanted: int) -> None:
    """Raise this process's limit of open files, which a server that is started inherits.

    Raises:
        SubjectError: when the system does not allow that many.
    """
    if sys.platform == "win32":
        if wanted > 500:
            raise SubjectError("select() of Python on Windows takes 512 sockets at most: use --clients 400 or fewer")
        return
    import resource  # noqa: PLC0415  # Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            raise SubjectError(
                f"{wanted} open files are needed, {hard} are allowed: raise the limit (ulimit -Hn {wanted}) or lower --clients"
            ) from None
