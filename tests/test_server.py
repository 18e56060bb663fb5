"""The edge: outboxes, the broadcaster, connections, shutdown; over memory streams, with a clock
that jumps.
"""

import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from edge import edge, read_up_to
from support import NOON, Clock, ListHistory, Person, Town, commands
from trio_chat.chat.events import Direct, Event, Output
from trio_chat.chat.history import BadRecord, HistoryError, Place, Record
from trio_chat.chat.identity import Memory
from trio_chat.chat.registry import COMMANDS, Request
from trio_chat.config import LimitSettings, ListenerSettings, ServerSettings, Settings
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import Message, parse
from trio_chat.server import outbox as outbox_module
from trio_chat.server import peer as peers
from trio_chat.server.addresses import joinable, own_addresses, with_port
from trio_chat.server.app import Server
from trio_chat.server.broadcaster import Broadcaster, gather
from trio_chat.server.flood import FloodBudget
from trio_chat.server.keepalive import keep_alive
from trio_chat.server.listeners import (
    Door,
    Entrance,
    ListenError,
    bound_port,
    explain,
    open_listeners,
)
from trio_chat.server.outbox import Outbox
from trio_chat.server.overtaking import PATIENCE
from trio_chat.server.transport import StreamTransport

# Outboxes.


class Pipe:
    """A transport that takes as much as it is told to."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""
        self.error: Exception | None = None
        self.gate = trio.Event()

    def on_control(self, call: Callable[[], None]) -> None:
        """Have nothing to send of its own accord."""

    def send_nowait(self, data: bytes) -> bytes:
        """Take what there is room for."""
        if self.error:
            raise self.error
        taken = data[: self.room]
        self.room -= len(taken)
        self.taken += taken
        return data[len(taken) :]

    async def send_rest(self, rest: bytes) -> None:
        """Take everything once the gate is open."""
        await self.gate.wait()
        if self.error:
            raise self.error
        self.taken += rest

    async def receive(self) -> bytes:
        """Never called here."""
        raise AssertionError

    async def send_eof(self, *, going_away: bool = False) -> None:
        """Never called here."""
        raise AssertionError

    async def aclose(self) -> None:
        """Never called here."""
        raise AssertionError


class Ends(list[str]):
    """Collects the reasons for which an outbox wants its client ended."""


async def test_what_the_socket_takes_is_not_queued(nursery: trio.Nursery) -> None:
    """The usual case needs no queue and no task."""
    pipe, ends = Pipe(100), Ends()
    outbox = Outbox(pipe, nursery, 50, ends.append)
    outbox.send(b"one\r\n")
    await wait_all_tasks_blocked()
    assert (pipe.taken, outbox.queued, len(nursery.child_tasks)) == (b"one\r\n", 0, 0)


async def test_what_it_does_not_take_follows_in_order(nursery: trio.Nursery) -> None:
    """A writer task drains the rest, and is gone when nothing waits."""
    pipe, ends = Pipe(7), Ends()
    outbox = Outbox(pipe, nursery, 50, ends.append)
    for line in (b"one\r\n", b"two\r\n", b"three\r\n"):
        outbox.send(line)
    await wait_all_tasks_blocked()
    pipe.room = 100
    outbox.send(b"four\r\n")  # must not overtake
    pipe.gate.set()
    await outbox.wait_flushed()
    await wait_all_tasks_blocked()
    assert pipe.taken == b"one\r\ntwo\r\nthree\r\nfour\r\n"
    assert (len(nursery.child_tasks), ends) == (0, [])


async def test_a_slow_reader_is_ended_and_told_why(nursery: trio.Nursery) -> None:
    """Over the limit nothing more is taken; the farewell goes out instead of what still waits."""
    pipe, ends = Pipe(0), Ends()
    outbox = Outbox(pipe, nursery, 10, ends.append)
    outbox.send(b"one\r\n")
    await wait_all_tasks_blocked()  # the writer holds "one" now
    outbox.send(b"two\r\n")
    outbox.send(b"three\r\n")
    assert ends == ["Too slow: more than 10 bytes were waiting"]
    outbox.send(b"x\r\n")
    outbox.send_last(b"ERROR\r\n")
    pipe.gate.set()
    await outbox.wait_flushed()
    assert pipe.taken == b"one\r\nERROR\r\n"


async def test_an_answer_may_be_larger_than_the_limit(nursery: trio.Nursery) -> None:
    """Who asked for it waits before asking for more, so it is bounded without being cut off."""
    pipe, ends = Pipe(0), Ends()
    outbox = Outbox(pipe, nursery, 10, ends.append)
    outbox.send(b"x" * 100, is_reply=True)
    passed = trio.Event()

    async def ask_again() -> None:
        await outbox.wait_room()
        passed.set()

    nursery.start_soon(ask_again)
    await wait_all_tasks_blocked()
    assert (ends, passed.is_set()) == ([], False)
    pipe.gate.set()
    await passed.wait()


async def test_pieces_are_bounded_too(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small pieces cost more than their bytes."""
    monkeypatch.setattr(outbox_module, "MAX_CHUNKS", 2)
    pipe, ends = Pipe(0), Ends()
    outbox = Outbox(pipe, nursery, 1000, ends.append)
    for _ in range(4):  # one of them is being written
        outbox.send(b"x\r\n")
    assert ends == ["Too slow: more than 2 messages were waiting"]
    pipe.gate.set()
    await wait_all_tasks_blocked()
    assert pipe.taken == b"x\r\n" * 3


