"""Long answers: sent in parts, with turns for others, at the pace of a slow reader."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from edge import HELLO, End, edge, read_up_to
from support import Person, Town, commands
from trio_chat.chat.channels import Topic
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output
from trio_chat.chat.response import WORK_AT_ONCE, WORK_IN_TURN, WORK_PER_LINE
from trio_chat.config import LimitSettings, Settings
from trio_chat.server.app import Server
from trio_chat.server.hub import PARTS_AT_ONCE
from trio_chat.server.outbox import Outbox
from trio_chat.server.peer import Peer
from trio_chat.server.transport import StreamTransport

PEOPLE = 200


@pytest.fixture
def crowd() -> Town:
    """Return a town with many people, each with a channel of its own, and all in one."""
    town = Town()
    for number in range(PEOPLE):
        town.newcomer().say(
            f"NICK n{number}",
            f"USER u 0 * :{number}",
            f"MODE n{number} -i",
            f"JOIN #all,#c{number}",
        )
    return town


def parts(person: Person, line: str) -> list[Output]:
    """Return the parts of an answer; each is delivered before the next is asked for."""
    output = handle_line(person.town.world, person.session, line.encode())
    found = [output]
    while output.more is not None:
        person.town.deliver(replace(output, more=None), person)
        output = output.more()
        found.append(output)
    person.town.deliver(output, person)
    return found


@pytest.mark.parametrize(
    ("line", "numeric", "count"),
    [
        ("WHO n*!*", "352", PEOPLE),
        ("WHO #all", "352", PEOPLE + 1),
        ("WHO *nobody*", "352", 0),
        ("WHO #all %tn,7", "354", PEOPLE + 1),
        ("LIST", "322", PEOPLE + 2),
        ("LIST #c*,!*9*", "322", sum("9" not in str(number) for number in range(PEOPLE))),
    ],
)
def test_a_long_answer_is_whole_and_comes_in_parts(
    crowd: Town, line: str, numeric: str, count: int
) -> None:
    """No part takes much longer than others, and nothing is lost or doubled between two."""
    ann = crowd.person("ann", "#all")
    found = parts(ann, line)
    assert len(found) > 1
    assert max(part.work for part in found) <= max(WORK_AT_ONCE, WORK_IN_TURN) + 10
    assert sum(part.work for part in found) >= PEOPLE - WORK_AT_ONCE
    answers = [message.params for message in ann.read() if message.command == numeric]
    assert len(answers) == len(set(answers)) == count


def test_names_come_in_parts(crowd: Town) -> None:
    """Every member once, and the end of the list once."""
    ann = crowd.person("ann", "#all")
    assert len(parts(ann, "NAMES #all,#c1,#c2")) > 1
    messages = ann.read()
    names = [
        name.lstrip("@")
        for message in messages
        if message.command == "353"
        for name in message.params[-1].split()
    ]
    assert sorted(names) == sorted([f"n{number}" for number in range(PEOPLE)] + ["ann", "n1", "n2"])
    assert [message.command for message in messages].count("366") == 1


def test_only_the_first_step_is_done_while_the_server_is_busy(town: Town) -> None:
    """A command in steps awaits its turn then, however little it is; others do not."""
    ann = town.person("ann", "#a")
    first = {
        line: handle_line(town.world, ann.session, line.encode(), lambda: True)
        for line in ("PING x", "PRIVMSG #a :hi", "JOIN #b")
    }
    assert [output.more is not None for output in first.values()] == [False, False, True]
    more = first["JOIN #b"].more
    assert more is not None
    town.deliver(more(), ann)
    assert [message.command for message in ann.read()] == ["JOIN", "353", "366"]


@pytest.mark.parametrize("line", ["JOIN #c1", "LIST", "WHO #all", "NAMES #all"])
def test_what_waited_costs_no_more(crowd: Town, line: str) -> None:
    """Flood control counts a command alike, whether the server was busy or not."""
    works = []
    for person, is_busy in (
        (crowd.person("ann", "#all"), bool),
        (crowd.person("bob", "#all"), lambda: True),
    ):
        output = handle_line(crowd.world, person.session, line.encode(), is_busy)
        work = output.work
        while output.more is not None:
            output = output.more()
            work += output.work
        works.append(work)
    assert works[1] - works[0] in (0, 1)  # the second finds one more


def test_a_short_answer_is_not_divided(town: Town) -> None:
    """What is done at once needs no turn."""
    ann = town.person("ann", "#a")
    assert len(parts(ann, "WHO #a")) == len(parts(ann, "LIST")) == len(parts(ann, "NAMES #a")) == 1


@pytest.mark.parametrize("line", ["WHO #all", "LIST", "WHO n*", "NAMES #all"])
def test_a_label_comprises_all_parts(crowd: Town, line: str) -> None:
    """IRCv3 labeled-response: "a response consisting of more than one message MUST be enclosed in a
    batch".
    """
    ann = crowd.person("ann", "#all", caps="labeled-response batch")
    parts(ann, f"@label=x {line}")
    first, *middle, last = ann.read()
    assert (first.command, first.params[1], first.tags) == (
        "BATCH",
        "labeled-response",
        {"label": "x"},
    )
    reference = first.params[0][1:]
    assert (last.command, last.params) == ("BATCH", (f"-{reference}",))
    assert {message.tags["batch"] for message in middle} == {reference}


def test_a_batch_comprises_all_parts(crowd: Town) -> None:
    """A batch within the answer lies within the batch of its label."""
    caps = "labeled-response batch draft/metadata-2"
    ann = crowd.person("ann", "#all", caps=caps)
    ann.say("METADATA * SUB avatar")
    for user in crowd.world.users.values():
        user.metadata["avatar"] = "https://example.com/a.png"
    assert len(parts(ann, "@label=x METADATA #all SYNC")) > 1
    outer, inner, *values, inner_end, outer_end = ann.read()
    assert (outer.params[1], inner.params[1]) == ("labeled-response", "metadata")
    assert inner.tags["batch"] == outer.params[0][1:]
    assert {value.tags["batch"] for value in values} == {inner.params[0][1:]}
    assert len({value.params[0] for value in values}) == len(values) == PEOPLE + 1
    assert (inner_end.params[0], outer_end.params[0]) == (
        f"-{inner.params[0][1:]}",
        f"-{outer.params[0][1:]}",
    )


def test_what_changes_in_the_middle_of_it_is_no_defect(crowd: Town) -> None:
    """A user may take back what it says of itself while another is sent that."""
    ann = crowd.person("ann", "#c1", caps="batch draft/metadata-2")
    talkative = crowd.world.users["n1"]
    for number in range(2 * WORK_AT_ONCE):
        talkative.metadata[f"key{number}"] = "x"
        ann.session.subscriptions[f"key{number}"] = None
    output = handle_line(crowd.world, ann.session, b"METADATA #c1 SYNC")
    talkative.metadata.clear()
    crowd.deliver(output, ann)
    start, *_, end = ann.read()
    assert end.params == (f"-{start.params[0][1:]}",)


@pytest.mark.parametrize(
    ("line", "numeric", "where"), [("WHO #all", "352", 5), ("WHO n*", "352", 5), ("LIST", "322", 1)]
)
def test_what_is_gone_meanwhile_is_not_listed(
    crowd: Town, line: str, numeric: str, where: int
) -> None:
    """Each part looks again: no user is shown in a channel that it has left."""
    ann = crowd.person("ann", "#all")
    output = handle_line(crowd.world, ann.session, line.encode())
    crowd.deliver(replace(output, more=None), ann)
    gone = crowd.world.users[f"n{PEOPLE - 1}"].sessions[0].sink
    assert isinstance(gone, Person)
    gone.leave()
    assert output.more is not None
    crowd.deliver(output.more(), ann)
    shown = [message.params[where] for message in ann.read() if message.command == numeric]
    assert f"n{PEOPLE - 2}" in shown or f"#c{PEOPLE - 2}" in shown
    assert f"n{PEOPLE - 1}" not in shown
    assert f"#c{PEOPLE - 1}" not in shown


def test_who_is_not_a_member_any_more_learns_no_more(crowd: Town) -> None:
    """A part shows what the user may know at the moment of its delivery."""
    ann = crowd.person("ann", "#all")
    boss = crowd.world.users["n0"].sessions[0].sink
    assert isinstance(boss, Person)
    output = handle_line(crowd.world, ann.session, b"WHO #all")
    crowd.deliver(replace(output, more=None), ann)
    boss.say("MODE #all +s", "KICK #all ann")
    ann.read()
    assert output.more is not None
    crowd.deliver(output.more(), ann)
    assert [message.command for message in ann.read()] == ["315"]


def test_channels_are_joined_in_parts() -> None:
    """Each with its whole state; a client that joins many large channels holds nobody up."""
    town = Town()
    for number in range(100):
        town.newcomer().say(
            f"NICK n{number}",
            "USER u 0 * :u",
            "JOIN " + ",".join(f"#c{channel}" for channel in range(20)),
        )
    ann = town.person("ann")
    found = parts(ann, "JOIN " + ",".join(f"#c{channel}" for channel in range(20)))
    assert len(found) > 1
    seen = [message.command for message in ann.read()]
    assert seen == ["JOIN", *["353"] * (len(seen) // 20 - 2), "366"] * 20


def test_a_large_channel_is_joined_in_a_part_of_its_own(crowd: Town) -> None:
    """Many clients that come back at once await their turns; nothing has happened until then."""
    ann = crowd.person("ann")
    bob = crowd.person("bob", "#all")
    first = handle_line(crowd.world, ann.session, b"JOIN #all")
    assert (first.parts, ann.session.user in crowd.world.channels["#all"].members) == ((), False)
    assert first.more is not None
    crowd.deliver(first.more(), ann)
    assert [message.command for message in bob.read()] == ["JOIN"]
    seen = [message.command for message in ann.read()]
    assert seen == ["JOIN", *["353"] * (len(seen) - 2), "366"]


@pytest.mark.parametrize(("key", "numeric"), [("+k secret", "475"), ("+i", "473")])
def test_a_label_is_on_the_one_line_of_an_answer_that_came_late(
    crowd: Town, key: str, numeric: str
) -> None:
    """Only "a response consisting of more than one message" is a batch, however it was made."""
    boss = crowd.world.users["n0"].sessions[0].sink
    assert isinstance(boss, Person)
    boss.say(f"MODE #all {key}")
    ann = crowd.person("ann", caps="labeled-response batch")
    parts(ann, "@label=x JOIN #all")
    assert [(message.command, message.tags) for message in ann.read()] == [
        (numeric, {"label": "x"})
    ]


def test_coming_and_going_count_by_those_who_see_it(crowd: Town) -> None:
    """A client that joins and leaves a large channel again and again has everybody there sent
    something each time.
    """
    ann = crowd.person("ann")
    works = [
        sum(part.work for part in parts(ann, line))
        for line in ("JOIN #all", "PART #all", "JOIN #small", "PART #small")
    ]
    assert works == [1 + (PEOPLE + 1) // 2 - WORK_AT_ONCE, (PEOPLE + 1) // 2, 0, 0]


def test_conditions_of_a_list_count_by_the_channels(crowd: Town) -> None:
    """Each is asked of every channel, a hundred of them in parts as well."""
    ann = crowd.person("ann")
    found = parts(ann, "LIST " + ",".join(f"!*{number}x" for number in range(90)))
    assert sum(part.work for part in found) >= PEOPLE * 90 // 4
    assert max(part.work for part in found) <= max(WORK_AT_ONCE, WORK_IN_TURN) + 30


def boss(crowd: Town) -> Person:
    """Return who may rename the channel of all, with everything read."""
    for user in crowd.world.users.values():
        assert isinstance(user.sessions[0].sink, Person)
        user.sessions[0].sink.read()
    found = crowd.world.users["n0"].sessions[0].sink
    assert isinstance(found, Person)
    return found


def test_a_large_channel_is_renamed_in_parts(crowd: Town) -> None:
    """Clients that do not know RENAME are shown the channel some at a time, and each of them
    whole.
    """
    found = parts(boss(crowd), "RENAME #all #other")
    assert len(found) > 2
    assert max(part.work for part in found[1:]) <= WORK_IN_TURN + PEOPLE // 8 + 64
    for user in crowd.world.users.values():
        assert isinstance(user.sessions[0].sink, Person)
        seen = user.sessions[0].sink.read()
        assert [*dict.fromkeys(commands(seen))] == ["PART", "JOIN", "353", "366"]
        names = [name for m in seen if m.command == "353" for name in m.params[-1].split(" ")]
        assert len(names) == PEOPLE


def test_all_know_the_new_name_before_anything_else_is_sent(crowd: Town) -> None:
    """What is said there next comes to everybody behind the JOIN, also to those that are shown the
    channel later.
    """
    first = handle_line(crowd.world, boss(crowd).session, b"RENAME #all #other")
    assert first.more is not None
    crowd.deliver(replace(first, more=None), boss(crowd))
    for user in crowd.world.users.values():
        assert isinstance(user.sessions[0].sink, Person)
        assert commands(user.sessions[0].sink.read())[:2] == ["PART", "JOIN"]


def test_who_has_left_a_renamed_channel_is_not_shown_it(crowd: Town) -> None:
    """Others go on with what they do while a large channel is renamed."""
    first = handle_line(crowd.world, boss(crowd).session, b"RENAME #all #other")
    assert first.more is not None
    crowd.deliver(replace(first, more=None), boss(crowd))
    last = crowd.world.users[f"n{PEOPLE - 1}"].sessions[0].sink
    assert isinstance(last, Person)
    last.say("PART #other")
    crowd.deliver(replace(first, parts=()), boss(crowd))
    assert last.read() == []


# At the edge.


def fill(server: Server, count: int) -> None:
    """Have channels with topics: a LIST of more than what may wait for a client."""
    for number in range(count):
        channel = server.world.channels.create(f"#c{number}", f"#c{number}")
        channel.topic = Topic("x" * 300, "ann!ann@example", 0)


async def register(server: Server, nursery: trio.Nursery, nick: str) -> End:
    """Return a client whose end receives only on request: sent data waits at the server's end."""
    ours, theirs = lockstep_stream_pair()
    nursery.start_soon(server.serve_client, StreamTransport(theirs), Peer(host="192.0.2.7"))
    end = End(ours)
    await end.send(f"NICK {nick}\r\nUSER {nick} 0 * :x\r\nJOIN #a\r\n".encode())
    await end.until("366")
    return end


