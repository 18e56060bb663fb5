"""Clock steps in the server and on disk: logged, stored, and wrong dates corrected."""

import logging
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Town
from trio_chat import cli
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import BanSet
from trio_chat.chat.history import HistoryFilter, Record, Span
from trio_chat.chat.ids import first_id, seconds
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.steady import ClockState, SteadyClock
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.timeline import ClockStep
from trio_chat.config import StorageSettings
from trio_chat.server.clock import elapsed, watch_clock
from trio_chat.server.open_storage import open_storage
from trio_chat.storage.clock import SqliteClock
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

DAY, YEAR = 86_400.0, 365 * 86_400.0


class Table:
    """Where the state of the clock is noted."""

    def __init__(self) -> None:
        self.kept: list[ClockState] = []

    async def keep(self, kept: ClockState) -> None:
        """Note it."""
        self.kept.append(kept)


class Watched:
    """A world whose clock is watched, and what was noted and logged."""

    def __init__(self, kept: ClockState | None = None) -> None:
        self.town = Town(
            storage=StoragePorts(
                history=ListHistory(), accounts=OpenAccounts(), hold=DAY, kept=kept
            )
        )
        world = self.town.world
        self.ahead = 0.0
        start = trio.current_time()
        world.clock = lambda: NOON + trio.current_time() - start + self.ahead
        world.elapsed = trio.current_time
        world.steady = SteadyClock(world.clock, world.elapsed, kept, DAY)
        world.bans._clock = world.steady
        self.table = Table()

    async def run(self) -> None:
        """Watch."""
        await watch_clock(self.town.world, self.table)


async def test_steps_are_logged(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Which way, and how far; and that nothing expires for a while."""
    caplog.set_level(logging.INFO, "trio_chat")
    watched = Watched()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watched.run)
        await trio.sleep(90)
        assert caplog.messages == []
        watched.ahead = 3 * 3600
        await trio.sleep(60)
        watched.ahead = 0
        await trio.sleep(60)
        watched.ahead = -100
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert caplog.messages[0] == "the clock was set ahead by 3 hours"
    assert "nothing is deleted or expires for 24 hours" in caplog.messages[1]
    assert caplog.messages[2] == "the clock was set back by 3 hours"
    assert "counts as wrong" in caplog.messages[3]
    assert caplog.messages[4] == "the clock was set back by 100.0 seconds"
    assert len(caplog.messages) == 5


async def test_what_was_dated_by_a_clock_that_was_ahead_is_mended(
    autojump_clock: MockClock,
) -> None:
    """A ban has its duration again, and an always-on user was seen now."""
    watched = Watched()
    world = watched.town.world
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watched.run)
        await trio.sleep(1)
        watched.ahead = YEAR
        await trio.sleep(120)
        now = int(world.clock())
        apply(world, BanSet(Ban(BanKind.ACCOUNT, "eve", "op", "spam", now, now + 3600)))
        watched.ahead = 0
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    (ban,) = world.bans
    assert ban.expires - ban.created == 3600
    assert NOON < ban.created < NOON + 200


async def test_how_the_clock_stands_is_noted(autojump_clock: MockClock) -> None:
    """At the start and every hour, so that the next one knows when the server ran last, also when
    it was killed.
    """
    watched = Watched()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watched.run)
        await trio.sleep(2 * 3600 + 100)
        nursery.cancel_scope.cancel()
    assert [kept.seen - NOON for kept in watched.table.kept] == [0, 3600, 7200]


async def test_a_start_in_another_year_is_told(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The newest message is a year old: either the server was off so long, or the clock is
    wrong.
    """
    watched = Watched(ClockState(NOON - YEAR, NOON - YEAR))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watched.run)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert "nothing is deleted or expires for 24 hours" in caplog.messages[0]


def test_there_is_a_clock_that_goes_on() -> None:
    """On every system."""
    assert 0 < elapsed() <= elapsed()


def said(number: int, shift: int = 0, command: str = "PRIVMSG") -> Record:
    """Return a message, or an event."""
    return Record(
        "#a", number, command, "ann!a@h", "", "x" if command == "PRIVMSG" else "", shift=shift
    )


