"""The history in SQLite: committed messages are there, in order, after any end."""

import os
import sqlite3
import stat
import threading
from pathlib import Path

import apsw
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from storage_fakes import ListHistory
from support import run_now
from trio_chat.chat.history import (
    LAST_ID,
    BadRecord,
    HistoryError,
    HistoryFilter,
    Record,
    Span,
)
from trio_chat.chat.ids import msgid
from trio_chat.storage import schema
from trio_chat.storage.database import open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.history import SqliteHistory


def record(number: int, buffer: str = "#a", *, is_private: bool = False) -> Record:
    """Return a message."""
    return Record(
        buffer, number, "PRIVMSG", "ann!a@h", "", f"text {number} 😀", {"+reply": "1"}, is_private
    )


async def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    """Every field, in order; and ids go on after the greatest one."""
    records = [record(1), record(2, is_private=True), record(5, "#b")]
    async with open_database(tmp_path / "chat.db") as database:
        await SqliteHistory(database).commit(records)
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        assert await history.messages("#a", Span(), 10, 0) == records[:2]
        assert await history.messages("#b", Span(), 10, 0) == records[2:]
        assert await history.last_id() == 5


async def test_an_empty_history() -> None:
    """No channel, no message, no id."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        assert await history.messages("#a", Span(), 10, 0) == []
        assert await history.last_id() == 0


def keeps_plans(connection: apsw.Connection) -> int:
    """Return whether SQLite plans a statement only once."""
    return connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1)


async def test_a_query_is_planned_once(tmp_path: Path) -> None:
    """Other parameters do not make SQLite plan it again, which takes longer than a small answer."""
    async with open_database(tmp_path / "chat.db") as database:
        assert await database.read(keeps_plans)
        assert await database.search(keeps_plans)
        assert await database.write(keeps_plans)


async def test_one_message_is_deleted() -> None:
    """That one and no other, and it is said whether it was there."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1), record(2), record(3, "#b")])
        assert not await history.redact("#b", 2)
        assert await history.redact("#a", 2)
        assert not await history.redact("#a", 2)
        assert not await history.redact("#none", 1)
        assert not await history.redact("#a", 3)
        assert await history.messages("#a", Span(), 10, 0) == [record(1)]
        assert await history.messages("#b", Span(), 10, 0) == [record(3, "#b")]


records_of = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(["#a", "#b"]), st.booleans()),
    unique_by=lambda item: item[0],
)
spans = st.builds(Span, st.integers(0, 60), st.integers(0, 60) | st.just(LAST_ID), st.booleans())


@given(records_of, spans, st.integers(1, 20), st.integers(0, 60))
def test_ranges_are_what_the_port_says(
    kept: list[tuple[int, str, bool]], span: Span, limit: int, private_after: int
) -> None:
    """SQLite gives what a list with the words of the port as its code gives."""
    messages = [
        record(number, buffer, is_private=private) for number, buffer, private in sorted(kept)
    ]

    async def ask() -> list[Record]:
        async with open_database(None) as database:
            history = SqliteHistory(database)
            if messages:
                await history.commit(messages)
            return await history.messages("#a", span, limit, private_after)

    model = ListHistory()
    model.records = messages
    assert trio.run(ask) == run_now(model.messages("#a", span, limit, private_after))


async def test_a_batch_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    """One message that cannot be written, and none of its batch is; the next batch is, also to a
    channel that is new.
    """
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await history.commit([record(1)])
        with pytest.raises(HistoryError, match="constraint"):
            await history.commit([record(2, "#new"), record(1)])
        assert await history.messages("#new", Span(), 10, 0) == []
        await history.commit([record(3, "#new")])
        assert await history.messages("#new", Span(), 10, 0) == [record(3, "#new")]


@pytest.mark.parametrize(
    "bad",
    [
        record(2)._replace(text="half a character \ud800"),
        record(1)._replace(id=1 << 64),
        record(1),
        record(2)._replace(is_private=1 << 64),  # type: ignore[arg-type]
    ],
)
async def test_one_bad_record_is_told_from_a_bad_disk(bad: Record) -> None:
    """Nothing is written, and the other records can be tried alone."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1)])
        with pytest.raises(BadRecord):
            await history.commit([record(3), bad, record(4)])
        await history.commit([record(3), record(4)])
        assert [found.id for found in await history.messages("#a", Span(), 9, 0)] == [1, 3, 4]


async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """Nothing half-written; when there is room again, it goes on."""
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await history.commit([record(1)])
        pages = await database.read(lambda connection: connection.pragma("page_count"))
        await database.write(lambda connection: connection.pragma("max_page_count", pages))
        with pytest.raises(HistoryError, match="full") as refused:
            await history.commit([record(number) for number in range(2, 2000)])
        assert not isinstance(refused.value, BadRecord)
        assert await history.messages("#a", Span(), 10, 0) == [record(1)]
        await database.write(lambda connection: connection.pragma("max_page_count", 1 << 30))
        await history.commit([record(2)])
        assert await history.messages("#a", Span(), 10, 0) == [record(1), record(2)]


async def test_old_messages_are_deleted_in_steps() -> None:
    """So that deleting many does not keep messages waiting."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(number) for number in range(1, 11)])
        assert [
            await history.prune(9, 5),
            await history.prune(9, 5),
            await history.prune(9, 5),
        ] == [5, 3, 0]
        assert await history.messages("#a", Span(), 10, 0) == [record(9), record(10)]