async def test_a_slow_reader_of_a_long_answer_is_not_ended() -> None:
    """ISUPPORT SAFELIST: the list "won't disconnect the client due to the large amount of data
    generated".
    """
    async with (
        edge(Settings(limits=LimitSettings(outbox_bytes=8192))) as e,
        trio.open_nursery() as nursery,
    ):
        fill(e.server, 1000)
        slow = await register(e.server, nursery, "slow")
        other = e.connect()
        await other.send(HELLO + b"JOIN #a\r\n")
        await other.until("366")
        await slow.until("JOIN")
        await slow.send(b"LIST\r\n")
        await wait_all_tasks_blocked()
        await other.send(b"PRIVMSG #a :one message\r\nPING x\r\n")
        await other.until("PONG")
        answer = await read_up_to(slow, "323")
        assert [message.command for message in answer].count("322") == 1002  # with the lobby and #a
        if "PRIVMSG" not in [message.command for message in answer]:
            await slow.until("PRIVMSG")
        nursery.cancel_scope.cancel()


async def test_a_long_answer_waits_for_its_reader() -> None:
    """What waits for a client that does not read is bounded, however much it has asked for."""
    async with (
        edge(Settings(limits=LimitSettings(outbox_bytes=8192))) as e,
        trio.open_nursery() as nursery,
    ):
        fill(e.server, 3000)
        slow = await register(e.server, nursery, "slow")
        await slow.send(b"LIST\r\nLIST\r\nLIST\r\n")
        await wait_all_tasks_blocked()
        (connection,) = e.server.connections
        assert 0 < connection.queued < 200_000
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def all_turns(server: Server) -> AsyncIterator[None]:
    """Have other long answers take all turns, and give them back one after the other: Trio runs
    tasks that can go on at the same time in any order.
    """
    for _ in range(PARTS_AT_ONCE):
        await server.turns.acquire()
    yield
    for _ in range(PARTS_AT_ONCE):
        server.turns.release()
        await wait_all_tasks_blocked()


