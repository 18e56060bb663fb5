"""Channels: JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK (Modern IRC, Channel operations; IRCv3 extended-join, invite-notify)."""

import logging
from itertools import zip_longest

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.commands import markers, metadata, playback
from trio_chat.chat.registrations import rank_event
from trio_chat.chat.registry import Request, command
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, fold_words, truncate
from trio_chat.irc.names import InvalidName, fold_channel, fold_or_self

log = logging.getLogger("trio_chat")


def find_channel(request: Request, name: str) -> Channel | None:
    """Return a channel that the user may know of, or answer ERR_NOSUCHCHANNEL and return None."""
    channel = request.world.channels.get(fold_or_self(name))
    if channel is None or not policy.can_see_channel(request.user, channel):
        request.reply.numeric(n.ERR_NOSUCHCHANNEL, name)
        return None
    return channel


@command("JOIN", "<channel>{,<channel>} [<key>{,<key>}]", min_params=1, help="Join channels; JOIN 0 leaves all.")
def join_command(request: Request) -> None:
    """Join channels, each with its key."""
    if request.params[0] == "0":
        for channel in list(request.user.channels):
            part(request, channel, "")
        return
    names = list(dict.fromkeys(request.params[0].split(",")))
    for name, key in zip_longest(names, request.param(1).split(",")[: len(names)], fillvalue=""):
        join(request, name, key)


def join(request: Request, name: str, key: str) -> None:
    """Join one channel, or say why not."""
    world, user = request.world, request.user
    try:
        folded = fold_channel(name, world.lengths.channel)
    except InvalidName:
        request.reply.numeric(n.ERR_NOSUCHCHANNEL, name)
        return
    channel = world.channels.get(folded)
    if channel is not None and user in channel.members:
        return
    if len(user.channels) >= world.lengths.channels_per_user:
        request.reply.numeric(n.ERR_TOOMANYCHANNELS, name)
        return
    if channel is None:
        channel = world.create_channel(name, folded)
        world.enter(user, channel, "o")
    else:
        why_not = None if request.override else policy.why_not_join(user, channel, key)
        if why_not:
            log.info("%s may not join %s: %s", user.source, channel.name, why_not.text)
            request.reply.numeric(why_not, channel.name)
            return
        world.enter(user, channel, channel.registration.rank_of(user) if channel.registration else "")
    user.invited.pop(channel, None)
    log.info("%s joined %s", user.source, channel.name)
    _announce_join(request, channel)


def _announce_join(request: Request, channel: Channel) -> None:
    world, user, reply = request.world, request.user, request.reply
    extended = (channel.name, user.account or "*", user.realname)
    reply.emit(world.event(user, "JOIN", (channel.name,), channel.audience(), extended=extended, channels=(channel,)))
    if channel.registration and (letter := channel.registration.rank_of(user)):
        reply.emit(rank_event(world, channel, user, letter))
    if user.away:  # IRCv3 away-notify: who joins while away says so
        event = world.event(user, "AWAY", (user.away,), channel.audience(), skip=request.session, requires=cap.AWAY_NOTIFY)
        reply.emit(event)
    metadata.introduce(request, channel)
    send_state(request, channel)


def send_state(request: Request, channel: Channel, missed_since: int = 0) -> None:
    """Send what somebody who has just come into a channel wants to know: topic, names, what was said last.

    Args:
        request: whose it is.
        channel: where.
        missed_since: the id after which nobody was there to read, for who comes back; 0 for who is new.
    """
    if channel.topic:
        _send_topic(request, channel, channel.topic)
    if request.session.caps & cap.READ_MARKER:  # "before the RPL_ENDOFNAMES"
        markers.send_marker(request.world, request.user, channel.name, request.reply)
    send_names(request, channel)
    metadata.on_join(request, channel)
    playback.play_back(request, channel, missed_since)


@command("PART", "<channel>{,<channel>} [:<reason>]", min_params=1, help="Leave channels.")
def part_command(request: Request) -> None:
    """Leave channels."""
    for name in dict.fromkeys(request.params[0].split(",")):
        channel = find_channel(request, name)
        if channel is None:
            continue
        if channel not in request.user.channels:
            request.reply.numeric(n.ERR_NOTONCHANNEL, channel.name)
            continue
        part(request, channel, request.param(1))


def part(request: Request, channel: Channel, reason: str) -> None:
    """Leave one channel."""
    world, user = request.world, request.user
    log.info("%s left %s", user.source, channel.name)
    params = (channel.name, truncate(reason, world.lengths.kick)) if reason else (channel.name,)
    request.reply.emit(world.event(user, "PART", params, channel.audience(), channels=(channel,)))
    world.leave(user, channel)


@command("TOPIC", "<channel> [:<topic>]", min_params=1, help="Show or change a channel's topic.")
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
    channel.topic = Topic(text, user.source, int(world.clock())) if text else None
    world.touch(channel)
    request.reply.emit(world.event(user, "TOPIC", (channel.name, text), channel.audience(), channels=(channel,)))


