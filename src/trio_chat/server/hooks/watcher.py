"""The watcher of webhooks that a command alongside the server makes or removes."""

import logging

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HooksRead
from trio_chat.chat.hooks import HookTable
from trio_chat.chat.world import World
from trio_chat.storage.database import StorageError

log = logging.getLogger("trio_chat")

_INTERVAL = 5.0
"""Seconds after which a change of the table is noticed."""


class HookWatcher:
    """Notices the hooks that change in the store.

    Args:
        world: has the hooks.
        table: the stored ones.
        turn: see `trio_chat.server.state.UncommittedState`.
    """

    def __init__(self, world: World, table: HookTable, turn: trio.Lock) -> None:
        self._world = world
        self._table = table
        self._turn = turn
        self._seen = -1  # the change of the table as of which they are; -1: they were not read

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.refresh()
            await trio.sleep(_INTERVAL)

    async def refresh(self) -> None:
        """Read the hooks if they have changed. When cancelled, the next call does it."""
        try:
            count = await self._table.changes()
            if count == self._seen:
                return
            async with self._turn:
                apply(self._world, HooksRead(tuple(await self._table.load())))
        except StorageError as error:
            log.error("webhooks cannot be read: %s", error)
            return
        self._seen = count
