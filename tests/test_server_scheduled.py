"""The timer of scheduled messages: when they are sent, after a restart, and in a cluster."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from cluster_town import ClusterTown
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Town
from test_server_state import make, restarted
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    MessageScheduled,
    ScheduledMessageCancelled,
    ScheduledMessageDue,
    ScheduledMessageMoved,
)
from trio_chat.chat.history import HistoryError
from trio_chat.chat.scheduled import KeptNotice, ScheduledMessage
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.cluster.decisions import decide
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.scheduled import ScheduledMessageTimer
from trio_chat.server.uncommitted import UncommittedState

ANN = 1


class Timing:
    """A world whose clock is that of Trio, ahead by some seconds, with its timer."""

    def __init__(self) -> None:
        accounts, self.history = OpenAccounts(), ListHistory()
        accounts.add("ann", "secret")
        self.town = Town(storage=StoragePorts(history=self.history, accounts=accounts))
        self.ahead = 0.0
        self.world = self.town.world
        self.world.clock = self.world.wall_clock = self.time
        uncommitted = UncommittedState(self.world)
        self.broadcaster = Broadcaster(100, 10, self.history, uncommitted)
        self.timer = ScheduledMessageTimer(self.world, self.broadcaster)

    def time(self) -> float:
        """Return the time."""
        return NOON + trio.current_time() + self.ahead

    def schedule(self, seconds: float, text: str = "hello") -> None:
        """Have a reminder of ann."""
        message = ScheduledMessage(0, 0, int(NOON + seconds), "", 0, text)
        apply(self.world, MessageScheduled(ANN, message))

    def said(self) -> list[str]:
        """Return what is in the history."""
        return [record.text for record in self.history.said]


@pytest.fixture
async def timing(nursery: trio.Nursery) -> Timing:
    """Return a world with its timer and its broadcaster running."""
    timing = Timing()
    nursery.start_soon(timing.broadcaster.run)
    nursery.start_soon(timing.timer.run)
    await wait_all_tasks_blocked()
    return timing


async def test_each_message_is_sent_in_its_time(timing: Timing, autojump_clock: MockClock) -> None:
    """One that is scheduled later and due earlier, too; those of a year wait."""
    timing.schedule(7200, "second")
    await wait_all_tasks_blocked()
    timing.schedule(3600, "first")
    timing.schedule(300 * 86_400, "third")
    await trio.sleep(3599)
    assert timing.said() == []
    await trio.sleep(2)
    assert timing.said() == ["Reminder: first"]
    await trio.sleep(3600)
    assert timing.said() == ["Reminder: first", "Reminder: second"]


async def test_a_cancelled_message_is_not_sent(timing: Timing, autojump_clock: MockClock) -> None:
    """Though the timer waits for it."""
    timing.schedule(60)
    [(_, message)] = timing.world.scheduled
    await trio.sleep(30)
    apply(timing.world, ScheduledMessageCancelled(ANN, message.id))
    await trio.sleep(60)
    assert timing.said() == []


async def test_a_clock_that_is_set_ahead_counts(timing: Timing, autojump_clock: MockClock) -> None:
    """The time of the message is one of the calendar."""
    timing.schedule(7200)
    await wait_all_tasks_blocked()
    timing.ahead = 7200.0
    await trio.sleep(31)
    assert timing.said() == ["Reminder: hello"]


async def test_what_cannot_be_stored_is_sent_later(
    timing: Timing, autojump_clock: MockClock
) -> None:
    """It still waits, and is sent once."""
    timing.history.error = HistoryError("disk full")
    timing.schedule(60)
    await trio.sleep(100)
    assert timing.said() == []
    assert [message.text for _, message in timing.world.scheduled] == ["hello"]
    timing.history.error = None
    await trio.sleep(30)
    assert timing.said() == ["Reminder: hello"]


async def test_a_notice_that_could_not_be_stored_is_kept_once(
    timing: Timing, autojump_clock: MockClock
) -> None:
    """That of the delivery which was."""
    timing.history.error = HistoryError("disk full")
    timing.schedule(60)
    await trio.sleep(100)
    assert timing.world.scheduled.notices(ANN) == []
    timing.history.error = None
    await trio.sleep(30)
    [notice] = timing.world.scheduled.notices(ANN)
    assert notice.text == "Reminder: hello"


async def test_a_message_that_is_moved_ahead_is_sent_then(
    timing: Timing, autojump_clock: MockClock
) -> None:
    """Though the timer waits for a later moment."""
    timing.schedule(7200)
    await wait_all_tasks_blocked()
    [(_, message)] = timing.world.scheduled
    apply(timing.world, ScheduledMessageMoved(ANN, message.id, int(NOON) + 60))
    await trio.sleep(61)
    assert timing.said() == ["Reminder: hello"]


async def test_nothing_is_lost_by_a_restart() -> None:
    """Neither what waits to be sent nor what waits for its owner."""
    town = make()
    due = ScheduledMessage(0, 0, int(NOON) + 60, "#a", 5, "hello", "ann", "host")
    apply(town.world, MessageScheduled(ANN, due))
    town.world.scheduled.keep_notice(ANN, KeptNotice(7, "Reminder: tea"))
    after = await restarted(town)
    assert after.world.scheduled.to_state(ANN) == town.world.scheduled.to_state(ANN)
    [(_, message)] = after.world.scheduled
    apply(town.world, ScheduledMessageCancelled(ANN, message.id))
    town.world.scheduled.forget_notices(ANN, 7)
    assert not list((await restarted(town)).world.scheduled)


async def test_a_message_to_the_lobby_is_sent_after_a_restart() -> None:
    """The lobby has another number then, although it is the same channel."""
    town, after = make(lobby="#lobby"), make(lobby="#lobby")
    after.world.channels["#lobby"].founded += 1
    ann = town.person("annie", "#lobby")
    ann.say("NS IDENTIFY Ann Ann-password", "NS AT 20m #lobby hello", "QUIT")
    await restarted(town, after)
    bob = after.person("bob", "#lobby")
    bob.read()
    [(account, message)] = after.world.scheduled
    due = apply(after.world, ScheduledMessageDue(account, message.id, message.due))
    assert [event.params for event in due] == [("#lobby", "hello")]


@pytest.mark.parametrize("present", [True, False], ids=["present", "absent"])
def test_two_nodes_that_notice_it_send_one_message(*, present: bool) -> None:
    """The log has their changes one after the other; all nodes store and deliver the first."""
    town = ClusterTown()
    bob = town.there.person("bob", "JOIN #a")
    ann = town.here.person("ann-", "NS IDENTIFY acc1 secret", "JOIN #a")
    assert "1. Will be sent" in ann.say("NS AT 20m #a hello")[0].params[1]
    if not present:
        ann.leave()
    bob.read()
    for node in town.nodes:
        [(account, message)] = node.world.scheduled
        due = ScheduledMessageDue(account, message.id, message.due)
        node.submit(decide(node.world, due))
    town.carry_out()
    assert [each.params for each in bob.read()] == [("#a", "hello")]
    assert [[each.text for each in node.history.said] for node in town.nodes] == [["hello"]] * 2
    assert not any(list(node.world.scheduled) for node in town.nodes)
    town.check()
