"""Authentication: AUTHENTICATE (IRCv3 `sasl-3.1`, `sasl-3.2`), and logins by PASS.

NickServ uses the same functions; see `trio_chat.chat.services.nickserv`. New accounts are made by
`account_creation`.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from trio_chat.chat import (
    banning,
    group_operators,
    logins,
    missed,
    sasl,
    sasl_exchanges,
    sasl_mechanisms,
)
from trio_chat.chat.accounts import NO_ACCOUNT, Account, Accounts, AccountsError, Busy, Login
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountChanged, NoticesDelivered
from trio_chat.chat.commands import identities
from trio_chat.chat.identities import ProviderUnavailable
from trio_chat.chat.passkey_exchanges import ADDING
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response, Unsettled
from trio_chat.chat.second_factors import CodeRequired
from trio_chat.chat.users import Session
from trio_chat.irc import numerics as n
from trio_chat.irc.names import InvalidName, fold_nick
from trio_chat.irc.numerics import Numeric

log = logging.getLogger("trio_chat")

MAX_FAILED_LOGINS: Final = 5
"""After so many a session is ended: guessing takes a new connection for each few guesses."""
CHANGED: Final = "The account has another password since, or is suspended: log in again"
UNAVAILABLE: Final = "Accounts cannot be used at the moment, try again later"


class _Answers(NamedTuple):
    """How a client is told how its login has ended: by RPL_LOGGEDIN and `success`, if it has one,
    or by `failure` with a reason.
    """

    failure: Numeric
    success: Numeric | None = None


_BY_SASL: Final = _Answers(n.ERR_SASLFAIL, n.RPL_SASLSUCCESS)
_BY_PASS: Final = _Answers(n.ERR_PASSWDMISMATCH.with_text("You are not logged in: {}"))


@command(
    "AUTHENTICATE",
    "<mechanism> | <base64> | * | +",
    min_params=1,
    needs_registration=False,
    help="Log in by SASL.",
    is_local=True,
)
def authenticate_command(request: Request) -> None:
    """Begin, continue or abort an exchange."""
    session, reply, accounts = request.session, request.reply, request.world.accounts
    if accounts is None:
        # `sasl` need not be negotiated: a client that begins an exchange knows the protocol.
        reply.numeric(n.ERR_SASLFAIL, args=("there are no accounts on this server",))
        return
    param = request.params[0]
    if param == "*":
        _abort(request)
    elif session.sasl is None:
        _begin(request, accounts, param.upper())
    else:
        _take_piece(request, session.sasl, param)


def abort_exchange(request: Request) -> None:
    """End an exchange that is going on, if there is one: the client registers without waiting for
    its end.
    """
    if request.session.sasl is not None:
        _abort(request)


def _abort(request: Request) -> None:
    request.session.sasl = None
    request.reply.numeric(n.ERR_SASLABORTED)


def log_in_by_pass(request: Request, given: str) -> None:
    """Log a client in that gave `<account>:<password>` in PASS, as programs without SASL do on
    other networks; do nothing if it cannot be that.
    """
    name, _, password = given.partition(":")
    exchange = sasl_exchanges.start("PLAIN", request.world, request.session.origin)
    try:
        fold_nick(name, request.world.lengths.nick)
    except InvalidName:
        return
    if password and exchange is not None:
        message = f"\0{name}\0{password}".encode()
        request.reply.postpone(partial(_continue, request, exchange, message, _BY_PASS))


def _begin(request: Request, accounts: Accounts, mechanism: str) -> None:
    session, world = request.session, request.world
    rules = world.server_info.account_rules
    if mechanism == ADDING:
        pending, session.pending_passkey = session.pending_passkey, None
        exchange = sasl_exchanges.start_adding(world, pending)
    else:
        exchange = sasl_exchanges.start(mechanism, world, session.origin)
    if exchange is None:
        known = sasl_mechanisms.mechanisms(session.certificate, rules)
        reason = "there is no such mechanism here"
        if mechanism == "EXTERNAL" and not session.certificate:
            reason = "you have not come with a client certificate"
        request.reply.numeric(n.RPL_SASLMECHS, ",".join(known))
        request.reply.numeric(n.ERR_SASLFAIL, args=(reason,))
        return
    session.sasl = sasl.SaslDialogue(exchange, sasl_exchanges.inbox(mechanism))
    request.reply.send_bare("AUTHENTICATE", "+")


def _take_piece(request: Request, dialogue: sasl.SaslDialogue, piece: str) -> None:
    session, reply = request.session, request.reply
    try:
        message = dialogue.inbox.add(piece)
    except OverflowError:
        session.sasl = None
        reply.numeric(n.ERR_SASLTOOLONG)
    except sasl.SaslFailed:
        session.sasl = None
        reply.numeric(n.ERR_SASLFAIL, args=("that is not base64, or too long",))
    else:
        if message is not None:
            reply.postpone(partial(_continue, request, dialogue.exchange, message, _BY_SASL))


async def _continue(
    request: Request,
    exchange: sasl.SaslExchange,
    message: bytes,
    answers: _Answers,
    reply: Response,
) -> None:
    session = request.session
    if session.check is not None:  # a client that is refused tries no password before
        await session.check()
    try:
        step = await exchange.take(message)
        login = await _login_of(request, step)
    except sasl.SaslFailed as failed:
        session.sasl = None
        if failed.is_guess:
            count_failure(request, reply, str(failed))
        reply.numeric(answers.failure, args=(str(failed),))
        return
    except CodeRequired as missing:
        session.sasl = None
        reply.fail(request.message.command, "CODE_REQUIRED", text=str(missing))
        reply.numeric(answers.failure, args=(str(missing),))
        return
    except (AccountsError, Busy, ProviderUnavailable) as error:
        session.sasl = None
        reply.numeric(answers.failure, args=(explain(error),))
        return
    if login is None:
        for piece in sasl.pieces(step.answer):
            reply.send_bare("AUTHENTICATE", piece)
        return
    session.sasl = None
    if suspended := why_suspended(request, login.account):
        reply.numeric(answers.failure, args=(suspended,))
        return
    try:
        is_done = await log_in(request, reply, login)
    except Unsettled:  # which is explained by FAIL; the exchange has to end, too
        reply.numeric(answers.failure, args=("the servers cannot agree on anything",))
        raise
    if not is_done:
        reply.numeric(answers.failure, args=(CHANGED,))
    elif answers.success is not None:
        reply.numeric(answers.success)


async def _login_of(request: Request, step: sasl.SaslStep) -> Login | None:
    """Return the login that an exchange has ended with, or None if it goes on.

    Raises:
        SaslFailed: no account is linked to the identity.
        AccountsError: accounts cannot be read or stored.
    """
    if step.identity is None:
        return step.login
    account = await identities.find_account(request, step.identity)
    if isinstance(account, str):
        raise sasl.SaslFailed(account, is_guess=False)
    if step.authzid not in ("", account.folded):
        raise sasl.SaslFailed(f"that identity is of the account {account.name}", is_guess=False)
    return Login(account, confirmed=step.identity.confirmed)


def why_suspended(request: Request, account: Account) -> str:
    """Return why an account cannot be used, for a client that has its password; "" if it can."""
    ban = request.world.bans.of_account(account.id)
    return f"The account {account.name} is suspended: {banning.ban_text(ban)}" if ban else ""


def explain(error: AccountsError | Busy | ProviderUnavailable | ValueError) -> str:
    """Return the text for a client whose password or token could not be checked; the log contains
    more.
    """
    if isinstance(error, Busy):
        return str(error)
    if isinstance(error, ValueError):
        return "That password has characters that cannot be used, choose another one"
    if isinstance(error, ProviderUnavailable):
        log.error("single sign-on: %s", error)
        return "The single sign-on cannot be asked at the moment, try again later"
    log.error("accounts cannot be used: %s", error)
    return UNAVAILABLE


def count_failure(
    request: Request, reply: Response, reason: str = "wrong account or password"
) -> None:
    """Note a wrong password, or what else is wrong with a login; too many end the session."""
    session = request.session
    session.failed_logins += 1
    log.info("%s (%s): %s", session.target, session.address, reason)
    if session.failed_logins >= MAX_FAILED_LOGINS:
        reply.close("Too many failed logins")


async def log_in(
    request: Request,
    reply: Response,
    login: Login,
    confirm: Callable[[], None] | None = None,
) -> bool:
    """Log a session in, and its user if there is one; notify other clients (IRCv3
    `account-notify`). Return False if what was checked is valid no longer.

    The caller has waited for nothing since the check. When cancelled, the session may be logged in.

    Args:
        request: of the session.
        reply: takes the numerics.
        login: the account, and how it was proved.
        confirm: called before the first numeric, if the session is logged in.
    """
    world, session, user = request.world, request.session, request.session.user
    account = login.account
    source = user.source if user else f"{session.target}!{_username_of(session)}@{session.host}"
    version = world.accounts.version(account.id) if world.accounts is not None else None
    events = apply(world, AccountChanged(session.id, account, version, login.digest))
    reply.expect(events)
    if user is not None:
        await world.settle()
    if session.account_id != account.id:
        return False
    session.failed_logins = 0
    logins.note_login(world, session, login)
    session.confirmed = group_operators.relevant(world, login.confirmed)
    if world.accounts is not None:
        world.accounts.note_right(account.folded, session.origin)
        logins.note_use(world, login)
    log.info("%s logged in as %s", source, account.name)
    if confirm is not None:
        confirm()
    reply.numeric(n.RPL_LOGGEDIN, source, account.name, args=(account.name,))
    reply.emit_all(events)
    if user is not None:
        deliver_notices(request, reply)
        await group_operators.review(request, reply)
    return True


def _username_of(session: Session) -> str:
    return (session.pending and session.pending.username) or "*"


def deliver_notices(request: Request, reply: Response) -> None:
    """Send a session the notices that were kept for its user, once; see `missed`."""
    user = request.session.user
    notices = missed.notices(request.world, request.session)
    if user is None or not notices:
        return
    for notice in notices:
        reply.replay(notice)
    apply(request.world, NoticesDelivered(user.folded, notices[-1].id))


def log_out(request: Request, reply: Response) -> None:
    """Make a user be logged in to nothing."""
    reply.numeric(n.RPL_LOGGEDOUT, request.user.source)
    reply.emit_all(apply(request.world, AccountChanged(request.session.id, NO_ACCOUNT)))
