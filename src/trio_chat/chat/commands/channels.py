"""Channels: JOIN, PART, TOPIC, KICK (Modern IRC, Channel operations; IRCv3
extended-join).
"""

import logging
from itertools import zip_longest
from typing import Final

from trio_chat.chat import policy, public_archive
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    InvitationUsed,
    MemberJoined,
    MemberKicked,
    MemberParted,
    NewcomerAdmitted,
    TopicSet,
)
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.commands import markers, metadata_unasked, playback
from trio_chat.chat.commands.accounts import count_failure
from trio_chat.chat.commands.names import SharedNames, send_names
from trio_chat.chat.invitations import Holder, Invitation, holder_of, looks_like_token
from trio_chat.chat.moderation import rules, server_rules
from trio_chat.chat.moderation.server import NICKS, REASONS, TOPICS
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Steps
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate
from trio_chat.irc.names import InvalidName, each_once, fold_channel, fold_or_self
from trio_chat.irc.numerics import Numeric

log = logging.getLogger("trio_chat")

_SERVER_RAID: Final = n.ERR_NEEDREGGEDNICK.with_text(
    "This server is in raid mode: log in to an account to join channels, or wait until it is over"
)
_FILTERED: Final = n.ERR_BADCHANNAME.with_text(server_rules.why_not("That name"))
_RENAMED: Final = n.ERR_LINKCHANNEL.with_text("The channel has been renamed")


def find_channel(request: Request, name: str) -> Channel | None:
    """Return a channel that the user may know of, or answer ERR_NOSUCHCHANNEL and return None."""
    channel = request.world.channels.get(fold_or_self(name))
    if channel is None or not policy.can_see_channel(request.user, channel):
        request.reply.numeric(n.ERR_NOSUCHCHANNEL, name)
        return None
    return channel


@command(
    "JOIN",
    "<channel>{,<channel>} [<key>{,<key>}]",
    min_params=1,
    help="Join channels; JOIN 0 leaves all.",
)
def join_command(request: Request) -> Steps:
    """Join channels, each with its key."""
    if request.params[0] == "0":
        for channel in list(request.user.channels):
            if channel in request.user.channels:
                part(request, request.user, channel, "")
                yield _work_of(channel)
        return
    names = request.params[0].split(",")
    keys = request.param(1).split(",")[: len(names)]
    keyed: dict[str, str] = {}  # one that is named twice has a key in both places
    for name, key in zip_longest(names, keys, fillvalue=""):
        keyed.setdefault(name, key)
    invitations, address = request.world.invitations, request.session.payer
    guessed = False
    for name, key in keyed.items():
        # Before it is joined, so that a client that joins a large channel awaits its turn.
        yield _work_of(request.world.channels.get(fold_or_self(name)))
        join(request, name, key)
        wanted = request.world.channels.get(fold_or_self(name))
        if _is_wrong_token(request, wanted, key):
            guessed = True
            if refusal := invitations.why_refused(address):
                request.reply.fail("JOIN", "TOO_MANY_WRONG_INVITATIONS", name, text=refusal)
            invitations.note_wrong(address)
    if guessed:  # once for a command: a client that reconnects may have several that have expired
        count_failure(request, request.reply)


def _is_wrong_token(request: Request, channel: Channel | None, key: str) -> bool:
    """Return whether a token of an invitation was wrong, and so may have been guessed; or was not
    looked at, because too many were.
    """
    invitations = request.world.invitations
    return (
        channel is not None
        and looks_like_token(key)
        and channel not in request.user.channels
        and (
            bool(invitations.why_refused(request.session.payer))
            or invitations.find(channel.founded, key) is None
        )
    )


def _work_of(channel: Channel | None) -> int:
    """Return the cost of a command that names every member of a channel, or sends each of them
    something.
    """
    return 1 + len(channel.members) // 2 if channel is not None else 1


def _why_not_join(
    request: Request, channel: Channel, key: str, invitation: Invitation | None
) -> Numeric | None:
    """Return why the user may not join, or None; an invitation overrules raid mode, too."""
    world, user = request.world, request.user
    why_not = policy.why_not_join(user, channel, key, invitation)
    if why_not is not None:
        return why_not
    is_invited = invitation is not None or channel in user.invited
    if server_rules.keeps_out(world, user) and not is_invited:
        return _SERVER_RAID
    if rules.keeps_out(world, user, channel) and not is_invited:
        return n.ERR_NEEDREGGEDNICK
    return None


def _why_not_create(request: Request, name: str, folded: str) -> Numeric | None:
    """Return why there can be no new channel of a name, or None."""
    if request.override:
        return None
    if server_rules.keeps_out(request.world, request.user):
        return _SERVER_RAID
    if request.world.channels.is_confusable(name, folded):
        return n.ERR_BADCHANNAME
    if server_rules.refuses(request, NICKS, name, "name of a channel"):
        return _FILTERED
    return None


