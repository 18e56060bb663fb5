"""Contents of the pages: keys, commands, buffers, channels of a server, and search results."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.buffer_search import BufferSearch
from trio_chat.client.model.history_results import HistoryResults
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import MessageList, MessageReference, Workspace
from trio_chat.client.registry import SlashCommand
from trio_chat.client.screen.channels import ChannelPage
from trio_chat.client.screen.input_state import PageFilter
from trio_chat.client.screen.page_lines import (
    channel_lines,
    found_lines,
    help_lines,
    key_lines,
    message_lines,
)
from trio_chat.client.screen.pages import Pages
from trio_chat.client.screen.server_view import ServerView
from trio_chat.client.screen.timeline import TimelineView
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

_MOST_FOUND = 200
"""Messages that a local search shows."""


class Browser:
    """The ways to the pages of one client.

    Args:
        workspace: the model.
        pages: open and close pages.
        timeline: shows the buffer that is searched.
        commands: the commands that the help explains.
        styles: returns the display attributes by name.
        go_to: goes to a message.
        join: joins a channel of a server.
        is_idle: tells whether nothing is typed and nothing is asked.
    """

    def __init__(
        self,
        workspace: Workspace,
        pages: Pages,
        timeline: TimelineView,
        *,
        commands: Mapping[str, SlashCommand],
        styles: Callable[[], Mapping[str, Any]],
        go_to: Callable[[MessageReference], None],
        join: Callable[[ServerView, str], None],
        is_idle: Callable[[], bool],
    ) -> None:
        self._workspace, self._pages, self._timeline = workspace, pages, timeline
        self._commands, self._styles = commands, styles
        self._go_to, self._join, self._is_idle = go_to, join, is_idle

    # Help

    def show_keys(self) -> None:
        """Show the keys."""
        self._pages.open(_("Keys — Esc closes"), key_lines(self._styles()))

    def show_help(self, name: str) -> None:
        """Show the commands, or one of them."""
        lines = help_lines(self._styles(), self._commands, name)
        self._pages.open(_("Commands — Esc closes"), lines)

    # Buffers and channels

    def jump(self) -> None:
        """Ask for a buffer by some letters of its name, and go there."""
        self._pages.filter(PageFilter(_("Go to: "), self._show_buffers))

    def _show_buffers(self, text: str) -> None:
        def go(place: tuple[ServerState, Buffer]) -> None:
            self._pages.end_filter()
            self._workspace.go(*place)

        lines = channel_lines(self._styles(), self._workspace.match(text), go)
        self._pages.open(_("Where to? Enter goes there, Esc stays here"), lines)

    def show_channels(self, view: ServerView) -> None:
        """Show the channels of a server as they arrive.

        The prompt filters them, unless the user has typed something already.
        """
        listing = view.server.begin_listing()
        self._pages.close()
        page = ChannelPage(listing, self._styles(), partial(self._join, view))
        self._pages.show(page)

        def show(text: str) -> None:
            if text.startswith("/"):  # no channel begins with a slash: a command is being typed
                self._pages.leave_to_type(text)
            else:
                page.filter(text)

        if self._is_idle():
            self._pages.filter(PageFilter(_("Find: "), show))

    # Messages

    def find(self) -> None:
        """Search the loaded entries of the current buffer while the user types."""
        search = BufferSearch(self._timeline.buffer)

        def show(text: str) -> None:
            nonlocal search
            if search.buffer is not self._timeline.buffer:
                search = BufferSearch(self._timeline.buffer)
            self._show_loaded(search, text)

        self._pages.filter(PageFilter(_("Find: "), show))

    def _show_loaded(self, search: BufferSearch, text: str) -> None:
        server, buffer = self._workspace.server, search.buffer
        found = [
            (
                MessageReference(server, buffer.name, buffer[number]),
                partial(self._go_to_number, number),
            )
            for number in search.find(text, _MOST_FOUND)
        ]
        title = _(
            "Search in what is loaded — Enter goes there, Esc closes; /search asks the server"
        )
        lines = message_lines(self._styles(), found) if text.strip() else []
        self._pages.open(title, lines, at_end=True)

    def _go_to_number(self, number: int) -> None:
        self._pages.end_filter()
        self._timeline.to_entry(number)

    def show_mentions(self) -> None:
        """Show the messages that mention the user."""
        title = _("Mentions — Enter goes there, Esc closes")
        self._show_messages(MessageList(title, list(self._workspace.mentions)))

    def found(self, server: ServerState, results: HistoryResults) -> None:
        """Show the results of a search by a server."""
        messages = [MessageReference(server, talk, entry) for talk, entry in results.found]
        count = len(messages)
        text = ngettext("{count} message with “{words}”", "{count} messages with “{words}”", count)
        title = text.format(count=count, words=clean(results.words)) + _(
            " — Enter goes there, Esc closes"
        )
        self._show_messages(MessageList(title, messages))

    def _show_messages(self, found: MessageList) -> None:
        lines = found_lines(self._styles(), found, self._go_to)
        self._pages.open(found.title, lines, at_end=True)
