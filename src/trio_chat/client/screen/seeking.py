"""Jumps to a message of a list: older messages are fetched until the timeline can show it."""

from collections.abc import Callable

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.workspace import MessageReference, Workspace
from trio_chat.client.screen.pages import Pages
from trio_chat.client.screen.timeline import TimelineView

_MOST_REQUESTS = 20
"""Requests for older messages before the message is given up."""


class MessageSeeker:
    """The jumps of one client; a new one replaces one that is still under way.

    Args:
        workspace: the model.
        timeline: shows the message.
        pages: closed when a jump begins.
        fetch_older: requests the messages before those of a buffer.
        refresh: brings the view up to date with the model.
    """

    def __init__(
        self,
        workspace: Workspace,
        timeline: TimelineView,
        pages: Pages,
        fetch_older: Callable[[Buffer], None],
        refresh: Callable[[], None],
    ) -> None:
        self._workspace, self._timeline, self._pages = workspace, timeline, pages
        self._fetch_older, self._refresh = fetch_older, refresh
        self._sought: tuple[Buffer, MessageReference, int] | None = None

    def go_to(self, message: MessageReference) -> None:
        """Go to a message, and fetch those between if necessary."""
        self._pages.close()
        server = message.server
        if server not in self._workspace.servers:
            return
        name = message.conversation
        buffer = server.get(name) or (server.log if name == server.log.name else server.open(name))
        self._workspace.go(server, buffer)
        self._refresh()
        self._sought = (buffer, message, _MOST_REQUESTS)
        self.seek()

    def seek(self) -> None:
        """Continue a jump after messages have arrived."""
        if self._sought is None:
            return
        buffer, message, requests = self._sought
        number = buffer.find(message.entry.msgid, far=True)
        if number is None and buffer.has_all:
            number = buffer.at_time(message.entry.time)
        is_shown = buffer is self._timeline.buffer
        if number is not None and is_shown:
            self._sought = None
            self._timeline.to_entry(number)
        elif not requests or not is_shown or buffer.has_all:
            self._sought = None
        elif not buffer.is_loading:
            self._sought = (buffer, message, requests - 1)
            self._fetch_older(buffer)
