"""A node of a cluster with clients over memory streams, on a log that fails in every way."""

from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from cluster_fakes import MemoryLog, NodeDatabase, NodeNetwork, cluster_node
from server_fakes import MemoryClient
from support import NOON
from trio_chat.chat.changes import ChannelDropped, OperatorDismissed, RankSet
from trio_chat.chat.persistence import ChangeSet, DirtyKey, PendingSetting
from trio_chat.chat.response import Unsettled
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import RULES_VERSION
from trio_chat.cluster.codec import encode
from trio_chat.cluster.entries import (
    Begun,
    Check,
    Decided,
    Ended,
    Entry,
    Item,
    Lost,
    Raised,
    Registered,
    Stopped,
)
from trio_chat.cluster.lives import SILENCE
from trio_chat.config import LimitSettings, Settings, StorageSettings
from trio_chat.irc.message import Message
from trio_chat.server.app import Server
from trio_chat.server.cluster import own_items
from trio_chat.server.cluster import setup as cluster_setup
from trio_chat.server.cluster.log import START, LogBroken
from trio_chat.server.listeners import AcceptedBatch

CAPS = "echo-message standard-replies"


@pytest.fixture
def mock_clock() -> MockClock:
    """Return a clock that jumps when nothing else happens; all tests of this file have it."""
    return MockClock(autojump_threshold=0)


async def until(client: MemoryClient, text: str) -> list[Message]:
    """Return what came up to the first message with this last parameter."""
    found: list[Message] = []
    with trio.fail_after(60):
        while not found or found[-1].params[-1:] != (text,):
            found += await client.until("PRIVMSG", "FAIL", "PONG", "ERROR")
    return found


def texts(messages: list[Message]) -> list[str]:
    """Return the texts of the messages that users have sent."""
    return [each.params[-1] for each in messages if each.command == "PRIVMSG"]


async def test_a_line_waits_for_the_one_before(mock_clock: MockClock) -> None:
    """Also one that only the node of the client carries out, so that a client reads its writes."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        log.gate = trio.Event()
        await ann.say("PRIVMSG #a :one", "PING x", "PRIVMSG #a :two")
        await trio.testing.wait_all_tasks_blocked()
        assert not ann.buffer
        log.gate.set()
        found = await until(ann, "two")
        assert [each.command for each in found] == ["PRIVMSG", "PONG", "PRIVMSG"]


async def test_lost_replies_double_nothing(mock_clock: MockClock) -> None:
    """What was appended is appended again, and carried out once."""
    log = MemoryLog()
    database = NodeDatabase()
    async with cluster_node(log, database=database) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        for number in range(5):
            log.replies_lost = 2
            await ann.say(f"PRIVMSG #a :{number}")
            assert texts(await until(ann, f"{number}")) == [f"{number}"]
        await ann.say("PING end")
        assert not texts(await until(ann, "end"))
    assert [record.text for record in database.said] == [f"{number}" for number in range(5)]


async def test_repeated_entries_double_nothing(mock_clock: MockClock) -> None:
    """An entry that is in the log several times counts once."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        ann = await network.register("ann", "#a", caps=CAPS)
        bob = await other.register("bob", "#a")
        log.repeated = 3
        await ann.say("PRIVMSG #a :once", "PRIVMSG #a :then")
        assert texts(await until(bob, "then")) == ["once", "then"]


async def test_commands_wait_for_an_engine_that_is_away_for_a_moment(
    mock_clock: MockClock,
) -> None:
    """They are carried out in their order, once it is back."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        log.is_away = True
        await ann.say("PRIVMSG #a :one", "PRIVMSG #a :two")
        await trio.sleep(4)
        assert network.node.is_cut_off
        log.is_away = False
        assert texts(await until(ann, "two")) == ["one", "two"]
        assert not network.node.is_cut_off


async def test_commands_are_refused_while_the_engine_is_away(mock_clock: MockClock) -> None:
    """After five seconds, with a standard reply; what the node knows itself is still answered."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        bob = await network.register("bob", caps=CAPS)
        log.is_away = True
        await ann.say("PRIVMSG #a :waits")
        await trio.sleep(6)
        await bob.say("PRIVMSG #a :refused", "PING x")
        fail, pong = await bob.until("PONG")
        assert fail.params[:2] == ("PRIVMSG", "TEMPORARILY_UNAVAILABLE")
        assert pong.command == "PONG"
        log.is_away = False
        assert texts(await until(ann, "waits")) == ["waits"]
        await bob.say("PRIVMSG ann :again")
        assert texts(await until(ann, "again")) == ["again"]


