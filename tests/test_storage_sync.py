"""When the disk gets what was committed, with `[storage] synchronous = normal`."""

import os
from pathlib import Path

import pytest
import trio
import trio.testing

from trio_chat.config.settings import StorageSettings
from trio_chat.server import open_storage as module
from trio_chat.server.open_storage import open_storage, sync_log
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.errors import StorageError


class Disk(Database):
    """A database that notes when it is synchronised, and may fail to be."""

    def __init__(self) -> None:
        self._written = trio.Event()
        self.synced: list[float] = []
        self.fails = False

    def commit(self) -> None:
        """Commit something."""
        self._written.set()

    async def sync(self) -> None:
        """Note the time, or fail."""
        if self.fails:
            raise StorageError("the disk is broken")
        self._written = trio.Event()
        self.synced.append(trio.current_time())


async def test_a_second_after_a_commit(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Commits within that second share it, and without a commit nothing is done."""
    disk = Disk()
    nursery.start_soon(sync_log, disk)
    await trio.sleep(10)
    begin = trio.current_time()
    for _ in range(4):
        disk.commit()
        await trio.sleep(0.3)
    await trio.sleep(10)
    assert disk.synced == [begin + 1]
    nursery.cancel_scope.cancel()


async def test_a_disk_that_fails_is_asked_again(
    autojump_clock: trio.testing.MockClock,
    nursery: trio.Nursery,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log of the server has the error."""
    disk = Disk()
    disk.fails = True
    disk.commit()
    nursery.start_soon(sync_log, disk)
    await trio.sleep(2)
    assert "the disk is broken" in caplog.text
    disk.fails = False
    await trio.sleep(100)
    assert len(disk.synced) == 1
    nursery.cancel_scope.cancel()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the inode of each file whose data the disk is asked to take."""
    inodes: list[int] = []
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(
            os, name, lambda descriptor: inodes.append(os.fstat(descriptor).st_ino), raising=False
        )
    return inodes


async def test_the_log_is_what_the_disk_gets(tmp_path: Path, asked: list[int]) -> None:
    """The write-ahead log contains what was committed."""
    async with open_database(tmp_path / "chat.db", "normal") as database:
        await database.write(lambda connection: connection.execute("CREATE TABLE tea (leaf)").get)
        with trio.fail_after(5):
            await database.wait_written()
        await database.sync()
        assert asked == [(tmp_path / "chat.db-wal").stat().st_ino]
        with trio.move_on_after(0) as scope:
            await database.wait_written()
        assert scope.cancelled_caught


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
async def test_the_log_of_a_database_behind_a_link(tmp_path: Path, asked: list[int]) -> None:
    """It is beside the file to which the link leads."""
    (tmp_path / "large").mkdir()
    (tmp_path / "chat.db").symlink_to("large/real.db")
    async with open_database(tmp_path / "chat.db", "normal") as database:
        await database.write(lambda connection: connection.execute("CREATE TABLE tea (leaf)").get)
        await database.sync()
        assert asked == [(tmp_path / "large/real.db-wal").stat().st_ino]


async def test_what_a_failed_attempt_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays to be synchronised."""

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async with open_database(tmp_path / "chat.db", "normal") as database:
        await database.write(lambda connection: connection.execute("CREATE TABLE tea (leaf)").get)
        with monkeypatch.context() as patch:
            patch.setattr("trio_chat.storage.database.sync_data", fail)
            with pytest.raises(StorageError, match="Input/output error"):
                await database.sync()
        with trio.fail_after(5):
            await database.wait_written()


@pytest.mark.parametrize(("synchronous", "is_synced"), [("normal", True), ("full", False)])
async def test_only_what_sqlite_does_not_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str, is_synced: bool
) -> None:
    """With `full`, each commit waits for the disk itself."""
    started = []

    async def note(database: Database) -> None:
        started.append(database)
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(module, "sync_log", note)
    settings = StorageSettings(file=tmp_path / "chat.db", synchronous=synchronous, reserve=0)
    async with open_storage(settings):
        await trio.testing.wait_all_tasks_blocked()
    assert bool(started) == is_synced
