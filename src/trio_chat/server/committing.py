"""Committing: changes that come from no line of a client, up to their commit.

A program or a command that has changed something is to know that it is stored. So
`Committer.carry_out` returns only after the broadcaster has committed it; in a cluster, after the
log has carried it out and this node has stored that.
"""

from collections.abc import Callable, Iterable

import trio

from trio_chat.chat.events import Event, Output, OutputItem
from trio_chat.chat.response import Unsettled
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster

_PATIENCE = 20.0
"""Seconds for a commit."""


class NotCommitted(Exception):
    """It is not known whether a change is stored; the text is a clause for its sender."""


class Committer:
    """Has changes carried out and stored.

    Args:
        world: the state of the chat.
        broadcaster: stores and delivers.
        is_refusing: returns whether this node of a cluster refuses what all nodes carry out.
    """

    def __init__(
        self, world: World, broadcaster: Broadcaster, is_refusing: Callable[[], bool] = bool
    ) -> None:
        self._world = world
        self._broadcaster = broadcaster
        self._is_refusing = is_refusing

    async def carry_out(self, change: Callable[[], Iterable[Event]]) -> None:
        """Carry out a change; return after it was stored.

        When cancelled, it may have been carried out or not.

        Args:
            change: applies it, and returns its events. It is called at most once, when there is
                room for them, and contains no checkpoint.

        Raises:
            NotCommitted: it was not carried out, or it is in effect and not stored yet.
        """
        if self._is_refusing():
            raise NotCommitted("the cluster cannot change anything at the moment; try again later")
        with trio.move_on_after(_PATIENCE) as patience:
            await self._broadcaster.wait_room()
            events = change()
            if self._world.is_replicated:
                await self._settle()
            else:
                await self._store(events)
        if patience.cancelled_caught:
            raise NotCommitted("the change is not stored yet; look whether it is, before a repeat")

    async def _settle(self) -> None:
        try:
            await self._world.settle()
        except Unsettled as error:
            raise NotCommitted(
                "the cluster cannot take changes at the moment; look whether it has taken this one,"
                " before a repeat"
            ) from error

    async def _store(self, events: Iterable[Event]) -> None:
        is_refused = False

        def refuse() -> tuple[OutputItem, ...]:
            nonlocal is_refused
            is_refused = True
            return parts

        # With it, there is something to be accepted when no client sees anything of the change.
        world = self._world
        end = Event(world.ids.now(), "NOTICE", ("*", ""), world.server_info.name, ())
        parts = (*events, end)
        ticket = self._broadcaster.accept(Output(parts, refusal=refuse))
        await self._broadcaster.wait_delivered(ticket)
        if is_refused:
            raise NotCommitted(
                "the database cannot be written at the moment: the change is in effect, and is"
                " stored once it can be"
            )