@pytest.mark.parametrize("room", [0, 100])
async def test_a_broken_connection_ends_the_client(nursery: trio.Nursery, room: int) -> None:
    """Whether the socket or the writer finds out; who waits is let go."""
    pipe, ends = Pipe(room), Ends()
    outbox = Outbox(pipe, nursery, 100, ends.append)
    if not room:
        outbox.send(b"one\r\n")
    pipe.error = trio.BrokenResourceError()
    pipe.gate.set()
    outbox.send(b"two\r\n") if room else None
    await outbox.wait_flushed()
    outbox.send(b"three\r\n")
    outbox.send_last(b"four\r\n")
    await outbox.wait_flushed()
    await outbox.wait_room()
    assert ends == ["Connection reset"]
    assert pipe.taken == b""


# The broadcaster.


def event(
    town: Town, recipients: tuple[Person, ...], text: str, skip: Person | None = None
) -> Event:
    """Return a message to some people."""
    sessions = tuple(person.session for person in recipients)
    number = town.world.ids.next()
    return Event(
        number,
        "PRIVMSG",
        ("#a", text),
        "ann!a@h",
        sessions,
        skip.session if skip else None,
        carries_msgid=True,
    )


def part(town: Town, recipients: tuple[Person, ...]) -> Event:
    """Return somebody's leaving, as some people see it."""
    sessions = tuple(person.session for person in recipients)
    return Event(town.world.ids.next(), "PART", ("#a",), "ann!a@h", sessions)


def test_replies_go_out_at_once_when_nothing_waits(town: Town) -> None:
    """A PING on a quiet server does not wait for a task."""
    ann = town.newcomer()
    Broadcaster(4, 4).accept(Output((Direct(ann.session, b"PONG\r\n"),)))
    assert ann.received == b"PONG\r\n"


async def test_a_reply_never_overtakes_what_it_could_tell_of(
    town: Town, nursery: trio.Nursery
) -> None:
    """One queue, so one order, for replies too: NAMES comes behind the PART of somebody else."""
    ann, bob = town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(4, 4)
    broadcaster.accept(Output((part(town, (ann, bob)),)), bob.session)
    ticket = broadcaster.accept(Output((Direct(ann.session, b"353\r\n"),)), ann.session)
    assert ann.received == b""
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert ann.received == b":ann!a@h PART :#a\r\n353\r\n"
    assert bob.received == b":ann!a@h PART :#a\r\n"


async def test_a_full_queue_makes_readers_wait(town: Town, nursery: trio.Nursery) -> None:
    """Back-pressure: there is room again once something was delivered; farewells always fit."""
    ann = town.newcomer()
    broadcaster = Broadcaster(2, 1)
    for text in ("1", "2"):
        await broadcaster.wait_room()
        broadcaster.accept(Output((event(town, (ann,), text),)))
    with trio.move_on_after(0) as scope:
        await broadcaster.wait_room()
    assert scope.cancelled_caught
    broadcaster.accept(Output((event(town, (ann,), "farewell"),)))
    with pytest.raises(trio.WouldBlock):
        broadcaster.accept(Output((event(town, (ann,), "too many"),)))
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_room()
    assert ann.received.count(b"\r\n") == 3


