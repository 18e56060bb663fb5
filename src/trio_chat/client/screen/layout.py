"""The layout of the screen: topic, timeline between two panels, status, and prompt.

The side panels are left out on a narrow terminal, the topic and the status on a low one. The bare
view has messages only, so that the terminal's own selection copies nothing else.
"""

from collections.abc import Callable

import urwid

from trio_chat.client.screen.pager import PageWidget
from trio_chat.client.screen.panels import BUFFERS_COLUMNS, MEMBERS_COLUMNS
from trio_chat.client.screen.rows import Rows

_COLUMNS_FOR_BUFFERS = 70
_COLUMNS_FOR_MEMBERS = 95
_LEAST_ROWS = 5


class Layout(urwid.Widget):
    """The topmost widget. Keys go to `press`, not to the widgets in it.

    Args:
        topic: the line above.
        buffers: the panel of buffers.
        timeline: the messages.
        members: the panel of members.
        status: the line below.
        prompt: the line in which the user types.
        press: takes a key and the width of the prompt.
        drawn: called when everything has been drawn.
    """

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = True

    def __init__(
        self,
        *,
        topic: Rows,
        buffers: Rows,
        timeline: urwid.Widget,
        members: Rows,
        status: Rows,
        prompt: urwid.Edit,
        press: Callable[[str, int], None],
        drawn: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._topic, self._buffers, self._members = topic, buffers, members
        self._timeline, self._status, self._prompt = timeline, status, prompt
        self._press = press
        self._drawn = drawn
        self.panels = (topic, buffers, members, status)
        self.page: PageWidget | None = None
        self.shows_buffers = True
        self.shows_members = True
        self.has_members = True
        self.is_bare = False
        self.rule: object = None

    def changed(self) -> None:
        """Have the screen drawn again."""
        self._invalidate()

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # type: ignore[override]  # a box
        """Pass a key on."""
        self._press(key, size[0])
        return None

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box
        """Draw."""
        columns, rows = size
        prompt_rows = min(self._prompt.rows((columns,), True), max(rows - 1, 1))
        has_frame = rows >= _LEAST_ROWS + prompt_rows and not self.is_bare
        parts: list[tuple[urwid.Canvas, object, bool]] = []
        if has_frame:
            parts.append((self._topic.render((columns, 1)), None, False))
        if rows - prompt_rows - 2 * has_frame > 0:
            parts.append((self._middle(columns, rows - prompt_rows - 2 * has_frame), None, False))
        if has_frame:
            parts.append((self._status.render((columns, 1)), None, False))
        prompt = urwid.CompositeCanvas(self._prompt.render((columns,), True))
        if prompt.rows() > prompt_rows:
            prompt.trim(prompt.rows() - prompt_rows, prompt_rows)
        parts.append((prompt, None, True))
        self._drawn()
        return urwid.CanvasCombine(parts)

    def _middle(self, columns: int, rows: int) -> urwid.Canvas:
        centre = self.page or self._timeline
        left = (
            BUFFERS_COLUMNS
            if self.shows_buffers and columns >= _COLUMNS_FOR_BUFFERS and not self.is_bare
            else 0
        )
        right = (
            MEMBERS_COLUMNS
            if self.shows_members
            and self.has_members
            and columns >= _COLUMNS_FOR_MEMBERS
            and not self.is_bare
            else 0
        )
        inner = columns - (left + 1 if left else 0) - (right + 1 if right else 0)
        parts: list[tuple[urwid.Canvas, object, bool, int]] = []
        if left:
            parts += [
                (self._buffers.render((left, rows)), None, False, left),
                (self._line(rows), None, False, 1),
            ]
        parts.append((centre.render((inner, rows)), None, False, inner))
        if right:
            parts += [
                (self._line(rows), None, False, 1),
                (self._members.render((right, rows)), None, False, right),
            ]
        return urwid.CanvasJoin(parts) if len(parts) > 1 else parts[0][0]

    def _line(self, rows: int) -> urwid.Canvas:
        canvas = urwid.CompositeCanvas(urwid.SolidCanvas("│", 1, rows))
        canvas.fill_attr(self.rule)
        return canvas

    def get_cursor_coords(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Return the column and row of the cursor."""
        columns, rows = size
        coords = self._prompt.get_cursor_coords((columns,))
        return (
            None
            if coords is None
            else (coords[0], rows - self._prompt.rows((columns,), True) + coords[1])
        )