def join(request: Request, name: str, key: str, *, may_forward: bool = True) -> None:
    """Join one channel, or reply why it is refused."""
    world, user = request.world, request.user
    try:
        folded = fold_channel(name, world.lengths.channel)
    except InvalidName:
        request.reply.numeric(n.ERR_NOSUCHCHANNEL, name)
        return
    channel = world.channels.get(folded)
    invitation: Invitation | None = None
    if channel is not None and user in channel.members:
        return
    if len(user.channels) >= world.lengths.channels_per_user:
        request.reply.numeric(n.ERR_TOOMANYCHANNELS, name)
        return
    if channel is None and _redirect(request, name, folded, key):
        return
    if channel is None:
        if why_not := _why_not_create(request, name, folded):
            request.reply.numeric(why_not, name)
            return
    else:
        invitation = invitation_for(request, channel, key)
        why_not = None if request.override else _why_not_join(request, channel, key, invitation)
        if why_not:
            log.info("%s may not join %s: %s", user.source, channel.name, why_not.text)
            if may_forward and fold_or_self(channel.forward) in world.channels:
                # Once: two channels may point at each other.
                request.reply.numeric(n.ERR_LINKCHANNEL, name, channel.forward)
                join(request, channel.forward, "", may_forward=False)
                return
            # As it was asked for: its own spelling is for its members.
            request.reply.numeric(why_not, name)
            return
    if server_rules.keeps_out(world, user) and channel is not None:
        apply(world, NewcomerAdmitted(user.folded, folded))
    events = apply(world, MemberJoined(user.folded, folded, name, request.session.id))
    if invitation is not None:
        apply(world, InvitationUsed(invitation.digest, holder(user)))
    channel = world.channels[folded]
    log.info("%s joined %s", user.source, channel.name)
    request.reply.emit_all(events)
    _send_state_to_all(request, channel)


def holder(user: User) -> Holder:
    """Return by what a user is known that uses an invitation."""
    return holder_of(user.account_id, user.folded, user.host)


def invitation_for(request: Request, channel: Channel, key: str) -> Invitation | None:
    """Return the invitation into a channel by a token, if it admits the user; after many wrong
    tokens of an address only one that has admitted the user before.
    """
    invitations, user = request.world.invitations, holder(request.user)
    found = invitations.find(channel.founded, key)
    if found is None or not found.admits(user):
        return None
    is_refused = invitations.why_refused(request.session.payer) and not found.has_admitted(user)
    return None if is_refused else found


def _redirect(request: Request, name: str, folded: str, key: str) -> bool:
    """Redirect a JOIN with a former name of a channel (IRCv3 draft/channel-rename); return whether
    there is such a channel.

    A client with the capability gets FAIL with the new name; any other joins the channel under that
    name. A secret channel is redirected to for its members only. A member's session that was
    attached when the name changed has seen the change, and creates a new channel with the old name,
    unless the channel is registered: a registered channel keeps its former names.
    """
    user, session = request.user, request.session
    channel = request.world.channels.renamed_to(folded)
    if channel is None or not policy.can_see_channel(user, channel):
        return False
    was_there = session.attached < channel.renamed
    if user in channel.members and was_there and channel.registration is None:
        return False
    if session.effective & cap.CHANNEL_RENAME:
        request.reply.fail(
            "JOIN", "CHANNEL_RENAMED", name, channel.name, text="The channel has been renamed"
        )
    else:
        request.reply.numeric(_RENAMED, name, channel.name)
        join(request, channel.name, key)
    return True


def _send_state_to_all(request: Request, channel: Channel) -> None:
    """Send the state of a channel to the sessions of a user that has just joined it."""
    send_state(request, channel)
    for session in request.other_sessions():
        theirs = request.for_session(session)
        send_state(theirs, channel)
        request.reply.tell(theirs.reply)


def send_state(request: Request, channel: Channel, missed_since: int = 0) -> None:
    """Send a user that has joined a channel the topic, the names and the last messages.

    Args:
        request: the request of the session.
        channel: the channel.
        missed_since: for a returning user, the id after which none of its sessions was connected; 0
            for a new member.
    """
    send_present(request, channel)
    metadata_unasked.on_join(request, channel)
    playback.play_back(request, channel, missed_since)


def send_present(request: Request, channel: Channel, shared: SharedNames | None = None) -> None:
    """Send the current state of a channel: topic, read marker, and names (without
    `no-implicit-names`).

    Args:
        request: the request of the session.
        channel: the channel.
        shared: the names, if others are sent them, too.
    """
    if channel.topic:
        _send_topic(request, channel, channel.topic)
    if url := public_archive.link(request.world, channel):
        text = f"Everybody can read this channel at {url}"
        request.reply.numeric(n.RPL_CHANNEL_URL, channel.name, args=(text,))
    if request.session.caps & cap.READ_MARKER:  # "before the RPL_ENDOFNAMES"
        markers.send_marker(request.world, request.user, channel.name, request.reply)
    if not request.session.caps & cap.NO_IMPLICIT_NAMES:
        send_names(request, channel, shared)