async def test_others_have_their_turn_between_the_parts() -> None:
    """While one client's answer is not finished, another client is answered."""
    async with edge() as e:
        async with all_turns(e.server):
            fill(e.server, 1000)
            ann, bob = e.connect(), e.connect()
            for end in (ann, bob):
                await end.send(HELLO.replace(b"ann", b"ann" if end is ann else b"bob"))
                await end.until("422")
            await ann.send(b"LIST\r\nPING behind\r\n")
            await ann.until("321")
            await wait_all_tasks_blocked()
            await bob.send(b"PING x\r\n")
            await bob.until("PONG")
        rest = await read_up_to(ann, "PONG")
        assert [message.command for message in rest[-2:]] == [
            "323",
            "PONG",
        ]  # its own next command comes after


async def test_a_storm_of_joins_holds_nobody_else_up() -> None:
    """A JOIN awaits its turn while many do, in the order of arrival; what a client sends behind it
    comes after.
    """
    async with edge() as e:
        ends = [e.connect() for _ in range(3)]
        for number, end in enumerate(ends):
            await end.send(HELLO.replace(b"ann", b"n%d" % number))
            await end.until("422")
        async with all_turns(e.server):
            for end in ends[:2]:
                await end.send(b"JOIN #a\r\nPING behind\r\n")
                await wait_all_tasks_blocked()
            assert "#a" not in e.server.world.channels
            await ends[2].send(b"PING x\r\n")
            await ends[2].until("PONG")
        seen = [message.command for message in await read_up_to(ends[0], "PONG")]
        assert seen[:3] == ["JOIN", "353", "366"]
        seen = [message.command for message in await read_up_to(ends[1], "PONG")]
        assert seen == ["JOIN", "353", "366", "PONG"]
        assert [user.nick for user in e.server.world.channels["#a"].members] == ["n0", "n1"]


