"""The appender: what a node appends to the log, and what it appends again.

An append can fail without a reply, whether the log has the entry or not; and an engine that fails
over may lose the end of the log. So a node keeps each entry until it has carried it out, and
appends all of those again, in order, when some may be missing. The machine ignores repetitions.
"""

from collections import deque

from trio_chat.chat.world import RULES_VERSION
from trio_chat.cluster.entries import Begun, Entry, Item
from trio_chat.cluster.lives import Life

MOST_ITEMS = 256
"""Items of one entry."""
MOST_WAITING = 10_000
"""Items that wait to be appended; a node with so many accepts no commands."""


class Appender:
    """Decides what the present life of a node appends.

    Args:
        node: the name of the node.
        epoch: of the life.
        rules: see `Begun`.
        supports: see `Begun`.
    """

    def __init__(
        self, node: str, epoch: int, rules: str = "", supports: int = RULES_VERSION
    ) -> None:
        self.own = (node, epoch)
        self._waiting: deque[Item] = deque()
        self._sequence = 1
        self._not_seen = deque([Entry(node, epoch, 1, (Begun(rules, supports),))])
        self._is_to_repeat = True

    @property
    def is_full(self) -> bool:
        """Whether no further item is to be submitted."""
        return len(self._waiting) >= MOST_WAITING

    @property
    def has_more(self) -> bool:
        """Whether there is something to append at once."""
        return self._is_to_repeat or bool(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was submitted has been carried out."""
        return not self._waiting and not self._not_seen

    def submit(self, item: Item) -> None:
        """Have an item appended; items keep their order."""
        self._waiting.append(item)

    def take(self) -> list[Entry]:
        """Return the entries that are to be appended now, in order.

        The caller appends nothing else meanwhile. Without anything to append the entry is empty: it
        says that the node is alive.
        """
        if self._is_to_repeat:
            self._is_to_repeat = False
            return list(self._not_seen)
        items = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_ITEMS))]
        self._sequence += 1
        entry = Entry(*self.own, self._sequence, tuple(items))
        self._not_seen.append(entry)
        return [entry]

    def note_failure(self) -> None:
        """Note that the log may lack entries: an append failed, or the engine has failed over."""
        self._is_to_repeat = bool(self._not_seen)

    def note_seen(self, entry: Entry, life: Life | None) -> int:
        """Note that an entry of this life was carried out, or was ignored; return how many items
        have been carried out by that.

        Args:
            entry: the entry, as it was read.
            life: the state of this life after it.
        """
        if (entry.node, entry.epoch) != self.own:
            return 0
        count = 0
        counted = life.sequence if life is not None and life.epoch == entry.epoch else 0
        while self._not_seen and self._not_seen[0].sequence <= counted:
            count += len(self._not_seen.popleft().items)
        if entry.sequence > counted + 1:  # entries before it are missing
            self.note_failure()
        return count
