"""What a node says about entries that its log has lost: how many, and from when to when."""

import re

import pytest
import trio
from trio.testing import MockClock

from cluster_fakes import MemoryLog, cluster_node
from server_fakes import MemoryClient
from trio_chat.cluster.entries import Begun, Entry, Said
from trio_chat.irc.plurals import counted
from trio_chat.server.cluster.log import START, LogBroken, LogUnavailable, Stored
from trio_chat.server.cluster.recent_entries import RecentEntries


@pytest.fixture
def mock_clock() -> MockClock:
    """Return a clock that jumps when nothing else happens; all tests of this file have it."""
    return MockClock(autojump_threshold=0)


class ForkedLog(MemoryLog):
    """A log that has lost its end, or that also fails to say so.

    Attributes:
        common: how many of its first entries it still has; None for all.
    """

    common: int | None = None
    is_gone = False

    async def read(self, after: str) -> list[Stored]:
        """Return what follows a position, if that is still there."""
        if self.is_gone and trio.current_time() > 1:
            raise LogUnavailable("it is gone")
        if self.common is not None and after != START and int(after) > self.common:
            raise LogBroken(f"the log has lost {after}")
        return await super().read(after)


async def say(client: MemoryClient, *texts: str) -> None:
    """Say something, each in an entry of its own."""
    for text in texts:
        await client.say(f"PRIVMSG #a :{text}")
        with trio.fail_after(60):
            await client.until("PRIVMSG")


async def test_a_node_says_which_commands_a_log_has_lost(mock_clock: MockClock) -> None:
    """So that an operator knows what users have seen and what is in no log."""
    log = ForkedLog()
    async with cluster_node(log) as network:
        ann = await network.register("ann", "#a", caps="echo-message")
        await say(ann, "one")
        common = len(log.stored)
        await say(ann, "two", "three", "four")
        lost = log.stored[common:]
        log.common = common
        with trio.fail_after(60):
            while True:
                await trio.sleep(0.1)
                if network.failures:
                    break
        [error] = network.failures
    found = re.search(r"lost (\d+) entries with (\d+) commands .* from (\S+ \S+) to ", str(error))
    assert found is not None
    assert int(found[1]) >= len(lost)
    assert found[2] == "3"
    assert "the log has lost" in str(error)


@pytest.mark.parametrize("common", [1, 2, 7, 8, 99])
async def test_the_fork_is_found_wherever_it_is(mock_clock: MockClock, common: int) -> None:
    """By a few questions, however many entries there are."""
    log, recent = ForkedLog(), RecentEntries()
    for number in range(1, 101):
        log.put(b"")
        entry = Entry("n1", 1, number, (Said(1, 0, (b"PING x",)),) * number)
        recent.note(log.stored[-1], entry)
    log.common = common
    text = await recent.explain_loss(log)
    assert f"lost {counted(100 - common, 'entry', 'entries')} " in text
    assert f"with {sum(range(common + 1, 101))} commands" in text


@pytest.mark.parametrize("common", [0, 3, None])
async def test_nothing_is_said_without_a_fork(mock_clock: MockClock, common: int | None) -> None:
    """If the log has none of the entries, or all, it is not the end that is lost."""
    log, recent = ForkedLog(), RecentEntries()
    assert await recent.explain_loss(log) == ""
    for number in range(1, 4):
        log.put(b"")
        recent.note(log.stored[-1], Entry("n1", 1, number, (Begun(""),)))
    log.common = common
    assert await recent.explain_loss(log) == ""


async def test_an_engine_that_is_gone_meanwhile_holds_no_node(mock_clock: MockClock) -> None:
    """The node stops without the number."""
    log, recent = ForkedLog(), RecentEntries()
    for number in range(1, 4):
        log.put(b"")
        recent.note(log.stored[-1], Entry("n1", 1, number, (Begun(""),)))
    log.common, log.is_gone = 1, True
    await trio.sleep(2)
    assert await recent.explain_loss(log) == ""
