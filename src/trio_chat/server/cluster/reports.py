"""Reports of a node: how it stands, for operators and for the other nodes."""

import time
from collections.abc import Callable

import trio

from trio_chat import __version__
from trio_chat.cluster.entries import Checked, Item, Reported
from trio_chat.cluster.machine import Machine
from trio_chat.cluster.survey import REPORT, ended_lives
from trio_chat.server.cluster.statistics import NodeCounters


class NodeReports:
    """The reports of one node, which it makes now and then while it lives.

    Args:
        machine: knows its life.
        counters: of the node.
        submit: has an item appended to the log.

    Attributes:
        address: see `Reported`.
    """

    def __init__(
        self, machine: Machine, counters: NodeCounters, submit: Callable[[Item], None]
    ) -> None:
        self._machine = machine
        self._counters = counters
        self._submit = submit
        self._due = 0.0
        self.address = ""

    def submit_if_due(
        self, position: str, unfinished: int, digest: Checked | None, key: str
    ) -> None:
        """Report, if it is time for that; see `Reported` for the arguments."""
        life, now = self._machine.life, trio.current_time()
        if now < self._due or life is None or life.is_over:
            return
        self._due = now + REPORT
        report = Reported(
            __version__,
            time.time(),
            position,
            self._counters.carried,
            len(life.sessions),
            unfinished,
            digest.check if digest is not None else 0,
            digest.digest if digest is not None else "",
            ended_lives(self._machine.lives),
            life.supports,
            self._machine.version,
            key,
            self.address,
        )
        self._submit(report)
