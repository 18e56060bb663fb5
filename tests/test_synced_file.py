"""Files whose data goes to the disk in pieces while they are written."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from trio_chat.storage import backup
from trio_chat.synced_file import BYTES_PER_SYNC, SyncedFile, synced


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the size of a file each time that the disk is waited for."""
    seen: list[int] = []

    def noting(real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            seen.append(os.fstat(descriptor).st_size)
            real(descriptor)

        return sync

    monkeypatch.setattr(os, "fsync", noting(os.fsync))
    monkeypatch.setattr(os, "fdatasync", noting(getattr(os, "fdatasync", os.fsync)), raising=False)
    return seen


def test_a_large_file_goes_to_the_disk_in_pieces(tmp_path: Path, sizes: list[int]) -> None:
    """Each mebibyte is waited for when it is written, and what is left at the end."""
    with synced(tmp_path / "export") as stream:
        for _ in range(5):
            stream.write(b"x" * (BYTES_PER_SYNC // 2))
    assert sizes == [BYTES_PER_SYNC, 2 * BYTES_PER_SYNC, BYTES_PER_SYNC * 5 // 2]


def test_a_small_file_goes_to_the_disk_at_its_end(tmp_path: Path, sizes: list[int]) -> None:
    """A file of a few bytes is waited for once."""
    with synced(tmp_path / "export") as stream:
        stream.write(b"tea")
    assert sizes == [3]
    assert (tmp_path / "export").read_bytes() == b"tea"


def test_an_overwritten_file_is_counted_by_what_is_written(
    tmp_path: Path, sizes: list[int]
) -> None:
    """Bytes that take the place of others have to reach the disk, too."""
    with SyncedFile(tmp_path / "film", "wb") as file:
        for _ in range(3):
            file.seek(0)
            file.write(b"x" * BYTES_PER_SYNC)
    assert sizes == [BYTES_PER_SYNC] * 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    """What is written may be private conversations."""
    with synced(tmp_path / "export"):
        pass
    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o600


def test_a_backup_goes_to_the_disk_in_pieces(tmp_path: Path, sizes: list[int]) -> None:
    """SQLite itself would wait for the disk once, at the end of the copy."""
    source = apsw.Connection(str(tmp_path / "chat.db"))
    source.execute("CREATE TABLE message (text)")
    rows = ((number, "tea " * 1000) for number in range(4000))
    with source:
        source.executemany("INSERT INTO message (rowid, text) VALUES (?, ?)", rows)
    target = tmp_path / "copy.db"
    target.touch()
    backup._copy(source, target, lambda written, pages: None)
    source.close()
    assert len(sizes) > 3
    steps = [after - before for before, after in pairwise(sizes)]
    assert max(steps) < 4 * BYTES_PER_SYNC
