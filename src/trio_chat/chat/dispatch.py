"""Dispatch of received lines: parse, look up the command, check its requirements, call its
handler.
"""

import re
from collections.abc import Callable
from typing import Final

from trio_chat.chat import commands, policy, services  # noqa: F401  # they fill the registry
from trio_chat.chat.commands import batches
from trio_chat.chat.events import Output
from trio_chat.chat.quotas import STATE_BYTES, TOO_MUCH
from trio_chat.chat.registry import (
    COMMANDS,
    LOCAL_SERVICES,
    Command,
    Request,
    bare_name,
    is_local_service,
    is_there,
)
from trio_chat.chat.response import WORK_PER_LINE, Response, Steps
from trio_chat.chat.services.chanserv import CHANSERV
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import NO_TAGS, Message, ParseError, parse, parse_tags
from trio_chat.irc.names import fold_or_self

_NOTICE_SECONDS: Final = 60.0
"""Seconds after which a client gets another notice that its quota is exhausted."""
_SLOWED_LINES: Final = 10
"""Lines that a command costs in addition when it is carried out without being stored."""
_OF_MASKS: Final = frozenset(
    (
        *("WHO", "WHOIS", "LIST", "LINKS", "MODE", "PROP"),
        *("ADMIN", "INFO", "MOTD", "STATS", "TIME", "VERSION"),
    )
)
"""Commands whose parameters can be masks."""
_WILDCARDS_PER_LINE: Final = 16
"""Wildcards of masks that cost as much as a line: each is compiled, and then looked for."""
_NO_ACTIVITY: Final = frozenset(("CAP", "PRIVMSG"))
_MESSAGES: Final = frozenset(("PRIVMSG", "NOTICE", "TAGMSG"))
_OF_CHANSERV: Final = frozenset(("CHANSERV", "CS"))
_NO_UTF8: Final = "INVALID_UTF8", "Message rejected: your software must use UTF-8 on this server"
_SPLIT: Final = "INVALID_LINE", "Message rejected: there is a carriage return or a NUL in it"
_SPLITTING: Final = re.compile("[\r\0]")
_NEEDS_CAPABILITY: Final = n.ERR_UNKNOWNCOMMAND.with_text(
    "Unknown command without the capability {}"
)


def handle_line(
    world: World,
    session: Session,
    line: bytes | BadLine,
    is_busy: Callable[[], object] = bool,
) -> Output:
    """Execute one line of a client and return the output.

    No line of a client makes it raise; an exception is a defect of the server.

    Args:
        world: where it is executed.
        session: that of the client.
        line: without its end.
        is_busy: returns whether so many clients wait that a command in steps, such as JOIN, is to
            await its turn (`Output.more`).
    """
    if isinstance(line, BadLine):
        tags = parse_tags(line.tags.decode("utf-8", "replace"))
        response = Response(world, session, Message("*", tags=tags))
        response.numeric(n.ERR_INPUTTOOLONG)
        batches.spoil(world, session, response)
        if line.is_endless:
            response.close("Input line was far too long")
        return response.finish()
    refusal: tuple[str, str] | None = None
    try:
        text = line.decode()
    except UnicodeDecodeError:
        refusal = _NO_UTF8
        text = line.decode("utf-8", "replace")  # for its command and its label
    try:
        message = parse(text)
    except ParseError:
        readable = _SPLITTING.sub("\ufffd", text)
        if readable == text:
            return Output()
        refusal = refusal or _SPLIT
        try:
            message = parse(readable)  # for its command and its label
        except ParseError:
            return Output()
    if message.tags and not session.effective & cap.CARRIES_TAGS:
        message.tags = NO_TAGS
    response = Response(world, session, message)
    cost = 1
    if refusal is None:
        cost = _dispatch(Request(world, session, message, response), is_busy)
    else:
        code, explanation = refusal
        command = message.command if message.command in COMMANDS else "*"
        response.fail(command, code, text=explanation)
        batches.spoil(world, session, response)
    output = response.finish()
    output.cost = cost
    return output


def is_local(message: Message) -> bool:
    """Return whether only the server of the session carries out a line; see `Command.is_local`.

    So is a message with one of `LOCAL_SERVICES` among its targets, whose text may be a password: no
    other target receives it. A command that ChanServ does not know changes nothing; it may be that
    of another network, with a password.
    """
    entry = COMMANDS.get(message.command)
    if entry is None or entry.is_local:
        return True
    if message.command not in _MESSAGES:
        return message.command in _OF_CHANSERV and is_unknown(" ".join(message.params))
    targets = message.params[0] if message.params else ""
    if targets.startswith("#") and "," not in targets:  # nearly always
        return False
    # One nickname as nearly always, without what `bare_name` looks for?
    folded = fold_or_self(targets) if targets.isalnum() else bare_name(targets)
    if folded == CHANSERV.folded and "," not in targets:
        return is_unknown(message.params[1] if len(message.params) > 1 else "")
    if targets.isalnum():
        return folded in LOCAL_SERVICES
    return any(map(is_local_service, targets.split(",")))