async def test_who_leaves_before_its_turn_does_not_join() -> None:
    """What awaits its turn ends with its client."""
    async with edge() as e:
        ann = e.connect()
        await ann.send(HELLO)
        await ann.until("422")
        async with all_turns(e.server):
            await ann.send(b"JOIN #a\r\n")
            await wait_all_tasks_blocked()
            (connection,) = e.server.connections
            connection.end("Killed")
            await ann.until("ERROR")
        await wait_all_tasks_blocked()
        assert "#a" not in e.server.world.channels


async def test_work_is_paid_for(autojump_clock: MockClock) -> None:
    """A command that looks at a thousand channels delays the client's next one, as so many lines
    do.
    """
    limits = LimitSettings(flood_burst=8, flood_rate=1, flood_exempt=())
    async with edge(Settings(limits=limits)) as e:
        fill(e.server, 1000)
        ann = e.connect()
        await ann.send(HELLO)
        await ann.until("422")
        await trio.sleep(60)
        start = trio.current_time()
        await ann.send(b"WHO *nobody*\r\nLIST *nothing*\r\nPING x\r\n")
        await ann.until("323")
        assert trio.current_time() == start
        await ann.until("PONG")
        assert trio.current_time() - start == pytest.approx(
            2 + 4 + 1 + (1002 - WORK_AT_ONCE) / WORK_PER_LINE - 8, abs=0.1
        )