async def test_commands_are_refused_when_too_many_wait(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue of a node is bounded."""
    monkeypatch.setattr("trio_chat.cluster.appender.MOST_WAITING", 3)
    log = MemoryLog()
    async with cluster_node(log) as network:
        clients = [await network.register(f"c{number}", caps=CAPS) for number in range(5)]
        log.is_away = True
        await trio.sleep(1)
        for client in clients:
            await client.say("PRIVMSG c0 :x")
            await trio.testing.wait_all_tasks_blocked()
        [fail] = await clients[4].until("FAIL")
        assert fail.params[1] == "TEMPORARILY_UNAVAILABLE"
        log.is_away = False
        assert await until(clients[0], "x")


async def test_a_connection_that_breaks_while_it_registers(mock_clock: MockClock) -> None:
    """Nothing of it is left, on no node, and its nickname is free."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        log.gate = trio.Event()
        ann = network.join()
        await ann.say("NICK ann", "USER ann 0 * :ann")
        await trio.testing.wait_all_tasks_blocked()
        await ann.stream.aclose()
        await trio.testing.wait_all_tasks_blocked()
        log.gate.set()
        await settle(network, other)
        await other.register("ann")
        await settle(network, other)
        assert list(network.server.world.users) == list(other.server.world.users)
        assert not network.server.world.unregistered
        assert not network.server.connections
        assert network.node.machine.digest() == other.node.machine.digest()


async def test_a_client_whose_nickname_is_taken_meanwhile_goes_on(mock_clock: MockClock) -> None:
    """It is asked for another one, as if it had been taken before."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        log.gate = trio.Event()
        first, second = network.join(), other.join()
        for client in (first, second):
            await client.say("NICK ann", "USER ann 0 * :ann")
            await trio.testing.wait_all_tasks_blocked()
        log.gate.set()
        await first.until("422")
        await second.until("433")
        await second.say("NICK bob")
        await second.until("422")
        assert len(network.server.world.users) == 2


async def test_a_node_that_is_given_up_begins_anew(mock_clock: MockClock) -> None:
    """Its clients are ended, and its entries of before count no longer; new clients are served."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        ann = await network.register("ann", "#a", caps=CAPS)
        waiting = network.join()
        bob = await other.register("bob", "#a", caps=CAPS)
        await give_up(log, "n1")
        assert (await bob.until("QUIT"))[-1].source.startswith("ann!")
        assert (await ann.until("ERROR"))[-1].command == "ERROR"
        assert await waiting.rest()
        again = await network.register("ann", "#a", caps=CAPS)
        await again.say("PRIVMSG #a :back")
        assert texts(await until(bob, "back")) == ["back"]


async def test_a_client_that_connects_before_the_next_life_begins(mock_clock: MockClock) -> None:
    """It has to connect again, because its session would have a number of the former life."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        await give_up(log, "n1", is_heard_again=False)
        await trio.testing.wait_all_tasks_blocked()
        ann = network.join()
        await ann.say("NICK ann", "USER ann 0 * :ann")
        await ann.until("ERROR")
        log.hear_again()
        await trio.sleep(2)
        await settle(network, other)
        assert not other.server.world.users
        assert not network.server.world.users
        await network.register("ann")


async def test_what_waits_is_woken_when_a_node_is_given_up(mock_clock: MockClock) -> None:
    """A command that waits for a decision does not wait for ever for a life that is over."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2"):
        ann = await network.register("ann")
        log.silenced.add("n1")
        await ann.say("AWAY :x")
        await trio.testing.wait_all_tasks_blocked()

        async def wait() -> None:
            with pytest.raises(Unsettled):
                await network.server.world.settle()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await give_up(log, "n1")
            nursery.cancel_scope.deadline = trio.current_time() + 30
        assert not nursery.cancel_scope.cancelled_caught


async def test_a_node_can_stop_when_it_is_given_up(mock_clock: MockClock) -> None:
    """It has nothing to say to the others then."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2"):
        log.silenced.add("n1")
        with trio.move_on_after(30) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(network.node.stop)
                await give_up(log, "n1")
        assert not scope.cancelled_caught


async def test_a_node_that_is_lost_twice_is_given_up_twice(mock_clock: MockClock) -> None:
    """Also by a node that has begun another life since."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        log.put(encode(Entry("n3", 1, 1, (Begun(""),))))
        await trio.sleep(SILENCE + 2)
        assert Lost("n3", 1) in log.items()
        log.put(encode(Entry("n3", 2, 1, (Begun(""),))))
        await trio.sleep(SILENCE + 2)
        life = network.node.machine.lives.of("n3")
        assert life is not None
        assert life.epoch == 2
        assert life.is_over


