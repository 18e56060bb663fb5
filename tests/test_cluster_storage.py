"""What a node of a cluster stores, in a database of its own: position, state and secrets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from cluster_fakes import MemoryLog
from support import NOON, Town
from trio_chat.chat.accounts import Account, Origin
from trio_chat.chat.changes import AccountRegistered
from trio_chat.chat.credentials import Credentials, ScramKeys
from trio_chat.chat.events import Event, Output
from trio_chat.chat.history import HistoryTarget, Span
from trio_chat.chat.persistence import ChangeSet, DirtyKey
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.cluster.codec import encode
from trio_chat.cluster.entries import Begun, Entry, Founded, Item
from trio_chat.config import StorageSettings
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.cluster.founding import found
from trio_chat.server.cluster.log import LogRefused
from trio_chat.server.open_storage import open_storage
from trio_chat.server.uncommitted import UncommittedState
from trio_chat.storage.cluster import SqliteClusterTable, leave
from trio_chat.storage.database import open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.maintenance import connected
from trio_chat.storage.state import SqliteStateStore

ORIGIN = Origin("192.0.2.1")


class NodeStorage:
    """The database of a node, with a broadcaster that commits to it."""

    def __init__(self, history: SqliteHistory, table: SqliteClusterTable) -> None:
        self.town = Town()
        self.world = self.town.world
        self.history = history
        self.table = table
        self._ids: dict[str, int] = {}  # the same message has the same id
        self._first = self.world.ids.next()
        self.broadcaster = Broadcaster(8, 8, history, UncommittedState(self.world), is_strict=True)

    async def commit(self, position: str, *texts: str) -> None:
        """Commit messages to #a, with what has changed and a position."""
        events = tuple(
            Event(
                self._ids.setdefault(text, len(self._ids) + self._first),
                "PRIVMSG",
                ("#a", text),
                "ann!u@h",
                (),
                history_targets=(HistoryTarget("#a", False),),
            )
            for text in texts
        )
        ticket = self.broadcaster.accept(Output(events, position=position))
        await self.broadcaster.wait_delivered(ticket)

    async def texts(self) -> list[str]:
        """Return the stored messages."""
        return [each.text for each in await self.history.messages("#a", Span(), 99, 0)]

    async def position(self) -> str:
        """Return the stored position."""
        state = await self.table.load()
        assert state is not None
        return state.position


@asynccontextmanager
async def node_storage() -> AsyncIterator[tuple[NodeStorage, SqliteStateStore]]:
    """Open a database in memory, as a node has it before the first entry."""
    async with open_database(None) as database, trio.open_nursery() as nursery:
        storage = NodeStorage(SqliteHistory(database), SqliteClusterTable(database))
        await storage.table.keep("0-0", {})
        account = Account("ann", "ann", int(NOON), 1)
        credentials = Credentials("hash", ScramKeys(b"salt", 1, b"stored", b"server"))
        operation = AccountRegistered(account, credentials)
        await storage.history.commit([], ChangeSet(operations=(operation,)))
        nursery.start_soon(storage.broadcaster.run)
        yield storage, SqliteStateStore(database)
        nursery.cancel_scope.cancel()


