"""Operators of the server: becoming one (OPER), rights, notices (+s), and the audit log.

The blocks of config.ini are in `operator_blocks`. A check of a password takes long, so the edge
makes it (`control.Control`).
"""

import logging

from trio_chat.chat.events import Event
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import NOTICES, SERVER_OPERATOR

log = logging.getLogger("trio_chat")

_MAX_NOTICE = 380
"""Bytes of a notice, so that its line holds it."""


def mode_event(world: World, user: User, change: str) -> Event:
    """Return the MODE by which a user's own sessions see a change of user modes that the server
    made.
    """
    return world.event(user, "MODE", (user.nick, change), user.sessions)


def appoint(world: World, user: User, operator: Operator) -> Event:
    """Make somebody an operator; return what the user's sessions are to see."""
    user.operator = operator
    world.opers[user] = None
    user.modes.add(SERVER_OPERATOR)
    return mode_event(world, user, f"+{SERVER_OPERATOR}")


def dismiss(world: World, user: User) -> Event | None:
    """Make somebody an operator no more; return what the user's sessions are to see, or None when
    nothing was.
    """
    if user.operator is None:
        return None
    user.operator = None
    world.opers.pop(user, None)
    change = "-" + "".join(letter for letter in (SERVER_OPERATOR, NOTICES) if letter in user.modes)
    user.modes -= {SERVER_OPERATOR, NOTICES}
    return mode_event(world, user, change)


def notice(world: World, text: str) -> Event | None:
    """Return what the operators are told who have +s; None when there is nobody."""
    if not world.opers:
        return None
    wanted = [
        user for user in world.opers if NOTICES in user.modes and has_right(user, "addresses")
    ]
    recipients = tuple(session for user in wanted for session in user.sessions)
    if not recipients:
        return None
    params = ("*", truncate(f"*** {text}", _MAX_NOTICE))
    return Event(
        world.ids.next(),
        "NOTICE",
        params,
        world.server_info.name,
        recipients,
        shift=world.ids.shift,
    )


def notify_opers(request: Request, text: str, reply: Response | None = None) -> None:
    """Have the operators told who want to know."""
    event = notice(request.world, text)
    if event is not None:
        (reply or request.reply).emit(event, is_answer=False)


def audit(request: Request, what: str, reply: Response | None = None) -> None:
    """Write down what an operator does, and tell the others. No secret may be in it.

    Args:
        request: whose doing it is.
        what: the deed, with whom and why, such as `KILL bob: flooding`.
        reply: by which the others are told; that of the request when it is None.
    """
    user = request.user
    name = user.operator.name if user.operator else "?"
    log.warning(
        "operator %s, %s (%s): %s",
        name,
        user.source,
        request.session.address,
        what,
        extra={"is_audit": True},
    )
    notify_opers(request, f"{user.nick} ({name}): {what}", reply)


def has_right(user: User, right: str) -> bool:
    """Return whether a user is an operator with this right."""
    operator = user.operator
    return (
        operator is not None
        and right in operator.rights
        and operator.permits_account(user.account_id)
    )
