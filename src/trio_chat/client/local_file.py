"""Files of this machine that a user uploads: the path as it is typed, and the open file."""

import os
import re
import shlex
import stat
from io import FileIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from trio_chat.i18n import _

_QUOTED = re.compile(r'"([^"]*)"|(\S+)')


class UploadError(Exception):
    """The file was not uploaded; the message is a sentence for the user."""


class LocalFile(NamedTuple):
    """A file that is open for an upload.

    Args:
        name: without its directory.
        size: in bytes.
        file: the open file.
    """

    name: str
    size: int
    file: FileIO


def typed_paths(text: str, *, is_posix: bool = os.name == "posix") -> list[Path]:
    """Return the files that a user has typed or dropped; blocks, because only the disk tells
    whether a space is a part of a name.

    Args:
        text: one name as it is, also with spaces; or one or more as a shell takes them: in quotes,
            or with backslashes as a terminal inserts them. A name may begin with `~`, or be a
            `file:` URI, as file managers give it.
        is_posix: whether a backslash escapes, and does not separate directories.
    """
    text = text.strip()
    whole = _path(text)
    if os.path.lexists(whole):
        return [whole]
    try:
        # Other than shlex, Windows knows no escapes, and no single quotes.
        words = shlex.split(text) if is_posix else [a or b for a, b in _QUOTED.findall(text)]
    except ValueError:  # a quote that is an apostrophe
        return [whole]
    paths = [_path(word) for word in words]
    is_plain = len(words) != 1 and not any(map(os.path.lexists, paths))
    return [whole] if is_plain else paths


def _path(text: str) -> Path:
    """Return the path that a word stands for."""
    if text.lower().startswith("file://"):
        from urllib.request import url2pathname  # noqa: PLC0415  # it brings all of HTTP

        text = url2pathname(urlsplit(text).path)
    try:
        return Path(text).expanduser()
    except RuntimeError:  # the home directory is not known
        return Path(text)


def open_file(path: Path) -> LocalFile:
    """Open a file for an upload; blocks.

    Raises:
        UploadError: it cannot be uploaded.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise UploadError(_("{path} is a directory.").format(path=path))
        if not stat.S_ISREG(found.st_mode):
            raise UploadError(_("{path} is no ordinary file.").format(path=path))
        if not found.st_size:
            raise UploadError(_("{path} is empty.").format(path=path))
        return LocalFile(path.name, found.st_size, FileIO(path))
    except FileNotFoundError as error:
        raise UploadError(_("{path}: there is no such file.").format(path=path)) from error
    except PermissionError as error:
        text = _("{path} cannot be read: you do not have the permission.")
        raise UploadError(text.format(path=path)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        text = _("{path} cannot be read: {reason}")
        raise UploadError(text.format(path=path, reason=reason)) from error
