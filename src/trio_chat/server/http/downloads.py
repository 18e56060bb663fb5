"""Downloads: the packages of the program that an operator has put into a directory for visitors.

Only regular files are served, under the names that `run.py package` gives, and wheels below
`wheels`. A file is opened once for its digest and its bytes: when it is replaced meanwhile, the
digest remains that of the bytes that are sent.
"""

import hashlib
import logging
import os
import re
import stat
from collections.abc import AsyncGenerator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import trio

log = logging.getLogger("trio_chat")

MOST_FILES = 32
"""Packages that are offered; the directory may have more files."""
MOST_WHEELS = 1000
"""Wheels that are offered, and entries of a directory that are looked at."""
MOST_BYTES = 512 << 20
"""The largest package."""
PATIENCE = 4.0
"""Seconds in which a visitor waits for digests; the next one continues where it was left."""
_VERSION = r"[0-9][0-9A-Za-z.+~_-]{0,80}"
NAME = re.compile(
    rf"(?:trio-chat-(?:client|setup)-{_VERSION}\.exe|trio-chat-(?:portable|offline)-{_VERSION}\.zip"
    rf"|trio-chat_{_VERSION}\.deb|trio[-_]chat-{_VERSION}\.whl|SHA256SUMS)",
    re.ASCII,
)
WHEEL = re.compile(
    r"[0-9A-Za-z](?:[0-9A-Za-z._]{0,78}[0-9A-Za-z])?-[0-9][0-9A-Za-z._+!]{0,80}"
    r"(?:-[0-9][0-9A-Za-z._]{0,20})?-[0-9A-Za-z._]{2,40}-[0-9A-Za-z._]{2,40}-[0-9A-Za-z._]{2,120}"
    r"\.whl",
    re.ASCII,
)
"""The name of a wheel (packaging.python.org, "Binary distribution format")."""
CHECKSUMS = "SHA256SUMS"
WHEELS = "wheels"
"""The directory of wheels in that of the packages."""
_PIECE = 262_144
_HASHED_AT_ONCE = 4 << 20
_MOST_DIGESTS = 4 * MOST_WHEELS
_MOST_REPORTS = 100
_threads = trio.CapacityLimiter(4)


class Download(NamedTuple):
    """A package.

    Args:
        filename: its name.
        size: in bytes.
        sha256: its digest, in hexadecimal; "" as long as it is not known.
    """

    filename: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """What its entity tag consists of."""
        return self.sha256

    @property
    def type(self) -> str:
        """The media type: nothing that a browser would show."""
        return "application/octet-stream"


class _State(NamedTuple):
    """What tells one content of a file from another."""

    device: int
    inode: int
    size: int
    modified: int


class _Hashing:
    """A digest that is being computed, at the place that was reached."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self.reached = 0
        self.sha256 = hashlib.sha256()

    def advance(self, file: BufferedReader) -> bool:
        """Hash the next piece; return whether it was the last one. Blocks.

        Raises:
            OSError: the file cannot be read, or was changed.
        """
        file.seek(self.reached)
        data = file.read(min(_HASHED_AT_ONCE, self.state.size - self.reached))
        self.sha256.update(data)
        self.reached += len(data)
        is_complete = self.reached >= self.state.size
        if not (data or is_complete) or _state(file) != self.state:
            raise OSError("it is being changed")
        return is_complete


class Package:
    """A package that is open; the caller closes it.

    Args:
        file: the file.
        filename: its name.
    """

    def __init__(self, file: BufferedReader, filename: str) -> None:
        self.file = file
        self.filename = filename
        self.state = _state(file)

    def close(self) -> None:
        """Close the file. It was only read, so this does not wait."""
        self.file.close()

    async def pieces(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield a range of the file, then close it.

        Raises:
            trio.BrokenResourceError: the file cannot be read, or was changed, so that the digest in
                the headers is no longer that of its bytes. The log has why.
        """
        try:
            while start < end:
                size = min(_PIECE, end - start)
                data = await trio.to_thread.run_sync(self._read, start, size, limiter=_threads)
                start += len(data)
                yield data
        except OSError as error:
            log.warning("the package %s was not sent completely: %s", self.filename, error)
            raise trio.BrokenResourceError from error
        finally:
            self.close()

    def _read(self, start: int, size: int) -> bytes:
        self.file.seek(start)
        data = self.file.read(size)
        if len(data) != size or _state(self.file) != self.state:
            raise OSError("it was changed")
        return data