async def test_answers_leave_others_their_room(nursery: trio.Nursery) -> None:
    """The limit of an outbox is about what others do; that is bounded still."""
    ends: list[str] = []
    ours, theirs = lockstep_stream_pair()
    outbox = Outbox(StreamTransport(theirs), nursery.start_soon, 20, ends.append)
    outbox.send(b"first\r\n", is_reply=True)
    outbox.send(b"answer" * 10 + b"\r\n", is_reply=True)
    outbox.send(b"by another\r\n")
    assert not ends
    outbox.send(b"by another\r\n")
    assert ends == ["Too slow: more than 20 bytes were waiting"]
    await ours.receive_some(1000)
    nursery.cancel_scope.cancel()


async def test_room_comes_back_as_answers_are_read(nursery: trio.Nursery) -> None:
    """What has been written counts for nothing any more, whatever it was."""
    ends: list[str] = []
    ours, theirs = lockstep_stream_pair()
    outbox = Outbox(StreamTransport(theirs), nursery.start_soon, 20, ends.append)
    for _ in range(3):
        for is_reply in (True, False, True):
            outbox.send(b"x" * 17 + b"\r\n", is_reply=is_reply)
        received = b""
        while outbox.queued:
            received += await ours.receive_some(1000)
            await wait_all_tasks_blocked()
        assert (len(received), outbox.queued, ends) == (57, 0, [])


@pytest.mark.parametrize("line", ["NICK x", "AWAY :gone", "SETNAME :Anna"])
def test_what_goes_to_all_channels_counts(crowd: Town, line: str) -> None:
    """For such a line all members of all channels are gone through."""
    ann = crowd.person("ann", "#all", caps="setname")
    bob = crowd.person("bob", "#alone", caps="setname")
    works = [
        handle_line(crowd.world, person.session, f"{line}{person.session.target}".encode()).work
        for person in (ann, bob)
    ]
    assert works == [(PEOPLE + 1) // 16, 0]
