"""The ways in which a search of the history finds the same: by words or by the beginning of words,
and among the messages of all channels or of some.
"""

import apsw
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from storage_fakes import ListHistory
from support import run_now
from trio_chat.chat.history import LAST_ID, Query, Record, Span
from trio_chat.storage import search as search_module
from trio_chat.storage import vocabulary as vocabulary_module
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory


def said(
    number: int, text: str, buffer: str = "#a", nick: str = "ann", *, is_private: bool = False
) -> Record:
    """Return a message."""
    return Record(buffer, number, "PRIVMSG", f"{nick}!u@h", "", text, is_private=is_private)


numbers = st.integers(0, 40)
spans = st.builds(Span, numbers, numbers | st.just(LAST_ID), st.booleans())
beginnings = st.lists(
    st.sampled_from(["aaa", "aaab", "aaac", "aab", "ёжи", "a.aaa", "a.aaab", "b", "aaa", "ежики"]),
    max_size=3,
).map(" ".join)
many = st.lists(
    st.tuples(
        st.integers(1, 40),
        beginnings,
        st.sampled_from(["#a", "#b", "#c"]),
        st.sampled_from(["ann", "[b]"]),
        st.booleans(),
    ),
    unique_by=lambda item: item[0],
    min_size=10,
    max_size=40,
)
sought = st.builds(
    Query,
    st.dictionaries(st.sampled_from(["#a", "#b"]), numbers, min_size=1),
    beginnings,
    st.sampled_from(["", "ann"]),
    st.dictionaries(st.sampled_from(["#a", "#b"]), numbers),
)
thresholds = st.fixed_dictionaries(
    {
        "vocabulary._COMMON": st.sampled_from([1, 4, 99]),
        "vocabulary._MOST_RARE_WORDS": st.sampled_from([1, 99]),
        "vocabulary._MOST_WORDS": st.sampled_from([1, 99]),
        "vocabulary._PAGES_OF_WORD": st.sampled_from([1, 0.01]),
        "search._FEW_BUFFERS": st.sampled_from([0, 9]),
        "search._LOOKED_THROUGH": st.integers(1, 9),
        "search._LOOKED_THROUGH_EACH": st.just(0),
        "search._SAMPLE": st.sampled_from([1, 3]),
        "search._MOST_PLANNED": st.sampled_from([1, 8]),
    }
)


@given(many, sought, spans, st.integers(1, 10), thresholds)
def test_every_way_of_a_search_finds_the_same(
    kept: list[tuple[int, str, str, str, bool]],
    query: Query,
    span: Span,
    limit: int,
    chosen: dict[str, float],
) -> None:
    """Wherever a word begins to be common, and however many messages elsewhere are looked through,
    the port has the last word.
    """
    records = [
        said(number, text, buffer, nick, is_private=private)
        for number, text, buffer, nick, private in sorted(kept)
    ]

    async def ask() -> list[Record]:
        async with open_database(None) as database:
            history = SqliteHistory(database)
            await history.commit(records)
            with pytest.MonkeyPatch.context() as patch:
                for name, value in chosen.items():
                    patch.setattr(f"trio_chat.storage.{name}", value)
                return await history.search(query, span, limit)

    model = ListHistory()
    model.records = records
    assert trio.run(ask) == run_now(model.search(query, span, limit))


async def _wanted(texts: list[str], phrase: str) -> vocabulary_module.Wanted:
    """Return what a phrase becomes after these messages, with 4 occurrences for a common word."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(number, text) for number, text in enumerate(texts, 1)])
        await history.index()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(vocabulary_module, "_COMMON", 4)
            patch.setattr(vocabulary_module, "_MOST_RARE_WORDS", 3)
            patch.setattr(vocabulary_module, "_PAGES_OF_WORD", 0.1)
            return await database.read(
                lambda connection: vocabulary_module.Vocabulary(connection).wanted(phrase)
            )


@pytest.mark.parametrize(
    ("texts", "phrase", "expression", "occurrences", "is_ordered"),
    [
        (["that", "that thats"], '"that"*', '"that"*', 3, True),
        ([], '"that"*', '"that"*', 0, True),
        (
            ["That", "thats", "tha", "that", "THAT", "thau"],
            '"that"*',
            '("that" OR "thats")',
            None,
            True,
        ),
        (["ёлка"] * 3 + ["Ёлки"], '"елк"*', '("елка" OR "елки")', None, True),
        (["foo x", "foo y", "foo x", "x x"], '"foo x"*', '("foo x")', None, True),
        (["that1", "that2", "that3", "that4"], '"that"*', '"that"*', None, False),
        (["c++"] * 4, '"c \uf8ff2b  \uf8ff2b "', '"c \uf8ff2b  \uf8ff2b "', None, True),
        (["is"] * 4, '"is"', '"is"', None, True),
        (["isis"] * 4, '"is"', '"is"', 0, True),
    ],
)
async def test_what_is_asked_for_instead_of_a_beginning(
    texts: list[str], phrase: str, expression: str, occurrences: int | None, is_ordered: bool
) -> None:
    """The words that begin with it, where they are common and few."""
    assert await _wanted(texts, phrase) == (expression, occurrences, is_ordered)


async def test_phrases_without_a_word_are_left_out() -> None:
    """A newer Python may take signs for letters that SQLite does not know; alone they stay, and
    find nothing.
    """
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([said(1, "hello")])
        await history.index()

        def expressions(connection: apsw.Connection, *phrases: str) -> list[str]:
            words = vocabulary_module.Vocabulary(connection)
            forms = [(each,) for each in phrases]
            return [word.expression for word in search_module._wanted(words, forms)]

        assert await database.read(expressions, '"!"', '"hello"*', '"?"') == ['"hello"*']
        assert await database.read(expressions, '"!"') == ['"!"']


async def test_a_search_reads_no_row_of_other_buffers() -> None:
    """That of another message would take much longer than its place in the index of ids."""
    async with open_database(None) as database:
        plan = await database.read(
            lambda connection: connection.execute(
                f"EXPLAIN QUERY PLAN {search_module._NEWEST}", ("a", 0, 9)
            ).fetchall()
        )
    steps = [str(row[3]) for row in plan]
    assert any("USING COVERING INDEX message_by_id" in step for step in steps)
    assert not any("ORDER BY" in step for step in steps)