@command("PART", "<channel>{,<channel>} [:<reason>]", min_params=1, help="Leave channels.")
def part_command(request: Request) -> None:
    """Leave channels."""
    for name in each_once(request.params[0].split(",")):
        channel = find_channel(request, name)
        if channel is None:
            continue
        if channel not in request.user.channels:
            request.reply.numeric(n.ERR_NOTONCHANNEL, channel.name)
            continue
        request.reply.charge(len(channel.members) // 2)  # each of them is sent it
        # A member that may not speak cannot do so by the reason of a PART.
        reason = request.param(1)
        if (
            policy.is_muted(request.user, channel)
            or rules.has_filtered(request.world, request.user, channel, reason)
            or server_rules.refuses(request, REASONS, reason, "reason of PART")
        ):
            reason = ""
        part(request, request.user, channel, reason)


def part(request: Request, user: User, channel: Channel, reason: str) -> None:
    """Have a member leave one channel."""
    world = request.world
    log.info("%s left %s", user.source, channel.name)
    change = MemberParted(user.folded, channel.folded, truncate(reason, world.lengths.kick))
    request.reply.emit_all(apply(world, change))


@command(
    "TOPIC",
    "<channel> [:<topic>]",
    stores=2,
    min_params=1,
    help="Show or change a channel's topic.",
)
def topic_command(request: Request) -> None:
    """Show the topic, or change it; an empty text removes it."""
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    if len(request.params) == 1:
        if channel.topic:
            _send_topic(request, channel, channel.topic)
        else:
            request.reply.numeric(n.RPL_NOTOPIC, channel.name)
        return
    world, user = request.world, request.user
    why_not = policy.why_not_set_topic(user, channel)
    if why_not:
        request.reply.numeric(why_not, channel.name)
        return
    text = truncate(request.params[1], world.lengths.topic)
    if why := rules.why_filtered(world, user, channel, text):
        request.reply.fail("TOPIC", rules.FILTERED, channel.name, text=why)
        return
    if server_rules.refuses(request, TOPICS, text, f"topic in {channel.name}"):
        why = server_rules.why_not_text(request, "The topic", text)
        request.reply.fail("TOPIC", rules.FILTERED, channel.name, text=why)
        return
    request.reply.emit_all(apply(world, TopicSet(channel.folded, text, user.folded)))


def _send_topic(request: Request, channel: Channel, topic: Topic) -> None:
    request.reply.numeric(n.RPL_TOPIC, channel.name, args=(topic.text,))
    if topic.time:  # the first topic of a cluster's lobby is older than the first entry of its log
        request.reply.numeric(n.RPL_TOPICWHOTIME, channel.name, topic.setter, str(topic.time))


@command(
    "KICK",
    "<channel> <nickname>{,<nickname>} [:<reason>]",
    min_params=2,
    help="Remove members from a channel.",
)
def kick_command(request: Request) -> None:
    """Remove members from a channel; or each from its own, when as many channels are named (RFC
    2812 §3.2.8).
    """
    names, nicks = request.params[0].split(","), request.params[1].split(",")
    if len(names) == 1:
        names *= len(nicks)
    if len(names) != len(nicks):
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "KICK")
        return
    once: dict[tuple[str, str], tuple[str, str]] = {}
    for name, nick in zip(names, nicks, strict=True):
        once.setdefault((fold_or_self(name), fold_or_self(nick)), (name, nick))
    pairs = list(once.values())
    request.refuse_surplus([nick for _, nick in pairs])
    for name, nick in pairs[: request.world.lengths.targets]:
        _kick(request, name, nick)


def _kick(request: Request, name: str, nick: str) -> None:
    world, user, reply = request.world, request.user, request.reply
    channel = find_channel(request, name)
    if channel is None:
        return
    other = world.users.get(fold_or_self(nick))
    if why_not := policy.why_not_operate(user, channel, modes.HALF_OPERATOR):
        reply.numeric(why_not, channel.name)
    elif other is None:
        reply.numeric(n.ERR_NOSUCHNICK, nick)
    elif other not in channel.members:
        reply.numeric(n.ERR_USERNOTINCHANNEL, other.nick, channel.name)
    elif why_not := policy.why_not_kick(user, other, channel):
        reply.numeric(why_not, channel.name)
    else:
        reason = truncate(request.param(2) or user.nick, world.lengths.kick)
        if server_rules.refuses(request, REASONS, reason, "reason of KICK"):
            reason = user.nick
        log.info("%s kicked %s from %s: %s", user.source, other.nick, channel.name, reason)
        change = MemberKicked(other.folded, channel.folded, reason, by=user.folded)
        reply.emit_all(apply(world, change))
