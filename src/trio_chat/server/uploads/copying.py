"""Copies of uploaded files from other nodes of a cluster: of one that a client asks for, at once,
and of all others little by little, so that the death of a node loses no file.
"""

import logging
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypeVar

import trio

from trio_chat.chat.uploads import Upload, UploadTable
from trio_chat.server.http.messages import started
from trio_chat.server.uploads.copy_file import CopyFailed, CopyFile, WrongBytes
from trio_chat.server.uploads.directory import UploadDirectory
from trio_chat.server.uploads.limits import UploadLimits, UploadRefused
from trio_chat.server.uploads.node_client import NodeClient, NodeFailed, OtherNode
from trio_chat.server.uploads.node_requests import NodeRequests
from trio_chat.storage.errors import StorageError

log = logging.getLogger("trio_chat")

T = TypeVar("T")

AT_ONCE = 4
"""Files that are copied at the same time because clients ask for them."""
MOST_WAITING = 64
"""Files that clients ask for, with those that wait."""
BEGIN = 20.0
"""Seconds until the first byte for a client."""
SLOWEST = 64 << 10
"""Bytes a second that a node must send on average, beyond `BEGIN`."""
LOOK_AGAIN = 10.0
"""Seconds between two looks for files that this node lacks."""
FIRST_DELAY, LONGEST_DELAY = 15.0, 3600.0
"""Seconds until a file is tried again that no node has sent; they double each time."""
_PAUSE = 0.05
_CLOSING = 5.0
_THREADS = 4
_READ_AT_ONCE = 1 << 16


class Copy:
    """A file that is being copied.

    Args:
        upload: the file.
        file: its bytes so far.

    Attributes:
        available: how many bytes can be read.
        is_done: whether all of them are there, and were checked.
        problem: why there will be no more; "" while there may be.
    """

    def __init__(self, upload: Upload, file: CopyFile) -> None:
        self.upload = upload
        self.file = file
        self.available = 0
        self.attempt = 0
        self.is_done = False
        self.problem = ""
        self.readers = 0
        self._changed = trio.Event()

    def note(self) -> None:
        """Wake everything that waits for a change."""
        self._changed.set()
        self._changed = trio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.is_done or bool(self.problem)

    async def wait_unread(self) -> None:
        """Wait until nobody reads it."""
        while self.readers:
            await self._changed.wait()

    async def wait_over(self) -> None:
        """Wait until the copy is complete, or given up."""
        while not self.is_over:
            await self._changed.wait()

    async def wait_beyond(self, at: int, attempt: int) -> None:
        """Wait until a byte can be read. The last one can be when all were checked: a client sees
        that a wrong file is not complete.

        Raises:
            CopyFailed: it will not be there, or it was of an attempt that has failed.
        """
        while True:
            if self.problem or (attempt and self.attempt != attempt):
                raise CopyFailed(self.problem or "the bytes so far were wrong")
            last = self.upload.size if self.is_done else min(self.available, self.upload.size - 1)
            if at < last:
                return
            await self._changed.wait()


