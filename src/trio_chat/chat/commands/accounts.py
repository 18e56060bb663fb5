"""Who one is: AUTHENTICATE, REGISTER (IRCv3 sasl-3.1, sasl-3.2, draft/account-registration).

What NickServ does is the same functions with another face; see `trio_chat.chat.services.nickserv`.
"""

import logging
from functools import partial

from trio_chat.chat import banning, operators, sasl
from trio_chat.chat.accounts import MAX_PASSWORD, Account, Accounts, AccountsError, Busy
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.names import fold

log = logging.getLogger("trio_chat")

MAX_FAILED_LOGINS = 5
"""After so many a session is ended: guessing takes a new connection for each few guesses."""
UNAVAILABLE = "Accounts cannot be used at the moment, try again later"
TOO_MANY = "Too many passwords of your address are being checked, try again in a moment"


@command("AUTHENTICATE", "<mechanism> | <base64> | * | +", min_params=1, needs_registration=False, help="Log in by SASL.")
def authenticate_command(request: Request) -> None:
    """Begin, continue or abort an exchange."""
    session, reply, accounts = request.session, request.reply, request.world.accounts
    if accounts is None:  # whether SASL was negotiated does not matter: who begins an exchange knows how it goes
        reply.numeric(n.ERR_SASLFAIL, args=("There are no accounts on this server",))
        return
    param = request.params[0]
    if param == "*":
        session.sasl, session.sasl_inbox = None, sasl.Inbox()
        reply.numeric(n.ERR_SASLABORTED)
    elif session.sasl is None:
        _begin(request, accounts, param.upper())
    else:
        _take_piece(request, session.sasl, param)


def _begin(request: Request, accounts: Accounts, mechanism: str) -> None:
    session = request.session
    session.sasl = sasl.start(mechanism, accounts, session.address, session.certificate)
    session.sasl_inbox = sasl.Inbox()
    if session.sasl is None:
        request.reply.numeric(n.RPL_SASLMECHS, ",".join(sasl.mechanisms(session.certificate)))
        request.reply.numeric(n.ERR_SASLFAIL, args=("There is no such mechanism here",))
        return
    request.reply.send("AUTHENTICATE", ("+",), "")


def _take_piece(request: Request, exchange: sasl.Exchange, piece: str) -> None:
    session, reply = request.session, request.reply
    try:
        message = session.sasl_inbox.add(piece)
    except OverflowError:
        session.sasl = None
        reply.numeric(n.ERR_SASLTOOLONG)
    except sasl.Failed:
        session.sasl = None
        reply.numeric(n.ERR_SASLFAIL, args=("That is not base64, or too long",))
    else:
        if message is not None:
            reply.postpone(partial(_continue, request, exchange, message))


async def _continue(request: Request, exchange: sasl.Exchange, message: bytes, reply: Response) -> None:
    session = request.session
    try:
        step = await exchange.take(message)
    except sasl.Failed:
        session.sasl = None
        count_failure(request, reply)
        reply.numeric(n.ERR_SASLFAIL, args=("Wrong account or password",))
        return
    except (AccountsError, Busy) as error:
        session.sasl = None
        reply.numeric(n.ERR_SASLFAIL, args=(explain(error),))
        return
    if step.account is None:
        for piece in sasl.pieces(step.answer):
            reply.send("AUTHENTICATE", (piece,), "")
        return
    session.sasl = None
    if suspended := why_suspended(request, step.account.name):
        reply.numeric(n.ERR_SASLFAIL, args=(suspended,))
        return
    log_in(request, reply, step.account)
    reply.numeric(n.RPL_SASLSUCCESS)


def why_suspended(request: Request, name: str) -> str:
    """Say why an account cannot be used, to who has its password; "" when it can."""
    ban = request.world.bans.of_account(name)
    return f"The account {name} is suspended: {banning.told(ban)}" if ban else ""


def explain(error: AccountsError | Busy | ValueError) -> str:
    """Return what a client is told when its password could not be taken; the operator is told more."""
    if isinstance(error, Busy):
        return TOO_MANY
    if isinstance(error, ValueError):
        return "That password has characters that cannot be used, choose another one"
    log.error("accounts cannot be used: %s", error)
    return UNAVAILABLE


def count_failure(request: Request, reply: Response) -> None:
    """Note a wrong password; too many end the session."""
    session = request.session
    session.failed_logins += 1
    log.info("%s (%s): wrong account or password", session.target, session.address)
    if session.failed_logins >= MAX_FAILED_LOGINS:
        reply.close("Too many failed logins")


