"""Dispatch of an event to its handler."""

from trio_chat.client.model.handlers import (  # noqa: F401  they fill the table
    channels,
    connection,
    messages,
)
from trio_chat.client.model.handlers.table import HANDLERS
from trio_chat.client.model.server import ServerState
from trio_chat.client.session.events import Event


def apply(server: ServerState, event: Event) -> None:
    """Apply an event to the state of its server; one without a handler is shown with the server."""
    if handler := HANDLERS.get(type(event)):
        handler(server, event)
    else:
        server.show(server.log, event)
