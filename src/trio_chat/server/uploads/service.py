"""The upload service: receives files, finds them again, and deletes the bytes of removed ones."""

import errno
import logging
from collections import OrderedDict
from collections.abc import AsyncIterable, Callable
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import trio

from trio_chat.chat.uploads import Upload, UploadTable
from trio_chat.chat.world import World
from trio_chat.config.settings import Settings, UploadSettings
from trio_chat.server.uploads import content_types, filenames
from trio_chat.server.uploads.directory import (
    Inspected,
    PartialUpload,
    UploadDirectory,
)
from trio_chat.server.uploads.images import BadImage
from trio_chat.server.uploads.limits import (
    Reservation,
    Uploader,
    UploadLimits,
    UploadRefused,
    own_quota,
)
from trio_chat.storage.database import StorageError
from trio_chat.storage.uploads import directory_of

log = logging.getLogger("trio_chat")

T = TypeVar("T")

SWEEP_INTERVAL = 5.0
"""Seconds between two checks for removed uploads whose bytes are still on the disk."""
_RETRY = 60.0
_WRITTEN_AT_ONCE = 1 << 18
_FINISH_TIMEOUT = 10.0
_DISCARD_TIMEOUT = 10.0
_LOOKED_UP_AT_ONCE = 500
_THREADS = 4
_MOST_SESSIONS = 10_000


def upload_service(world: World, settings: Settings) -> "UploadService | None":
    """Return the upload service of a server; None if it takes no uploads."""
    file, table = settings.storage.file, world.storage.uploads if world.storage else None
    if table is None or file is None or not world.server_info.uploads.is_enabled:
        return None
    directory = UploadDirectory(directory_of(file.absolute()))
    return UploadService(table, directory, settings.uploads, world.clock, world.elapsed)


class Received(NamedTuple):
    """A file that was uploaded.

    Args:
        upload: as it is stored.
        width: pixels of a picture or film, or 0.
        height: pixels of a picture or film, or 0.
    """

    upload: Upload
    width: int
    height: int

    @property
    def path(self) -> str:
        """The path and query of its link.

        The query gives the size in pixels (`w`, `h`), so that a client can reserve the room before
        it has the file; or else in bytes (`size`).
        """
        upload = self.upload
        query = f"w={self.width}&h={self.height}" if self.width else f"size={upload.size}"
        return f"/file/{upload.name}/{quote(upload.filename)}?{query}"


class UploadService:
    """The uploads of a server.

    Args:
        table: what is known of them.
        directory: their bytes.
        settings: the [uploads] section.
        clock: returns seconds of Unix time.
        elapsed: returns seconds that never go back.
    """

    def __init__(
        self,
        table: UploadTable,
        directory: UploadDirectory,
        settings: UploadSettings,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
    ) -> None:
        self._table = table
        self.directory = directory
        self.limits = UploadLimits(settings, elapsed)
        self._clock = clock
        # Sessions of guests, by the random names of what they have uploaded.
        self._sessions: OrderedDict[str, int] = OrderedDict()
        self._limiter = trio.CapacityLimiter(_THREADS)

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
                usage = await self._table.usage(uploader.account, uploader.address)
                with self.limits.reserve(uploader, usage, length or 0) as reservation:
                    await self._check_disk(length)
                    return await self._receive(uploader, filename, body, reservation)
        except BadImage as error:
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
        partial = await self._in_thread(self.directory.begin)
        is_stored = False
        try:
            await self._write(partial, body, reservation)
            # From here on a client that leaves gets its file, rather than half of the work.
            with trio.fail_after(_FINISH_TIMEOUT) as scope:
                scope.shield = True
                inspected = await self._in_thread(partial.finish)
                received = self._describe(partial, inspected, uploader, filename)
                own, total = own_quota(self.limits.settings, uploader), self._total_quota
                is_stored = await self._table.add(received.upload, own, total)
            if not is_stored:
                raise UploadRefused(507, "Your quota is used up, or your account was deleted")
        except trio.TooSlowError as error:
            raise UploadRefused(503, "Files cannot be stored at the moment", 30) from error
        finally:
            if not is_stored:
                with trio.move_on_after(_DISCARD_TIMEOUT, shield=True):
                    await self._in_thread(partial.discard)
        self._note(uploader, received.upload)
        log.info(
            "%s uploaded %s, %d bytes of %s",
            uploader.name,
            received.upload.name,
            received.upload.size,
            received.upload.type,
        )
        return received

    def _note(self, uploader: Uploader, upload: Upload) -> None:
        if not upload.account:
            self._sessions[upload.name] = uploader.session
        while len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)

    @property
    def _total_quota(self) -> int:
        return self.limits.settings.total_quota

    async def _write(
        self, partial: PartialUpload, body: AsyncIterable[bytes], reservation: Reservation
    ) -> None:
        pending, size = bytearray(), 0
        async for data in body:
            size += len(data)
            reservation.grow(size)
            pending += data
            if len(pending) >= _WRITTEN_AT_ONCE:
                await self._in_thread(partial.write, bytes(pending))
                pending.clear()
        if pending:
            await self._in_thread(partial.write, bytes(pending))
        if not size:
            raise UploadRefused(400, "The file is empty")

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
            int(self._clock()),
        )
        return Received(upload, inspected.width, inspected.height)

    async def find(self, name: str) -> Upload | None:
        """Return an upload by its random name; None when there is none, or not any more.

        Raises:
            StorageError: it cannot be looked up.
        """
        return await self._table.find(name)

    def may_remove(self, uploader: Uploader, upload: Upload) -> bool:
        """Return whether an uploader may remove an upload: its own; a guest those of its session,
        and an operator any.
        """
        if uploader.is_operator:
            return True
        if upload.account:
            return upload.account == uploader.account
        return bool(uploader.session) and self._sessions.get(upload.name) == uploader.session

    async def remove(self, name: str) -> bool:
        """Remove an upload, and delete its bytes; return whether there was one.

        Raises:
            StorageError: it is not removed.
        """
        is_removed = await self._table.remove(name)
        await self._sweep()
        return is_removed

    async def prepare(self) -> None:
        """Make the directory, and delete what a crash or a restored backup has left in it. No
        upload may be in progress.
        """
        try:
            names = await self._in_thread(self.directory.prepare)
            deleted = 0
            for at in range(0, len(names), _LOOKED_UP_AT_ONCE):
                unknown = await self._table.unknown(names[at : at + _LOOKED_UP_AT_ONCE])
                await self._in_thread(self.directory.delete, unknown)
                deleted += len(unknown)
        except (OSError, StorageError) as error:
            log.error("the directory of uploads cannot be used: %s", error)
            return
        if deleted:
            log.info("deleted %d files that no upload has", deleted)

    async def run(self) -> None:
        """Delete the bytes of removed uploads, for ever."""
        while True:
            try:
                await self._sweep()
            except StorageError as error:
                log.error("removed uploads cannot be found: %s", error)
                await trio.sleep(_RETRY)
            await trio.sleep(SWEEP_INTERVAL)

    async def _sweep(self) -> None:
        while names := await self._table.removed():
            try:
                await self._in_thread(self.directory.delete, names)
            except OSError as error:
                log.error("the bytes of removed uploads cannot be deleted: %s", error)
                return
            await self._table.forget_removed(names)

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await trio.to_thread.run_sync(work, *args, limiter=self._limiter)