async def test_a_loss_that_was_not_carried_out_is_said_again(mock_clock: MockClock) -> None:
    """A node that begins another life says again which other nodes are lost."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        log.put(encode(Entry("n3", 1, 1, (Begun(""),))))
        log.put(encode(Entry("n4", 1, 1, (Begun(""),))))
        log.silenced.add("n1")
        [*_, last] = log.entries("n1")
        for number in range(2, 12):
            await trio.sleep(1)
            log.put(encode(Entry("n4", 1, number, ())))
        # It knows of the loss, and cannot say so. The other one says that this one is lost.
        log.put(encode(Entry("n4", 1, 12, (Lost("n1", last.epoch),))))
        await trio.sleep(1)
        log.hear_again()
        await trio.sleep(2)
        life = network.node.machine.lives.of("n3")
        assert life is not None
        assert life.is_over


async def test_a_stopped_node_is_over_for_all(mock_clock: MockClock) -> None:
    """`stop` returns when it has read that itself, and the users have left."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        await network.register("ann", "#a")
        bob = await other.register("bob", "#a")
        await network.node.stop()
        assert Stopped() in log.items()
        assert (await bob.until("QUIT"))[-1].source.startswith("ann!")
        await trio.testing.wait_all_tasks_blocked()
        assert not network.failures


async def test_a_stopped_node_serves_again(mock_clock: MockClock) -> None:
    """Its snapshot is not later than what it has stored, although its end stores nothing else."""
    log, database = MemoryLog(), NodeDatabase()
    async with cluster_node(log, database=database) as network:
        ann = await network.register("ann")
        await ann.say("QUIT")
        await trio.testing.wait_all_tasks_blocked()
        await network.node.stop()
        await trio.testing.wait_all_tasks_blocked()
        await network.node.aclose()
    assert database.state is not None
    assert database.state.position == database.state.taken
    async with cluster_node(log, database=database) as network:
        await network.register("bob")


async def test_a_crash_stores_nothing_twice(mock_clock: MockClock) -> None:
    """The node carries out again what was since its snapshot, and stores what it had not."""
    log, database = MemoryLog(), NodeDatabase()
    async with cluster_node(log, "n2") as other:
        async with cluster_node(log, database=database) as network:
            ann = await network.register("ann", "#a", caps=CAPS)
            await ann.say("PRIVMSG #a :one", "PRIVMSG #a :two")
            await until(ann, "two")
        bob = await other.register("bob", "#a", caps=CAPS)
        await bob.say("PRIVMSG #a :three")
        await until(bob, "three")
        async with cluster_node(log, database=database) as network:
            assert [record.text for record in database.said] == ["one", "two", "three"]
            await settle(network, other)
            assert network.node.machine.digest() == other.node.machine.digest()


async def test_nobody_is_served_before_the_log_was_read(mock_clock: MockClock) -> None:
    """A node has caught up when it reads the begin of its life."""
    log = MemoryLog()
    async with cluster_node(log, "n2") as other:
        await other.register("bob", "#a")
        log.gate = trio.Event()
        async with cluster_node(log, is_begun=False) as network:
            with trio.move_on_after(3) as scope:
                await network.node.wait_begun()
            assert scope.cancelled_caught
            log.gate.set()
            await network.node.wait_begun()
            assert "bob" in network.server.world.users


async def test_a_second_node_of_the_same_name_ends_the_first(mock_clock: MockClock) -> None:
    """With a sentence that says why."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        log.put(encode(Entry("n1", 2**62, 1, (Begun(""),))))
        await trio.sleep(1)
        [error] = network.failures
        assert isinstance(error, LogBroken)
        assert "the name n1" in str(error)


async def test_a_bad_entry_ends_a_node(mock_clock: MockClock) -> None:
    """It cannot know what the others did there."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        log.put(b"what")
        await trio.sleep(1)
        [error] = network.failures
        assert isinstance(error, LogBroken)


