"""Invitations that change in the store, by a command alongside the server, or expire."""

import trio

from trio_chat.chat.changes import InvitationsExpired, InvitationsRead
from trio_chat.chat.invitations import InvitationTable
from trio_chat.chat.world import World
from trio_chat.server.table_watcher import TableWatcher
from trio_chat.server.watchers import carry_out_due

_INTERVAL = 5.0
"""Seconds after which a change of the table is noticed."""


class InvitationWatcher:
    """Notices invitations that a command alongside the server makes or revokes, and ones that
    expire.

    Args:
        world: has the invitations.
        table: the stored ones; None when they are not persistent, and in a cluster, where the log
            alone changes them.
        turn: see `trio_chat.server.uncommitted.UncommittedState`.
    """

    def __init__(self, world: World, table: InvitationTable | None, turn: trio.Lock) -> None:
        self._world = world
        self._stored = (
            TableWatcher(world, table, InvitationsRead, "invitations", turn) if table else None
        )

    async def run(self) -> None:
        """Look for ever."""
        while True:
            if self._world.invitations.expired():  # in a cluster, each node may notice it
                await carry_out_due(self._world, InvitationsExpired())
            await self.refresh()
            await trio.sleep(_INTERVAL)

    async def refresh(self) -> None:
        """Read invitations that a command alongside the server has made or revoked. When cancelled,
        the next call does it.
        """
        if self._stored is not None:
            await self._stored.refresh()
