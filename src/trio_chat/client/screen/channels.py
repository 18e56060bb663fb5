"""The page of a server's channels: filled as they arrive, and filtered by the text in the prompt.

Only the visible part is drawn, so the length of the list does not matter.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

import urwid

from trio_chat.client.listing import MOST_LISTED, Listed, Listing
from trio_chat.client.screen.pager import PageWidget
from trio_chat.client.screen.rows import Markup, fitted, row, stack
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

_NAME_COLUMNS = 28
_USERS_COLUMNS = 7
_LEAST_NAME = 8


class ChannelPage(PageWidget):
    """The page.

    Args:
        listing: the channels.
        styles: the display attributes by name.
        join: joins the chosen channel.
    """

    def __init__(
        self, listing: Listing, styles: Mapping[str, Any], join: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._listing = listing
        self._wanted = ""
        self._styles = styles
        self._join = join
        # None: the first channel, also when another becomes the first.
        self._chosen: Listed | None = None
        self._top = 0
        self._height = 10
        self._shown: tuple[str, Listed | None] = ("", None)
        self._drawn = (-1, False)

    def filter(self, wanted: str) -> None:
        """Show only channels that have these words in their names or topics."""
        if wanted != self._wanted:
            self._wanted, self._chosen, self._top = wanted, None, 0
            self._invalidate()

    def refresh(self) -> None:
        """Redraw if more channels have arrived."""
        state = (self._listing.count, self._listing.is_complete)
        if state != self._drawn:
            self._drawn = state
            self._invalidate()

    def move(self, by: int) -> None:
        """Choose another channel."""
        found = self._listing.matching(self._wanted)
        if found:
            self._chosen = found[min(max(self._place(found) + by, 0), len(found) - 1)]
            self._shown = (self._wanted, self._chosen)  # Enter may follow before this is drawn
        self._invalidate()

    def page(self, by: int) -> None:
        """Move by a screen."""
        self.move(by * max(self._height - 1, 1))

    def choose(self) -> bool:
        """Join the channel that is marked on the screen; return whether there is one.

        If the text has changed since the screen was drawn, that is the first match of the new text.
        """
        wanted, marked = self._shown
        if wanted != self._wanted:
            marked = next(iter(self._listing.matching(self._wanted)), None)
        if marked:
            self._join(marked.name)
        return marked is not None

    def _place(self, found: list[Listed]) -> int:
        if self._chosen is None:
            return 0
        return min(bisect_left(found, self._chosen), len(found) - 1)

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box
        """Draw."""
        columns, rows = size
        self._height = max(rows - 1, 1)
        wanted = self._wanted
        found = self._listing.matching(wanted)
        place = self._place(found)
        self._top = min(max(self._top, place - self._height + 1), place)
        self._shown = (wanted, found[place] if found else None)
        lines = [
            row(
                [(self._styles["topic"], fitted(f" {self._title(len(found), wanted)}", columns))],
                columns,
            )
        ]
        for number, channel in enumerate(
            found[self._top : self._top + self._height], start=self._top
        ):
            lines.append(row(self._line(channel, columns, is_chosen=number == place), columns))
        return stack(lines, columns, rows)

    def _title(self, found: int, wanted: str) -> str:
        listing = self._listing
        if listing.problem:
            return clean(listing.problem)
        count = ngettext("{count} channel", "{count} channels", listing.count).format(
            count=listing.count
        )
        if wanted.split():
            count = _("{found} of {channels}").format(found=found, channels=count)
        if not listing.is_complete:
            count = _("{channels}, more are coming …").format(channels=count)
        elif listing.is_cut:
            count = _("{channels}, only the {most} largest are kept").format(
                channels=count, most=MOST_LISTED
            )
        return count + _(" — type a word to filter, Enter joins, Esc closes")

    def _line(self, channel: Listed, columns: int, *, is_chosen: bool) -> Markup:
        styles = self._styles
        name_columns = max(min(_NAME_COLUMNS, columns // 2), _LEAST_NAME)
        name, users = (
            fitted(f" {clean(channel.name)}", name_columns),
            fitted(str(channel.users), _USERS_COLUMNS, right=True),
        )
        topic = f"  {clean(channel.topic)}"
        if is_chosen:
            return [(styles["selected"], fitted(f"{name}{users}{topic}", columns))]
        return [(styles["buffer"], name), (styles["time"], users), (styles["text"], topic)]