async def test_a_long_answer_is_complete(mock_clock: MockClock) -> None:
    """The parts that a connection would fetch later are there."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        clients = [await network.register(f"c{number}", "#a") for number in range(220)]
        ann = await network.register("ann", "#a")
        await ann.say("NAMES #a", "PING end")
        found = await ann.until("PONG")
        names = [
            name for each in found if each.command == "353" for name in each.params[-1].split()
        ]
        assert len(names) == len(clients) + 1


async def test_a_join_is_followed_by_its_playback(mock_clock: MockClock) -> None:
    """What the history has comes before the answer to the next line."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        await network.register("bob", "#a")
        await ann.say("PRIVMSG #a :before")
        await until(ann, "before")
        eve = await network.register("eve", caps="batch chathistory draft/chathistory")
        await eve.say("JOIN #a", "CHATHISTORY LATEST #a * 10", "PING end")
        assert "before" in texts(await until(eve, "end"))


async def test_flooding_is_slowed_down(mock_clock: MockClock) -> None:
    """The limit of a client holds before its lines are appended."""
    log = MemoryLog()
    limits = LimitSettings(flood_burst=5, flood_rate=2, flood_exempt=())
    async with cluster_node(log, limits=limits) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        begin = trio.current_time()
        await ann.say(*[f"PRIVMSG #a :{number}" for number in range(20)])
        await until(ann, "19")
        assert trio.current_time() - begin > 5


async def test_no_client_times_out_because_of_the_engine(mock_clock: MockClock) -> None:
    """A client whose line waits cannot answer PING, and that is not its fault."""
    log = MemoryLog()
    limits = LimitSettings(ping_interval=5, ping_timeout=5)
    async with cluster_node(log, limits=limits) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        log.is_away = True
        await ann.say("PRIVMSG #a :patience", "PONG x")
        await trio.sleep(60)
        log.is_away = False
        assert texts(await until(ann, "patience")) == ["patience"]


async def test_a_client_that_leaves_while_the_engine_is_away(mock_clock: MockClock) -> None:
    """The others see that when it is back; the node does not keep the connection until then."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a")
        bob = await network.register("bob", "#a")
        log.is_away = True
        await trio.sleep(10)
        await ann.stream.aclose()
        await trio.sleep(10)
        assert len(network.server.connections) == 1
        log.is_away = False
        with trio.fail_after(30):
            assert (await bob.until("QUIT"))[-1].source.startswith("ann!")
        assert sum(isinstance(item, Ended) for item in log.items()) == 1


async def settle(*networks: NodeNetwork) -> None:
    """Wait until all nodes have carried out the same entries."""
    with trio.fail_after(60):
        while True:
            await trio.testing.wait_all_tasks_blocked()
            if len({network.node.position for network in networks}) == 1:
                return
            await trio.sleep(0.01)


async def give_up(log: MemoryLog, name: str, *, is_heard_again: bool = True) -> None:
    """Keep a node from appending until the others have given it up; it still reads."""
    log.silenced.add(name)
    [*_, last] = log.entries(name)
    with trio.fail_after(60):
        while True:
            await trio.sleep(1)
            if Lost(name, last.epoch) in log.items():
                break
    if is_heard_again:
        log.hear_again()


async def test_the_oldest_node_raises_the_version_once_all_support_it(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    """Nodes start again with a later release, one after the other."""
    log = MemoryLog()
    async with cluster_node(log, "n1"):
        assert not [item for item in log.items() if isinstance(item, Raised)]
    for entry in log.entries("n1")[:1]:
        assert entry.items == (Begun("", 1),)
    monkeypatch.setattr(own_items, "RULES_VERSION", 2)
    monkeypatch.setattr(cluster_setup, "RULES_VERSION", 2)
    async with cluster_node(log, "n1"):
        await trio.sleep(5)
    assert [item for item in log.items() if isinstance(item, Raised)] == [Raised(2)]
    monkeypatch.setattr(own_items, "RULES_VERSION", 1)
    monkeypatch.setattr(cluster_setup, "RULES_VERSION", 1)
    async with cluster_node(log, "n2", is_begun=False) as earlier:
        await trio.sleep(5)
    assert "update trio-chat on this node" in str(earlier.failures[0])


@pytest.mark.parametrize(
    "lines",
    [
        ("CAP REQ :-draft/multiline", "@batch=1 PRIVMSG #a :x"),
        (
            "BATCH +2 draft/multiline #a",
            "BATCH +3 draft/multiline #a",
            "@batch=3 PRIVMSG #a :x",
            "BATCH -3",
        ),
        ("BATCH -2", "BATCH +2 draft/multiline #a", "@batch=2 PRIVMSG #a :x", "BATCH -2"),
    ],
    ids=["without the capability", "two others", "another reference"],
)
async def test_an_open_batch_for_a_service_changes_nothing_on_one_node_alone(
    mock_clock: MockClock, lines: tuple[str, ...]
) -> None:
    """Whatever its client sends then, all nodes carry it out, or none."""
    log = MemoryLog()
    async with cluster_node(log) as network, cluster_node(log, "n2") as other:
        ann = await network.register("ann", "#a", caps=f"{CAPS} batch message-tags draft/multiline")
        cid = await network.register("cid", "#a")
        bob = await other.register("bob", "#a")
        await ann.say("BATCH +1 draft/multiline NickServ", *lines, "PRIVMSG #a :end")
        assert texts(await until(cid, "end")) == texts(await until(bob, "end"))
        assert network.node.machine.to_state() == other.node.machine.to_state()


async def test_a_batch_for_a_service_stays_open_while_its_client_does_something_else(
    mock_clock: MockClock,
) -> None:
    """A line without the tag of the batch is carried out as usual."""
    log = MemoryLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", caps=f"{CAPS} batch message-tags draft/multiline")
        await ann.say("BATCH +1 draft/multiline NickServ", "JOIN #a")
        await ann.until("JOIN")
        await ann.say("@batch=1 PRIVMSG NickServ :HELP", "BATCH -1", "PING end")
        assert "FAIL" not in [each.command for each in await ann.until("FAIL", "PONG")]


class SilentListener(trio.abc.Listener[AcceptedBatch]):
    """A listener that nobody connects to."""

    async def accept(self) -> AcceptedBatch:
        """Wait for ever."""
        await trio.sleep_forever()
        raise AssertionError

    async def aclose(self) -> None:
        """Close nothing."""
        await trio.lowlevel.checkpoint()


async def test_a_server_stops_that_waits_for_its_engine(mock_clock: MockClock) -> None:
    """Also before its node has begun: the first signal is enough."""
    log = MemoryLog()
    log.is_away = True
    database = NodeDatabase()
    memory = StoragePorts(history=database, cluster=database)
    setup = cluster_setup.ClusterSetup("n1", "", log, memory, database.state)
    settings = Settings(storage=StorageSettings(file=None))  # nothing that takes threads
    server = Server(settings, lambda: NOON, setup.memory, cluster=setup)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, [SilentListener()])
            await trio.sleep(3)
            server.stop()


class KeepingDatabase(NodeDatabase):
    """A database that notes when it has a snapshot for a check."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = trio.Event()

    async def keep(self, taken: str, snapshot: dict[str, Any]) -> int:
        """Store a snapshot; see `ClusterTable.keep`."""
        size = await super().keep(taken, snapshot)
        if taken != START:
            self.kept.set()
        return size


