"""What a node says about the others in the log: which are lost, which differ, and which version of
the rules all of them support.
"""

import logging
from collections.abc import Callable

from trio_chat.cluster.entries import Checked, Item, Lost, Raised
from trio_chat.cluster.lives import Life
from trio_chat.cluster.machine import Machine
from trio_chat.server.cluster.comparison import differing_nodes
from trio_chat.server.cluster.log import LogBroken

log = logging.getLogger("trio_chat")


class OtherNodes:
    """The other nodes of a cluster, as one node sees them.

    Args:
        name: of that node.
        machine: knows which nodes live.
        submit: has an item appended to the log.
    """

    def __init__(self, name: str, machine: Machine, submit: Callable[[Item], None]) -> None:
        self._name = name
        self._machine = machine
        self._submit = submit
        self.begin_life()

    def begin_life(self) -> None:
        """Say in a new life what was said before: it may not have been carried out."""
        self._declared: set[tuple[str, int]] = set()
        self._raised = 0

    def living(self) -> list[Life]:
        """Return the lives of all nodes that live."""
        return [life for life in self._machine.lives if not life.is_over]

    def declare_lost(self) -> None:
        """Say which nodes are lost."""
        for lost in self._machine.lives.lost():
            key = lost.node, lost.epoch
            if lost.node != self._name and key not in self._declared:
                self._declared.add(key)
                log.warning("nothing is heard of the node %s any longer", lost.node)
                self._submit(Lost(*key))

    def raise_version(self) -> None:
        """Have the greatest version of the rules in force that all nodes support."""
        version = self._machine.lives.supported()
        oldest = min(self.living(), key=lambda life: life.number, default=None)
        if (
            oldest is not None
            and oldest is self._machine.life
            and version > max(self._machine.version, self._raised)
        ):
            self._raised = version
            log.info("all nodes support version %d of the rules, which is put in force", version)
            self._submit(Raised(version))

    def compare(self, digest: Checked | None) -> None:
        """Compare the last digests of the nodes.

        Args:
            digest: of this node.

        Raises:
            LogBroken: this node has another state than an older one.
        """
        life = self._machine.life
        if digest is None or life is None:
            return
        for other in differing_nodes(digest, self._machine.digests, self._machine.lives):
            if other.number < life.number:
                raise LogBroken(
                    f"the state of this node is not that of {other.node}, which is older: it stops,"
                    " so that nobody sees two truths. Start it from a backup of another node"
                    " (trio-chat backup), and report this as a defect"
                )
            if (other.node, digest.check) not in self._declared:
                self._declared.add((other.node, digest.check))
                log.error("the state of the node %s is not that of this one", other.node)
