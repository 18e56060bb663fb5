"""A wrong clock: ids go on, times follow it, nothing is skipped, and nothing expires."""

import ast
import logging
from pathlib import Path

import pytest

import trio_chat.chat
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Clock, Town, commands, find
from trio_chat.chat import retention
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import BanSet
from trio_chat.chat.history import LAST_ID
from trio_chat.chat.ids import IdSource, first_id, milliseconds, server_time
from trio_chat.chat.steady import LONG_OFF, SHORT_HOLD, TOLERANCE, ClockState, SteadyClock
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.timeline import ClockStep, Timeline
from trio_chat.irc.message import Message

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0


def make(storage: StoragePorts | None = None) -> Town:
    """Return a world that remembers."""
    return Town(
        storage=storage
        or StoragePorts(history=ListHistory(), accounts=OpenAccounts(), most_messages=50)
    )


def shown(messages: list[Message]) -> list[tuple[str, str]]:
    """Return time and text of what was said."""
    return [
        (message.tags["time"], message.params[-1])
        for message in messages
        if message.command == "PRIVMSG"
    ]


def at(seconds: float) -> str:
    """Return a moment as the `time` tag has it."""
    return server_time(first_id(seconds))


CAPS = "server-time message-tags batch draft/chathistory"


def test_one_message_of_another_time() -> None:
    """Ten years ahead for one message and back: what is said later has the time at which it is
    said.
    """
    town = make()
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=CAPS)
    town.clock.now = NOON + 1
    ann.say("PRIVMSG #a :before")
    town.clock.now += 10 * YEAR
    ann.say("PRIVMSG #a :wrong")
    town.clock.now = NOON + 20
    ann.say("PRIVMSG #a :right")
    town.clock.now = NOON + 30
    ann.say("PRIVMSG #a :again")
    times = [
        (at(NOON + 1), "before"),
        (at(NOON + 1 + 10 * YEAR), "wrong"),
        (at(NOON + 20), "right"),
        (at(NOON + 30), "again"),
    ]
    assert shown(bob.read()) == times
    assert shown(bob.say("CHATHISTORY LATEST #a * 50")) == times


def test_replies_have_the_time_of_the_clock() -> None:
    """IRCv3 server-time: what the server itself says is not of the future either."""
    town = make()
    bob = town.person("bob", "#a", caps=CAPS)
    town.clock.now += YEAR
    bob.say("PING x")
    town.clock.now -= YEAR
    assert bob.say("PING y")[0].tags["time"] == at(NOON)


def test_times_are_right_after_a_restart(caplog: pytest.LogCaptureFixture) -> None:
    """Ids go on after the greatest that is remembered, which may be of the future; that is logged
    once.
    """
    town = make(StoragePorts(history=ListHistory(), last_id=first_id(NOON + 10 * YEAR) + 5))
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=CAPS)
    town.clock.now += 60
    ann.say("PRIVMSG #a :hi")
    assert shown(bob.read()) == [(at(NOON + 60), "hi")]
    warnings = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert [line.partition(" behind")[0] for line in warnings] == ["the clock is 10y"]


def test_a_log_without_a_time_is_no_clock_behind(caplog: pytest.LogCaptureFixture) -> None:
    """The lobby of a new cluster is made before the first entry of its log."""
    clock = Clock(0)
    source = IdSource(clock)
    source.next()
    clock.now = NOON
    assert source.next() == first_id(NOON)
    assert caplog.messages == []


def test_nobody_is_told_that_a_channel_is_of_1970() -> None:
    """That of the lobby of a cluster is not known."""
    town = make()
    ann = town.person("ann", "#a")
    assert commands(ann.say("MODE #a")) == ["324", "329"]
    town.world.channels["#a"].created = 0
    assert commands(ann.say("MODE #a")) == ["324"]


def test_ids_are_those_of_the_clock_again_once_it_has_caught_up() -> None:
    """After a silence that is longer than the step, ids are not ahead any longer."""
    clock = Clock()
    source = IdSource(clock)
    source.next()
    clock.now -= 100
    source.next()
    assert source.shift == 100_001
    clock.now += 101
    assert source.next() == first_id(NOON + 1)
    assert source.shift == 0


