"""Imported messages in the history of a server: pages, search, read markers and retention."""

from pathlib import Path

import pytest
import trio

from database_fakes import fill, ran
from import_fakes import BOB, discord_document, said, write_json
from trio_chat.chat.history import HistoryFilter, Query, Record, Span
from trio_chat.chat.ids import first_id, milliseconds, parse_time, seconds
from trio_chat.chat.timeline import Timeline
from trio_chat.storage import lock
from trio_chat.storage.clock import timeline
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

pytestmark = pytest.mark.usefixtures("working_directory")

YEAR = 31_557_600_000
T = 1_546_300_800_000  # 2019-01-01, before the first id


def live(seconds: float, text: str) -> Record:
    """Return a message of the server itself."""
    return Record("#general", first_id(seconds), "PRIVMSG", "zoe!z@h", "", text)


async def test_a_server_finds_what_is_imported_while_it_runs() -> None:
    """In the order of time among its own messages, by words, and by timestamps on both sides of the
    first id.
    """
    write_json(
        "a.json",
        discord_document(
            *(said(T + number * YEAR // 2, f"imported {number}") for number in range(8))
        ),
    )
    await trio.to_thread.run_sync(fill)
    handle = lock.acquire(Path("trio-chat.db"))
    try:
        async with open_database(Path("trio-chat.db")) as database:
            history = SqliteHistory(database)
            await history.commit([live(1_600_000_000, "own one")])
            await history.index()
            command = ("import", "discord", "a.json")
            assert await trio.to_thread.run_sync(ran, *command) == 0
            await history.commit([live(1_700_000_000, "own two")])
            found = await history.messages("#general", Span(), 100, 0)
            words = [record.text.split()[-1] for record in found]
            assert words == ["0", "1", "2", "3", "one", "4", "5", "6", "7", "two"]
            searched = await history.search(Query({"#general": 0}, "imported"), Span(), 100)
            assert len(searched) == 8
            assert not (await database.read(timeline)).steps()
            await history.commit([live(1_700_000_001, "own three")])
    finally:
        lock.release(handle)


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_pages_have_every_message_once(limit: int) -> None:
    """By msgid and by timestamp, backwards from the newest."""
    count = 20
    write_json(
        "a.json",
        discord_document(*(said(T + number * YEAR // 7, str(number)) for number in range(count))),
    )
    await trio.to_thread.run_sync(fill)
    assert await trio.to_thread.run_sync(ran, "import", "discord", "a.json") == 0
    async with open_database(Path("trio-chat.db")) as database:
        history, steps = SqliteHistory(database), Timeline()
        for by_time in (False, True):
            seen: list[Record] = []
            before = first_id(2_000_000_000)
            while page := await history.messages(
                "#general", Span(before=before), limit, 0, HistoryFilter.WITH_TAGMSG
            ):
                seen = page + seen
                before = page[0].id
                if by_time:
                    before = steps.reference(milliseconds(_seconds(page[0]))).first
            assert [record.text for record in seen] == [str(number) for number in range(count)]


def _seconds(record: Record) -> float:
    return seconds(record.id, record.shift) + 0.0001  # not below the millisecond by rounding


def test_a_message_is_in_one_channel(capsys: pytest.CaptureFixture[str]) -> None:
    """Another import of it for another channel says so, and adds no reactions there."""
    fill()
    liked = [{"emoji": {"id": "", "name": "👍"}, "users": [BOB]}]
    write_json("a.json", discord_document(said(T, reactions=liked), said(T + 1)))
    assert ran("import", "discord", "a.json") == 0
    assert ran("export", "#general", "--output", "a.jsonl") == 0
    for command in (("discord", "a.json"), ("jsonl", "a.jsonl")):
        capsys.readouterr()
        assert ran("import", *command, "--channel", "general=#lobby") == 0
        out = capsys.readouterr().out
        assert "left out: messages that are here already, in another channel: 2" in out
        assert "#lobby" not in out
        assert ran("export", "#lobby") == 1


async def test_retention_deletes_imported_messages_by_their_time() -> None:
    """As the server does it every hour."""
    write_json("a.json", discord_document(*(said(T + n * YEAR, str(n)) for n in range(4))))
    await trio.to_thread.run_sync(fill)
    assert await trio.to_thread.run_sync(ran, "import", "discord", "a.json") == 0
    moment = parse_time("2020-01-01T00:00:00.000Z")
    assert moment is not None
    async with open_database(Path("trio-chat.db")) as database:
        history = SqliteHistory(database)
        oldest = Timeline().oldest(moment, milliseconds(1_800_000_000))
        await history.prune(oldest, 100)
        assert [r.text for r in await history.messages("#general", Span(), 100, 0)] == [
            "1",
            "2",
            "3",
        ]
