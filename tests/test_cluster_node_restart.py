"""A node of a cluster: what it demands of the log before it goes on from its database."""

from collections.abc import Sequence
from typing import cast

import pytest
import trio

from cluster_simulation import make_world
from trio_chat.cluster.machine import Machine
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.cluster.log import START, LogBroken, LogUnavailable, Stored
from trio_chat.server.cluster.node import ClusterNode
from trio_chat.server.cluster.snapshots import SnapshotKeeper


class EmptyLog:
    """A log that has lost everything, and is not reached at first."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.taken: list[bytes] = []

    async def append(self, entries: Sequence[bytes]) -> None:
        """Take entries."""
        self.taken += entries

    async def read(self, after: str) -> list[Stored]:
        """Have only the position before the first entry."""
        self.asked.append(after)
        if len(self.asked) == 1:
            raise LogUnavailable("not yet")
        if after != START:
            raise LogBroken("the log has lost everything")
        await trio.sleep_forever()
        raise AssertionError

    async def aclose(self) -> None:
        """Close nothing."""


async def test_a_node_does_not_carry_out_again_a_log_that_lacks_what_its_database_has(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Its snapshot may be older, and in the log; it would wait for the rest for ever, and store
    nothing.
    """
    log = EmptyLog()
    snapshots = SnapshotKeeper(None, taken=START, stored="5-0")
    machine = Machine(make_world)
    node = ClusterNode("a", "", machine, log, cast(Broadcaster, None), snapshots)
    with trio.fail_after(60), pytest.raises(LogBroken):
        await node.run()
    assert log.asked == ["5-0", "5-0"]
    assert log.taken == []  # or its name would be of no use for a new cluster
