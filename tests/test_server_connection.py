"""Connections: a client's lines from the first to the last, over memory streams."""

import gc
import logging

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from edge import edge, read_up_to
from server_fakes import SlowHistory, memory_network
from support import living
from trio_chat.chat.registry import COMMANDS, Request
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings, ServerSettings
from trio_chat.irc.message import Message
from trio_chat.server.connection import Connection


@pytest.mark.parametrize("is_shutdown", [False, True])
async def test_a_slow_database_keeps_no_reason_back(
    autojump_clock: MockClock, is_shutdown: bool
) -> None:
    """A client that leaves gets ERROR with the reason before its messages are committed."""
    async with edge(memory=StoragePorts(history=SlowHistory())) as here:
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


async def test_two_people_talk() -> None:
    """From the first line to the last, over streams that always need the writer task."""
    async with memory_network() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        await ann.until("JOIN")
        await ann.say("PRIVMSG #a :привет 😀")
        assert (await bob.until("PRIVMSG"))[-1].params == ("#a", "привет 😀")


@pytest.mark.parametrize(
    "pieces", [(b"\xef\xbb\xbfNICK ann\r\n",), (b"\xef\xbb\xbf", b"NICK ann\r\n")]
)
async def test_a_byte_order_mark_before_the_first_line_is_no_part_of_it(
    pieces: tuple[bytes, ...],
) -> None:
    """Programs that write text with the classes of .NET send one, in a piece of its own."""
    async with edge() as here:
        ann = here.connect()
        for piece in pieces:
            await ann.send(piece)
            await wait_all_tasks_blocked()
        await ann.send(b"USER ann 0 * :Ann\r\n")
        assert (await read_up_to(ann, "422", "451"))[-1].command == "422"


async def test_an_echo_comes_before_the_pong() -> None:
    """A client's own order holds: what it said first is answered first, also when one answer goes
    through the queue.
    """
    async with memory_network() as h:
        ann = await h.register("ann", "#a", caps="echo-message")
        await ann.say("PRIVMSG #a :one", "PING x", "PRIVMSG #a :two", "PING y")
        messages = await ann.until("PONG") + await ann.until("PONG")
        assert [message.command for message in messages] == ["PRIVMSG", "PONG", "PRIVMSG", "PONG"]


async def test_a_burst_is_carried_out_whole_and_in_order() -> None:
    """More lines than are done in one turn, all received at once: none is lost, none overtakes
    another.
    """
    async with memory_network() as h:
        ann = await h.register("ann")
        await ann.say(*(f"PING {number}" for number in range(300)))
        assert [(await ann.until("PONG"))[-1].params[1] for _ in range(300)] == [
            str(number) for number in range(300)
        ]


async def test_what_others_wait_for_is_done_without_the_client(autojump_clock: MockClock) -> None:
    """Whoever renames a channel may be gone before all its members have been shown the new one."""
    async with memory_network() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        turns = h.server.turns
        taken = turns.value
        for _ in range(taken):
            turns.acquire_nowait()
        await ann.say("RENAME #a #b")
        while (await bob.until("JOIN"))[-1].params != ("#b",):
            pass
        (connection,) = (one for one in h.server.connections if one.session.target == "ann")
        connection.end("Killed")
        await ann.rest()
        await bob.until("QUIT")
        for _ in range(taken):
            turns.release()
        with trio.fail_after(5):
            *_, names, _ = await bob.until("366")
        assert names.params[2:] == ("#b", "bob")


async def test_who_is_ended_says_nothing_more() -> None:
    """Lines that came in the moment in which somebody else ended the client are not carried out."""
    async with memory_network() as h:
        ann = await h.register("ann", "#a")
        bob = await h.register("bob", "#a")
        await ann.until("JOIN")
        (connection,) = (one for one in h.server.connections if one.session.target == "bob")
        await bob.say("PRIVMSG #a :one line", "PRIVMSG #a :and another")
        connection.end("Killed")
        assert [message.command for message in await ann.until("QUIT")] == ["QUIT"]


async def test_quit_is_answered_and_the_connection_closed() -> None:
    """Modern IRC, QUIT: ERROR, then the end; it sees itself leave before, and so do the others."""
    async with memory_network() as h:
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
    async with memory_network() as h:
        await h.register("ann", "#a")
        bob = await h.register("bob", "#a", caps="echo-message")
        gc.disable()
        try:
            before = living(Connection)
            await bob.say("PRIVMSG #a :hello", "QUIT")
            await bob.rest()
            await bob.stream.aclose()
            await wait_all_tasks_blocked()
            assert living(Connection) == before - 1
        finally:
            gc.enable()


async def test_a_connection_that_breaks_is_seen_by_the_others() -> None:
    """No farewell is needed to be gone."""
    async with memory_network() as h:
        ann, bob = await h.register("ann", "#a"), await h.register("bob", "#a")
        await bob.stream.aclose()
        assert (await ann.until("QUIT"))[-1].params[0] in {"Connection reset", "Connection closed"}


async def test_a_pong_does_not_wait_for_what_others_say() -> None:
    """The database may be locked for long: the others still see that the server is there, and only
    who said something waits.
    """
    history = SlowHistory()
    history.gate.set()
    async with memory_network(history=history) as h:
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


async def test_an_address_that_starts_with_a_colon() -> None:
    """As a parameter it would be read as the last one of its line."""
    async with memory_network(server_settings=ServerSettings(cloak=False)) as h:
        ann = await h.register("ann", host="::1")
        await ann.say("USERHOST ann")
        assert (await ann.until("302"))[-1].params[-1] == "ann=+ann@0::1"
        await ann.say("WHOIS ann")
        assert (await ann.until("338"))[-1].params[3] == "0::1"


async def test_a_full_server_says_so() -> None:
    """A bound on connections, and a sentence."""
    async with memory_network(LimitSettings(clients=1)) as h:
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
    async with memory_network() as h:
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
    async with memory_network(LimitSettings(outbox_bytes=20_000)) as h:
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
