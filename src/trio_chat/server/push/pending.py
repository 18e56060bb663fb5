"""Messages that are about to be pushed: for a while, the user may see them otherwise."""

import heapq
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from trio_chat.chat.events import Event
from trio_chat.chat.ids import server_time
from trio_chat.chat.world import World
from trio_chat.irc.modes import PREFIXES
from trio_chat.irc.names import fold_or_self, is_channel_name

_MAX_PENDING = 10_000
_MAX_OF_ACCOUNT = 100


class PendingPush(NamedTuple):
    """A message for the devices of an account.

    Args:
        account: the number of the account.
        conversation: its folded name, as read markers have it.
        event: the message.
        due: when it is to be sent, in seconds of Trio's clock.
        accepted: when it was delivered, in seconds of `World.elapsed`.
    """

    account: int
    conversation: str
    event: Event
    due: float
    accepted: float

    @property
    def time(self) -> str:
        """The time of the message, as read markers have it."""
        return server_time(self.event.id, self.event.shift)


class PendingPushes:
    """All messages that are about to be pushed, in the order in which they are due.

    Attributes:
        dropped: how many there was no room for.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, PendingPush]] = []  # a heap
        self._numbers = count()
        self._counts: Counter[int] = Counter()
        self.dropped = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._waiting)

    def add(self, pending: PendingPush) -> None:
        """Add a message, if there is room for it."""
        if len(self._waiting) >= _MAX_PENDING or self._counts[pending.account] >= _MAX_OF_ACCOUNT:
            self.dropped += 1
            return
        heapq.heappush(self._waiting, (pending.due, next(self._numbers), pending))
        self._counts[pending.account] += 1

    @property
    def due(self) -> float:
        """When the next one is to be sent."""
        return self._waiting[0][0]

    def take_due(self, now: float) -> Iterator[PendingPush]:
        """Yield those that are to be sent now."""
        while self._waiting and self._waiting[0][0] <= now:
            _, _, pending = heapq.heappop(self._waiting)
            self._counts[pending.account] -= 1
            if not self._counts[pending.account]:
                del self._counts[pending.account]
            yield pending

    def withdraw(self, number: int) -> None:
        """Drop a message by its id."""
        kept = [entry for entry in self._waiting if entry[2].event.id != number]
        if len(kept) < len(self._waiting):
            heapq.heapify(kept)
            self._waiting = kept
            self._counts = Counter(pending.account for _, _, pending in kept)


def conversation_of(event: Event) -> str:
    """Return the folded name of the conversation that an event belongs to for its recipient."""
    if event.command == "INVITE":
        return fold_or_self(event.params[1])
    target = event.params[0].lstrip(PREFIXES)
    if event.command == "MARKREAD" or is_channel_name(target):
        return fold_or_self(target)
    return fold_or_self(event.source.partition("!")[0])


def is_seen(world: World, pending: PendingPush) -> bool:
    """Return whether the user has seen a message: its read marker is there, or the user has written
    something since.
    """
    marker = world.markers.get(pending.account, {}).get(pending.conversation, "")
    if marker >= pending.time:
        return True
    return world.push.active.get(pending.account, float("-inf")) > pending.accepted


def is_absent(world: World, account: int) -> bool:
    """Return whether no session of an account is connected, so that it cannot see anything."""
    user = world.always_on.of(account)
    return user is not None and not user.sessions
