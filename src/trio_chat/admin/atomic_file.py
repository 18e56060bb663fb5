"""A file that is there whole or not at all, and that nobody but its owner can read."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trio_chat.i18n import _

_BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite calls the files of one database, behind its name."""


class FileError(Exception):
    """The file cannot be made; the text is one line for the user."""


@contextmanager
def atomic_file(target: Path, database: Path, *, replace: bool) -> Iterator[Path]:
    """Give an empty file beside the target, which takes its place when the block ends, and goes
    away when it fails.

    Args:
        target: what it is to be called.
        database: what it must never take the place of.
        replace: whether there may be a file of this name already.

    Raises:
        FileError: it cannot be there, or not be written.
    """
    try:
        _check(target, database, replace=replace)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent
        )  # for the owner only
        os.close(handle)
        part = Path(name)
        try:
            yield part
            _check(target, database, replace=replace)  # it may have been made meanwhile
            part.replace(target)
        finally:
            for suffix in _BESIDE:
                Path(name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{target}: {error.strerror or error}") from error


def _check(target: Path, database: Path, *, replace: bool) -> None:
    own = {os.path.realpath(f"{database}{suffix}") for suffix in _BESIDE}
    if os.path.realpath(target) in own or (target.exists() and target.samefile(database)):
        raise FileError(_("{file}: this is the database itself").format(file=target))
    if target.exists() and not target.is_file():
        raise FileError(_("{file}: this is not a file").format(file=target))
    if target.exists() and not replace:
        raise FileError(
            _("{file}: there is such a file already; --force replaces it").format(file=target)
        )
