"""NickServ: the identities of single sign-on, or of a directory, that log in to an account."""

from functools import partial

from trio_chat.chat import account_changes
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.commands import accounts as login
from trio_chat.chat.identities import LINK_SECONDS
from trio_chat.chat.identity_keys import MOST, IdentityKey
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.services.app_passwords import may_change_logins
from trio_chat.chat.services.nickserv import NAME, NICKSERV, answer
from trio_chat.chat.services.service import LOG_IN_FIRST


@NICKSERV.command(
    "LINK", "[LIST | DEL <number>]", 0, "lets you log in to your account by single sign-on"
)
def _identity(request: Request, words: list[str]) -> None:
    verb = words[0].upper() if words else ""
    rules = request.world.server_info.account_rules
    if not request.user.account:
        answer(request, LOG_IN_FIRST)
    elif verb == "LIST":
        request.reply.postpone(partial(_list, request))
    elif verb == "DEL" and len(words) == 2 and words[1].isascii() and words[1].isdecimal():
        if may_change_logins(request):
            request.reply.postpone(partial(_unlink, request, int(words[1][:4])))
    elif verb:
        answer(request, f"Usage: /msg {NAME} {NICKSERV.commands['LINK'].usage}")
    elif not (rules.has_sign_on or rules.has_directory):
        answer(request, "There is no single sign-on on this server.")
    elif may_change_logins(request):
        request.session.link_until = request.world.elapsed() + LINK_SECONDS
        answer(
            request,
            f"Log in by single sign-on on this connection within {LINK_SECONDS // 60} minutes: that"
            f" identity then logs in to {request.user.account}.",
        )


def describe(identity: IdentityKey) -> str:
    """Return what there is to say of an identity."""
    return f"{identity.subject} of {identity.issuer}"


async def _list(request: Request, reply: Response) -> None:
    accounts = request.world.accounts
    assert accounts is not None  # noqa: S101  # `handle` has looked
    try:
        known = await accounts.identities(request.user.account_id)
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    for number, identity in enumerate(known, 1):
        answer(request, f"{number}: {describe(identity)}", reply)
    answer(request, f"That is all: {len(known)} of {MOST}.", reply)


async def _unlink(request: Request, number: int, reply: Response) -> None:
    world, accounts, own = request.world, request.world.accounts, request.user.account_id
    assert accounts is not None  # noqa: S101  # `handle` has looked
    version = accounts.version(own)
    try:
        known = await accounts.identities(own)
        is_done = 0 < number <= len(known) and await account_changes.unlink_identity(
            world, own, known[number - 1], version
        )
    except AccountsError as error:
        answer(request, f"{login.explain(error)}.", reply)
        return
    if is_done:
        answer(request, f"{describe(known[number - 1])} logs in to your account no longer.", reply)
    else:
        answer(request, f"There is no identity {number}; LINK LIST shows yours.", reply)
