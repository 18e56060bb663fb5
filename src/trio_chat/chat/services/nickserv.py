"""NickServ: accounts for users whose client has no commands for them. Each answer is a NOTICE of a
sentence.
"""

import logging
from datetime import UTC, datetime
from functools import partial

from trio_chat.chat import authentication, second_factors
from trio_chat.chat.accounts import Account, AccountsError, Busy, Login
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AlwaysOnUpdated, UserRemoved
from trio_chat.chat.commands import account_creation, account_registration, identities
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.commands.account_creation import Wanted
from trio_chat.chat.identities import NotLinked
from trio_chat.chat.preferences import PREFERENCES
from trio_chat.chat.registry import LOCAL_SERVICES, SERVICES, Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.second_factors import CodeRequired
from trio_chat.chat.services.service import LOG_IN_FIRST, Service
from trio_chat.chat.users import User
from trio_chat.irc.names import fold_or_self

log = logging.getLogger("trio_chat")

NICKSERV = Service("NickServ")
NICKSERV.other_words |= {"ID": "IDENTIFY", "LOGIN": "IDENTIFY"}
NICKSERV.other_words |= dict.fromkeys(("RECOVER", "REGAIN", "RELEASE"), "GHOST")
NAME = NICKSERV.name
answer = NICKSERV.answer
NEEDS_CODE = "Your account needs a code after its password"


@command(
    "NICKSERV",
    ":<command>",
    help="Send a command to NickServ, which manages accounts; NICKSERV HELP lists them.",
    is_local=True,
)
def nickserv_command(request: Request) -> None:
    """Send a command to NickServ without a nickname, which another user could have on another
    server.
    """
    NICKSERV.handle(request, " ".join(request.params))


@command("NS", ":<command>", help="Short for NICKSERV.", is_local=True)
def ns_command(request: Request) -> None:
    """Speak to NickServ."""
    NICKSERV.handle(request, " ".join(request.params))


@NICKSERV.command(
    "REGISTER",
    "<password> [<email or *> [<invitation>]]",
    1,
    "registers your nickname as an account",
)
def _register(request: Request, words: list[str]) -> None:
    if len(words) > 3 or (len(words) > 1 and words[1] != "*" and "@" not in words[1]):
        usage = NICKSERV.commands["REGISTER"].usage
        answer(
            request,
            "Nothing was registered: a password is one word, and behind it stands an e-mail"
            f" address or *. Usage: /msg {NAME} {usage}",
        )
        return
    wanted = Wanted(request.user.nick, *(*words, "", "")[:3])
    refusal = account_registration.why_not_register(request, wanted)
    if refusal is None:
        request.reply.postpone(partial(_create, request, wanted))
    elif refusal.code == "INVALID_EMAIL":
        answer(request, f"{refusal.text}. Usage: /msg {NAME} REGISTER <password> <email>")
    else:
        answer(request, f"{refusal.text}.")


async def _create(request: Request, wanted: Wanted, reply: Response) -> None:
    outcome = await account_creation.register(request, wanted, reply)
    if request.session.verification is not None and request.session.verification.is_for_invitation:
        answer(request, f"{outcome.text}.", reply)
    elif outcome.code == account_creation.VERIFICATION_REQUIRED:
        answer(
            request,
            f"A code was sent to {wanted.email}. Give it with /msg {NAME} VERIFY {wanted.name}"
            " <code>",
            reply,
        )
    else:
        await _finish(request, outcome, reply)


async def _finish(
    request: Request, outcome: account_creation.RegistrationOutcome, reply: Response
) -> None:
    if outcome.account is None:
        answer(request, f"{outcome.text}.", reply)
        return
    answer(request, f"{outcome.account.name} is yours now, and you are logged in.", reply)
    await login.log_in(request, reply, Login(outcome.account))


@NICKSERV.command(
    "VERIFY", "[<account>] <code>", 1, "finishes a registration with the code that was sent to you"
)
def _verify(request: Request, words: list[str]) -> None:
    name = words[0] if len(words) > 1 else request.user.nick
    refusal = account_registration.why_not_verify(request)
    if refusal:
        answer(request, f"{refusal.text}.")
        return
    request.reply.postpone(partial(_take_code, request, name, words[-1]))


