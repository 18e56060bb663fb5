"""Snapshots of a node, which all nodes take at the same entries: they are kept, and compared."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import trio

from trio_chat.chat import snapshot
from trio_chat.chat.persistence import ClusterTable
from trio_chat.cluster.machine import Machine
from trio_chat.server.cluster.log import START
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

_MOST_ITEMS = 50_000
"""Items of the log after which snapshots are taken: a restart carries out as many again."""
_LONGEST_AGE = 300.0
"""Seconds after which they are taken, if there was anything."""
_TURN = 10.0
"""Seconds for which a node waits for each one that is older to ask for them."""


class TakenSnapshot(NamedTuple):
    """A snapshot in memory.

    Args:
        position: up to which entry it is.
        check: the number of the check for which it was taken.
        state: the state of the machine.
    """

    position: str
    check: int
    state: dict[str, Any]


class SnapshotKeeper:
    """Says when snapshots are to be taken, and keeps the latest one.

    Args:
        table: where; None to keep none.
        taken: up to which entry the latest one is.
        stored: up to which entry the database is.

    Attributes:
        note_digest: takes the number of a check, and the digest of the snapshot for it.
        seconds: how long writing the latest one took.
        size: its bytes in the database; 0 if none was kept since the start.
    """

    def __init__(self, table: ClusterTable | None, taken: str, stored: str) -> None:
        self._table = table
        self.taken = taken
        self.stored = stored
        self.note_digest: Callable[[int, str], None] = lambda check, digest: None
        self._items = 0
        self._since: float | None = None
        self._is_asked = False
        self.seconds = 0.0
        self.size = 0
        self._kept_at = 0.0
        self._waiting: TakenSnapshot | None = None
        self._is_waiting = trio.Event()

    @property
    def age(self) -> float:
        """Seconds since one was kept; 0 if none was since the start."""
        return trio.current_time() - self._kept_at if self.size else 0.0

    def count(self, items: int) -> None:
        """Count items that are carried out."""
        self._items += items

    def is_due(self, older: int) -> bool:
        """Return once whether it is time for all nodes to take snapshots.

        Args:
            older: the number of nodes that are older than this one.
        """
        now = trio.current_time()
        if self._since is None:
            self._since = now
        is_due = self._items >= _MOST_ITEMS * (1 + older) or now >= (
            self._since + _LONGEST_AGE + _TURN * older
        )
        if not is_due or self._is_asked:
            return False
        self._is_asked = True
        return True

    async def take(self, position: str, machine: Machine) -> None:
        """Take a snapshot for a check, to be compared and kept by `run`. Other tasks have their
        turns meanwhile, but the machine must carry out nothing.

        Args:
            position: up to which entry the machine is; everything up to it is committed.
            machine: has the state.
        """
        steps = machine.to_state_in_steps()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                self._offer(TakenSnapshot(position, machine.checks, end.value))
                return
            await trio.lowlevel.checkpoint()

    def _offer(self, taken: TakenSnapshot) -> None:
        self._items, self._since, self._is_asked = 0, trio.current_time(), False
        self._waiting = taken
        self._is_waiting.set()

    async def keep_first(self, machine: Machine) -> None:
        """Keep the state that the database had before it was in a cluster, if it was in none."""
        if self.taken == self.stored == START:
            await self.keep(START, machine.to_state())

    async def run(self) -> None:
        """Compare and keep the snapshots that are offered, for ever."""
        while True:
            await self._is_waiting.wait()
            self._is_waiting = trio.Event()
            taken, self._waiting = self._waiting, None
            if taken is not None:
                digest = await trio.to_thread.run_sync(snapshot.digest, taken.state)
                self.note_digest(taken.check, digest)
                await self.keep(taken.position, taken.state)

    async def keep(self, position: str, state: dict[str, Any]) -> None:
        """Write a snapshot. If it cannot be, the one before stays, and a restart takes longer."""
        if self._table is None:
            return
        start = trio.current_time()
        try:
            self.size = await self._table.keep(position, state)
        except StorageError as error:
            log.error("the state of the cluster cannot be kept: %s", error)
            return
        self.taken = position
        self._kept_at = trio.current_time()
        self.seconds = self._kept_at - start
