"""Requests to servers that follow from the view: older messages, private conversations, and read
markers.
"""

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from trio_chat.client.credentials import is_service
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.server import ServerState

if TYPE_CHECKING:
    from trio_chat.client.screen.controller import Controller

_OLDER = 100
"""Messages fetched when the reader comes to the oldest one there is."""


class Requests:
    """The requests of one controller.

    Args:
        controller: the controller.
    """

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller

    def fetch_older(self, buffer: Buffer) -> None:
        """Fetch what was said before the oldest entry there is."""
        for view in self._controller.views:
            if buffer in view.server.buffers.values() and view.link.is_ready and not buffer.has_all:
                buffer.is_loading = True
                self._controller.post(
                    partial(
                        view.link.do,
                        "",
                        lambda protocol: protocol.history.show_earlier(buffer.name, _OLDER),
                    ),
                    view,
                )

    def opened(self, server: ServerState, buffer: Buffer) -> None:
        """Fetch what belongs into a new buffer, if it is of a private talk; the history of a
        channel comes by itself.
        """
        if buffer.kind is BufferKind.PRIVATE:
            self.open_conversation(server, buffer)

    def open_conversation(self, server: ServerState, buffer: Buffer) -> None:
        """Fetch what was said in a private talk; what services say is not remembered."""
        if is_service(buffer.name):
            return
        for view in self._controller.views:
            if view.server is server:
                self._controller.post(
                    partial(
                        view.link.do,
                        "",
                        lambda protocol: protocol.history.open_conversation(buffer.name),
                    ),
                    view,
                )

    def has_read(self, server: ServerState, buffer: Buffer, time: float) -> None:
        """Tell the server that a buffer was read up to a time, 0 for one that nothing was said
        in.
        """
        session = next(
            (view.link.session for view in self._controller.views if view.server is server), None
        )
        if session and time:
            moment = datetime.fromtimestamp(time, UTC)
            session.protocol.history.has_read(
                buffer.name, f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
            )
