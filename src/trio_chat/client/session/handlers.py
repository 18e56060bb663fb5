"""The table of what deals with each command from a server; filled by `incoming` and `refusals`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.protocol import ClientProtocol

Handler = Callable[["ClientProtocol", Message], None]
HANDLERS: dict[str, tuple[int, Handler]] = {}
"""By command: how many parameters it has at least, and what deals with it."""


def handles(*commands: str, params: int = 0) -> Callable[[Handler], Handler]:
    """Register a function as the handler of these commands, when they have at least so many
    parameters.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(commands, (params, handler)))
        return handler

    return register
