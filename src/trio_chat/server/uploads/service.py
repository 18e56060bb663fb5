"""The upload service: receives files, finds them again, and deletes the bytes of removed ones."""

import errno
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from typing import TYPE_CHECKING, TypeVar

import trio

from trio_chat.chat.changes import Change, UploadAdded
from trio_chat.chat.uploads import Upload, UploadTable
from trio_chat.chat.world import World
from trio_chat.config.settings import Settings, UploadSettings
from trio_chat.irc.plurals import counted
from trio_chat.server.http.messages import started
from trio_chat.server.uploads import content_types, filenames
from trio_chat.server.uploads.directory import (
    Inspected,
    PartialUpload,
    StoredFile,
    UploadDirectory,
)
from trio_chat.server.uploads.guests import GuestUploads
from trio_chat.server.uploads.limits import (
    Reservation,
    Uploader,
    UploadLimits,
    UploadRefused,
    own_quota,
)
from trio_chat.server.uploads.media import DamagedMedia
from trio_chat.server.uploads.received import Received, UploadStatistics
from trio_chat.storage.errors import StorageError
from trio_chat.storage.uploads import directory_of

if TYPE_CHECKING:  # it needs what only a cluster needs
    from trio_chat.server.uploads.copying import UploadCopier

log = logging.getLogger("trio_chat")

T = TypeVar("T")

SWEEP_INTERVAL = 5.0
"""Seconds between two checks for removed uploads whose bytes are still on the disk."""
_COUNT_INTERVAL = 60.0
_RETRY = 60.0
_WRITTEN_AT_ONCE = 1 << 18
_FINISH_TIMEOUT = 10.0
_SLOWEST_DISK = 10 << 20
"""Bytes a second that a disk must write, beyond the time for any file."""
_DISCARD_TIMEOUT = 10.0
_CHECKED_EVERY = 16 << 20
"""Bytes of one upload after which the free space of the disk is checked again."""
_READ_AT_ONCE = 1 << 16
_THREADS = 4
_READING_THREADS = 8


def upload_service(world: World, settings: Settings) -> "UploadService | None":
    """Return the upload service of a server; None if it takes no uploads."""
    file, table = settings.storage.file, world.storage.uploads if world.storage else None
    if table is None or file is None or not world.server_info.uploads.is_enabled:
        return None
    directory = UploadDirectory(directory_of(file.absolute()))
    service = UploadService(table, directory, settings.uploads, world.clock, world.elapsed)
    if world.is_replicated:
        world.observers.append(service.observe)
    return service


