"""The persistent state that has changed since the last commit."""

import trio

from trio_chat.chat.persistence import ChangeSet, DirtySet
from trio_chat.chat.world import World
from trio_chat.server.state import change_set


class UncommittedState:
    """The persistent state that has changed: the broadcaster commits it with the messages, before
    the change is confirmed.

    Args:
        world: where it changes.

    Attributes:
        turn: held from `take` until the state is committed. Without it a change that another task
            is writing would count as committed, and be confirmed; and bans that are read would lack
            those that are being written.
    """

    def __init__(self, world: World) -> None:
        self._dirty = world.dirty
        self._world = world
        self.turn = trio.Lock()
        self._seen = self._dirty.marked + self._dirty.retries
        self._taken: DirtySet | None = None

    def has_more(self) -> bool:
        """Return whether something is to be stored since the last call."""
        count = self._dirty.marked + self._dirty.retries
        if count == self._seen:
            return False
        self._seen = count
        return True

    @property
    def is_nothing(self) -> bool:
        """Whether all state is committed, and none is being committed at this moment."""
        return not (self._dirty or self.turn.locked())

    def take(self, position: str = "") -> ChangeSet | None:
        """Return what has changed, as it is now, to be committed; None for nothing. `put_back` must
        follow when it is not.

        The caller has the turn.

        Args:
            position: up to which entry of the log of a cluster that is, or "".
        """
        if not self._dirty and not position:
            return None
        self._taken = self._dirty.take()
        return change_set(self._world, self._taken)._replace(position=position)

    def put_back(self) -> None:
        """Count what was taken last as changed again."""
        if self._taken is not None:
            self._dirty.put_back(self._taken)
