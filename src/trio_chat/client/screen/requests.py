"""Requests to servers that follow from the view: older messages, private conversations, and read
markers.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from trio_chat.client.credentials import is_service
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.server import ServerState
from trio_chat.client.screen.server_view import Post, ServerView, ServerViews
from trio_chat.client.session.protocol import ClientProtocol

_OLDER = 100
"""Messages that are fetched when the reader reaches the oldest one of a buffer."""
_CONVERSATIONS_SINCE = timedelta(days=7)
"""The age up to which a private conversation is opened by itself: it may have unread messages."""


class Requests:
    """The requests of one client.

    Args:
        views: the servers.
        post: defers a call.
    """

    def __init__(self, views: ServerViews, post: Post) -> None:
        self._views = views
        self._post = post

    def fetch_older(self, buffer: Buffer) -> None:
        """Fetch the messages before the oldest entry of a buffer."""
        view = self._views.holding(buffer)
        if view is not None and view.link.is_ready and not buffer.has_all:
            buffer.is_loading = True
            self._do(view, lambda protocol: protocol.history.show_earlier(buffer.name, _OLDER))

    def opened(self, server: ServerState, buffer: Buffer) -> None:
        """Fetch the messages of a new private buffer; a channel's history arrives with its JOIN."""
        if buffer.kind is BufferKind.PRIVATE:
            self._open_conversation(server, buffer)

    def catch_up(self, view: ServerView, now: float) -> None:
        """Fetch the private messages of the time without a connection."""
        for buffer in view.server.buffers.values():
            if buffer.kind is BufferKind.PRIVATE:
                self._open_conversation(view.server, buffer)
        until = datetime.fromtimestamp(now, UTC) + timedelta(minutes=1)
        since = until - _CONVERSATIONS_SINCE
        times = [f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" for moment in (since, until)]
        self._do(view, lambda protocol: protocol.history.request_targets(*times))

    def _open_conversation(self, server: ServerState, buffer: Buffer) -> None:
        view = self._views.find(server)
        if view is not None and not is_service(buffer.name):  # services have no history
            self._do(view, lambda protocol: protocol.history.open_conversation(buffer.name))

    def has_read(self, server: ServerState, buffer: Buffer, time: float) -> None:
        """Move the read marker of a buffer to a time, which is 0 without messages."""
        view = self._views.find(server)
        if view is not None and view.link.session and time:
            moment = datetime.fromtimestamp(time, UTC)
            view.link.session.protocol.read_markers.note(
                buffer.name, f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
            )

    def _do(self, view: ServerView, action: Callable[[ClientProtocol], None]) -> None:
        self._post(partial(view.link.do, "", action), view)
