"""The terminal that urwid draws on: how it is set up, and that it is given back as it was."""

import os
from typing import Any

from urwid.display.raw import Screen

from trio_chat.i18n import _


class NoScreenError(Exception):
    """This terminal is none that can be drawn on."""


def open_screen(environment: dict[str, str] | None = None) -> Any:
    """Return the screen, not started yet.

    Raises:
        NoScreenError: when there is nothing to draw on.
    """
    environment = dict(os.environ) if environment is None else environment
    try:
        screen = _Screen(bracketed_paste_mode=True, focus_reporting=True)
    except (OSError, ValueError) as error:  # a Windows console that knows no sequences, or no console at all
        text = _("This terminal cannot be drawn on, so every message is one line: {reason}")
        raise NoScreenError(text.format(reason=error)) from error
    colours = 1 if environment.get("NO_COLOR") else screen.colors
    screen.set_terminal_properties(colors=colours, bright_is_bold=False, hyperlinks=True)
    return screen


class _Screen(Screen):
    """urwid's screen, with Ctrl-C, Ctrl-S and Ctrl-Q as keys like others."""

    def _start(self, *args: Any, **kwargs: Any) -> None:
        super()._start(*args, **kwargs)
        self.tty_signal_keys("undefined", "undefined", "undefined", "undefined", "undefined")
