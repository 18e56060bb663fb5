"""NickServ: the passkeys of an account, by which the page logs in."""

import logging
from datetime import UTC, datetime
from functools import partial

from trio_chat.chat import app_passwords, authentication
from trio_chat.chat.accounts import AccountsError, Busy
from trio_chat.chat.app_passwords import MAX_NAME
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PasskeyRemoved
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.factor_removal import remove_passkey
from trio_chat.chat.operators import audit
from trio_chat.chat.passkeys import MOST, Passkey, PendingPasskey, relying_party
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.second_factors import CodeRequired
from trio_chat.chat.services.app_passwords import may_change_logins
from trio_chat.chat.services.nickserv import NAME, NEEDS_CODE, NICKSERV, answer, verify_owner
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.irc.names import fold_or_self

log = logging.getLogger("trio_chat")


@NICKSERV.command(
    "PASSKEY",
    "ADD <name> <password> [<code>] | DEL <name> | LIST",
    1,
    "sets by which passkeys the page logs you in",
)
def _passkey(request: Request, words: list[str]) -> None:
    verb, rest, world = words[0].upper(), words[1:], request.world
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif verb == "LIST":
        _list(request)
    elif verb == "DEL" and len(rest) == 1:
        if may_change_logins(request):
            request.reply.postpone(partial(_remove, request, rest[0]))
    elif verb != "ADD" or len(rest) < 2:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['PASSKEY'].usage}")
    elif relying_party(world.server_info.account_rules.passkeys) is None:
        answer(request, "This server has no passkeys: its page has no address by https.")
    elif not app_passwords.is_name(rest[0]):
        answer(request, f"The name is one word of at most {MAX_NAME} characters, but not . or ..")
    else:
        request.reply.postpone(partial(_allow, request, rest[0], " ".join(rest[1:])))


def _list(request: Request) -> None:
    known = request.world.passkeys.of(request.user.account_id)
    for one in known:
        answer(request, describe(one))
    answer(request, f"That is all: {len(known)} of {MOST}.")


def describe(passkey: Passkey) -> str:
    """Return what there is to say of a passkey."""
    created = f"{datetime.fromtimestamp(passkey.created, UTC):%Y-%m-%d}"
    used = f"{datetime.fromtimestamp(passkey.used, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{passkey.name}: made {created}, last used {used if passkey.used else 'never'}"


@NICKSERV.command(
    "SAPASSKEY",
    "<account> LIST | DEL <name>",
    2,
    "shows or removes the passkeys of somebody's account",
    right="accounts",
)
def _of_somebody(request: Request, words: list[str]) -> None:
    world, verb = request.world, words[1].upper()
    accounts = world.accounts
    account = accounts.known.get(fold_or_self(words[0])) if accounts is not None else None
    known = world.passkeys.of(account.id) if account is not None else []
    found = next((one for one in known if one.name == " ".join(words[2:])), None)
    if account is None:
        answer(request, f"{words[0]} is not registered.")
    elif verb == "LIST":
        for one in known:
            answer(request, describe(one))
        answer(request, f"That is all: {len(known)} of {MOST}.")
    elif verb != "DEL" or len(words) != 3:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['SAPASSKEY'].usage}")
    elif found is None:
        answer(request, f"{account.name} has no passkey {words[2]}.")
    else:
        request.reply.emit_all(remove_passkey(world, account, found.id))
        audit(request, f"SAPASSKEY DEL {found.name} of {account.name}")
        done = f"The passkey {found.name} of {account.name} is removed."
        request.once_settled(lambda: answer(request, done))


async def _allow(request: Request, name: str, given: str, reply: Response) -> None:
    """Let the browser of this session add a passkey, after a check of the password."""
    accounts, own = request.world.accounts, request.user.account_id
    assert accounts is not None  # noqa: S101  # `handle` has looked
    try:
        account = await verify_owner(request, given)
    except CodeRequired:
        answer(request, f"{NEEDS_CODE}, with a space between.", reply)
        return
    except (AccountsError, Busy) as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    if account is None or account.id != own:
        answer(request, "The password or the code is wrong.", reply)
        login.count_failure(request, reply)
        return
    request.session.pending_passkey = PendingPasskey(own, accounts.version(own), name)
    answer(request, f"The page can add the passkey {name} now.", reply)


async def _remove(request: Request, name: str, reply: Response) -> None:
    world, own = request.world, request.user.account_id
    assert world.accounts is not None  # noqa: S101  # `handle` has looked
    found = next((one for one in world.passkeys.of(own) if one.name == name), None)
    is_done = False
    if found is not None:
        with authentication.attempt(world) as attempt:
            apply(world, PasskeyRemoved(own, found.id, world.accounts.version(own), attempt))
            await world.settle()
            is_done = world.second_factors.attempts[attempt]
    if not is_done:
        answer(request, f"You have no passkey {name}; PASSKEY LIST shows yours.", reply)
        return
    log.info("%s removed a passkey of %s", request.session.address, request.user.account)
    answer(request, f"The passkey {name} is removed.", reply)
