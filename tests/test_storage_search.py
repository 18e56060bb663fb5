"""The search index of the history: in step with its messages, and safe for any query."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
import trio.testing
from hypothesis import example, given
from hypothesis import strategies as st

from storage_fakes import ListHistory
from support import run_now
from trio_chat.chat.history import LAST_ID, HistoryError, HistoryFilter, Query, Record, Span
from trio_chat.storage import history as history_module
from trio_chat.storage import search as search_module
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.maintenance import connected, insert_messages
from trio_chat.storage.messages import append_messages, buffer_id
from trio_chat.storage.schema import APPLICATION_ID, migrations
from trio_chat.storage.search_index import index_new, merge
from trio_chat.storage.tokens import prepare_text
from trio_chat.storage.transactions import in_transaction


def said(
    number: int, text: str, buffer: str = "#a", nick: str = "ann", *, is_private: bool = False
) -> Record:
    """Return a message."""
    return Record(buffer, number, "PRIVMSG", f"{nick}!u@h", "", text, is_private=is_private)


def happened(
    number: int, command: str, *params: str, buffer: str = "#a", is_private: bool = False
) -> Record:
    """Return an event."""
    return Record(
        buffer, number, command, "ann!u@h", "ann", "", {"+reply": "x"}, is_private, params
    )


HERE = {"#a": 0}


async def find(
    history: SqliteHistory, query: Query, span: Span | None = None, limit: int = 100
) -> list[int]:
    """Return the ids of what is found."""
    return [record.id for record in await history.search(query, span or Span(), limit)]


@pytest.mark.parametrize(
    ("text", "wanted", "is_found"),
    [
        ("Привет, мир", "МИР", True),
        ("ещё одна ёлка", "елка", True),
        ("еще одна елка", "Ёлка", True),
        ("Fasting is hard", "fast", True),
        ("Fasting is hard", "asting", False),
        ("a café", "CAFE", True),
        ("one two three", "three one", True),
        ("one two three", "one four", False),
        ("see foo-bar.example", "foo-bar", True),
        ("see bar-foo.example", "foo-bar", False),
        ("in and out", "i", False),
        ("i am in", "i", True),
        ("the \x0304red\x03 one", "red", True),
        ("how is every\n\rone?\nbye", "everyone", True),
        ("smile :-)", ":-)", False),
        ("a OR b", "a NOT b", False),
        ("text near", "NEAR(", True),
        ("fast*", "fast*", True),
        ("私は東京に行きます", "東京", True),
        ("私は東京に行きます", "京", True),
        ("私は東京に行きます", "京東", False),
        ("私は東京に行きます", "東に", False),
        ("東京都 and 大阪", "大阪 AND", True),
        ("ひらがなとカタカナ", "タカ", True),
        ("ｱｲｳ", "アイ", True),
        ("𠮷野家", "𠮷", True),
        ("남서울에서 만나요", "서울", True),
        ("ฉันรักกรุงเทพมหานคร", "กรุงเทพ", True),
        ("ຂ້ອຍຮັກວຽງຈັນ", "ວຽງຈັນ", True),
        ("ខ្ញុំស្រឡាញ់ភ្នំពេញ", "ភ្នំពេញ", True),
        ("ကျွန်တော်ရန်ကုန်ကိုချစ်တယ်", "ရန်ကုန်", True),
        ("हिन्दी में", "हिन्दी", True),
        ("फूल", "फल", False),
        ("party 🎉🎉 time", "🎉", True),
        ("party time", "🎉", False),
        ("thumbs👍🏽up", "👍", True),
        ("I ❤️ you", "❤", True),
        ("I ❤ you", "❤️", True),
        ("👨‍👩‍👧", "👧", True),
        ("C is old", "C++", False),
        ("C+ is better", "C++", False),
        ("I like C++.", "c++", True),
        ("C++ and Ｃ＃", "C#", True),
        ("C++", "C", True),
        ("see .NET docs", ".net", True),
        ("the net result", ".net", False),
        ("foo_bar(1)", "foo_bar", True),
        ("foo bar", "foo_bar", False),
        ("foo_bar", "bar", True),
        ("https://example.com/a-b?x=1&y=2", "example.com/a-b", True),
        ("https://example.org/ and com", "example.com", False),
        ("mail bob@example.com", "@example", True),
        ("100% 5€", "5€", True),
        ("an end.", "end", True),
        ("an end", "end.", True),
        ("cafe\u0301", "café", True),
        ("a big ﬁsh", "fish", True),
        ("a big fish", "ﬁsh", True),
        ("this is 𝗯𝗼𝗹𝗱", "bold", True),
        ("x² + 1", "x2", True),
        ("Ｔｅａ", "tea", True),
        ("O’Reilly", "O'Reilly", True),
        ("OʼReilly", "O'Reilly", True),
        ("O'Reilly", "O´Reilly", True),
        ("пʼять", "п'ять", True),
        ("rock\u2011n\u2011roll", "rock-n-roll", True),
        ("eine Straße", "strasse", True),
        ("eine Strasse", "Straße", True),
    ],
)
async def test_what_a_word_finds(text: str, wanted: str, is_found: bool) -> None:
    """Every word, in any order, as the beginning of a word from three letters on; letters of any
    case, with marks or without.

    Where a script has no spaces, any part of a text; and signs that make a difference.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(1, text)])
        assert await find(history, Query(HERE, wanted)) == ([1] if is_found else [])


