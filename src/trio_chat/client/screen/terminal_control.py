"""The terminal, lent to the shell (Ctrl-Z) or to another program for a while: restored, and redrawn
afterwards.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CAN_SUSPEND = hasattr(signal, "SIGTSTP")
"""Whether this system can stop a program and go on with it later."""


class TerminalControl:
    """The terminal of one client.

    Args:
        screen: urwid's.
        redraw: redraws everything, perhaps in another size.
        stop: stops all processes of the terminal's foreground, as the terminal itself does at
            Ctrl-Z, until SIGCONT.
    """

    def __init__(
        self, screen: Any, redraw: Callable[[], None], stop: Callable[[], None] | None = None
    ) -> None:
        self._screen = screen
        self._redraw = redraw
        self._stop = stop or _stop
        self._has_ended = False
        self.is_released = False

    @contextmanager
    def released(self) -> Iterator[None]:
        """Give the terminal back as it was, and take it again afterwards."""
        self.is_released = True
        self._screen.stop()
        try:
            yield
        finally:
            self.is_released = False
            if not self._has_ended:
                self._screen.start()
                self._redraw()

    def suspend(self) -> None:
        """Stop until the shell goes on with the program; nothing happens where there is no shell
        that could.
        """
        if not self.is_released:
            with self.released():
                self._stop()

    def end(self) -> None:
        """Do not take the terminal again: the program ends."""
        self._has_ended = True


def _stop() -> None:
    if CAN_SUSPEND:
        os.kill(
            0, signal.SIGTSTP
        )  # the group: a program that has started this one is to stop as well
