"""Atomic creation of a file that only its owner can read."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trio_chat.i18n import _

_BESIDE = ("", "-wal", "-shm", "-journal")
"""The suffixes of the files of an SQLite database."""


class FileError(Exception):
    """A file that cannot be read or written; the text is one line for the user."""


@contextmanager
def atomic_file(target: Path, database: Path, *, replace: bool) -> Iterator[Path]:
    """Yield an empty temporary file, which replaces the target when the block ends without an
    error.

    Args:
        target: the file to be written.
        database: the database, which it must never replace.
        replace: whether the target may exist already.

    Raises:
        FileError: the target exists, is the database, or cannot be written.
    """
    try:
        _check(target, database, replace=replace)
        # For the owner only.
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent
        )
        os.close(handle)
        part = Path(name)
        try:
            yield part
            _check(target, database, replace=replace)  # another process may have made it meanwhile
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
