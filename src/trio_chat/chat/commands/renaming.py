"""RENAME: renaming of a channel with its state and history (IRCv3 `draft/channel-rename`)."""

import logging

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ChannelRenamed
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel, send_present
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.moderation.server import NICKS, REASONS
from trio_chat.chat.registry import Request, command
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc.message import truncate
from trio_chat.irc.names import InvalidName, fold_channel

log = logging.getLogger("trio_chat")

INTERVAL = 60.0
"""Seconds between two names of a channel: each one makes clients that do not know RENAME leave and
join.
"""


@command(
    "RENAME",
    "<channel> <new name> [:<reason>]",
    stores=2,
    min_params=2,
    help="Rename a channel.",
)
def rename_command(request: Request) -> None:
    """Rename a channel; only its founder may rename a registered one."""
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    rank = modes.FOUNDER if channel.registration else modes.OPERATOR
    why_not = policy.why_not_operate(request.user, channel, rank)
    if why_not:
        request.reply.numeric(why_not, channel.name)
        return
    name = request.params[1]
    refusal = _why_not(request, channel, name)
    if refusal:
        request.reply.fail("RENAME", refusal[0], channel.name, name, text=refusal[1])
        return
    reason = truncate(request.param(2), request.world.lengths.kick)
    if server_rules.refuses(request, REASONS, reason, "reason of RENAME"):
        reason = ""
    _rename(request, channel, name, reason)


def _why_not(request: Request, channel: Channel, name: str) -> tuple[str, str] | None:
    world = request.world
    try:
        folded = fold_channel(name, world.lengths.channel)
    except InvalidName:
        return "CANNOT_RENAME", "That is no name of a channel"
    if name == channel.name:
        return "CANNOT_RENAME", "That is its name already"
    if channel is world.channels.lobby:
        return "CANNOT_RENAME", "The name of this channel is in the server's configuration"
    if world.channels.get(folded, channel) is not channel:
        return "CHANNEL_NAME_IN_USE", "There is a channel of that name already"
    if (other := world.channels.renamed_to(folded)) is not None and other is not channel:
        return (
            "CHANNEL_NAME_IN_USE",
            "That is a former name of another channel, to which it still leads",
        )
    if world.channels.is_confusable(name, folded, than=channel.folded):
        return "CHANNEL_NAME_IN_USE", "There is a channel already whose name looks like that"
    if server_rules.refuses(request, NICKS, name, "name of a channel"):
        return "CANNOT_RENAME", server_rules.why_not("The name")
    if world.elapsed() - channel.renamed < INTERVAL:
        return "CANNOT_RENAME", "This channel has been renamed just now; wait a little"
    return None


def _rename(request: Request, channel: Channel, name: str, reason: str) -> None:
    world, user = request.world, request.user
    before, folded_before = channel.name, channel.folded
    folded = fold_channel(name, world.lengths.channel)
    change = ChannelRenamed(channel.folded, name, folded, reason, by=user.folded)
    request.reply.emit_all(apply(world, change))
    log.info("%s renamed %s to %s", user.source, before, name)
    if folded == folded_before:
        return  # "This fallback SHOULD NOT be used if the rename only changes the case"
    for session in channel.audience():
        if not session.effective & cap.CHANNEL_RENAME:
            _fall_back(request, session, before, channel, reason)


def _fall_back(
    request: Request, session: Session, before: str, channel: Channel, reason: str
) -> None:
    """Have a client that does not know RENAME leave the old name and join the new one."""
    user = session.user
    if user is None:
        return
    is_own = session is request.session
    theirs = request if is_own else request.for_session(session)
    reply = theirs.reply
    extended = (channel.name, user.account or "*", user.realname)
    reply.replay(request.world.event(user, "PART", (before, reason) if reason else (before,), ()))
    reply.replay(request.world.event(user, "JOIN", (channel.name,), ()).replace(extended=extended))
    send_present(theirs, channel)
    if not is_own:
        request.reply.tell(reply)
