"""Files whose data goes to the disk in pieces while they are written.

What is written is in memory at first. When a large file is synchronised at its end, the disk gets
all of it at once, and a server whose message must reach the same disk waits for as long.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BYTES_PER_SYNC = 1024 * 1024


def sync_data(descriptor: int) -> None:
    """Wait until the disk has the data of a file.

    Raises:
        OSError: it cannot be written.
    """
    getattr(os, "fdatasync", os.fsync)(descriptor)  # Windows and macOS have `fsync` alone


class SyncedFile(FileIO):
    """A file that waits for the disk after each mebibyte. `sync` has to follow the last one."""

    _unsynced = 0

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes; return how many were written.

        Raises:
            OSError: they cannot be written.
        """
        written = super().write(data)
        self._unsynced += written or 0  # None: a descriptor that does not block
        if self._unsynced >= BYTES_PER_SYNC:
            sync_data(self.fileno())
            self._unsynced = 0
        return written

    def sync(self) -> None:
        """Wait until the disk has everything.

        Raises:
            OSError: it cannot be written.
        """
        os.fsync(self.fileno())
        self._unsynced = 0


@contextmanager
def synced(path: Path) -> Iterator[BinaryIO]:
    """Yield a stream to a file of mode 0600, which the disk has when the block ends.

    Raises:
        OSError: it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    file = SyncedFile(os.open(path, flags, 0o600), "wb")
    with BufferedWriter(file) as stream:
        yield stream
        stream.flush()
        file.sync()