async def test_messages_from_before_letters_of_all_forms_were_one() -> None:
    """Messages that were indexed by an earlier version are found as they are written, and deleted
    with their words; later ones by letters of any form.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await database.write(_as_if_older)
        await history.commit([said(1, "ﬁsh"), said(3, "ﬁsh"), said(4, "two fish")])
        assert await find(history, Query(HERE, "ﬁsh")) == [1, 3, 4]
        assert await find(history, Query(HERE, "fish")) == [3, 4]
        assert await find(history, Query(HERE, "two ﬁsh")) == [4]
        await history.redact("#a", 1)
        assert await find(history, Query(HERE, "ﬁsh")) == [3, 4]
        words = await database.write(_terms)
        assert "ﬁsh" not in words


def _as_if_older(connection: apsw.Connection) -> None:
    connection.execute("UPDATE indexed SET id = 2, folded = 2")


def _terms(connection: apsw.Connection) -> list[str]:
    connection.execute("CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, term, row)")
    return [str(word) for (word,) in connection.execute("SELECT term FROM temp.seen")]


async def test_only_in_the_channels_named() -> None:
    """Other channels are not searched, whatever words or numbers they have."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(1, "hello"), said(2, "hello 1 2", "#b"), said(3, "hello", "#c")])
        assert await find(history, Query({"#a": 0, "#c": 0}, "hello")) == [1, 3]
        assert await find(history, Query({"#b": 0}, "hello")) == [2]
        assert await find(history, Query({"#none": 0}, "hello")) == []
        assert await find(history, Query({}, "hello")) == []


async def test_who_said_it() -> None:
    """A nickname in any case, whole, with all its signs."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit(
            [
                said(1, "x", nick="Аня"),
                said(2, "x", nick="[x]"),
                said(3, "x", nick="{x}"),
                said(4, "x", nick="x"),
            ]
        )
        assert await find(history, Query(HERE, "", "аня")) == [1]
        assert await find(history, Query(HERE, "x", "[x]")) == [2]
        assert await find(history, Query(HERE, "", "x")) == [4]


async def test_private_messages_from_before_the_founding() -> None:
    """Of each channel, those with a smaller id than the query says are left out, and do not
    count.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        records = [
            said(1, "hi"),
            said(2, "hi", is_private=True),
            said(3, "hi", "#b", is_private=True),
            said(4, "hi", is_private=True),
        ]
        await history.commit(records)
        assert await find(history, Query({"#a": 3, "#b": 2}, "hi")) == [1, 3, 4]
        assert await find(history, Query({"#a": 5, "#b": 5}, "hi"), limit=1) == [1]


