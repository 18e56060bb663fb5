"""Pages over the timeline, and ways through what was said: help, mentions, what was found, where to
go.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.buffer_search import BufferSearch
from trio_chat.client.model.messages import HistoryResults
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import MessageList, MessageReference
from trio_chat.client.screen.channels import ChannelPage
from trio_chat.client.screen.commands import CommandContext
from trio_chat.client.screen.pager import PageLine, Pager
from trio_chat.client.screen.pages import (
    channel_lines,
    found_lines,
    help_lines,
    key_lines,
    message_lines,
)
from trio_chat.client.screen.server_view import ServerView
from trio_chat.client.screen.themes import specs
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

if TYPE_CHECKING:
    from trio_chat.client.screen.controller import Controller

_MOST_PAGES = 20
_MOST_FOUND = 200
"""Messages that a local search shows."""


class Filter(NamedTuple):
    """A page whose lines depend on the text that is typed on it.

    Args:
        caption: stands before what is typed.
        show: shows the page for a text.
    """

    caption: str
    show: Callable[[str], None]


class Browser:
    """The pages of one controller.

    Args:
        controller: the controller.
    """

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._filter: Filter | None = None
        self._loaded: BufferSearch | None = None
        self._seeking: tuple[Buffer, MessageReference, int] | None = None

    def show_keys(self) -> None:
        """Show the keys."""
        self.open_page(_("Keys — Esc closes"), key_lines(specs(self._controller.theme)))

    def show_help(self, name: str) -> None:
        """Show the commands."""
        self.open_page(
            _("Commands — Esc closes"),
            help_lines(specs(self._controller.theme), self._controller.commands, name),
        )

    def open_page(self, title: str, lines: Sequence[PageLine], *, at_end: bool = False) -> None:
        """Show a page over the timeline."""
        looks = specs(self._controller.theme)
        self._controller.layout.page = Pager(
            title, lines, {"topic": looks["topic"], "selected": looks["selected"]}, at_end=at_end
        )
        self._controller.layout.changed()

    def close_page(self) -> None:
        """Show the timeline again."""
        self.end_filter()
        self._controller.layout.page = None
        self._controller.layout.changed()

    # Pages that are filtered by what is typed

    @property
    def is_filtering(self) -> bool:
        """Whether what is typed filters a page."""
        return self._filter is not None

    @property
    def caption(self) -> str:
        """What stands before what is typed then."""
        return self._filter.caption if self._filter else ""

    def filter(self, wanted: Filter) -> None:
        """Show a page that is filtered by what is typed from now on; the typed line comes back
        afterwards.
        """
        if self._controller.composer.has_request:
            return
        if not self.is_filtering:
            self._controller.timeline.buffer.draft = self._controller.prompt.edit_text
        self._controller.prompt.set_edit_text("")
        self._filter = wanted
        self.show_filtered()

    def show_filtered(self) -> None:
        """Show what the typed text leaves."""
        if self._filter:
            self._filter.show(self._controller.prompt.edit_text)

    def end_filter(self) -> None:
        """Filter nothing any longer, and give the typed line back."""
        if self._filter:
            self._filter = self._loaded = None
            self._controller.layout.page = None
            self._controller.layout.changed()
            self._controller.prompt.set_edit_text(self._controller.timeline.buffer.draft)
            self._controller.prompt.set_edit_pos(len(self._controller.prompt.edit_text))

    def jump(self) -> None:
        """Ask where to go, and show where that could be."""
        self.filter(Filter(_("Go to: "), self._show_places))

    def _show_places(self, text: str) -> None:
        def go(place: tuple[ServerState, Buffer]) -> None:
            self.end_filter()
            self._controller.workspace.go(*place)

        places = self._controller.workspace.match(text)
        self.open_page(
            _("Where to? Enter goes there, Esc stays here"),
            channel_lines(specs(self._controller.theme), places, go),
        )

    def find(self) -> None:
        """Search in what is loaded of the buffer that is looked at."""
        self.filter(Filter(_("Find: "), self._show_loaded))

    def _show_loaded(self, text: str) -> None:
        buffer = self._controller.timeline.buffer
        if self._loaded is None or self._loaded.buffer is not buffer:
            self._loaded = BufferSearch(buffer)
        server = self._controller.workspace.server
        numbers = self._loaded.find(text, _MOST_FOUND)
        found = [
            (
                MessageReference(server, buffer.name, buffer[number]),
                partial(self._go_to_number, number),
            )
            for number in numbers
        ]
        title = _(
            "Search in what is loaded — Enter goes there, Esc closes; /search asks the server"
        )
        lines = message_lines(specs(self._controller.theme), found) if text.strip() else []
        self.open_page(title, lines, at_end=True)

    def _go_to_number(self, number: int) -> None:
        self.end_filter()
        self._controller.timeline.to_entry(number)

    def show_channels(self, view: ServerView) -> None:
        """Show the channels of a server as they arrive; what is typed filters them, unless
        something was being typed already.
        """
        listing, controller = view.server.begin_listing(), self._controller
        self.close_page()

        def join(name: str) -> None:
            controller.post(
                partial(CommandContext(controller, view, view.server.log).join, name, ""), view
            )

        page = controller.layout.page = ChannelPage(listing, specs(controller.theme), join)
        controller.layout.changed()

        def show(text: str) -> None:
            if text.startswith("/"):  # no channel begins so: it is a command that is being typed
                self.close_page()
                controller.prompt.set_edit_text(text)
                controller.prompt.set_edit_pos(len(text))
            else:
                page.filter(text)

        if not controller.prompt.edit_text and controller.composer.is_free():
            self.filter(Filter(_("Find: "), show))

    def show_mentions(self) -> None:
        """Show who mentioned us."""
        found = MessageList(
            _("Mentions — Enter goes there, Esc closes"), list(self._controller.workspace.mentions)
        )
        self._show_found(found)

    def _show_found(self, found: MessageList) -> None:
        self.open_page(
            found.title, found_lines(specs(self._controller.theme), found, self.go_to), at_end=True
        )

    def found(self, server: ServerState, results: HistoryResults) -> None:
        """Show what a server has found."""
        messages = [MessageReference(server, talk, entry) for talk, entry in results.found]
        count = len(messages)
        text = ngettext("{count} message with “{words}”", "{count} messages with “{words}”", count)
        title = text.format(count=count, words=clean(results.words)) + _(
            " — Enter goes there, Esc closes"
        )
        self._show_found(MessageList(title, messages))

    def go_to(self, found: MessageReference) -> None:
        """Go to a message, fetching what is between if need be."""
        self.close_page()
        if found.server not in self._controller.workspace.servers:
            return
        server = found.server
        buffer = server.get(found.conversation) or (
            server.log if found.conversation == server.log.name else server.open(found.conversation)
        )
        self._controller.workspace.go(found.server, buffer)
        self._controller.refresh()
        self._seeking = (buffer, found, _MOST_PAGES)
        self.seek()

    def seek(self) -> None:
        """Go on towards the message that is wanted, when more has been fetched."""
        if self._seeking is None:
            return
        buffer, found, pages = self._seeking
        number = buffer.find(found.entry.msgid, far=True)
        if number is None and buffer.has_all:
            number = buffer.at_time(found.entry.time)
        if number is not None and buffer is self._controller.timeline.buffer:
            self._seeking = None
            self._controller.timeline.to_entry(number)
        elif not pages or buffer is not self._controller.timeline.buffer or buffer.has_all:
            self._seeking = None
        elif not buffer.is_loading:
            self._seeking = (buffer, found, pages - 1)
            self._controller.requests.fetch_older(buffer)