def is_unknown(text: str) -> bool:
    """Return whether a text is no command of ChanServ."""
    name = text.split(maxsplit=1)[:1]
    return bool(name) and name[0].upper() not in CHANSERV.commands


def _dispatch(request: Request, is_busy: Callable[[], object]) -> int:
    """Carry out a command; return as how many lines it counts."""
    message, reply = request.message, request.reply
    if message.tags and "batch" in message.tags and request.session.effective & cap.MULTILINE:
        batches.take_line(request)
        return 1
    entry = COMMANDS.get(message.command)
    if entry is None or not is_there(entry, request.world):
        if request.session.user is None:
            reply.numeric(n.ERR_NOTREGISTERED)
        else:
            reply.numeric(n.ERR_UNKNOWNCOMMAND, message.command)
        return 1
    if entry.needs_registration and request.session.user is None:
        reply.numeric(n.ERR_NOTREGISTERED)
        return 1
    usage = request.world.usage
    usage[message.command] = usage.get(message.command, 0) + 1
    if entry.right and policy.refuses_right(request, entry.right):
        return 1
    if entry.capability and not request.session.effective & cap.CAPABILITIES[entry.capability].bit:
        _refuse_unknown(request, entry.capability)
        return 1
    if len(message.params) < entry.min_params:
        reply.numeric(n.ERR_NEEDMOREPARAMS, message.command)
        return 1
    # In a cluster only what all servers carry out: the time is a part of the state.
    if request.world.decider is None and _is_activity(entry, message):
        request.session.active = request.world.clock()
    if entry.stores and len(message.params) >= entry.stores and policy.refuses_to_store(request):
        return 1
    cost = _cost_of(entry, message)
    world = request.world
    marked, dropped = world.dirty.marked, world.quotas.dropped
    steps = entry.handler(request)
    if steps is not None:
        reply.go_on(_counted(request, steps), is_busy=bool(is_busy()))
        return cost
    changes, is_dropped = world.dirty.marked - marked, world.quotas.dropped != dropped
    if changes:
        reply.change_state()
    return cost + _count_stored(request, changes, is_dropped) if changes or is_dropped else cost


def _cost_of(entry: Command, message: Message) -> int:
    """Return as how many lines a command counts, before what it stores is known."""
    if not message.params:
        return entry.weight
    cost = entry.weight * (1 + message.params[0].count(","))
    if message.command in _OF_MASKS:
        wildcards = 0
        for param in message.params:
            wildcards += param.count("*") + param.count("?")
        cost += wildcards // _WILDCARDS_PER_LINE
    return cost


def _counted(request: Request, steps: Steps) -> Steps:
    """Go on with the steps of a command, and count what each stores, with its lines as work."""
    world = request.world
    work: int | None = 0
    while work is not None:
        marked, dropped = world.dirty.marked, world.quotas.dropped
        work = next(steps, None)
        changes, is_dropped = world.dirty.marked - marked, world.quotas.dropped != dropped
        if changes or is_dropped:
            request.reply.charge(WORK_PER_LINE * _count_stored(request, changes, is_dropped))
        if work is not None:
            yield work


def _is_activity(entry: Command, message: Message) -> bool:
    """Return whether a command ends the idle time of a user. Questions do not: clients ask on their
    own. Nor does PRIVMSG here, as it may be for a service: see `commands.messages`.
    """
    return not entry.is_local and message.command not in _NO_ACTIVITY


def _count_stored(request: Request, changes: int, is_dropped: bool) -> int:
    """Count the persistent changes of a command; return the lines as which it counts in addition if
    a quota is exhausted.

    A client periodically receives a notice while its changes are not stored.
    """
    if request.session.user is None:
        return 0
    user, session, world = request.session.user, request.session, request.world
    why_not = world.quotas.why_not(user, changes, changes * STATE_BYTES)
    if not why_not and not is_dropped:
        return 0
    if world.elapsed() - session.quota_notified > _NOTICE_SECONDS:
        session.quota_notified = world.elapsed()
        request.reply.send("NOTE", (request.message.command, "QUOTA_EXCEEDED", why_not or TOO_MUCH))
    return _SLOWED_LINES


def _refuse_unknown(request: Request, capability: str) -> None:
    """Reply that a command is unknown without a capability, and which capability that is if it is
    advertised.
    """
    is_offered = cap.CAPABILITIES[capability].bit & request.world.advertised.capabilities
    numeric = _NEEDS_CAPABILITY if is_offered else n.ERR_UNKNOWNCOMMAND
    request.reply.numeric(numeric, request.message.command, args=(capability,))
