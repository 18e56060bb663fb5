"""Fakes for the tests of `server/cluster/`: a log in memory, and servers that are nodes on it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

from server_fakes import MemoryNetwork
from storage_fakes import ListHistory
from support import NOON
from trio_chat.chat.history import Record
from trio_chat.chat.persistence import ChangeSet, ClusterState
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.cluster.codec import decode
from trio_chat.cluster.entries import Entry, Item
from trio_chat.config import LimitSettings, ServerSettings, Settings
from trio_chat.server.app import Server
from trio_chat.server.cluster.log import START, LogBroken, LogUnavailable, Stored
from trio_chat.server.cluster.node import ClusterNode
from trio_chat.server.cluster.setup import ClusterSetup
from trio_chat.server.keepalive import keep_alive


class MemoryLog:
    """An engine in memory, which fails as it is told to.

    Attributes:
        stored: its entries.
        is_away: whether it does not answer.
        replies_lost: so many of the next appends are carried out, and fail.
        repeated: so many times each entry of the next append is in it, as by a retry on the way.
        gate: reading waits for it.
        silenced: the nodes whose appends wait until `gate_of_appends`, as if they were frozen.
    """

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.is_away = False
        self.replies_lost = 0
        self.repeated = 1
        self.gate = trio.Event()
        self.gate.set()
        self.silenced: set[str] = set()
        self.gate_of_appends = trio.Event()
        self._changed = trio.Event()

    def items(self) -> list[Item]:
        """Return all items of all entries."""
        return [item for each in self.stored for item in decode(each.data).items]

    def entries(self, node: str) -> list[Entry]:
        """Return the entries of a node."""
        return [entry for each in self.stored if (entry := decode(each.data)).node == node]

    def put(self, data: bytes) -> None:
        """Append an entry."""
        time = NOON + trio.current_time()
        self.stored.append(Stored(str(len(self.stored) + 1), time, data))
        self._changed.set()
        self._changed = trio.Event()

    def hear_again(self) -> None:
        """Let all nodes append."""
        self.silenced.clear()
        self.gate_of_appends.set()

    async def append(self, entries: Sequence[bytes]) -> None:
        """Append entries; see `Log.append`."""
        await trio.lowlevel.checkpoint()
        if entries and decode(entries[0]).node in self.silenced:
            await self.gate_of_appends.wait()
        self._refuse()
        for data in entries:
            for _ in range(self.repeated):
                self.put(data)
        self.repeated = 1
        if self.replies_lost:
            self.replies_lost -= 1
            raise LogUnavailable("the reply is lost")

    async def read(self, after: str) -> list[Stored]:
        """Return what follows a position; see `Log.read`."""
        await trio.lowlevel.checkpoint()
        self._refuse()
        first = 0 if after == START else int(after)
        with trio.move_on_after(1):
            while len(self.stored) <= first:
                await self._changed.wait()
            await self.gate.wait()
        self._refuse()
        return self.stored[first:] if self.gate.is_set() else []

    async def aclose(self) -> None:
        """Have nothing to close."""

    def _refuse(self) -> None:
        if self.is_away:
            raise LogUnavailable("the engine is away")


class NodeDatabase(ListHistory):
    """A history with the table of the cluster, which survives a crash of its node.

    Attributes:
        state: what the table has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state: ClusterState | None = None

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages, and up to which entry they are."""
        await super().commit(records, state)
        if state is not None and state.position:
            taken = self.state or ClusterState(START, START, {})
            self.state = taken._replace(position=state.position)

    async def load(self) -> ClusterState | None:
        """Return what the table has; see `ClusterTable.load`."""
        return self.state

    async def keep(self, taken: str, snapshot: dict[str, Any]) -> int:
        """Store a snapshot; see `ClusterTable.keep`."""
        position = self.state.position if self.state is not None else taken
        self.state = ClusterState(position, taken, snapshot)
        return 1

    async def origin(self) -> str:
        """Return the same for all; see `ClusterTable.origin`."""
        return ""

    async def secrets(self) -> dict[str, bytes]:
        """Return that there are none; see `ClusterTable.secrets`."""
        return {}

    async def adopt(self, secrets: dict[str, bytes]) -> None:
        """Have no place for them; see `ClusterTable.adopt`."""


class NodeNetwork(MemoryNetwork):
    """A running node that clients join over memory streams.

    Attributes:
        failures: what has ended the node, if anything has.
    """

    def __init__(self, server: Server, nursery: trio.Nursery) -> None:
        super().__init__(server, nursery)
        self.failures: list[Exception] = []

    @property
    def node(self) -> ClusterNode:
        """The node."""
        assert self.server.node is not None
        return self.server.node

    async def run(self) -> None:
        """Run the node, and note how it ends."""
        try:
            await self.node.run()
        except* LogBroken as group:
            self.failures += group.exceptions


@asynccontextmanager
async def cluster_node(
    log: MemoryLog,
    name: str = "n1",
    database: NodeDatabase | None = None,
    limits: LimitSettings | None = None,
    *,
    is_begun: bool = True,
) -> AsyncIterator[NodeNetwork]:
    """Run a node; at the end it is gone, as if it was killed.

    Args:
        log: its log.
        name: its name.
        database: what it has stored.
        limits: of its clients.
        is_begun: whether to wait until it takes clients.
    """
    database = database or NodeDatabase()
    settings = Settings(server=ServerSettings(shutdown_grace=3), limits=limits or LimitSettings())
    memory = StoragePorts(history=database, cluster=database)
    setup = ClusterSetup(name, "", log, memory, database.state)
    server = Server(settings, lambda: NOON, setup.memory, cluster=setup)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.broadcaster.run)
        nursery.start_soon(keep_alive, server.connections)
        async with trio.open_nursery() as clients:
            network = NodeNetwork(server, clients)
            nursery.start_soon(network.run)
            if is_begun:
                with trio.fail_after(60):
                    await network.node.wait_begun()
            yield network
            clients.cancel_scope.cancel()
        nursery.cancel_scope.cancel()