def test_a_clock_that_is_corrected_a_little_makes_no_step() -> None:
    """Within a second ids stand still instead."""
    clock = Clock()
    source = IdSource(clock)
    source.next()
    clock.now -= 1
    source.next()
    assert source.shift == 0


def test_the_id_of_a_moment_is_not_taken() -> None:
    """It is for replies, which are not counted: the next id is the same with and without them."""
    source, other = IdSource(Clock()), IdSource(Clock())
    source.next()
    other.next()
    assert [source.now(), source.now()] == [first_id(NOON)] * 2
    assert source.next() == other.next()


def test_the_id_of_a_moment_is_not_before_the_latest() -> None:
    """Replies do not seem older than the messages before them, of which many share a moment."""
    clock = Clock()
    source = IdSource(clock)
    for _ in range(500):
        latest = source.next(alone=True)
    assert server_time(source.now()) == server_time(latest) == at(NOON + 0.499)
    clock.now += 1
    assert server_time(source.now()) == at(NOON + 1)


@pytest.mark.parametrize("back", [0.5, 60, YEAR])
def test_the_id_of_a_moment_is_that_of_the_clock_again_when_it_is_set_back(back: float) -> None:
    """Nothing else has to happen first; within the slack it is that of the latest id."""
    clock = Clock()
    source = IdSource(clock)
    source.next()
    clock.now -= back
    expected = NOON if back < 1 else NOON - back
    assert server_time(source.now(), source.shift) == at(expected)
    source.next()
    assert server_time(source.now(), source.shift) in (at(expected), at(expected + 0.001))


@pytest.mark.parametrize("year", [-57, 8000])
def test_a_clock_that_is_out_of_all_bounds(year: int) -> None:
    """1970, or the year 10,000: ids stay numbers that a database can hold, and grow."""
    clock = Clock()
    source = IdSource(clock)
    ids = [source.next()]
    clock.now += year * YEAR
    ids += [source.next(), source.next()]
    clock.now = NOON
    ids += [source.next(), source.next()]
    assert ids == sorted(set(ids))
    assert ids[-1] < LAST_ID
    assert server_time(ids[-1], source.shift) == at(NOON)


def test_every_event_is_given_the_shift_of_its_id() -> None:
    """Wherever an id is taken for an event: one that was forgotten would be of the future once a
    clock was set back.
    """
    for path in Path(trio_chat.chat.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Event"
            ):
                assert any(keyword.arg == "shift" for keyword in node.keywords), (
                    f"{path}:{node.lineno}"
                )


def test_remembered_messages_are_told_apart_by_their_times() -> None:
    """`BEFORE timestamp=` of the oldest message on a page must not leave out what was said in the
    same moment.
    """
    town = make()
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=CAPS)
    for number in range(200):
        ann.say(f"PRIVMSG #a :{number}")
    times = [time for time, _ in shown(bob.read())]
    assert len(set(times)) == 200
    assert times[-1] < at(NOON + 1)


def story(town: Town) -> list[str]:
    """Have things said by a clock that is right, three hours ahead, set right, and then runs
    through the same hours again.
    """
    ann = town.person("ann", "#a")
    said: list[str] = []
    for start in (NOON, NOON + 3 * HOUR, NOON + 600, NOON + 3 * HOUR):
        for number in range(70):
            town.clock.now = start + number * 7
            ann.say(f"PRIVMSG #a :{len(said)}")
            said.append(str(len(said)))
    return said


@pytest.mark.parametrize("limit", [50, 7])
def test_paging_back_by_timestamp_finds_everything_once(limit: int) -> None:
    """CHATHISTORY BEFORE timestamp=, each time that of the oldest message so far."""
    town = make()
    said = story(town)
    bob = town.person("bob", "#a", caps=CAPS)
    page = shown(bob.say(f"CHATHISTORY LATEST #a * {limit}"))
    seen: list[str] = []
    while page:
        seen = [text for _, text in page] + seen
        assert len(seen) <= len(said)
        page = shown(bob.say(f"CHATHISTORY BEFORE #a timestamp={page[0][0]} {limit}"))
    assert seen == said


