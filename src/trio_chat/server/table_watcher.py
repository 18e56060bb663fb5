"""The watcher of a table that commands alongside the server change, such as that of webhooks."""

import logging
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change
from trio_chat.chat.world import World
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

_INTERVAL = 5.0
"""Seconds after which a change of the table is noticed."""
T_co = TypeVar("T_co", covariant=True)


class WatchedTable(Protocol[T_co]):
    """A table that is read as a whole."""

    async def load(self) -> Sequence[T_co]:
        """Return all rows."""

    async def changes(self) -> int:
        """Return a number that grows whenever a row changes, also by another process."""


class TableWatcher(Generic[T_co]):
    """Notices what changes in the store.

    Args:
        world: has the rows.
        table: the stored ones.
        make_change: returns the change by which the rows are those of the store.
        noun: what they are, for the log.
        turn: see `trio_chat.server.uncommitted.UncommittedState`.
    """

    def __init__(
        self,
        world: World,
        table: WatchedTable[T_co],
        make_change: Callable[[tuple[T_co, ...]], Change],
        noun: str,
        turn: trio.Lock,
    ) -> None:
        self._world = world
        self._table = table
        self._make_change = make_change
        self._noun = noun
        self._turn = turn
        self._seen = -1  # the change of the table as of which they are; -1: they were not read

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.refresh()
            await trio.sleep(_INTERVAL)

    async def refresh(self) -> bool:
        """Read the rows if they have changed; return whether they were read again, after the first
        time. When cancelled, the next call does it.
        """
        try:
            count = await self._table.changes()
            if count == self._seen:
                return False
            async with self._turn:
                apply(self._world, self._make_change(tuple(await self._table.load())))
        except StorageError as error:
            log.error("%s cannot be read: %s", self._noun, error)
            return False
        is_first, self._seen = self._seen < 0, count
        return not is_first
