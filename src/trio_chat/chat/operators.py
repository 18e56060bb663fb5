"""Operators of the server: becoming one (OPER), rights, notices (+s), and the audit log.

The blocks of config.ini are in `operator_blocks`. A check of a password takes long, so the edge
makes it (`control.Control`).
"""

import logging
from collections.abc import Sequence
from typing import Final

from trio_chat.chat.apply.transitions import apply
from trio_chat.chat.audit import MAX_TEXT
from trio_chat.chat.changes import Audited, OperatorsNotified
from trio_chat.chat.events import Event
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import NOTICES

log = logging.getLogger("trio_chat")

_MAX_NOTICE: Final = 380
"""Bytes of a notice, so that its line holds it."""


def notice(world: World, text: str, right: str = "addresses") -> Event | None:
    """Return a notice for the operators with +s and a right, or None if there are none."""
    if not world.opers:
        return None
    wanted = [user for user in world.opers if NOTICES in user.modes and has_right(user, right)]
    recipients = tuple(session for user in wanted for session in user.sessions)
    if not recipients:
        return None
    params = ("*", truncate(f"*** {text}", _MAX_NOTICE))
    return Event(
        world.ids.now(),
        "NOTICE",
        params,
        world.server_info.name,
        recipients,
        shift=world.ids.shift,
    )


def notify_opers(request: Request, text: str, reply: Response | None = None) -> None:
    """Send a notice to the operators with +s."""
    if not request.world.opers:
        return
    for event in apply(request.world, OperatorsNotified(text)):
        (reply or request.reply).emit(event, is_answer=False)


def audit(request: Request, what: str, reply: Response | None = None) -> None:
    """Log an action of an operator for the audit, and notify the other operators. It must contain
    no secret.

    Args:
        request: the request of the operator.
        what: the action with its target and reason, such as `KILL bob: flooding`.
        reply: the response for the notices; that of the request if None.
    """
    user = request.user
    name = user.operator.name if user.operator else "?"
    actor = f"operator {name}, {user.source}"
    shown = f"{user.nick} ({name})"
    for event in record_audit(request.world, actor, request.session.address, what, shown):
        (reply or request.reply).emit(event, is_answer=False)


def record_audit(
    world: World, actor: str, address: str, what: str, shown: str = ""
) -> Sequence[Event]:
    """Record an action for the audit, in the log and in the database; return the notices for
    operators.

    Args:
        world: the world.
        actor: the operator or the API token that acts.
        address: where the action comes from.
        what: see `audit`.
        shown: what the notices call the actor, if that is something else.
    """
    log.warning("%s (%s): %s", actor, address, what, extra={"is_audit": True})
    events = apply(world, Audited(actor, address, truncate(what, MAX_TEXT)))
    if not world.opers:
        return events
    return events + apply(world, OperatorsNotified(f"{shown or actor}: {what}"))


def has_right(user: User, right: str) -> bool:
    """Return whether a user is an operator with this right."""
    operator = user.operator
    return (
        operator is not None
        and right in operator.rights
        and operator.permits_account(user.account_id)
    )


def why_one_factor(request: Request) -> str:
    """Return why a session has not logged in by two factors where operators must, or ""."""
    world, session = request.world, request.session
    if not world.server_info.account_rules.operators_second_factor:
        return ""
    if world.second_factors.of(session.account_id) is None:
        return (
            "Operators of this server need an account with a second factor: /msg NickServ 2FA ON"
            " <password>"
        )
    if session.app_password:
        return (
            "You are logged in with an app password: first /msg NickServ IDENTIFY <account>"
            " <password> <code>"
        )
    return ""
