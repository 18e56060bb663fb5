"""Loading of the client: the user sees its beginning at once, and Python collects no garbage.

Loading takes some tenths of a second, nearly all of it in Trio and in what draws; so this imports
nothing of either.
"""

import gc
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trio_chat.i18n import _
from trio_chat.irc.text import clean


def is_terminal(descriptor: int) -> bool:
    """Return whether a file descriptor is a terminal's."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def can_draw() -> bool:
    """Return whether input and output are a terminal that has a cursor."""
    return (
        is_terminal(0)
        and is_terminal(1)
        and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
    )


class Loading:
    """The time until the client is there.

    Args:
        servers: what the servers are called that it is going to connect to.
        plain: whether the line interface is wanted; there the line stays, and is one like all
            others.
    """

    def __init__(self, servers: Sequence[str], *, plain: bool) -> None:
        self._line = (
            clean(_("Opening {servers} …").format(servers=", ".join(servers)))
            if servers
            else _("Starting …")
        )
        self._is_line_mode = plain or not can_draw()
        self._columns = max(shutil.get_terminal_size().columns - 1, 0)
        self._is_shown = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Show the line; what is imported in the block makes no garbage."""
        gc.disable()
        try:
            self._show()
            yield
        finally:
            self.end()

    def end(self) -> None:
        """Take the line away where the full screen takes its place; does nothing the second
        time.
        """
        gc.enable()
        if self._is_shown and not self._is_line_mode:
            self._write(f"\r{' ' * self._columns}\r")
        self._is_shown = False

    def _show(self) -> None:
        if sys.stdout is None or not is_terminal(1):
            return
        self._is_shown = True
        if self._is_line_mode:
            self._write(f"[INFO] {self._line}\n")
            return
        # Cut, because what has wrapped cannot be taken away; spaces, because an old Windows console
        # knows no sequences.
        self._write(self._line[: self._columns])

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:  # the terminal has gone, which will be noticed soon enough
            return