async def test_a_snapshot_has_what_was_carried_out_up_to_its_check(mock_clock: MockClock) -> None:
    """Entries that were read together with the check are carried out after the snapshot."""
    log, database = MemoryLog(), KeepingDatabase()
    async with cluster_node(log, database=database) as network:
        ann = await network.register("ann", "#a")
        log.gate = trio.Event()
        log.put(encode(Entry("n2", 1, 1, (Begun("", RULES_VERSION),))))
        log.put(encode(Entry("n2", 1, 2, (Check(),))))
        checked = log.stored[-1].position
        await ann.say("TOPIC #a :later")
        await trio.testing.wait_all_tasks_blocked()
        log.gate.set()
        assert (await ann.until("TOPIC"))[-1].params == ("#a", "later")
        await database.kept.wait()
        assert database.state is not None
        assert database.state.taken == checked
        [channel] = [
            each for each in database.state.snapshot["world"]["channels"] if each["name"] == "#a"
        ]
        assert channel["topic"] is None


class WatchedStore:
    """A store of state that notes what is stored apart from the log."""

    def __init__(self) -> None:
        self.used: list[object] = []

    async def load(self) -> ChangeSet:
        """Return nothing."""
        return ChangeSet()

    async def pending(self) -> list[PendingSetting]:
        """Return nothing, and note it: no command changes the database of a node."""
        self.used.append("pending")
        return []

    async def settle(self, last: PendingSetting) -> None:
        """Note what is settled."""
        self.used.append(last)

    async def save(self, changes: ChangeSet) -> None:
        """Note what is stored."""
        self.used.append(changes)


