"""Renderers of events in one table: a function for each kind of event, which returns its lines.

`info_line` and `error_line` pass each value through `clean`: what others send must not reach a
terminal as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from trio_chat.client.listing import MOST_LINES, Listing
from trio_chat.client.polls import ShownPoll
from trio_chat.client.session import events
from trio_chat.client.session.events import Event
from trio_chat.client.spans import Line, error, info
from trio_chat.irc.text import clean

E = TypeVar("E", bound=Event)


def local_time() -> datetime:
    """Return the local time."""
    return datetime.now(UTC).astimezone()


@dataclass(slots=True)
class RenderContext:
    """The surroundings of an event, on which its lines depend.

    Args:
        is_current: tells whether a target is the channel in which the user talks.
        now: the local time; a message of another day is shown with its date.
        find: returns the message with a msgid, None when it was not shown.
        find_poll: returns the poll that such a message is, with its votes; None for any other.
        draws_codes: whether the lines are shown on a terminal, where a QR code can be read.
        listing: the channels of the answer to LIST that is arriving.
    """

    is_current: Callable[[str], bool]
    now: Callable[[], datetime] = local_time
    find: Callable[[str], events.Said | None] = lambda _msgid: None
    find_poll: Callable[[str], ShownPoll | None] = lambda _msgid: None
    draws_codes: bool = False
    listing: Listing = field(default_factory=lambda: Listing(MOST_LINES))


RENDERERS: dict[type, Callable[[RenderContext, Any], list[Line]]] = {}
"""By type of event; an event without a renderer is not worth a line."""


def renders(
    kind: type[E],
) -> Callable[[Callable[[RenderContext, E], list[Line]]], Callable[[RenderContext, E], list[Line]]]:
    """Register a function as the renderer of a kind of event."""

    def register(
        renderer: Callable[[RenderContext, E], list[Line]],
    ) -> Callable[[RenderContext, E], list[Line]]:
        RENDERERS[kind] = renderer
        return renderer

    return register


def info_line(text: str, reason: str = "", /, **values: object) -> list[Line]:
    """Return a line of information.

    Args:
        text: a translated sentence, with names for values in braces.
        reason: stands behind it in parentheses, "" for none.
        values: the values.
    """
    return [info(_formatted(text, reason, values))]


def error_line(text: str, reason: str = "", /, **values: object) -> list[Line]:
    """Return a line about something that went wrong; see `info_line`."""
    return [error(_formatted(text, reason, values))]


def _formatted(text: str, reason: str, values: dict[str, object]) -> str:
    text = text.format(**{name: clean(str(value)) for name, value in values.items()})
    return f"{text} ({clean(reason)})" if reason else text
