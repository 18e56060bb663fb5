"""Threads that write log entries, so that the event loop waits for neither the disk nor the
console.

The console and the file have a thread and a bounded queue each. One thread for both would be
simpler, but a Windows console blocks its writer while text is selected in it, and the file must go
on.
"""

import json
import queue
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from trio_chat.irc.text import escape_controls

CAPACITY = 10_000
"""Entries that may wait; further ones are dropped and counted."""

_BATCH = 500
_GATHERING = 0.02
"""Seconds for which a thread waits for more entries after the first. Each time that it wakes up, it
takes the interpreter from the event loop.
"""
_LONGEST_MESSAGE = 4000
_INDENT = "    "


class LogEntry(NamedTuple):
    """A log record whose contents the logging thread has already formatted as text."""

    when: float
    level: str
    message: str
    traceback: str = ""

    def render(self, level: str = "") -> str:
        """Return the entry as lines of text, with a line feed at the end.

        Args:
            level: the coloured name of the level; "" for the plain one.
        """
        stamp = _local_time(int(self.when))
        message = escape_controls(self.message)
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + "…"
        # Indented, because the text of an exception may imitate a log line.
        lines = [
            f"{_INDENT}{escape_controls(line)}\n" for line in self.traceback.split("\n") if line
        ]
        return f"{stamp} [{level or self.level}] {message}\n" + "".join(lines)

    def render_json(self) -> str:
        """Return the entry as a JSON object on one line, for programs that collect logs."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.when))
        moment = f"{seconds}.{int(self.when % 1 * 1000):03d}Z"
        fields = {"time": moment, "level": self.level, "message": self.message[:_LONGEST_MESSAGE]}
        if self.traceback:
            fields["traceback"] = self.traceback
        # ASCII only: nothing in it can break a line or control a terminal.
        return json.dumps(fields) + "\n"


@lru_cache(maxsize=16)  # both threads, and many entries, have the same second
def _local_time(when: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))


class LogThread:
    """A thread that writes entries to one destination.

    Args:
        name: the name of the thread.
        write: writes a batch of entries; it must not raise.
        capacity: the entries that may wait.
    """

    def __init__(
        self, name: str, write: Callable[[list[LogEntry]], None], capacity: int = CAPACITY
    ) -> None:
        self.name = name
        self._write = write
        self._capacity = capacity
        self._dropped = 0
        # SimpleQueue because its put() may be called from a signal handler or a finalizer in the
        # middle of a put().
        self._queue: queue.SimpleQueue[LogEntry | None] = queue.SimpleQueue()
        # A daemon: the interpreter does not wait for a thread that a dead console blocks.
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, entry: LogEntry) -> None:
        """Enqueue an entry, or count it as dropped; never blocks."""
        if self._queue.qsize() >= self._capacity:
            self._dropped += 1
        else:
            self._queue.put(entry)

    def stop(self, timeout: float) -> bool:
        """Write waiting entries for at most `timeout` seconds; return whether all were written."""
        self._queue.put(None)
        self._is_stopping.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._queue.get()]
            self._is_stopping.wait(_GATHERING)
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
