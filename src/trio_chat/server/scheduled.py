"""The timer of scheduled messages: it finds out which are due, and has them sent.

In a cluster the first node does it. What two nodes do at the same time is sent once, as the first
change removes the message.
"""

import math
from collections.abc import Callable

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    Change,
    MessageScheduled,
    ScheduledMessageDue,
    ScheduledMessageMoved,
    ScheduledMessageUnsent,
)
from trio_chat.chat.events import Output, OutputItem
from trio_chat.chat.scheduled import ScheduledMessage
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.watchers import carry_out_due

_LONGEST_WAIT = 30.0
"""Seconds until it looks again, as the clock of the system may have been set."""
_INTERVAL_IN_CLUSTER = 5.0
"""Likewise in a cluster, where the messages come from other nodes, too."""
_RETRY = 10.0
"""Seconds until what could not be stored is tried again."""

_LATER = (MessageScheduled, ScheduledMessageMoved, ScheduledMessageUnsent)
"""Changes after which a message may be due at another moment."""


class ScheduledMessageTimer:
    """Has scheduled messages sent when they are due. It waits without a timeout while there are
    none.

    Args:
        world: has them.
        broadcaster: delivers.
    """

    def __init__(self, world: World, broadcaster: Broadcaster) -> None:
        self._world = world
        self._broadcaster = broadcaster
        self._changed = trio.Event()
        self._is_failing = False
        world.observers.append(self._observe)

    def _observe(self, change: Change) -> None:
        if isinstance(change, _LATER):
            self._changed.set()

    async def run(self, is_ours: Callable[[], bool] = lambda: True) -> None:
        """Send messages, for ever.

        Args:
            is_ours: returns whether it is for this node of a cluster to do it.
        """
        while True:
            self._changed = trio.Event()
            await self._wait()
            if is_ours():
                for account, message in self._world.scheduled.due(self._world.wall_clock()):
                    await self._send(account, message)
            if self._is_failing:
                self._is_failing = False
                await trio.sleep(_RETRY)

    async def _wait(self) -> None:
        """Wait until a message may be due, or there is another one."""
        due = self._world.scheduled.next_due()
        longest = _LONGEST_WAIT
        if self._world.is_replicated:
            longest = _INTERVAL_IN_CLUSTER
        elif due is None:
            longest = math.inf
        left = due - self._world.wall_clock() if due is not None else longest
        with trio.move_on_after(max(0.0, min(left, longest))):
            await self._changed.wait()

    async def _send(self, account: int, message: ScheduledMessage) -> None:
        change = ScheduledMessageDue(account, message.id, int(self._world.wall_clock()))
        if self._world.is_replicated:
            await carry_out_due(self._world, change)
            return
        await self._broadcaster.wait_room()
        events = apply(self._world, change)

        def put_back() -> tuple[OutputItem, ...]:
            """Have the message wait again; called in the place of delivering it."""
            self._is_failing = True
            sent = tuple(event.id for event in events)
            apply(self._world, ScheduledMessageUnsent(account, message, sent))
            return ()

        self._broadcaster.accept(Output(tuple(events), refusal=put_back))