async def test_what_has_expired_is_not_found() -> None:
    """It may wait for its deletion; of each channel the smallest id that may be shown counts, and
    others none.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit(
            [said(1, "hi"), said(2, "hi", "#b"), said(3, "hi"), said(4, "hi", "#b")]
        )
        assert await find(history, Query({"#a": 0, "#b": 0}, "hi", oldest={"#a": 3})) == [2, 3, 4]


async def test_events_are_not_found() -> None:
    """ "These messages MUST be `PRIVMSG` or `NOTICE` messages"."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([happened(1, "TOPIC", "hello"), said(2, "hello")])
        assert await find(history, Query(HERE, "hello")) == [2]


async def test_what_is_deleted_is_not_found_any_more() -> None:
    """By redaction, and by age."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(number, "hello") for number in range(1, 6)])
        assert await history.redact("#a", 4)
        assert await history.prune(3, 10) == 2
        assert await find(history, Query(HERE, "hello")) == [3, 5]
        assert await _words(database) == 2


async def test_what_is_not_committed_is_not_found() -> None:
    """Only words of messages that are there are written."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(1, "hello")])
        with pytest.raises(HistoryError, match="constraint"):
            await history.commit([said(2, "hello"), said(1, "hello")])
        assert await find(history, Query(HERE, "hello")) == [1]


async def test_what_was_imported_is_found(tmp_path: Path) -> None:
    """And what was there already is there once."""
    path = tmp_path / "chat.db"
    async with open_database(path) as database:
        await SqliteHistory(database).commit([said(2, "hello")])
    with connected(path) as connection:
        assert (
            insert_messages(
                connection,
                [said(1, "hello", "#b"), said(2, "hello"), said(3, "hello"), said(3, "twice")],
            )
            == 2
        )
    async with open_database(path) as database:
        assert await find(SqliteHistory(database), Query({"#a": 0, "#b": 0}, "hello")) == [1, 2, 3]


async def test_words_are_written_many_at_once(tmp_path: Path) -> None:
    """A search finds words that are not indexed yet, also after a restart."""
    path = tmp_path / "chat.db"
    async with open_database(path) as database:
        history = SqliteHistory(database)
        await history.commit([said(1, "hello")])
        assert await _words(database) == 0
        assert await find(history, Query(HERE, "hello")) == [1]
        await history.commit([said(2, "hello"), said(3, "hello")])
        assert await history.redact("#a", 2)
        assert await _words(database) == 1
    async with open_database(path) as database:
        history = SqliteHistory(database)
        await history.index()
        assert await _words(database) == 2
        assert await find(history, Query(HERE, "hello")) == [1, 3]


SEGMENTS = "SELECT count(DISTINCT id >> 37) FROM term_data WHERE id > 10"
"""How many b-trees the index has; the bits are those of FTS5 (`FTS5_SEGMENT_ROWID`)."""


async def test_a_search_index_is_merged_by_all_that_write_to_it(tmp_path: Path) -> None:
    """A little in each transaction: SQLite would merge much of it in some of them, or never."""
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        for number in range(1, 100):
            await history.commit([said(number, f"tea {number}")])
            await history.index()
            await history.merge()
        assert await count_segments(database) < 16
        automerge = "SELECT v FROM term_config WHERE k = 'automerge'"
        assert await database.read(lambda connection: connection.execute(automerge).get) == 0
        usermerge = automerge.replace("auto", "user")
        assert await database.read(lambda connection: connection.execute(usermerge).get) == 8


def add_segments(connection: apsw.Connection) -> None:
    """Add some segments to the index, which have to be merged."""
    for first in range(1, 4000, 500):
        messages = [
            said(number, f"tea {number} of {-number}") for number in range(first, first + 500)
        ]
        in_transaction(connection, append_messages, [(1, each) for each in messages])
        in_transaction(connection, index_new, 500)


@pytest.fixture
def segments(tmp_path: Path) -> Iterator[apsw.Connection]:
    """Yield a connection to a database whose search index has to be merged."""
    path = tmp_path / "chat.db"
    trio.run(make_database, path)
    with connected(path) as connection:
        in_transaction(connection, buffer_id, "#a")
        add_segments(connection)
        yield connection


async def make_database(path: Path) -> None:
    """Make an empty database."""
    async with open_database(path):
        pass