async def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """Mode 0600, from the first moment, with its log as well."""
    async with open_database(tmp_path / "sub" / "chat.db") as database:
        await SqliteHistory(database).commit([record(1)])
        if os.name == "posix":
            modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "sub").iterdir()}
            assert modes == {0o600}


async def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    """Not guessed at: the message says what to do, and the file is left as it is."""
    path = tmp_path / "chat.db"
    async with open_database(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema.migrations()) + 1}")
    connection.close()
    with pytest.raises(StorageError, match="newer version of trio-chat"):
        async with open_database(path):
            raise AssertionError


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Somebody's data is not ours to change."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match="another program"):
        async with open_database(path):
            raise AssertionError


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 20])
async def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    """One line, and no traceback."""
    path = tmp_path / "chat.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="or not an SQLite database"):
        async with open_database(path):
            raise AssertionError
    assert path.read_bytes() == content


async def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """The path and the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        async with open_database(tmp_path / "file" / "chat.db"):
            raise AssertionError


async def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    """A thread that nobody ends would keep the program from ending, also after an error or a
    cancellation.
    """
    others = apsw.connections()  # of earlier tests
    with trio.CancelScope() as scope:
        async with open_database(tmp_path / "chat.db"):
            workers = [thread for thread in threading.enumerate() if "apsw" in thread.name]
            scope.cancel()
            await trio.sleep_forever()
    assert len(workers) == 3
    for worker in workers:
        worker.join(30)
        assert not worker.is_alive()
    assert [found for found in apsw.connections() if found not in others] == []


async def test_a_thread_ends_even_when_closing_takes_too_long(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """It does so after what it is doing; here the deadline passes at once, because this clock does
    not wait for threads.
    """
    async with open_database(tmp_path / "chat.db"):
        workers = [thread for thread in threading.enumerate() if "apsw" in thread.name]
    assert len(workers) == 3
    for worker in workers:
        worker.join(30)
        assert not worker.is_alive()


async def test_a_renamed_channel_keeps_what_was_said() -> None:
    """In the order of one batch: before and after the change, and what an earlier channel of the
    new name said stays apart.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1, "#b"), record(2)])
        rename = Record("#a", 4, "RENAME", "ann!a@h", "", "", params=("#B", ""))
        await history.commit([record(3), rename, record(5, "#b"), record(6)])
        texts = {
            buffer: await history.messages(buffer, Span(), 10, 0) for buffer in ("#a", "#b", "#b-4")
        }
        assert {buffer: [entry.id for entry in found] for buffer, found in texts.items()} == {
            "#a": [6],
            "#b": [2, 3, 5],
            "#b-4": [1],
        }


async def test_a_deletion_is_stored_with_the_messages_of_its_batch() -> None:
    """Whatever comes first: the message, the deletion, or another name of the channel."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1), record(2)])
        rename = Record("#a", 4, "RENAME", "ann!a@h", "", "", params=("#b", ""))
        await history.commit([record(3), deletion(1), deletion(3), rename, deletion(9, "#b")])
        assert [entry.id for entry in await history.messages("#b", Span(), 10, 0)] == [2]
        await history.commit([deletion(2, "#b"), deletion(2, "#b")])
        assert await history.messages("#b", Span(), 10, 0) == []
        assert database._erased.is_set()


async def test_an_event_is_deleted_as_a_message_is() -> None:
    """A message of tags alone is stored as one."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1)._replace(command="TAGMSG", text="")])
        await history.commit([deletion(1)])
        assert await history.messages("#a", Span(), 10, 0, HistoryFilter.WITH_TAGMSG) == []


async def test_a_deletion_without_a_msgid_is_a_bad_record() -> None:
    """Which only a defect could make."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        with pytest.raises(BadRecord):
            await history.commit([deletion(1)._replace(params=("?",))])


def deletion(number: int, buffer: str = "#a") -> Record:
    """Return the record of a deletion."""
    return Record(buffer, number + 10, "REDACT", "ann!a@h", "", "", params=(msgid(number),))
