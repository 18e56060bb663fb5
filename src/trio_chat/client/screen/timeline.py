"""The timeline of a buffer: draws the visible entries only, and keeps the reader's position.

Either it follows the newest entry, or it keeps the number of the entry at the bottom and how many
of its rows are below the edge. The numbers of entries do not change, so new entries at either end
move nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import urwid

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.screen.markup import ViewStyle, day_of, entry_text, rule
from trio_chat.client.screen.rows import drawn, row, stack
from trio_chat.client.screen.themes import specs
from trio_chat.i18n import _

_MOST_DRAWN = 1000
_NEAR_TOP = 5
"""When fewer entries than these are above the screen, older ones are fetched."""


@dataclass(slots=True)
class _Position:
    bottom: int | None = None  # None follows the newest entry
    below: int = 0
    selected: int | None = None


class TimelineView(urwid.Widget):
    """The widget.

    Args:
        buffer: the first buffer.
        style: of the entries.
        wants_older: called when the reader comes near the oldest entry of a buffer.
    """

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = False

    def __init__(
        self, buffer: Buffer, style: ViewStyle, wants_older: Callable[[Buffer], None]
    ) -> None:
        super().__init__()
        self.buffer = buffer
        self._style = style
        self._wants_older = wants_older
        self._positions: dict[int, _Position] = {id(buffer): _Position()}
        self._drawn: dict[int, tuple[object, urwid.Canvas]] = {}
        self._size = (80, 20)
        self._changes = (-1, 0)

    def refresh(self) -> None:
        """Draw again if the buffer has changed."""
        changes = (self.buffer.changes, self.buffer.unread_line or 0)
        if changes != self._changes:
            self._changes = changes
            self._invalidate()

    def show(self, buffer: Buffer) -> None:
        """Show another buffer, at the position where it was left."""
        if buffer is not self.buffer:
            self.buffer = buffer
            self._positions.setdefault(id(buffer), _Position())
            self._drawn.clear()
            self._invalidate()

    def forget(self, buffer: Buffer) -> None:
        """Forget the position of a buffer."""
        self._positions.pop(id(buffer), None)

    def restyle(self, style: ViewStyle) -> None:
        """Draw in another style."""
        self._style = style
        self._drawn.clear()
        self._invalidate()

    # The reader's position

    @property
    def _position(self) -> _Position:
        return self._positions.setdefault(id(self.buffer), _Position())

    @property
    def hidden(self) -> int:
        """The number of entries below the screen."""
        bottom = self._position.bottom
        return 0 if bottom is None else self.buffer.end - 1 - bottom

    def scroll(self, rows: int) -> None:
        """Scroll by a number of rows; a positive one goes to older entries."""
        buffer, position = self.buffer, self._position
        if not len(buffer):
            self._want_older()
            return
        bottom = buffer.end - 1 if position.bottom is None else max(position.bottom, buffer.first)
        below = position.below + rows
        while below >= (height := self._item(bottom).rows()) and bottom > buffer.first:
            below -= height
            bottom -= 1
        while below < 0 and bottom < buffer.end - 1:
            bottom += 1
            below += self._item(bottom).rows()
        bottom, below = self._not_above_the_top(bottom, max(below, 0))
        at_end = bottom == buffer.end - 1 and below <= 0
        position.bottom, position.below = (None, 0) if at_end else (bottom, below)
        if rows >= 0:
            self._want_older()
        self._invalidate()

    def page(self, pages: float) -> None:
        """Scroll by a number of screens; a positive one goes to older entries."""
        self.scroll(int(pages * max(self._size[1] - 2, 1)))

    def to_end(self) -> None:
        """Follow the newest entry again."""
        position = self._position
        position.bottom, position.below, position.selected = None, 0, None
        self._invalidate()

    def to_start(self) -> None:
        """Go to the oldest loaded entry."""
        if len(self.buffer):
            self._position.bottom, self._position.below = self.buffer.first, 0
            self.scroll(0)

    def to_entry(self, number: int) -> None:
        """Go to an entry and select it."""
        position = self._position
        position.selected = number
        position.bottom, position.below = number, 0
        self.scroll(-(self._size[1] // 2))

    def to_unread(self) -> bool:
        """Go to the line above the first unread entry; return whether there is one."""
        line = self.buffer.unread_line
        if line is None:
            return False
        self._position.bottom, self._position.below = max(line, self.buffer.first), 0
        self.scroll(-max(self._size[1] - 3, 0))
        return True

    def _not_above_the_top(self, bottom: int, below: int) -> tuple[int, int]:
        wanted = self._size[1]
        number, height = bottom, -below
        while number >= self.buffer.first and height < wanted:
            height += self._item(number).rows()
            number -= 1
        missing = wanted - height
        below -= max(missing, 0)
        while below < 0 and bottom < self.buffer.end - 1:
            bottom += 1
            below += self._item(bottom).rows()
        return bottom, max(below, 0)

    def _want_older(self) -> None:
        if (
            self._visible()[0] - self.buffer.first < _NEAR_TOP
            and not self.buffer.has_all
            and not self.buffer.is_loading
        ):
            self._wants_older(self.buffer)

    # The selected message

    @property
    def selected(self) -> int | None:
        """The number of the selected entry, None for none."""
        number = self._position.selected
        return (
            number if number is not None and self.buffer.first <= number < self.buffer.end else None
        )

    def select(self, by: int) -> None:
        """Select the next message or the previous one; beyond the newest, none."""
        number = self.selected
        number = (self.buffer.end if number is None else number) + by
        while self.buffer.first <= number < self.buffer.end and not self.buffer[number].is_message:
            number += by
        if number >= self.buffer.end:
            self.to_end()
        elif number >= self.buffer.first:
            self._position.selected = number
            self._bring_into_view(number)
            self._invalidate()
        if by < 0:
            self._want_older()

    def unselect(self) -> bool:
        """Select nothing; return whether an entry was selected."""
        was, self._position.selected = self._position.selected, None
        self._invalidate()
        return was is not None

    def _bring_into_view(self, number: int) -> None:
        top, bottom = self._visible()
        if number < top or number > bottom:
            self._position.bottom, self._position.below = number, 0
            self.scroll(-(self._size[1] // 2))

    def _visible(self) -> tuple[int, int]:
        position = self._position
        bottom = self.buffer.end - 1 if position.bottom is None else position.bottom
        number, height = bottom, -position.below
        while number > self.buffer.first and height < self._size[1]:
            height += self._item(number).rows()
            number -= 1
        return number + (height > self._size[1]), bottom

    # Drawing

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box
        """Draw."""
        columns, rows = size
        if size != self._size:
            self._drawn.clear()
            self._size = size
        buffer, position = self.buffer, self._position
        bottom = (
            buffer.end - 1
            if position.bottom is None
            else min(max(position.bottom, buffer.first), buffer.end - 1)
        )
        canvases: list[urwid.Canvas] = []
        height, number = -position.below, bottom
        while number >= buffer.first and height < rows:
            canvases.insert(0, self._item(number))
            height += canvases[0].rows()
            number -= 1
        if not canvases:
            return urwid.SolidCanvas(" ", columns, rows)
        whole = urwid.CompositeCanvas(
            urwid.CanvasCombine([(canvas, None, False) for canvas in canvases])
        )
        if position.below:
            whole.trim(0, max(whole.rows() - position.below, 1))
        return stack([whole], columns, rows, at_bottom=True)

    def _item(self, number: int) -> urwid.Canvas:
        """Return the canvas of an entry, with the lines of a new day and of the unread messages."""
        entry = self.buffer[number]
        day = self._new_day(number)
        is_unread = number == self.buffer.unread_line
        is_selected = number == self._position.selected
        key = (id(entry), entry.version, day, is_unread, is_selected)
        known = self._drawn.get(number)
        if known and known[0] == key:
            return known[1]
        if len(self._drawn) > _MOST_DRAWN:
            self._drawn.clear()
        canvas = self._draw(number, day, is_unread=is_unread, is_selected=is_selected)
        self._drawn[number] = (key, canvas)
        return canvas

    def _draw(self, number: int, day: str, *, is_unread: bool, is_selected: bool) -> urwid.Canvas:
        columns, style = max(self._size[0], 1), self._style
        parts = []
        if day and not style.bare:
            parts.append(row(rule(day, style, columns, "day"), columns))
        if is_unread and not style.bare:
            parts.append(row(rule(_("new"), style, columns, "unread"), columns))
        canvas = urwid.CompositeCanvas(
            drawn(entry_text(self.buffer[number], self.buffer, style, columns), columns)
        )
        if is_selected:
            attributes = specs(style.theme)
            canvas.fill_attr_apply(dict.fromkeys(_attributes(canvas), attributes["selected"]))
        parts.append(canvas)
        return (
            urwid.CanvasCombine([(part, None, False) for part in parts])
            if len(parts) > 1
            else canvas
        )

    def _new_day(self, number: int) -> str:
        day = int(self.buffer[number].time // 60)
        if number > self.buffer.first and int(self.buffer[number - 1].time // 60) == day:
            return ""
        here = day_of(self.buffer[number].time)
        before = day_of(self.buffer[number - 1].time) if number > self.buffer.first else ""
        return here if here != before else ""


def _attributes(canvas: urwid.Canvas) -> set[object]:
    return {attribute for line in canvas.content() for attribute, _charset, _text in line}