@pytest.mark.parametrize("limit", [50, 7])
def test_paging_on_by_timestamp_finds_everything_once(limit: int) -> None:
    """CHATHISTORY AFTER timestamp=, each time that of the newest message so far."""
    town = make()
    said = story(town)
    bob = town.person("bob", "#a", caps=CAPS)
    page = shown(bob.say(f"CHATHISTORY AFTER #a timestamp={at(NOON - DAY)} {limit}"))
    seen: list[str] = []
    while page:
        seen += [text for _, text in page]
        assert len(seen) <= len(said)
        page = shown(bob.say(f"CHATHISTORY AFTER #a timestamp={page[-1][0]} {limit}"))
    assert seen == said


def test_who_comes_back_with_a_time_of_the_future_misses_nothing() -> None:
    """The client's last message is of a clock that was ahead: what was said since is after it."""
    town = make()
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps=CAPS)
    town.clock.now += 3 * HOUR
    ann.say("PRIVMSG #a :ahead")
    ((last, _),) = shown(bob.read())
    town.clock.now = NOON + 60
    ann.say("PRIVMSG #a :since")
    bob.read()
    assert shown(bob.say(f"CHATHISTORY AFTER #a timestamp={last} 50")) == [(at(NOON + 60), "since")]
    assert shown(bob.say(f"CHATHISTORY LATEST #a timestamp={last} 50")) == [
        (at(NOON + 60), "since")
    ]
    between = f"CHATHISTORY BETWEEN #a timestamp={last} timestamp={at(NOON + 61)} 50"
    assert shown(bob.say(between)) == [(at(NOON + 60), "since")]


def test_a_moment_between_messages_leaves_nothing_out() -> None:
    """Of one that is there twice: before it is what was before the last time, after it what was
    after the first.
    """
    timeline = Timeline([ClockStep(first_id(NOON + 3 * HOUR), int(3 * HOUR * 1000))])
    place = timeline.reference(milliseconds(NOON + HOUR))
    assert place.first == first_id(NOON + 4 * HOUR)
    assert place.last == first_id(NOON + HOUR + 0.001) - 1


def test_one_is_as_before_where_the_clock_was_never_set_back() -> None:
    """One range of ids, and only one."""
    place = Timeline().reference(milliseconds(NOON))
    assert place == (
        first_id(NOON),
        first_id(NOON + 0.001) - 1,
        ((first_id(NOON), first_id(NOON + 0.001) - 1),),
    )
    assert Timeline().reference(milliseconds(NOON + 10_000 * YEAR)).last == LAST_ID


# What expires.


def test_what_was_said_ahead_does_not_keep_all_that_follows() -> None:
    """The clock was ten years ahead for a while: messages from later expire when they are old, and
    those from then with them.
    """
    back = first_id(NOON + 10 * YEAR)
    timeline = Timeline([ClockStep(back, milliseconds(NOON + 10 * YEAR) - milliseconds(NOON))])

    def oldest(days: float) -> int:
        return timeline.oldest(
            milliseconds(NOON + (days - 30) * DAY), milliseconds(NOON + days * DAY)
        )

    assert oldest(10) == first_id(NOON - 20 * DAY)
    assert oldest(40) == first_id(NOON + 10 * YEAR + 10 * DAY)


def test_what_was_said_behind_does_not_make_the_rest_be_forgotten() -> None:
    """A clock a year behind for a while: what was said before is as old as it is."""
    behind = first_id(NOON)
    timeline = Timeline([ClockStep(behind, int(YEAR * 1000)), ClockStep(first_id(NOON + HOUR), 0)])
    assert timeline.oldest(milliseconds(NOON - 29 * DAY), milliseconds(NOON + DAY)) == first_id(
        NOON - 29 * DAY
    )


class Elapsed(Clock):
    """Seconds that never go back."""

    def __init__(self) -> None:
        super().__init__(5000.0)


