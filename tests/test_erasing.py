"""Erasure: no deleted byte is left in the database, its index, its log or a later backup."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
import trio
import trio.testing

from trio_chat import cli
from trio_chat.chat.history import Query, Record, Span
from trio_chat.chat.persistence import ChangeSet
from trio_chat.server.open_storage import finish_update, truncate_log
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.schema import APPLICATION_ID, migrations
from trio_chat.storage.secure_delete import empty_log
from trio_chat.storage.state import SqliteStateStore

DATABASE = Path("trio-chat.db")
SECRET = "xylophone"
LONG = f"{SECRET} " * 2000  # in pages of its own


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start in a directory of one's own, with a second program that has the database open, as a
    server has.
    """
    monkeypatch.chdir(tmp_path)
    trio.run(make)
    other = apsw.Connection(str(DATABASE))
    other.execute("SELECT count(*) FROM message").fetchall()
    yield
    other.close()


async def make() -> None:
    """Make a database with a secret in each of its tables that hold text."""
    async with open_database(DATABASE) as database:
        history = SqliteHistory(database)
        await history.commit(
            [
                said(1, "hello"),
                said(2, SECRET),
                said(3, LONG),
                happened(4, SECRET),
                said(5, "bye", "#b"),
            ]
        )
        await history.index()


def said(number: int, text: str, buffer: str = "#a") -> Record:
    """Return a message, with its text in a tag too."""
    return Record(buffer, number, "PRIVMSG", "ann!u@h", "ann", text, {"+note": text[:20]})


def happened(number: int, text: str) -> Record:
    """Return a new topic."""
    return Record("#a", number, "TOPIC", "ann!u@h", "ann", "", params=(text,))


def readable(name: str = "trio-chat.db") -> dict[str, int]:
    """Return how often the secret is in each file of a database."""
    counts = {
        path.name: path.read_bytes().count(SECRET.encode()) for path in Path().glob(f"{name}*")
    }
    return {file: count for file, count in counts.items() if count}


async def redact(database: Database) -> None:
    """Redact all that has the secret."""
    history = SqliteHistory(database)
    for number in (2, 3, 4):
        assert await history.redact("#a", number)


async def expire(database: Database) -> None:
    """Delete what is too old."""
    history = SqliteHistory(database)
    while await history.prune(5, 2):
        pass


@pytest.mark.parametrize("delete", [redact, expire])
async def test_nothing_is_left_when_the_log_has_been_emptied(
    delete: Callable[[Database], object],
) -> None:
    """Tables, index and free pages have none of it, and everything else is there."""
    async with open_database(DATABASE) as database:
        assert readable()
        await delete(database)  # type: ignore[misc]
        assert await database.empty_log()
        assert readable() == {}
        assert DATABASE.with_name("trio-chat.db-wal").stat().st_size == 0
        found = await SqliteHistory(database).search(Query({"#a": 0, "#b": 0}), Span(), 10)
        assert 5 in [record.id for record in found]
        await database.read(
            lambda connection: (
                connection.execute("INSERT INTO term (term) VALUES ('integrity-check')").get
            )
        )


async def test_words_written_after_the_deletion_of_others_are_still_found() -> None:
    """A message that is deleted takes only its own words with it."""
    async with open_database(DATABASE) as database:
        history = SqliteHistory(database)
        await history.commit([said(6, f"{SECRET} hello")])
        await redact(database)
        assert [
            record.id for record in await history.search(Query({"#a": 0}, SECRET), Span(), 10)
        ] == [6]
        assert [
            record.id for record in await history.search(Query({"#a": 0}, "hello"), Span(), 10)
        ] == [1, 6]


async def test_a_message_without_words_in_the_index_is_deleted() -> None:
    """One that was said a moment ago, whose words are to be written later: the index does not lose
    those of others for it.
    """
    async with open_database(DATABASE) as database:
        history = SqliteHistory(database)
        await history.commit([said(6, f"{SECRET} hello")])
        assert await history.redact("#a", 6)
        await redact(database)
        assert [
            record.id for record in await history.search(Query({"#a": 0}, "hello"), Span(), 10)
        ] == [1]
        await database.read(
            lambda connection: (
                connection.execute("INSERT INTO term (term) VALUES ('integrity-check')").get
            )
        )