async def _take_code(request: Request, name: str, code: str, reply: Response) -> None:
    await _finish(request, await account_creation.verify(request, name, code, reply), reply)


@NICKSERV.command("IDENTIFY", "[<account>] <password> [<code>]", 1, "logs you in")
def _identify(request: Request, words: list[str]) -> None:
    accounts, name, rest = request.world.accounts, request.user.nick, words
    assert accounts is not None  # noqa: S101  # `handle` has looked
    is_named = fold_or_self(words[0]) in accounts.known
    is_own = second_factors.is_code(" ".join(words[1:])) and not is_named
    if len(words) > 1 and not is_own:
        name, rest = words[0], words[1:]
    request.reply.postpone(partial(_log_in, request, name, " ".join(rest)))


async def _log_in(request: Request, name: str, given: str, reply: Response) -> None:
    right = await _prove(request, "IDENTIFY", name, name, given, reply)
    if right is None:
        return
    # Bots wait for the second sentence before they join channels: other networks say that.
    said = f"You are logged in as {right.account.name}. You are now identified for it."
    done = partial(answer, request, said, reply)
    if not await login.log_in(request, reply, right, done):
        answer(request, f"{login.CHANGED}.", reply)


async def _prove(
    request: Request, command: str, nick: str, name: str, given: str, reply: Response
) -> Login | None:
    """Return the login that a password is right for; else say why there is none.

    Args:
        request: of the user that gives the password.
        command: the command that takes it, with the word `nick` before it.
        nick: see `command`.
        name: the account.
        given: the password, and the code after it.
        reply: takes the answer.
    """
    try:
        right = await _checked(request, fold_or_self(name), given)
    except CodeRequired:
        answer(
            request,
            f"{name} needs a code, too: /msg {NAME} {command} {nick} <password> <code>. A program"
            " that cannot ask for one uses an app password.",
            reply,
        )
        return None
    except (AccountsError, Busy) as error:
        answer(request, f"{login.explain(error)}.", reply)
        return None
    if isinstance(right, str):
        answer(request, f"{right[:1].upper()}{right[1:]}.", reply)
        return None
    if right is None:
        # Programs send the password alone, also when they could not have the nickname.
        is_own = name == request.user.nick
        accounts = request.world.accounts
        hint = (
            f" {name} is not registered: say which account is yours, /msg {NAME} {command}"
            " <account> <password>"
            if is_own and accounts is not None and fold_or_self(name) not in accounts.known
            else ""
        )
        answer(request, f"Wrong account or password.{hint}", reply)
        login.count_failure(request, reply)
        return None
    if suspended := login.why_suspended(request, right.account):
        answer(request, f"{suspended}.", reply)
        return None
    return right


async def _checked(request: Request, folded: str, given: str) -> Login | str | None:
    """Return the login that a password is right for, a sentence if there is no account for it, or
    None if it is wrong.

    Raises:
        AccountsError: accounts cannot be used.
        Busy: too many passwords wait, or were wrong.
        CodeRequired: the password is right, and there is no code.
    """
    try:
        origin = request.session.origin
        return await authentication.verify_login(request.world, folded, given, origin)
    except NotLinked as unlinked:
        account = await identities.find_account(request, unlinked.identity)
        if isinstance(account, str):
            return account
        return Login(account, confirmed=unlinked.identity.confirmed)


@NICKSERV.command("LOGOUT", "", 0, "logs you out")
def _logout(request: Request, words: list[str]) -> None:
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
        return
    login.log_out(request, request.reply)
    request.once_settled(lambda: answer(request, "You are logged out."))


@NICKSERV.command(
    "GHOST", "<nickname> [<password> [<code>]]", 1, "ends a session that holds your nickname"
)
def _ghost(request: Request, words: list[str]) -> None:
    user, nick = request.user, words[0]
    other = request.world.users.get(fold_or_self(nick))
    if other is None:
        answer(request, f"Nobody here is called {nick}.")
    elif other is user:
        answer(request, "That is you.")
    elif user.account and _owns(user.account, other):
        _end(request, other, request.reply)
        gone = f"{other.nick} is gone."
        request.once_settled(lambda: answer(request, gone))
    elif len(words) > 1:
        request.reply.postpone(partial(_ghost_by_password, request, nick, " ".join(words[1:])))
    else:
        answer(
            request,
            f"{other.nick} is not yours; log in first: /msg {NAME} IDENTIFY {nick} <password>",
        )