@pytest.fixture
def clocks() -> tuple[Clock, Elapsed]:
    """Return the system's clock, and one that never goes back."""
    return Clock(), Elapsed()


def go(clocks: tuple[Clock, Elapsed], seconds: float) -> None:
    """Let time pass."""
    for clock in clocks:
        clock.now += seconds


def test_a_jump_ahead_counts_after_a_while(clocks: tuple[Clock, Elapsed]) -> None:
    """Until then the time is what has passed for certain."""
    steady = SteadyClock(*clocks, hold=DAY)
    go(clocks, 60)
    clocks[0].now += YEAR
    assert steady() == NOON + 60
    go(clocks, DAY - 1)
    assert steady() == NOON + 60 + DAY - 1
    go(clocks, 1)
    assert steady() == clocks[0].now


def test_a_jump_ahead_and_back_is_none(clocks: tuple[Clock, Elapsed]) -> None:
    """Times from the wrong clock are marked as wrong."""
    steady = SteadyClock(*clocks, hold=DAY)
    clocks[0].now += YEAR
    steady()
    clocks[0].now -= YEAR
    go(clocks, 10)
    assert steady() == NOON + 10
    assert steady.put_right == 1
    assert steady.left == 0


def test_another_jump_begins_anew(clocks: tuple[Clock, Elapsed]) -> None:
    """The clock must stay as it is."""
    steady = SteadyClock(*clocks, hold=DAY)
    clocks[0].now += YEAR
    steady()
    go(clocks, DAY - 1)
    clocks[0].now += YEAR
    steady()
    go(clocks, 10)
    assert steady() == NOON + DAY + 9


def test_back_and_small_steps_count_at_once(clocks: tuple[Clock, Elapsed]) -> None:
    """With a clock that is behind nothing expires too early."""
    steady = SteadyClock(*clocks, hold=DAY)
    clocks[0].now += TOLERANCE
    assert steady() == NOON + TOLERANCE
    clocks[0].now -= YEAR
    assert steady() == NOON + TOLERANCE - YEAR


@pytest.mark.parametrize(
    ("off", "hold"), [(TOLERANCE, 0.0), (HOUR, SHORT_HOLD), (LONG_OFF, SHORT_HOLD), (YEAR, DAY)]
)
def test_a_start_after_a_time_off(clocks: tuple[Clock, Elapsed], off: float, hold: float) -> None:
    """A server may be off for days; but for a year it was rather the clock that is wrong, so it has
    to last.
    """
    steady = SteadyClock(*clocks, ClockState(NOON - off, NOON - off), hold=DAY)
    assert steady.left == hold
    assert steady() == (NOON if not hold else NOON - off)
    go(clocks, hold)
    assert steady() == clocks[0].now


def test_waiting_goes_on_after_a_restart(clocks: tuple[Clock, Elapsed]) -> None:
    """A machine that is switched off every night comes to an end of it."""
    steady = SteadyClock(*clocks, ClockState(NOON - YEAR, NOON - YEAR), hold=DAY)
    go(clocks, DAY - 100)
    again = SteadyClock(*clocks, steady.keep(), hold=DAY)
    assert again.left == 100
    clocks[0].now -= YEAR
    assert (
        SteadyClock(*clocks, again.keep(), hold=DAY).put_right == 0
    )  # seen again while it was still ahead


def test_a_clock_that_was_put_right_while_the_server_was_off(clocks: tuple[Clock, Elapsed]) -> None:
    """It is known at the next start that what was dated by it is wrong."""
    kept = ClockState(NOON - 100, NOON + YEAR, left=DAY)
    assert SteadyClock(*clocks, kept, hold=DAY).put_right == 1


def test_nothing_expires_while_a_jump_does_not_count() -> None:
    """keep_days: what is remembered is neither deleted nor hidden."""
    storage = StoragePorts(
        history=ListHistory(), keep_days=30, kept=ClockState(NOON - YEAR, NOON - YEAR), hold=DAY
    )
    town = make(storage)
    assert retention.oldest(town.world, storage, None) == first_id(NOON - YEAR - 30 * DAY)


