"""The lock of a database: one server at a time, and notice of a file that was replaced."""

import json
import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest
import trio
from trio.testing import MockClock

from trio_chat.config import StorageSettings
from trio_chat.server.binding import ListenError
from trio_chat.server.main import _problems
from trio_chat.server.open_storage import open_storage, watch_file
from trio_chat.storage import lock
from trio_chat.storage.backup import back_up
from trio_chat.storage.database import open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.lock import InUseError, ListeningPlace
from trio_chat.storage.maintenance import connected


async def test_a_second_server_is_told_who_has_the_database(tmp_path: Path) -> None:
    """Its process, its machine, and since when."""
    settings = StorageSettings(file=tmp_path / "chat.db")
    async with open_storage(settings):
        with pytest.raises(
            InUseError,
            match=(
                f"chat.db is in use by another server .process {os.getpid()} on"
                f" {socket.gethostname()}, since 2"
            ),
        ):
            async with open_storage(settings):
                pass
    async with open_storage(settings):
        pass


async def test_a_place_where_no_database_can_be_is_named(tmp_path: Path) -> None:
    """The error names the database, and the file that is in the way."""
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "chat.db"
    with pytest.raises(StorageError) as refused:
        async with open_storage(StorageSettings(file=path)):
            pass
    assert f"{path} cannot be used: {tmp_path / 'file'}: " in str(refused.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """SQLite cannot open it; neither a server, a command nor a backup takes that for damage."""
    path = tmp_path / "a\udcff" / "chat.db"
    path.parent.mkdir()
    with pytest.raises(StorageError, match="not UTF-8"):
        async with open_storage(StorageSettings(file=path)):
            pass
    assert list(path.parent.iterdir()) == []
    path.touch()
    with pytest.raises(StorageError, match="not UTF-8"), connected(path):
        pass
    with (
        pytest.raises(StorageError, match="not UTF-8"),
        closing(apsw.Connection(":memory:")) as source,
    ):
        back_up(source, path, lambda _done, _total: None)


async def test_what_cannot_be_opened_is_not_kept_locked(tmp_path: Path) -> None:
    """Once it is mended, a server can start."""
    path = tmp_path / "chat.db"
    path.write_bytes(
        b"something else, longer than the header of a database is, by far, and without sense" * 10
    )
    for _ in range(2):
        with pytest.raises(StorageError, match="not a database"):
            async with open_storage(StorageSettings(file=path)):
                pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_is_the_same_database(tmp_path: Path) -> None:
    """A symbolic link, also in another directory."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link.db").symlink_to(tmp_path / "chat.db")
    handle = lock.acquire(tmp_path / "chat.db")
    with pytest.raises(InUseError):
        lock.acquire(tmp_path / "other" / "link.db")
    lock.release(handle)


def test_a_second_name_is_refused(tmp_path: Path) -> None:
    """Of a hard link nothing says where the other one is."""
    (tmp_path / "chat.db").touch()
    os.link(tmp_path / "chat.db", tmp_path / "copy.db")
    with pytest.raises(StorageError, match="2 names"):
        lock.acquire(tmp_path / "copy.db")
    (tmp_path / "chat.db").unlink()
    lock.release(lock.acquire(tmp_path / "copy.db"))


@pytest.mark.parametrize(
    "note", [b"", b"{", b"[]", b"\xff", json.dumps({"pid": "x", "host": 1, "since": 2}).encode()]
)
def test_a_note_that_cannot_be_read(tmp_path: Path, note: bytes) -> None:
    """The lock counts, not what is written there."""
    handle = lock.acquire(tmp_path / "chat.db")
    (tmp_path / "chat.db.lock").write_bytes(note)
    with pytest.raises(InUseError, match="not known"):
        lock.acquire(tmp_path / "chat.db")
    lock.release(handle)


def test_a_note_that_was_left_locks_nothing(tmp_path: Path) -> None:
    """A server that was killed leaves it."""
    (tmp_path / "chat.db.lock").write_text(json.dumps({"pid": 1, "host": "x", "since": "then"}))
    lock.release(lock.acquire(tmp_path / "chat.db"))
    assert (tmp_path / "chat.db.lock").read_bytes() == b""


def test_what_was_beside_another_database_is_not_written_into_a_restored_copy(
    tmp_path: Path,
) -> None:
    """`trio-chat backup`, and the copy put in the place of a database whose write-ahead log is
    still there.
    """
    path, copy = tmp_path / "chat.db", tmp_path / "copy.db"
    live = apsw.Connection(str(path))
    live.pragma("journal_mode", "wal")
    live.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    target = apsw.Connection(str(copy))
    with target.backup("main", live, "main") as backup:
        backup.step()
    target.pragma("journal_mode", "delete")
    target.close()
    live.execute("INSERT INTO t VALUES (2)")
    copy.replace(path)
    live.close()
    lock.set_foreign_log_aside(path)
    restored = apsw.Connection(str(path))
    assert restored.execute("SELECT x FROM t").fetchall() == [(1,)]
    restored.close()
    assert (tmp_path / "chat.db-wal.old").exists()


async def test_the_log_of_a_server_that_was_killed_stays(tmp_path: Path) -> None:
    """What is in it is what was said last."""
    path = tmp_path / "chat.db"
    async with open_database(path):
        (tmp_path / "killed.db").write_bytes(path.read_bytes())
        (tmp_path / "killed.db-wal").write_bytes((tmp_path / "chat.db-wal").read_bytes())
    lock.set_foreign_log_aside(tmp_path / "killed.db")
    assert (tmp_path / "killed.db-wal").exists()
    lock.set_foreign_log_aside(tmp_path / "none.db")


@pytest.mark.parametrize("replaced", [True, False])
async def test_another_file_in_the_place_of_the_database_is_noticed(
    tmp_path: Path, replaced: bool, autojump_clock: MockClock
) -> None:
    """Replaced or removed: what is written from then on nobody would find."""
    path = tmp_path / "chat.db"
    path.touch()
    told: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_file, path, lock.identity(path), lambda: told.append("stop"))
        await trio.sleep(11)
        assert told == []
        if replaced:
            (tmp_path / "new.db").touch()
            (tmp_path / "new.db").replace(path)
        else:
            path.unlink()
    assert told == ["stop"]


def test_what_ends_the_server_is_one_line() -> None:
    """An error out of a nursery, which is a group, gives one line too."""
    assert list(_problems(StorageError("x"))) == ["x"]
    assert list(_problems(ExceptionGroup("", [ExceptionGroup("", [ListenError("y")])]))) == ["y"]
    assert list(_problems(ValueError("z"))) == []
    assert list(_problems(ExceptionGroup("", [ListenError("y"), ValueError("z")]))) == []


def test_the_note_says_where_the_server_listens(tmp_path: Path) -> None:
    """Until the server ends; the process that holds the lock is named as before."""
    path = tmp_path / "chat.db"
    places = [ListeningPlace("::", 5000, proxy=False), ListeningPlace("/run/чат", None, proxy=True)]
    handle = lock.acquire(path)
    assert lock.noted_places(path) == []
    lock.note_places(path, places)
    assert lock.noted_places(path) == places
    with pytest.raises(InUseError, match=f"process {os.getpid()} on"):
        lock.acquire(path)
    lock.release(handle)
    assert lock.noted_places(path) == []


def test_a_note_of_many_places_stays_readable(tmp_path: Path) -> None:
    """The first of them are noted, since a reader reads a bounded note."""
    path = tmp_path / "chat.db"
    handle = lock.acquire(path)
    lock.note_places(path, [ListeningPlace("192.0.2.1", n, proxy=False) for n in range(100)])
    assert [place.port for place in lock.noted_places(path)] == list(range(16))
    lock.release(handle)


@pytest.mark.parametrize(
    "note",
    ["", "nonsense", "{}", '{"places": 1}', '{"places": [[1]]}', '{"places": [["a", "b", 0]]}'],
)
def test_a_note_that_is_none_is_no_place(tmp_path: Path, note: str) -> None:
    """An earlier version wrote no places, and a crash may leave half a note."""
    (tmp_path / "chat.db.lock").write_text(note, "utf-8")
    assert lock.noted_places(tmp_path / "chat.db") == []
