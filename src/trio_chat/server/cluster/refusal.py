"""The refusal of a line while the log of the cluster cannot take it."""

from trio_chat.chat.events import Output
from trio_chat.chat.response import Response
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.irc.message import Message, ParseError, parse


def unavailable(world: World, session: Session, line: bytes) -> Output:
    """Return the reply that a line cannot be carried out at the moment.

    Args:
        world: of the session.
        session: the session.
        line: the line.
    """
    try:
        message = parse(line.decode("utf-8", "replace"))
    except ParseError:
        message = Message("*")
    response = Response(world, session, message)
    response.fail(
        message.command,
        "TEMPORARILY_UNAVAILABLE",
        text="The servers cannot agree on anything at the moment, try again later",
    )
    return response.finish()
