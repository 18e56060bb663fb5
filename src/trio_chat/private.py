"""Directories for the owner only, whatever the process' umask is."""

import os
from pathlib import Path

MODE = 0o700


def make_directory(path: Path) -> None:
    """Make a directory and those above it that are missing, each with mode 0700; leave alone what
    is there.

    `Path.mkdir` gives the mode to the last one only.

    Raises:
        OSError: it cannot be made.
    """
    missing = [path]
    while not missing[-1].exists() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for one in reversed(missing):
        one.mkdir(mode=MODE, exist_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in the place of one that is there, whole or not at
    all.

    Raises:
        OSError: it cannot be written.
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
