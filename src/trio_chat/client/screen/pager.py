"""A page of lines over the timeline; some of the lines can be chosen."""

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

import urwid

from trio_chat.client.screen.rows import Markup, row, stack, width

_LEAST_COLUMNS = 20


class PageLine(NamedTuple):
    """A line of a page; Enter on it calls `choose`, which is None for a line that is only read."""

    markup: Markup
    choose: Callable[[], None] | None = None


class PageWidget(urwid.Widget):
    """A page over the timeline, which is shown until Esc closes it."""

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = False

    def refresh(self) -> None:
        """Redraw if the content has changed without a key."""

    def move(self, by: int) -> None:
        """Choose another line, or scroll."""
        raise NotImplementedError

    def page(self, by: int) -> None:
        """Scroll by a screen."""
        raise NotImplementedError

    def choose(self) -> bool:
        """Call the function of the chosen line; return whether there is one."""
        raise NotImplementedError


class Pager(PageWidget):
    """A page whose lines are known when it is opened.

    Args:
        title: the line above.
        lines: the lines.
        at_end: whether the last line that can be chosen is selected first.
        styles: the display attributes `topic` and `selected`.
    """

    def __init__(
        self, title: str, lines: Sequence[PageLine], styles: dict[str, Any], *, at_end: bool = False
    ) -> None:
        super().__init__()
        self.title = title
        self._styles = styles
        self._top = 0
        self._height = 10
        self._columns = 0
        self._given: Sequence[PageLine] = ()
        self._lines: Sequence[PageLine] = ()
        self._chosen: int | None = None
        self.set(lines, at_end=at_end)

    def set(self, lines: Sequence[PageLine], *, at_end: bool = False) -> None:
        """Replace the lines."""
        self._replace(lines, -1 if at_end else 0)
        self._top = max(len(lines) - self._height, 0) if at_end else 0

    def update(self, lines: Sequence[PageLine]) -> None:
        """Replace the lines, of which the chosen one and those before it are the same."""
        self._replace(lines, self._place())

    def _place(self) -> int:
        """Return the place of the chosen line among those that can be chosen."""
        choices = self._choices()
        return choices.index(self._chosen) if self._chosen in choices else 0

    def _replace(self, lines: Sequence[PageLine], chosen: int) -> None:
        self._given = lines
        self._wrap(chosen)
        self._invalidate()

    def _wrap(self, chosen: int) -> None:
        self._lines = _wrapped(self._given, self._columns)
        choices = self._choices()
        self._chosen = choices[chosen] if choices else None

    def _choices(self) -> list[int]:
        return [number for number, line in enumerate(self._lines) if line.choose]

    def move(self, by: int) -> None:
        """Choose another line, or scroll where there is nothing to choose."""
        choices = self._choices()
        if self._chosen not in choices:
            self._top = max(min(self._top + by, len(self._lines) - self._height), 0)
        else:
            at = min(max(choices.index(self._chosen) + by, 0), len(choices) - 1)
            self._chosen = choices[at]
            self._top = min(max(self._top, self._chosen - self._height + 1), self._chosen)
        self._invalidate()

    def page(self, by: int) -> None:
        """Scroll by a screen."""
        self.move(by * max(self._height - 1, 1))

    def choose(self) -> bool:
        """Call the function of the chosen line; return whether there is one."""
        if self._chosen is None:
            return False
        choose = self._lines[self._chosen].choose
        if choose:
            choose()
        return choose is not None

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box
        """Draw."""
        columns, rows = size
        self._height = max(rows - 1, 1)
        if columns != self._columns:
            place, self._columns = self._place(), columns
            self._wrap(place)
        shown = [row([(self._styles["topic"], f" {self.title}".ljust(columns))], columns)]
        for number, line in enumerate(
            self._lines[self._top : self._top + self._height], start=self._top
        ):
            if number == self._chosen:
                text = "".join(text for _style, text in line.markup)
                shown.append(row([(self._styles["selected"], text)], columns))
            else:
                shown.append(row(line.markup, columns))
        return stack(shown, columns, rows)


def _wrapped(lines: Sequence[PageLine], columns: int) -> list[PageLine]:
    """Return lines that fit: those that are only read wrap, those that can be chosen are cut."""
    wrapped: list[PageLine] = []
    for line in lines:
        if line.choose or sum(width(text) for _style, text in line.markup) <= columns:
            wrapped.append(line)
            continue
        *head, (style, text) = line.markup
        lead = " " * (len(text) - len(text.lstrip()))
        indent = sum(width(text) for _style, text in head) + len(lead)
        if columns - indent < _LEAST_COLUMNS:
            if head:
                wrapped.append(PageLine(head))
            head, indent = [], 2
        parts = wrap(text.lstrip(), max(columns - indent, 1))
        space = (style, " " * indent)
        wrapped += (
            PageLine(
                [*head, (style, lead + part)] if head and not number else [space, (style, part)]
            )
            for number, part in enumerate(parts)
        )
    return wrapped
