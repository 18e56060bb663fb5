"""The directory of uploads: one file for each, under its random name.

The functions block, and are called in threads. Bytes first go to a temporary file, which is renamed
when it is complete, so a crash leaves nothing but what the next start deletes. A thread that the
disk holds up is abandoned, not waited for; a lock keeps the next one from the file until then.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import FileIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

from trio_chat.private import MODE, make_directory
from trio_chat.server.uploads import content_types, media
from trio_chat.server.uploads.content_types import HEAD, INLINE, OCTETS, TEXT
from trio_chat.server.uploads.media import Plan
from trio_chat.server.uploads.media.plan import Part
from trio_chat.synced_file import SyncedFile

RANDOM_BYTES = 16
"""The random bytes of a name: nobody finds a link by trying."""
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")
_TEMPORARY = re.compile(r"[A-Za-z0-9_-]{22}\.(?:part|clean)")
_COPIED_AT_ONCE = 1 << 20
_FLAGS = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)


class Inspected(NamedTuple):
    """What was found out about the content of a file.

    Args:
        type: its media type.
        size: its bytes, without private metadata.
        width: pixels of a picture or film, or 0.
        height: pixels of a picture or film, or 0.
        digest: SHA-256 of the bytes, in hexadecimal; "" while they are not final.
    """

    type: str
    size: int
    width: int = 0
    height: int = 0
    digest: str = ""


class PartialUpload:
    """A file that is being received.

    Args:
        directory: where it is.
        name: its random name; "" for a new one.
    """

    def __init__(self, directory: "UploadDirectory", name: str = "") -> None:
        self.name = name or new_name()
        self._directory = directory
        self._part = directory.path / f"{self.name}.part"
        self._lock = Lock()
        self._opened: SyncedFile | None = None
        self._is_discarded = False
        self.may_be_added = False
        """Whether the table of uploads may have it."""

    def remove_leftover(self) -> None:
        """Delete temporary files of the same name, which an interrupted import has left.

        Raises:
            OSError: they cannot be deleted.
        """
        for suffix in (".part", ".clean"):
            (self._directory.path / f"{self.name}{suffix}").unlink(missing_ok=True)

    def open(self) -> None:
        """Make the temporary file.

        Raises:
            OSError: there can be none.
        """
        with self._lock:
            if not self._is_discarded:
                self._opened = _create(self._part)

    @property
    def _file(self) -> SyncedFile:
        if self._opened is None or self._is_discarded:
            raise OSError(errno.ECANCELED, "the upload was discarded")
        return self._opened

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: they cannot be written.
        """
        with self._lock:
            _write(self._file, data)

    def finish(self) -> Inspected:
        """Find out the type, remove private metadata, and move the file to its place.

        Raises:
            DamagedMedia: it is damaged.
            OSError: it cannot be written.
        """
        with self._lock:
            inspected, plan = self._inspect()
            if plan is None or plan.is_in_place:
                if plan is not None:
                    self._overwrite(plan)
                self._file.sync()
                self._file.close()
                self._part.replace(self._directory.path / self.name)
            else:
                self._copy(plan)
            _sync(self._directory.path)
            with (self._directory.path / self.name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return inspected._replace(digest=digest)

    def _inspect(self) -> tuple[Inspected, Plan | None]:
        size = self._file.seek(0, os.SEEK_END)
        if not size:
            return Inspected(OCTETS, 0), None
        with mmap(self._file.fileno(), 0, access=ACCESS_READ) as data:
            kind = content_types.detect(data[:HEAD])
            if kind == OCTETS and content_types.is_plain_text(_pieces(data)):
                kind = TEXT
            plan = media.clean(kind, data)
        if plan is None:
            return Inspected(kind, size), None
        size = plan.size()
        # What a browser does not show needs no room reserved.
        return Inspected(kind, size, *(plan[1:] if kind in INLINE else (0, 0))), plan

    def _overwrite(self, plan: Plan) -> None:
        """Carry out a plan in this file: a film is large, and little of it changes."""
        at = 0
        for part in plan.parts:
            if isinstance(part, tuple):
                at = part[1]
                continue
            self._file.seek(at)
            for data in self._pieces(part):
                _write(self._file, data)
                at += len(data)
        self._file.truncate(at)

    def _copy(self, plan: Plan) -> None:
        """Write the parts of a plan to another file, which takes the place of this one."""
        clean = self._directory.path / f"{self.name}.clean"
        with _create(clean) as target:
            for part in plan.parts:
                for data in self._pieces(part):
                    _write(target, data)
            target.sync()
        self._file.close()
        clean.replace(self._directory.path / self.name)
        self._part.unlink()

    def _pieces(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part of a plan."""
        if isinstance(part, bytes):
            yield part
        elif isinstance(part, int):
            for at in range(0, part, _COPIED_AT_ONCE):
                yield bytes(min(_COPIED_AT_ONCE, part - at))
        else:
            at, end = part
            self._file.seek(at)
            while at < end:
                data = self._file.read(min(_COPIED_AT_ONCE, end - at))
                if not data:
                    raise OSError("the file was shortened by another program")
                yield data
                at += len(data)

    def discard(self) -> None:
        """Delete what was received, also when another thread has finished it meanwhile."""
        with self._lock:
            self._is_discarded = True
            if self._opened is not None:
                self._opened.close()
            for suffix in (".part", ".clean", ""):
                with suppress(OSError):
                    (self._directory.path / f"{self.name}{suffix}").unlink()


class StoredFile:
    """A file that is open for reading, also in a thread that may have been abandoned.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self._file = FileIO(path, "rb")
        self._lock = Lock()
        self._closing = Event()

    def read(self, at: int, size: int) -> bytes:
        """Return up to so many bytes from a place.

        Raises:
            OSError: they cannot be read.
        """
        with self._lock:
            if self._closing.is_set():
                return b""
            self._file.seek(at)
            data = self._file.read(size)
        if self._closing.is_set():
            self.close()
        return data

    def close(self) -> None:
        """Close the file; does not block. While a thread reads, that closes it afterwards."""
        self._closing.set()
        if self._lock.acquire(blocking=False):
            self._file.close()
            self._lock.release()


class UploadDirectory:
    """The directory.

    Args:
        path: the directory; see `storage.uploads.directory_of`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> list[str]:
        """Make the directory, private, and delete temporary files; return the other names in it.

        Raises:
            OSError: the directory cannot be used.
        """
        make_directory(self.path)
        if os.name == "posix":
            self.path.chmod(MODE)
        with os.scandir(self.path) as entries:
            for entry in entries:
                if _TEMPORARY.fullmatch(entry.name):
                    os.unlink(entry.path)
        return self.names()

    def names(self) -> list[str]:
        """Return the random names of the files in it.

        Raises:
            OSError: the directory cannot be read.
        """
        with os.scandir(self.path) as entries:
            return [entry.name for entry in entries if _NAME.fullmatch(entry.name)]

    def has(self, name: str) -> bool:
        """Return whether a file is in it."""
        return (self.path / name).exists()

    def begin(self) -> PartialUpload:
        """Return a file to be received, which is not open yet; does not block."""
        return PartialUpload(self)

    def open(self, name: str) -> StoredFile:
        """Open a file for reading.

        Raises:
            OSError: it cannot be read.
        """
        return StoredFile(self.path / name)

    def delete(self, names: Iterable[str]) -> tuple[list[str], OSError | None]:
        """Delete files; return the names that are gone, and why others could not be deleted."""
        gone: list[str] = []
        problem: OSError | None = None
        for name in names:
            try:
                if _NAME.fullmatch(name):
                    (self.path / name).unlink(missing_ok=True)
                gone.append(name)
            except OSError as error:
                problem = error
        return gone, problem

    def free(self) -> int:
        """Return the free bytes of the disk, for an upload that begins.

        Raises:
            OSError: they cannot be determined.
        """
        make_directory(self.path)  # somebody may have deleted it
        return shutil.disk_usage(self.path).free


def new_name() -> str:
    """Return a new random name for a file, which no command takes for an option."""
    name = secrets.token_urlsafe(RANDOM_BYTES)
    return "_" + name[1:] if name.startswith("-") else name


def _create(path: Path) -> SyncedFile:
    descriptor = os.open(path, _FLAGS, 0o600)
    return SyncedFile(descriptor, "r+b")


def _write(target: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[target.write(view) :]


def _pieces(data: mmap) -> Iterator[bytes]:
    for at in range(0, len(data), _COPIED_AT_ONCE):
        yield data[at : at + _COPIED_AT_ONCE]


def _sync(directory: Path) -> None:
    """Make the new entry of a directory durable (POSIX only)."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
