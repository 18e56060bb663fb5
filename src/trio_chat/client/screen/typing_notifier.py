"""Typing notifications (IRCv3 `typing`): the others see that a message is being written."""

from collections.abc import Callable
from functools import partial

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.screen.server_view import Post, ServerViews

_INTERVAL = 3.0
"""Seconds between two notifications of one text."""


class TypingNotifier:
    """The notifications of one client.

    Args:
        views: the servers.
        post: defers a call.
        now: seconds of Unix time.
        is_enabled: whether the user wants them sent.
    """

    def __init__(
        self, views: ServerViews, post: Post, now: Callable[[], float], *, is_enabled: bool
    ) -> None:
        self.is_enabled = is_enabled
        self._views = views
        self._post = post
        self._now = now
        self._sent: tuple[Buffer, float] | None = None

    def typed(self, buffer: Buffer, text: str) -> None:
        """Notify the others of a text that has changed; commands are nobody's business."""
        if not self.is_enabled or buffer.kind is BufferKind.SERVER:
            return
        if not text:
            self.stop()
        elif not text.startswith("/") or text.startswith(("//", "/me ")):
            sent = self._sent
            if sent is None or sent[0] is not buffer or self._now() - sent[1] >= _INTERVAL:
                self._sent = (buffer, self._now())
                self._send(buffer, "active")

    def sent(self) -> None:
        """Note that the text was sent: its arrival ends the notification."""
        self._sent = None

    def stop(self) -> None:
        """Notify the others that the text is not being written any longer."""
        if self._sent:
            self._send(self._sent[0], "done")
            self._sent = None

    def _send(self, buffer: Buffer, state: str) -> None:
        view = self._views.holding(buffer)
        is_in = buffer.kind is not BufferKind.CHANNEL or buffer.is_joined
        if view is not None and view.link.is_ready and is_in:
            self._post(
                partial(
                    view.link.do, "", lambda protocol: protocol.notify_typing(buffer.name, state)
                ),
                view,
            )