async def _ghost_by_password(request: Request, nick: str, given: str, reply: Response) -> None:
    """End a session for the owner of its nickname, which is not logged in: programs ask for that
    when they come back while their former connection is still there.
    """
    world, folded = request.world, fold_or_self(nick)
    assert world.accounts is not None  # noqa: S101  # `handle` has looked
    other = world.users.get(folded)
    name = other.account if other and other.account and folded not in world.accounts.known else nick
    right = await _prove(request, "GHOST", nick, name, given, reply)
    if right is None:
        return
    world.accounts.note_right(right.account.folded, request.session.origin)
    other = world.users.get(folded)  # not the one from before the check
    if other is None:
        answer(request, f"Nobody here is called {nick}.", reply)
    elif other is request.user or not _owns(right.account.name, other):
        answer(request, f"{other.nick} is not yours.", reply)
    else:
        _end(request, other, reply)
        gone = f"{other.nick} is gone."
        await world.settle()
        answer(request, gone, reply)


def _owns(account: str, user: User) -> bool:
    """Return whether a nickname, or the user that has it, belongs to an account."""
    return fold_or_self(account) in (user.folded, fold_or_self(user.account or " "))


def _end(request: Request, other: User, reply: Response) -> None:
    change = UserRemoved(other.folded, f"Ghosted by {request.user.nick}")
    reply.emit_all(apply(request.world, change))
    apply(request.world, AlwaysOnUpdated(request.user.folded))


async def verify_owner(request: Request, given: str) -> Account | None:
    """Return the account of a user if its password, and the code after it, are right; for the
    errors see `authentication.verify_owner`.
    """
    folded = fold_or_self(request.user.account)
    return await authentication.verify_owner(request.world, folded, given, request.session.origin)


@NICKSERV.command("INFO", "[<account>]", 0, "shows when an account was registered")
def _info(request: Request, words: list[str]) -> None:
    accounts = request.world.accounts
    assert accounts is not None  # noqa: S101  # `handle` has looked
    name = words[0] if words else request.user.account or request.user.nick
    account = accounts.known.get(fold_or_self(name))
    if account is None:
        gone = (
            ", and cannot be: an account of that name was deleted"
            if fold_or_self(name) in accounts.dropped
            else ""
        )
        answer(request, f"{name} is not registered{gone}.")
        return
    here = any(user.account_id == account.id for user in request.world.users.values())
    request.reply.charge(len(request.world.users) // 16)
    since = datetime.fromtimestamp(account.created, UTC)
    answer(
        request,
        f"{account.name}: registered {since:%Y-%m-%d}, {'online' if here else 'not online'}.",
    )
    if account.id == request.user.account_id:
        for name in PREFERENCES:
            answer(request, describe(request, name))
        request.reply.postpone(partial(_show_email, request, account.id))


async def _show_email(request: Request, account: int, reply: Response) -> None:
    """Show the e-mail address of an account to its owner."""
    accounts = request.world.accounts
    assert accounts is not None  # noqa: S101  # `handle` has looked
    try:
        email = await accounts.email(account)
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    if email is not None:
        answer(
            request,
            "Your e-mail address is"
            f" {email.address}{'' if email.is_verified else ', not verified'}.",
            reply,
        )


def describe(request: Request, name: str) -> str:
    """Return how one of the user's preferences is, and what it does."""
    preferences, account = request.world.preferences, request.user.account_id
    preference = PREFERENCES[name]
    why = "" if name in preferences.chosen(account) else ", which is what the server has"
    if preference.is_fixed(preferences.rules):
        why = " for everybody on this server"
    return (
        f"{name} is {'on' if preferences.is_on(account, name) else 'off'}{why}. On means:"
        f" {preference.meaning}."
    )


SERVICES[fold_or_self(NAME)] = NICKSERV.handle
LOCAL_SERVICES.add(fold_or_self(NAME))
