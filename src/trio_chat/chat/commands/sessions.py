"""Further sessions of one user: a session joins a user that is connected or always on."""

import logging

from trio_chat.chat import group_operators
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import SessionAttached, SessionMoved
from trio_chat.chat.commands import accounts, channels, playback
from trio_chat.chat.commands.modes import send_own_modes
from trio_chat.chat.commands.welcome import send_welcome
from trio_chat.chat.ids import milliseconds
from trio_chat.chat.registry import Request
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.plurals import counted

log = logging.getLogger("trio_chat")


def join(request: Request, user: User) -> None:
    """Attach the session to a present user, with its nickname and its channels."""
    session, reply, pending = request.session, request.reply, request.session.pending
    assert pending is not None  # noqa: S101  # it registers at this moment
    if _is_full(request, user):
        reply.close(
            f"You have {counted(len(user.sessions), 'session')} already: end one with /msg NickServ"
            " CLIENTS LOGOUT"
        )
        return
    missed_since = _missed_since(request.world, user)
    events = apply(request.world, SessionAttached(session.id, user.folded))
    log.info("one more session of %s", user.source)
    send_welcome(request, pending)
    reply.emit_all(events)
    _send_channels(request, missed_since)
    group_operators.review_later(request)


def move(request: Request, before: User, user: User) -> None:
    """Attach the session to the user of the same account that has the nickname: so a client returns
    without SASL.
    """
    if _is_full(request, user):
        request.reply.fail(
            "NICK",
            "TOO_MANY_SESSIONS",
            user.nick,
            text=f"{user.nick} has {counted(len(user.sessions), 'session')} already",
        )
        return
    for (
        channel
    ) in before.channels:  # to the client it is as if it left, and came into those of the other
        request.reply.replay(request.world.event(before, "PART", (channel.name,), ()))
    request.reply.replay(request.world.event(before, "NICK", (user.nick,), ()))
    missed_since = _missed_since(request.world, user)
    log.info("%s is one more session of %s", before.source, user.source)
    change = SessionMoved(request.session.id, user.folded)
    request.reply.emit_all(apply(request.world, change))
    if user.modes:
        send_own_modes(request)
    _send_channels(request, missed_since)


def _is_full(request: Request, user: User) -> bool:
    return len(user.sessions) >= request.world.lengths.sessions_per_user


def _missed_since(world: World, user: User) -> int:
    """Return the id after which no session of the user was connected; 0 if one is."""
    return (
        0
        if user.sessions
        else max(1, world.ids.timeline.reference(milliseconds(user.seen) - 1).last)
    )


def _send_channels(request: Request, missed_since: int) -> None:
    """Send a session that was attached to a user the channels of this user."""
    user = request.user
    for channel in user.channels:
        extended = (channel.name, user.account or "*", user.realname)
        request.reply.replay(
            request.world.event(user, "JOIN", (channel.name,), ()).replace(extended=extended)
        )
        channels.send_state(request, channel, missed_since)
    if missed_since:
        playback.play_back_private(request, missed_since)
    accounts.deliver_notices(request, request.reply)
