"""Snapshots of a node: how they are kept while the node goes on."""

import logging
import math
from typing import Any

import trio

from trio_chat.chat.persistence import ClusterTable
from trio_chat.cluster.machine import Machine
from trio_chat.server.cluster.log import START
from trio_chat.storage.database import StorageError

log = logging.getLogger("trio_chat")

_MOST_ITEMS = 50_000
"""Items of the log after which a snapshot is taken: a restart carries out as many again."""
_LONGEST_AGE = 300.0
"""Seconds after which one is taken, if there was anything."""


class SnapshotKeeper:
    """Takes snapshots now and then, and keeps the latest one.

    Args:
        table: where; None to keep none.
        taken: up to which entry the latest one is.
        stored: up to which entry the database is.
    """

    def __init__(self, table: ClusterTable | None, taken: str, stored: str) -> None:
        self._table = table
        self.taken = taken
        self.stored = stored
        self._items = 0
        self._due = -math.inf
        self._waiting: tuple[str, dict[str, Any]] | None = None
        self._is_waiting = trio.Event()

    def count(self, items: int) -> None:
        """Count items that are carried out."""
        self._items += items

    def take_if_due(self, position: str, machine: Machine) -> None:
        """Take a snapshot if it is time.

        Args:
            position: up to which entry everything is carried out and committed.
            machine: that has carried it out.
        """
        now = trio.current_time()
        if self._table is None:
            return
        if self._due == -math.inf:
            self._due = now + _LONGEST_AGE
        if self._items >= _MOST_ITEMS or now >= self._due:
            self._items, self._due = 0, now + _LONGEST_AGE
            self._waiting = position, machine.to_state()
            self._is_waiting.set()

    async def keep_first(self, machine: Machine) -> None:
        """Keep the state that the database had before it was in a cluster, if it was in none."""
        if self.taken == self.stored == START:
            await self.keep(START, machine.to_state())

    async def run(self) -> None:
        """Write the snapshots that are taken, for ever."""
        while True:
            await self._is_waiting.wait()
            self._is_waiting = trio.Event()
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                await self.keep(*waiting)

    async def keep(self, position: str, state: dict[str, Any]) -> None:
        """Write a snapshot. If it cannot be, the one before stays, and a restart takes longer."""
        if self._table is None:
            return
        try:
            await self._table.keep(position, state)
        except StorageError as error:
            log.error("the state of the cluster cannot be kept: %s", error)
            return
        self.taken = position
