"""The table of what each event means to a server as the screen shows it; filled by `messages`,
`channels` and `connection`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trio_chat.client.model.server import ServerState

Handler = Callable[["ServerState", Any], None]
HANDLERS: dict[type, Handler] = {}


def handles(*kinds: type) -> Callable[[Handler], Handler]:
    """Register a function as what takes in these kinds of events."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register
