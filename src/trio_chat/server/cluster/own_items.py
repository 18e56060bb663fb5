"""The items that a node has submitted in its present life, and what waits for them."""

from collections import deque
from collections.abc import Callable

import trio

from trio_chat.chat.response import Unsettled
from trio_chat.chat.world import RULES_VERSION
from trio_chat.cluster.appender import Appender
from trio_chat.cluster.entries import Item


class _Settling:
    """What waits until an item is done, or until that is not known for too long."""

    def __init__(self) -> None:
        self.ended = trio.Event()
        self.is_done = False

    def note_done(self) -> None:
        self.is_done = True
        self.ended.set()


class OwnItems:
    """The items of one node: they are carried out in their order.

    Args:
        node: its name.
        rules: see `Begun`.

    Attributes:
        appender: decides what is appended.
        wake: set when there is something to append.
    """

    appender: Appender

    def __init__(self, node: str, rules: str) -> None:
        self._node = node
        self._rules = rules
        self.wake = trio.Event()
        self._submitted = self._done = 0
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._settling: deque[tuple[int, _Settling]] = deque()

    def begin_life(self, epoch: int, on_begun: Callable[[], None]) -> Callable[[], None]:
        """Begin a life, whose first item is its begin.

        Args:
            epoch: of the life.
            on_begun: called when that has been carried out.

        Returns:
            wakes what waits for items of the life before, which no node carries out.
        """
        given_up, unsettled = self._waiting, self._settling
        self.appender = Appender(self._node, epoch, self._rules, RULES_VERSION)
        self._submitted, self._done = 1, 0
        self._waiting = deque([(1, on_begun)])
        self._settling = deque()
        self.wake.set()

        def wake_waiting() -> None:
            _call(given_up)
            _end(unsettled)

        return wake_waiting

    @property
    def has_begun(self) -> bool:
        """Whether this life has begun."""
        return self._done > 0

    @property
    def unfinished(self) -> int:
        """Items that were not carried out yet."""
        return self._submitted - self._done

    def submit(self, item: Item, on_done: Callable[[], None] | None = None) -> None:
        """Have an item appended.

        Args:
            item: the item.
            on_done: called when it has been carried out, and what it led to was delivered; also
                when this life is given up.
        """
        self.appender.submit(item)
        self._submitted += 1
        if on_done is not None:
            self._waiting.append((self._submitted, on_done))
        self.wake.set()

    def note_done(self, count: int) -> None:
        """Note that the next items were carried out, and what they led to was delivered."""
        self._done += count
        while self._waiting and self._waiting[0][0] <= self._done:
            self._waiting.popleft()[1]()
        while self._settling and self._settling[0][0] <= self._done:
            self._settling.popleft()[1].note_done()

    async def settle(self) -> None:
        """Wait until the items that were submitted so far are done; see `World.settle`.

        Raises:
            Unsettled: it is not known whether they will be.
        """
        if not self.unfinished:
            return
        settling = _Settling()
        self._settling.append((self._submitted, settling))
        await settling.ended.wait()
        if not settling.is_done:
            raise Unsettled

    def end_settling(self) -> None:
        """Let what waits in `settle` wait no longer; the items stay submitted."""
        _end(self._settling)

    def give_up(self) -> None:
        """Wake everything that waits."""
        _call(self._waiting)
        _end(self._settling)


def _call(waiting: deque[tuple[int, Callable[[], None]]]) -> None:
    for _, on_done in waiting:
        on_done()


def _end(settling: deque[tuple[int, _Settling]]) -> None:
    while settling:
        settling.popleft()[1].ended.set()
