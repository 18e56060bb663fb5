"""Threads that carry log entries to slow places: the event loop waits for no disk and no console.

Each place has its own thread and its own bounded queue. One thread for both would be simpler, but a
Windows console stops taking text while something is selected in it, and the file must not stop with
it.
"""

import json
import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from trio_chat.irc.text import escape_controls

CAPACITY = 10_000
"""Entries that may wait; what comes when they do is dropped and counted."""

_BATCH = 500
_LONGEST_MESSAGE = 4000
_INDENT = "    "


class LogEntry(NamedTuple):
    """One log record with everything in it turned to text by the thread that logged it."""

    when: float
    level: str
    message: str
    traceback: str = ""

    def render(self, level: str = "") -> str:
        """Return the entry as it is written, with a line feed at its end.

        Args:
            level: how the level is shown instead, for colours.
        """
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.when))
        message = escape_controls(self.message)
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + "…"
        # Indented, because the text of an exception may look like a log line.
        lines = [
            f"{_INDENT}{escape_controls(line)}\n" for line in self.traceback.split("\n") if line
        ]
        return f"{stamp} [{level or self.level}] {message}\n" + "".join(lines)

    def render_json(self) -> str:
        """Return the entry as an object of JSON on a line of its own, for programs that collect
        logs.
        """
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.when))
        moment = f"{seconds}.{int(self.when % 1 * 1000):03d}Z"
        fields = {"time": moment, "level": self.level, "message": self.message[:_LONGEST_MESSAGE]}
        if self.traceback:
            fields["traceback"] = self.traceback
        return (
            json.dumps(fields) + "\n"
        )  # ASCII only: nothing in it can break a line or speak to a terminal


class LogThread:
    """A thread that writes entries to one place.

    Args:
        name: of the thread.
        write: takes a batch of entries; whatever goes wrong in it is its own affair.
        capacity: entries that may wait.
    """

    def __init__(
        self, name: str, write: Callable[[list[LogEntry]], None], capacity: int = CAPACITY
    ) -> None:
        self._write = write
        self._capacity = capacity
        self._dropped = 0
        # SimpleQueue because its put() may be called from a signal handler or a finalizer in the
        # middle of a put().
        self._queue: queue.SimpleQueue[LogEntry | None] = queue.SimpleQueue()
        # A daemon: the interpreter does not wait for a thread that a dead console holds.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, entry: LogEntry) -> None:
        """Hand an entry over, or count it as dropped; never waits."""
        if self._queue.qsize() >= self._capacity:
            self._dropped += 1
        else:
            self._queue.put(entry)

    def stop(self, timeout: float) -> bool:
        """Write what waits, for as long as the timeout allows; return whether all was written."""
        self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            going = None not in batch
            entries = [entry for entry in batch if entry is not None]
            if self._dropped:
                entries.append(self._report())
            if entries:
                self._write(entries)

    def _report(self) -> LogEntry:
        dropped, self._dropped = self._dropped, 0
        return LogEntry(
            time.time(),
            "WARNING",
            f"{dropped} log messages were dropped: they came faster than they could be written",
        )
