"""From one received line to what is to be sent: parse, look the command up, check what every command needs, call its handler."""

from trio_chat.chat import commands  # noqa: F401  # fills the registry
from trio_chat.chat.events import Output
from trio_chat.chat.registry import COMMANDS, Request
from trio_chat.chat.response import Response
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.lines import BadLine, decode
from trio_chat.irc.message import NO_TAGS, ParseError, parse

# What a client's own program says by itself does not mean that somebody is at the keyboard.
_NOT_ACTIVITY = frozenset(("PING", "PONG", "ISON", "WHO"))


def handle_line(world: World, session: Session, line: bytes | BadLine) -> Output:
    """Carry out one line of a client and return what is to be delivered.

    Never raises for what a client says; an exception is a defect of ours.
    """
    text = line if isinstance(line, BadLine) else decode(line)
    if isinstance(text, BadLine):
        return _refuse_line(world, session, text, line)
    try:
        message = parse(text)
    except ParseError:
        return Output()
    if not session.effective & cap.CARRIES_TAGS and message.tags:
        message = message._replace(tags=NO_TAGS)
    response = Response(world, session, message)
    _dispatch(Request(world, session, message, response))
    return response.finish()


def _dispatch(request: Request) -> None:
    message, reply = request.message, request.reply
    entry = COMMANDS.get(message.command)
    if entry is None:
        if request.session.user is None:
            reply.numeric(n.ERR_NOTREGISTERED)
        else:
            reply.numeric(n.ERR_UNKNOWNCOMMAND, message.command)
        return
    if entry.needs_registration and request.session.user is None:
        reply.numeric(n.ERR_NOTREGISTERED)
        return
    if len(message.params) < entry.min_params:
        reply.numeric(n.ERR_NEEDMOREPARAMS, message.command)
        return
    if message.command not in _NOT_ACTIVITY:
        request.session.active = request.world.clock()
    entry.handler(request)


def _refuse_line(world: World, session: Session, why: BadLine, line: bytes | BadLine) -> Output:
    response = Response(world, session)
    if why is BadLine.TOO_LONG:
        response.numeric(n.ERR_INPUTTOOLONG)
    else:
        response.fail(_command_of(line), "INVALID_UTF8", text="Message rejected, your software must use UTF-8 on this server")
    return response.finish()


def _command_of(line: bytes | BadLine) -> str:
    """Return the command of a line that is not UTF-8, for the standard reply's context; `*` when it cannot be told."""
    if isinstance(line, BadLine):
        return "*"
    try:
        command = parse(line.decode("utf-8", "replace")).command
    except ParseError:
        return "*"
    return command if command in COMMANDS else "*"
