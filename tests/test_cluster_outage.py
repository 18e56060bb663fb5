"""Answers to clients of a node whose engine is away: what they have asked for is not done, or it
may be done later; nobody waits without an answer.
"""

import pytest
import trio
from trio.testing import MockClock

from cluster_fakes import MemoryLog, NodeDatabase, NodeNetwork, cluster_node
from server_fakes import MemoryClient
from trio_chat.cluster.entries import Decided, Registered
from trio_chat.irc.message import Message

CAPS = "echo-message message-tags standard-replies draft/message-redaction"
LONG = 7.0
"""Seconds without the engine after which commands are refused."""
UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"


@pytest.fixture
def mock_clock() -> MockClock:
    """Return a clock that jumps when nothing else happens; all tests of this file have it."""
    return MockClock(autojump_threshold=0)


async def answer(client: MemoryClient, *commands: str) -> Message:
    """Return the next message with one of these commands."""
    with trio.fail_after(60):
        return (await client.until(*commands))[-1]


async def said(client: MemoryClient) -> str:
    """Have a client say something; return its msgid."""
    await client.say("PRIVMSG #a :oops")
    return (await answer(client, "PRIVMSG")).tags["msgid"]


async def carry_out_all(network: NodeNetwork) -> None:
    """Wait until everything that a node has submitted is carried out."""
    with trio.fail_after(60):
        while True:
            await trio.sleep(0.1)
            if not network.node.unfinished and not network.node.is_cut_off:
                break
    await trio.testing.wait_all_tasks_blocked()


async def test_a_decision_is_refused_while_the_engine_is_away(mock_clock: MockClock) -> None:
    """It is never carried out, as the answer has it."""
    log, database = MemoryLog(), NodeDatabase()
    async with cluster_node(log, database=database) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        msgid = await said(ann)
        log.is_away = True
        await trio.sleep(LONG)
        await ann.say(f"REDACT #a {msgid}")
        fail = await answer(ann, "FAIL", "REDACT")
        assert fail.params[:2] == ("REDACT", UNAVAILABLE)
        assert "may" not in fail.params[-1]
        log.is_away = False
        await carry_out_all(network)
        assert not any(isinstance(item, Decided) for item in log.items())
    assert [record.text for record in database.said] == ["oops"]


async def test_a_decision_of_which_nothing_is_known_may_be_carried_out(
    mock_clock: MockClock,
) -> None:
    """The answer comes all the same, and says so; once the engine is back it is, once."""
    log, database = MemoryLog(), NodeDatabase()
    async with cluster_node(log, database=database) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        msgid = await said(ann)
        log.is_away = True
        await ann.say(f"REDACT #a {msgid}")
        fail = await answer(ann, "FAIL", "REDACT")
        assert fail.params[:2] == ("REDACT", UNAVAILABLE)
        assert "may still be carried out" in fail.params[-1]
        log.is_away = False
        assert (await answer(ann, "REDACT")).params[:2] == ("#a", msgid)
        await carry_out_all(network)
    assert not database.said


async def test_a_decision_in_a_short_outage_is_answered_when_it_is_carried_out(
    mock_clock: MockClock,
) -> None:
    """A failover is no reason to refuse anything."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        msgid = await said(ann)
        log.is_away = True
        await ann.say(f"REDACT #a {msgid}", "PING x")
        await trio.sleep(3)
        log.is_away = False
        assert (await answer(ann, "FAIL", "REDACT")).command == "REDACT"


async def test_questions_are_answered_while_the_engine_is_away(mock_clock: MockClock) -> None:
    """The node knows the answers itself."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        log.is_away = True
        await trio.sleep(LONG)
        await ann.say("WHOIS ann")
        assert (await answer(ann, "FAIL", "318")).command == "318"


async def test_a_registration_is_refused_while_the_engine_is_away(mock_clock: MockClock) -> None:
    """The connection ends with the reason, and the log never has the registration."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = network.join()
        await ann.say("NICK ann")
        log.is_away = True
        await trio.sleep(LONG)
        await ann.say("USER ann 0 * :ann")
        assert "cannot agree on anything" in (await answer(ann, "ERROR")).params[0]
        await ann.stream.aclose()
        log.is_away = False
        await carry_out_all(network)
        assert not any(isinstance(item, Registered) for item in log.items())
        assert not network.server.connections


async def test_a_registration_of_which_nothing_is_known_ends(mock_clock: MockClock) -> None:
    """If it is carried out later, the session leaves at once, and the nickname is free."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        log.is_away = True
        ann = network.join()
        await ann.say("NICK ann", "USER ann 0 * :ann")
        begin = trio.current_time()
        assert "cannot agree on anything" in (await answer(ann, "ERROR")).params[0]
        assert trio.current_time() < begin + 10
        await ann.stream.aclose()
        log.is_away = False
        await carry_out_all(network)
        assert not network.server.world.users
        assert not network.server.connections
        await other.register("ann")


async def test_a_decision_of_a_life_that_is_over_is_not_confirmed(mock_clock: MockClock) -> None:
    """Nor one that a node waits for at its end: nobody knows whether it was carried out."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        msgid = await said(ann)
        log.gate = trio.Event()
        await ann.say(f"REDACT #a {msgid}")
        await trio.testing.wait_all_tasks_blocked()
        network.node._items.give_up()
        fail = await answer(ann, "FAIL", "REDACT")
        assert "may still be carried out" in fail.params[-1]
