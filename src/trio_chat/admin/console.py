"""Output of the commands: messages and errors on standard error, results on standard output, one
question.
"""

import os
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import BinaryIO

from trio_chat.admin.atomic_file import FileError
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.storage.database import StorageError

_YES = ("y", "yes", "д", "да")


def with_errors_reported(run: Callable[[], int]) -> int:
    """Run a command; a failure is told in one line.

    Returns:
        the exit code.
    """
    try:
        return run()
    except (StorageError, FileError) as error:
        report_error(str(error))
        return FAILED


def report(text: str) -> None:
    """Say what was done, beside what is written to standard output."""
    print(text, file=sys.stderr)


def report_error(text: str) -> None:
    """Say what is wrong."""
    print(f"trio-chat: {escape_controls(text)}", file=sys.stderr)


def confirm(question: str) -> bool:
    """Ask somebody at a terminal."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in _YES


def to_standard_output(write: Callable[[BinaryIO], int]) -> int | None:
    """Have something written to standard output; return how much was, or None when who read it went
    away.
    """
    try:
        written = write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Who read it has seen enough, such as `head`. Python would flush once more at its end, and
        # complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None
    except OSError as error:
        raise FileError(
            _("the output cannot be written: {reason}").format(reason=error.strerror)
        ) from error
    return written


def write_lines(rows: Iterable[tuple[str, ...]]) -> int:
    """Write a table as other programs like it: a line for each, with tabs between the fields."""
    text = "".join("\t".join(map(escape_controls, row)).rstrip("\t") + "\n" for row in rows)
    encoded = text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    return FAILED if to_standard_output(lambda stream: stream.write(encoded)) is None else OK


def date(seconds: int) -> str:
    """Return a moment as other programs read it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
