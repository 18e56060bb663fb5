"""The broadcaster: one order, storage before delivery, and each client's bytes in one piece."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from deliveries import deliveries
from server_fakes import SlowHistory
from storage_fakes import ListHistory
from support import Person, Town, commands
from trio_chat.chat.events import Event, Output, Reply
from trio_chat.chat.history import BadRecord, HistoryError, HistoryTarget, Record
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.deliveries import gather
from trio_chat.server.overtaking import PATIENCE


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
    Broadcaster(4, 4).accept(Output((Reply(ann.session, b"PONG\r\n"),)))
    assert ann.received == b"PONG\r\n"


def test_an_event_for_its_sender_alone_goes_out_at_once_when_nothing_waits(town: Town) -> None:
    """A JOIN of a channel in which nobody else is waits for no task."""
    ann = town.newcomer()
    names = Reply(ann.session, b"353\r\n")
    broadcaster = Broadcaster(4, 4)
    ticket = broadcaster.accept(Output((part(town, (ann,)), names)), ann.session)
    assert ann.received == b":ann!a@h PART :#a\r\n353\r\n"
    assert broadcaster.has_delivered(ticket)


async def test_it_is_busy_while_the_events_of_many_wait(town: Town, nursery: trio.Nursery) -> None:
    """Then commands in steps await their turns, until those events are delivered."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    broadcaster = Broadcaster(100, 0)
    found = []
    for _ in range(40):
        found.append(broadcaster.is_busy)
        broadcaster.accept(Output((event(town, (ann, bob), "x"),)))
    assert found == sorted(found)
    assert (found[1], found[-1]) == (False, True)
    nursery.start_soon(broadcaster.run)
    await wait_all_tasks_blocked()
    assert not broadcaster.is_busy
    nursery.cancel_scope.cancel()


async def test_an_event_for_its_sender_alone_overtakes_nothing(
    town: Town, nursery: trio.Nursery
) -> None:
    """It keeps its place behind what waits."""
    ann, bob = town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(4, 4)
    broadcaster.accept(Output((event(town, (ann, bob), "before"),)), bob.session)
    ticket = broadcaster.accept(Output((part(town, (ann,)),)), ann.session)
    assert not broadcaster.has_delivered(ticket)
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert commands(ann.read()) == ["PRIVMSG", "PART"]


@pytest.mark.parametrize("kind", ["stored", "pushed", "of another", "of the log"])
def test_an_event_that_is_more_than_its_senders_own_goes_through_the_task(
    town: Town, kind: str
) -> None:
    """What is stored, pushed, received by another client, or of a cluster's log waits its turn."""
    ann, bob = town.newcomer(), town.newcomer()
    own, position = part(town, (ann,)), ""
    match kind:
        case "stored":
            own = own.replace(history_targets=(HistoryTarget("#a", is_private=False),))
        case "pushed":
            own = own.replace(push_accounts=(1,))
        case "of another":
            own = part(town, (bob,))
        case _:
            position = "1"
    broadcaster = Broadcaster(4, 4)
    ticket = broadcaster.accept(Output((own,), position=position), ann.session)
    assert not broadcaster.has_delivered(ticket)
    assert ann.received == bob.received == b""


async def test_a_reply_never_overtakes_what_it_could_tell_of(
    town: Town, nursery: trio.Nursery
) -> None:
    """One queue, so one order, for replies too: NAMES comes behind the PART of somebody else."""
    ann, bob = town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(4, 4)
    broadcaster.accept(Output((part(town, (ann, bob)),)), bob.session)
    ticket = broadcaster.accept(Output((Reply(ann.session, b"353\r\n"),)), ann.session)
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


def unwritable(town: Town, recipient: Person) -> Event:
    """Return an event that cannot be encoded: a parameter in the middle has a space."""
    return event(town, (recipient,), "x").replace(params=("not a middle parameter", "x"))


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
    broadcaster.accept(Output((unwritable(town, ann),)))
    ticket = broadcaster.accept(Output((event(town, (ann,), "three"),)))
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert [message.params[1] for message in ann.read()] == ["one", "three"]
    assert any(record.levelno == logging.ERROR for record in caplog.records)


async def test_order_holds_beside_what_cannot_be_written(town: Town, nursery: trio.Nursery) -> None:
    """Deliveries in several pieces keep their order; short ones do not come first."""
    ann = town.newcomer()
    broadcaster = Broadcaster(4, 4)
    broadcaster.accept(Output((event(town, (ann,), "the first, which is longer"),)))
    broadcaster.accept(Output((unwritable(town, ann),)))
    ticket = broadcaster.accept(Output((event(town, (ann,), "second"),)))
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert [message.params[1] for message in ann.read()] == ["the first, which is longer", "second"]