async def test_messages_and_steps_are_kept(tmp_path: Path) -> None:
    """With its shift each, in whichever table; where it changes is there at the next start."""
    records = [said(1), said(2, 5), said(3, 5, "PART"), said(4, 7, "PART"), said(6)]
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        for record in records:
            await history.commit([record])
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        assert await history.messages("#a", Span(), 10, 0, HistoryFilter.WITH_EVENTS) == records
        await history.commit([said(8)])
        timeline = await SqliteClock(database).timeline()
        assert timeline._steps == [
            ClockStep(0, 0),
            ClockStep(2, 5),
            ClockStep(4, 7),
            ClockStep(6, 0),
        ]
        assert [timeline.at(number) for number in (1, 2, 3, 4, 5, 6, 9)] == [0, 5, 5, 7, 7, 0, 0]


async def test_a_step_that_was_not_written_is_written_again(tmp_path: Path) -> None:
    """A commit that fails leaves none of it."""
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await history.commit([said(1)])
        with pytest.raises(Exception, match="UNIQUE"):
            await history.commit([said(2, 5), said(1, 5)])
        assert (await SqliteClock(database).timeline()).shift == 0
        await history.commit([said(2, 5)])
        assert (await SqliteClock(database).timeline()).shift == 5


async def test_the_steady_clock_is_kept(tmp_path: Path) -> None:
    """Of a database from before, it stood where the newest message was; of an empty one nothing is
    known.
    """
    async with open_database(tmp_path / "chat.db") as database:
        clock = SqliteClock(database)
        assert await clock.kept() is None
        await SqliteHistory(database).commit([said(first_id(NOON), 1000)])
        assert await clock.kept() == ClockState(NOON - 1, NOON - 1)
        await clock.keep(ClockState(1.5, 2.5, 3.5))
        await clock.keep(ClockState(2.5, 3.5, 4.5))
        assert await clock.kept() == ClockState(2.5, 3.5, 4.5)


async def test_a_database_with_lines_of_the_future_recovers(tmp_path: Path) -> None:
    """From before clocks were allowed to be wrong: new messages get the time at which they are
    said.
    """
    future = first_id(NOON + 10 * YEAR)
    path = tmp_path / "chat.db"
    async with open_database(path) as database:
        await SqliteHistory(database).commit(
            [said(first_id(NOON - 60)), *(said(future + number) for number in range(3))]
        )
    async with open_storage(StorageSettings(file=path)) as memory:
        assert memory is not None
        town = Town(ServerInfo(created=NOON), storage=memory)
        number = town.world.ids.next()
        assert number > future + 2
        assert seconds(number, town.world.ids.shift) == NOON


def test_an_export_takes_its_times_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`history export` and `import`: lines of a clock that was ahead, and those after it; a
    timestamp finds them there, too.
    """
    monkeypatch.chdir(tmp_path)
    future = first_id(NOON + 10 * YEAR)
    shift = int(10 * YEAR * 1000)
    records = [
        said(first_id(NOON - 60)),
        said(future),
        said(future + 1, shift),
        said(future + (60_000 << 20), shift),
    ]

    async def fill(name: str, records: list[Record]) -> None:
        async with open_database(Path(name)) as database:
            if records:
                await SqliteHistory(database).commit(records)

    trio.run(fill, "one.db", records)
    trio.run(fill, "two.db", [])
    assert cli.main(["history", "export", "--database", "one.db", "--output", "lines"]) == 0
    assert cli.main(["history", "import", "--database", "two.db", "lines"]) == 0

    async def look() -> None:
        async with open_database(Path("two.db")) as database:
            assert await SqliteHistory(database).messages("#a", Span(), 10, 0) == records
            assert (await SqliteClock(database).timeline())._steps == [
                ClockStep(0, 0),
                ClockStep(future + 1, shift),
            ]

    trio.run(look)


def test_pruning_goes_by_the_times_of_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`history prune --before`: ids of the future are no reason to keep what is old."""
    monkeypatch.chdir(tmp_path)
    future = first_id(1_700_000_000 + 10 * YEAR)
    shift = int(10 * YEAR * 1000)
    old, new = said(future, shift), said(future + (int(30 * DAY * 1000) << 20), shift)

    async def fill() -> None:
        async with open_database(Path("trio-chat.db")) as database:
            await SqliteHistory(database).commit([old, new])

    async def look() -> list[Record]:
        async with open_database(Path("trio-chat.db")) as database:
            return await SqliteHistory(database).messages("#a", Span(), 10, 0)

    trio.run(fill)
    assert cli.main(["history", "prune", "--before", "2023-11-20", "--yes"]) == 0
    assert trio.run(look) == [new]
