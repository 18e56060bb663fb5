"""NickServ: the app passwords of an account, for programs that cannot log in otherwise."""

import logging
from datetime import UTC, datetime
from functools import partial

from trio_chat.chat import account_changes, app_passwords, durations, logins
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.app_passwords import MAX_NAME, MOST, AppPassword
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer
from trio_chat.chat.services.service import LOG_IN_FIRST

log = logging.getLogger("trio_chat")


@NICKSERV.command(
    "APPPASSWORD",
    "ADD <name> [duration] | DEL <name> | LIST",
    1,
    "makes a password for one program, which can log in and do nothing else with it",
)
def _app_password(request: Request, words: list[str]) -> None:
    verb, name, lasts = words[0].upper(), "".join(words[1:2]), "".join(words[2:3])
    has_rest = len(words) > (3 if verb == "ADD" else 2)
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif verb == "LIST":
        request.reply.postpone(partial(_list, request))
    elif verb not in ("ADD", "DEL") or not name or has_rest:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['APPPASSWORD'].usage}")
    elif verb == "DEL":
        request.reply.postpone(partial(_remove, request, name))
    elif not may_change_logins(request):
        return
    elif not app_passwords.is_name(name):
        answer(request, f"The name is one word of at most {MAX_NAME} characters, but not . or ..")
    elif lasts and not durations.parse(lasts):
        answer(
            request,
            "The name is one word. After it you can say how long the password is valid, such as 12h"
            " or 30d.",
        )
    else:
        seconds = durations.parse(lasts) or 0
        request.reply.postpone(partial(_add, request, name, seconds))


def may_change_logins(request: Request, reply: Response | None = None) -> bool:
    """Return whether a session may change how one logs in to its account; explain it if not. One
    that came by an app password may not: it could give itself another way in.
    """
    if not request.session.app_password:
        return True
    answer(
        request,
        "You are logged in with an app password. Log in with the password of your account to change"
        " how you can log in.",
        reply,
    )
    return False


async def _list(request: Request, reply: Response) -> None:
    accounts = request.world.accounts
    assert accounts is not None  # noqa: S101  # `handle` has looked
    try:
        known = await accounts.app_passwords(request.user.account_id)
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    now = int(request.world.clock())
    for each in known:
        mine = " (this session)" if each.digest == request.session.app_password else ""
        answer(request, f"{describe(each, now)}{mine}", reply)
    answer(request, f"That is all: {len(known)} of {MOST}.", reply)


def describe(password: AppPassword, now: int) -> str:
    """Return what there is to say of an app password.

    Args:
        password: the app password.
        now: seconds of Unix time.
    """
    created = f"{datetime.fromtimestamp(password.created, UTC):%Y-%m-%d}"
    valid = "no longer valid since" if password.has_expired(now) else "valid until"
    until = f", {valid} {_minute(password.expires)}" if password.expires else ""
    last = _minute(password.used) if password.used else "never"
    return f"{password.name}: made {created}, last used {last}{until}"


def _minute(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC"


async def _add(request: Request, name: str, seconds: int, reply: Response) -> None:
    accounts, world, own = request.world.accounts, request.world, request.user.account_id
    assert accounts is not None  # noqa: S101  # `handle` has looked
    version, password = accounts.version(own), app_passwords.make_password()
    now = int(world.clock())
    digest = app_passwords.digest_of(password)
    made = AppPassword(name, digest, now, expires=now + seconds if seconds else 0)
    try:
        is_done = await account_changes.add_app_password(world, own, made, version)
        known = [] if is_done else await accounts.app_passwords(own)
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    if is_done:
        log.info("%s made an app password for %s", request.session.address, request.user.account)
        answer(request, f"The app password {name} is: {password}", reply)
        until = f" It is valid until {_minute(made.expires)}." if seconds else ""
        answer(
            request,
            f"It is not shown again. Log in with it as {request.user.account}, by SASL PLAIN or"
            f" IDENTIFY.{until} /msg {NAME} APPPASSWORD DEL {name} revokes it.",
            reply,
        )
    elif any(each.name == name for each in known):
        answer(request, f"You have an app password {name} already; revoke it first.", reply)
    elif len(known) >= MOST:
        answer(request, f"You have {MOST} app passwords already; revoke one of them.", reply)
    else:
        answer(request, f"{login.CHANGED}.", reply)


async def _remove(request: Request, name: str, reply: Response) -> None:
    accounts, world, own = request.world.accounts, request.world, request.user.account_id
    assert accounts is not None  # noqa: S101  # `handle` has looked
    version = accounts.version(own)
    try:
        known = await accounts.app_passwords(own)
        digest = next((each.digest for each in known if each.name == name), "")
        # A program can give up its own app password, and no other.
        if digest != request.session.app_password and not may_change_logins(request, reply):
            return
        is_done = bool(digest) and await account_changes.remove_app_password(
            world, own, digest, version
        )
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    if not is_done:
        answer(request, f"You have no app password {name}; APPPASSWORD LIST shows yours.", reply)
        return
    ended = logins.end_sessions(
        world, own, logins.REVOKED, keep=request.session, app_password=digest
    )
    answer(
        request, f"The app password {name} is revoked. Sessions of it that ended: {ended}.", reply
    )
