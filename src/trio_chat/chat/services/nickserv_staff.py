"""NickServ for operators of the server: SAREGISTER, SUSPEND, UNSUSPEND."""

from functools import partial

from trio_chat.chat.bans import Kind
from trio_chat.chat.commands import bans, new_accounts
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.services.nickserv import FACE, answer
from trio_chat.irc.masks import BadMask
from trio_chat.irc.names import InvalidName, fold_nick, fold_or_self


@FACE.order("SAREGISTER", "<account> <password>", 2, "registers an account for somebody", right="accounts")
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
    if new_accounts.is_taken(request, name, folded):
        return f"{name} belongs to somebody already, or looks like a name that does"
    return new_accounts.why_not_password(request, password)[1]


async def _create(request: Request, name: str, password: str, reply: Response) -> None:
    outcome = await new_accounts.create_account(request, name, password)
    if isinstance(outcome, str):
        answer(request, f"{outcome}.", reply)
        return
    audit(request, f"SAREGISTER {outcome.name}", reply)
    answer(request, f"{outcome.name} is registered.", reply)


@FACE.order("SUSPEND", "[<duration>] <account> [<reason>]", 1, "keeps an account from being used", right="accounts")
def _suspend(request: Request, words: list[str]) -> None:
    try:
        seconds, (name, *rest) = bans.take_duration(words)
    except BadMask as error:
        answer(request, f"{error}.")
        return
    accounts = request.world.accounts
    account = accounts.known.get(fold_or_self(name)) if accounts else None
    if account is None:
        answer(request, f"{name} is not registered.")
        return
    answer(request, bans.ban(request, Kind.ACCOUNT, account.name, seconds, " ".join(rest)))


@FACE.order("UNSUSPEND", "<account>", 1, "lets an account be used again", right="accounts")
def _unsuspend(request: Request, words: list[str]) -> None:
    answer(request, bans.unban(request, Kind.ACCOUNT, words[0]))
