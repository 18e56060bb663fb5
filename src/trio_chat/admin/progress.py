"""Progress bar of a long task: one line on a terminal, and no output without a terminal."""

import sys
import time
from types import TracebackType

_WIDTH = 40
_INTERVAL = 0.1
"""Seconds between two updates: nobody could see more."""


class Progress:
    """A progress bar on standard error, which is removed when the block ends.

    Args:
        what: the name of the task, in a word.
        total: the amount of work; 0 when it is unknown, and then the amount done is shown.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._is_shown = is_terminal()
        self._next = 0.0
        self._drawn = 0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def __call__(self, done: int) -> None:
        """Show the amount of work done so far."""
        if not self._is_shown or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _INTERVAL
        line = f"{self._what} {self._bar(done)}"
        self._write(f"\r{line.ljust(self._drawn)}")
        self._drawn = len(line)

    def clear(self) -> None:
        """Remove the bar, so that a line can be written in its place."""
        if self._drawn:
            self._write(f"\r{' ' * self._drawn}\r")
            self._drawn = 0

    def _bar(self, done: int) -> str:
        if not self._total:
            return str(done)
        share = min(1.0, done / self._total)
        return f"[{'#' * int(share * _WIDTH):-<{_WIDTH}}] {share:4.0%}"

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def is_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()
