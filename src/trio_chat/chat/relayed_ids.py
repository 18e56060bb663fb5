"""Ids of relayed messages, by the keys under which their senders repeat or continue them.

A sender that gets no answer repeats a message with the same delivery id, which is to be one message
also after a restart. A thread is what a sender reports about one matter, such as an alert that
fires and is resolved: its later messages reply to the first one.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

MOST: Final = 1000
"""Keys of one kind that are remembered of one sender; the first ones are forgotten first."""
MOST_SENDERS: Final = 2000
DELIVERY: Final = "delivery"
THREAD: Final = "thread"


class RelayKey(NamedTuple):
    """A key.

    Args:
        sender: `RelayedMessage.sender`.
        kind: `DELIVERY` or `THREAD`.
        key: the key as the sender gives it.
    """

    sender: str
    kind: str
    key: str


class RelayedIds:
    """The ids, which are negative for threads that have ended.

    Attributes:
        awaited: the messages that this server waits for, by their tokens: their ids once they are
            carried out, and 0 until then. They are no state of the chat.
    """

    def __init__(self) -> None:
        self.awaited: dict[str, int] = {}
        self._all: dict[tuple[str, str], dict[str, int]] = {}  # by sender and kind

    def __iter__(self) -> Iterator[tuple[RelayKey, int]]:
        for (sender, kind), ids in self._all.items():
            for key, number in ids.items():
                yield RelayKey(sender, kind, key), number

    def get(self, key: RelayKey) -> int:
        """Return the id of a key; 0 when it is unknown."""
        return self._all.get((key.sender, key.kind), {}).get(key.key, 0)

    def forgotten_for(self, key: RelayKey) -> list[RelayKey]:
        """Return the keys that `put` forgets to have room for another one."""
        place = key.sender, key.kind
        ids = self._all.get(place, {})
        if key.key in ids:
            return []
        if not ids and len(self._all) >= MOST_SENDERS:
            sender, kind = next(iter(self._all))
            return [RelayKey(sender, kind, each) for each in self._all[sender, kind]]
        return [RelayKey(*place, next(iter(ids)))] if len(ids) >= MOST else []

    def put(self, key: RelayKey, number: int) -> None:
        """Remember the id of a key."""
        for forgotten in self.forgotten_for(key):
            self.discard(forgotten)
        self._all.setdefault((key.sender, key.kind), {})[key.key] = number

    def discard(self, key: RelayKey) -> None:
        """Forget a key, if it is known."""
        place = key.sender, key.kind
        ids = self._all.get(place, {})
        ids.pop(key.key, None)
        if not ids:
            self._all.pop(place, None)

    def of_sender(self, sender: str) -> list[RelayKey]:
        """Return the keys of a sender."""
        return [key for key, _ in self if key.sender == sender]

    def to_state(self) -> list[list[Any]]:
        """Return all of them as plain data."""
        return [[*key, number] for key, number in self]

    def restore(self, state: list[list[Any]]) -> None:
        """Have what `to_state` returned."""
        for sender, kind, key, number in state:
            self._all.setdefault((sender, kind), {})[key] = number
