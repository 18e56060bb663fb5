"""`trio-chat backup`: a copy of one moment, made while the server runs."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from database_fakes import fill, kept, ran
from remembered import record
from trio_chat.config import StorageSettings
from trio_chat.maintenance.atomic_file import FileError, atomic_file
from trio_chat.maintenance.backups import disk_use

pytestmark = pytest.mark.usefixtures("working_directory")


def test_a_backup_is_the_database() -> None:
    """Everything is in it, in one file that only its owner can read."""
    messages = fill(*map(record, range(1, 2000)))
    assert ran("backup", "copy.db") == 0
    assert sorted(path.name for path in Path().iterdir()) == ["copy.db", "trio-chat.db"]
    if os.name == "posix":
        assert stat.S_IMODE(Path("copy.db").stat().st_mode) == 0o600
    assert ran("db", "check", "--database", "copy.db") == 0
    assert kept(name="copy.db") == messages


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
def test_the_log_of_a_database_behind_a_link_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is beside the file to which the link leads, and so is the free space."""
    Path("large").mkdir()
    Path("large/real.db").write_bytes(bytes(100))
    Path("large/real.db-wal").write_bytes(bytes(50))
    Path("chat.db").symlink_to("large/real.db")
    asked: list[Path] = []

    def usage(path: Path) -> shutil._ntuple_diskusage:
        asked.append(path)
        return shutil._ntuple_diskusage(9, 4, 5)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    use = disk_use(Path("chat.db"), StorageSettings())
    assert (use.database, use.wal, use.free) == (100, 50, 5)
    assert asked == [Path("large").resolve()]


def test_a_backup_is_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    """SQLite writes a database anywhere in its file."""
    fill(record(1))
    assert ran("backup", "-") == 2
    assert "cannot be written to standard output: name a file" in capsys.readouterr().err
    assert not Path("-").exists()


def test_a_backup_is_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said while it is made is not in it, and does not make it begin again."""
    messages = fill(*map(record, range(1, 2000)))
    monkeypatch.setattr("trio_chat.storage.backup._STEPS_PER_LOOK", 100)
    other = apsw.Connection("trio-chat.db")
    seen = []

    def say(self: object, done: int) -> None:
        seen.append(done)
        other.execute("INSERT INTO buffer (name) VALUES (?)", (f"#new{len(seen)}",))

    monkeypatch.setattr("trio_chat.admin.progress.Progress.__call__", say)
    assert ran("backup", "copy.db") == 0
    other.close()
    assert len(seen) > 5
    assert seen == sorted(seen)
    copy = apsw.Connection("copy.db")
    assert copy.execute("SELECT count(*) FROM buffer").get == 1
    copy.close()
    assert kept(name="copy.db") == messages


def test_a_backup_replaces_nothing_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Yesterday's may be all there is."""
    fill(record(1))
    Path("copy.db").write_text("yesterday")
    assert ran("backup", "copy.db") == 1
    assert "--force" in capsys.readouterr().err
    assert Path("copy.db").read_text() == "yesterday"
    assert ran("backup", "--force", "copy.db") == 0
    assert kept(name="copy.db") == [record(1)]


@pytest.mark.skipif(os.name != "posix", reason="making links needs rights on Windows")
@pytest.mark.parametrize(
    "name",
    ["trio-chat.db", "trio-chat.db-wal", "./trio-chat.db-shm", "link.db", "hard.db", "directory"],
)
@pytest.mark.parametrize("command", [["backup"], ["history", "export", "--output"]])
def test_the_database_is_never_replaced(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by any of its names, and not with --force."""
    fill(record(1))
    Path("link.db").symlink_to("trio-chat.db")
    Path("hard.db").hardlink_to("trio-chat.db")
    Path("directory").mkdir()
    assert ran(*command, name, "--force") == 1
    assert capsys.readouterr().err.startswith("trio-chat: ")
    assert kept() == [record(1)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_file_that_was_not_finished_is_not_there(error: Exception) -> None:
    """No partial or temporary file is left, and an existing file stays."""
    Path("file").write_text("before")
    with (
        suppress(KeyboardInterrupt, FileError),
        atomic_file(Path("file"), Path("x.db"), replace=True) as part,
    ):
        part.write_text("half")
        Path(f"{part}-journal").write_text("half")
        raise error
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [("file", "before")]


def test_a_place_where_nothing_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The path and the reason, in one line."""
    fill(record(1))
    assert ran("backup", "nowhere/copy.db") == 1
    assert capsys.readouterr().err == "trio-chat: nowhere/copy.db: No such file or directory\n"
