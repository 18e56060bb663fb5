"""Rows of text on the screen: what panels, lists and the help are made of.

All that is drawn goes through `settled` or `fitted`, so that each terminal gives it as many columns
as are reckoned with.
"""

from collections.abc import Callable, Sequence
from typing import Any

import urwid

from trio_chat.client.model.emoji import apart

Markup = Sequence[tuple[Any, str]]
"""Pieces of a row, each with how it is drawn."""


def drawn(text: urwid.Text, columns: int) -> urwid.Canvas:
    """Return a text drawn once, so that a canvas made of it does not depend on a widget that nobody
    keeps.
    """
    return urwid.canvas.apply_text_layout(
        *text.get_text(), text.get_line_translation(columns), columns
    )


def settled(markup: Markup) -> list[tuple[Any, str]]:
    """Return pieces of text with a width on which all terminals agree."""
    return [(style, apart(text)) for style, text in markup]


def row(markup: Markup, columns: int, fill: Any = None) -> urwid.Canvas:
    """Return one row of exactly so many columns; what does not fit is cut off."""
    canvas = urwid.CompositeCanvas(drawn(urwid.Text(settled(markup) or "", wrap="clip"), columns))
    if fill is not None:
        canvas.fill_attr(fill)
    return canvas


def stack(
    canvases: Sequence[urwid.Canvas], columns: int, rows: int, *, at_bottom: bool = False
) -> urwid.Canvas:
    """Return canvases one below the other as exactly so many rows; what is too much is cut off at
    the other end.
    """
    if not canvases:
        return urwid.SolidCanvas(" ", columns, rows)
    whole = urwid.CanvasCombine([(canvas, None, False) for canvas in canvases])
    spare = rows - whole.rows()
    if at_bottom:
        whole.pad_trim_top_bottom(spare, 0)
    else:
        whole.pad_trim_top_bottom(0, spare)
    return whole


def width(text: str) -> int:
    """Return how many columns a text takes when it is drawn."""
    text = apart(text)
    return int(urwid.calc_width(text, 0, len(text)))


def fitted(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text that takes exactly so many columns, cut with an ellipsis or filled with
    spaces.
    """
    text = apart(text)
    if width(text) > columns:
        end, _columns = urwid.calc_text_pos(text, 0, len(text), max(columns - 1, 0))
        text = text[:end] + "…"
    spaces = " " * (columns - width(text))
    return spaces + text if right else text + spaces


class Rows(urwid.Widget):
    """A box whose rows are made when it is drawn.

    Args:
        make: returns the rows for so many columns and rows.
        fill: how what is not text is drawn.
    """

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = False

    def __init__(self, make: Callable[[int, int], Sequence[Markup]], fill: Any = None) -> None:
        super().__init__()
        self._make = make
        self._fill = fill
        self._shown: Sequence[Markup] | None = None
        self._size: tuple[int, int] = (0, 0)

    def refresh(self) -> None:
        """Draw anew if that makes a difference."""
        if self._shown is None or self._make(*self._size) != self._shown:
            self._shown = None
            self._invalidate()

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box
        """Draw."""
        self._size = columns, rows = size
        self._shown = self._make(columns, rows)
        canvas = urwid.CompositeCanvas(
            stack([row(each, columns) for each in self._shown], columns, rows)
        )
        if self._fill is not None:
            canvas.fill_attr(self._fill)
        return canvas
