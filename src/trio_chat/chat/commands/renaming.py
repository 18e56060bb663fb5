"""RENAME: renaming of a channel with its state and history (IRCv3 `draft/channel-rename`)."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from trio_chat.chat import policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ChannelRenamed
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel, send_present
from trio_chat.chat.commands.names import SharedNames
from trio_chat.chat.events import Output, Reply
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.moderation.server import NICKS, REASONS
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import WORK_PER_LINE, Steps
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc.message import truncate
from trio_chat.irc.names import InvalidName, fold_channel

log = logging.getLogger("trio_chat")

INTERVAL: Final = 60.0
"""Seconds between two names of a channel: each one makes clients that do not know RENAME leave and
join. A large channel has longer ones (`_interval`).
"""
_WORK_A_SECOND: Final = 400_000
"""Names that clients are sent for each second that a channel keeps its name."""
_MOST_PAID: Final = 40 * WORK_PER_LINE
"""The work that a user pays for renaming a channel, so that the next line need not wait for
minutes; the channel waits for the rest.
"""
_AT_ONCE: Final = 32
"""Clients that are shown a renamed channel in one step."""


@command(
    "RENAME",
    "<channel> <new name> [:<reason>]",
    stores=2,
    min_params=2,
    help="Rename a channel.",
)
def rename_command(request: Request) -> Steps:
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
    yield from _rename(request, channel, name, reason)


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
    if world.elapsed() - channel.renamed < _interval(channel):
        return "CANNOT_RENAME", "This channel has been renamed just now; wait a little"
    return None


def _interval(channel: Channel) -> float:
    """Return the seconds for which a channel keeps its name: each client can be sent the names of
    all members.
    """
    return max(INTERVAL, len(channel.members) ** 2 / _WORK_A_SECOND)


def _rename(request: Request, channel: Channel, name: str, reason: str) -> Steps:
    world, user = request.world, request.user
    before, folded_before = channel.name, channel.folded
    folded = fold_channel(name, world.lengths.channel)
    change = ChannelRenamed(channel.folded, name, folded, reason, by=user.folded)
    request.reply.emit_all(apply(world, change))
    log.info("%s renamed %s to %s", user.source, before, name)
    if folded == folded_before:
        return  # "This fallback SHOULD NOT be used if the rename only changes the case"
    moved = [
        session for session in channel.audience() if not session.effective & cap.CHANNEL_RENAME
    ]
    # At once, as all that is sent from now on has the new name.
    _move(request, moved, before, channel, reason)
    request.reply.be_for_others()
    work = len(moved) // 4
    paid = min(work, _MOST_PAID)
    request.reply.charge(paid - work)
    yield work
    for start in range(0, len(moved), _AT_ONCE):
        some = moved[start : start + _AT_ONCE]
        if world.channels.get(channel.folded) is channel:
            _show(request, some, channel)
        work = len(some) + len(channel.members) // 8
        due = min(work, _MOST_PAID - paid)
        paid += due
        request.reply.charge(due - work)
        yield work


def _move(
    request: Request, sessions: Sequence[Session], before: str, channel: Channel, reason: str
) -> None:
    """Have clients that do not know RENAME leave the old name and join the new one."""
    parts = []
    for session in sessions:
        user, caps = session.user, session.effective
        if user is None:
            continue
        left = request.world.event(user, "PART", (before, reason) if reason else (before,), ())
        extended = (channel.name, user.account or "*", user.realname)
        entered = replace(left, command="JOIN", params=(channel.name,), extended=extended)
        if session is request.session:
            request.reply.replay(left)
            request.reply.replay(entered)
        else:
            parts.append(Reply(session, left.encode(caps) + entered.encode(caps), is_reply=False))
    request.reply.include(Output(tuple(parts)))


def _show(request: Request, sessions: Sequence[Session], channel: Channel) -> None:
    """Show a channel to those of the clients that are still in it."""
    here = [session for session in sessions if session.user in channel.members]
    longest = max((session.target for session in here), key=_size, default="")
    shared = SharedNames(request.world, channel, longest)
    for session in here:
        theirs = request if session is request.session else request.for_session(session)
        send_present(theirs, channel, shared)
        if theirs is not request:
            request.reply.tell(theirs.reply)


def _size(nick: str) -> int:
    return len(nick.encode())
