"""A survey of a cluster: which nodes live, and how each stands, by what they append to the log.

The entries of a few seconds are enough for it. A node reports now and then, and also which nodes
are gone. So the survey can be made by a node, and by a program that only reads the log.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from trio_chat.cluster.entries import Entry, Lost, Reported, Stopped
from trio_chat.cluster.lives import SILENCE, Life, Lives
from trio_chat.irc.plurals import counted

REPORT = 2.0
"""Seconds between two reports of a node."""
WINDOW = 10.0
"""Seconds of the log that have a report of each node that lives, and whose nodes are found lost."""
_QUIET = 3.0
"""Seconds without an entry after which a node is called silent; it appends one a second."""
MOST_LAG = 5.0
"""Seconds by which a node may be behind."""
MOST_CLOCK = 2.0
"""Seconds by which the clock of a node may differ from that of the engine."""
_MOST_ENDED = 100
"""Nodes that are gone, in a report; the latest ones."""


class NodeState(Enum):
    """Whether a node lives."""

    ALIVE = "alive"
    SILENT = "silent"
    LOST = "lost"
    STOPPED = "stopped"


class NodeStatus(NamedTuple):
    """How a node stands.

    Args:
        name: of the node.
        state: whether it lives.
        since: when its life began, in seconds of Unix time by its clock; when it ended, by the log,
            if it is over.
        version: of trio-chat; "" if it is not known, as are the others then.
        lag: seconds of the log that it had not carried out when it reported.
        clock: by how many seconds its clock is ahead of the engine's.
        sessions: registered sessions.
        unfinished: its items that it has not carried out yet.
        position: up to which entry of the log it had carried out everything.
        check: the number of the last check of the state that it knows.
        digest: of the state after that check.
        supports: the greatest version of the rules that it can carry out; 0 if unknown.
        in_force: the version of the rules that is in force; 0 if unknown.
        key: of the certificate that it has made; see `Reported`.
        address: the URL by which other nodes reach it, or "".
    """

    name: str
    state: NodeState
    since: float
    version: str = ""
    lag: float = 0.0
    clock: float = 0.0
    sessions: int = 0
    unfinished: int = 0
    position: str = ""
    check: int = 0
    digest: str = ""
    supports: int = 0
    in_force: int = 0
    key: str = ""
    address: str = ""

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC)
        text = f"{self.name}: {self.state.value} since {since:%Y-%m-%dT%H:%M:%SZ}"
        if not self.version:
            return text
        return (
            f"{text}, {self.lag:.1f} s behind, {counted(self.sessions, 'session')},"
            f" {self.unfinished} not acknowledged, check"
            f" {self.check}:{self.digest[:8] or '-'}, version {self.version}{self._rules()}"
        )

    def _rules(self) -> str:
        if not self.in_force:
            return ""
        later = f" (supports {self.supports})" if self.supports != self.in_force else ""
        return f", rules {self.in_force}{later}"

    @property
    def is_alive(self) -> bool:
        """Whether its users are there."""
        return self.state in (NodeState.ALIVE, NodeState.SILENT)

    @property
    def is_late(self) -> bool:
        """Whether it is too far behind."""
        return self.is_alive and self.lag > MOST_LAG

    @property
    def has_wrong_clock(self) -> bool:
        """Whether its clock differs too much. The time that its report has waited counts, too."""
        is_wrong = self.clock > MOST_CLOCK or self.clock < -MOST_CLOCK - self.lag
        return self.is_alive and is_wrong


@dataclass(slots=True)
class _Node:
    epoch: int
    heard: float
    report: Reported | None = None
    reported: float = 0.0  # by the log
    ended: float | None = None
    is_lost: bool = False


class Survey:
    """What is known about the nodes.

    Attributes:
        now: the time of the last entry, in seconds of Unix time by the engine.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._nodes: dict[str, _Node] = {}

    def take(self, entry: Entry, time: float) -> None:
        """Take an entry.

        Args:
            entry: the entry.
            time: of it, by the engine.
        """
        self.now = max(self.now, time)
        node = self._nodes.get(entry.node)
        if not entry.epoch:  # of no life
            return
        if node is None or entry.epoch > node.epoch:
            node = self._nodes[entry.node] = _Node(entry.epoch, time)
        elif entry.epoch < node.epoch or node.ended is not None:
            return
        node.heard = time
        for item in entry.items:
            if isinstance(item, Reported):
                node.report, node.reported = item, time
                self._note_ended(item)
            elif isinstance(item, Stopped):
                node.ended = time
            elif isinstance(item, Lost):
                lost = self._nodes.get(item.node)
                # By the active time of the log, which is shorter, it may still live.
                if lost and lost.epoch == item.epoch and time - lost.heard > SILENCE:
                    lost.ended, lost.is_lost = time, True

    def nodes(self, now: float = 0.0) -> list[NodeStatus]:
        """Return how all nodes stand, by their names.

        Args:
            now: the time by the engine, if it is later than that of the last entry.
        """
        now = max(now, self.now)
        return [_status(name, node, now) for name, node in sorted(self._nodes.items())]

    def _note_ended(self, report: Reported) -> None:
        for name, epoch, ended, is_lost in report.ended:
            known = self._nodes.get(name)
            if known is None or known.epoch <= epoch:
                heard = known.heard if known is not None else ended
                self._nodes[name] = _Node(epoch, heard, None, 0.0, ended, is_lost)


def ended_lives(lives: Lives) -> tuple[tuple[str, int, float, bool], ...]:
    """Return what `Reported.ended` is to be."""
    over: list[Life] = sorted((life for life in lives if life.is_over), key=lambda life: life.ended)
    return tuple((life.node, life.epoch, life.ended, life.is_lost) for life in over[-_MOST_ENDED:])


def _status(name: str, node: _Node, now: float) -> NodeStatus:
    if node.ended is not None:
        return NodeStatus(name, NodeState.LOST if node.is_lost else NodeState.STOPPED, node.ended)
    state = NodeState.SILENT if now - node.heard > _QUIET else NodeState.ALIVE
    since = node.epoch / 1e9
    report = node.report
    if report is None:
        return NodeStatus(name, state, since)
    return NodeStatus(
        name,
        state,
        since,
        report.version,
        max(0.0, node.reported - report.carried) if report.carried else 0.0,
        report.time - node.reported,
        report.sessions,
        report.unfinished,
        report.position,
        report.check,
        report.digest,
        report.supports,
        report.in_force,
        report.key,
        report.address,
    )
