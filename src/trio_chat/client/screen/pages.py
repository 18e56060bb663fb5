"""Pages over the timeline: opened, closed, and filtered by the text in the prompt."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trio_chat.client.screen.input_state import InputState, PageFilter
from trio_chat.client.screen.layout import Layout
from trio_chat.client.screen.pager import PageLine, Pager, PageWidget
from trio_chat.client.screen.prompt import PromptEdit
from trio_chat.client.screen.timeline import TimelineView


class Pages:
    """The pages of one client; at most one of them is open.

    Args:
        layout: shows the page.
        prompt: has the text that filters a page.
        timeline: shows the buffer to which the typed text belongs.
        state: the uses of the input.
        styles: returns the display attributes by name.
    """

    def __init__(
        self,
        layout: Layout,
        prompt: PromptEdit,
        timeline: TimelineView,
        state: InputState,
        styles: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._layout, self._prompt, self._timeline = layout, prompt, timeline
        self._state = state
        self._styles = styles

    def open(self, title: str, lines: Sequence[PageLine], *, at_end: bool = False) -> None:
        """Open a page of lines."""
        styles = self._styles()
        own = {"topic": styles["topic"], "selected": styles["selected"]}
        self.show(Pager(title, lines, own, at_end=at_end))

    def update(self, lines: Sequence[PageLine]) -> None:
        """Replace the lines of the page that is open."""
        if isinstance(self._layout.page, Pager):
            self._layout.page.update(lines)

    def show(self, page: PageWidget) -> None:
        """Open a page in the place of one that is open."""
        self._layout.page = page
        self._layout.changed()

    def close(self) -> None:
        """Show the timeline again."""
        self.end_filter()
        self._close()

    def _close(self) -> None:
        self._layout.page = None
        self._layout.changed()

    # Filtering

    def filter(self, page_filter: PageFilter) -> None:
        """Open a page that the text in the prompt filters; a draft is kept for afterwards."""
        if self._state.request:
            return
        if self._state.page_filter:
            self._state.page_filter.closed()
        else:
            self._timeline.buffer.draft = self._prompt.edit_text
        self._prompt.set_edit_text("")
        self._state.page_filter = page_filter
        self.show_filtered()

    def is_filtered_by(self, page_filter: PageFilter) -> bool:
        """Return whether a filter is the one in force."""
        return self._state.page_filter is page_filter

    def show_filtered(self) -> None:
        """Show the lines that the text in the prompt leaves."""
        if self._state.page_filter:
            self._state.page_filter.show(self._prompt.edit_text)

    def end_filter(self) -> None:
        """Close a filtered page, and put the draft back into the prompt."""
        if before := self._state.page_filter:
            self._state.page_filter = None
            self._close()
            self._prompt.replace(self._timeline.buffer.draft)
            before.closed()

    def leave_to_type(self, text: str) -> None:
        """Close the page, and continue with a text as if it had been typed without the page."""
        self.close()
        self._prompt.replace(text)
