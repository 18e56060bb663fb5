"""Permissions of written files: for their owner only, whatever the umask."""

import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from trio_chat import cli
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.link.state_file import StateFile
from trio_chat.config import Settings, StorageSettings
from trio_chat.log.file import LogFile
from trio_chat.private import make_directory, write_text
from trio_chat.server import certificates
from trio_chat.server.certificate_files import files_of
from trio_chat.server.open_storage import open_storage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture(autouse=True)
def _open_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a umask that takes nothing away."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0)
    yield
    os.umask(before)


def modes(path: Path) -> dict[str, str]:
    """Return the modes of everything in a directory, by name."""
    return {
        str(entry.relative_to(path)): oct(stat.S_IMODE(entry.stat().st_mode))
        for entry in sorted(path.rglob("*"))
        if not entry.is_symlink()
    }


def check(path: Path, *names: str) -> None:
    """Look whether there is just this, and nobody else may read it."""
    found = modes(path)
    assert set(found) == set(names)
    assert {
        name
        for name, mode in found.items()
        if mode != ("0o700" if (path / name).is_dir() else "0o600")
    } == set()


def test_directories_above_are_private_too(tmp_path: Path) -> None:
    """Those that are missing; what is there stays as it is."""
    (tmp_path / "a").mkdir(mode=0o755)
    make_directory(tmp_path / "a" / "b" / "c")
    make_directory(tmp_path / "a" / "b" / "c")
    assert modes(tmp_path) == {"a": "0o755", "a/b": "0o700", "a/b/c": "0o700"}


def test_a_file_in_the_way_of_a_directory_is_named(tmp_path: Path) -> None:
    """The error is about this file, and not that something exists."""
    (tmp_path / "a").touch()
    with pytest.raises(NotADirectoryError) as refused:
        make_directory(tmp_path / "a" / "b" / "c")
    assert refused.value.filename == str(tmp_path / "a")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """In the place of one that is there, of whatever mode."""
    (tmp_path / "x.json").touch(0o644)
    write_text(tmp_path / "x.json", "да\n")
    assert (tmp_path / "x.json").read_text("utf-8") == "да\n"
    (tmp_path / "y").mkdir()
    with pytest.raises(OSError, match="y"):
        write_text(tmp_path / "y", "x")
    (tmp_path / "y").rmdir()
    check(tmp_path, "x.json")


def test_the_log(tmp_path: Path) -> None:
    """With its directories, and after a turn-over."""
    log = LogFile(Path("logs/server/log.txt"), 10, 2, lambda: 0.0)
    log.write(b"0123456789\n")
    log.write(b"0123456789\n")
    log.close()
    check(tmp_path, "logs", "logs/server", "logs/server/log.txt", "logs/server/log.txt.1")


def test_what_the_client_remembers(tmp_path: Path) -> None:
    """The nickname, and servers' certificates."""
    StateFile(tmp_path / "a" / "client.json")._save("ann")
    KnownServers(tmp_path / "b" / "known_servers")._write("server", "mark")
    check(tmp_path, "a", "a/client.json", "b", "b/known_servers")


def test_the_database_and_what_is_beside_it(tmp_path: Path) -> None:
    """The write-ahead log, the lock, the certificate, a backup and an export."""

    async def look() -> None:
        async with open_storage(StorageSettings(file=Path("data/chat.db"))):
            settings = Settings(storage=StorageSettings(file=Path("data/chat.db")))
            certificates.look(files_of(settings), settings, time.time())
            database = ("--database", "data/chat.db")
            assert (
                await trio.to_thread.run_sync(cli.main, ["backup", *database, "data/copy.db"]) == 0
            )
            assert (
                await trio.to_thread.run_sync(
                    cli.main, ["history", "export", *database, "--output", "data/lines"]
                )
                == 0
            )
            beside = ("-shm", "-wal", ".lock", ".tls.pem", ".ca.pem", ".ca.key")
            check(
                tmp_path,
                "data",
                "data/chat.db",
                *(f"data/chat.db{end}" for end in beside),
                "data/copy.db",
                "data/lines",
            )

    trio.run(look)