def remembered(town: Town, recipients: tuple[Person, ...], text: str) -> Output:
    """Return a message to be stored, and the failure that its sender gets when it cannot be."""
    message = event(town, recipients, text).replace(history_targets=(HistoryTarget("#a", False),))
    return Output((message,), refusal=lambda: (Reply(recipients[0].session, b"FAIL\r\n"),))


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
        Output((Reply(ann.session, b"PONG\r\n"),), is_stateless=True), ann.session
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
            Output((Reply(bob.session, text),), is_stateless=is_stateless), bob.session
        )
    await trio.sleep(PATIENCE)
    await wait_all_tasks_blocked()
    assert bob.received == (b"one\r\ntwo\r\n" if is_sent else b"")
    broadcaster.accept(
        Output((Reply(bob.session, b"three\r\n"),), is_stateless=is_stateless), bob.session
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
        Output((Reply(bob.session, b"PONG x\r\n"),), is_stateless=True), bob.session
    )
    await trio.sleep(PATIENCE)
    await wait_all_tasks_blocked()
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert commands(bob.read()) == ["PONG", "PRIVMSG"]


async def test_a_reply_comes_behind_what_was_said_to_its_client_before(
    town: Town, nursery: trio.Nursery
) -> None:
    """With a fast database, PONG shows that all earlier messages have arrived."""
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(remembered(town, (bob,), "1"), ann.session)
    ticket = broadcaster.accept(
        Output((Reply(bob.session, b"PONG x\r\n"),), is_stateless=True), bob.session
    )
    assert bob.received == b""
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert commands(bob.read()) == ["PRIVMSG", "PONG"]


async def test_a_reply_to_who_said_something_waits_for_it(
    town: Town, nursery: trio.Nursery
) -> None:
    """PONG confirms the client's own messages, with echo or without; order holds."""
    ann, bob, history = town.newcomer(), town.newcomer(), SlowHistory()
    broadcaster = Broadcaster(8, 4, history)
    nursery.start_soon(broadcaster.run)
    broadcaster.accept(
        Output((event(town, (bob,), "1").replace(history_targets=(HistoryTarget("#a", False),)),)),
        ann.session,
    )
    await wait_all_tasks_blocked()
    for text in (b"1\r\n", b"2\r\n"):
        ticket = broadcaster.accept(
            Output((Reply(ann.session, text),), is_stateless=True), ann.session
        )
    assert ann.received == b""
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert ann.received == b"1\r\n2\r\n"
    broadcaster.accept(
        Output((event(town, (ann,), "2").replace(history_targets=(HistoryTarget("#a", False),)),)),
        bob.session,
    )
    ticket = broadcaster.accept(Output((Reply(ann.session, b"3\r\n"),)), ann.session)
    await broadcaster.wait_delivered(ticket)
    assert ann.received.endswith(b"3\r\n")


def test_what_was_read_from_the_history_comes_in_order(town: Town) -> None:
    """Behind the messages that wait: they could be in it."""
    ann, bob = town.newcomer(), town.newcomer()
    broadcaster = Broadcaster(8, 4)
    broadcaster.accept(Output((event(town, (ann, bob), "1"),)), bob.session)
    broadcaster.accept(Output((Reply(ann.session, b"BATCH\r\n"),)), ann.session, in_order=True)
    assert ann.received == b""