async def test_a_node_stores_state_with_a_position_only(mock_clock: MockClock) -> None:
    """Neither while it runs nor at its end is state stored apart: what a start carries out once
    more is older than what is stored.
    """
    log, store, database = MemoryLog(), WatchedStore(), NodeDatabase()
    memory = StoragePorts(history=database, cluster=database, store=store)
    setup = cluster_setup.ClusterSetup("n1", "", log, memory, database.state)
    settings = Settings(storage=StorageSettings(file=None))
    server = Server(settings, lambda: NOON, setup.memory, cluster=setup)
    log.is_away = True  # so that the broadcaster commits nothing
    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, [SilentListener()])
            await trio.sleep(1)
            server.world.dirty.mark([DirtyKey.marker(1, "#a")])
            await trio.sleep(30)
            server.stop()
    assert server.world.dirty.markers
    assert store.used == []


async def test_a_server_alone_stores_state_soon_and_at_its_end(mock_clock: MockClock) -> None:
    """The store of the test above would note it."""
    store = WatchedStore()
    memory = StoragePorts(history=NodeDatabase(), store=store)
    settings = Settings(storage=StorageSettings(file=None))
    server = Server(settings, lambda: NOON, memory)
    key = DirtyKey.marker(1, "#a")
    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, [SilentListener()])
            await trio.sleep(1)
            server.world.dirty.mark([key])
            await trio.sleep(30)
            soon = [each for each in store.used if isinstance(each, ChangeSet)]
            server.world.dirty.mark([key])
            server.stop()
    assert len(soon) == 1
    assert store.used[-1] == soon[0]
    assert "pending" in store.used


GARBAGE = [
    b"",
    b"garbage",
    b"\x91" * 100_000,
    encode(Entry("n2", 1, 1, (Begun(""),)))[:-1],
    encode(Entry("n2", 1, 1, (Begun(""),))) + b"\x00",
    msgspec.msgpack.encode(("n2", 1, 1, [[99, 1]])),
    msgspec.msgpack.encode(("n2", 1, 1, [[2, 1, 0, [b"PING"], "added"]])),
    msgspec.msgpack.encode(("n2", 1, 1, [[4, "AddedLater", {}, []]])),
    msgspec.msgpack.encode(("n2", 1, 1, [[4, "PasswordSet", {"account": "x"}, []]])),
    msgspec.msgpack.encode(("n2", 1, 1, [[4, ["PasswordSet"], {}, []]])),
    msgspec.msgpack.encode(("n2", 1, 1, [[]])),
    msgspec.msgpack.encode(("n2", 1, 1, [[-1, 1, "x"]])),
]
CANNOT_BE = [
    Decided(ChannelDropped("#never")),
    Decided(RankSet("#never", "nobody", "o", adding=True)),
    Decided(OperatorDismissed("nobody")),
    Registered(7, 0, "", "", "", "x", "x", "x", "", True, 0.0, 99, "", ()),
]
"""Items that no node appends."""


@pytest.mark.parametrize("data", GARBAGE)
async def test_garbage_in_the_log_stops_a_node_with_a_sentence(
    mock_clock: MockClock, data: bytes
) -> None:
    """It is neither skipped, nor carried out in part; what follows it is not carried out."""
    log, database = MemoryLog(), NodeDatabase()
    async with cluster_node(log, database=database) as network:
        ann = await network.register("ann", "#a", caps=CAPS)
        log.put(data)
        position = str(len(log.stored))
        await ann.say("PRIVMSG #a :after")
        await trio.sleep(5)
        [failure] = network.failures
        assert isinstance(failure, LogBroken)
        assert f"the entry {position} of the log" in str(failure)
        assert "Traceback" not in str(failure)
    assert database.state is not None
    assert int(database.state.position) < int(position)
    assert database.said == []


@pytest.mark.parametrize("item", CANNOT_BE, ids=repr)
async def test_an_entry_that_cannot_be_carried_out_stops_a_node_with_a_sentence(
    mock_clock: MockClock, item: Item
) -> None:
    """Or changes nothing, on all nodes alike, if its subject is gone."""
    log, database = MemoryLog(), NodeDatabase()
    async with cluster_node(log, database=database) as network, cluster_node(log, "n2") as other:
        ann = await network.register("ann", "#a", caps=CAPS)
        life = other.node.machine.lives.of("n2")
        assert life is not None
        await trio.sleep(1)
        log.silenced.add("n2")
        await trio.sleep(1)
        log.put(encode(Entry("n2", life.epoch, life.sequence + 1, (item,))))
        await ann.say("PRIVMSG #a :after")
        await trio.sleep(3)
        assert bool(network.failures) is bool(other.failures)
        assert all("cannot be carried out" in str(each) for each in network.failures)
        assert bool(database.said) is not bool(network.failures)