def is_sound(connection: apsw.Connection) -> bool:
    """Return whether SQLite finds no fault in the index, which finds each message."""
    connection.execute("INSERT INTO term (term) VALUES ('integrity-check')")
    found = connection.execute("SELECT count(*) FROM term WHERE term MATCH 'text:tea'").get
    return bool(found == connection.execute("SELECT count(*) FROM message").get)


@pytest.mark.parametrize("looks", [1, 3, 10])
def test_a_merge_can_be_stopped(segments: apsw.Connection, looks: int) -> None:
    """The index is as before, and another writer does not have to wait for the transaction."""
    before, seen = segments.execute(SEGMENTS).get, iter(range(1, looks))
    segments.execute("BEGIN IMMEDIATE")
    assert merge(segments, 1000, lambda: next(seen, None) is None) is None
    other = apsw.Connection(segments.filename)
    other.execute("BEGIN IMMEDIATE; ROLLBACK")
    other.close()
    segments.execute("COMMIT")
    assert segments.execute(SEGMENTS).get == before
    assert is_sound(segments)


def test_a_merge_says_whether_there_may_be_more(segments: apsw.Connection) -> None:
    """After the last one there is not; and it has made fewer segments of them."""
    before = segments.execute(SEGMENTS).get
    results = [in_transaction(segments, merge, 0)]
    while results[-1]:
        results.append(in_transaction(segments, merge, 0))
    assert len(results) > 2
    assert results[-1] is False
    assert segments.execute(SEGMENTS).get < min(4, before)
    assert is_sound(segments)


async def count_segments(database: Database) -> int:
    """Return how many segments the index has."""
    return int(await database.read(lambda connection: connection.execute(SEGMENTS).get))


async def add_to_index(history: SqliteHistory) -> None:
    """Add as many segments as are merged."""
    for number in range(1, 1 + 20 * history_module._MERGED_AT_ONCE):
        await history.commit([said(number, f"tea {number}")])
        await history.index()


async def test_a_message_does_not_wait_for_a_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is given up, and done when none waits."""
    results: list[bool | None] = []
    is_queued = threading.Event()

    def noted(*arguments: Any) -> bool | None:
        assert is_queued.wait(30)
        results.append(merge(*arguments))
        return results[-1]

    monkeypatch.setattr(history_module, "merge", noted)
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await add_to_index(history)
        before = await count_segments(database)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(history.merge)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(history.commit, [said(10_000, "tea")])
            await trio.testing.wait_all_tasks_blocked()
            is_queued.set()
        assert results == [None]
        assert await count_segments(database) == before
        await history.merge()
        assert await count_segments(database) < before


async def test_messages_that_wait_all_the_time_wait_for_a_merge_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else SQLite would merge so many segments at once that they wait for longer."""
    monkeypatch.setattr(history_module, "_PATIENCE", 2)
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await add_to_index(history)
        monkeypatch.setattr(database, "has_waiting", lambda: True)
        found = [await count_segments(database)]
        for _ in range(3):
            await history.merge()
            found.append(await count_segments(database))
        assert found[0] == found[1] == found[2] > found[3]


@pytest.fixture
def segments_seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have few messages indexed at once; return a list of how many segments there were before."""
    monkeypatch.setattr(history_module, "_INDEXED_AT_ONCE", 10)
    seen: list[int] = []

    def noted(connection: apsw.Connection, limit: int) -> int:
        seen.append(connection.execute(SEGMENTS).get)
        return index_new(connection, limit)

    monkeypatch.setattr(history_module, "index_new", noted)
    return seen


async def test_many_new_messages_are_merged_while_they_are_indexed(
    tmp_path: Path, segments_seen: list[int]
) -> None:
    """Not after all of them: SQLite itself would merge 64 segments, and messages would wait."""
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await history.commit([said(number, f"tea {number}") for number in range(1, 1000)])
        await history.index()
    assert 0 < max(segments_seen) < 16


async def test_a_backlog_is_merged_although_messages_wait(
    tmp_path: Path, segments_seen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is never at rest has fewer segments than SQLite itself would merge."""
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        monkeypatch.setattr(database, "has_waiting", lambda: True)
        await history.commit([said(number, f"tea {number}") for number in range(1, 2000)])
        await history.index()
    assert history_module._PATIENCE < max(segments_seen) < 64


