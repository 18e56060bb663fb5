"""The upload service when something fails: clients, disks, databases, threads, the server."""

import errno
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from io import FileIO
from pathlib import Path

import pytest
import trio
import trio.testing

from trio_chat.chat.uploads import Upload
from trio_chat.server.uploads.directory import Inspected, PartialUpload, StoredFile, UploadDirectory
from trio_chat.server.uploads.limits import UploadRefused
from trio_chat.server.uploads.service import SWEEP_INTERVAL
from trio_chat.storage import uploads
from trio_chat.storage.uploads import BLOCK, SqliteUploads
from upload_fakes import GUEST, OTHER_GUEST, Kept, kept_uploads, pieces, put, refused


async def test_a_client_that_leaves_leaves_nothing(tmp_path: Path) -> None:
    """Nor does one whose body is not understood."""

    async def broken() -> AsyncIterator[bytes]:  # noqa: ASYNC124
        yield bytes(300_000)
        raise trio.BrokenResourceError

    async with kept_uploads(tmp_path) as kept:
        with pytest.raises(trio.BrokenResourceError):
            await kept.service.receive(GUEST, "", broken(), 400_000)
        assert kept.files() == []
        assert (await kept.table.usage(0, GUEST.address)).own == 0


class FullDirectory(UploadDirectory):
    """A directory on a disk that is full, or nearly."""

    left = 1 << 40
    fails = False

    def free(self) -> int:
        """Return what a hostile disk says."""
        return self.left

    def begin(self) -> PartialUpload:
        """Begin a file that cannot be written."""
        partial = super().begin()
        if self.fails:
            partial.write = self._fail  # type: ignore[method-assign]
        return partial

    @staticmethod
    def _fail(data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    """The reserve must remain, with the largest file that a chunked body may have."""
    async with kept_uploads(tmp_path, reserve=1000, max_size=5000) as kept:
        kept.service.directory = directory = FullDirectory(kept.path)
        directory.left = 1000 + BLOCK
        await put(kept, b"x")
        directory.left -= 1
        with pytest.raises(UploadRefused) as caught:
            await put(kept, b"x")
        assert caught.value.status == 507
        directory.left = 5999
        with pytest.raises(UploadRefused) as caught:
            await kept.service.receive(GUEST, "", pieces(b"x"), None)
        assert caught.value.status == 507


async def test_a_disk_that_becomes_full(tmp_path: Path) -> None:
    """Nothing is left, and the client learns why."""
    async with kept_uploads(tmp_path) as kept:
        kept.service.directory = directory = FullDirectory(kept.path)
        directory.fails = True
        assert await refused(kept, b"x") == 507


async def test_a_database_that_fails(tmp_path: Path) -> None:
    """The bytes that are complete already are deleted."""
    async with kept_uploads(tmp_path) as kept:
        await kept.database.write(lambda connection: connection.execute("DROP TABLE upload_link"))
        await kept.database.write(
            lambda connection: connection.execute(
                "CREATE TRIGGER no BEFORE INSERT ON upload BEGIN SELECT raise(ABORT, 'no'); END"
            )
        )
        assert await refused(kept, b"x") == 503


async def test_a_crash_leaves_no_bytes(tmp_path: Path) -> None:
    """The next start deletes what is not complete, and what no upload has; nothing else."""
    async with kept_uploads(tmp_path) as kept:
        received = await put(kept, b"hello")
        partial = kept.directory.begin()
        partial.open()
        partial.write(b"half")
        (kept.path / ("C" * 22)).write_bytes(b"complete, and not in the database")
        (kept.path / f"{'D' * 22}.clean").write_bytes(b"half")
        (kept.path / "README").write_bytes(b"of the administrator")
        partial._file.close()
    async with kept_uploads(tmp_path) as kept:
        assert kept.files() == sorted([received.upload.name, "README"])
        assert await kept.service.find(received.upload.name) == received.upload


async def test_removed_bytes_are_deleted(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    """Whatever has removed the upload: the task notices within seconds."""
    async with kept_uploads(tmp_path) as kept, trio.open_nursery() as nursery:
        received = await put(kept, b"hello")
        nursery.start_soon(kept.service.run)
        await trio.testing.wait_all_tasks_blocked()
        await kept.table.remove(received.upload.name)
        while kept.files():
            mock_clock.jump(SWEEP_INTERVAL)
            await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


class SlowTable(SqliteUploads):
    """A table whose database does not answer in time, but does what it was asked for."""

    async def add(self, upload: Upload, own: int, total: int, session: int = 0) -> bool:
        """Add an upload, and do not return."""
        await super().add(upload, own, total, session)
        await trio.sleep_forever()


async def cut(kept: Kept, table: SlowTable, mock_clock: trio.testing.MockClock) -> None:
    """Upload a file until the table does not answer, and let the time for it pass."""
    kept.service.table = table

    async def upload() -> None:
        with pytest.raises(UploadRefused) as caught:
            await put(kept, b"hello")
        assert caught.value.status == 503

    async with trio.open_nursery() as nursery:
        nursery.start_soon(upload)
        while not await table.names():
            await trio.testing.wait_all_tasks_blocked(0.001)
        mock_clock.jump(60)


async def test_a_database_that_answers_too_late(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    """What it has added nevertheless is removed: the client was given an error."""
    async with kept_uploads(tmp_path) as kept:
        table = SlowTable(kept.database)
        await cut(kept, table, mock_clock)
        assert kept.files() == []
        assert await table.names() == set()


async def test_a_file_without_a_row_or_a_row_without_a_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first is deleted by the next start; the second stays, and is reported."""
    async with kept_uploads(tmp_path) as kept:
        names = [(await put(kept, b"hello")).upload.name for _ in range(3)]
        (kept.path / names[0]).unlink()
        await kept.database.write(uploads.remove, names[1])
        await kept.table.forget_removed([names[1]])
    async with kept_uploads(tmp_path) as kept:
        assert kept.files() == [names[2]]
        assert await kept.table.names() == {names[0], names[2]}
    assert "1 uploaded files are missing" in caplog.text


async def test_one_file_that_cannot_be_deleted(
    tmp_path: Path, mock_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are; it is tried again later, and the log says why."""
    async with kept_uploads(tmp_path) as kept, trio.open_nursery() as nursery:
        names = [(await put(kept, b"x")).upload.name for _ in range(3)]
        (kept.path / names[1]).unlink()
        (kept.path / names[1]).mkdir()
        for name in names:
            await kept.table.remove(name)
        nursery.start_soon(kept.service.run)
        while kept.files() != [names[1]] or await kept.table.removed() != [names[1]]:
            await trio.testing.wait_all_tasks_blocked(0.001)
        (kept.path / names[1]).rmdir()
        while await kept.table.removed():
            mock_clock.jump(10)
            await trio.testing.wait_all_tasks_blocked(0.001)
        nursery.cancel_scope.cancel()
    assert caplog.text.count("cannot be deleted") == 1


class HeldDirectory(UploadDirectory):
    """A directory on a disk that does not answer while a file is finished."""

    is_reached: trio.Event
    release: threading.Event
    done: threading.Event

    def begin(self) -> PartialUpload:
        """Begin a file whose end is held up."""
        partial, finish = super().begin(), PartialUpload.finish

        def held() -> Inspected:
            trio.from_thread.run_sync(self.is_reached.set)
            self.release.wait()
            try:
                return finish(partial)
            finally:
                self.done.set()

        partial.finish = held  # type: ignore[method-assign]
        return partial


async def test_the_end_of_the_server_ends_an_upload(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    """At its deadline, although the disk does not answer; and the next start cleans up."""
    async with kept_uploads(tmp_path) as kept:
        kept.service.directory = directory = HeldDirectory(kept.path)
        directory.is_reached, directory.release = trio.Event(), threading.Event()
        directory.done = threading.Event()

        async def upload() -> None:
            with pytest.raises(UploadRefused):
                await put(kept, b"hello")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(upload)
            await directory.is_reached.wait()
            kept.service.stop(trio.current_time() + 3)
            nursery.cancel_scope.deadline = trio.current_time() + 3
            mock_clock.jump(3)
        assert len(kept.files()) == 1  # what a thread holds cannot be deleted
        directory.release.set()
        await trio.to_thread.run_sync(directory.done.wait)
    async with kept_uploads(tmp_path) as kept:
        assert kept.files() == []


class SlowFile(FileIO):
    """A file on a disk that does not answer until it is told to."""

    reading = threading.Event()
    release = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes at last."""
        self.reading.set()
        self.release.wait()
        return super().read(size)


async def test_a_file_is_closed_behind_a_thread_that_reads(tmp_path: Path) -> None:
    """If it were closed at once, the thread could read what was opened under the same number."""
    (tmp_path / "x").write_bytes(b"hello")
    stored = StoredFile(tmp_path / "x")
    stored._file.close()
    stored._file = slow = SlowFile(tmp_path / "x")
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(stored.read(1, 3)))
    reader.start()
    await trio.to_thread.run_sync(slow.reading.wait)
    stored.close()
    states = [slow.closed]
    slow.release.set()
    await trio.to_thread.run_sync(reader.join)
    assert [*states, slow.closed] == [False, True]
    assert found == [b"ell"]
    assert stored.read(0, 1) == b""


async def test_the_transaction_decides_about_a_quota(tmp_path: Path) -> None:
    """An upload knows what was used when it began; another one may have ended meanwhile."""
    async with (
        kept_uploads(tmp_path, total_quota=2 * BLOCK) as kept,
        trio.open_nursery() as nursery,
    ):
        go_on, statuses = trio.Event(), list[int]()

        async def slow() -> AsyncIterator[bytes]:
            yield bytes(BLOCK)
            await go_on.wait()
            yield bytes(BLOCK)

        async def upload() -> None:
            with pytest.raises(UploadRefused) as caught:
                await kept.service.receive(GUEST, "", slow(), None)
            statuses.append(caught.value.status)

        nursery.start_soon(upload)
        while not kept.files():
            await trio.testing.wait_all_tasks_blocked(0.001)
        async with aclosing(pieces(bytes(BLOCK))) as body:
            other = await kept.service.receive(OTHER_GUEST, "", body, BLOCK)
        go_on.set()
        while not statuses:
            await trio.testing.wait_all_tasks_blocked(0.001)
        assert statuses == [507]
        assert kept.files() == [other.upload.name]
