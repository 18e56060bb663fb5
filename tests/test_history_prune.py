"""`trio-chat history prune`: old messages are deleted, after a question."""

import io
import sys
import time
from pathlib import Path

import apsw
import pytest

from database_fakes import DAY, Terminal, fill, kept, ran
from remembered import NOW, record
from trio_chat.chat.history import Record
from trio_chat.chat.ids import first_id
from trio_chat.storage import maintenance as storage

pytestmark = pytest.mark.usefixtures("working_directory")


def test_what_is_older_is_deleted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to the date and not further, in all channels, batch by batch."""
    monkeypatch.setattr(storage, "BATCH", 2)
    date = first_id(1_767_225_600)  # 2026-01-01
    fill(*(record(date + place, "#ab"[: 2 + place % 2]) for place in range(-5, 2)))
    assert ran("history", "prune", "--before", "2026-01-01", "--yes") == 0
    assert capsys.readouterr().err == "5 messages and events were deleted.\n"
    assert [message.id - date for message in (*kept("#a"), *kept("#ab"))] == [0, 1]


def test_events_are_deleted_too() -> None:
    """Joins and parts expire like messages."""
    fill(record(1), Record("#a", 2, "JOIN", "ann!a@h", "", "", params=("*", "Ann")))
    assert ran("history", "prune", "--before", "2100-01-01", "--yes") == 0
    connection = apsw.Connection("trio-chat.db")
    assert connection.execute("SELECT count(*) FROM event").get == 0
    connection.close()


def test_what_is_said_meanwhile_stays() -> None:
    """Messages after the start stay, or a busy server would keep a prune going forever."""
    fill(record(1))
    later = []
    with storage.connected(Path("trio-chat.db")) as connection:
        deleted = storage.prune(
            connection,
            NOW,
            None,
            lambda done: later.append(storage.insert_messages(connection, [record(1 + done)])),
        )
    assert (deleted, kept()) == (1, [record(2)])


def test_one_channel_is_pruned() -> None:
    """The others keep what they have."""
    fill(record(1), record(2, "#b"))
    assert ran("history", "prune", "--before", "2100-01-01", "--channel", "b", "--yes") == 0
    assert (kept(), kept("#b")) == ([record(1)], [])


def test_so_many_days_are_kept() -> None:
    """--keep-days counts from now."""
    old, new = (record(first_id(time.time() - days * DAY)) for days in (3, 1))
    fill(old, new)
    assert ran("history", "prune", "--keep-days", "2", "--yes") == 0
    assert kept() == [new]


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [("y\n", 0, 0), ("да\n", 0, 0), ("\n", 1, 1), ("", 1, 1), ("n\n", 1, 1)],
)
def test_who_can_be_asked_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    left: int,
) -> None:
    """How many, until when, where; and only yes means yes."""
    fill(record(first_id(1_767_225_599)))
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert ran("history", "prune", "--before", "2026-01-01") == code
    assert (
        "Delete 1 message or event from before 2026-01-01T00:00:00.000Z in all channels? [y/N]"
        in capsys.readouterr().err
    )
    assert len(kept()) == left


def test_nothing_is_deleted_when_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must say --yes."""
    fill(record(1))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert ran("history", "prune", "--before", "2026-01-01") == 2
    assert "--yes" in capsys.readouterr().err
    assert kept() == [record(1)]


def test_a_server_that_writes_is_not_locked_out() -> None:
    """Between two batches there is room for somebody else's message."""
    fill(*(record(number) for number in range(1, 4 * storage.BATCH)))
    other = apsw.Connection("trio-chat.db")

    def write(done: int) -> None:
        other.execute("INSERT INTO buffer (name) VALUES (?)", (f"#{done}",))

    with storage.connected(Path("trio-chat.db")) as connection:
        storage.prune(connection, NOW, None, write)
    assert other.execute("SELECT count(*) FROM buffer").get > 3
    other.close()
