"""Downloads: the packages of the program that an operator has put into a directory for visitors.

Only regular files of that directory are served whose names are those that `run.py package` gives.
The system of a visitor is derived from `User-Agent`, which may be wrong: every package is offered.
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
MOST_ENTRIES = 1000
"""Entries of the directory that are looked at."""
MOST_BYTES = 512 << 20
"""The largest package."""
_VERSION = r"[0-9][0-9A-Za-z.+~_-]{0,80}"
NAME = re.compile(
    rf"(?:trio-chat-(?:client|setup)-{_VERSION}\.exe|trio-chat-(?:portable|offline)-{_VERSION}\.zip"
    rf"|trio-chat_{_VERSION}\.deb|trio[-_]chat-{_VERSION}\.whl|SHA256SUMS)",
    re.ASCII,
)
CHECKSUMS = "SHA256SUMS"
_WHEEL = ("trio[-_]chat-", ".whl")
_OFFLINE = ("trio-chat-offline-", ".zip")
_DEBIAN = ("trio-chat_", ".deb")
_FITTING = {
    "windows": (
        ("trio-chat-setup-", ".exe"),
        ("trio-chat-client-", ".exe"),
        ("trio-chat-portable-", ".zip"),
    ),
    "debian": (_DEBIAN, _WHEEL, _OFFLINE),
    "linux": (_WHEEL, _OFFLINE, _DEBIAN),
    "mac": (_WHEEL, _OFFLINE),
}
"""The begin and the end of names that fit a system, the best first."""
_PIECE = 262_144
_threads = trio.CapacityLimiter(4)


class Download(NamedTuple):
    """A package.

    Args:
        filename: its name.
        size: in bytes.
        sha256: its digest, in hexadecimal.
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


class Downloads:
    """The packages in a directory. Digests are kept until a file changes."""

    def __init__(self) -> None:
        self._digests: dict[Path, tuple[_State, str]] = {}
        self._hashing = trio.Lock()

    async def all(self, directory: Path | None) -> list[Download]:
        """Return the packages, the newest version of each kind first.

        Args:
            directory: where they are; None for nowhere.
        """
        if directory is None:
            return []
        names = await trio.to_thread.run_sync(_names, directory, limiter=_threads)
        found = [await self.find(directory, name) for name in names]
        return [download for download in found if download is not None]

    async def find(self, directory: Path | None, name: str) -> Download | None:
        """Return a package; None when there is none of that name, or it cannot be read."""
        if directory is None or not NAME.fullmatch(name):
            return None
        async with self._hashing:  # two visitors do not read the same file twice
            try:
                return await trio.to_thread.run_sync(self._find, directory / name, limiter=_threads)
            except FileNotFoundError:
                return None
            except OSError as error:
                log.warning("the package %s cannot be offered: %s", name, error)
                return None

    def _find(self, path: Path) -> Download:
        """Return a package. Blocks: it may read all of the file."""
        with _open(path) as file:
            state = _state(os.fstat(file.fileno()))
            known = self._digests.get(path)
            if known is None or known[0] != state:
                known = (state, hashlib.file_digest(file, "sha256").hexdigest())
                if len(self._digests) >= 2 * MOST_FILES:
                    self._digests.clear()
                self._digests[path] = known
        return Download(path.name, state.size, known[1])


async def read(directory: Path, name: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
    """Yield a range of a file; the answer is cut short when the file has become shorter.

    Raises:
        OSError: it cannot be read.
    """
    file = await trio.to_thread.run_sync(_open, directory / name, limiter=_threads)
    try:
        await trio.to_thread.run_sync(file.seek, start, limiter=_threads)
        while start < end:
            size = min(_PIECE, end - start)
            data = await trio.to_thread.run_sync(file.read, size, limiter=_threads)
            if not data:
                return
            start += len(data)
            yield data
    finally:
        file.close()


def system(agent: str) -> str:
    """Return the system that `User-Agent` names: a key of `_FITTING`, or "" for another one."""
    if "Windows" in agent:
        return "windows"
    if "Android" in agent or "iPhone" in agent or "iPad" in agent:
        return ""
    if "Ubuntu" in agent or "Debian" in agent:
        return "debian"
    if "Macintosh" in agent:
        return "mac"
    return "linux" if "Linux" in agent else ""


def fitting(downloads: list[Download], agent: str) -> Download | None:
    """Return the package that fits the system of a visitor best; None when none does."""
    for start, end in _FITTING.get(system(agent), ()):
        for download in downloads:
            if re.match(start, download.filename) and download.filename.endswith(end):
                return download
    return None


def _names(directory: Path) -> list[str]:
    """Return the names of packages in a directory, in the order of the page. Blocks."""
    found: list[str] = []
    try:
        with os.scandir(directory) as entries:
            for count, entry in enumerate(entries):
                if count >= MOST_ENTRIES:
                    break
                if NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append(entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("the packages of [server] downloads cannot be listed: %s", error)
        return []
    return sorted(found, key=_order, reverse=True)[:MOST_FILES]


def _order(name: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return the key by which names are sorted: 0.10 is newer than 0.9."""
    parts = [
        (int(part[:18]), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)
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


def _state(status: os.stat_result) -> _State:
    return _State(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
