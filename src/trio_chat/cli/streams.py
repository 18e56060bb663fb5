"""The standard streams of the program: missing ones, poor character sets, readers that are gone."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TextIO, cast

from trio_chat.admin.exit_codes import FAILED
from trio_chat.i18n import _


class OutputError(OSError):
    """Standard output cannot be written, as on a full disk."""


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error


class _Output(io.BufferedWriter):
    """Standard output, whose errors can be told from those of files.

    That is done above the file: an exception from below, also that of Ctrl-C between two lines of
    Python, makes a buffer keep what has been written, and write it once more.
    """

    def write(self, data: Any, /) -> int:
        with _told_apart():
            return super().write(data)

    def flush(self) -> None:
        with _told_apart():
            super().flush()


class _UnbufferedOutput(io.FileIO):
    """Standard output of a Python without buffers (`python -u`)."""

    def write(self, data: Any, /) -> int:
        with _told_apart():
            return super().write(data)


class _Messages(io.FileIO):
    """Standard error: what cannot be written there is lost, and the work continues.

    It has no buffer, for the reason that `_Output` gives.
    """

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        size = left.nbytes
        with suppress(OSError):
            while left and (written := super().write(left)):  # None where it would have to wait
                left = left[written:]
        return size


def make_safe() -> None:
    """Let nothing that is read or written end the program because of its standard streams.

    An error of standard output is an `OutputError`, or a `BrokenPipeError`. A stream that was
    closed before the start reads and writes nothing. Otherwise the next file or socket would get
    its number. Text of other users must not end the program because the encoding of the terminal
    lacks a character; and Windows uses another encoding for pipes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  for ever
    encoding = "utf-8" if sys.platform == "win32" else None
    # Others have replaced those that are not the ones of the process.
    if sys.__stdout__ is not None and sys.stdout is sys.__stdout__:
        sys.stdout = _with_file(sys.__stdout__, _output)
    if sys.__stderr__ is not None and sys.stderr is sys.__stderr__:
        sys.stderr = _with_file(sys.__stderr__, _messages)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    if sys.platform == "win32" and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding=encoding, errors="replace")


def _output(stream: TextIO, *, is_unbuffered: bool) -> io.BufferedWriter | io.FileIO:
    if is_unbuffered:
        return _UnbufferedOutput(stream.fileno(), "w", closefd=False)
    return _Output(io.FileIO(stream.fileno(), "w", closefd=False))


def _messages(stream: TextIO, *, is_unbuffered: bool) -> io.FileIO:
    return _Messages(stream.fileno(), "w", closefd=False)


def _with_file(stream: TextIO, make: Callable[..., io.BufferedWriter | io.FileIO]) -> TextIO:
    """Return a stream like another one with what is made of that one below; the same one if it has
    no file, as on the console of Windows.
    """
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    former = getattr(stream.buffer, "raw", stream.buffer)
    if type(former) is not io.FileIO:
        return stream
    return io.TextIOWrapper(
        cast("BinaryIO", make(stream, is_unbuffered=former is stream.buffer)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def finish(code: int) -> int:
    """Write what is left of the output, and return the exit code: that of a failure if it cannot be
    written. At exit, Python would report that with a traceback and a code of its own.

    Args:
        code: the exit code of the command.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return reader_is_gone()
    except OSError as error:
        return unwritable(error.strerror or str(error))
    return code


def unwritable(reason: str) -> int:
    """Report that the output cannot be written, and drop it; return the exit code for that."""
    text = _("the output cannot be written: {reason}").format(reason=reason)
    print(f"trio-chat: {text}", file=sys.stderr)
    return reader_is_gone()


def reader_is_gone() -> int:
    """Drop the output, since a reader such as `head` has enough; return the exit code for that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
