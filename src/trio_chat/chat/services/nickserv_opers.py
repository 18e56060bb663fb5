"""NickServ for operators of the server: SAREGISTER, SAPASSWD, SADROP, SUSPEND, UNSUSPEND, FREE."""

from functools import partial

from trio_chat.chat import account_changes, logins
from trio_chat.chat.accounts import Account, AccountsError, Busy
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import BanKind
from trio_chat.chat.changes import ProbationEnded
from trio_chat.chat.commands import account_creation, account_registration, bans
from trio_chat.chat.commands.accounts import explain
from trio_chat.chat.moderation.probation_rules import account_key
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.services.nickserv import NICKSERV, answer
from trio_chat.irc.masks import BadMask
from trio_chat.irc.names import InvalidName, fold_nick, fold_or_self


@NICKSERV.command(
    "SAREGISTER", "<account> <password>", 2, "registers an account for somebody", right="accounts"
)
def _saregister(request: Request, words: list[str]) -> None:
    name, password = words[0], words[1]
    refusal = _why_not(request, name, password)
    if refusal:
        answer(request, f"{refusal}.")
    else:
        request.reply.postpone(partial(_create, request, name, password))


def _why_not(request: Request, name: str, password: str) -> str:
    world = request.world
    try:
        folded = fold_nick(name, world.lengths.nick)
    except InvalidName:
        return f"{name} is not a name that an account can have"
    if world.accounts is not None and folded in world.accounts.dropped:
        return (
            f"{name} was the name of an account that was deleted; free it first:"
            f" /msg {NICKSERV.name}"
            f" FREE {name}"
        )
    if account_creation.is_taken(request, name, folded):
        return f"{name} belongs to somebody already, or looks like a name that does"
    return account_registration.why_not_password(request, password)[1]


async def _create(request: Request, name: str, password: str, reply: Response) -> None:
    outcome = await account_creation.create_account(request, name, password, by_operator=True)
    if isinstance(outcome, str):
        answer(request, f"{outcome}.", reply)
        return
    apply(request.world, ProbationEnded(account_key(outcome.id)))
    audit(request, f"SAREGISTER {outcome.name}", reply)
    answer(request, f"{outcome.name} is registered.", reply)


def _account(request: Request, name: str) -> Account | None:
    """Return an account; answer that there is none."""
    accounts = request.world.accounts
    account = accounts.known.get(fold_or_self(name)) if accounts else None
    if account is None:
        answer(request, f"{name} is not registered.")
    return account


@NICKSERV.command(
    "SAPASSWD",
    "<account> <new password>",
    2,
    "changes the password of an account for somebody, and ends its sessions",
    right="accounts",
)
def _sapasswd(request: Request, words: list[str]) -> None:
    account = _account(request, words[0])
    if account is None:
        return
    refusal = account_registration.why_not_password(request, words[1])[1]
    if refusal:
        answer(request, f"{refusal}.")
    else:
        request.reply.postpone(partial(_change_password, request, account, words[1]))


async def _change_password(
    request: Request, account: Account, password: str, reply: Response
) -> None:
    world, session = request.world, request.session
    try:
        is_done = await account_changes.set_password(world, account.id, password, session.origin)
    except (AccountsError, Busy, ValueError) as error:
        answer(request, f"{explain(error)}.", reply)
        return
    if not is_done:
        answer(request, f"{account.name} was deleted in the meantime.", reply)
        return
    audit(request, f"SAPASSWD {account.name}", reply)
    ended = logins.end_sessions(world, account.id, logins.CREDENTIALS_CHANGED, keep=session)
    answer(
        request,
        f"The password of {account.name} is changed. Sessions that were ended: {ended}.",
        reply,
    )


@NICKSERV.command(
    "SADROP", "<account>", 1, "deletes an account for somebody; its name stays", right="accounts"
)
def _sadrop(request: Request, words: list[str]) -> None:
    account = _account(request, words[0])
    if account is not None:
        request.reply.postpone(partial(_delete, request, account))


async def _delete(request: Request, account: Account, reply: Response) -> None:
    try:
        events = await account_changes.delete(request.world, account, reply)
    except AccountsError as error:
        answer(request, f"{explain(error)}.", reply)
        return
    audit(request, f"SADROP {account.name}", reply)
    reply.emit_all(events or ())
    answer(
        request,
        f"The account {account.name} is deleted. Nobody can register that name until you free it:"
        f" /msg {NICKSERV.name} FREE {account.name}",
        reply,
    )


@NICKSERV.command(
    "SUSPEND",
    "[<duration>] <account> [<reason>]",
    1,
    "keeps an account from being used",
    right="accounts",
)
def _suspend(request: Request, words: list[str]) -> None:
    try:
        seconds, (name, *rest) = bans.take_duration(words)
    except BadMask as error:
        answer(request, f"{error}.")
        return
    account = _account(request, name)
    if account is None:
        return
    done = bans.ban(request, BanKind.ACCOUNT, account.name, seconds, " ".join(rest), account.id)
    request.once_settled(lambda: answer(request, done))


@NICKSERV.command("UNSUSPEND", "<account>", 1, "lets an account be used again", right="accounts")
def _unsuspend(request: Request, words: list[str]) -> None:
    done = bans.unban(request, BanKind.ACCOUNT, words[0])
    request.once_settled(lambda: answer(request, done))


@NICKSERV.command(
    "FREE",
    "<account>",
    1,
    "lets the name of a deleted account be registered again",
    right="accounts",
)
def _free(request: Request, words: list[str]) -> None:
    world, folded = request.world, fold_or_self(words[0])
    gone = world.accounts.dropped.get(folded) if world.accounts else None
    block = next(
        (
            block
            for block in world.server_info.operators.values()
            if fold_or_self(block.account) == folded
        ),
        None,
    )
    if gone is None:
        answer(request, f"{words[0]} is not the name of an account that was deleted.")
    elif block is not None:
        why = f"Whoever registers {gone.name} would be the operator {block.name}"
        answer(request, f"{why}: take that account out of config.ini first.")
    else:
        request.reply.postpone(partial(_release, request, gone))


async def _release(request: Request, gone: Account, reply: Response) -> None:
    try:
        events = await account_changes.free(request.world, gone)
    except AccountsError as error:
        answer(request, f"{explain(error)}.", reply)
        return
    audit(request, f"FREE {gone.name}", reply)
    reply.emit_all(events)
    answer(
        request,
        f"{gone.name} can be registered now. A new account inherits nothing of the deleted one.",
        reply,
    )