async def test_a_merge_that_does_not_end_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import may add to the index meanwhile; new messages have to be indexed, too."""
    calls = 0

    def endless(*_: object) -> bool:
        nonlocal calls
        calls += 1
        return True

    monkeypatch.setattr(history_module, "merge", endless)
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await history.merge()
        await history.merge()
    assert calls == 2 * history_module._MOST_MERGES


async def _words(database: Database) -> int:
    return int(
        await database.read(
            lambda connection: connection.execute("SELECT count(*) FROM term_docsize").get
        )
    )


async def test_more_messages_than_are_indexed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction after the other, until all are found."""
    monkeypatch.setattr(history_module, "_INDEXED_AT_ONCE", 2)
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(number, "hello") for number in range(1, 6)])
        assert await find(history, Query(HERE, "hello")) == [1, 2, 3, 4, 5]


async def test_waiting_for_words_to_be_written(nursery: trio.Nursery) -> None:
    """`wait_unindexed` returns at the start, and when something was committed since the last
    `index`.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.wait_unindexed()
        await history.index()
        seen = trio.Event()

        async def wait() -> None:
            await history.wait_unindexed()
            seen.set()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not seen.is_set()
        await history.commit([said(1, "hello")])
        await seen.wait()


async def test_messages_from_before_there_was_a_search(tmp_path: Path) -> None:
    """Are found after the step of the schema that brings it."""
    path = tmp_path / "chat.db"
    connection = apsw.Connection(str(path))
    connection.execute(migrations()[0])
    connection.execute("INSERT INTO buffer VALUES (1, '#a')")
    connection.execute("INSERT INTO message VALUES (1, 7, 0, 'PRIVMSG', 'Ann!u@h', '', 'Ёлка', '')")
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", 1)
    connection.close()
    async with open_database(path) as database:
        history = SqliteHistory(database)
        assert await history.searchable_from() == 8
        assert not await history.index_old()
        assert await find(history, Query(HERE, "елк", "ann")) == [7]
        assert await history.last_id() == 7


@given(st.text(max_size=60) | st.text(alphabet='ab"*^:{}()+-~ \0ёOR', max_size=60))
@example('"')
@example("a" * 400)
@example("b " * 250)
@example("AND OR NOT NEAR(a b, 2) text:x ^a a* {text}: x")
def test_no_question_can_break_it(text: str) -> None:
    """A query is data and never SQL, as a nickname too."""

    async def ask() -> None:
        async with open_database(None) as database:
            history = SqliteHistory(database)
            await history.commit([said(1, "b"), said(2, text, "#b", text.replace("!", ""))])
            assert 1 not in await find(history, Query({"#b": 0}, text))
            await history.search(Query(HERE, "", text), Span(), 10)

    trio.run(ask)


words = st.text(alphabet="abеёЁ_-. \x02", max_size=8)
numbers = st.integers(0, 40)
messages = st.lists(
    st.tuples(
        st.integers(1, 40),
        words,
        st.sampled_from(["#a", "#b", "#c"]),
        st.sampled_from(["ann", "[b]"]),
        st.booleans(),
    ),
    unique_by=lambda item: item[0],
    max_size=25,
)
queries = st.builds(
    Query,
    st.dictionaries(st.sampled_from(["#a", "#b", "#d"]), numbers),
    words,
    st.sampled_from(["", "ann", "[b]", "b"]),
)
spans = st.builds(Span, numbers, numbers | st.just(LAST_ID), st.booleans())


@given(messages, queries, spans, st.integers(1, 10))
def test_what_is_found_is_what_the_port_says(
    kept: list[tuple[int, str, str, str, bool]], query: Query, span: Span, limit: int
) -> None:
    """SQLite gives what a list with the words of the port as its code gives."""
    records = [
        said(number, text, buffer, nick, is_private=private)
        for number, text, buffer, nick, private in sorted(kept)
    ]

    async def ask() -> list[Record]:
        async with open_database(None) as database:
            history = SqliteHistory(database)
            if records:
                await history.commit(records)
            return await history.search(query, span, limit)

    model = ListHistory()
    model.records = records
    assert trio.run(ask) == run_now(model.search(query, span, limit))


async def test_a_search_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others who read wait meanwhile; and the next search is not given up for it."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(number, "hello") for number in range(1, 500)])
        monkeypatch.setattr(search_module, "_MOST_SECONDS", -1.0)
        monkeypatch.setattr(search_module, "_STEPS_PER_LOOK", 10)
        with pytest.raises(HistoryError, match="interrupt"):
            await history.search(Query(HERE, "hello"), Span(), 100)
        assert len(await history.messages("#a", Span(), 100, 0)) == 100


# Events.


async def test_events_stand_between_the_messages(tmp_path: Path) -> None:
    """Every field, in one order, for those who are shown them; with a topic that is empty."""
    records = [
        happened(1, "JOIN", "*", "Ann the tester"),
        said(2, "hello"),
        happened(3, "TOPIC", ""),
        happened(4, "TAGMSG"),
        said(5, "bye"),
        happened(6, "MODE", "+k", "x", is_private=True),
    ]
    async with open_database(tmp_path / "chat.db") as database:
        await SqliteHistory(database).commit(records)
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        assert await history.messages("#a", Span(), 10, 0) == [records[1], records[4]]
        assert await history.messages("#a", Span(), 10, 0, HistoryFilter.WITH_EVENTS) == [
            *records[:3],
            *records[4:],
        ]
        assert await history.messages("#a", Span(), 10, 0, HistoryFilter.WITH_TAGMSG) == records
        assert (
            await history.messages("#a", Span(), 10, 6, HistoryFilter.WITH_TAGMSG) == records[:-1]
        )
        assert await history.last_id() == 6


commands = st.sampled_from(["PRIVMSG", "NOTICE", "JOIN", "TAGMSG"])
entries = st.lists(
    st.tuples(st.integers(1, 40), commands, st.sampled_from(["#a", "#b"]), st.booleans()),
    unique_by=lambda item: item[0],
)


@given(entries, spans, st.integers(1, 20), numbers, st.sampled_from(HistoryFilter))
def test_ranges_with_events_are_what_the_port_says(
    kept: list[tuple[int, str, str, bool]],
    span: Span,
    limit: int,
    private_after: int,
    shown: HistoryFilter,
) -> None:
    """Only what is shown is counted: SQLite gives what a list with the words of the port as its
    code gives.
    """
    records = [
        Record(buffer, number, command, "a!b@c", "", "", {}, private)
        for number, command, buffer, private in sorted(kept)
    ]

    async def ask() -> list[Record]:
        async with open_database(None) as database:
            history = SqliteHistory(database)
            if records:
                await history.commit(records)
            return await history.messages("#a", span, limit, private_after, shown)

    model = ListHistory()
    model.records = records
    assert trio.run(ask) == run_now(model.messages("#a", span, limit, private_after, shown))


async def test_old_events_are_deleted_with_the_messages() -> None:
    """In steps that count both."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit(
            [
                said(1, "x"),
                happened(2, "PART"),
                said(3, "x"),
                happened(4, "PART"),
                happened(9, "PART"),
            ]
        )
        assert [
            await history.prune(9, 3),
            await history.prune(9, 3),
            await history.prune(9, 3),
        ] == [3, 1, 0]
        assert [
            record.id
            for record in await history.messages("#a", Span(), 10, 0, HistoryFilter.WITH_TAGMSG)
        ] == [9]


async def test_an_event_of_several_channels_is_in_each() -> None:
    """With the one id that it has everywhere."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([happened(1, "QUIT", "bye"), happened(1, "QUIT", "bye", buffer="#b")])
        for buffer in ("#a", "#b"):
            assert await history.messages(buffer, Span(), 10, 0, HistoryFilter.WITH_EVENTS) == [
                happened(1, "QUIT", "bye", buffer=buffer)
            ]


@given(st.text(st.characters(max_codepoint=127)))
def test_texts_in_ascii_are_prepared_as_all_others(text: str) -> None:
    """A text has the same tokens next to letters of another script."""
    assert prepare_text(f"{text} ") + "\u03bc" == prepare_text(f"{text} \u03bc")
