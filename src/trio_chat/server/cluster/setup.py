"""The set-up of a node: its engine, its name, and the state that its database has."""

import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import trio

from trio_chat.chat import ids
from trio_chat.chat.persistence import ClusterState
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import RULES_VERSION, World
from trio_chat.cluster import rules
from trio_chat.cluster.machine import Machine, OtherFormat, RulesDiffer, UpdateNeeded
from trio_chat.config import Settings
from trio_chat.server import rehash
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.cluster.certificate_sharing import CertificateSharing
from trio_chat.server.cluster.engines import EngineLog, make_log, read_password
from trio_chat.server.cluster.explanations import differing
from trio_chat.server.cluster.founding import found
from trio_chat.server.cluster.log import START, Log, LogRefused
from trio_chat.server.cluster.node import ClusterNode
from trio_chat.server.cluster.shared_lockout import SharedLockout
from trio_chat.server.cluster.snapshots import SnapshotKeeper
from trio_chat.server.cluster.uploads import replicate_uploads
from trio_chat.server.encryption import Encryption
from trio_chat.server.lockout import Lockout
from trio_chat.server.uploads.copying import UploadCopier
from trio_chat.server.uploads.node_client import OtherNode
from trio_chat.server.uploads.node_requests import NodeRequests
from trio_chat.server.uploads.service import UploadService

log = logging.getLogger("trio_chat")

_CLOSING = 2.0
"""Seconds in which the connections to the engine are closed."""
MakeWorld = Callable[[Callable[[], float], Callable[[], float]], World]
"""Returns a new world with a clock, and with one that never goes back."""


class ClusterSetup:
    """What a server needs to be a node.

    Args:
        name: of the node.
        rules: see `Begun`.
        log: the log in the engine.
        memory: the storage.
        stored: the state that the database has, or None if it was in no cluster yet.
    """

    def __init__(
        self,
        name: str,
        rules: str,
        log: Log,
        memory: StoragePorts,
        stored: ClusterState | None = None,
    ) -> None:
        self._name = name
        self._rules = rules
        self._log = log
        # The state follows the time of the log, and not the steady clock of this node.
        self.memory = replace(memory, kept=None, hold=0.0, clock=None)
        self.stored = stored
        # Not the time of this start: all nodes begin with the same state.
        self._began = ids.seconds(memory.last_id) if memory.last_id else 0.0
        self._machine: Machine | None = None

    def make_world(self, make_world: MakeWorld) -> World:
        """Return the world of the server, as the database has it.

        Raises:
            LogRefused: it is of a cluster with another configuration, or of another version.
        """
        machine = self._machine = Machine(
            lambda clock: make_world(clock, clock), self._rules, self._began, RULES_VERSION
        )
        if self.stored is not None:
            try:
                machine.restore(self.stored.snapshot)
            except RulesDiffer as error:
                raise LogRefused(differing(error)) from error
            except (OtherFormat, UpdateNeeded) as error:
                raise LogRefused(str(error)) from error
        replicate_uploads(machine.world)
        return machine.world

    def make_node(self, broadcaster: Broadcaster) -> ClusterNode:
        """Return the node, for the world that was made before."""
        assert self._machine is not None  # noqa: S101  # the world is made first
        stored = self.stored or ClusterState(START, START, {})
        keeper = SnapshotKeeper(self.memory.cluster, stored.taken, stored.position)
        return ClusterNode(self._name, self._rules, self._machine, self._log, broadcaster, keeper)

    def make_sharing(self, node: ClusterNode, encryption: Encryption) -> CertificateSharing:
        """Return what shares the certificate with the other nodes."""
        sharing = CertificateSharing(node, encryption.own_files, lambda: encryption.facts.key)
        node.on_entry = sharing.take
        if encryption.is_own:
            node.key = lambda: encryption.facts.key
        return sharing

    def share_lockout(self, world: World, lockout: Lockout, node: ClusterNode) -> None:
        """Have wrong passwords for accounts counted by all nodes; see `SharedLockout`."""
        SharedLockout(world, lockout, node)

    def share_uploads(
        self, node: ClusterNode, uploads: UploadService, settings: Settings, key: bytes
    ) -> UploadCopier:
        """Let nodes get uploaded files from each other; return what copies them.

        Args:
            node: this one.
            uploads: its files.
            settings: all of config.ini.
            key: of requests, which all nodes have.
        """
        address = node.reports.address = settings.cluster.address
        if not address:
            log.warning(
                "[cluster] address is empty: the other nodes get no uploaded files from this one"
            )
        requests = NodeRequests(key, node.name, uploads.clock)
        table, directory, limits = uploads.table, uploads.directory, uploads.limits
        copier = UploadCopier(table, directory, limits, requests, lambda: _others(node))
        uploads.copier = copier
        return copier


def _others(node: ClusterNode) -> list[OtherNode]:
    """Return the other nodes that are alive and have an address."""
    return [
        OtherNode(each.name, each.address)
        for each in node.survey.nodes()
        if each.is_alive and each.address and each.name != node.name
    ]


@asynccontextmanager
async def open_cluster(
    settings: Settings, memory: StoragePorts | None
) -> AsyncIterator[ClusterSetup]:
    """Connect to the engine, and begin the log if this node is the first one; close the connections
    in the end.

    Args:
        settings: all of config.ini.
        memory: the storage, or None if nothing is stored.

    Raises:
        LogRefused: the engine, or the database, is not as a cluster needs it; the message says what
            to change.
        LogUnavailable: the engine cannot be reached.
        StorageError: the state cannot be read.
    """
    if memory is None or memory.cluster is None:
        raise LogRefused("a node of a cluster stores messages: set [storage] file")
    password = await trio.to_thread.run_sync(read_password, settings.cluster)
    try:
        log = make_log(settings.cluster.url, password)
    except ValueError as error:
        raise LogRefused(f"[cluster] url: {error}") from error
    try:
        await _check(log)
        name = settings.cluster.node or socket.gethostname().partition(".")[0]
        stored = await memory.cluster.load()
        if stored is None:
            memory = await found(log, name, memory, memory.cluster)
        common = rules.to_text(rehash.common(settings, memory, b""))
        yield ClusterSetup(name, common, log, memory, stored)
    finally:
        with trio.CancelScope(deadline=trio.current_time() + _CLOSING, shield=True):
            await log.aclose()


async def _check(engine: EngineLog) -> None:
    if await engine.check():
        log.warning(
            "the engine may lose the last seconds of the log when it dies: set `appendfsync always`"
            " there, or have a replica of it"
        )
