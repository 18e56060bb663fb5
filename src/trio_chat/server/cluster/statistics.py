"""Statistics of a node, for STATS and for metrics."""

import math
import time
from typing import NamedTuple

import trio


class NodeStatistics(NamedTuple):
    """A snapshot of a node's numbers.

    Args:
        epoch: of its life.
        life: the number of its life, of all lives of the cluster; 0 before it has begun.
        alive: nodes that live, as the log has it.
        is_reachable: whether the engine answers.
        is_refusing: whether commands are refused.
        lag: how old the last entry was when it was carried out and delivered, in seconds. A
            difference between the clocks of the engine and of this machine counts, too.
        idle: seconds since then; every node appends an entry each second.
        unfinished: items of this node that it has not carried out yet.
        entries: that were carried out.
        items: of these.
        own_entries: entries that were appended, also those that were appended again.
        appends: how often the engine was asked to append.
        reads: how often it was read.
        failures: how often it could not be reached.
        check: the number of the last check of which this node has the digest; 0 before the first.
        digest: of the state after that check, or ""; it is equal on all nodes.
        snapshot_age: seconds since a snapshot was kept; 0 if none was since the start.
        snapshot_seconds: how long writing it took.
        snapshot_bytes: its size in the database.
    """

    epoch: int
    life: int
    alive: int
    is_reachable: bool
    is_refusing: bool
    lag: float
    idle: float
    unfinished: int
    entries: int
    items: int
    own_entries: int
    appends: int
    reads: int
    failures: int
    check: int
    digest: str
    snapshot_age: float
    snapshot_seconds: float
    snapshot_bytes: int


class NodeCounters:
    """Counts what a node does.

    Attributes:
        entries: see `NodeStatistics`, as the others.
        carried: the time of the last entry that was carried out, by the engine; 0 before.
    """

    def __init__(self) -> None:
        self.entries = 0
        self.items = 0
        self.own_entries = 0
        self.appends = 0
        self.reads = 0
        self.failures = 0
        self.lag = 0.0
        self.carried = 0.0
        self._carried_at = -math.inf

    @property
    def idle(self) -> float:
        """Seconds since an entry was carried out; 0 before the first one."""
        return max(0.0, trio.current_time() - self._carried_at) if self.carried else 0.0

    def note_carried_out(self, moment: float) -> None:
        """Note that an entry was carried out and delivered.

        Args:
            moment: its time, by the engine.
        """
        self.carried = moment
        self.lag = max(0.0, time.time() - moment)
        self._carried_at = trio.current_time()
