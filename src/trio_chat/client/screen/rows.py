"""Rows of text, of which panels, lists and pages consist.

All drawn text goes through `settled` or `fitted`, so that every terminal gives it the width that
the layout has computed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import urwid

from trio_chat.client.model.emoji import apart

Markup = Sequence[tuple[Any, str]]
"""Pieces of a row, each with its display attribute."""


def drawn(text: urwid.Text, columns: int) -> urwid.Canvas:
    """Return the canvas of a text, which does not depend on the widget being kept."""
    return urwid.canvas.apply_text_layout(
        *text.get_text(), text.get_line_translation(columns), columns
    )


def settled(markup: Markup) -> list[tuple[Any, str]]:
    """Return pieces of text with a width on which all terminals agree."""
    return [(style, apart(text)) for style, text in markup]


def row(markup: Markup, columns: int, fill: Any = None) -> urwid.Canvas:
    """Return one row of exactly the given width; a longer text is cut."""
    canvas = urwid.CompositeCanvas(drawn(urwid.Text(settled(markup) or "", wrap="clip"), columns))
    if fill is not None:
        canvas.fill_attr(fill)
    return canvas


def stack(
    canvases: Sequence[urwid.Canvas], columns: int, rows: int, *, at_bottom: bool = False
) -> urwid.Canvas:
    """Return canvases one below the other, padded or cut to exactly the given number of rows.

    Args:
        canvases: from top to bottom.
        columns: the width of an empty result.
        rows: the height.
        at_bottom: whether to pad and cut at the top, not at the bottom.
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
    """Return the width of a drawn text in columns."""
    text = apart(text)
    return int(urwid.calc_width(text, 0, len(text)))


def fitted(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text of exactly the given width, cut with an ellipsis or filled with spaces."""
    text = apart(text)
    if width(text) > columns:
        end, _columns = urwid.calc_text_pos(text, 0, len(text), max(columns - 1, 0))
        text = text[:end] + "…"
    spaces = " " * (columns - width(text))
    return spaces + text if right else text + spaces


class Rows(urwid.Widget):
    """A box whose rows are made when it is drawn.

    Args:
        make: returns the rows for a width and a height.
        fill: the display attribute of the space without text.
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
        """Draw again if the rows have changed."""
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