def _send_topic(request: Request, channel: Channel, topic: Topic) -> None:
    request.reply.numeric(n.RPL_TOPIC, channel.name, args=(topic.text,))
    request.reply.numeric(n.RPL_TOPICWHOTIME, channel.name, topic.setter, str(topic.time))


@command("NAMES", "[<channel>{,<channel>}]", help="List the members of channels.")
def names_command(request: Request) -> None:
    """List members of the channels named."""
    if not request.param(0):
        request.reply.numeric(n.RPL_ENDOFNAMES, "*")
        return
    for name in dict.fromkeys(request.params[0].split(",")):
        channel = request.world.channels.get(fold_or_self(name))
        if channel is not None and policy.can_see_channel(request.user, channel):
            send_names(request, channel)
        else:
            request.reply.numeric(n.RPL_ENDOFNAMES, name)


def send_names(request: Request, channel: Channel) -> None:
    """Send the members of a channel, with signs as multi-prefix and full names as userhost-in-names want them."""
    user, reply = request.user, request.reply
    caps = request.session.caps
    is_member = user in channel.members
    words = []
    for member, membership in channel.members.items():
        if is_member or policy.can_see_membership(user, member, channel):
            prefixes = membership.prefixes if caps & cap.MULTI_PREFIX else membership.prefixes[:1]
            words.append(prefixes + (member.source if caps & cap.USERHOST_IN_NAMES else member.nick))
    symbol = "@" if "s" in channel.flags else "="
    head = f":{request.world.identity.name} {n.RPL_NAMREPLY.code} {user.nick} {symbol} {channel.name} :"
    for line in fold_words(words, MAX_BODY - len(head.encode())):
        reply.numeric(n.RPL_NAMREPLY, symbol, channel.name, args=(line,))
    reply.numeric(n.RPL_ENDOFNAMES, channel.name)


@command("LIST", "[<channel>{,<channel>} | >n | <n]", help="List channels with their topics; >n, <n: by number of members.")
def list_command(request: Request) -> None:
    """List channels that the user may know of."""
    least, most, names = 0, -1, set()
    for word in filter(None, request.param(0).split(",")):
        if word[0] == ">" and word[1:].isdecimal():
            least = int(word[1:9]) + 1
        elif word[0] == "<" and word[1:].isdecimal():
            most = int(word[1:9]) - 1
        else:
            names.add(fold_or_self(word))
    request.reply.numeric(n.RPL_LISTSTART, "Channel")
    for channel in request.world.channels.values():
        count = len(channel.members)
        if names and channel.folded not in names:
            continue
        if count < least or (most >= 0 and count > most) or not policy.can_see_channel(request.user, channel):
            continue
        topic = channel.topic.text if channel.topic else ""
        request.reply.numeric(n.RPL_LIST, channel.name, str(count), args=(topic,))
    request.reply.numeric(n.RPL_LISTEND)


@command("INVITE", "[<nickname> <channel>]", help="Invite somebody into a channel; alone, list the invitations you have.")
def invite_command(request: Request) -> None:
    """Invite somebody, or list own invitations."""
    world, user, reply = request.world, request.user, request.reply
    if not request.params:
        for channel in user.invited:
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
    other.invited[channel] = None
    while len(other.invited) > world.lengths.channels_per_user:  # the oldest invitation gives way
        other.invited.pop(next(iter(other.invited)))
    reply.numeric(n.RPL_INVITING, other.nick, channel.name)
    if other.away:
        reply.numeric(n.RPL_AWAY, other.nick, args=(other.away,))
    params = (other.nick, channel.name)
    reply.emit(world.event(user, "INVITE", params, other.sessions))
    members = channel.audience()
    reply.emit(world.event(user, "INVITE", params, members, skip=request.session, requires=cap.INVITE_NOTIFY))


@command("KICK", "<channel> <nickname>{,<nickname>} [:<reason>]", min_params=2, help="Remove members from a channel.")
def kick_command(request: Request) -> None:
    """Remove members from a channel."""
    world, user, reply = request.world, request.user, request.reply
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    why_not = policy.why_not_operate(user, channel)
    if why_not:
        reply.numeric(why_not, channel.name)
        return
    reason = truncate(request.param(2) or user.nick, world.lengths.kick)
    for name in list(dict.fromkeys(request.params[1].split(",")))[: world.lengths.targets]:
        other = world.users.get(fold_or_self(name))
        if other is None:
            reply.numeric(n.ERR_NOSUCHNICK, name)
        elif other not in channel.members:
            reply.numeric(n.ERR_USERNOTINCHANNEL, other.nick, channel.name)
        else:
            log.info("%s kicked %s from %s: %s", user.source, other.nick, channel.name, reason)
            params = (channel.name, other.nick, reason)
            reply.emit(world.event(user, "KICK", params, channel.audience(), channels=(channel,)))
            world.leave(other, channel)
