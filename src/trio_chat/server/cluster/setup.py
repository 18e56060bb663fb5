"""The set-up of a node: its engine, its name, and the state that its database has."""

import socket
from collections.abc import Callable
from pathlib import Path

import trio

from trio_chat.chat import ids
from trio_chat.chat.persistence import ClusterState, ClusterTable
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import World
from trio_chat.cluster.machine import Machine, RulesDiffer
from trio_chat.config import ClusterSettings
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.cluster.engines import make_log
from trio_chat.server.cluster.log import START, Log, LogRefused
from trio_chat.server.cluster.node import ClusterNode, differing
from trio_chat.server.cluster.snapshots import SnapshotKeeper

MakeWorld = Callable[[Callable[[], float], Callable[[], float]], World]
"""Returns a new world with a clock, and with one that never goes back."""


class ClusterSetup:
    """What a server needs to be a node.

    Args:
        name: of the node.
        rules: see `Begun`.
        log: the log in the engine.
        table: where the state is kept; None keeps none.
        stored: the state that the database has, or None if it was in no cluster yet.
        last_id: the greatest id that the database has, or 0.
    """

    def __init__(
        self,
        name: str,
        rules: str,
        log: Log,
        table: ClusterTable | None = None,
        stored: ClusterState | None = None,
        last_id: int = 0,
    ) -> None:
        self._name = name
        self._rules = rules
        self._log = log
        self._table = table
        self.stored = stored
        # Not the time of this start: all nodes begin with the same state.
        self._began = ids.seconds(last_id) if last_id else 0.0
        self._machine: Machine | None = None

    def make_world(self, make_world: MakeWorld) -> World:
        """Return the world of the server, as the database has it.

        Raises:
            LogRefused: it is of a cluster with another configuration.
        """
        machine = self._machine = Machine(
            lambda clock: make_world(clock, clock), self._rules, self._began
        )
        if self.stored is not None:
            try:
                machine.restore(self.stored.snapshot)
            except RulesDiffer as error:
                raise LogRefused(differing(error, self._rules)) from error
        return machine.world

    def make_node(self, broadcaster: Broadcaster) -> ClusterNode:
        """Return the node, for the world that was made before."""
        assert self._machine is not None  # noqa: S101  # the world is made first
        stored = self.stored or ClusterState(START, START, {})
        keeper = SnapshotKeeper(self._table, stored.taken, stored.position)
        return ClusterNode(self._name, self._rules, self._machine, self._log, broadcaster, keeper)


async def open_cluster(
    settings: ClusterSettings, rules: str, memory: StoragePorts | None
) -> ClusterSetup:
    """Connect to the engine.

    Args:
        settings: the [cluster] section.
        rules: see `Begun`.
        memory: the storage, or None if nothing is stored.

    Raises:
        LogRefused: it is not set up as a cluster needs it; the message says what to change.
        LogUnavailable: it cannot be reached.
        StorageError: the state cannot be read.
    """
    try:
        password = await trio.to_thread.run_sync(_password, settings.password_file)
        engine = make_log(settings.url, password, settings.replicas or None)
    except (OSError, ValueError) as error:
        raise LogRefused(f"[cluster]: {error}") from error
    await engine.check()
    name = settings.node or socket.gethostname().partition(".")[0]
    if memory is None or memory.cluster is None:
        return ClusterSetup(name, rules, engine)
    stored = await memory.cluster.load()
    return ClusterSetup(name, rules, engine, memory.cluster, stored, memory.last_id)


def _password(file: Path | None) -> str:
    return file.read_text("utf-8").strip() if file is not None else ""
