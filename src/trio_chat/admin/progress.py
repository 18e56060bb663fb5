"""Progress of a long task: one line that is redrawn on a terminal, and nothing without a
terminal.
"""

import sys
import time
from types import TracebackType

_WIDTH = 40
_INTERVAL = 0.1
"""Seconds between two drawings: more often is nothing that anybody could see."""


class Progress:
    """A bar on standard error; gone when the block ends.

    Args:
        what: what is being done, in a word.
        total: how much there is to do; 0 when nobody knows, and then only what was done is shown.
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
        """Show how much is done."""
        if not self._is_shown or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _INTERVAL
        line = f"{self._what} {self._bar(done)}"
        self._write(f"\r{line.ljust(self._drawn)}")
        self._drawn = len(line)

    def clear(self) -> None:
        """Take the bar away, so that a line can be written in its place."""
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
