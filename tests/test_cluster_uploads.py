"""The table of uploads in a cluster: what one node adds or removes, all do where the log has it."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from storage_fakes import ListHistory
from support import NOON, Town
from test_uploads_storage import NAME, OTHER, ROOM, make_account, said, upload
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change, UploadAdded
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import UploadTable
from trio_chat.cluster.decisions import decide, resolve
from trio_chat.config.settings import UploadSettings
from trio_chat.server.cluster.uploads import ReplicatedUploads, replicate_uploads
from trio_chat.server.uploads.directory import UploadDirectory
from trio_chat.server.uploads.service import UploadService
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.uploads import SqliteUploads
from upload_fakes import GUEST, pieces

LINKS = "SELECT count(*) FROM upload_link"


class Node:
    """A node: what it decides on is carried out by all when it waits for it."""

    def __init__(self, cluster: "Cluster", database: Database) -> None:
        self.town = Town(storage=StoragePorts(history=ListHistory()))
        world = self.town.world
        world.storage = StoragePorts(history=ListHistory(), uploads=SqliteUploads(database))
        replicate_uploads(world)
        world.decider, world.settle = cluster.log.append, cluster.carry_out
        self.history = SqliteHistory(database)
        self.database = database

    @property
    def table(self) -> UploadTable:
        """Its table of uploads."""
        storage = self.town.world.storage
        assert storage is not None
        assert isinstance(storage.uploads, ReplicatedUploads)
        return storage.uploads

    async def carry_out(self, change: Change) -> None:
        """Carry out a change, and store it."""
        world = self.town.world
        decider, world.decider = world.decider, None
        found = resolve(world, decide(world, change))
        if found is not None:
            apply(world, found)
        world.decider = decider
        taken = world.dirty.take()
        await self.history.commit([], ChangeSet(operations=tuple(taken.operations)))

    async def hear(self, *records: object) -> None:
        """Store messages."""
        await self.history.commit(records)  # type: ignore[arg-type]


class Cluster:
    """Two nodes.

    Attributes:
        is_deaf: whether the log loses what is appended, as when a life is given up.
    """

    def __init__(self) -> None:
        self.log: deque[Change] = deque()
        self.nodes: list[Node] = []
        self.is_deaf = False

    async def carry_out(self) -> None:
        """Have all nodes carry out the log."""
        while self.log:
            change = self.log.popleft()
            for node in () if self.is_deaf else self.nodes:
                await node.carry_out(change)


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Return a cluster of two nodes."""
    async with AsyncExitStack() as stack:
        made = Cluster()
        for _ in range(2):
            database = await stack.enter_async_context(open_database(None))
            made.nodes.append(Node(made, database))
        yield made


async def test_an_upload_is_in_the_tables_of_all_nodes(cluster: Cluster) -> None:
    """With all that is known of it, and it counts for the quota on each."""
    here, there = cluster.nodes
    assert await here.table.add(upload(), ROOM, ROOM)
    assert await there.table.find(NAME) == upload()
    assert await there.table.usage(0, "192.0.2.1") == await here.table.usage(0, "192.0.2.1")
    assert not await there.table.add(upload(OTHER), 4096, ROOM)
    assert not await there.table.add(upload(OTHER), ROOM, 4096)
    assert not cluster.log


async def test_an_upload_is_removed_from_all_nodes(cluster: Cluster) -> None:
    """Each deletes its bytes; what is not there cannot be removed."""
    here, there = cluster.nodes
    assert await here.table.add(upload(), ROOM, ROOM)
    assert await there.table.remove(NAME)
    assert await here.table.find(NAME) is None
    assert await here.table.removed() == await there.table.removed() == [NAME]
    assert not await here.table.remove(NAME)
    assert not cluster.log


async def test_an_upload_of_a_deleted_account_is_not_added(cluster: Cluster) -> None:
    """The account went while the file was being received."""
    (here, _) = cluster.nodes
    assert not await here.table.add(upload(account=7), ROOM, ROOM)


