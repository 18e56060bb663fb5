"""Secrets that the configuration names by a file."""

import os
import stat
from pathlib import Path


class SecretFileError(Exception):
    """The file of a secret cannot be used; the message says what to do."""


def read_secret(file: Path, key: str) -> str:
    """Return the first line of a file that only its owner can read.

    Args:
        file: it.
        key: of config.ini, for errors.

    Raises:
        SecretFileError: it cannot be read, or others can read it.
    """
    try:
        with file.open(encoding="utf-8") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.readline(2000).rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SecretFileError(f"{key}: {file} cannot be read: {reason}") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise SecretFileError(f"{key}: others can read {file}; run chmod 600 on it")
    if not text:
        raise SecretFileError(f"{key}: {file} has no secret in its first line")
    return text
