"""Account registration: REGISTER and VERIFY (IRCv3 `draft/account-registration`), and the rules for
accounts that are to be registered.

NickServ uses the same functions; see `trio_chat.chat.services.nickserv`.
"""

from functools import partial

from trio_chat.chat import nicknames
from trio_chat.chat.accounts import MAX_PASSWORD, Login
from trio_chat.chat.commands.account_creation import (
    VERIFICATION_REQUIRED,
    RegistrationOutcome,
    Wanted,
    is_taken,
    register,
    verify,
)
from trio_chat.chat.commands.accounts import log_in
from trio_chat.chat.commands.identities import WAS_DROPPED
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.moderation.server import NICKS
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.irc.mail import email_address
from trio_chat.irc.names import fold


@command(
    "REGISTER",
    "<account or *> <email or *> <password> [<invitation>]",
    min_params=3,
    needs_registration=False,
    weight=4,
    help="Register your nickname as an account.",
    is_local=True,
    is_decision=True,
)
def register_command(request: Request) -> None:
    """Register an account with the user's own nickname."""
    pending = request.session.pending
    name = pending.asked_nick if pending is not None else request.user.nick
    given, email, password = request.params[:3]
    if not name:
        request.reply.fail(
            "REGISTER", "NEED_NICK", "*", text="Choose a nickname first: an account has its name"
        )
        return
    if given not in ("*", name):
        text = f"An account has the name of its owner's nickname; you are {name}"
        request.reply.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", given, text=text)
        return
    wanted = Wanted(name, password, email, request.param(3))
    refusal = why_not_register(request, wanted)
    if refusal:
        request.reply.fail("REGISTER", refusal.code, name, text=refusal.text)
        return
    request.reply.postpone(partial(_register, request, wanted))


async def _register(request: Request, wanted: Wanted, reply: Response) -> None:
    if request.session.check is not None:  # a client that is refused makes no account before
        await request.session.check()
    answer = await register(request, wanted, reply)
    if answer.account is not None:
        reply.send("REGISTER", ("SUCCESS", wanted.name, answer.text))
        await log_in(request, reply, Login(answer.account))
    elif answer.code == VERIFICATION_REQUIRED:
        reply.send("REGISTER", (answer.code, wanted.name, answer.text))
    else:
        reply.fail("REGISTER", answer.code, wanted.name, text=answer.text)


@command(
    "VERIFY",
    "<account> <code>",
    min_params=2,
    needs_registration=False,
    weight=4,
    help="Complete the registration of an account with the code that you received.",
    is_local=True,
    is_decision=True,
)
def verify_command(request: Request) -> None:
    """Finish a registration."""
    name, code = request.params[:2]
    refusal = why_not_verify(request)
    if refusal:
        request.reply.fail("VERIFY", refusal.code, name, text=refusal.text)
        return
    request.reply.postpone(partial(_verify, request, name, code))


async def _verify(request: Request, name: str, code: str, reply: Response) -> None:
    if request.session.check is not None:
        await request.session.check()
    answer = await verify(request, name, code, reply)
    if answer.account is not None:
        reply.send("VERIFY", ("SUCCESS", answer.account.name, answer.text))
        await log_in(request, reply, Login(answer.account))
    else:
        reply.fail("VERIFY", answer.code, name, text=answer.text)


def why_not_register(request: Request, wanted: Wanted) -> RegistrationOutcome | None:
    """Return why an account cannot be registered, or None."""
    world, session, name = request.world, request.session, wanted.name
    rules = world.server_info.account_rules
    if world.accounts is None or not rules.registration:
        return RegistrationOutcome("DISALLOWED", "Accounts cannot be registered on this server")
    if refusal := why_not_verify(request):
        return refusal
    if server_rules.is_raided(world) and not (rules.by_invitation and wanted.invitation):
        return RegistrationOutcome(
            "TEMPORARILY_UNAVAILABLE",
            "This server is in raid mode: no accounts are registered for a while, try again later",
        )
    if server_rules.refuses(request, NICKS, name, "name of an account"):
        return RegistrationOutcome("BAD_ACCOUNT_NAME", server_rules.why_not("This name"))
    folded = fold(name)
    if folded in world.accounts.dropped:
        return RegistrationOutcome("ACCOUNT_EXISTS", WAS_DROPPED.format(name))
    holder = world.verifications.holder(name, folded)
    is_held = holder is not None and holder is not session.verification
    if is_held or is_taken(request, name, folded) or _is_nick_of_another(request, name, folded):
        return RegistrationOutcome(
            "ACCOUNT_EXISTS", f"{name} belongs to somebody already; if it is you, log in"
        )
    if rules.email != "none" and not _is_email(wanted.email):
        return RegistrationOutcome(
            "INVALID_EMAIL", "An account needs an e-mail address here: yours"
        )
    code, text = why_not_password(request, wanted.password)
    if code:
        return RegistrationOutcome(code, text)
    return _why_invitation_is_missing(request, wanted)


def _why_invitation_is_missing(request: Request, wanted: Wanted) -> RegistrationOutcome | None:
    """Return why an invitation is missing, or None: it may follow by VERIFY, unless that is for the
    code of a letter.
    """
    rules = request.world.server_info.account_rules
    if rules.by_invitation and not wanted.invitation and rules.email == "verified":
        return RegistrationOutcome(
            "INVITATION_REQUIRED",
            "An account needs an invitation here: /msg NickServ REGISTER <password> <email>"
            " <invitation>",
        )
    return None


def why_not_verify(request: Request) -> RegistrationOutcome | None:
    """Return why a session can neither begin nor complete a registration, or None."""
    session = request.session
    if request.world.accounts is None:
        return RegistrationOutcome(
            "TEMPORARILY_UNAVAILABLE", "There are no accounts on this server"
        )
    if session.user is None and not request.world.server_info.account_rules.before_connect:
        return RegistrationOutcome(
            "COMPLETE_CONNECTION_REQUIRED", "Accounts can be registered once you are connected"
        )
    if session.account:
        return RegistrationOutcome(
            "ALREADY_AUTHENTICATED", f"You are logged in as {session.account} already"
        )
    return None


def _is_nick_of_another(request: Request, name: str, folded: str) -> bool:
    world, user = request.world, request.session.user
    is_used = world.users.get(folded) not in (None, user)
    return is_used or nicknames.is_confusable(world, name, folded, user, request.session.account_id)


def _is_email(text: str) -> bool:
    try:
        email_address(text)
    except ValueError:
        return False
    return True


def why_not_password(request: Request, password: str) -> tuple[str, str]:
    """Return why a password is refused: a code and a sentence, both "" if it is accepted."""
    least = request.world.server_info.account_rules.min_password
    if len(password) < least:
        return "WEAK_PASSWORD", f"A password has at least {least} characters"
    if len(password.encode()) > MAX_PASSWORD or not password.isprintable():
        return (
            "UNACCEPTABLE_PASSWORD",
            f"A password has at most {MAX_PASSWORD} bytes and no control characters",
        )
    return "", ""
