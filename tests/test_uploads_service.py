"""The upload service: limits, hostile bodies, crashes, and what is left on the disk."""

import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import trio
import trio.testing

import upload_fakes as fakes
from trio_chat.server.uploads import content_types, media
from trio_chat.server.uploads.limits import UploadRefused
from trio_chat.storage.uploads import BLOCK
from upload_fakes import GUEST, OTHER_GUEST, kept_uploads, pieces, put, refused


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


@pytest.mark.parametrize(
    "make", [fakes.mp4, fakes.heic, fakes.webm, fakes.mp3, fakes.ogg, fakes.gif, fakes.png]
)
async def test_films_and_audio_are_stored_without_private_metadata(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    """As they were planned, zeros included."""
    data = make()
    plan = media.clean(content_types.detect(data), data)
    assert plan is not None
    planned = [data[slice(*one)] if isinstance(one, tuple) else bytes(one) for one in plan.parts]
    async with kept_uploads(tmp_path) as kept:
        upload = (await put(kept, data)).upload
        stored = (kept.path / upload.name).read_bytes()
        assert stored == b"".join(planned)
        assert len(stored) == upload.size
        assert fakes.SECRET not in stored
        assert kept.files() == [upload.name]


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
