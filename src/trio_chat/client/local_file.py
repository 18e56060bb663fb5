"""Files of this machine that a user uploads: the path as it is typed, and the open file."""

import os
import stat
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from trio_chat.i18n import _


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


def typed_path(text: str) -> Path:
    """Return the path that a user has typed or dropped: in quotes, with backslashes before spaces
    as a terminal inserts them, or with `~`.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    elif os.sep == "/" and not os.path.lexists(os.path.expanduser(text)):
        text = text.replace("\\ ", " ")
    return Path(os.path.expanduser(text))


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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        text = _("{path} cannot be read: {reason}")
        raise UploadError(text.format(path=path, reason=reason)) from error