class Downloads:
    """The packages in a directory. Digests are kept until a file changes."""

    def __init__(self) -> None:
        self._digests: dict[_State, str] = {}
        self._hashing: dict[_State, _Hashing] = {}
        self._turn = trio.Lock()
        self._reported: set[str] = set()

    async def all(self, directory: Path | None) -> list[Download]:
        """Return the packages, the newest version of each kind first.

        Args:
            directory: where they are; None for nowhere.
        """
        if directory is None:
            return []
        names = await self._names(directory, NAME)
        return await self.described(directory, names[:MOST_FILES])

    async def wheels(self, directory: Path | None) -> list[tuple[Path, str]]:
        """Return the wheels of the packages and of `wheels`, each as directory and name."""
        if directory is None:
            return []
        places = (directory, directory / WHEELS)
        found = [(place, name) for place in places for name in await self._names(place, WHEEL)]
        return found[:MOST_WHEELS]

    async def described(self, directory: Path, names: list[str]) -> list[Download]:
        """Return those of the packages that can be read, with the digests that are known within
        `PATIENCE`.
        """
        found = []
        deadline = trio.current_time() + PATIENCE
        for name in names:
            package = await self.open(directory, name)
            if package is not None:
                try:
                    found.append(await self.describe(package, deadline))
                finally:
                    package.close()
        return found

    async def open(self, directory: Path, name: str) -> Package | None:
        """Open a package; None when there is none of that name, or it cannot be read."""
        if not (NAME.fullmatch(name) or WHEEL.fullmatch(name)):
            return None
        return await trio.to_thread.run_sync(self._open, directory / name, limiter=_threads)

    async def describe(self, package: Package, deadline: float | None = None) -> Download:
        """Return what is known of a package.

        Args:
            package: the package; it stays open.
            deadline: until when its digest may be computed; None for `PATIENCE` from now.
        """
        state = package.state
        if state not in self._digests:
            latest = trio.current_time() + PATIENCE if deadline is None else deadline
            # Two visitors do not read the same file twice: the one behind finds the digest.
            with trio.move_on_at(latest):
                async with self._turn:
                    await self._hash(package)
        return Download(package.filename, state.size, self._digests.get(state, ""))

    async def _hash(self, package: Package) -> None:
        """Compute a digest. When it is cancelled, the next call continues."""
        state = package.state
        if state in self._digests:
            return
        if state not in self._hashing and len(self._hashing) >= MOST_FILES:
            self._hashing.clear()
        hashing, is_complete = self._hashing.setdefault(state, _Hashing(state)), False
        try:
            while not is_complete:
                is_complete = await trio.to_thread.run_sync(
                    hashing.advance, package.file, limiter=_threads
                )
        except OSError as error:
            del self._hashing[state]
            self._report(package.filename, error)
            return
        if len(self._digests) >= _MOST_DIGESTS:
            self._digests.clear()
        del self._hashing[state]
        self._digests[state] = hashing.sha256.hexdigest()

    def _open(self, path: Path) -> Package | None:
        """Open a package. Blocks."""
        try:
            return Package(_open(path), path.name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._report(path.name, error)
            return None

    async def _names(self, directory: Path, pattern: re.Pattern[str]) -> list[str]:
        """Return the names of files in a directory, the newest versions first."""
        try:
            return await trio.to_thread.run_sync(_names, directory, pattern, limiter=_threads)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._report(directory.name, error)
            return []

    def _report(self, name: str, error: OSError) -> None:
        """Log why something is not offered, once: each visitor would add the same line."""
        text = f"{name!r} of [server] downloads cannot be offered: {error.strerror or error}"
        if text not in self._reported:
            if len(self._reported) >= _MOST_REPORTS:
                self._reported.clear()
            self._reported.add(text)
            log.warning("%s", text)


def _names(directory: Path, pattern: re.Pattern[str]) -> list[str]:
    """Return the names of regular files, the newest versions first. Blocks."""
    found: list[str] = []
    with os.scandir(directory) as entries:
        for count, entry in enumerate(entries):
            if count >= MOST_WHEELS:
                break
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                found.append(entry.name)
    return sorted(found, key=_order, reverse=True)


def _order(name: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return the key by which names are sorted: 0.10 is newer than 0.9."""
    parts = [
        (int(part[:18]), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]
    return name != CHECKSUMS, parts


def _open(path: Path) -> BufferedReader:
    """Open a regular file that is no symbolic link. Blocks.

    Raises:
        OSError: it is none, it is too large, or it cannot be read.
    """
    before = path.lstat()
    if not stat.S_ISREG(before.st_mode):
        raise FileNotFoundError(path.name)
    flags = os.O_RDONLY
    for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
        flags |= getattr(os, flag, 0)
    file = open(os.open(path, flags), "rb")  # noqa: SIM115  # the caller closes it
    after = os.fstat(file.fileno())
    if (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino) or after.st_size > MOST_BYTES:
        file.close()
        raise OSError(f"it was replaced, or has more than {MOST_BYTES >> 20} MiB")
    return file


def _state(file: BufferedReader) -> _State:
    status = os.fstat(file.fileno())
    return _State(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
