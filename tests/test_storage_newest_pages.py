"""The newest messages of a channel are read once a second, and are never out of date in between."""

import math
from collections.abc import AsyncIterator, Callable

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from remembered import record
from storage_fakes import ListHistory
from support import run_now
from trio_chat.chat.history import LAST_ID, REDACT, RENAME, Record, Span
from trio_chat.chat.ids import msgid
from trio_chat.storage import newest_pages
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.newest_pages import NewestPages, PageQuery

NEWEST = Span(before=1000)
Step = Callable[[int], Record] | tuple[str, Span, int, int]


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Yield a database in memory. However long a test takes, it is less than a second."""
    monkeypatch.setattr(newest_pages, "_SECONDS", math.inf)
    async with open_database(None) as opened:
        yield opened


async def history_with(database: Database, *records: Record) -> SqliteHistory:
    """Return the history of a server that was started, with messages since then."""
    history = SqliteHistory(database)
    await history.last_id()
    await history.commit(records)
    return history


def say(buffer: str, *, is_private: bool = False) -> Callable[[int], Record]:
    """Return a step: a message with the id of the step."""
    return lambda number: record(number, buffer)._replace(is_private=is_private)


def join(buffer: str) -> Callable[[int], Record]:
    """Return a step: somebody joins, which is an event."""
    return lambda number: Record(buffer, number, "JOIN", "ann!a@h", "", "")


def redact(number: int) -> Callable[[int], Record]:
    """Return a step: a message of `#a` is deleted, if there is one."""
    return lambda at: Record("#a", at, REDACT, "ann!a@h", "", "", params=(msgid(number),))


def rename(old: str, new: str) -> Callable[[int], Record]:
    """Return a step: a channel gets the name of another one, whose messages go."""
    return lambda at: Record(old, at, RENAME, "ann!a@h", "", "", params=(new,))


names = st.sampled_from(["#a", "#b"])
spans = st.builds(Span, st.integers(0, 30), st.integers(0, 30) | st.just(LAST_ID), st.booleans())
changes = (
    st.builds(say, names, is_private=st.booleans())
    | st.builds(join, names)
    | st.builds(redact, st.integers(1, 30))
    | st.sampled_from([rename("#a", "#b"), rename("#b", "#a")])
)
questions = st.tuples(
    names,
    st.sampled_from([Span(), Span(), Span(3), Span(before=1000)]) | spans,
    st.integers(0, 6),
    st.sampled_from([0, 0, 4]),
)


@given(st.lists(changes | questions | questions, min_size=12, max_size=30))
def test_answers_are_those_of_the_database(steps: list[Step]) -> None:
    """Whatever was asked before, and whatever is said, deleted and renamed in between."""

    async def ask() -> list[list[Record]]:
        async with open_database(None) as database:
            history = SqliteHistory(database)
            await history.last_id()
            found = list[list[Record]]()
            for number, step in enumerate(steps, 1):
                if isinstance(step, tuple):
                    found.append(await history.messages(*step))
                else:
                    await history.commit([step(number)])
            return found

    model, expected = ListHistory(), []
    for number, step in enumerate(steps, 1):
        if isinstance(step, tuple):
            expected.append(run_now(model.messages(*step)))
        else:
            run_now(model.commit([step(number)]))
    assert trio.run(ask) == expected


async def test_those_that_join_together_share_a_read(database: Database) -> None:
    """Of the same channel, whatever is said elsewhere, and with a smaller limit, too."""
    said = [record(number) for number in range(1, 9)]
    history = await history_with(database, *said)
    assert await history.messages("#a", NEWEST, 5, 0) == said[-5:]
    await history.commit([record(9, "#b")])
    assert run_now(history.messages("#a", NEWEST, 5, 0)) == said[-5:]
    assert run_now(history.messages("#a", Span(), 2, 0)) == said[-2:]
    assert run_now(history.messages("#a", NEWEST._replace(after=6), 5, 0)) == said[-2:]


async def test_a_join_does_not_change_the_page(database: Database) -> None:
    """Each client that joins is an event in the history of the channel, and another one may have
    joined by then.
    """
    history = await history_with(database, record(1))
    await history.messages("#a", Span(before=3), 5, 0)
    await history.commit([Record("#a", 3, "JOIN", "ann!a@h", "", "")])
    assert run_now(history.messages("#a", Span(before=3), 5, 0)) == [record(1)]


async def test_an_empty_channel_is_read_once_too(database: Database) -> None:
    """That there is nothing is known as well as what there is."""
    history = await history_with(database)
    assert await history.messages("#a", NEWEST, 5, 0) == []
    assert run_now(history.messages("#a", NEWEST, 50, 0)) == []


def test_pages_are_kept_for_a_second() -> None:
    """What another process writes, such as an import, is there after that."""
    time = 5.0
    pages = NewestPages(lambda: time)
    query = PageQuery("#a", Span(), 5, 0)
    pages.keep(query, [record(1)], pages.version)
    time = 5.9
    assert pages.find(query) == [record(1)]
    time = 6.0
    assert pages.find(query) is None


async def test_a_message_that_is_deleted_is_gone_at_once(database: Database) -> None:
    """By its id, and by age."""
    history = await history_with(database, record(1), record(2), record(3))
    await history.messages("#a", NEWEST, 5, 0)
    await history.redact("#a", 2)
    assert await history.messages("#a", NEWEST, 5, 0) == [record(1), record(3)]
    await history.prune(2, 10)
    assert await history.messages("#a", NEWEST, 5, 0) == [record(3)]


async def test_a_message_that_comes_during_the_read_is_in_the_next_one(database: Database) -> None:
    """The read began before the message was committed, and ends after it."""
    history = await history_with(database, record(1))
    read = database.read

    async def overtaken(*args: object) -> object:
        found: object = await read(*args)  # type: ignore[arg-type]
        await history.commit([record(2)])
        return found

    database.read = overtaken  # type: ignore[method-assign, assignment]
    assert await history.messages("#a", NEWEST, 5, 0) == [record(1)]
    database.read = read  # type: ignore[method-assign]
    assert await history.messages("#a", NEWEST, 5, 0) == [record(1), record(2)]


async def test_a_message_is_in_the_next_page(database: Database) -> None:
    """Said in the channel since the page was read."""
    history = await history_with(database, record(1))
    await history.messages("#a", NEWEST, 5, 0)
    await history.commit([record(2)])
    assert await history.messages("#a", NEWEST, 5, 0) == [record(1), record(2)]


async def test_private_messages_are_for_members_of_that_time(database: Database) -> None:
    """A user that was not admitted then has another page than one that was."""
    private = record(3)._replace(is_private=True)
    history = await history_with(database, record(2), private)
    assert await history.messages("#a", NEWEST, 5, 0) == [record(2), private]
    assert await history.messages("#a", NEWEST, 5, 4) == [record(2)]


async def test_a_renamed_channel_takes_its_messages_along(database: Database) -> None:
    """The name may have belonged to another channel, whose page was read."""
    history = await history_with(database, record(1), record(2, "#b"))
    await history.messages("#b", NEWEST, 5, 0)
    await history.commit([Record("#a", 3, RENAME, "ann!a@h", "", "", params=("#b",))])
    assert await history.messages("#b", NEWEST, 5, 0) == [record(1, "#b")]


async def test_no_message_is_returned_where_none_is_asked_for(database: Database) -> None:
    """With the limit 0, before a page was read and after it."""
    history = await history_with(database, record(1))
    assert await history.messages("#a", NEWEST, 0, 0) == []
    await history.messages("#a", NEWEST, 5, 0)
    assert await history.messages("#a", NEWEST, 0, 0) == []


async def test_an_older_page_is_not_taken_for_the_newest(database: Database) -> None:
    """CHATHISTORY BEFORE: even before anything was said since the start, and afterwards."""
    await history_with(database, record(1), record(2), record(3))
    history = SqliteHistory(database)
    assert await history.messages("#a", Span(before=3), 5, 0) == [record(1), record(2)]
    assert len(await history.messages("#a", Span(), 5, 0)) == 3
    assert await history.messages("#a", Span(before=3), 5, 0) == [record(1), record(2)]


@pytest.mark.parametrize(
    "many", [[record(1, text="x" * 40_000)], [record(number) for number in range(1, 120)]]
)
async def test_a_large_page_is_not_kept(database: Database, many: list[Record]) -> None:
    """Many messages, or long ones, would take the memory of the server."""
    history = await history_with(database, *many)
    assert await history.messages("#a", NEWEST, 500, 0) == many
    with trio.testing.assert_checkpoints():
        await history.messages("#a", NEWEST, 500, 0)


async def test_pages_of_few_channels_are_kept(database: Database) -> None:
    """However many channels are read within a second."""
    said = [record(number, f"#{number}") for number in range(1, 130)]
    history = await history_with(database, *said)
    for each in said:
        await history.messages(each.buffer, NEWEST, 5, 0)
    assert run_now(history.messages("#129", NEWEST, 5, 0)) == said[-1:]
    with trio.testing.assert_checkpoints():
        await history.messages("#1", NEWEST, 5, 0)
