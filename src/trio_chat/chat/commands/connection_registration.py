"""Connection registration and the end of connections: PASS, NICK, USER, PING, PONG, QUIT (Modern
IRC).
"""

import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from trio_chat.chat import banning, group_operators, nicknames, operators, policy
from trio_chat.chat.accounts import Busy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import NickChanged, SessionRegistered
from trio_chat.chat.commands import (
    accounts,
    sessions,
)
from trio_chat.chat.commands.welcome import send_welcome
from trio_chat.chat.moderation import rules, server_rules
from trio_chat.chat.moderation.server import NICKS, PROFILES, REASONS
from trio_chat.chat.nicknames import NickRefusal
from trio_chat.chat.registry import SERVICES, Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.users import PendingRegistration, User
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate
from trio_chat.irc.names import InvalidName, clean_username, fold_nick, fold_or_self

log = logging.getLogger("trio_chat")

_LOOKS_USED: Final = n.ERR_NICKNAMEINUSE.with_text(
    "That nickname looks like another one, or like a service; choose one that differs more"
)


@command(
    "PASS",
    "<password> | <account>:<password>",
    min_params=1,
    needs_registration=False,
    help="Give the server's password, or log in if it has none, before NICK and USER.",
    is_local=True,
)
def pass_command(request: Request) -> None:
    """Take the password, before registration; without a password of the server, that of an
    account.
    """
    pending = request.session.pending
    if pending is None:
        request.reply.numeric(n.ERR_ALREADYREGISTERED)
        return
    pending.password = request.params[-1]
    if not request.world.server_info.password:
        accounts.log_in_by_pass(request, pending.password)


def fold_or_refuse(request: Request, nick: str) -> str | None:
    """Return a nickname as it is compared; None when it cannot be one, and then that was
    answered.
    """
    try:
        return fold_nick(nick, request.world.lengths.nick)
    except InvalidName:
        request.reply.numeric(n.ERR_ERRONEUSNICKNAME, nick)
        return None


@command("NICK", "<nickname>", needs_registration=False, weight=2, help="Change your nickname.")
def nick_command(request: Request) -> None:
    """Take a nickname, at registration or later."""
    session, nick = request.session, request.param(0)
    if not nick:
        request.reply.numeric(n.ERR_NONICKNAMEGIVEN)
        return
    folded = fold_or_refuse(request, nick)
    if folded is None:
        return
    if session.pending is not None:
        _ask_for_nick(request, session.pending, nick, folded)
    else:
        _change_nick(request, request.user, nick, folded)


def _ask_for_nick(request: Request, pending: PendingRegistration, nick: str, folded: str) -> None:
    """Note the nickname to register with. Whether the client may have it depends on its account,
    which is not known yet; a nickname that no account could have is refused at once.
    """
    pending.asked_nick = nick
    holder = request.world.users.get(folded)
    if folded in SERVICES or (holder and not nicknames.shares_nick(request.world, holder)):
        request.reply.numeric(n.ERR_NICKNAMEINUSE, nick)
        return
    pending.nick = nick
    try_to_register(request)


def _change_nick(request: Request, user: User, nick: str, folded: str) -> None:
    world = request.world
    holder = world.users.get(folded, user)
    if holder is not user and nicknames.may_join_user(world, user.account_id, holder):
        sessions.move(request, user, holder)
        return
    why_not = nicknames.why_not_nick(world, nick, folded, user, user.account_id)
    if why_not is not None:
        refuse_nick(request, nick, why_not)
    elif (
        nick != user.nick
        and not _refuse_filtered(request, nick)
        and not _refuse_silenced(request, user, nick)
        and not _refuse_banned(request, nick)
    ):
        rename(request, user, nick, folded)


def _refuse_filtered(request: Request, nick: str) -> bool:
    """Refuse a nickname that a filter of the server matches; return whether it was."""
    is_refused = server_rules.refuses(request, NICKS, nick, "nickname")
    if is_refused:
        text = server_rules.why_not("This nickname")
        request.reply.fail("NICK", rules.FILTERED, nick, text=text)
        request.reply.numeric(n.ERR_ERRONEUSNICKNAME, nick)
    return is_refused


def rename(request: Request, user: User, nick: str, folded: str) -> None:
    """Give a user another nickname, which no other user has."""
    log.info("%s is now known as %s", user.source, nick)
    request.reply.emit_all(apply(request.world, NickChanged(user.folded, nick, folded)))


