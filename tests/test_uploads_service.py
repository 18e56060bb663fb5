"""The upload service: limits, hostile bodies, crashes, and what is left on the disk."""

import errno
import os
import stat
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import trio
import trio.testing

import upload_fakes as fakes
from trio_chat.chat.uploads import Upload
from trio_chat.server.uploads.directory import Inspected, PartialUpload, UploadDirectory
from trio_chat.server.uploads.limits import UploadRefused
from trio_chat.server.uploads.service import SWEEP_INTERVAL, Received
from trio_chat.storage import uploads
from trio_chat.storage.uploads import BLOCK, SqliteUploads
from upload_fakes import GUEST, OTHER_GUEST, Kept, kept_uploads, pieces


async def refused(kept: Kept, *parts: bytes, name: str = "a", length: int | None = None) -> int:
    """Upload what is refused; return the status."""
    async with aclosing(pieces(*parts)) as body:
        with pytest.raises(UploadRefused) as caught:
            await kept.service.receive(GUEST, name, body, length)
    assert not kept.files()
    return caught.value.status


async def put(kept: Kept, data: bytes, name: str = "a.txt") -> Received:
    """Upload a file."""
    async with aclosing(pieces(data)) as body:
        return await kept.service.receive(GUEST, name, body, len(data))


async def test_a_picture_is_received(tmp_path: Path) -> None:
    """Without private metadata, under a random name, with a link that has its size."""
    async with kept_uploads(tmp_path) as kept:
        data = fakes.jpeg(6)
        received = await kept.service.receive(
            GUEST, "../кот.png", pieces(data[:100], data[100:]), None
        )
        upload = received.upload
        assert (upload.filename, upload.type) == ("кот.jpg", "image/jpeg")
        assert received.path == f"/file/{upload.name}/%D0%BA%D0%BE%D1%82.jpg?w=480&h=640"
        assert await kept.service.find(upload.name) == upload
        assert kept.files() == [upload.name]
        assert len(upload.name) == 22
        stored = (kept.path / upload.name).read_bytes()
        assert len(stored) == upload.size
        assert fakes.SECRET not in stored


