"""Bans of the server that change in the store, by a command alongside the server, or expire."""

import logging

import trio

from trio_chat.chat import banning
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import BanTable
from trio_chat.chat.changes import BansEnforced, BansExpired, BansRead
from trio_chat.chat.events import Output
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.watchers import carry_out_due
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

_INTERVAL = 5.0
"""Seconds after which a change of the table is noticed."""


class BanWatcher:
    """Notices bans that a command alongside the server sets or lifts, and bans that expire.

    Args:
        world: has the bans.
        table: the stored bans; None in a cluster, where the log alone changes them.
        broadcaster: by which the clients see that they are banned.
        turn: see `trio_chat.server.uncommitted.UncommittedState`.
    """

    def __init__(
        self,
        world: World,
        table: BanTable | None,
        broadcaster: Broadcaster,
        turn: trio.Lock | None = None,
    ) -> None:
        self._world = world
        self._table = table
        self._broadcaster = broadcaster
        self._turn = turn or trio.Lock()
        self._seen = -1  # the change of the table as of which the bans are; -1: they were not read

    async def run(self) -> None:
        """Look for ever."""
        while True:
            if self._world.bans.expired():  # in a cluster, each node may notice it
                await carry_out_due(self._world, BansExpired())
            await self.refresh()
            await trio.sleep(_INTERVAL)

    async def refresh(self) -> None:
        """Read bans that a command alongside the server has set or lifted, and end the sessions
        that they cover.
        """
        world = self._world
        if self._table is None:
            return
        try:
            count = await self._table.changes()
            if count == self._seen:
                return
            async with self._turn:
                before = set(world.bans)
                apply(world, BansRead(tuple(await self._table.load())))
        except StorageError as error:
            log.error("bans cannot be read: %s", error)
            return
        new = [ban for ban in world.bans if ban not in before]
        is_first, self._seen = self._seen < 0, count
        for ban in () if is_first else new:
            log.info("%s is banned by %s: %s", ban.mask, ban.setter, ban.reason)
        # What is sent because of the bans must not come behind what clients do in the meantime.
        await self._broadcaster.wait_room()
        bans = tuple(ban for ban in new if world.bans.get(ban.key) == ban)
        covered = banning.covered(world, bans)
        if covered.are_any:
            log.info("of new bans: %s", covered)
            self._broadcaster.accept(Output(tuple(apply(world, BansEnforced(bans)))))