def test_timed_bans_hold_while_a_jump_does_not_count() -> None:
    """KLINE for a week, and the clock jumps a year ahead."""
    elapsed = Elapsed()
    town = make(StoragePorts(history=ListHistory(), hold=DAY))
    town.world.steady = town.world.bans._clock = SteadyClock(town.clock, elapsed, hold=DAY)
    town.world.bans.add(
        Ban(BanKind.ADDRESS, "192.0.2.7", "op", "spam", int(NOON), int(NOON + 7 * DAY))
    )
    town.clock.now += YEAR
    elapsed.now += 60
    assert town.world.bans.of_address("192.0.2.7")
    town.clock.now -= YEAR
    elapsed.now += 8 * DAY
    town.clock.now += 8 * DAY
    assert not town.world.bans.of_address("192.0.2.7")


def test_a_ban_of_a_clock_that_was_ahead_lasts_as_long_as_it_was_to() -> None:
    """Not ten years longer."""
    town = make()
    town.world.bans.add(
        Ban(BanKind.ADDRESS, "192.0.2.7", "op", "spam", int(NOON + YEAR), int(NOON + YEAR + DAY))
    )
    (mended,) = town.world.bans.dated_after(NOON)
    apply(town.world, BanSet(mended))
    assert [(ban.created, ban.expires) for ban in town.world.bans] == [(int(NOON), int(NOON + DAY))]


def test_intervals_do_not_follow_the_clock() -> None:
    """RENAME: a clock that is set back does not keep a channel from being renamed for a year."""
    town = make()
    elapsed = Elapsed()
    town.world.elapsed = elapsed
    ann = town.person("ann", "#a")
    find(ann.say("RENAME #a #b"), "PART")
    town.clock.now -= YEAR
    elapsed.now += 61
    assert "FAIL" not in commands(ann.say("RENAME #b #c"))


def test_the_sessions_that_have_seen_a_rename_do_not_follow_the_clock() -> None:
    """RENAME: a session from before it can use the old name anew, and a later one is redirected,
    however the clock is set.
    """
    town = make()
    elapsed = Elapsed()
    town.world.elapsed = elapsed
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    elapsed.now += 61
    ann.say("RENAME #a #b")
    bob.read()
    elapsed.now += 1
    late = town.person("late", "#b")
    town.clock.now += 10 * DAY
    assert commands(late.say("JOIN #a")) == ["470"]
    town.clock.now -= 20 * DAY
    assert find(bob.say("JOIN #a"), "353").params[-1] == "@bob"


def test_a_read_marker_of_a_clock_that_was_ahead_gives_way() -> None:
    """MARKREAD: "timestamp must only ever increase", but one of the future would make all that
    comes be read.
    """
    town = make()
    bob = town.person("bob", "#a", caps=f"{CAPS} draft/read-marker")
    ahead = at(NOON + 10 * YEAR)
    town.clock.now += 10 * YEAR
    bob.say(f"MARKREAD #a timestamp={ahead}")
    town.clock.now = NOON + 60
    assert find(bob.say("MARKREAD #a"), "MARKREAD").params[1] == f"timestamp={at(NOON + 61)}"
    right = f"timestamp={at(NOON + 50)}"
    assert find(bob.say(f"MARKREAD #a {right}"), "MARKREAD").params[1] == right
    assert find(bob.say("MARKREAD #a"), "MARKREAD").params[1] == right


def test_the_time_in_a_replayed_text_is_that_of_the_clock() -> None:
    """Without server-time it is the only one that there is."""
    town = make(StoragePorts(history=ListHistory(), last_id=first_id(NOON + YEAR)))
    town.person("ann", "#a").say("PRIVMSG #a :hi")
    eve = town.newcomer()
    eve.say("NICK eve", "USER eve 0 * :eve")
    assert any(
        f"{at(NOON)[:10]}" in message.params[-1]
        for message in eve.say("JOIN #a")
        if message.command == "PRIVMSG"
    )
