"""The servers that are compared: their start, with a configuration of rivals/, and their cost."""

import contextlib
import datetime
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SOURCE = _HERE.parent / "src"
_CPU_CLOCK = 2  # CPUCLOCK_SCHED: of all threads, with those that have ended
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
clients = 60000
channels_per_user = 1000
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
        ports: the ports that it listens on, by what is spoken there: `plain`, `tls` or `websocket`.
        commands: the commands that start it, as words; the last one keeps running. `{program}`,
            `{config}` and `{directory}` are filled in.
        config: the name of its configuration in rivals/, in which `@directory@` is filled in.
        has_capabilities: whether it offers the capabilities of `scenarios.CAPS`.
        source: the directory that contains the package, if it is ours.
        settings: what is added to the configuration of ours.
    """

    name: str
    program: str
    ports: Mapping[str, int]
    commands: Sequence[Sequence[str]]
    config: str
    has_capabilities: bool = True
    source: Path = _SOURCE
    settings: str = ""

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
            command, capture_output=True, text=True, check=False, env=self.environment()
        )
        return (done.stdout or done.stderr).partition("\n")[0]

    def _path(self) -> str | None:
        # Servers are often in directories that only the administrator's PATH contains.
        return shutil.which(
            self.program,
            path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/bin")),
        )

    def environment(self) -> dict[str, str]:
        """Return the environment that it is started in."""
        path = os.pathsep.join(filter(None, (str(self.source), os.environ.get("PYTHONPATH"))))
        return {
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "",  # or every start would compile the program
        }

    def words(self, command: Sequence[str], directory: Path) -> list[str]:
        """Return a command with its placeholders filled in."""
        text = _CONFIG.format(port=self.ports["plain"]) + self.settings
        if self.program:
            text = (_HERE / "rivals" / self.config).read_text(encoding="utf-8")
            write_certificate(directory)
        config = directory / (self.config or "config.ini")
        config.write_text(text.replace("@directory@", str(directory)), encoding="utf-8")
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
            ports={"plain": 16660, "tls": 16660, "websocket": 16660},
            config="",
            commands=(("{program}", "-m", "trio_chat", "serve", "--config", "{config}"),),
        ),
        Subject(
            name="InspIRCd",
            program="inspircd",
            ports={"plain": 16662, "tls": 16672, "websocket": 16682},
            config="inspircd.conf",
            commands=(("{program}", "--runasroot", "--nofork", "--nopid", "--config", "{config}"),),
        ),
        Subject(
            name="ngIRCd",
            program="ngircd",
            ports={"plain": 16661, "tls": 16671},
            config="ngircd.conf",
            has_capabilities=False,
            commands=(("{program}", "--nodaemon", "--config", "{config}"),),
        ),
        Subject(
            name="Ergo",
            program="ergo",
            ports={"plain": 16663, "tls": 16673, "websocket": 16683},
            config="ergo.yaml",
            commands=(
                ("{program}", "initdb", "--quiet", "--conf", "{config}"),
                ("{program}", "run", "--conf", "{config}"),
            ),
        ),
    )
}
OURS = "trio-chat"


def other_of_ours(source: Path) -> Subject:
    """Return another trio-chat, such as an older one or one that was compiled; its name is that of
    the directory.

    Args:
        source: the directory that contains the package `trio_chat`.

    Raises:
        SubjectError: it does not.
    """
    if not (source / OURS.replace("-", "_")).is_dir():
        raise SubjectError(f"{source} contains no package trio_chat")
    return replace(SUBJECTS[OURS], name=source.name, source=source.resolve())


def with_late_sync(ours: Subject) -> Subject:
    """Return a trio-chat whose commits do not wait for the disk (`synchronous = normal`)."""
    settings = "\n[storage]\nsynchronous = normal\n"
    return replace(ours, name=f"{ours.name}-normal", settings=settings)


class Meter:
    """CPU time and memory of a process and its descendants, from /proc.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu(self) -> float:
        """Return the seconds of CPU time used so far by all threads, in the kernel as well."""
        seconds = 0.0
        for pid in _family(self._pid):
            fields = _read(pid, "stat").rpartition(")")[2].split()
            if fields:
                # Of children that have ended there are only hundredths of a second.
                ended = sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
                seconds += cpu_of(pid) + ended
        return seconds

    def memory(self) -> int:
        """Return the resident memory in bytes, which does not include the buffers of sockets."""
        pages = [_read(pid, "statm").split() for pid in _family(self._pid)]
        return sum(int(fields[1]) for fields in pages if fields) * os.sysconf("SC_PAGE_SIZE")


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU time of a process, exact to the nanosecond; 0 when it is gone."""
    clock = ~pid << 3 | _CPU_CLOCK  # as clock_getcpuclockid(3) does it
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0


def cpu_of_machine() -> float:
    """Return the seconds of CPU time that all programs have used, and that the machine has lent to
    others.
    """
    first = _read_path(Path("/proc/stat")).partition("\n")[0]
    user, nice, system, _idle, _wait, irq, softirq, stolen, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")


def cpu_of_ours() -> float:
    """Return the seconds of CPU time of this process, and of its children that have ended."""
    return sum(os.times()[:4])


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
        port: the port that it listens on, at 127.0.0.1, also for the page.
        meter: measures its cost.
        ready: seconds from its start until it accepted a connection.
        process: its process.
    """

    port: int
    meter: Meter
    ready: float
    process: "subprocess.Popen[bytes]"


@contextlib.contextmanager
def running(subject: Subject, core: int | None, database: Path | None = None) -> Iterator[Running]:
    """Run a server in a directory of its own, and stop it at the end.

    Args:
        subject: the server.
        core: the processor core that it has to itself, or None.
        database: what is copied as the database of ours, or None for an empty one.
    """
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as name:
        directory = Path(name)
        if database is not None:
            shutil.copy(database, directory / "trio-chat.db")
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
                    env=subject.environment(),
                )
            try:
                _wait_open(subject, process, output)
                ready = time.monotonic() - begin
                yield Running(subject.ports["plain"], Meter(process.pid), ready, process)
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


def write_certificate(directory: Path) -> None:
    """Write a certificate for 127.0.0.1 and its key: certificate.pem and key.pem."""
    from cryptography import x509  # noqa: PLC0415  # only rivals need it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (directory / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _wait_open(subject: Subject, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", subject.ports["plain"]), timeout=1),
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
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        except (OSError, ValueError):
            raise SubjectError(
                f"{wanted} open files are needed, {hard} are allowed: ulimit -Hn {wanted}"
            ) from None
