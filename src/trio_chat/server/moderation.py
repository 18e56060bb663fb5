"""The watcher of the moderation of the server: filters and raid mode that a command alongside the
server changes, reports that it resolves, and raid mode that is over.
"""

from collections.abc import Sequence

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    ServerModerationRead,
    ServerRaidModeSet,
    ServerReportsResolved,
)
from trio_chat.chat.events import Output
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.server import (
    RESOLVED,
    ModerationRow,
    ModerationTable,
    RaidMode,
    ServerFilter,
)
from trio_chat.chat.operators import record_audit
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.table_watcher import TableWatcher
from trio_chat.server.watchers import carry_out_due

_INTERVAL = 5.0
"""Seconds after which a change of the table, or the end of raid mode, is noticed."""


class ModerationWatcher:
    """Notices what changes in the store, and the end of raid mode.

    Args:
        world: has the moderation.
        table: the stored one; None when it is not persistent, and in a cluster, where the log alone
            changes it.
        broadcaster: by which operators get notices.
        turn: see `trio_chat.server.uncommitted.UncommittedState`.
    """

    def __init__(
        self,
        world: World,
        table: ModerationTable | None,
        broadcaster: Broadcaster,
        turn: trio.Lock,
    ) -> None:
        self._world = world
        self._broadcaster = broadcaster
        noun = "the moderation of the server"
        self._rows = (
            TableWatcher(world, table, self._read, noun, turn) if table is not None else None
        )
        self._before: tuple[dict[str, ServerFilter], RaidMode] = {}, RaidMode()
        self._resolved: dict[int, str] = {}  # reports that commands resolve, with their notes

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
        """Read what a command has changed, and audit it. When cancelled, the next call reads it."""
        if self._rows is None:
            return
        has_changed = await self._rows.refresh()
        await self._resolve()
        if not has_changed:
            return
        moderation, (before, raid) = self._world.moderation, self._before
        added = [each for each in moderation.filters.values() if each not in before.values()]
        await self._audit([f"filter add {each.action} {each.pattern}" for each in added])
        gone = sorted(before.keys() - moderation.filters.keys())
        await self._audit([f"filter remove {pattern}" for pattern in gone])
        if moderation.raid != raid:
            await self._audit([f"raid {'on' if moderation.raid.until else 'off'}"])

    def _read(self, rows: tuple[ModerationRow, ...]) -> ServerModerationRead:
        """Return the change to what is stored, and note what there was before it."""
        self._before = dict(self._world.moderation.filters), self._world.moderation.raid
        self._resolved = {int(row.key): row.state for row in rows if row.kind == RESOLVED}
        return ServerModerationRead(rows)

    async def _resolve(self) -> None:
        """Close the reports that commands have resolved; their notes leave the table with them."""
        while self._resolved:
            await self._broadcaster.wait_room()
            number, note = self._resolved.popitem()
            was_open = number in self._world.moderation.reports
            change = ServerReportsResolved((number,), "trio-chat report", note)
            self._broadcaster.accept(Output(tuple(apply(self._world, change))))
            if was_open:
                await self._audit([f"report resolve {number}: {note}".removesuffix(": ")])

    async def _audit(self, done: Sequence[str]) -> None:
        """Record what commands have done."""
        for what in done:
            await self._broadcaster.wait_room()
            events = record_audit(self._world, "trio-chat", "the command line", what)
            self._broadcaster.accept(Output(tuple(events)))
