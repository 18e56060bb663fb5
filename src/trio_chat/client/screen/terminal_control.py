"""Control of the terminal: released to the shell (Ctrl-Z) or to another program, and taken back."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CAN_SUSPEND = hasattr(signal, "SIGTSTP")
"""Whether this system can stop a process and continue it later."""


class TerminalControl:
    """The terminal of one client.

    Args:
        screen: urwid's.
        redraw: draws everything again, perhaps in another size.
        stop: stops the foreground process group until SIGCONT, as a terminal does at Ctrl-Z.
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
        """Restore the terminal for the duration of the block, and take it back afterwards."""
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
        """Stop the process until the shell continues it; do nothing while another program runs."""
        if not self.is_released:
            with self.released():
                self._stop()

    def end(self) -> None:
        """Do not take the terminal back any more, because the program ends."""
        self._has_ended = True


def _stop() -> None:
    if CAN_SUSPEND:
        # The group: a program that has started this one has to stop as well.
        os.kill(0, signal.SIGTSTP)