class UploadCopier:
    """Copies files that this node lacks.

    Args:
        table: the table of uploads.
        directory: their bytes on this node.
        limits: those of the disk count for copies, too.
        requests: signs the requests.
        nodes: returns the other nodes that are alive and have an address.
        client: asks them.
    """

    def __init__(
        self,
        table: UploadTable,
        directory: UploadDirectory,
        limits: UploadLimits,
        requests: NodeRequests,
        nodes: Callable[[], Sequence[OtherNode]],
        client: NodeClient | None = None,
    ) -> None:
        self.requests = requests
        self._table = table
        self._directory = directory
        self._limits = limits
        self._nodes = nodes
        self._client = client or NodeClient()
        self._copies: dict[str, Copy] = {}
        self._nursery: trio.Nursery | None = None
        self._slots = trio.CapacityLimiter(AT_ONCE)
        self._threads = trio.CapacityLimiter(_THREADS)
        self._wake = trio.Event()
        self._delays: dict[str, tuple[float, float]] = {}  # names: until when, and the delay

    def wake(self) -> None:
        """Look for files that this node lacks now."""
        self._wake.set()

    async def run(self) -> None:
        """Copy what this node lacks, for ever."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                while True:
                    try:
                        await self._copy_missing()
                    except (OSError, StorageError) as error:
                        log.error("files cannot be copied from other nodes: %s", error)
                    with trio.move_on_after(LOOK_AGAIN):
                        await self._wake.wait()
                    self._wake = trio.Event()
        finally:
            self._nursery = None
            with trio.move_on_after(1, shield=True):
                await self._client.aclose()

    async def _copy_missing(self) -> None:
        if not self._nodes():
            return
        here = set(await self._in_thread(self._directory.names))
        missing = await self._table.names() - here
        self._delays = {name: each for name, each in self._delays.items() if name in missing}
        for name in missing:
            until, delay = self._delays.get(name, (0.0, FIRST_DELAY))
            upload = await self._table.find(name) if until <= trio.current_time() else None
            if upload is None:
                continue
            while self._slots.borrowed_tokens:  # noqa: ASYNC110  # clients come first
                await trio.sleep(_PAUSE)
            try:
                await self._start(upload).wait_over()
            except CopyFailed:
                return
            if await self._in_thread(self._directory.has, name):
                self._delays.pop(name, None)
            else:
                until = trio.current_time() + delay * (1 + random.random() / 4)  # noqa: S311
                self._delays[name] = until, min(2 * delay, LONGEST_DELAY)
            await trio.sleep(_PAUSE)

    async def read(self, upload: Upload, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Return a range of a file that is not here, in pieces, when its first byte has come.

        Raises:
            CopyFailed: no node sends it.
        """
        pieces = self._pieces(self._start(upload), start, end)
        try:
            with trio.fail_after(BEGIN):
                return await started(pieces)
        except trio.TooSlowError:
            raise CopyFailed("no node has sent it in time") from None

    async def _pieces(self, copy: Copy, start: int, end: int) -> AsyncGenerator[bytes, None]:
        copy.readers += 1
        is_begun = False
        try:
            await copy.wait_beyond(start, 0)
            attempt = copy.attempt
            is_begun = True
            yield b""
            while start < end:
                await copy.wait_beyond(start, attempt)
                ready = copy.upload.size if copy.is_done else copy.available
                last = ready if copy.is_done else min(ready, copy.upload.size - 1)
                size = min(_READ_AT_ONCE, end - start, last - start)
                data = await self._in_thread(copy.file.read, start, size)
                if not data:
                    return
                start += len(data)
                yield data
        except (CopyFailed, OSError) as error:
            if not is_begun:
                raise
            # The client sees that the body is not complete.
            log.warning("a file could not be sent while it was copied: %s", error)
        finally:
            copy.readers -= 1
            copy.note()

    def _start(self, upload: Upload) -> Copy:
        """Return the copy of a file, which is begun unless it is under way, or complete and still
        open.

        Raises:
            CopyFailed: there are too many.
        """
        copy = self._copies.get(upload.name)
        if copy is not None and not copy.problem:
            return copy
        if self._nursery is None or len(self._copies) >= MOST_WAITING:
            raise CopyFailed("many files are being copied")
        copy = Copy(upload, CopyFile(self._directory.path, upload.name))
        self._copies[upload.name] = copy
        self._nursery.start_soon(self._copy, copy)
        return copy

    async def _copy(self, copy: Copy) -> None:
        try:
            async with self._slots:
                await self._try_nodes(copy)
            if copy.is_done and await self._table.find(copy.upload.name) is None:
                # It was removed meanwhile, and its bytes were not there to be deleted.
                await self._in_thread(self._directory.delete, [copy.upload.name])
        except (OSError, StorageError) as error:
            log.error("a file cannot be copied from another node: %s", error)
        except Exception:  # one file, and not the server
            log.exception("internal error while copying a file from another node")
        finally:
            del self._copies[copy.upload.name]
            if not copy.is_done:
                copy.problem = copy.problem or "it cannot be copied"
            copy.note()
            try:
                await copy.wait_unread()  # noqa: ASYNC102  # at once when cancelled
            finally:
                with trio.move_on_after(_CLOSING, shield=True):
                    await self._in_thread(copy.file.close)

    async def _try_nodes(self, copy: Copy) -> None:
        upload = copy.upload
        nodes = list(self._nodes())
        random.shuffle(nodes)
        free = await self._in_thread(self._directory.free)
        under_way = sum(each.upload.size for each in self._copies.values())
        try:
            self._limits.check_disk(free, under_way)
        except UploadRefused as error:
            copy.problem = str(error)
            return
        reasons: list[str] = []
        for node in nodes:
            copy.attempt += 1
            copy.available = 0
            try:
                with trio.fail_after(BEGIN + upload.size / SLOWEST):
                    await self._copy_from(node, copy)
            except (NodeFailed, WrongBytes, trio.TooSlowError) as error:
                reasons.append(f"{node.name}: {str(error) or 'it is too slow'}")
                if isinstance(error, WrongBytes):
                    log.error("the node %s has sent wrong bytes: %s", node.name, error)
            else:
                copy.is_done = True
                log.debug("copied %s from %s", upload.name, node.name)
                return
        copy.problem = "; ".join(reasons) or "no other node is there"

    async def _copy_from(self, node: OtherNode, copy: Copy) -> None:
        upload, file = copy.upload, copy.file
        authorization = self.requests.sign(node.name, upload.name)
        async with self._client.get(node, upload.name, upload.size, authorization) as pieces:
            await self._in_thread(file.open)
            async for piece in pieces:
                await self._in_thread(file.write, piece)
                copy.available += len(piece)
                copy.note()
        await self._in_thread(file.finish, upload.size, upload.digest)

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        # Not abandoned: what comes next would meet its file.
        return await trio.to_thread.run_sync(work, *args, limiter=self._threads)
