"""The terminal on which urwid draws: its setup, its keys, and the sequences for links."""

import ctypes
import math
import os
import sys
import time as clock
from collections.abc import Callable
from typing import Any

from urwid import util
from urwid.display import escape
from urwid.display.common import AttrSpec
from urwid.display.raw import Screen

from trio_chat.client.screen.colours import reduced
from trio_chat.client.screen.wrapped_links import find_wrapped_links, rejoining_sequence
from trio_chat.i18n import _
from trio_chat.windows_console import accepts_sequences, kernel32

if sys.platform != "win32":
    import termios

_DEFAULT_SIZE = (80, 24)
"""Columns and rows of a terminal that does not know its size, as on serial consoles and in some
containers: those of a VT100.
"""
_SIGNS = "…│─●×é中я"
"""Characters that are drawn or typed; the first two are of ambiguous width (Unicode Standard Annex
#11).
"""
_AMBIGUOUS = 2
_ESC = 27
_BYTES = 256
_ESC_ALONE = 0.125
_ESC_IDLE = 0.5
_LOCAL_FLAGS = 3
_MOST_TYPED = 4096
_PATIENCE = 1.0
"""Seconds to wait for the rest of a character or a sequence.

After an Esc, which may be a key, the wait is shorter: `_ESC_ALONE` where Esc has a meaning,
`_ESC_IDLE` where it has none.
"""


class NoScreenError(Exception):
    """This terminal cannot be drawn on; the message says why, in the user's language."""


def open_screen(environment: dict[str, str] | None = None) -> Any:
    """Return the screen, not started yet.

    Raises:
        NoScreenError: this terminal cannot be drawn on.
    """
    environment = dict(os.environ) if environment is None else environment
    api = kernel32()
    if api is not None and not accepts_sequences(api):
        raise NoScreenError(
            _(
                "This console understands no escape sequences, so the line interface is used. The"
                " full screen needs Windows 10 or newer, and in the properties of the window no"
                " legacy console."
            )
        )
    if problem := _problem_of_locale(util.get_encoding()):
        raise NoScreenError(problem)
    try:
        screen = TerminalScreen(bracketed_paste_mode=True, focus_reporting=True)
    except (
        OSError,
        ValueError,
    ) as error:  # a Windows console without escape sequences, or no console at all
        text = _(
            "The full screen cannot be drawn on this terminal, so the line interface is"
            " used: {reason}"
        )
        raise NoScreenError(text.format(reason=error)) from error
    colours = 1 if environment.get("NO_COLOR") else screen.colors
    screen.set_terminal_properties(colors=colours, bright_is_bold=False, hyperlinks=True)
    return screen


def _problem_of_locale(encoding: str) -> str:
    """Return why the characters of this locale cannot be drawn in columns, "" if they can.

    Args:
        encoding: the one in which urwid writes.
    """
    if util.get_encoding_mode() != "utf8":
        # urwid takes one character for one column, and the terminal each byte of it.
        is_wide = any(len(sign.encode(encoding, "replace")) > 1 for sign in _SIGNS)
    else:
        is_wide = any(_columns(sign) > 1 for sign in _SIGNS[:_AMBIGUOUS])
    if not is_wide:
        return ""
    text = _(
        "In this locale ({encoding}), characters such as … take two columns, so the"
        " line interface is used. A UTF-8 locale, such as LC_ALL=C.UTF-8, has the"
        " full screen."
    )
    return text.format(encoding=encoding)


def _columns(sign: str) -> int:
    """Return the width of a character in this locale (POSIX `wcwidth`), 1 where it is unknown."""
    if sys.platform == "win32":
        return 1
    try:
        return int(ctypes.CDLL(None).wcwidth(ctypes.c_wchar(sign)))
    except (OSError, AttributeError):
        return 1