class UploadService:
    """The uploads of a server.

    Args:
        table: what is known of them.
        directory: their bytes.
        settings: the [uploads] section.
        clock: returns seconds of Unix time.
        elapsed: returns seconds that never go back.

    Attributes:
        copier: copies files from other nodes of a cluster; None where none are shared.
    """

    copier: "UploadCopier | None" = None

    def __init__(
        self,
        table: UploadTable,
        directory: UploadDirectory,
        settings: UploadSettings,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
    ) -> None:
        self.table = table
        self.directory = directory
        self.limits = UploadLimits(settings, elapsed)
        self.clock = clock
        self._guests = GuestUploads()
        self._limiter = trio.CapacityLimiter(_THREADS)
        self._reading_limiter = trio.CapacityLimiter(_READING_THREADS)
        self._counts = UploadStatistics()
        self._stop_at = inf
        self._shields: set[trio.CancelScope] = set()

    async def receive(
        self, uploader: Uploader, filename: str, body: AsyncIterable[bytes], length: int | None
    ) -> Received:
        """Receive a file. When it fails or is cancelled, nothing of it remains.

        Args:
            uploader: for whom it counts.
            filename: the name that the client gives it, or "".
            body: its bytes.
            length: their number as announced, or None.

        Raises:
            UploadRefused: it is refused; the exception has status and reason.
        """
        try:
            with self.limits.permit(uploader):
                usage = await self.table.usage(uploader.account, uploader.address)
                with self.limits.reserve(uploader, usage, length or 0) as reservation:
                    await self._check_disk(length)
                    return await self._receive(uploader, filename, body, reservation)
        except DamagedMedia as error:
            raise UploadRefused(415, str(error)) from error
        except StorageError as error:
            log.error("an upload cannot be stored: %s", error)
            raise UploadRefused(503, "Files cannot be stored at the moment", 30) from error
        except OSError as error:
            log.error("an upload cannot be written: %s", error)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UploadRefused(507, "The disk of this server is full") from error
            raise UploadRefused(503, "Files cannot be stored at the moment", 30) from error

    async def _check_disk(self, length: int | None) -> None:
        free = await self._in_thread(self.directory.free)
        # The announced bytes are reserved already.
        self.limits.check_disk(free, 0 if length else self.limits.settings.max_size)

    async def _receive(
        self,
        uploader: Uploader,
        filename: str,
        body: AsyncIterable[bytes],
        reservation: Reservation,
    ) -> Received:
        partial = self.directory.begin()
        try:
            await self._in_thread(partial.open)
            size = await self._write(partial, body, reservation)
            received = await self._finish(partial, size, uploader, filename)
        except BaseException:
            await self._discard(partial)  # noqa: ASYNC102  # shielded there
            raise
        self._guests.note(received.upload, uploader.session)
        self._count(received=1, files=1, stored=received.upload.size)
        log.info(
            "%s uploaded %s, %d bytes of %s",
            uploader.name,
            received.upload.name,
            received.upload.size,
            received.upload.type,
        )
        return received

    async def _finish(
        self, partial: PartialUpload, size: int, uploader: Uploader, filename: str
    ) -> Received:
        """Put a file in its place, and add it to the table.

        A client that leaves now gets its file, rather than half of the work.
        """
        with self._shielded(_FINISH_TIMEOUT + size / _SLOWEST_DISK):
            inspected = await self._in_thread(partial.finish)
            received = self._describe(partial, inspected, uploader, filename)
            own, total = own_quota(self.limits.settings, uploader), self._total_quota
            partial.may_be_added = True  # also if this is cancelled
            try:
                partial.may_be_added = await self.table.add(
                    received.upload, own, total, uploader.session
                )
            except StorageError:
                partial.may_be_added = False
                raise
            if not partial.may_be_added:
                raise UploadRefused(507, "Your quota is used up, or your account was deleted")
            return received
        raise UploadRefused(503, "Files cannot be stored at the moment", 30)

    async def _discard(self, partial: PartialUpload) -> None:
        """Delete what was received. If there is no time for it, the next start does it.

        The bytes stay as long as the table may have the file.
        """
        with self._shielded(_DISCARD_TIMEOUT), suppress(StorageError):
            if partial.may_be_added:
                await self.table.remove(partial.name)
            await self._in_thread(partial.discard)

    @contextmanager
    def _shielded(self, timeout: float) -> Iterator[None]:
        """Shield the block from cancellation for so many seconds, but not beyond the end of the
        server; then leave it.
        """
        deadline = min(trio.current_time() + timeout, self._stop_at)
        with trio.CancelScope(deadline=deadline, shield=True) as scope:
            self._shields.add(scope)
            try:
                yield
            finally:
                self._shields.discard(scope)

    def stop(self, deadline: float) -> None:
        """End all uploads, because the server stops.

        Args:
            deadline: of Trio's clock, by which nothing may be left to do.
        """
        self._stop_at = deadline
        for scope in self._shields:
            scope.deadline = min(scope.deadline, deadline)

    def observe(self, change: Change) -> None:
        """Note which guest has uploaded a file at another server; see `World.observers`."""
        if isinstance(change, UploadAdded):
            self._guests.note(change.upload, change.uploader)
            if self.copier is not None:
                self.copier.wake()

    def statistics(self) -> UploadStatistics:
        """Return a snapshot of the numbers."""
        return self._counts._replace(active=self.limits.active)

    def _count(self, **more: int) -> None:
        counts = self._counts
        self._counts = counts._replace(
            **{name: getattr(counts, name) + number for name, number in more.items()}
        )

    @property
    def _total_quota(self) -> int:
        return self.limits.settings.total_quota

    async def _write(
        self, partial: PartialUpload, body: AsyncIterable[bytes], reservation: Reservation
    ) -> int:
        """Write a body; return its bytes."""
        pending, size, checked = bytearray(), 0, 0
        async for data in body:
            size += len(data)
            self._count(received_bytes=len(data))
            reservation.grow(size)
            pending += data
            if len(pending) >= _WRITTEN_AT_ONCE:
                await self._in_thread(partial.write, bytes(pending))
                pending.clear()
            if size - checked >= _CHECKED_EVERY:
                checked = size
                self.limits.check_reserve(await self._in_thread(self.directory.free))
        if pending:
            await self._in_thread(partial.write, bytes(pending))
        if not size:
            raise UploadRefused(400, "The file is empty")
        return size

    def _describe(
        self, partial: PartialUpload, inspected: Inspected, uploader: Uploader, filename: str
    ) -> Received:
        plain = filenames.safe_name(filename)
        extension = content_types.extension_for(inspected.type, filenames.extension_of(plain))
        upload = Upload(
            partial.name,
            plain if extension is None else filenames.safe_name(filename, extension),
            inspected.type,
            inspected.size,
            uploader.account,
            "" if uploader.account else uploader.address,
            int(self.clock()),
            inspected.digest,
        )
        return Received(upload, inspected.width, inspected.height)

    async def find(self, name: str) -> Upload | None:
        """Return an upload by its random name; None when there is none, or not any more.

        Raises:
            StorageError: it cannot be looked up.
        """
        return await self.table.find(name)

    async def read(
        self, upload: Upload, start: int, end: int, *, is_for_node: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Return a range of a file in pieces; it may come from another node.

        Args:
            upload: the file.
            start: the first byte.
            end: the byte behind the last one.
            is_for_node: whether another node asks, which gets what is here only.

        Raises:
            CopyFailed: it is on another node, which does not send it.
            OSError: it cannot be opened.
        """
        try:
            file = await self._in_reading_thread(self.directory.open, upload.name)
        except FileNotFoundError:
            if self.copier is None or is_for_node:
                raise
            return await self.copier.read(upload, start, end)
        return await started(self._pieces(file, start, end))

    async def _pieces(self, file: StoredFile, start: int, end: int) -> AsyncGenerator[bytes, None]:
        try:
            yield b""
            while start < end:
                size = min(_READ_AT_ONCE, end - start)
                data = await self._in_reading_thread(file.read, start, size)
                if not data:  # it was shortened: the client sees that the length is wrong
                    return
                start += len(data)
                yield data
        finally:
            file.close()

    def may_remove(self, uploader: Uploader, upload: Upload) -> bool:
        """Return whether an uploader may remove an upload: its own; a guest those of its session,
        and an operator any.
        """
        if uploader.is_operator:
            return True
        if upload.account:
            return upload.account == uploader.account
        return self._guests.is_of(upload, uploader.session)

    async def remove(self, name: str) -> bool:
        """Remove an upload, and delete its bytes; return whether there was one.

        Raises:
            StorageError: it is not removed.
        """
        is_removed = await self.table.remove(name)
        await self._sweep()
        return is_removed

    async def prepare(self) -> None:
        """Make the directory, and delete what a crash or a restored backup has left in it. No
        upload may be in progress.
        """
        try:
            found = await self._in_thread(self.directory.prepare)
            known = await self.table.names()
            unknown = [name for name in found if name not in known]
            deleted, problem = await self._in_thread(self.directory.delete, unknown)
        except (OSError, StorageError) as error:
            log.error("the directory of uploads cannot be used: %s", error)
            return
        if problem is not None:
            log.error("files that no upload has cannot be deleted: %s", problem)
        if deleted:
            log.info("deleted %s that no upload has", counted(len(deleted), "file"))
        missing = len(known.difference(found))
        if missing and self.copier is not None:
            log.info("%d uploaded files are to be copied from other nodes", missing)
        elif missing:
            log.warning(
                "%d uploaded files are missing in %s: restore it from a backup, or forget them by"
                " `trio-chat uploads remove --missing`",
                missing,
                self.directory.path,
            )

    async def run(self) -> None:
        """Delete the bytes of removed uploads, and count the others, for ever."""
        counted = -inf
        while True:
            try:
                is_done = await self._sweep()
                if trio.current_time() - counted >= _COUNT_INTERVAL:
                    counted = trio.current_time()
                    files, stored = await self.table.stored()
                    self._counts = self._counts._replace(files=files, stored=stored)
            except StorageError as error:
                log.error("removed uploads cannot be found: %s", error)
                is_done = False
            await trio.sleep(SWEEP_INTERVAL if is_done else _RETRY)

    async def _sweep(self) -> bool:
        """Delete the bytes of removed uploads; return whether all of them are gone."""
        while names := await self.table.removed():
            gone, problem = await self._in_thread(self.directory.delete, names)
            await self.table.forget_removed(gone)
            if problem is not None:
                log.error("the bytes of removed uploads cannot be deleted: %s", problem)
                return False
        return True

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await _in_thread(self._limiter, work, *args)

    async def _in_reading_thread(self, work: Callable[..., T], *args: object) -> T:
        return await _in_thread(self._reading_limiter, work, *args)


async def _in_thread(limiter: trio.CapacityLimiter, work: Callable[..., T], *args: object) -> T:
    """Run `work` in a thread, which is abandoned when this is cancelled: a disk may not answer for
    minutes. The threads are not those that others wait for.
    """
    return await trio.to_thread.run_sync(work, *args, limiter=limiter, abandon_on_cancel=True)