async def test_what_cannot_be_written_costs_nobody_else_anything(
    town: Town,
    nursery: trio.Nursery,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A defect in one item is logged; the rest of the batch is delivered and the task goes on."""
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    ann = town.newcomer()
    broadcaster = Broadcaster(4, 4)
    broadcaster.accept(Output((event(town, (ann,), "one"),)))
    broadcaster.accept(
        Output((event(town, (ann,), "two")._replace(params=("not a middle parameter", "x")),))
    )
    ticket = broadcaster.accept(Output((event(town, (ann,), "three"),)))
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert [message.params[1] for message in ann.read()] == ["one", "three"]
    assert any(record.levelno == logging.ERROR for record in caplog.records)


async def test_order_holds_beside_what_cannot_be_written(town: Town, nursery: trio.Nursery) -> None:
    """Then everybody gets several pieces of a batch, and the short ones must not come first."""
    ann = town.newcomer()
    broadcaster = Broadcaster(4, 4)
    broadcaster.accept(Output((event(town, (ann,), "the first, which is longer"),)))
    broadcaster.accept(
        Output((event(town, (ann,), "x")._replace(params=("not a middle parameter", "x")),))
    )
    ticket = broadcaster.accept(Output((event(town, (ann,), "second"),)))
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert [message.params[1] for message in ann.read()] == ["the first, which is longer", "second"]


class SlowHistory(ListHistory):
    """A history whose commits take until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = trio.Event()

    async def commit(self, records: Sequence[Record]) -> None:
        """Remember messages, once the gate is open."""
        await self.gate.wait()
        await super().commit(records)


def remembered(town: Town, recipients: tuple[Person, ...], text: str) -> Output:
    """Return a message that is to be remembered, and what its sender is told when it cannot be."""
    message = event(town, recipients, text)._replace(places=(Place("#a", False),))
    return Output((message,), refusal=lambda: (Direct(recipients[0].session, b"FAIL\r\n"),))


async def test_nothing_is_delivered_before_it_is_remembered(
    town: Town, nursery: trio.Nursery
) -> None:
    """Delivered and echoed only after the commit; what its sender asks for afterwards waits its
    turn.
    """
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(4, 4, history)
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(remembered(town, (ann, bob), "1"), ann.session)
    await wait_all_tasks_blocked()
    ticket = broadcaster.accept(
        Output((Direct(ann.session, b"PONG\r\n"),), is_stateless=True), ann.session
    )
    await wait_all_tasks_blocked()
    assert (ann.received, bob.received, history.records) == (b"", b"", [])
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert [record.text for record in history.records] == ["1"]
    assert commands(ann.read()) == ["PRIVMSG", "PONG"]
    assert commands(bob.read()) == ["PRIVMSG"]


@pytest.mark.parametrize(
    ("what_waits", "is_stateless", "is_sent"),
    [
        ("message", False, True),
        ("message", True, True),
        ("PART", False, False),
        ("PART", True, True),
    ],
)
async def test_what_a_reply_has_nothing_to_do_with_does_not_hold_it_up(
    town: Town,
    nursery: trio.Nursery,
    autojump_clock: MockClock,
    what_waits: str,
    is_stateless: bool,
    is_sent: bool,
) -> None:
    """A message that others wait for changes no reply; PONG tells of nothing at all. So a long
    commit stops neither.
    """
    ann, bob, eve = town.newcomer(), town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(8, 4, SlowHistory())
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(remembered(town, (eve,), "1"), eve.session)
    waiting = (
        remembered(town, (ann, bob), "1")
        if what_waits == "message"
        else Output((part(town, (ann, bob)),))
    )
    broadcaster.accept(waiting, ann.session)
    for text in (b"one\r\n", b"two\r\n"):
        broadcaster.accept(
            Output((Direct(bob.session, text),), is_stateless=is_stateless), bob.session
        )
    await trio.sleep(PATIENCE)
    await wait_all_tasks_blocked()
    assert bob.received == (b"one\r\ntwo\r\n" if is_sent else b"")
    broadcaster.accept(
        Output((Direct(bob.session, b"three\r\n"),), is_stateless=is_stateless), bob.session
    )
    assert bob.received == (b"one\r\ntwo\r\nthree\r\n" if is_sent else b"")


async def test_a_reply_that_has_overtaken_is_given_once(
    town: Town, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """When the commit is through at last, what it held up comes, and nothing a second time."""
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(remembered(town, (bob,), "1"), ann.session)
    ticket = broadcaster.accept(
        Output((Direct(bob.session, b"PONG x\r\n"),), is_stateless=True), bob.session
    )
    await trio.sleep(PATIENCE)
    await wait_all_tasks_blocked()
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert commands(bob.read()) == ["PONG", "PRIVMSG"]


async def test_a_reply_comes_behind_what_was_said_to_its_client_before(
    town: Town, nursery: trio.Nursery
) -> None:
    """As long as the database is not slow: what arrived first is delivered first, so a PONG shows
    that all before it is here.
    """
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(remembered(town, (bob,), "1"), ann.session)
    ticket = broadcaster.accept(
        Output((Direct(bob.session, b"PONG x\r\n"),), is_stateless=True), bob.session
    )
    assert bob.received == b""
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert commands(bob.read()) == ["PRIVMSG", "PONG"]


@pytest.mark.parametrize("is_shutdown", [False, True])
async def test_a_slow_database_keeps_no_reason_back(
    autojump_clock: MockClock, is_shutdown: bool
) -> None:
    """Who leaves, or is sent away, is told why, though what it said before is not committed yet."""
    async with edge(memory=Memory(history=SlowHistory())) as here:
        ann = here.connect()
        await ann.send(b"NICK ann\r\nUSER ann 0 * :Ann\r\n")
        await ann.until("422")
        await ann.send(b"JOIN #a\r\nPRIVMSG #a :hi\r\n")
        await wait_all_tasks_blocked()
        if is_shutdown:
            (connection,) = here.server.connections
            connection.shut_down()
        else:
            await ann.send(b"QUIT\r\n")
        assert (await ann.until("ERROR")).params[0].startswith("Closing link")


async def test_a_reply_to_who_said_something_waits_for_it(
    town: Town, nursery: trio.Nursery
) -> None:
    """Also when no echo is wanted: PONG says that the server has taken what came before. Later
    replies do not overtake that.
    """
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(
        Output((event(town, (bob,), "1")._replace(places=(Place("#a", False),)),)), ann.session
    )
    await wait_all_tasks_blocked()
    for text in (b"1\r\n", b"2\r\n"):
        ticket = broadcaster.accept(
            Output((Direct(ann.session, text),), is_stateless=True), ann.session
        )
    assert ann.received == b""
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert ann.received == b"1\r\n2\r\n"
    broadcaster.accept(
        Output((event(town, (ann,), "2")._replace(places=(Place("#a", False),)),)), bob.session
    )
    ticket = broadcaster.accept(Output((Direct(ann.session, b"3\r\n"),)), ann.session)
    await broadcaster.wait_delivered(ticket)
    assert ann.received.endswith(b"3\r\n")


def test_what_was_read_from_the_history_comes_in_order(town: Town) -> None:
    """Behind the messages that wait: they could be in it."""
    ann, bob = town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(8, 4)
    broadcaster.accept(Output((event(town, (ann, bob), "1"),)), bob.session)
    broadcaster.accept(Output((Direct(ann.session, b"BATCH\r\n"),)), ann.session, in_order=True)
    assert ann.received == b""


async def test_what_cannot_be_remembered_is_not_delivered(
    town: Town,
    nursery: trio.Nursery,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sender is told, other things go on, the log says it once, and when the disk recovers so
    does the chat.
    """
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    ann, bob, history = town.newcomer(), town.newcomer(), ListHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    history.error = HistoryError("full: database or disk is full")
    for text in ("1", "2"):
        broadcaster.accept(remembered(town, (ann, bob), text))
        await broadcaster.wait_delivered(
            broadcaster.accept(Output((event(town, (bob,), "not remembered"),)))
        )
    assert commands(ann.read()) == ["FAIL", "FAIL"]
    assert [message.params[1] for message in bob.read()] == ["not remembered", "not remembered"]
    history.error = None
    await broadcaster.wait_delivered(broadcaster.accept(remembered(town, (ann, bob), "3")))
    assert [message.params[1] for message in bob.read()] == ["3"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


class PickyHistory(ListHistory):
    """A history that takes no batch with a certain text in it, and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def commit(self, records: Sequence[Record]) -> None:
        """Remember messages, unless one of them is bad."""
        self.asked += 1
        if any(record.text == "bad" for record in records):
            raise BadRecord("constraint: UNIQUE constraint failed")
        await super().commit(records)


async def test_one_message_that_cannot_be_remembered_harms_no_other(
    town: Town, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Only its sender is told; what came before and after is remembered and seen, in order. It is
    found by halves.
    """
    ann, bob, history = town.newcomer(), town.newcomer(), PickyHistory()
    broadcaster = Broadcaster(64, 4, history)
    texts = (
        [str(number) for number in range(15)] + ["bad"] + [str(number) for number in range(15, 31)]
    )
    tickets = [broadcaster.accept(remembered(town, (ann, bob), text)) for text in texts]
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(tickets[-1])
    assert [message.params[1] for message in bob.read()] == [
        text for text in texts if text != "bad"
    ]
    assert [record.text for record in history.records] == [text for text in texts if text != "bad"]
    assert commands(ann.read()).count("FAIL") == 1
    assert history.asked == 1 + 2 * 5


async def test_who_has_left_has_left_also_when_it_cannot_be_remembered(
    town: Town, nursery: trio.Nursery
) -> None:
    """In one batch with a message that is refused: the event is seen, and remembered again when the
    disk recovers.
    """
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    quit_ = event(town, (ann, bob), "bye")._replace(
        command="QUIT", params=("bye",), places=(Place("#a", False), Place("#b", False))
    )
    broadcaster.accept(Output((quit_,)))
    await wait_all_tasks_blocked()
    broadcaster.accept(remembered(town, (ann, bob), "1"))
    ticket = broadcaster.accept(Output((quit_._replace(id=quit_.id + 1),)))
    history.error = HistoryError("full: database or disk is full")
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert commands(ann.read()) == ["QUIT", "FAIL", "QUIT"]
    assert commands(bob.read()) == ["QUIT", "QUIT"]
    history.error = None
    await broadcaster.wait_delivered(broadcaster.accept(Output((quit_._replace(id=quit_.id + 2),))))
    assert [(record.buffer, record.params) for record in history.records] == [
        ("#a", ("bye",)),
        ("#b", ("bye",)),
    ]


def test_everyone_gets_a_batch_in_one_piece_and_in_order(town: Town) -> None:
    """Across channels too: what was said first is seen first."""
    ann, bob, eve = town.newcomer(), town.newcomer(), town.newcomer()
    both, one = (ann, bob), (bob, eve)
    parts = [
        event(town, both, "1"),
        event(town, both, "2"),
        event(town, one, "3"),
        event(town, both, "4", skip=ann),
    ]
    sent = {
        session: [line[-1:] for line in data.split(b"\r\n")[:-1]]
        for session, data, _ in gather(parts)
    }
    assert sent == {
        ann.session: [b"1", b"2"],
        bob.session: [b"1", b"2", b"3", b"4"],
        eve.session: [b"3"],
    }


def test_an_event_is_encoded_once_for_each_set_of_capabilities(town: Town) -> None:
    """Never once for each member."""
    people = tuple(town.newcomer() for _ in range(50))
    for person in people[:20]:
        person.session.set_caps(cap.SERVER_TIME)
    people[0].session.set_caps(cap.SERVER_TIME | cap.AWAY_NOTIFY)  # which makes no difference here
    first = event(town, people, "hi")
    datas = [data for _, data, _ in gather([first, first._replace(params=("#a", "ho"))])]
    assert len(datas) == 50
    assert len({id(data) for data in datas}) == 2


def test_who_lacks_what_an_event_requires_gets_nothing(town: Town) -> None:
    """Not an empty piece either."""
    ann = town.newcomer()
    assert list(gather([event(town, (ann,), "x")._replace(requires=cap.AWAY_NOTIFY)])) == []


async def test_a_long_fan_out_lets_others_run(town: Town, nursery: trio.Nursery) -> None:
    """A task that is ready gets its turn before the last of many members has its message."""
    people = tuple(town.newcomer() for _ in range(600))
    broadcaster = Broadcaster(4, 4)
    seen = [0]

    async def somebody_else() -> None:
        while seen[-1] < len(people):
            seen.append(sum(bool(person.received) for person in people))
            await trio.lowlevel.checkpoint()

    broadcaster.accept(Output((event(town, people, "hi"),)))
    nursery.start_soon(broadcaster.run)
    nursery.start_soon(somebody_else)
    await broadcaster.wait_delivered(1)
    assert any(0 < count < len(people) for count in seen)


async def test_who_gets_little_of_a_batch_gets_it_first(town: Town, nursery: trio.Nursery) -> None:
    """A reply and a private message do not wait until a channel in which many talk has all of its
    own.
    """
    people = tuple(town.newcomer() for _ in range(600))
    ann, bob = town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(4, 4)
    for part in (
        event(town, people, "one"),
        event(town, people, "two"),
        event(town, (bob,), "x"),
        Direct(ann.session, b"PONG\r\n"),
    ):
        ticket = broadcaster.accept(Output((part,)))
    seen: list[tuple[bool, bool, bool]] = []

    async def somebody_else() -> None:
        while not (seen and all(seen[-1])):
            seen.append((bool(ann.received), bool(bob.received), bool(people[-1].received)))
            await trio.lowlevel.checkpoint()

    nursery.start_soon(broadcaster.run)
    nursery.start_soon(somebody_else)
    await broadcaster.wait_delivered(ticket)
    assert (True, True, False) in seen
    assert not any(member and not (reply and private) for reply, private, member in seen)


def test_the_flood_budget() -> None:
    """A burst at once, then a steady rate; quiet times are credited up to the burst."""
    clock = Clock(0)
    budget = FloodBudget(burst=2, rate=4, limit=9, clock=clock)
    assert [budget.take() for _ in range(4)] == [0, 0, 0.25, 0.5]
    clock.now = 100
    assert [budget.take() for _ in range(3)] == [0, 0, 0.25]
    budget.spend(2)
    assert budget.take() == 1.0


# Connections.


Pair = Callable[[], tuple["trio.StapledStream[Any, Any]", "trio.StapledStream[Any, Any]"]]


class Peer:
    """A client's end of a stream."""

    def __init__(self, stream: trio.abc.HalfCloseableStream) -> None:
        self.stream = stream
        self.buffer = b""

    async def say(self, *lines: str) -> None:
        """Send lines in one piece."""
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def until(self, *wanted: str) -> list[Message]:
        """Return what came up to the first message with one of these commands."""
        return await read_up_to(self, *wanted)

    async def rest(self) -> list[Message]:
        """Return everything up to the end."""
        while data := await self.stream.receive_some():
            self.buffer += data
        return [parse(line.decode()) for line in self.buffer.split(b"\r\n")[:-1]]


class Hall:
    """A running server that clients join over memory streams."""

    def __init__(self, server: Server, nursery: trio.Nursery) -> None:
        self.server = server
        self.nursery = nursery

    def join(self, host: str = "127.0.0.1", pair: Pair = memory_stream_pair) -> Peer:
        """Return the client's end of a new connection."""
        ours, theirs = pair()
        self.nursery.start_soon(
            self.server.serve_client, StreamTransport(theirs), peers.Peer(host=host)
        )
        return Peer(ours)

    async def register(
        self, nick: str, *joins: str, caps: str = "", host: str = "127.0.0.1"
    ) -> Peer:
        """Return somebody registered, in some channels."""
        peer = self.join(host)
        if caps:
            await peer.say(f"CAP REQ :{caps}", "CAP END")
        await peer.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        await peer.until("422")
        for channel in joins:
            await peer.say(f"JOIN {channel}")
            await peer.until("366")
        return peer


@asynccontextmanager
async def hall(
    limits: LimitSettings | None = None,
    server_settings: ServerSettings | None = None,
    history: ListHistory | None = None,
) -> AsyncIterator[Hall]:
    """Run a server's broadcaster, with a place for its clients."""
    settings = Settings(
        server=server_settings or ServerSettings(shutdown_grace=3), limits=limits or LimitSettings()
    )
    server = Server(settings, Clock(NOON), Memory(history=history) if history else None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.broadcaster.run)
        nursery.start_soon(keep_alive, server.connections)
        async with trio.open_nursery() as clients:
            yield Hall(server, clients)
            clients.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


async def test_two_people_talk() -> None:
    """From the first line to the last, over streams that always need the writer task."""
    async with hall() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        await ann.until("JOIN")
        await ann.say("PRIVMSG #a :привет 😀")
        assert (await bob.until("PRIVMSG"))[-1].params == ("#a", "привет 😀")


async def test_an_echo_comes_before_the_pong() -> None:
    """A client's own order holds: what it said first is answered first, also when one answer goes
    through the queue.
    """
    async with hall() as h:
        ann = await h.register("ann", "#a", caps="echo-message")
        await ann.say("PRIVMSG #a :one", "PING x", "PRIVMSG #a :two", "PING y")
        messages = await ann.until("PONG") + await ann.until("PONG")
        assert [message.command for message in messages] == ["PRIVMSG", "PONG", "PRIVMSG", "PONG"]


async def test_a_burst_is_carried_out_whole_and_in_order() -> None:
    """More lines than are done in one turn, all received at once: none is lost, none overtakes
    another.
    """
    async with hall() as h:
        ann = await h.register("ann")
        await ann.say(*(f"PING {number}" for number in range(300)))
        assert [(await ann.until("PONG"))[-1].params[1] for _ in range(300)] == [
            str(number) for number in range(300)
        ]


async def test_who_is_ended_says_nothing_more() -> None:
    """Lines that came in the moment in which somebody else ended the client are not carried out."""
    async with hall() as h:
        ann = await h.register("ann", "#a")
        bob = await h.register("bob", "#a")
        await ann.until("JOIN")
        (connection,) = (one for one in h.server.connections if one.session.target == "bob")
        await bob.say("PRIVMSG #a :one line", "PRIVMSG #a :and another")
        connection.end("Killed")
        assert [message.command for message in await ann.until("QUIT")] == ["QUIT"]


async def test_quit_is_answered_and_the_connection_closed() -> None:
    """Modern IRC, QUIT: ERROR, then the end; it sees itself leave before, and so do the others."""
    async with hall() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        await bob.say("QUIT :bye", "PRIVMSG #a :nobody says this any more")
        params = [message.params for message in await bob.rest()]
        assert params == [("Quit: bye",), ("Closing link: 127.0.0.1 (Quit: bye)",)]
        assert [message.command for message in await ann.until("QUIT")] == ["JOIN", "QUIT"]
        await bob.stream.aclose()
        await wait_all_tasks_blocked()
        assert len(h.server.connections) == 1


async def test_who_has_left_leaves_nothing_to_be_collected() -> None:
    """No circle of references keeps what a client took: a full collection, which would find it,
    holds up everybody.
    """
    async with hall() as h:
        await h.register("ann", "#a")
        bob = await h.register("bob", "#a", caps="echo-message")
        (connection,) = [
            weakref.ref(other) for other in h.server.connections if other.session.target == "bob"
        ]
        gc.disable()
        try:
            await bob.say("PRIVMSG #a :hello", "QUIT")
            await bob.rest()
            await bob.stream.aclose()
            await wait_all_tasks_blocked()
            assert connection() is None
        finally:
            gc.enable()


async def test_a_connection_that_breaks_is_seen_by_the_others() -> None:
    """No farewell is needed to be gone."""
    async with hall() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        await bob.stream.aclose()
        assert (await ann.until("QUIT"))[-1].params[0] in {"Connection reset", "Connection closed"}


async def test_registration_has_a_deadline(autojump_clock: MockClock) -> None:
    """Who only connects does not stay."""
    async with hall(LimitSettings(registration_timeout=30)) as h:
        assert "Registration timed out" in (await h.join().rest())[0].params[0]
        assert 30 <= trio.current_time() < 40


async def test_a_silent_client_is_asked_and_then_ended(autojump_clock: MockClock) -> None:
    """Dead-peer detection: PING when idle, the end when nothing comes back."""
    async with hall(LimitSettings(ping_interval=90, ping_timeout=60)) as h:
        ann = await h.register("ann")
        ping, error = await ann.rest()
        assert ping == Message(
            "PING", ("chat.local",)
        )  # RFC 2812 §3.7.2: `PING :irc.funet.fi`; bots look for it at the start
        assert "Ping timeout" in error.params[0]
        assert 140 <= trio.current_time() <= 160


@pytest.mark.parametrize("waits", [0, 7])
async def test_a_short_interval_is_kept_from_the_beginning(
    autojump_clock: MockClock, waits: int
) -> None:
    """The time for registering is another one, however long it took."""
    async with hall(LimitSettings(registration_timeout=30, ping_interval=2, ping_timeout=60)) as h:
        person = h.join()
        await trio.sleep(waits)
        await person.say("NICK ann", "USER ann 0 * :Ann")
        await person.until("PING")
        assert waits + 1 <= trio.current_time() <= waits + 4


@pytest.mark.parametrize(("deadline", "between"), [(0.2, 0.05), (2, 0.5), (90, 1.0), (0.001, 0.02)])
async def test_clients_are_looked_at_as_often_as_the_deadlines_need(
    autojump_clock: MockClock, deadline: float, between: float
) -> None:
    """Four times within the shortest one, at least once a second, and not so often that it costs
    anything.
    """
    looks: list[float] = []

    class Client:
        def look(self, now: float) -> None:
            looks.append(now)

    with trio.move_on_after(10 * between):
        await keep_alive([Client()], lambda: deadline)
    assert looks[:5] == pytest.approx([looks[0] + between * count for count in range(5)])


async def test_registering_takes_no_longer_with_a_short_interval(autojump_clock: MockClock) -> None:
    """A client that only connects gets no PING, and does not stay."""
    async with hall(LimitSettings(registration_timeout=30, ping_interval=2, ping_timeout=60)) as h:
        (error,) = await h.join().rest()
        assert "Registration timed out" in error.params[0]
        assert 30 <= trio.current_time() < 40


async def test_who_answers_stays(autojump_clock: MockClock) -> None:
    """Any line is a sign of life."""
    async with hall(LimitSettings(ping_interval=90, ping_timeout=60)) as h:
        ann = await h.register("ann")
        for _ in range(5):
            (ping,) = await ann.until("PING")
            await ann.say(f"PONG {ping.params[0]}")
        assert trio.current_time() > 400


async def test_a_pong_does_not_wait_for_what_others_say() -> None:
    """The database may be locked for long: the others still see that the server is there, and only
    who said something waits.
    """
    history = SlowHistory()
    history.gate.set()
    async with hall(history=history) as h:
        ann, bob = await h.register("ann", "#a", caps="echo-message"), await h.register("bob", "#a")
        history.gate = trio.Event()
        await ann.say("PRIVMSG #a :one", "PING ann")
        await wait_all_tasks_blocked()
        await bob.say("PING bob", "NAMES #a", "NONSENSE")
        assert [message.command for message in await bob.until("421")] == [
            "PONG",
            "353",
            "366",
            "421",
        ]
        history.gate.set()
        assert [message.command for message in await ann.until("PONG")] == [
            "JOIN",
            "PRIVMSG",
            "PONG",
        ]
        assert (await bob.until("PRIVMSG"))[-1].params == ("#a", "one")


async def test_who_is_kept_waiting_by_the_server_is_not_ended(autojump_clock: MockClock) -> None:
    """While the history is locked and somebody waits for an answer from it, nobody reads whether
    they are still there.
    """
    history = SlowHistory()
    history.gate.set()
    async with hall(LimitSettings(ping_interval=90, ping_timeout=60), history=history) as h:
        ann = await h.register("ann", "#a", caps="draft/chathistory batch")
        history.gate = trio.Event()
        await ann.say("PRIVMSG #a :one", "CHATHISTORY LATEST #a * 5")
        await trio.sleep(1000)
        history.gate.set()
        assert (await ann.until("BATCH"))[-1].command == "BATCH"


async def test_nobody_is_ended_because_the_server_stood_still(mock_clock: MockClock) -> None:
    """Bytes that clients have sent in the meantime are read first."""
    looked: list[float] = []

    class Client:
        def look(self, now: float) -> None:
            looked.append(now)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_alive, [Client()])
        for seconds in (1.0, 30.0, 1.0):
            await wait_all_tasks_blocked()
            mock_clock.jump(seconds)
        await wait_all_tasks_blocked()
        assert looked == [1.0, 32.0]
        nursery.cancel_scope.cancel()


async def test_a_flooder_is_slowed_at_its_own_socket(autojump_clock: MockClock) -> None:
    """Its lines wait; nothing is lost, and nobody else waits."""
    async with hall(LimitSettings(flood_burst=10, flood_rate=2)) as h:
        ann = await h.register("ann", host="192.0.2.1")
        before = trio.current_time()
        await ann.say(*(f"PING {number}" for number in range(30)))
        answers = [(await ann.until("PONG"))[-1].params[1] for _ in range(30)]
        assert answers == [str(number) for number in range(30)]
        assert 10 <= trio.current_time() - before <= 15


async def test_bytes_are_paid_for_besides_lines(autojump_clock: MockClock) -> None:
    """A line of 4 KB counts as four: three for its bytes, one for itself."""
    async with hall(
        LimitSettings(flood_burst=1, flood_rate=1, flood_limit=10_000, flood_exempt=())
    ) as h:
        ann = await h.register("ann")
        await ann.say("PING first")
        await ann.until("PONG")
        start = trio.current_time()
        for number in range(5):
            await ann.say(f"@+a={'x' * 4000} PING {number}")
            await ann.until("PONG")
        assert trio.current_time() - start == pytest.approx(5 * 4)


async def test_a_flooder_that_does_not_read_is_ended_all_the_same(
    autojump_clock: MockClock,
) -> None:
    """Its end does not wait until it has read what it asked for."""
    limits = LimitSettings(
        flood_burst=3, flood_rate=100, flood_limit=1, flood_exempt=(), outbox_bytes=8192
    )
    async with hall(limits) as h, trio.open_nursery() as nursery:
        ann = h.join(pair=lockstep_stream_pair)
        nursery.start_soon(ann.say, "NICK ann", "USER ann 0 * :x", *["VERSION"] * 100)
        await trio.sleep(10)
        assert not h.server.connections
        nursery.cancel_scope.cancel()


async def test_exempt_addresses_are_not_slowed(autojump_clock: MockClock) -> None:
    """The machine itself may say as much as it likes, unless configured otherwise."""
    async with hall(LimitSettings(flood_burst=1, flood_rate=1)) as h:
        ann = await h.register("ann", host="::1")
        await ann.say(*(f"PING {number}" for number in range(300)))
        for _ in range(300):
            await ann.until("PONG")
        assert trio.current_time() < 1


async def test_an_address_that_starts_with_a_colon() -> None:
    """As a parameter it would be read as the last one of its line."""
    async with hall(server_settings=ServerSettings(cloak=False)) as h:
        ann = await h.register("ann", host="::1")
        await ann.say("USERHOST ann")
        assert (await ann.until("302"))[-1].params[-1] == "ann=+ann@0::1"
        await ann.say("WHOIS ann")
        assert (await ann.until("338"))[-1].params[3] == "0::1"


async def test_a_full_server_says_so() -> None:
    """A bound on connections, and a sentence."""
    async with hall(LimitSettings(clients=1)) as h:
        await h.register("ann")
        assert "full" in (await h.join().rest())[0].params[0]


async def test_a_defect_ends_only_the_client_that_met_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The exception is logged once, with its traceback; everyone else goes on."""

    def broken(request: Request) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setitem(COMMANDS, "INFO", COMMANDS["INFO"]._replace(handler=broken))
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    async with hall() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        await bob.say("INFO")
        assert "Internal error" in (await bob.rest())[-1].params[0]
        assert (await ann.until("QUIT"))[-1].params == ("Internal error",)
        await ann.say("PING x")
        await ann.until("PONG")
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].exc_info is not None


async def test_a_client_that_does_not_read_delays_nobody(autojump_clock: MockClock) -> None:
    """Its outbox fills and it is ended; a channel of which it is a member goes on."""
    async with hall(LimitSettings(outbox_bytes=20_000)) as h:
        ann = await h.register("ann", "#a", caps="echo-message")
        stuck = h.join(pair=lockstep_stream_pair)
        await stuck.say("NICK stuck", "USER stuck 0 * :Stuck", "JOIN #a")
        await ann.until("JOIN")
        seen: list[Message] = []
        for number in range(60):
            await ann.say(f"PRIVMSG #a :{number} {'x' * 380}")
            seen += await ann.until("PRIVMSG")
        quits = [message.params for message in seen if message.command == "QUIT"]
        assert quits == [("Too slow: more than 20000 bytes were waiting",)]


# Shutdown.


class MemoryDoor:
    """A door through which tests come from within."""

    def __init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel["trio.StapledStream[Any, Any]"](10)
        self.is_closed = False

    def connect(self, pair: Pair = memory_stream_pair) -> Peer:
        """Return the client's end of a new connection."""
        ours, theirs = pair()
        self.send.send_nowait(theirs)
        return Peer(ours)

    async def accept(self) -> "list[trio.StapledStream[Any, Any]]":
        """Wait for a connection."""
        return [await self.receive.receive()]

    def close(self) -> None:
        """Take no more connections."""
        self.is_closed = True


def entrance(door: MemoryDoor) -> Entrance:
    """Return a door as the server wants it."""
    return Entrance(cast("Door", door), ListenerSettings(name=""))


class MemoryServer(Server):
    """A server whose clients come over memory streams."""

    async def handle(self, arrival: object, listener: ListenerSettings) -> None:
        """Serve an accepted stream."""
        await self.serve_client(
            StreamTransport(cast("trio.abc.Stream", arrival)), peers.Peer(host="127.0.0.1")
        )


async def start(nursery: trio.Nursery) -> tuple[MemoryServer, MemoryDoor, trio.Event]:
    """Start a server with a door; return them, and what is set when the server has ended."""
    server, door, ended = (
        MemoryServer(Settings(server=ServerSettings(shutdown_grace=3)), Clock(NOON)),
        MemoryDoor(),
        trio.Event(),
    )

    async def run(task_status: trio.TaskStatus[None]) -> None:  # noqa: ASYNC114, ASYNC128  # `serve` says started
        await server.serve([entrance(door)], task_status=task_status)
        ended.set()

    await nursery.start(run)
    return server, door, ended


async def test_everyone_is_told_of_a_shutdown(nursery: trio.Nursery) -> None:
    """A standard reply for those who know them, a NOTICE for others, then ERROR and the end; also
    before registration.
    """
    server, door, ended = await start(nursery)
    modern, old, fresh = door.connect(), door.connect(), door.connect()
    await modern.say(
        "CAP REQ :standard-replies", "CAP END", "NICK ann", "USER ann 0 * :Ann", "JOIN #a"
    )
    await modern.until("366")
    await old.say("NICK bob", "USER bob 0 * :Bob", "JOIN #a")
    await old.until("366")
    await modern.until("JOIN")
    await wait_all_tasks_blocked()
    server.stop()
    error = Message("ERROR", ("Closing link: 127.0.0.1 (The server has shut down)",))
    text = "The server has shut down"
    assert await modern.rest() == [
        Message("NOTE", ("*", "SERVER_SHUTDOWN", text), "chat.local"),
        error,
    ]
    assert await old.rest() == [Message("NOTICE", ("bob", text), "chat.local"), error]
    assert await fresh.rest() == [Message("NOTICE", ("*", text), "chat.local"), error]
    for peer in (modern, old, fresh):
        await peer.stream.aclose()
    await ended.wait()
    assert door.is_closed


async def test_what_was_said_before_the_shutdown_arrives_before_the_notice(
    nursery: trio.Nursery,
) -> None:
    """Outboxes are flushed: nothing that was accepted is lost on the way."""
    server, door, _ = await start(nursery)
    ann, bob = door.connect(), door.connect()
    for nick, peer in (("ann", ann), ("bob", bob)):
        await peer.say(f"NICK {nick}", f"USER {nick} 0 * :x", "JOIN #a")
        await peer.until("366")
    await ann.until("JOIN")
    await ann.say(*(f"PRIVMSG #a :{number}" for number in range(50)))
    await bob.until("PRIVMSG")
    await wait_all_tasks_blocked()
    server.stop()
    messages = await bob.rest()
    assert [message.command for message in messages] == ["PRIVMSG"] * 49 + ["NOTICE", "ERROR"]


async def test_who_has_stopped_reading_does_not_hold_up_the_end(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """The grace time and no more."""
    server, door, ended = await start(nursery)
    stuck = door.connect(lockstep_stream_pair)
    await stuck.say("NICK ann", "USER ann 0 * :Ann")
    await wait_all_tasks_blocked()
    before = trio.current_time()
    server.stop()
    await ended.wait()
    assert trio.current_time() - before <= 3


async def test_a_server_that_is_cancelled_is_gone_at_once(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    """The second signal: no grace, and every connection closed."""
    server, door = MemoryServer(Settings(), Clock(NOON)), MemoryDoor()
    stuck = door.connect(lockstep_stream_pair)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            await inner.start(server.serve, [entrance(door)])
            await stuck.say("NICK ann", "USER ann 0 * :Ann")
            await wait_all_tasks_blocked()
            before = trio.current_time()
            server.stop()
            await wait_all_tasks_blocked()
            scope.cancel()
    assert trio.current_time() == before
    assert not server.connections
    assert not server.world.users


def test_settings_reach_the_world() -> None:
    """What config.ini says is what the server says of itself."""
    settings = Settings(server=ServerSettings(name="irc.example", motd=("hello",), lobby="#here"))
    server = Server(settings, Clock(NOON))
    assert server.world.identity.name == "irc.example"
    assert list(server.world.channels) == ["#here"]


# Listening.


async def test_a_port_that_is_taken(nursery: trio.Nursery) -> None:
    """One line that says what to do; nothing stays open."""
    taken = await open_listeners(["127.0.0.1"], 0)
    with pytest.raises(ListenError, match="already in use"):
        await open_listeners(["127.0.0.1"], bound_port(taken))
    for listener in taken:
        await listener.aclose()


async def test_an_address_that_is_not_ours() -> None:
    """192.0.2.0/24 is for documentation, and nobody's."""
    with pytest.raises(ListenError, match=r"192\.0\.2\.1 is not an address of this machine"):
        await open_listeners(["192.0.2.1"], 0)


def test_no_right_to_bind() -> None:
    """The advice names a port that works."""
    assert "above 1023" in explain(PermissionError(13, "Permission denied"), "0.0.0.0", 80)


async def test_several_hosts_share_a_port() -> None:
    """Also when any free one was asked for."""
    listeners = await open_listeners(["127.0.0.1", "::1"], 0)
    assert len({listener.socket.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        await listener.aclose()


def test_addresses_to_tell_others() -> None:
    """This machine's own instead of 0.0.0.0, those of the local network first; never loopback
    ones.
    """
    own = [
        ip_address(text)
        for text in (
            "127.0.0.1",
            "8.8.4.4",
            "192.168.1.7",
            "169.254.0.9",
            "::1",
            "fe80::1",
            "2001:db8::7",
        )
    ]
    assert [str(a) for a in joinable([ip_address("0.0.0.0")], own)] == ["192.168.1.7", "8.8.4.4"]
    assert [str(a) for a in joinable([ip_address("::")], own)] == ["2001:db8::7"]
    assert [str(a) for a in joinable([ip_address("127.0.0.1"), ip_address("192.0.2.7")], own)] == [
        "192.0.2.7"
    ]
    assert with_port("2001:db8::7", 5000) == "[2001:db8::7]:5000"
    assert with_port(ip_address("192.0.2.7"), 5000) == "192.0.2.7:5000"


def test_this_machine_has_addresses() -> None:
    """Every machine has its loopback address at least."""
    assert ip_address("127.0.0.1") in own_addresses()
