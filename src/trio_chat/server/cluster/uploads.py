"""The table of uploads of a node: what one node adds or removes, all do where the log has it.

Each node has the whole table. The quotas are checked by the node that receives a file, before the
log has it, because what counts is stored and not in the state: two files at the same moment at two
nodes can exceed a quota by the size of one.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import UploadAdded, UploadsRemoved
from trio_chat.chat.retention import linked_by_state
from trio_chat.chat.uploads import Upload, Usage
from trio_chat.chat.world import World
from trio_chat.storage.errors import StorageError
from trio_chat.storage.uploads import SqliteUploads, blocks

_LIFE_LOST = "the other nodes have not taken it"


class ReplicatedUploads:
    """The table of uploads (the port `trio_chat.chat.uploads.UploadTable`).

    Args:
        world: whose changes are in the log.
        table: what this node has of it.

    Every method raises `StorageError` when the database cannot do it. What changes the table waits
    for the log; when cancelled, the change may come later.
    """

    def __init__(self, world: World, table: SqliteUploads) -> None:
        self._world = world
        self._table = table

    async def find(self, name: str) -> Upload | None:
        """Return an upload; see `UploadTable.find`."""
        return await self._table.find(name)

    async def usage(self, account: int, address: str) -> Usage:
        """Return the bytes in use; see `UploadTable.usage`."""
        return await self._table.usage(account, address)

    async def stored(self) -> tuple[int, int]:
        """Return number and bytes of all; see `UploadTable.stored`."""
        return await self._table.stored()

    async def add(self, upload: Upload, own: int, total: int, session: int = 0) -> bool:
        """Add an upload on all nodes; see `UploadTable.add`.

        Raises:
            StorageError: this node was given up by the others meanwhile, too.
        """
        used = await self._table.usage(upload.account, upload.address)
        size = blocks(upload.size)
        if used.own + size > own or used.total + size > total:
            return False
        apply(self._world, UploadAdded(upload, upload.account, session))
        await self._world.settle()
        if await self._table.find(upload.name) is not None:
            return True
        accounts = self._world.accounts
        if upload.account and (accounts is None or upload.account not in accounts.by_id):
            return False
        raise StorageError(_LIFE_LOST)

    async def remove(self, name: str) -> bool:
        """Remove an upload on all nodes; see `UploadTable.remove`."""
        return bool(await self._remove([name] if await self._table.find(name) else []))

    async def prune(self, before: int) -> int:
        """Remove old uploads on all nodes; see `UploadTable.prune`."""
        return await self._remove(await self._table.old(before))

    async def prune_unlinked(self, before: int, used: Collection[str]) -> int:
        """Remove old uploads without a message on all nodes; see `UploadTable.prune_unlinked`.

        A node that has just started, or is behind, does not know the latest links. So it looks
        again when it has carried out everything up to now.
        """
        if not await self._table.unlinked(before, used):
            return 0
        await self._catch_up()
        used = linked_by_state(self._world)
        return await self._remove(await self._table.unlinked(before, used))

    async def removed(self) -> list[str]:
        """Return removed uploads, whose bytes each node deletes; see `UploadTable.removed`."""
        return await self._table.removed()

    async def forget_removed(self, names: Sequence[str]) -> None:
        """Note that bytes were deleted here; see `UploadTable.forget_removed`."""
        await self._table.forget_removed(names)

    async def names(self) -> set[str]:
        """Return all random names; see `UploadTable.names`."""
        return await self._table.names()

    async def _catch_up(self) -> None:
        apply(self._world, UploadsRemoved(()))
        await self._world.settle()
        # If the life of this node was given up meanwhile: until another one has begun.
        await self._world.settle()

    async def _remove(self, names: Sequence[str]) -> int:
        if names:
            apply(self._world, UploadsRemoved(tuple(names)))
            await self._world.settle()
            if await self._table.find(names[0]) is not None:
                raise StorageError(_LIFE_LOST)
        return len(names)


def replicate_uploads(world: World) -> None:
    """Have the table of uploads of a world changed by the log alone."""
    storage = world.storage
    if storage is not None and isinstance(storage.uploads, SqliteUploads):
        world.storage = replace(storage, uploads=ReplicatedUploads(world, storage.uploads))