def log_in(request: Request, reply: Response, account: Account) -> None:
    """Make the session, and its user when there is one, be logged in; tell those who want to know (IRCv3 account-notify)."""
    session, user = request.session, request.session.user
    session.account = account.name
    session.failed_logins = 0
    source = user.source if user else f"{session.wanted_nick or '*'}!{session.wanted_username or '*'}@{session.host}"
    log.info("%s logged in as %s", source, account.name)
    reply.numeric(n.RPL_LOGGEDIN, source, account.name, args=(account.name,))
    if user is not None and user.account != account.name:
        request.world.set_account(user, account.name)
        for event in request.world.news(user, "ACCOUNT", (account.name,), requires=cap.ACCOUNT_NOTIFY):
            reply.emit(event)


def log_out(request: Request, reply: Response) -> None:
    """Make a user be logged in to nothing."""
    user = request.user
    if user.operator is not None and user.operator.account and (event := operators.dismiss(request.world, user)):
        reply.emit(event)
    request.world.set_account(user, "")
    reply.numeric(n.RPL_LOGGEDOUT, user.source)
    for event in request.world.news(user, "ACCOUNT", ("*",), requires=cap.ACCOUNT_NOTIFY):
        reply.emit(event)


@command(
    "REGISTER", "<account or *> <email or *> <password>", min_params=3, needs_registration=False,
    help="Register the nickname you have as an account.",
)  # fmt: skip
def register_command(request: Request) -> None:
    """Register an account of the name that one has; no address is asked for, and none is kept."""
    name = request.session.user.nick if request.session.user else request.session.asked_nick
    wanted = request.params[0]
    if not name:
        request.reply.fail("REGISTER", "NEED_NICK", "*", text="Choose a nickname first: an account has its name")
        return
    if wanted not in ("*", name):
        text = f"An account has the name of its owner's nickname; you are {name}"
        request.reply.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", wanted, text=text)
        return
    refusal = why_not_register(request, name, request.params[2])
    if refusal:
        request.reply.fail("REGISTER", refusal[0], name, text=refusal[1])
        return
    request.reply.postpone(partial(_register, request, name, request.params[2]))


def why_not_register(request: Request, name: str, password: str) -> tuple[str, str] | None:
    """Say why an account cannot be registered: a code (IRCv3 draft/account-registration) and a sentence; None when it can."""
    world, session = request.world, request.session
    rules = world.identity.account_rules
    if world.accounts is None or not rules.registration:
        return "DISALLOWED", "Accounts cannot be registered on this server"
    if session.user is None and not rules.before_connect:
        return "COMPLETE_CONNECTION_REQUIRED", "Accounts can be registered once you are connected"
    if session.account:
        return "ALREADY_AUTHENTICATED", f"You are logged in as {session.account} already"
    folded = fold(name)
    if suspended := why_suspended(request, name):
        return "DISALLOWED", suspended
    is_known = folded in world.accounts.known or any(world.lookalikes.accounts(world.accounts.known, folded))
    if is_known or world.users.get(folded) not in (None, session.user):
        return "ACCOUNT_EXISTS", f"{name} belongs to somebody already; if it is you, log in"
    code, text = why_not_password(request, password)
    return (code, text) if code else None


def why_not_password(request: Request, password: str) -> tuple[str, str]:
    """Say why a password cannot be one: a code and a sentence, both "" when it can."""
    least = request.world.identity.account_rules.min_password
    if len(password) < least:
        return "WEAK_PASSWORD", f"A password has at least {least} characters"
    if len(password.encode()) > MAX_PASSWORD or not password.isprintable():
        return "UNACCEPTABLE_PASSWORD", f"A password has at most {MAX_PASSWORD} bytes and no control characters"
    return "", ""


async def create_account(request: Request, name: str, password: str) -> Account | str:
    """Make an account; return it, or a sentence that says why not."""
    world = request.world
    assert world.accounts is not None  # noqa: S101  # asked before
    account = Account(name, fold(name), int(world.clock()))
    try:
        if await world.accounts.create(account, password, request.session.address):
            log.info("%s registered the account %s", request.session.address, name)
            return account
    except (AccountsError, Busy, ValueError) as error:
        return explain(error)
    return f"{name} belongs to somebody already"


async def _register(request: Request, name: str, password: str, reply: Response) -> None:
    outcome = await create_account(request, name, password)
    if isinstance(outcome, str):
        reply.fail("REGISTER", "TEMPORARILY_UNAVAILABLE", name, text=outcome)
        return
    reply.send("REGISTER", ("SUCCESS", name, "The account is yours, and you are logged in"))
    log_in(request, reply, outcome)
