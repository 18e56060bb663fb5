"""The bytes of a file that is being copied from another node, which clients can read meanwhile.

The functions block, and are called in threads; see `directory`.
"""

import hashlib
import os
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Lock

from trio_chat.private import make_directory
from trio_chat.server.uploads.directory import new_name
from trio_chat.synced_file import SyncedFile

_FLAGS = os.O_CREAT | os.O_TRUNC | os.O_RDWR | getattr(os, "O_BINARY", 0)


class CopyFailed(Exception):
    """No other node has sent the file; it may be there later."""


class WrongBytes(Exception):
    """What another node has sent is not the file."""


class CopyFile:
    """A file that is being copied.

    Args:
        directory: of the uploads.
        name: the random name of the upload.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._path = directory / name
        # The next copy of the file may begin before this one has deleted its own.
        self._part = directory / f"{new_name()}.part"
        self._lock = Lock()
        self._file: FileIO | None = None
        self._hash = hashlib.sha256()
        self._size = 0

    def open(self) -> None:
        """Make the temporary file, empty.

        Raises:
            OSError: there can be none.
        """
        with self._lock:
            self._close()
            make_directory(self._part.parent)
            self._file = SyncedFile(os.open(self._part, _FLAGS, 0o600), "r+b")
            self._hash, self._size = hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: they cannot be written.
        """
        with self._lock:
            file = self._opened()
            file.seek(self._size)
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            self._hash.update(data)
            self._size += len(data)

    def read(self, at: int, size: int) -> bytes:
        """Return bytes that were written before.

        Raises:
            OSError: they cannot be read.
        """
        with self._lock:
            file = self._opened()
            file.seek(at)
            return file.read(size) or b""

    def finish(self, size: int, digest: str) -> None:
        """Move the file to its place; it can be read until `close`.

        Args:
            size: its bytes.
            digest: SHA-256 of them, in hexadecimal; "" if it is not known.

        Raises:
            WrongBytes: it is another file.
            OSError: it cannot be written.
        """
        with self._lock:
            if self._size != size or (digest and self._hash.hexdigest() != digest):
                raise WrongBytes(f"{self._path.name} has other bytes there")
            os.fsync(self._opened().fileno())
            self._close()  # Windows moves no file that is open
            self._part.replace(self._path)
            self._file = FileIO(self._path, "rb")

    def close(self) -> None:
        """Close the file, and delete what is not complete."""
        with self._lock:
            self._close()
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

    def _opened(self) -> FileIO:
        if self._file is None:
            raise OSError("the copy was given up")
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
