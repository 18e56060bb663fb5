"""Nothing is read of a channel in which nothing was ever said, and no message is missed."""

import math
from collections.abc import AsyncIterator

import pytest
import trio.testing

from remembered import record
from support import run_now
from trio_chat.chat.history import RENAME, BadRecord, HistoryFilter, Record, Span
from trio_chat.storage import channel_buffers
from trio_chat.storage.channel_buffers import ChannelBuffers, new_buffers
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.messages import buffer_id


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Yield a database in memory. However long a test takes, it is less than a second."""
    monkeypatch.setattr(channel_buffers, "_SECONDS", math.inf)
    async with open_database(None) as opened:
        yield opened


async def started(database: Database, *records: Record) -> SqliteHistory:
    """Return the history of a server that was started with messages, and has read once."""
    await SqliteHistory(database).commit(records)
    history = SqliteHistory(database)
    await history.messages("#read", Span(), 5, 0)
    return history


async def test_a_new_channel_is_not_read(database: Database) -> None:
    """Each has another name, so that no page could have been kept."""
    history = await started(database, record(1))
    for shown in HistoryFilter:
        assert run_now(history.messages(f"#new{shown}", Span(), 5, 0, shown)) == []


async def test_a_channel_from_before_the_start_is_read(database: Database) -> None:
    """Its messages are there, although this process has written none."""
    history = await started(database, record(1))
    assert await history.messages("#a", Span(), 5, 0) == [record(1)]


async def test_the_first_message_of_a_channel_is_found_at_once(database: Database) -> None:
    """The channel is no new one from that moment."""
    history = await started(database)
    assert run_now(history.messages("#a", Span(), 5, 0)) == []
    await history.commit([record(1)])
    assert await history.messages("#a", Span(), 5, 0) == [record(1)]


async def test_the_new_name_of_a_channel_is_read(database: Database) -> None:
    """RENAME takes the messages along, to a name that nobody has used."""
    history = await started(database, record(1))
    await history.commit([Record("#a", 2, RENAME, "ann!a@h", "", "", params=("#B",))])
    assert await history.messages("#b", Span(), 5, 0) == [record(1, "#b")]


async def test_a_private_conversation_is_always_read(database: Database) -> None:
    """There may be very many of them, so that their names are not known."""
    history = await started(database, record(1, "1,2"))
    assert await history.messages("1,2", Span(), 5, 0) == [record(1, "1,2")]
    with trio.testing.assert_checkpoints():
        await history.messages("3,4", Span(), 5, 0)


async def test_nothing_is_known_before_the_first_read(database: Database) -> None:
    """A server has just been started."""
    with trio.testing.assert_checkpoints():
        await SqliteHistory(database).messages("#new", Span(), 5, 0)


async def test_a_channel_is_new_when_all_that_was_accepted_is_committed(
    database: Database,
) -> None:
    """Otherwise something may be about to be stored of it."""
    history = await started(database, record(1))
    assert history.is_new("#b", 0)
    assert not history.is_new("#b", 5)
    await history.commit([record(5)])
    assert history.is_new("#b", 5)
    assert not history.is_new("#a", 5)
    await history.commit([])
    assert history.is_new("#b", 5)


def test_what_another_process_writes_is_noticed_after_a_second() -> None:
    """An import makes a channel while the server runs; only what is new is read again."""
    time = 5.0
    known = ChannelBuffers(lambda: time)
    asked = known.due()
    assert asked is not None
    known.keep([(1, "#a"), (2, "")], asked)
    time = 5.9
    assert known.lacks("#b")
    assert known.due() is None
    time = 6.0
    assert not known.lacks("#b")
    assert (known.due(), known.last) == (6.0, 2)
    known.keep([(3, "#b")], 6.0)
    assert [known.lacks(name) for name in ("#a", "#b", "#c")] == [False, False, True]


def test_a_slow_read_is_as_old_as_its_beginning() -> None:
    """What was written while it took its time may be missing in it."""
    time = 5.0
    known = ChannelBuffers(lambda: time)
    time = 6.5
    known.keep([], 5.0)
    assert not known.lacks("#a")


async def test_many_buffers_are_read_in_parts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other reads have their turn in between; until all are read, none is taken for a new one."""
    monkeypatch.setattr(channel_buffers, "_MOST_ROWS", 2)
    history = await started(database, *(record(number, f"#{number}") for number in range(1, 5)))
    with trio.testing.assert_checkpoints():
        await history.messages("#new", Span(), 5, 0)
    for _ in range(2):
        assert await history.messages("#4", Span(before=3), 5, 0) == []
    assert run_now(history.messages("#new", Span(), 5, 0)) == []


def test_names_are_not_kept_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their memory is bounded; then each channel is read, as it was before."""
    monkeypatch.setattr(channel_buffers, "_MOST_NAMES", 2)
    known = ChannelBuffers(lambda: 5.0)
    known.keep([(1, "#a"), (2, "#b")], 5.0)
    assert known.lacks("#new")
    known.add(["#c"])
    assert not known.lacks("#new")
    assert known.due() is None


async def test_new_buffers_are_read_in_the_order_of_their_ids(database: Database) -> None:
    """So that the last one is where the next read begins."""
    for name in ("#b", "1,2", "#a"):
        await database.write(buffer_id, name)
    assert await database.read(new_buffers, 0) == [(1, "#b"), (2, ""), (3, "#a")]
    assert await database.read(new_buffers, 2) == [(3, "#a")]


async def test_a_failed_commit_makes_no_mistake(database: Database) -> None:
    """The buffer may not have been made; then it is read without need."""
    history = await started(database)
    with pytest.raises(BadRecord):
        await history.commit([record(1)._replace(text="\ud800")])
    await history.commit([record(2)])
    assert await history.messages("#a", Span(), 5, 0) == [record(2)]
