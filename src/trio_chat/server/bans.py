"""Keeps the bans of the server: writes down what operators change, and notices what a command
changes beside it.

What is read must not come before what was written: neither is done while the broadcaster keeps bans
with what confirms them.
"""

import logging

import trio

from trio_chat.chat import banning
from trio_chat.chat.bans import BanTable
from trio_chat.chat.events import Output
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.state import KEPT_AFTER
from trio_chat.storage.database import StorageError

log = logging.getLogger("trio_chat")

_INTERVAL = 5.0
"""Seconds after which a change beside the server is noticed, and after which what could not be
written is tried again.
"""


class BanKeeper:
    """Keeps the bans of a world in a table.

    Args:
        world: has the bans.
        table: where they last.
        broadcaster: by which people see that they are banned.
        turn: see `trio_chat.server.state.UncommittedState`.
    """

    def __init__(
        self, world: World, table: BanTable, broadcaster: Broadcaster, turn: trio.Lock | None = None
    ) -> None:
        self._world = world
        self._table = table
        self._broadcaster = broadcaster
        self._turn = turn or trio.Lock()
        self._seen = -1  # as of which change the bans are what the table says; -1: look

    async def run(self) -> None:
        """Write and look, for ever."""
        while True:
            changed = trio.Event()
            self._world.bans.on_change = changed.set
            self._world.bans.forget_expired()
            if await self.save():
                await self.refresh()
            with trio.move_on_after(_INTERVAL):
                if not self._world.bans.unsaved:
                    await changed.wait()
                    await trio.sleep(KEPT_AFTER)
                else:
                    await trio.sleep_forever()

    async def save(self) -> bool:
        """Write down what has changed; return whether that was possible. When cancelled, it counts
        as not written.
        """
        if not self._world.bans.unsaved:
            return True
        async with self._turn:
            return await self._save()

    async def _save(self) -> bool:
        bans = self._world.bans
        changes = bans.changes()
        if not changes:
            return True
        is_saved = False
        try:
            await self._table.save(changes)
            is_saved = True
        except (StorageError, ValueError, OverflowError) as error:  # the latter by a defect
            log.error("bans cannot be written: %s", error)
        finally:
            if not is_saved:
                bans.put_back(changes)
        return is_saved

    async def refresh(self) -> None:
        """Learn of bans that a command beside this server has made or lifted, and end whom they
        cover.
        """
        try:
            count = await self._table.changes()
            if count == self._seen:
                return
            async with self._turn:
                new = self._world.bans.replace(await self._table.load())
        except StorageError as error:
            log.error("bans cannot be read: %s", error)
            return
        was_seen, self._seen = self._seen >= 0, count
        for ban in new if was_seen else ():
            log.info("%s is banned by %s: %s", ban.mask, ban.setter, ban.reason)
        await (
            self._broadcaster.wait_room()
        )  # before what changes: what is sent of it must not come behind what others do then
        enforced = banning.enforce(
            self._world, [ban for ban in new if self._world.bans.get(ban.key) == ban]
        )
        if enforced.events:
            log.info("of new bans: %s", enforced)
            self._broadcaster.accept(Output(tuple(enforced.events)))
