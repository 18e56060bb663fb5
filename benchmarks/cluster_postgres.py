"""PostgreSQL as the engine of a cluster that is measured."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cluster_programs import HERE, PASSWORD, EngineSet, Host, Program, ProgramError, free_port

_DEBIAN = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
_PATH = os.pathsep.join([os.environ.get("PATH", ""), *_DEBIAN])
_ACCESS = "host all all 127.0.0.0/8 scram-sha-256\nhost all all 10.0.0.0/8 scram-sha-256\n"


class Postgres(Program):
    """PostgreSQL with a database of its own.

    Args:
        directory: for its output; the data are where its user reaches them.
        host: where it runs.
    """

    def __init__(self, directory: Path, host: Host = HERE) -> None:
        self.port = free_port()
        self._root = Path(tempfile.mkdtemp(prefix="cluster-postgres-"))
        self._data = self._root / "data"
        user = _user()
        if user:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._root, nobody.pw_uid, nobody.pw_gid)
        made = [*user, _program("initdb"), "--auth=scram-sha-256", "--username=postgres"]
        made += ["--encoding=UTF8", "--no-locale", "-D", str(self._data)]
        password = self._root / "password"
        password.write_text(PASSWORD, "ascii")
        made += [f"--pwfile={password}"]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        (self._data / "pg_hba.conf").write_text(_ACCESS, "utf-8")
        settings = {
            "port": self.port,
            "listen_addresses": host.address,
            "unix_socket_directories": "",
            "lc_messages": "C",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        # The library that fakes the clock shares memory, and so begins as the same user.
        variables = [f"{name}={value}" for name, value in host.environment.items()]
        command = [*user, "env", *variables, _program("postgres"), "-D", str(self._data), *options]
        super().__init__(command, directory, "engine", replace(host, environment={}))

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        super().start()
        self.wait_for("ready to accept connections")

    def close(self) -> None:
        """Kill it, and remove its data."""
        self.kill()
        shutil.rmtree(self._root, ignore_errors=True)


class PostgresEngine(EngineSet):
    """PostgreSQL alone.

    Args:
        directory: for its output.
        host: where it runs.
    """

    def __init__(self, directory: Path, host: Host = HERE) -> None:
        engine = Postgres(directory / "engine", host)
        engine.start()
        self._engine = self.primary = engine
        self.all = [engine]
        self.url = f"postgresql://postgres:{PASSWORD}@{host.address}:{engine.port}/postgres?sslmode=disable"

    def close(self) -> None:
        """Kill it, and remove its data."""
        self._engine.close()


def _user() -> Sequence[str]:
    """Return the words before a command that PostgreSQL refuses to root."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise ProgramError(f"there is no {name}")
    return found
