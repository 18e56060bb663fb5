"""The refusal of a line while the log of the cluster cannot take it."""

from typing import TypeGuard

from trio_chat.chat.events import Output
from trio_chat.chat.registry import COMMANDS
from trio_chat.chat.response import Response
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message, ParseError, parse


def is_decision(line: bytes | BadLine) -> TypeGuard[bytes]:
    """Return whether a line has a command that changes nothing but by decisions."""
    if isinstance(line, BadLine):
        return False
    command = COMMANDS.get(_parsed(line).command)
    return command is not None and command.is_decision


def unavailable(world: World, session: Session, line: bytes) -> Output:
    """Return the reply that a line cannot be carried out at the moment.

    Args:
        world: of the session.
        session: the session.
        line: the line.
    """
    message = _parsed(line)
    response = Response(world, session, message)
    response.fail(
        message.command,
        "TEMPORARILY_UNAVAILABLE",
        text="The servers cannot agree on anything at the moment, try again later",
    )
    return response.finish()


def _parsed(line: bytes) -> Message:
    try:
        return parse(line.decode("utf-8", "replace"))
    except ParseError:
        return Message("*")
