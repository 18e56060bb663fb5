"""NickServ: another password for one's account, and its end. Both ask for the password and, with a
second factor, for a code.

An account that is opened by single sign-on or by a directory alone has no password to ask for.
There, a login by these on the same connection shortly before proves the owner; to delete the
account, a code that is shown has to be repeated as well.
"""

import hmac
import logging
import secrets
from functools import partial

from trio_chat.chat import account_changes, logins
from trio_chat.chat.accounts import MAX_PASSWORD, Account, Accounts, AccountsError, Busy
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.confirmation import Confirmation
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.second_factors import CodeRequired
from trio_chat.chat.services.nickserv import NAME, NEEDS_CODE, NICKSERV, answer, verify_owner
from trio_chat.chat.services.service import LOG_IN_FIRST

log = logging.getLogger("trio_chat")

CONFIRM_SECONDS = 60
"""Seconds in which the code that is shown has to be repeated."""
_NOT_FRESH = (
    "Your account has no password. Log in by single sign-on, or with the password of the directory,"
    " on this connection again, and repeat the command within ten minutes."
)
_SET_USAGE = f"/msg {NAME} SET PASSWORD <old password> <new password> [<code>]"
_DROP_USAGE = f"/msg {NAME} DROP <password> [<code>]"


def _accounts(request: Request) -> Accounts:
    accounts = request.world.accounts
    assert accounts is not None  # noqa: S101  # `handle` has looked
    return accounts


def change_password(request: Request, words: list[str]) -> None:
    """Change the password of an account: the old one, the new one; or set the first one."""
    if not 1 <= len(words) <= 4:
        answer(request, f"Usage: {_SET_USAGE}")
        return
    new = words[0] if len(words) == 1 else words[1]
    least = request.world.server_info.account_rules.min_password
    if not least <= len(new) <= len(new.encode()) <= MAX_PASSWORD:
        answer(
            request, f"A password has at least {least} characters and at most {MAX_PASSWORD} bytes."
        )
    elif len(words) == 1:
        request.reply.postpone(partial(_set_first, request, new))
    else:
        old = " ".join((words[0], *words[2:]))
        request.reply.postpone(partial(_change_password, request, old, new))


def _why_not_changed(accounts: Accounts, account: int) -> str:
    if account in accounts.by_id:
        return "Another session has changed the password in the meantime; yours does not count."
    return "Your account was deleted in the meantime."


async def _change_password(request: Request, old: str, new: str, reply: Response) -> None:
    accounts, own = _accounts(request), request.user.account_id
    try:
        account = await verify_owner(request, old)
        if account is None or account.id != own:
            answer(request, "The old password is wrong.", reply)
            login.count_failure(request, reply)
            return
        await _store(request, account, new, accounts.version(own), reply)
    except CodeRequired:
        answer(request, f"{NEEDS_CODE}: /msg {NAME} SET PASSWORD <old> <new> <code>", reply)
    except (AccountsError, Busy, ValueError) as error:
        answer(request, f"{login.explain(error)}.", reply)


async def _set_first(request: Request, new: str, reply: Response) -> None:
    """Set the first password of an account."""
    try:
        version = await _passwordless(request, _SET_USAGE, reply)
        account = _accounts(request).by_id.get(request.user.account_id)
        if version is not None and account is not None:
            await _store(request, account, new, version, reply)
    except (AccountsError, Busy, ValueError) as error:
        answer(request, f"{login.explain(error)}.", reply)


async def _store(
    request: Request, account: Account, new: str, version: int, reply: Response
) -> None:
    """Store a password if nothing has changed since the check, and end the other sessions."""
    world, session = request.world, request.session
    if not await account_changes.set_password(world, account.id, new, session.origin, version):
        answer(request, _why_not_changed(_accounts(request), account.id), reply)
        return
    ended = logins.end_sessions(world, account.id, logins.CREDENTIALS_CHANGED, keep=session)
    log.info(
        "%s changed the password of the account %s; %d other sessions are ended",
        session.address,
        account.name,
        ended,
    )
    answer(
        request,
        f"Your password is changed. Other sessions of your account that were ended: {ended}.",
        reply,
    )


