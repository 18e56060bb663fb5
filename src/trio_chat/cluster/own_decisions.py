"""The decisions of the clients of this node: what they lead to belongs to the labelled answers that
wait for it (IRCv3 `labeled-response`).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.cluster.machine import Applied


class OwnDecisions:
    """The decisions of the present life of a node that were not carried out yet, in their order."""

    def __init__(self) -> None:
        self._waiting: deque[DecidedEvents] = deque()

    def add(self) -> DecidedEvents:
        """Return what takes the events of a further decision."""
        events = DecidedEvents()
        self._waiting.append(events)
        return events

    def clear(self) -> None:
        """Forget all, at the begin of a life: no node carries them out."""
        self._waiting.clear()

    def divide(self, applied: Iterable[Applied]) -> Iterator[Applied]:
        """Yield what was carried out, without what answers to clients contain.

        Args:
            applied: what all items of an entry, in order, led to.
        """
        for each in applied:
            if each.is_from_here:
                decided = self._waiting.popleft() if self._waiting else DecidedEvents()
                parts = decided.divide(each.output.parts)
                yield each._replace(output=replace(each.output, parts=parts))
            else:
                yield each
