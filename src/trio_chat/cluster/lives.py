"""The lives of nodes, as the log has them: which entries count, and which node is lost."""

from collections.abc import Iterator
from typing import Any

from trio_chat.cluster.entries import Begun, Entry

SILENCE = 5.0
"""Seconds of active time without an entry after which a life may be declared over."""
LONGEST_PAUSE = 1.0
"""Seconds as which a longer pause between two entries counts: then the engine was away, not the
nodes.
"""


class Life:
    """The life of a node, between two starts.

    Args:
        number: of all lives of the cluster, from 1; the numbers of sessions are made of it.
        node: its name.
        epoch: of the life.
        rules: see `Begun`.
        supports: see `Begun`.

    Attributes:
        sequence: the number of its last entry.
        heard: the active time of its last entry.
        is_over: whether its entries count no longer.
        ended: since when, by the log.
        is_lost: whether it is over because nothing was heard of the node.
        sessions: the numbers of its registered sessions.
    """

    __slots__ = (
        "ended",
        "epoch",
        "heard",
        "is_lost",
        "is_over",
        "node",
        "number",
        "rules",
        "sequence",
        "sessions",
        "supports",
    )

    def __init__(self, number: int, node: str, epoch: int, rules: str, supports: int) -> None:
        self.number = number
        self.node = node
        self.epoch = epoch
        self.rules = rules
        self.supports = supports
        self.sequence = 0
        self.heard = 0.0
        self.is_over = False
        self.ended = 0.0
        self.is_lost = False
        self.sessions: dict[int, None] = {}


class Lives:
    """The latest life of each node.

    Attributes:
        active: the seconds for which the log was in use.
    """

    def __init__(self) -> None:
        self._by_node: dict[str, Life] = {}
        self._count = 0
        self._now: float | None = None
        self.active = 0.0

    def __iter__(self) -> Iterator[Life]:
        return iter(self._by_node.values())

    def of(self, node: str) -> Life | None:
        """Return the latest life of a node."""
        return self._by_node.get(node)

    def pass_time(self, now: float) -> None:
        """Let the time of the log pass, in seconds; it never goes back."""
        before = self._now if self._now is not None else now
        self.active += min(max(0.0, now - before), LONGEST_PAUSE)
        self._now = max(now, before)

    def accept(self, entry: Entry) -> Life | None:
        """Return the life that an entry belongs to, with its number counted; None if it does not
        count: it is a repetition, or of a life that is over, or entries before it are missing.

        An entry that begins a life does not come here; see `begin`.
        """
        life = self._by_node.get(entry.node)
        if (
            life is None
            or life.is_over
            or entry.epoch != life.epoch
            or entry.sequence != life.sequence + 1
        ):
            return None
        life.sequence = entry.sequence
        life.heard = self.active
        return life

    def is_beginning(self, entry: Entry) -> bool:
        """Return whether an entry is the first of a life that is later than the node's last one."""
        life = self._by_node.get(entry.node)
        return entry.sequence == 1 and (life is None or entry.epoch > life.epoch)

    def begin(self, entry: Entry, begun: Begun) -> Life:
        """Begin the life of an entry for which `is_beginning` holds."""
        self._count += 1
        life = self._by_node[entry.node] = Life(
            self._count, entry.node, entry.epoch, begun.rules, begun.supports
        )
        return life

    def supported(self) -> int:
        """Return the greatest version of the rules that all nodes support; 0 if none lives."""
        return min((life.supports for life in self if not life.is_over), default=0)

    def of_other_rules(self, rules: str) -> Life | None:
        """Return a life that is not over and has other rules than these, if there is one."""
        return next((life for life in self if not life.is_over and life.rules != rules), None)

    def is_lost(self, node: str, epoch: int) -> bool:
        """Return whether a life has been silent for too long."""
        life = self._by_node.get(node)
        return (
            life is not None
            and life.epoch == epoch
            and not life.is_over
            and self.active - life.heard > SILENCE
        )

    def lost(self) -> list[Life]:
        """Return the lives that have been silent for too long."""
        return [life for life in self if self.is_lost(life.node, life.epoch)]

    def to_state(self) -> dict[str, Any]:
        """Return all lives as plain data."""
        return {
            "count": self._count,
            "now": self._now,
            "active": self.active,
            "lives": [
                [
                    each.number,
                    each.node,
                    each.epoch,
                    each.rules,
                    each.supports,
                    each.sequence,
                    each.heard,
                    each.is_over,
                    each.ended,
                    each.is_lost,
                    list(each.sessions),
                ]
                for each in self
            ],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `to_state` returned."""
        self._count, self._now, self.active = state["count"], state["now"], state["active"]
        for number, node, epoch, rules, supports, *rest in state["lives"]:
            life = self._by_node[node] = Life(number, node, epoch, rules, supports)
            life.sequence, life.heard, life.is_over, life.ended, life.is_lost, sessions = rest
            life.sessions = dict.fromkeys(sessions)
