"""The log file: appended to, rotated when large, and never a reason for the chat to stop.

The standard RotatingFileHandler loses every record while a rotation fails (on Windows another
program may have the file open), shifts the older files away meanwhile, and reports failures by a
traceback. This class goes on in the same file and retries later, creates the file with mode 0600,
notices a file that was moved away, and raises OSError for the caller to report.
"""

import os
from collections.abc import Callable
from pathlib import Path

from trio_chat.private import make_directory

_RETRY_SECONDS = 30.0
_MOST_REMOVED = 10_000
_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""Where names of standard streams begin. Renaming one would take it from all programs."""


class LogFile:
    """A file to which lines are appended.

    Args:
        path: the file; missing directories are made.
        rotate_bytes: the size at which the file becomes `.1`, the old `.1` `.2`, and so on; where a
            symbolic link leads to, if it is one.
        keep: the number of older files that are kept. More of them, from a time when more were, are
            removed when the file is opened first, and by a rotation.
        clock: returns monotonic seconds, for the next attempt after a failed rotation.
    """

    def __init__(
        self, path: Path, rotate_bytes: int, keep: int, clock: Callable[[], float]
    ) -> None:
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._clock = clock
        self._fd: int | None = None
        self._torn = self._has_begun = False
        self._is_stream = str(path).startswith(_STREAMS)
        self._no_rotation_before = float("-inf")

    def write(self, data: bytes) -> OSError | None:
        """Append whole lines.

        Returns: the error that prevents an overdue rotation, the first time; the lines are written
            nevertheless.

        Raises:
            OSError: the lines, or the last of them, could not be written.
        """
        problem = None
        fd = self._open()
        size = os.fstat(fd).st_size
        if size and size + len(data) > self._rotate_bytes and not self._is_stream:
            problem = self._rotate()
            fd = self._open()
        self._append(fd, data)
        return problem

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        if self._fd is not None and not self._is_in_place(self._fd):
            self.close()
        if self._fd is None:
            make_directory(self._path.parent)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
            # The log has nicknames and addresses of users: only its owner may read it.
            self._fd = os.open(self._path, flags, 0o600)
        if not self._has_begun:
            self._has_begun = True
            if not self._is_stream:
                self._remove_surplus()
        return self._fd

    def _is_in_place(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._path.stat())
        except OSError:
            return False

    def _append(self, fd: int, data: bytes) -> None:
        rest = memoryview(b"\n" + data if self._torn else data)
        self._torn = False
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except OSError:
                self._torn = True  # half a line may have been written to a full disk
                raise

    def _rotate(self) -> OSError | None:
        if self._clock() < self._no_rotation_before:
            return None
        self.close()  # Windows does not rename an open file
        first_time = self._no_rotation_before == float("-inf")
        try:
            self._shift()
        except OSError as error:
            self._no_rotation_before = self._clock() + _RETRY_SECONDS
            return error if first_time else None
        self._no_rotation_before = float("-inf")
        return None

    def _shift(self) -> None:
        # Only up to the first gap: while the last rename fails repeatedly, the older files stay.
        last = next(
            (number for number in range(1, self._keep) if not self._numbered(number).exists()),
            self._keep,
        )
        for number in range(last, 0, -1):
            self._numbered(number - 1).replace(self._numbered(number))
        self._remove_surplus()

    def _remove_surplus(self) -> None:
        """Remove the older files beyond those that are kept, up to a gap; one that cannot be
        removed stays until the next rotation.
        """
        number = self._keep + 1
        try:
            while number <= _MOST_REMOVED and self._numbered(number).is_file():
                self._numbered(number).unlink()
                number += 1
        except OSError:
            return

    def _numbered(self, number: int) -> Path:
        target = Path(os.path.realpath(self._path))
        return target.with_name(f"{target.name}.{number}") if number else target
