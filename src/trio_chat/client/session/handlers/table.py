"""The table of handlers by command; `dispatch` imports the modules that fill it."""

from collections.abc import Callable

from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc.message import Message

Handler = Callable[[ProtocolState, Message], None]
HANDLERS: dict[str, tuple[int, Handler]] = {}
"""By command: how many parameters it has at least, and its handler."""


def handles(*commands: str, params: int = 0) -> Callable[[Handler], Handler]:
    """Register a function as the handler of these commands.

    Args:
        commands: names of commands, and numerics.
        params: a message with fewer parameters is ignored.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(commands, (params, handler)))
        return handler

    return register
