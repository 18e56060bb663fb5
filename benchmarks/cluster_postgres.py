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
_ACCESS = """\
host all all 127.0.0.0/8 scram-sha-256
host all all 10.0.0.0/8 scram-sha-256
host replication all 10.0.0.0/8 scram-sha-256
"""
_SETTINGS = {
    "unix_socket_directories": "",
    "lc_messages": "C",
    "wal_keep_size": "1GB",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "1s",
}
"""A replica that was cut off is to follow again soon."""


class Postgres(Program):
    """PostgreSQL with a database of its own.

    Args:
        directory: for its output; the data are where its user reaches them.
        host: where it runs.
        primary: which it follows; None if it is the primary itself.
        confirming: by how many replicas a commit is confirmed.
    """

    def __init__(
        self,
        directory: Path,
        host: Host = HERE,
        primary: "Postgres | None" = None,
        confirming: int = 0,
    ) -> None:
        self.port = free_port()
        self._root = Path(tempfile.mkdtemp(prefix="cluster-postgres-"))
        self._data = self._root / "data"
        user = _user()
        if user:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._root, nobody.pw_uid, nobody.pw_gid)
        make = self._initdb() if primary is None else primary.copy_to(self._data)
        command = [*host.command, *user, *make]
        subprocess.run(command, check=True, capture_output=True, cwd="/")
        (self._data / "pg_hba.conf").write_text(_ACCESS, "utf-8")
        settings = {**_SETTINGS, "port": self.port, "listen_addresses": host.address}
        if confirming:
            settings["synchronous_standby_names"] = f"ANY {confirming} (*)"
        options = [f"--{name}={value}" for name, value in settings.items()]
        # The library that fakes the clock shares memory, and so begins as the same user.
        variables = [f"{name}={value}" for name, value in host.environment.items()]
        command = [*user, "env", *variables, _program("postgres"), "-D", str(self._data), *options]
        super().__init__(command, directory, "engine", replace(host, environment={}))

    def _initdb(self) -> Sequence[str]:
        """Return the command that makes new data."""
        password = self._root / "password"
        password.write_text(PASSWORD, "ascii")
        made = [_program("initdb"), "--auth=scram-sha-256", "--username=postgres"]
        made += ["--encoding=UTF8", "--no-locale", "-D", str(self._data), f"--pwfile={password}"]
        return made

    def copy_to(self, data: Path) -> Sequence[str]:
        """Return the command that makes the data of a replica."""
        place = f"host={self.host.address} port={self.port} user=postgres password={PASSWORD}"
        made = [_program("pg_basebackup"), "--checkpoint=fast", "--write-recovery-conf"]
        return [*made, "--no-sync", "--pgdata", str(data), "--dbname", place]

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        super().start()
        self.wait_for(r"ready to accept (read-only )?connections")

    def close(self) -> None:
        """Kill it, and remove its data."""
        self.kill()
        shutil.rmtree(self._root, ignore_errors=True)


class PostgresEngine(EngineSet):
    """PostgreSQL alone, or with replicas that nobody promotes.

    Args:
        directory: for their output.
        hosts: where the primary runs, and its replicas.
        confirming: by how many replicas a commit is confirmed.
    """

    def __init__(
        self, directory: Path, hosts: Sequence[Host] = (HERE,), confirming: int = 0
    ) -> None:
        engine = Postgres(directory / "engine", hosts[0], None, confirming)
        self._engines = [engine]
        engine.start()
        for number, host in enumerate(hosts[1:]):
            replica = Postgres(directory / f"replica{number}", host, engine)
            self._engines.append(replica)
            replica.start()
        self.primary = engine
        self.all = list(self._engines)
        places = ",".join(f"{each.host.address}:{each.port}" for each in self._engines)
        options = f"sslmode=disable&replicas={confirming}"
        self.url = f"postgresql://postgres:{PASSWORD}@{places}/postgres?{options}"

    def close(self) -> None:
        """Kill all, and remove their data."""
        for engine in self._engines:
            engine.close()


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