async def test_what_cannot_be_remembered_is_not_delivered(
    town: Town,
    nursery: trio.Nursery,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sender gets a failure, the log one line, and delivery resumes with the disk."""
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

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages, unless one of them is bad."""
        self.asked += 1
        if any(record.text == "bad" for record in records):
            raise BadRecord("constraint: UNIQUE constraint failed")
        await super().commit(records, state)


async def test_one_message_that_cannot_be_remembered_harms_no_other(
    town: Town, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Only its sender gets a failure; bisection finds the message, and order holds."""
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
    quit_ = replace(
        event(town, (ann, bob), "bye"),
        command="QUIT",
        params=("bye",),
        history_targets=(HistoryTarget("#a", False), HistoryTarget("#b", False)),
    )
    broadcaster.accept(Output((quit_,)))
    await wait_all_tasks_blocked()
    broadcaster.accept(remembered(town, (ann, bob), "1"))
    ticket = broadcaster.accept(Output((replace(quit_, id=quit_.id + 1),)))
    history.error = HistoryError("full: database or disk is full")
    history.gate.set()
    await broadcaster.wait_delivered(ticket)
    assert commands(ann.read()) == ["QUIT", "FAIL", "QUIT"]
    assert commands(bob.read()) == ["QUIT", "QUIT"]
    history.error = None
    await broadcaster.wait_delivered(broadcaster.accept(Output((replace(quit_, id=quit_.id + 2),))))
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
        for session, data, _ in deliveries(parts)
    }
    assert sent == {
        ann.session: [b"1", b"2"],
        bob.session: [b"1", b"2", b"3", b"4"],
        eve.session: [b"3"],
    }


_PEOPLE = 4
_EVENTS = st.tuples(
    st.lists(st.integers(0, _PEOPLE - 1), min_size=1, unique=True), st.none() | st.integers(0, 3)
)
_REPLIES = st.tuples(st.integers(0, _PEOPLE - 1), st.booleans())


@given(st.lists(_EVENTS | _REPLIES, max_size=12))
def test_each_session_gets_its_parts_in_order_whatever_others_get(
    chosen: list[tuple[list[int], int | None] | tuple[int, bool]],
) -> None:
    """Once, however the audiences of a batch overlap."""
    town = Town()
    people = [town.newcomer() for _ in range(_PEOPLE)]
    people[0].session.set_caps(cap.MESSAGE_TAGS)
    parts: list[Event | Reply] = []
    expected: dict[Session, bytes] = {}
    asked: dict[Session, bool] = {}
    for number, (whom, what) in enumerate(chosen):
        if isinstance(whom, int):
            reply = Reply(people[whom].session, b"%d\r\n" % number, is_reply=bool(what))
            parts.append(reply)
            expected[reply.session] = expected.get(reply.session, b"") + reply.data
            asked[reply.session] = asked.get(reply.session, False) or bool(what)
            continue
        skipped = None if what is None else people[what]
        told = event(town, tuple(people[one] for one in whom), str(number), skipped)
        parts.append(told)
        for session in told.recipients:
            if session is not told.skip:
                expected[session] = expected.get(session, b"") + told.encode(session.effective)
                asked.setdefault(session, False)
    given_out = list(deliveries(parts))
    assert len(given_out) == len(expected)
    assert {session: data for session, data, _ in given_out} == expected
    assert {session: is_reply for session, _, is_reply in given_out} == asked


def test_those_that_get_the_same_get_it_together(town: Town) -> None:
    """A JOIN, and the names for the user that joins, are two deliveries, not one for each
    member.
    """
    people = tuple(town.newcomer() for _ in range(50))
    joined, before = people[-1], tuple(person.session for person in people[:-1])
    told = event(town, people, "x")
    names = Reply(joined.session, b"353\r\n")
    data = told.encode(joined.session.effective)
    assert [(tuple(sessions), given) for sessions, given, _ in gather([told, names])] == [
        (before, data),
        ((joined.session,), data + names.data),
    ]


def test_an_event_is_encoded_once_for_each_set_of_capabilities(town: Town) -> None:
    """Never once for each member."""
    people = tuple(town.newcomer() for _ in range(50))
    for person in people[:20]:
        person.session.set_caps(cap.SERVER_TIME)
    people[0].session.set_caps(cap.SERVER_TIME | cap.AWAY_NOTIFY)  # which makes no difference here
    first = event(town, people, "hi")
    datas = [data for _, data, _ in deliveries([first, first.replace(params=("#a", "ho"))])]
    assert len(datas) == 50
    assert len({id(data) for data in datas}) == 2


def test_who_lacks_what_an_event_requires_gets_nothing(town: Town) -> None:
    """Not an empty piece either."""
    ann = town.newcomer()
    assert list(gather([event(town, (ann,), "x").replace(requires=cap.AWAY_NOTIFY)])) == []


class Narrow:
    """The sink of a socket that takes a few bytes at a time."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = self.queued = b""

    def send_raw(self, data: bytes) -> int:
        """Take what there is room for."""
        if not self.room:
            raise BlockingIOError
        size = min(self.room, len(data))
        self.taken, self.room = self.taken + data[:size], 0
        return size

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Queue bytes."""
        self.queued += data

    def end(self, reason: str) -> None:
        """Never called here."""
        raise AssertionError


@pytest.mark.parametrize("room", [0, 1, 5, 100])
async def test_the_queue_gets_what_the_socket_does_not_take(
    town: Town, nursery: trio.Nursery, room: int
) -> None:
    """Every byte once and in order, however little the socket takes, or whether it fails."""
    ann, bob = town.newcomer(), town.newcomer()
    sink = bob.session.sink = Narrow(room)
    broadcaster = Broadcaster(4, 4)
    ticket = broadcaster.accept(Output((event(town, (ann, bob), "hi"),)))
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert sink.taken + sink.queued == ann.received
    assert len(sink.taken) == min(room, len(ann.received))


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
        Reply(ann.session, b"PONG\r\n"),
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