async def test_the_position_is_stored_though_some_state_cannot_be(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Otherwise the next start carries out the batch twice; the other state is stored, too."""
    async with node_storage() as (storage, store):
        world = storage.world
        world.metadata[1] = {"url": "half a character \ud800"}
        world.markers[1] = {"#a": "2026-01-01T00:00:00.000Z"}
        world.dirty.mark([DirtyKey.metadata(1), DirtyKey.marker(1, "#a")])
        await storage.commit("5-0", "hi")
        assert await storage.position() == "5-0"
        assert await storage.texts() == ["hi"]
        assert (await store.load()).markers == {(1, "#a"): "2026-01-01T00:00:00.000Z"}
        assert not world.dirty
        await storage.commit("6-0", "again")
        assert await storage.position() == "6-0"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_the_position_is_stored_though_a_message_cannot_be() -> None:
    """The other messages of the same entry are stored, as on all nodes."""
    async with node_storage() as (storage, _):
        await storage.commit("5-0", "one", "half a character \ud800", "two")
        assert await storage.position() == "5-0"
        assert await storage.texts() == ["one", "two"]


async def test_a_crash_while_parts_are_stored_doubles_nothing() -> None:
    """What is stored already is left out when the batch is carried out again."""
    async with node_storage() as (storage, _):
        await storage.commit("", "one")
        await storage.commit("5-0", "one", "two")
        assert await storage.position() == "5-0"
        assert await storage.texts() == ["one", "two"]


@asynccontextmanager
async def founded(
    log: MemoryLog, path: Path, *names: str
) -> AsyncIterator[dict[str, StoragePorts]]:
    """Start nodes for the first time, with databases of their own."""
    async with AsyncExitStack() as stack:
        ports = {}
        for name in names:
            settings = StorageSettings(file=path / name)
            memory = await stack.enter_async_context(open_storage(settings, "low"))
            assert memory is not None
            assert memory.cluster is not None
            ports[name] = await found(log, name, memory, memory.cluster)
        yield ports


async def test_all_nodes_have_the_same_secrets_from_their_first_start(tmp_path: Path) -> None:
    """Names without an account show the same to a client on each node."""
    async with founded(MemoryLog(), tmp_path, "a", "b") as ports:
        assert ports["a"].secret == ports["b"].secret
        assert ports["a"].vapid == ports["b"].vapid
        accounts = [each.accounts for each in ports.values() if each.accounts is not None]
        first, second = [await each.scram_keys("nobody", ORIGIN) for each in accounts]
        assert first == second
        assert first != await accounts[0].scram_keys("nobody2", ORIGIN)


async def test_a_server_alone_refuses_the_database_of_a_cluster(tmp_path: Path) -> None:
    """It would give the numbers of later accounts of the cluster to others."""
    settings = StorageSettings(file=tmp_path / "a")
    async with open_storage(settings, "low", is_node=True) as memory:
        assert memory is not None
        assert memory.cluster is not None
        await memory.cluster.keep("5-0", {})
    with pytest.raises(StorageError, match="cluster leave"):
        async with open_storage(settings, "low"):
            pass
    async with open_storage(settings, "low", is_node=True):
        pass
    with connected(tmp_path / "a") as connection:
        assert leave(connection)
    async with open_storage(settings, "low"):
        pass


def entry(*items: Item) -> bytes:
    """Return a first entry."""
    return encode(Entry("a", 0, 1, items))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "does not begin"),
        (b"garbage", "does not begin"),
        (entry(), "not that of a cluster"),
        (entry(Begun("")), "not that of a cluster"),
        (entry(Founded("other", ())), "not as that of the first node"),
        (b"\x94\xa1a\x00\x01\x91\x92\xcc\xff\x01", "update trio-chat"),
        (b"\x91" * 100_000, "does not begin"),
    ],
    ids=["empty", "garbage", "no items", "another item", "origin", "later", "nested"],
)
async def test_a_log_that_begins_otherwise_is_refused(
    tmp_path: Path, data: bytes, what: str
) -> None:
    """With a sentence, and before anything is appended."""
    log = MemoryLog()
    log.put(data)
    async with open_storage(StorageSettings(file=tmp_path / "a"), "low") as memory:
        assert memory is not None
        assert memory.cluster is not None
        with pytest.raises(LogRefused, match=what):
            await found(log, "a", memory, memory.cluster)
    assert len(log.stored) == 1


@pytest.mark.parametrize("name", ["cloak", "scram", "vapid"])
async def test_secrets_of_another_length_are_refused(tmp_path: Path, name: str) -> None:
    """They would be of no use, and are not stored."""
    log = MemoryLog()
    async with open_storage(StorageSettings(file=tmp_path / "a"), "low") as memory:
        assert memory is not None
        assert memory.cluster is not None
        before = await memory.cluster.secrets()
        log.put(entry(Founded(await memory.cluster.origin(), ((name, b"short"),))))
        with pytest.raises(LogRefused, match="damaged"):
            await found(log, "a", memory, memory.cluster)
        assert await memory.cluster.secrets() == before
