"""Invitations: INVITE, KNOCK (Modern IRC, INVITE; IRCv3 invite-notify)."""

import logging
from typing import Final

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import UserInvited
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.moderation.server import REASONS
from trio_chat.chat.registry import Request, command
from trio_chat.chat.users import User
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self

log = logging.getLogger("trio_chat")

KNOCK_INTERVAL: Final = 60.0
"""Seconds within which a user can knock once."""


@command(
    "INVITE",
    "[<nickname> <channel>]",
    help="Invite a user into a channel; without parameters, list your invitations.",
)
def invite_command(request: Request) -> None:
    """Invite a user, or list the own invitations."""
    world, user, reply = request.world, request.user, request.reply
    if not request.params:
        for channel in user.invited:
            if world.channels.has(channel):
                reply.numeric(n.RPL_INVITELIST, channel.name)
        reply.numeric(n.RPL_ENDOFINVITELIST)
        return
    if len(request.params) < 2:
        reply.numeric(n.ERR_NEEDMOREPARAMS, "INVITE")
        return
    other = world.users.get(fold_or_self(request.params[0]))
    if other is None:
        reply.numeric(n.ERR_NOSUCHNICK, request.params[0])
        return
    channel_or_none = find_channel(request, request.params[1])
    if channel_or_none is None:
        return
    _invite(request, other, channel_or_none)


def _invite(request: Request, other: User, channel: Channel) -> None:
    world, user, reply = request.world, request.user, request.reply
    why_not = policy.why_not_invite(user, channel)
    if why_not:
        reply.numeric(why_not, channel.name)
        return
    if other in channel.members:
        reply.numeric(n.ERR_USERONCHANNEL, other.nick, channel.name)
        return
    why_not = policy.why_not_write_to(user, other)
    if why_not:
        reply.numeric(why_not, other.nick)
        return
    if world.moderation.restrains and (
        verdict := server_rules.why_not_new_to_user(world, request.session, other, "")
    ):
        reply.fail("INVITE", verdict.code, other.nick, text=verdict.why)
        return
    reply.numeric(n.RPL_INVITING, other.nick, channel.name)
    if other.away:
        reply.numeric(n.RPL_AWAY, other.nick, args=(other.away,))
    change = UserInvited(other.folded, channel.folded, user.folded, request.session.id)
    reply.emit_all(apply(world, change))


@command(
    "KNOCK",
    "<channel> [:<reason>]",
    min_params=1,
    help="Ask the operators of a channel that you may not join to invite you.",
)
def knock_command(request: Request) -> None:
    """Ask for an invitation; the operators and half-operators see it."""
    world, user, reply = request.world, request.user, request.reply
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    if user in channel.members:
        reply.numeric(n.ERR_KNOCKONCHAN, channel.name)
    elif channel.is_silenced(user) or channel.is_banned(user):
        reply.numeric(n.ERR_CANNOTKNOCK, channel.name, args=("you are banned",))
    elif policy.why_not_join(user, channel, "") is None:
        reply.numeric(n.ERR_CHANOPEN, channel.name)
    elif server_rules.keeps_out(world, user):
        why = "the server is in raid mode; log in to an account, or wait"
        reply.numeric(n.ERR_CANNOTKNOCK, channel.name, args=(why,))
    elif world.elapsed() - user.knocked < KNOCK_INTERVAL:
        reply.numeric(n.ERR_TOOMANYKNOCK, channel.name)
    else:
        user.knocked = world.elapsed()
        log.info("%s knocks at %s", user.source, channel.name)
        reason = truncate(request.param(1), world.lengths.kick)
        if server_rules.refuses(request, REASONS, reason, "reason of KNOCK"):
            reason = ""
        text = f"{n.RPL_KNOCK.text} ({reason})" if reason else n.RPL_KNOCK.text
        params = (channel.name, channel.name, user.source, text)
        operators = channel.ranked_audience(modes.HALF_OPERATOR)
        reply.emit(
            world.event(user, n.RPL_KNOCK, params, operators).replace(source=world.server_info.name)
        )
        reply.numeric(n.RPL_KNOCKDLVR, channel.name)
