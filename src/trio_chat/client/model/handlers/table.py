"""The table of handlers by the type of the event; `dispatch` imports the modules that fill it."""

from collections.abc import Callable
from typing import Any

from trio_chat.client.model.server import ServerState

Handler = Callable[[ServerState, Any], None]
HANDLERS: dict[type, Handler] = {}


def handles(*types: type) -> Callable[[Handler], Handler]:
    """Register a function as the handler of these types of events."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(types, handler))
        return handler

    return register