class TerminalScreen(Screen):
    """urwid's screen, with Ctrl-C, Ctrl-S and Ctrl-Q as ordinary keys, and with slow keyboards.

    A slow link cuts characters and escape sequences in two. The screen waits for the rest, and
    drops a sequence whose rest does not arrive: half a sequence must not be typed as text.
    """

    esc_matters: Callable[[], bool] = staticmethod(lambda: True)
    """Returns whether Esc has a meaning at this moment, so that it must take effect soon."""
    _esc_at = -math.inf  # the time of the last Esc that was taken as a key
    _typed_early: list[int] | None = None  # None before the first start

    def _start(self, *args: Any, **kwargs: Any) -> None:
        if self._typed_early is None:
            self._typed_early = typed_so_far(self._input_fileno())
        super()._start(*args, **kwargs)
        self.tty_signal_keys("undefined", "undefined", "undefined", "undefined", "undefined")

    def hook_event_loop(self, event_loop: Any, callback: Any) -> None:
        """Have the callback called with keys; see urwid."""
        super().hook_event_loop(event_loop, callback)
        if early := self._typed_early:
            self._typed_early = []
            event_loop.alarm(0, lambda: self.parse_input(event_loop, callback, early))

    def get_cols_rows(self) -> tuple[int, int]:
        """Return the size of the terminal, or a common one if it does not know its own."""
        columns, rows = super().get_cols_rows()
        return columns if columns > 0 else _DEFAULT_SIZE[0], rows if rows > 0 else _DEFAULT_SIZE[1]

    @property
    def complete_wait(self) -> float:  # it depends on the received bytes
        """Seconds to wait for the rest of a character or a sequence."""
        if self._partial_codes != [_ESC]:
            return _PATIENCE
        return _ESC_ALONE if self.esc_matters() else _ESC_IDLE

    @complete_wait.setter
    def complete_wait(self, seconds: float) -> None:
        """Ignore the value that urwid sets at its start."""

    def parse_input(
        self, event_loop: Any, callback: Any, codes: list[int], wait_for_more: bool = True
    ) -> Any:
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

    def draw_screen(self, size: tuple[int, int], canvas: Any) -> None:
        """Draw a canvas, and join the rows of links that wrap."""
        before = self._screen_buf_canvas
        super().draw_screen(size, canvas)
        if self._screen_buf_canvas is before or not (
            found := find_wrapped_links(self.screen_buf or (), size[0])
        ):
            return
        cursor = (
            [escape.set_cursor_position(*canvas.cursor), escape.SHOW_CURSOR]
            if canvas.cursor
            else []
        )
        drawn = [rejoining_sequence(link, self._attr_to_escape(link.attribute)) for link in found]
        self.write("".join([escape.HIDE_CURSOR, *drawn, self._attr_to_escape(None), *cursor]))
        self.flush()

    def _attrspec_to_escape(self, a: AttrSpec) -> str:
        return super()._attrspec_to_escape(reduced(a, self.colors))


def typed_so_far(terminal: int | None) -> list[int]:
    """Return the bytes that were typed while the program was loaded; urwid drops them at its start.

    Args:
        terminal: its file descriptor; None for none.
    """
    if sys.platform == "win32" or terminal is None or not os.isatty(terminal):
        return []
    settings = termios.tcgetattr(terminal)
    mode = [*settings[:-1], list(settings[-1])]
    mode[_LOCAL_FLAGS] &= ~termios.ICANON  # which keeps what has no end of line from the program
    mode[-1][termios.VMIN] = mode[-1][termios.VTIME] = 0
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
    try:
        return [code for code in os.read(terminal, _MOST_TYPED) if code]  # Ctrl-D is 0 there
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, settings)


def _is_rest(codes: list[int]) -> bool:
    """Return whether bytes after a lone Esc are the rest of its sequence, and not typed text."""
    text = bytes(code for code in codes if code < _BYTES).decode("latin-1")
    return text == "[" or (
        text[:1] in ("[", "O") and escape.input_trie.get(codes, False) is not None
    )
