"""Directories and files that only their owner can read, whatever the umask of the process is."""

import errno
import os
import tempfile
from pathlib import Path

MODE = 0o700


def make_directory(path: Path) -> None:
    """Make a directory and its missing parents, each with mode 0700; existing ones stay unchanged.

    `Path.mkdir` gives the mode to the last one only.

    Raises:
        OSError: the directory cannot be made.
    """
    missing = [path]
    while not missing[-1].exists() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for one in reversed(missing):
        try:
            one.mkdir(mode=MODE, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(one)) from None


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file with mode 0600, and wait until the disk has it; an existing one is replaced
    completely or not at all. Root leaves it to the owner of the former file, or of the directory.

    Raises:
        OSError: the file cannot be written; it names the file itself.
    """
    try:
        handle, part = tempfile.mkstemp(
            prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent
        )
        try:
            with open(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            _keep_owner(path, part)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error


def _keep_owner(path: Path, part: str) -> None:
    """Give a file the owner of the one that it replaces, or of the directory: a command that root
    has called must not take the file from the user of the server.
    """
    if os.name != "posix" or os.geteuid() != 0:
        return
    former = path.stat() if path.exists() else path.parent.stat()
    os.chown(part, former.st_uid, former.st_gid)


def write_text(path: Path, text: str) -> None:
    """Write a file with mode 0600, atomically replacing an existing one.

    Raises:
        OSError: the file cannot be written; an existing one stays as it was.
    """
    make_directory(path.parent)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)
    try:
        with open(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
