"""A real PostgreSQL for tests, started for one test."""

import atexit
import functools
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from trio_chat.server.cluster.postgres_address import PostgresAddress, parse
from trio_chat.server.cluster.postgres_log import PostgresLog

_DEBIAN = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
_PATH = os.pathsep.join([os.environ.get("PATH", ""), *_DEBIAN])
_NOBODY = "nobody"
"""Whose the engine is when the tests run as root, which PostgreSQL refuses."""
_START = 60.0


class Engine:
    """An engine with a port of its own, which can be killed and started again.

    Args:
        directory: its data.
        options: settings, such as `fsync=off`.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.options = options
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, on the port that it had before."""
        for _ in range(100):
            port = self.port or _free_port()
            settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
            options = [f"--{each}" for each in (*settings, *self.options)]
            with (self.directory / "engine.log").open("wb") as log:
                command = [_program("postgres"), "-D", str(self.directory), *options]
                self._process = _start(command, log.fileno())
            if self._is_ready():
                self.port = port
                return
            time.sleep(0.05)  # processes of the one that was killed are there for a moment
        raise AssertionError((self.directory / "engine.log").read_text("utf-8"))

    def kill(self) -> None:
        """Kill it; the processes of its connections end when they notice."""
        self._process.kill()
        self._process.wait()

    def secure(self, certificate: trustme.LeafCert) -> None:
        """Have it require TLS and a password from its next start on."""
        pem = certificate.private_key_and_cert_chain_pem
        pem.write_to_path(str(self.directory / "server.pem"))
        (self.directory / "server.pem").chmod(0o600)
        access = "hostssl all all 127.0.0.0/8 scram-sha-256\n"
        (self.directory / "pg_hba.conf").write_text(access, "utf-8")
        _give(self.directory)
        self.options += ("ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.pem")

    def promote(self) -> None:
        """Make the primary of a replica; return when it is."""
        done = _start(
            [_program("pg_ctl"), "-D", str(self.directory), "-w", "promote"], subprocess.DEVNULL
        )
        assert done.wait() == 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def address(self) -> PostgresAddress:
        """Its address."""
        return parse(self.url)

    def log(self, replicas: int = 0) -> PostgresLog:
        """Return a log in it, with connections of its own."""
        return PostgresLog(self.address, replicas)

    async def trim(self, keep: int) -> None:
        """Remove the oldest entries of the log."""
        log = self.log()
        await log.trim(keep)
        await log.aclose()

    def _is_ready(self) -> bool:
        end = time.monotonic() + _START
        status = self.directory / "postmaster.pid"
        while time.monotonic() < end and self._process.poll() is None:
            try:
                lines = status.read_text("utf-8").splitlines()
            except FileNotFoundError:
                lines = []
            if lines and lines[0] == str(self._process.pid) and lines[-1].strip() == "ready":
                return True
            time.sleep(0.01)
        return False


@contextmanager
def engine(directory: Path, *options: str, origin: Path | None = None) -> Iterator[Engine]:
    """Run an engine that keeps what it has taken.

    Args:
        directory: names it; the data are where the user of the engine reaches them.
        options: settings.
        origin: the data with which it begins.
    """
    with tempfile.TemporaryDirectory(prefix=f"{directory.name}-") as root:
        data = Path(root) / "data"
        _give(Path(root))
        shutil.copytree(origin or _template(), data)
        _give(data)
        running = Engine(data, *options)
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def replica(directory: Path, primary: Engine) -> Iterator[Engine]:
    """Run a replica of an engine."""
    with tempfile.TemporaryDirectory(prefix=f"{directory.name}-") as root:
        data = Path(root) / "data"
        _give(Path(root))
        command = [_program("pg_basebackup"), "--checkpoint=fast", "--write-recovery-conf"]
        command += ["--no-sync", "--pgdata", str(data), "--dbname", primary.url]
        assert _start(command, subprocess.DEVNULL).wait() == 0
        running = Engine(data)
        try:
            yield running
        finally:
            running.kill()


@functools.cache
def _template() -> Path:
    """Return the data of a new engine; they are made once, because that takes a second."""
    root = Path(tempfile.mkdtemp(prefix="postgres-template-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    _give(root)
    command = [_program("initdb"), "--no-sync", "--auth=trust", "--username=postgres"]
    command += ["--encoding=UTF8", "--no-locale", "--wal-segsize=1", str(root / "data")]
    process = _start(command, subprocess.DEVNULL)
    assert process.wait() == 0
    return root / "data"


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.skip("NOT TESTED: there is no PostgreSQL")
    return found


def _start(command: list[str], output: int) -> subprocess.Popen[bytes]:
    if os.geteuid():
        return subprocess.Popen(command, stdout=output, stderr=output)
    user = pwd.getpwnam(_NOBODY)
    return subprocess.Popen(
        command,
        stdout=output,
        stderr=output,
        cwd="/",
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
    )


def _give(path: Path) -> None:
    """Give a directory to the user of the engine."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_NOBODY)
        for each in (path, *path.rglob("*")):
            os.chown(each, user.pw_uid, user.pw_gid)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
