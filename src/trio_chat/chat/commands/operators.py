"""Operator commands: OPER, KILL, WALLOPS, REHASH, DIE (RFC 2812 §3.1.4, §3.7.1, §4)."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from trio_chat.chat import missed
from trio_chat.chat.accounts import Busy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Audited, NoticeKept, OperatorAppointed, UserRemoved
from trio_chat.chat.commands.accounts import MAX_FAILED_LOGINS
from trio_chat.chat.control import Control, RehashError
from trio_chat.chat.events import Event
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.operators import audit, notify_opers, why_one_factor
from trio_chat.chat.registry import SERVICES, Request, command
from trio_chat.chat.response import Response
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import matches
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import WALLOPS
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.rights import RIGHTS

log = logging.getLogger("trio_chat")

MAX_REASON: Final = 200
"""Bytes of the reason of a KILL, so that the lines that quote it hold it."""


@command(
    "OPER",
    "<name> <password>",
    min_params=1,
    help="Become an operator of the server, as its configuration allows.",
    is_local=True,
    is_decision=True,
)
def oper_command(request: Request) -> None:
    """Become an operator: by a password, by the account of the user, or by both."""
    name, password = request.params[0], request.param(1)
    operator = _found(request, name)
    if (
        operator is not None
        and not operator.password
        and operator.account
        and operator.permits_account(request.user.account_id)
    ):
        _appoint(request, request.reply, operator)
    elif not password:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "OPER")
    elif request.world.control is None:
        request.reply.numeric(n.ERR_PASSWDMISMATCH)
    else:
        request.reply.postpone(partial(_check, request, request.world.control, name, password))


def _found(request: Request, name: str) -> Operator | None:
    return request.world.server_info.operators.get(fold_or_self(name))


async def _check(
    request: Request, control: Control, name: str, password: str, reply: Response
) -> None:
    operator = _found(request, name)
    try:
        hashed = operator.password if operator else ""
        is_right = await control.is_password(
            fold_or_self(name), hashed, password, request.session.origin
        )
    except Busy as error:
        reply.fail("OPER", "TRY_AGAIN_LATER", text=str(error))
        return
    # The reply reveals neither existing operators nor the reason to a client without the password.
    if (
        is_right
        and operator is not None
        and _found(request, name) == operator
        and operator.permits_account(request.user.account_id)
    ):
        _appoint(request, reply, operator)
        return
    reply.numeric(n.ERR_PASSWDMISMATCH)
    _note_failure(request, reply, name, "wrong password or account")
    request.session.failed_logins += 1
    if request.session.failed_logins >= MAX_FAILED_LOGINS:
        reply.close("Too many failed logins")


def _note_failure(request: Request, reply: Response, name: str, why: str) -> None:
    user = request.user
    log.warning(
        "OPER %s was refused to %s (%s): %s",
        truncate(name, 64),
        user.source,
        request.session.address,
        why,
    )
    said = f"OPER {truncate(name, 64)} was refused: {why}"
    apply(request.world, Audited(user.source, request.session.address, said))
    notify_opers(
        request,
        f"{user.source} [{request.session.address}] failed to become operator {truncate(name, 64)}:"
        f" {why}",
        reply,
    )


def _appoint(request: Request, reply: Response, operator: Operator) -> None:
    user = request.user
    if why := why_one_factor(request):
        reply.fail("OPER", "SECOND_FACTOR_REQUIRED", text=why)
        _note_failure(request, reply, operator.name, "no second factor")
        return
    if not operator.permits_host(user.username, request.session.address, user.host):
        reply.numeric(n.ERR_NOOPERHOST)
        _note_failure(request, reply, operator.name, "wrong address")
        return
    events = apply(request.world, OperatorAppointed(user.folded, operator.sealed()))
    reply.expect(events)
    request.session.failed_logins = 0
    request.once_settled(partial(_confirm, request, reply, operator, events))


def _confirm(
    request: Request, reply: Response, operator: Operator, events: Sequence[Event]
) -> None:
    if not operator.permits_account(request.user.account_id):  # it was logged out meanwhile
        reply.numeric(n.ERR_PASSWDMISMATCH)
        return
    reply.numeric(n.RPL_YOUREOPER)
    reply.emit_all(events)
    audit(
        request,
        f"OPER, with the rights {', '.join(right for right in RIGHTS if right in operator.rights)}",
        reply,
    )


@command(
    "APITOKEN",
    help="Get a token for the HTTP API with the rights of the operator, for ten minutes.",
    is_local=True,
    is_for_operators=True,
)
def api_token_command(request: Request) -> None:
    """Give an operator of the server a token for the HTTP API. It is a secret of this server alone,
    and ends with the session, or when that is one of an operator no longer.
    """
    reply, control = request.reply, request.world.control
    if request.user.operator is None:
        reply.numeric(n.ERR_NOPRIVILEGES)
        return
    seconds, token = control.issue_api_token(request.session) if control is not None else (0, "")
    if not token:
        reply.fail("APITOKEN", "NO_API", text="This server has no HTTP API")
        return
    text = "This is your token for the HTTP API; keep it secret"
    reply.send("NOTE", ("APITOKEN", str(seconds), token, text))


@command(
    "KILL",
    "<nickname> [:<reason>]",
    min_params=1,
    right="kill",
    help="Disconnect a user with all its sessions.",
)
def kill_command(request: Request) -> None:
    """Disconnect a user; other users see the reason (Modern IRC, KILL)."""
    world, user, reply = request.world, request.user, request.reply
    name = request.params[0]
    other = world.users.get(fold_or_self(name))
    if fold_or_self(name) in SERVICES or name.lower() == world.server_info.name.lower():
        reply.numeric(n.ERR_CANTKILLSERVER)
        return
    if other is None:
        reply.numeric(n.ERR_NOSUCHNICK, name)
        return
    reason = truncate(request.param(1), MAX_REASON) or "No reason was given"
    audit(request, f"KILL {other.source}: {reason}")
    reply.emit(world.event(user, "KILL", (other.nick, reason), other.sessions))
    notice = f"{user.nick}, an operator of the server, removed you: {reason}"
    apply(world, NoticeKept(other.folded, missed.of_removal(other, notice)))
    change = UserRemoved(other.folded, f"Killed ({user.nick} ({reason}))")
    reply.emit_all(apply(world, change))


@command(
    "WALLOPS",
    ":<text>",
    min_params=1,
    right="wallops",
    help="Send a message to all users with the mode +w.",
)
def wallops_command(request: Request) -> None:
    """Send a message to all users with +w (Modern IRC, WALLOPS)."""
    text = request.params[0]
    if not text:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "WALLOPS")
        return
    audit(request, f"WALLOPS: {text}")
    listening = [user for user in request.world.users.values() if WALLOPS in user.modes]
    recipients = tuple(session for user in listening for session in user.sessions)
    if recipients:
        request.reply.emit(request.world.event(request.user, "WALLOPS", (text,), recipients))


@command(
    "REHASH",
    right="rehash",
    help="Reload the configuration, and apply what can be applied to a running server.",
    is_local=True,
)
def rehash_command(request: Request) -> None:
    """Read the configuration again; a wrong one changes nothing."""
    if request.world.control is None:
        request.reply.fail(
            "REHASH", "NO_CONFIGURATION", text="This server has no configuration that could be read"
        )
        return
    request.reply.postpone(partial(_rehash, request, request.world.control))


async def _rehash(request: Request, control: Control, reply: Response) -> None:
    nick = request.user.nick
    try:
        lines = await control.rehash()
    except RehashError as error:
        reply.fail("REHASH", "BAD_CONFIGURATION", text=f"Nothing was changed: {error}")
        audit(request, f"REHASH failed: {error}", reply)
        return
    reply.numeric(n.RPL_REHASHING, "config.ini")
    for line in lines:
        reply.send("NOTICE", (nick, line))
    audit(request, "REHASH", reply)


@command(
    "DIE",
    "[<server>]",
    right="shutdown",
    help="Stop the server; all users are notified.",
    is_local=True,
)
def die_command(request: Request) -> None:
    """Stop the server (RFC 2812 §4.3); a name that is not the server's protects from a slip."""
    name = request.param(0)
    if name and not matches(name.lower(), request.world.server_info.name.lower()):
        request.reply.numeric(n.ERR_NOSUCHSERVER, name)
    elif request.world.control is not None:
        audit(request, "DIE")
        request.world.control.shut_down()
