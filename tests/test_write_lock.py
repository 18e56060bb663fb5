"""The lock of writers: how a connection waits for another one."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from trio_chat.storage import write_lock
from trio_chat.storage.secure_delete import empty_log
from trio_chat.storage.write_lock import wait_for_lock


class FakeTime:
    """Time that passes only while a program sleeps.

    Args:
        writer: a connection that has the lock.
        releases_at: the seconds after which it commits.
    """

    def __init__(self, writer: apsw.Connection, releases_at: float) -> None:
        self.writer = writer
        self.releases_at = releases_at
        self.now = 0.0
        self.longest = 0.0

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.longest = max(self.longest, seconds)
        if self.now >= self.releases_at and self.writer.in_transaction:
            self.writer.execute("COMMIT")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[apsw.Connection, apsw.Connection]]:
    """Return two connections to a database, of which the first one is writing."""
    path = str(tmp_path / "chat.db")
    first, second = apsw.Connection(path), apsw.Connection(path)
    first.pragma("journal_mode", "wal")
    first.execute("CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
    yield first, second
    first.close()
    second.close()


def test_another_writer_is_waited_for(
    two: tuple[apsw.Connection, apsw.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is taken within milliseconds after its release, however long that took."""
    first, second = two
    clock = FakeTime(first, 3.0)
    monkeypatch.setattr(write_lock, "time", clock)
    wait_for_lock(second, 5)
    second.execute("BEGIN IMMEDIATE")
    assert 3.0 <= clock.now < 3.01
    assert clock.longest < 0.01


def test_patience_ends(
    two: tuple[apsw.Connection, apsw.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement fails when another writer has the lock for too long, and again from then on."""
    first, second = two
    clock = FakeTime(first, 100)
    monkeypatch.setattr(write_lock, "time", clock)
    wait_for_lock(second, 5)
    for number in (1, 2):
        with pytest.raises(apsw.BusyError):
            second.execute("BEGIN IMMEDIATE")
        assert 5.0 * number <= clock.now < 5.1 * number


def test_patience_after_the_log_was_emptied(
    two: tuple[apsw.Connection, apsw.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emptying waits for no writer, and the next statement does again."""
    first, second = two
    clock = FakeTime(first, 3.0)
    monkeypatch.setattr(write_lock, "time", clock)
    second.execute("SELECT * FROM t")  # a connection that has not read yet knows of no log
    assert not empty_log(second, 5)
    assert not clock.now
    second.execute("BEGIN IMMEDIATE")
    assert clock.now >= 3.0


def test_no_patience(two: tuple[apsw.Connection, apsw.Connection]) -> None:
    """A statement fails at once if that is wanted."""
    wait_for_lock(two[1], 5)
    wait_for_lock(two[1], 0)
    with pytest.raises(apsw.BusyError):
        two[1].execute("BEGIN IMMEDIATE")
