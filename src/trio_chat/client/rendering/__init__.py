"""Rendering of events as lines: the one way by which text of others reaches a terminal."""

from collections.abc import Callable
from datetime import datetime

from trio_chat.client.polls import ShownPoll
from trio_chat.client.rendering import (  # noqa: F401  # they fill the table
    accounts,
    channels,
    connection,
    history,
    messages,
    translations,
)
from trio_chat.client.rendering.registry import RENDERERS, RenderContext, local_time
from trio_chat.client.session import events
from trio_chat.client.session.events import Event
from trio_chat.client.spans import Line


class Renderer:
    """Renders events; see `RenderContext` for the arguments."""

    def __init__(
        self,
        is_current: Callable[[str], bool],
        now: Callable[[], datetime] = local_time,
        find: Callable[[str], events.Said | None] = lambda _msgid: None,
        find_poll: Callable[[str], ShownPoll | None] = lambda _msgid: None,
        *,
        draws_codes: bool = False,
    ) -> None:
        self._context = RenderContext(is_current, now, find, find_poll, draws_codes)

    def lines(self, event: Event) -> list[Line]:
        """Return the lines that show an event; none when it is not worth one."""
        renderer = RENDERERS.get(type(event))
        return renderer(self._context, event) if renderer else []