@pytest.mark.parametrize("make", [fakes.mp4, fakes.heic, fakes.webm, fakes.mp3, fakes.ogg])
async def test_films_and_audio_are_stored_without_private_metadata(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    """As they were planned, zeros included."""
    async with kept_uploads(tmp_path) as kept:
        upload = (await put(kept, make())).upload
        stored = (kept.path / upload.name).read_bytes()
        assert len(stored) == upload.size
        assert fakes.SECRET not in stored


async def test_other_files_say_their_bytes(tmp_path: Path) -> None:
    """In the place of the pixels."""
    async with kept_uploads(tmp_path) as kept:
        received = await put(kept, b"hello", "a b.txt")
        assert received.path == f"/file/{received.upload.name}/a_b.txt?size=5"


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
async def test_only_the_owner_can_read_the_directory(tmp_path: Path) -> None:
    """Whatever the umask, and also if the directory was there."""
    (tmp_path / "chat.db-uploads").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        async with kept_uploads(tmp_path) as kept:
            received = await put(kept, b"hello")
            picture = await put(kept, fakes.jpeg())
            assert stat.S_IMODE(kept.path.stat().st_mode) == 0o700
            for name in (received.upload.name, picture.upload.name):
                assert stat.S_IMODE((kept.path / name).stat().st_mode) == 0o600
    finally:
        os.umask(before)


async def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """By its announced length before a byte is read; or when that was too small, or missing."""
    async with kept_uploads(tmp_path, max_size=1024) as kept:
        assert await refused(kept, b"", length=1025) == 413
        assert await refused(kept, bytes(1000), bytes(25), length=10) == 413
        assert await refused(kept, bytes(1025)) == 413
        await put(kept, bytes(1024))


async def test_an_empty_file(tmp_path: Path) -> None:
    """It is refused."""
    async with kept_uploads(tmp_path) as kept:
        assert await refused(kept) == 400


async def test_a_damaged_picture(tmp_path: Path) -> None:
    """It is refused, and nothing of it is left."""
    async with kept_uploads(tmp_path) as kept:
        assert await refused(kept, b"\xff\xd8\xff" + fakes.SECRET) == 415


@pytest.mark.parametrize(
    ("data", "name", "kind", "shown"),
    [
        (b"<svg onload='alert(1)'>", "a.svg", "application/octet-stream", "a.svg"),
        (b"<html>", "a.jpg", "application/octet-stream", "a.jpg.bin"),
        (b"%PDF-1.7", "a.pdf", "application/octet-stream", "a.pdf"),
        (b"PK\x03\x04", "42.zip", "application/octet-stream", "42.zip"),
        (fakes.gif(), "a.js", "image/gif", "a.gif"),
        (b"alert(1)", "a.html", "text/plain", "a.html"),
        (b"x", "a.txt\0.jpg", "text/plain", "a.txt.txt"),
    ],
)
async def test_types_are_those_of_the_content(
    tmp_path: Path, data: bytes, name: str, kind: str, shown: str
) -> None:
    """A name that claims another one is changed."""
    async with kept_uploads(tmp_path) as kept:
        upload = (await put(kept, data, name)).upload
        assert (upload.type, upload.filename) == (kind, shown)


async def test_many_tiny_files_fill_a_quota(tmp_path: Path) -> None:
    """Each counts as a block; another address has a quota of its own, within that of all."""
    settings = {"address_quota": 3 * BLOCK, "total_quota": 5 * BLOCK}
    async with kept_uploads(tmp_path, **settings) as kept:
        for _ in range(3):
            await put(kept, b"x")
        with pytest.raises(UploadRefused) as caught:
            await put(kept, b"x")
        assert caught.value.status == 507
        for _ in range(2):
            await kept.service.receive(OTHER_GUEST, "", pieces(b"x"), 1)
        with pytest.raises(UploadRefused) as caught:
            await kept.service.receive(OTHER_GUEST, "", pieces(b"x"), 1)
        assert caught.value.status == 507
        assert len(kept.files()) == 5


async def test_a_removed_file_frees_its_quota(tmp_path: Path) -> None:
    """At once, and its bytes are gone."""
    async with kept_uploads(tmp_path, address_quota=BLOCK) as kept:
        received = await put(kept, b"x")
        assert await kept.service.remove(received.upload.name)
        assert kept.files() == []
        await put(kept, b"x")


async def test_what_is_being_received_counts(tmp_path: Path) -> None:
    """Two uploads at the same time cannot exceed a quota together."""
    async with (
        kept_uploads(tmp_path, address_quota=2 * BLOCK) as kept,
        trio.open_nursery() as nursery,
    ):
        halt = trio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield bytes(BLOCK)
            await halt.wait()
            yield b"x"

        nursery.start_soon(kept.service.receive, GUEST, "", slow(), 2 * BLOCK)
        while not kept.files():
            await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(UploadRefused) as caught:
            await put(kept, b"x")
        assert caught.value.status == 507
        halt.set()


async def test_too_many_in_an_hour(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    """The answer says when the next one is taken, and it is."""
    async with kept_uploads(tmp_path, per_hour=2) as kept:
        await put(kept, b"x")
        await put(kept, b"x")
        with pytest.raises(UploadRefused) as caught:
            await put(kept, b"x")
        assert caught.value.status == 429
        mock_clock.jump(caught.value.retry_after)
        await put(kept, b"x")


async def test_too_many_at_the_same_time(tmp_path: Path) -> None:
    """Of one address, and in all; a place is free again afterwards."""

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await trio.sleep_forever()

    async with kept_uploads(tmp_path, at_once=5) as kept:
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(kept.service.receive, GUEST, "", endless(), None)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(UploadRefused) as caught:
                await put(kept, b"x")
            assert (caught.value.status, caught.value.retry_after) == (429, 5)
            nursery.start_soon(kept.service.receive, OTHER_GUEST, "", endless(), None)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(UploadRefused) as caught:
                await kept.service.receive(OTHER_GUEST, "", pieces(b"x"), 1)
            assert caught.value.status == 503
            nursery.cancel_scope.cancel()
        assert kept.files() == []
        await put(kept, b"x")


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


async def test_the_numbers_of_uploads(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    """What is received counts at once; what was removed is noticed within a minute."""
    async with kept_uploads(tmp_path, max_size=1024) as kept, trio.open_nursery() as nursery:
        received = await put(kept, b"hello")
        await put(kept, b"hi")
        with pytest.raises(UploadRefused):
            await put(kept, bytes(2000))
        assert kept.service.statistics() == (2, 7, 0, 2, 7)
        await kept.table.remove(received.upload.name)
        nursery.start_soon(kept.service.run)
        while kept.service.statistics() != (1, 2, 0, 2, 7):
            await trio.testing.wait_all_tasks_blocked(0.001)
        await put(kept, b"again")
        await kept.table.remove(received.upload.name)
        assert kept.service.statistics()[:2] == (2, 7)
        nursery.cancel_scope.cancel()


async def test_a_directory_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    """The administrator may have cleaned up."""
    async with kept_uploads(tmp_path) as kept:
        kept.path.rmdir()
        await put(kept, b"x")


async def test_bodies_are_closed(tmp_path: Path) -> None:
    """The caller closes a body that is not read to its end."""
    async with (
        kept_uploads(tmp_path, max_size=1024) as kept,
        aclosing(pieces(bytes(2000), b"")) as body,
    ):
        with pytest.raises(UploadRefused):
            await kept.service.receive(GUEST, "", body, None)


def test_a_guest_removes_what_its_session_has_uploaded(tmp_path: Path) -> None:
    """Nobody else's, also not of the same address; an account its own; an operator all."""

    async def main() -> None:
        async with kept_uploads(tmp_path) as kept:
            mine = GUEST._replace(session=1)
            upload = (await kept.service.receive(mine, "", pieces(b"x"), 1)).upload
            may = kept.service.may_remove
            assert may(mine, upload)
            assert not may(GUEST._replace(session=2), upload)
            assert not may(GUEST, upload)
            assert may(OTHER_GUEST._replace(is_operator=True), upload)
            theirs = upload._replace(account=5)
            assert may(GUEST._replace(account=5), theirs)
            assert not may(GUEST._replace(account=6), theirs)
            assert not may(mine, theirs)

    trio.run(main)


class SlowTable(SqliteUploads):
    """A table whose database does not answer in time, but does what it was asked for."""

    async def add(self, upload: Upload, own: int, total: int) -> bool:
        """Add an upload, and do not return."""
        await super().add(upload, own, total)
        await trio.sleep_forever()


async def cut(kept: Kept, table: SlowTable, mock_clock: trio.testing.MockClock) -> None:
    """Upload a file until the table does not answer, and let the time for it pass."""
    kept.service._table = table

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
