"""The terminal that urwid draws on: how it is set up, and that it is given back as it was."""

import math
import os
import time as clock
from collections.abc import Callable
from typing import Any

from urwid.display import escape
from urwid.display.common import AttrSpec
from urwid.display.raw import Screen

from trio_chat.client.screen.colours import reduced
from trio_chat.i18n import _

_ESC = 27
_BYTES = 256
_ESC_ALONE = 0.125
_ESC_IDLE = 0.5
_PATIENCE = 1.0
"""Seconds to wait for the rest of a character or a sequence; for that of an Esc, which may be a key, where Esc means something
and where it does not."""


class NoScreenError(Exception):
    """This terminal is none that can be drawn on."""


def open_screen(environment: dict[str, str] | None = None) -> Any:
    """Return the screen, not started yet.

    Raises:
        NoScreenError: when there is nothing to draw on.
    """
    environment = dict(os.environ) if environment is None else environment
    try:
        screen = TerminalScreen(bracketed_paste_mode=True, focus_reporting=True)
    except (OSError, ValueError) as error:  # a Windows console that knows no sequences, or no console at all
        text = _("This terminal cannot be drawn on, so every message is one line: {reason}")
        raise NoScreenError(text.format(reason=error)) from error
    colours = 1 if environment.get("NO_COLOR") else screen.colors
    screen.set_terminal_properties(colors=colours, bright_is_bold=False, hyperlinks=True)
    return screen


class TerminalScreen(Screen):
    """urwid's screen, with Ctrl-C, Ctrl-S and Ctrl-Q as keys like others, and with patience for what arrives in pieces.

    A slow link cuts characters and escape sequences in two. The rest of one is waited for, and what never gets its rest is
    dropped: half a sequence must not be typed as text.
    """

    esc_matters: Callable[[], bool] = staticmethod(lambda: True)
    """Tells whether Esc does something at this moment, so that it should not wait for the rest of a sequence for long."""
    _esc_at = -math.inf  # when an Esc was taken for a key of its own

    def _start(self, *args: Any, **kwargs: Any) -> None:
        super()._start(*args, **kwargs)
        self.tty_signal_keys("undefined", "undefined", "undefined", "undefined", "undefined")

    @property
    def complete_wait(self) -> float:  # it depends on what is there
        """Seconds to wait for the rest of what has arrived in part."""
        if self._partial_codes != [_ESC]:
            return _PATIENCE
        return _ESC_ALONE if self.esc_matters() else _ESC_IDLE

    @complete_wait.setter
    def complete_wait(self, seconds: float) -> None:
        """Leave it as it is: urwid sets its own when it begins."""

    def parse_input(self, event_loop: Any, callback: Any, codes: list[int], wait_for_more: bool = True) -> Any:
        """Turn bytes into keys; see urwid."""
        if not wait_for_more:
            if codes == [_ESC]:
                self._esc_at = clock.monotonic()
            elif codes[0] != _ESC or len(codes) > len("\x1b["):
                codes = []
        elif codes:
            if clock.monotonic() - self._esc_at < _PATIENCE and _is_rest(codes):
                codes = [_ESC, *codes]
            self._esc_at = -math.inf
        return super().parse_input(event_loop, callback, codes, wait_for_more)

    def _attrspec_to_escape(self, a: AttrSpec) -> str:
        return super()._attrspec_to_escape(reduced(a, self.colors))


def _is_rest(codes: list[int]) -> bool:
    """Tell whether bytes behind an Esc that came alone are the rest of its sequence, and nothing that a person types."""
    text = bytes(code for code in codes if code < _BYTES).decode("latin-1")
    return text == "[" or (text[:1] in ("[", "O") and escape.input_trie.get(codes, False) is not None)
