"""Console of the maintenance commands: results on standard output, the rest on standard error."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import BinaryIO

from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.maintenance.times import date
from trio_chat.storage.errors import StorageError

__all__ = [
    "confirm",
    "date",
    "report",
    "report_error",
    "to_standard_output",
    "with_errors_reported",
    "write_lines",
]

_YES = ("y", "yes", "д", "да")


def with_errors_reported(run: Callable[[], int]) -> int:
    """Run a command, and report a failure in one line.

    Returns:
        the exit code.
    """
    try:
        return run()
    except (StorageError, FileError) as error:
        report_error(str(error))
        return FAILED


def report(text: str) -> None:
    """Write a message to standard error, apart from the results on standard output."""
    print(text, file=sys.stderr)


def report_error(text: str) -> None:
    """Write an error to standard error."""
    print(f"trio-chat: {escape_controls(text)}", file=sys.stderr)


def confirm(question: str) -> bool:
    """Ask the user at the terminal; return whether the answer is yes."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in _YES


def to_standard_output(write: Callable[[BinaryIO], int]) -> int | None:
    """Run `write` on standard output; return its result, or None when the reader has closed it."""
    try:
        written = write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # A reader such as `head` has enough. Python would flush again at exit, and report an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None
    except OSError as error:
        raise FileError(
            _("the output cannot be written: {reason}").format(reason=error.strerror)
        ) from error
    return written


def write_lines(rows: Iterable[tuple[str, ...]]) -> int:
    """Write a table for other programs: one row a line, with tabs between the fields."""
    text = "".join("\t".join(map(escape_controls, row)).rstrip("\t") + "\n" for row in rows)
    encoded = text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    return FAILED if to_standard_output(lambda stream: stream.write(encoded)) is None else OK
