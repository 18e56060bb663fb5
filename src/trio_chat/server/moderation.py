"""The watcher of the moderation of the server: filters and raid mode that a command alongside the
server changes, and raid mode that is over.
"""

import logging
from collections.abc import Sequence

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ServerModerationRead, ServerRaidModeSet
from trio_chat.chat.events import Output
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.server import ModerationTable, RaidMode
from trio_chat.chat.operators import record_audit
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.watchers import carry_out_due
from trio_chat.storage.database import StorageError

log = logging.getLogger("trio_chat")

_INTERVAL = 5.0
"""Seconds after which a change of the table is noticed."""


class ModerationWatcher:
    """Notices what changes in the store, and the end of raid mode.

    Args:
        world: has the moderation.
        table: the stored one; None when it is not persistent, and in a cluster, where the log alone
            changes it.
        broadcaster: by which operators get notices.
        turn: see `trio_chat.server.state.UncommittedState`.
    """

    def __init__(
        self,
        world: World,
        table: ModerationTable | None,
        broadcaster: Broadcaster,
        turn: trio.Lock,
    ) -> None:
        self._world = world
        self._table = table
        self._broadcaster = broadcaster
        self._turn = turn
        self._seen = -1  # the change of the table as of which it is; -1: it was not read

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.end_raid()
            await self.refresh()
            await trio.sleep(_INTERVAL)

    async def end_raid(self) -> None:
        """End raid mode when its time is over; in a cluster, each node may notice it."""
        world, until = self._world, self._world.moderation.raid.until
        if not until or world.steady() < until:
            return
        if world.is_replicated:
            await carry_out_due(world, ServerRaidModeSet(RaidMode(), ""))
            return
        await self._broadcaster.wait_room()
        self._broadcaster.accept(Output(tuple(desk.end_raid(world, ""))))

    async def refresh(self) -> None:
        """Read what a command has changed. When cancelled, the next call does it."""
        moderation = self._world.moderation
        if self._table is None:
            return
        try:
            count = await self._table.changes()
            if count == self._seen:
                return
            async with self._turn:
                before, raid = dict(moderation.filters), moderation.raid
                apply(self._world, ServerModerationRead(tuple(await self._table.load())))
        except StorageError as error:
            log.error("the moderation of the server cannot be read: %s", error)
            return
        is_first, self._seen = self._seen < 0, count
        if is_first:
            return
        added = [each for each in moderation.filters.values() if each not in before.values()]
        await self._audit([f"filter add {each.action} {each.pattern}" for each in added])
        gone = sorted(before.keys() - moderation.filters.keys())
        await self._audit([f"filter remove {pattern}" for pattern in gone])
        if moderation.raid != raid:
            await self._audit([f"raid {'on' if moderation.raid.until else 'off'}"])

    async def _audit(self, done: Sequence[str]) -> None:
        """Record what commands have done."""
        for what in done:
            await self._broadcaster.wait_room()
            events = record_audit(self._world, "trio-chat", "the command line", what)
            self._broadcaster.accept(Output(tuple(events)))