@NICKSERV.command("DROP", "<password> [<code>]", 0, "deletes your account")
def _drop(request: Request, words: list[str]) -> None:
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif not words:
        request.reply.postpone(partial(_offer, request))
    else:
        request.reply.postpone(partial(_delete, request, " ".join(words)))


async def _offer(request: Request, reply: Response) -> None:
    """Show the owner of an account without a password the code that deletes it."""
    world, session = request.world, request.session
    session.confirmation = None
    try:
        if await _passwordless(request, _DROP_USAGE, reply) is None:
            return
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    code = f"{secrets.randbelow(10**6):06}"
    until = world.elapsed() + CONFIRM_SECONDS
    session.confirmation = Confirmation(session.account_id, code, until)
    answer(
        request,
        f"This deletes the account {session.account} for ever. If you want that, say within a"
        f" minute: /msg {NAME} DROP {code}",
        reply,
    )


async def _delete(request: Request, given: str, reply: Response) -> None:
    accounts, own = _accounts(request), request.user.account_id
    confirmation, request.session.confirmation = request.session.confirmation, None
    try:
        if not await accounts.has_password(own):
            version = await _confirmed(request, confirmation, given, reply)
            account = accounts.by_id.get(own)
        else:
            account = await verify_owner(request, given)
            version = accounts.version(own)
            if account is None or account.id != own:
                answer(request, "Wrong password.", reply)
                login.count_failure(request, reply)
                return
        if version is not None and account is not None:
            await _carry_out(request, account, version, reply)
    except CodeRequired:
        answer(request, f"{NEEDS_CODE}: /msg {NAME} DROP <password> <code>", reply)
    except (AccountsError, Busy) as error:
        answer(request, f"{login.explain(error)}.", reply)


async def _confirmed(
    request: Request, confirmation: Confirmation | None, given: str, reply: Response
) -> int | None:
    """Return the version of an account without a password, whose owner has repeated the code; None
    if not, which was answered. A code can be tried once.
    """
    version = await _passwordless(request, _DROP_USAGE, reply)
    if version is None:
        return None
    session, now = request.session, request.world.elapsed()
    if confirmation is None or not confirmation.is_for(session.account_id, now):
        answer(
            request,
            f"Your account has no password. First say /msg {NAME} DROP: it shows a code.",
            reply,
        )
    elif not hmac.compare_digest(confirmation.code.encode(), given.encode()):
        answer(request, f"That is not the code. /msg {NAME} DROP shows another one.", reply)
        login.count_failure(request, reply)
    else:
        return version
    return None


async def _carry_out(request: Request, account: Account, version: int, reply: Response) -> None:
    events = await account_changes.delete(request.world, account, reply, version)
    if events is None:
        answer(request, _why_not_changed(_accounts(request), account.id), reply)
        return
    answer(
        request,
        f"The account {account.name} is deleted. Nobody can register that name unless an operator"
        " frees it.",
        reply,
    )
    reply.emit_all(events)


async def _passwordless(request: Request, usage: str, reply: Response) -> int | None:
    """Return the version of an account that has no password, and whose owner has just logged in;
    None if it has one, or if that login is missing, which was answered.

    Raises:
        AccountsError: it cannot be read.
    """
    world, session, accounts = request.world, request.session, _accounts(request)
    own = session.account_id
    version = accounts.version(own)
    if await accounts.has_password(own):
        answer(request, f"Usage: {usage}", reply)
    elif world.second_factors.of(own) is not None:
        answer(request, "Your account has a second factor and no password: ask an operator.", reply)
    elif not logins.is_fresh(world, session):
        answer(request, _NOT_FRESH, reply)
    else:
        return version
    return None