def _refuse_silenced(request: Request, user: User, nick: str) -> bool:
    """Refuse a nickname change, which all members would see, to a banned or muted user; return
    whether it was refused.
    """
    channel = policy.silenced_in(user)
    if channel is not None:
        request.reply.numeric(n.ERR_BANNICKCHANGE, nick, channel.name)
    return channel is not None


def _refuse_banned(request: Request, nick: str) -> bool:
    """End the session when it is banned from the server, or will be by its new nickname; return
    whether it is.
    """
    ban = banning.ban_of(request.world, request.session, nick)
    if ban is None:
        return False
    log.info(
        "refused %s (%s): banned by %s: %s", nick, request.session.address, ban.mask, ban.reason
    )
    request.reply.numeric(n.ERR_YOUREBANNEDCREEP, args=(banning.ban_text(ban),))
    request.reply.close(f"Banned: {ban.reason}")
    return True


@command(
    "USER",
    "<username> 0 * :<realname>",
    min_params=4,
    needs_registration=False,
    help="Give your user name and real name, once.",
)
def user_command(request: Request) -> None:
    """Take user name and real name."""
    world, pending = request.world, request.session.pending
    if pending is None:
        request.reply.numeric(n.ERR_ALREADYREGISTERED)
        return
    if not request.params[0] or not request.params[3]:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "USER")
        return
    pending.username = clean_username(request.params[0], world.lengths.username)
    pending.realname = truncate(request.params[3], world.lengths.realname)
    try_to_register(request)


def try_to_register(request: Request) -> None:
    """Complete the registration of a session that has sent everything for it (Modern IRC,
    Connection registration).
    """
    world, session = request.world, request.session
    pending = session.pending
    if pending is None or pending.is_negotiating or not (pending.nick and pending.username):
        return
    if session.check is not None:
        request.reply.postpone(partial(_once_checked, request, session.check))
        return
    if _refuse_password(request, pending):  # here, because only this server knows what was tried
        return
    if session.needs_account and not session.account:  # which only this server knows, too
        _require_account(request)
    elif world.registrar is not None:
        world.registrar(session)
    else:
        register(request)


async def _once_checked(
    request: Request, check: Callable[[], Awaitable[None]], reply: Response
) -> None:
    """Complete the registration after the address was looked up, meanwhile to what was sent."""
    await check()
    try_to_register(replace(request, reply=reply))


def register(request: Request) -> None:
    """Register a session that has sent everything for it, or refuse that."""
    world, session, pending = request.world, request.session, request.session.pending
    assert pending is not None  # noqa: S101  # it is not registered
    if _refuse_banned(request, pending.nick):
        return
    if world.server_info.account_rules.required and not session.account:
        _require_account(request)
        return
    wanted = fold_nick(pending.nick, world.lengths.nick)
    present = nicknames.user_to_join(world, session.account_id, wanted)
    if present is not None:
        sessions.join(request, present)
        return
    folded = _free_name(request, pending, wanted)
    if not folded:
        return
    realname = pending.realname
    if server_rules.refuses(request, PROFILES, realname, "real name"):
        realname = pending.username
    change = SessionRegistered(session.id, pending.nick, folded, pending.username, realname)
    events = apply(world, change)
    user = request.user
    log.info("registered %s (%s), realname %s", user.source, session.address, user.realname)
    operators.notify_opers(request, f"{user.source} [{session.address}] has come")
    send_welcome(request, pending)
    accounts.deliver_notices(request, request.reply)
    request.reply.emit_all(events)
    group_operators.review_later(request)


def _require_account(request: Request) -> None:
    """Close a session without a login on a server that requires one (IRCv3
    `draft/account-registration`, ACCOUNT_REQUIRED).
    """
    session, rules = request.session, request.world.server_info.account_rules
    log.info("refused %s (%s): not logged in", session.target, session.address)
    how = (
        "log in by SASL, or register first"
        if rules.registration and rules.before_connect
        else "log in by SASL"
    )
    request.reply.fail(
        "*", "ACCOUNT_REQUIRED", text=f"This server is for people with an account: {how}"
    )
    request.reply.close("An account is required")


