"""The log on the console and in logs/server_log.txt: `YYYY-MM-DD HH:MM:SS [LEVEL] message`, in
UTF-8.

All modules log to `logging.getLogger("trio_chat")` or a child of it. Log messages contain untrusted
text, so control characters are shown by their codes: nobody can forge a line or control the
terminal through the log.
"""

import contextlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from io import RawIOBase
from typing import TextIO

from trio_chat.config import LoggingSettings
from trio_chat.irc.plurals import counted
from trio_chat.irc.text import escape_controls
from trio_chat.log.file import LogFile
from trio_chat.log.repeats import RepeatFilter
from trio_chat.log.threads import LogEntry, LogThread
from trio_chat.windows_console import enable_sequences, kernel32

NAME = "trio_chat"
SHOWN = "is_shown"
"""The attribute of a record that the console has already, in other words: `extra={SHOWN: True}`."""
FLUSH_SECONDS = 2.0
"""Seconds for which stopping waits for a slow disk or console."""

_CONSOLE = "log console"
_COLOURS = {
    "DEBUG": "\x1b[2m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[1;31m",
}
_RESET = "\x1b[0m"


@contextlib.contextmanager
def running(settings: LoggingSettings, console: TextIO | None = None) -> Iterator[logging.Logger]:
    """Log to the console and the file while the block runs; flush both for up to `FLUSH_SECONDS`.

    Args:
        settings: the [logging] section.
        console: the stream of the console; None for standard output, if there is one. Standard
            error would not do: PowerShell presents it as the failure of a program.
    """
    logger = logging.getLogger(NAME)
    sinks = _start_sinks(settings, sys.stdout if console is None else console)
    repeats = RepeatFilter(settings.repeats, time.monotonic)
    handler = _Handler(sinks, repeats)
    before = logger.level, logger.propagate
    logger.setLevel(settings.level.upper())
    logger.propagate = False
    logger.addHandler(handler)
    try:
        with _plain_records():
            yield logger
    finally:
        logger.removeHandler(handler)
        handler.report_repeats(is_end=True)
        logger.setLevel(before[0])
        logger.propagate = before[1]
        deadline = time.monotonic() + FLUSH_SECONDS
        # The file first: it may still report a problem on the console.
        for sink in reversed(sinks):
            sink.stop(max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _plain_records() -> Iterator[None]:
    """Have records lack what no line shows: the place in the source, the thread and the process.

    Python's Logging HOWTO, Optimization, names these switches. A record costs a quarter less.
    """
    switches: dict[str, object] = dict.fromkeys(
        ("logThreads", "logMultiprocessing", "logProcesses", "logAsyncioTasks"), False
    )
    switches["_srcfile"] = None
    before = {name: getattr(logging, name) for name in switches if hasattr(logging, name)}
    try:
        for name in before:
            setattr(logging, name, switches[name])
        yield
    finally:
        for name, value in before.items():
            setattr(logging, name, value)


def _start_sinks(settings: LoggingSettings, console: TextIO | None) -> list[LogThread]:
    # sys.stdout is None under pythonw and when it was closed before the start.
    sinks = (
        [] if console is None else [LogThread(_CONSOLE, _ConsoleWriter(console, settings.format))]
    )
    if settings.file is not None:
        file = LogFile(settings.file, settings.rotate_bytes, settings.keep, time.monotonic)
        tell = sinks[0].put if sinks else _discard
        sinks.append(
            LogThread("log file", _FileWriter(file, str(settings.file), tell, settings.format))
        )
    return sinks


def _discard(_: LogEntry) -> None:
    pass


class _Handler(logging.Handler):
    """Handler that formats a record at once, because its arguments may change, and enqueues it."""

    def __init__(self, sinks: Sequence[LogThread], repeats: RepeatFilter) -> None:
        super().__init__()
        self._sinks = sinks
        self._repeats = repeats

    def report_repeats(self, *, is_end: bool = False) -> None:
        """Log the summaries of records that were only counted, when they are due."""
        for level, text in self._repeats.due(is_end=is_end):
            self._put(LogEntry(time.time(), level, text))

    def _put(self, entry: LogEntry, *, is_shown: bool = False) -> None:
        for sink in self._sinks:
            if not (is_shown and sink.name == _CONSOLE):
                sink.put(entry)

    def emit(self, record: logging.LogRecord) -> None:
        """Enqueue a record; an invalid logging call is logged itself instead of raising."""
        try:
            message = record.getMessage()
            self.report_repeats()
            if not self._repeats.admits(record):
                return
        except Exception as error:  # any __str__ may raise anything
            message = f"{record.msg!r} cannot be logged: {error!r}"
        details = ""
        if record.exc_info and record.exc_info[0] is not None:
            details = "".join(traceback.format_exception(*record.exc_info))
        entry = LogEntry(record.created, record.levelname, message, details)
        self._put(entry, is_shown=getattr(record, SHOWN, False))


class _ConsoleWriter:
    """Writer to a terminal, a pipe or a file, past the buffer of the stream.

    A thread that blocks in a buffered stream holds its lock, and the interpreter aborts over that
    lock at exit.
    """

    def __init__(self, console: TextIO, form: str = "text") -> None:
        self._raw: RawIOBase | None = None
        self._text = console
        try:
            console.flush()
            # On Windows this stream writes UTF-8 to the console whatever its code page is.
            self._raw = open(console.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115
        except (OSError, ValueError):  # a StringIO, or what pytest puts in the place of the console
            self._raw = None
        self._is_json = form == "json"
        self._coloured = not self._is_json and _has_colours(console)

    def __call__(self, entries: list[LogEntry]) -> None:
        text = "".join(
            entry.render_json() if self._is_json else entry.render(self._level(entry.level))
            for entry in entries
        )
        # The loss of the console cannot be reported anywhere; the file goes on.
        with contextlib.suppress(OSError, ValueError):
            if self._raw is None:
                self._text.write(text)
                self._text.flush()
            else:
                _write_all(self._raw, text.encode("utf-8", "backslashreplace"))

    def _level(self, level: str) -> str:
        colour = _COLOURS.get(level) if self._coloured else None
        return f"{colour}{level}{_RESET}" if colour else level


def _write_all(raw: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        taken: int | None = raw.write(rest)
        if taken is None:  # full, and another process has made it non-blocking
            time.sleep(0.02)
        else:
            rest = rest[taken:]


def _has_colours(console: TextIO) -> bool:
    if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not console.isatty():
        return False
    api = kernel32()
    return api is None or enable_sequences(api)


class _FileWriter:
    """Writer to the log file, which reports a failure once on the console, and its end once."""

    def __init__(
        self, file: LogFile, name: str, tell: Callable[[LogEntry], None], form: str = "text"
    ) -> None:
        self._file = file
        self._name = escape_controls(name)
        self._tell = tell
        self._is_json = form == "json"
        self._lost = 0

    def __call__(self, entries: list[LogEntry]) -> None:
        text = "".join(
            entry.render_json() if self._is_json else entry.render() for entry in entries
        )
        try:
            overdue = self._file.write(text.encode("utf-8", "backslashreplace"))
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            if not self._lost:
                self._say(
                    "ERROR",
                    f"the log file {self._name} cannot be written, the chat goes on without it:"
                    f" {error}",
                )
            self._lost += len(entries)
            return
        if overdue:
            self._say(
                "WARNING",
                f"the log file {self._name} cannot be rotated now and goes on growing: {overdue}",
            )
        if self._lost:
            self._say(
                "WARNING",
                f"the log file {self._name} is written again, without"
                f" {counted(self._lost, 'message')}",
            )
            self._lost = 0

    def _say(self, level: str, message: str) -> None:
        self._tell(LogEntry(time.time(), level, message))
