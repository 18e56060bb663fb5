"""A queue for a few places that is fair over addresses: an address with many tasks delays only
itself.

Lanes tell likely honest tasks from others, and are served in their order. Now and then the last one
is served first, so that no task in it waits for ever.
"""

from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

import trio

from trio_chat.chat.accounts import Busy

FULL = "Too many passwords are being checked at the moment, try again in a minute"
_LAST_LANE_FIRST = 4
"""One of so many places is given to the last lane with a waiting task."""


class Lane(IntEnum):
    """How likely it is that a request is honest."""

    KNOWN = 0
    UNKNOWN = 1
    SUSPECT = 2


class _WaitingTask:
    """A task that waits for a place."""

    __slots__ = ("address", "has_place", "lane", "turn")

    def __init__(self, address: str, lane: Lane) -> None:
        self.address = address
        self.lane = lane
        self.turn = trio.Event()  # it has a place, or is refused
        self.has_place = False


class FairQueue:
    """A queue for places.

    Args:
        places: how many tasks can have one at the same time.
        most_waiting: how many can wait.
    """

    def __init__(self, history_targets: int, most_waiting: int) -> None:
        self._free = history_targets
        self._most_waiting = most_waiting
        self._waiting = 0
        self._given = 0
        # In each lane the tasks of an address in the order of arrival, and the addresses in the
        # order of their turns.
        self._lanes: dict[Lane, OrderedDict[str, deque[_WaitingTask]]] = {
            lane: OrderedDict() for lane in Lane
        }

    def __len__(self) -> int:
        """Return how many wait."""
        return self._waiting

    @asynccontextmanager
    async def place(self, address: str, lane: Lane) -> AsyncIterator[None]:
        """Hold a place while the block runs. When cancelled while waiting, the task leaves the
        queue.

        Args:
            address: the address that the task is for; each has its turn.
            lane: the lane to wait in.

        Raises:
            Busy: too many wait, and of this address not fewer than of others.
        """
        await self._wait(address, lane)
        try:
            yield
        finally:
            self._free += 1
            self._give()

    async def _wait(self, address: str, lane: Lane) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._free:
            self._free -= 1
            return
        waiting = _WaitingTask(address, lane)
        if self._waiting >= self._most_waiting and not self._refuse_another(waiting):
            raise Busy(FULL)
        self._lanes[lane].setdefault(address, deque()).append(waiting)
        self._waiting += 1
        try:
            await waiting.turn.wait()
        except trio.Cancelled:
            if waiting.has_place:
                self._free += 1
                self._give()
            elif not waiting.turn.is_set():
                self._remove(waiting)
            raise
        if not waiting.has_place:
            raise Busy(FULL)

    def _give(self) -> None:
        """Give a free place to the next waiting task, if there is one."""
        if not self._waiting or not self._free:
            return
        self._given += 1
        order = reversed(Lane) if self._given % _LAST_LANE_FIRST == 0 else iter(Lane)
        lane = next(self._lanes[lane] for lane in order if self._lanes[lane])
        address, queue = lane.popitem(last=False)
        waiting = queue.popleft()
        if queue:
            lane[address] = queue  # behind the other addresses
        self._waiting -= 1
        self._free -= 1
        waiting.has_place = True
        waiting.turn.set()

    def _refuse_another(self, waiting: _WaitingTask) -> bool:
        """Refuse the newest waiting task of the address with the most tasks, for a new one; return
        whether one was refused.
        """
        lane = next(lane for lane in reversed(Lane) if self._lanes[lane])
        if lane < waiting.lane:
            return False
        queue = max(self._lanes[lane].values(), key=len)
        if (
            lane == waiting.lane
            and len(queue) <= len(self._lanes[lane].get(waiting.address, ())) + 1
        ):
            return False
        other = queue[-1]
        self._remove(other)
        other.turn.set()
        return True

    def _remove(self, waiting: _WaitingTask) -> None:
        lane = self._lanes[waiting.lane]
        lane[waiting.address].remove(waiting)
        if not lane[waiting.address]:
            del lane[waiting.address]
        self._waiting -= 1
