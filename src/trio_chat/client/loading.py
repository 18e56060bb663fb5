"""Loading of the client: a line is shown at once, and Python collects no garbage meanwhile.

Loading takes some tenths of a second, nearly all of them for Trio and the library that draws. This
module imports neither.
"""

import gc
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trio_chat.i18n import _
from trio_chat.irc.text import clean
from trio_chat.windows_console import accepts_sequences, kernel32


def is_terminal(descriptor: int) -> bool:
    """Return whether a file descriptor is a terminal."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def can_draw() -> bool:
    """Return whether input and output are a terminal with a cursor."""
    return (
        is_terminal(0)
        and is_terminal(1)
        and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
    )


def can_draw_screen() -> bool:
    """Return whether the full screen can be drawn; a Windows console may refuse escape codes."""
    api = kernel32()
    return can_draw() and (api is None or accepts_sequences(api))


class Loading:
    """The line that is shown until the client is loaded.

    Args:
        servers: the names of the servers to which the client will connect.
        plain: whether the line interface is used, in which the line stays.
    """

    def __init__(self, servers: Sequence[str], *, plain: bool) -> None:
        self._line = (
            clean(_("Opening {servers} …").format(servers=", ".join(servers)))
            if servers
            else _("Starting …")
        )
        self._is_line_mode = plain or not can_draw_screen()
        self._columns = max(shutil.get_terminal_size().columns - 1, 0)
        self._is_shown = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Show the line; imports in the block leave no garbage to collect."""
        gc.disable()
        try:
            self._show()
            yield
        finally:
            self.end()

    def end(self) -> None:
        """Remove the line where the full screen takes its place; a second call does nothing."""
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
        # Cut, because a wrapped line cannot be removed. `end` writes spaces, because old Windows
        # consoles have no escape sequences.
        self._write(self._line[: self._columns])

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:  # the terminal has gone; the client will notice
            return