async def test_the_log_is_emptied_soon(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """By a task of the server, also when a reader holds it at first."""
    async with open_database(DATABASE) as database:
        nursery.start_soon(truncate_log, database)
        with closing(apsw.Connection(str(DATABASE))) as other:
            reading = iter(other.execute("SELECT * FROM message, (SELECT 1 UNION SELECT 2)"))
            next(reading)
            await redact(database)
            assert not await database.empty_log()
            assert readable()
        tried = trio.Event()
        database_empty_log = database.empty_log

        async def emptied() -> bool:
            is_empty = await database_empty_log()
            if is_empty:
                tried.set()
            return is_empty

        database.empty_log = emptied  # type: ignore[method-assign]
        await tried.wait()
        assert readable() == {}
        nursery.cancel_scope.cancel()


async def test_a_crash_right_after_the_deletion(tmp_path: Path) -> None:
    """The log as it was at that moment is emptied when the server starts again."""
    async with open_database(DATABASE) as database:
        await redact(database)
        for suffix in ("", "-wal"):
            shutil.copy(f"{DATABASE}{suffix}", f"crashed.db{suffix}")
    assert "crashed.db-wal" in readable("crashed.db")
    async with open_database(Path("crashed.db")):
        assert readable("crashed.db") == {}


@pytest.mark.parametrize(
    "command",
    [
        ["history", "prune", "--before", "2100-01-01", "--yes"],
        ["account", "forget", "ann", "--yes"],
    ],
)
def test_commands_beside_a_server(command: list[str]) -> None:
    """They empty the log too, which the server has open."""
    assert readable()
    assert cli.main(command) == 0
    assert readable() == {}


async def test_what_somebody_said_of_themselves() -> None:
    """A metadata value that is deleted or replaced, and a registered channel that is dropped."""
    async with open_database(DATABASE) as database:
        await redact(database)
        store = SqliteStateStore(database)
        await store.save(
            ChangeSet(
                {"#c": {"topic": SECRET}},
                {},
                {},
                {},
                {1: {"note": SECRET}, 2: {"note": LONG}},
            )
        )
        await database.empty_log()
        assert readable()
        await store.save(ChangeSet({"#c": None}, {}, {}, {}, {1: {"note": "-"}, 2: {}}))
        with trio.fail_after(5):
            await database.wait_erased()
        assert await database.empty_log()
        assert readable() == {}


async def test_a_backup_has_nothing_of_what_was_deleted() -> None:
    """Free pages that an earlier version left are not copied."""
    async with open_database(DATABASE) as database:

        def as_before(connection: apsw.Connection) -> None:
            connection.pragma("secure_delete", False)
            connection.execute("DELETE FROM message WHERE id IN (2, 3)")
            connection.execute("DELETE FROM event")
            connection.execute("INSERT INTO term (term) VALUES ('delete-all')")

        await database.write(as_before)
        assert await database.empty_log()
    assert readable()
    assert await trio.to_thread.run_sync(cli.main, ["backup", "copy.db"]) == 0
    assert readable("copy.db") == {}


async def test_an_update_overwrites_what_was_deleted_before(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Words in the index of an earlier version, and long texts in free pages, are gone when the
    server has run a while.
    """
    path = Path("old.db")
    with apsw.Connection(str(path)) as connection:
        for step in migrations()[:17]:
            connection.execute(step)
        connection.pragma("secure_delete", "fast")
        connection.execute("INSERT INTO buffer VALUES (1, '#a')")
        for number, text in ((1, "hello"), (2, SECRET), (3, LONG)):
            connection.execute(
                "INSERT INTO message VALUES (1, ?, 0, 'PRIVMSG', 'ann!u@h', '', ?, '', 0)",
                (number, text),
            )
            connection.execute(
                "INSERT INTO word (rowid, place, sender, text) VALUES (?, 1, 'x', ?)",
                (number, text),
            )
        connection.execute("UPDATE indexed SET id = 3; DELETE FROM message WHERE id > 1")
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", 17)
    connection.close()
    assert readable("old.db")
    async with open_database(path) as database:
        history = SqliteHistory(database)
        await finish_update(database, history)
        assert await database.empty_log()
        assert readable("old.db") == {}
        assert [
            record.id for record in await history.search(Query({"#a": 0}, "hello"), Span(), 10)
        ] == [1]
        assert (
            await database.read(
                lambda connection: connection.execute("SELECT count(*) FROM filler").get
            )
            == 0
        )


def test_a_log_that_is_being_written_is_not_waited_for() -> None:
    """Messages would have to wait too."""
    with (
        closing(apsw.Connection(str(DATABASE))) as writer,
        closing(apsw.Connection(str(DATABASE))) as other,
    ):
        other.execute("SELECT count(*) FROM message").fetchall()
        writer.execute("BEGIN IMMEDIATE")
        assert not empty_log(other, 60)
        writer.execute("COMMIT")
        assert empty_log(other, 60)