async def test_an_upload_of_an_account(cluster: Cluster) -> None:
    """Where the world has no accounts, none has an upload; a table says the same."""
    here, there = cluster.nodes
    account = await make_account(here.database)
    assert not await here.table.add(upload(account=account), ROOM, ROOM)
    assert await there.table.find(NAME) is None


async def test_a_node_that_is_given_up_has_added_nothing(cluster: Cluster) -> None:
    """The client is not answered that its file is there."""
    here, _ = cluster.nodes
    cluster.is_deaf = True
    with pytest.raises(StorageError):
        await here.table.add(upload(), ROOM, ROOM)
    cluster.is_deaf = False
    assert await here.table.add(upload(), ROOM, ROOM)
    cluster.is_deaf = True
    with pytest.raises(StorageError):
        await here.table.remove(NAME)


async def test_an_operation_that_is_stored_again_changes_nothing(cluster: Cluster) -> None:
    """As after a crash."""
    here, _ = cluster.nodes
    assert await here.table.add(upload(), ROOM, ROOM)
    used = await here.table.usage(0, "192.0.2.1")
    cluster.log.append(  # the same entry
        UploadAdded(upload())
    )
    await cluster.carry_out()
    assert await here.table.usage(0, "192.0.2.1") == used


async def test_old_uploads_go_from_all_nodes(cluster: Cluster) -> None:
    """Whichever notices; one to which a message links stays."""
    here, there = cluster.nodes
    assert await here.table.add(upload(), ROOM, ROOM)
    assert await here.table.add(upload(OTHER), ROOM, ROOM)
    for node in cluster.nodes:
        await node.hear(said(1, NAME))
    assert await there.table.prune_unlinked(int(NOON) + 1, ()) == 1
    assert await here.table.names() == await there.table.names() == {NAME}
    assert await there.table.prune_unlinked(int(NOON) + 1, ()) == 0
    assert await here.table.prune(int(NOON) + 1) == 1
    assert await here.table.names() == await there.table.names() == set()
    assert await here.table.prune(int(NOON) + 1) == 0


async def test_a_node_that_is_behind_removes_nothing_that_is_in_use(cluster: Cluster) -> None:
    """The link is in the log before what the node decides; so is a topic with one."""
    here, there = cluster.nodes
    assert await here.table.add(upload(), ROOM, ROOM)
    assert await here.table.add(upload(OTHER), ROOM, ROOM)
    await here.hear(said(1, NAME))
    carry_out = cluster.carry_out

    async def catch_up() -> None:
        await carry_out()
        if await there.database.read(lambda rows: rows.execute(LINKS).get) == 0:
            await there.hear(said(1, NAME))
            world = there.town.world
            decider, world.decider = world.decider, None
            there.town.person("ann", "#a").say(f"TOPIC #a :http://h/file/{OTHER}/a.jpg")
            world.decider = decider

    there.town.world.settle = catch_up
    assert await there.table.prune_unlinked(int(NOON) + 1, ()) == 0
    assert await here.table.names() == {NAME, OTHER}


async def test_a_guest_removes_its_file_at_another_node(cluster: Cluster, tmp_path: Path) -> None:
    """The nodes know the session that has uploaded it."""
    here, there = cluster.nodes
    uploader = GUEST._replace(session=7)
    services = []
    for number, node in enumerate((here, there)):
        directory = UploadDirectory(tmp_path / str(number))
        service = UploadService(
            node.table, directory, UploadSettings(reserve=0), lambda: NOON, lambda: 0.0
        )
        await service.prepare()
        node.town.world.observers.append(service.observe)
        services.append(service)
    received = await services[0].receive(uploader, "a.txt", pieces(b"hello"), None)
    assert services[1].may_remove(uploader, received.upload)
    assert not services[1].may_remove(uploader._replace(session=8), received.upload)
    assert await services[1].remove(received.upload.name)
    assert await services[0].find(received.upload.name) is None