def _refuse_password(request: Request, pending: PendingRegistration) -> bool:
    """End a session that does not know the server's password, if there is one; return whether it
    was ended.
    """
    password, session, control = (
        request.world.server_info.password,
        request.session,
        request.world.control,
    )
    if not password:
        return False
    why = "Password incorrect"
    try:
        if control is not None:
            control.refuse_guesser(session.origin)
        is_right = hmac.compare_digest(password.encode(), pending.password.encode())
        if control is not None and (is_right or pending.password):
            control.note_password(session.origin, is_right=is_right)
    except Busy as busy:
        is_right, why = False, str(busy)
    if is_right:
        return False
    log.info("refused %s (%s): wrong password", pending.nick, session.address)
    request.reply.numeric(n.ERR_PASSWDMISMATCH)
    request.reply.close(why)
    return True


def _free_name(request: Request, pending: PendingRegistration, wanted: str) -> str:
    """Return the folded nickname to register with: the wanted one, or a guest's. "" when the client
    must choose again.
    """
    world, nick = request.world, pending.nick
    if _refuse_filtered(request, nick):
        pending.nick = ""
        return ""
    why_not = nicknames.why_not_nick(world, nick, wanted, None, request.session.account_id)
    if why_not is None:
        return wanted
    pending.nick = ""
    refuse_nick(request, nick, why_not)
    is_taken = wanted in world.users
    if (
        why_not is not NickRefusal.RESERVED
        or is_taken
        or world.server_info.account_rules.reservation != "rename"
    ):
        return ""
    pending.nick = _guest_name(request)
    return fold_nick(pending.nick, world.lengths.nick)


def refuse_nick(request: Request, nick: str, why_not: NickRefusal) -> None:
    """Answer that a client cannot have a nickname."""
    if why_not is NickRefusal.RESERVED:
        _refuse_reserved(request, nick)
    else:
        is_confusable = why_not is NickRefusal.CONFUSABLE
        request.reply.numeric(_LOOKS_USED if is_confusable else n.ERR_NICKNAMEINUSE, nick)


def _refuse_reserved(request: Request, nick: str) -> None:
    """Reply that a nickname is registered and how its owner gets it, or that it cannot be used."""
    accounts = request.world.accounts
    if accounts is not None and fold_or_self(nick) in accounts.dropped:
        text = (
            f"{nick} was the name of an account that was deleted; only an operator of the server"
            " can free it"
        )
        request.reply.fail("NICK", "NICKNAME_RESERVED", nick, text=text)
        request.reply.numeric(n.ERR_NICKNAMEINUSE, nick)
        return
    how = (
        f"log in with SASL, or come under another name and say /msg NickServ IDENTIFY {nick}"
        f" <password>, then /nick {nick}"
    )
    request.reply.fail(
        "NICK",
        "NICKNAME_RESERVED",
        nick,
        text=f"{nick} is registered, or looks like a name that is. If it is yours, {how}",
    )
    request.reply.numeric(n.ERR_NICKNAMEINUSE, nick)


def _guest_name(request: Request) -> str:
    """Return a guest nickname that is not in use."""
    taken = request.world.users
    number = request.world.ids.next()
    while (name := f"Guest{number % 100_000:05}").lower() in taken:
        number += 1
    return name


@command(
    "PING",
    "<token>",
    needs_registration=False,
    help="Check that the server answers.",
    is_local=True,
)
def ping_command(request: Request) -> None:
    """Answer with PONG, before registration too."""
    if not request.param(0):
        request.reply.numeric(n.ERR_NOORIGIN)
        return
    request.reply.be_stateless()
    request.reply.send("PONG", (request.world.server_info.name, request.params[0]))


@command(
    "PONG", "<token>", needs_registration=False, help="Answer the server's PING.", is_local=True
)
def pong_command(request: Request) -> None:
    """Take a sign of life; that something came is all that counts."""


@command("QUIT", "[:<reason>]", needs_registration=False, help="Leave the chat.")
def quit_command(request: Request) -> None:
    """Leave: others see the reason, the client gets ERROR (Modern IRC, QUIT)."""
    reason = truncate(request.param(0), request.world.lengths.kick)
    user = request.session.user
    if user is not None and (
        policy.muted_in(user)
        or any(
            rules.has_filtered(request.world, user, channel, reason) for channel in user.channels
        )
        or server_rules.refuses(request, REASONS, reason, "reason of QUIT")
    ):
        reason = ""
    shown = f"Quit: {reason}" if reason else "Quit"
    if request.session.user is not None:
        request.reply.replay(request.world.event(request.user, "QUIT", (shown,), ()))
    request.reply.close(shown)
