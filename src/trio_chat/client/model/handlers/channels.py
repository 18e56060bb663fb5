"""Handlers of channels and users: joins and parts, ranks, away states, topics, modes."""

from trio_chat.client.model.buffer import Buffer, BufferKind, Member
from trio_chat.client.model.entries import MembershipChange
from trio_chat.client.model.handlers.table import handles
from trio_chat.client.model.server import ServerState
from trio_chat.client.session import events


@handles(events.UserJoined)
def _joined(server: ServerState, event: events.UserJoined) -> None:
    if event.own:
        own = server.open(event.channel)
        own.is_joined, own.name = True, event.channel
        own.members.clear()
        return
    if buffer := server.get(event.channel):
        buffer.members[server.features.fold(event.nick)] = Member(event.nick)
        buffer.add_membership_change(MembershipChange.JOINED, event.nick, server.now())


@handles(events.UserParted)
def _parted(server: ServerState, event: events.UserParted) -> None:
    if not (buffer := server.get(event.channel)):
        return
    if event.own:
        _leave(buffer)
        server.show(buffer, event)
    else:
        buffer.members.pop(server.features.fold(event.nick), None)
        buffer.add_membership_change(MembershipChange.LEFT, event.nick, server.now())


@handles(events.UserKicked)
def _kicked(server: ServerState, event: events.UserKicked) -> None:
    if not (buffer := server.get(event.channel)):
        return
    if event.own:
        _leave(buffer)
    buffer.members.pop(server.features.fold(event.nick), None)
    server.show(buffer, event)


def _leave(buffer: Buffer) -> None:
    buffer.is_joined = False
    buffer.members.clear()


@handles(events.UserQuit)
def _quit(server: ServerState, event: events.UserQuit) -> None:
    for buffer in server.shared(event.nick):
        buffer.members.pop(server.features.fold(event.nick), None)
        buffer.add_membership_change(MembershipChange.QUIT, event.nick, server.now())


@handles(events.UserRenamed)
def _renamed(server: ServerState, event: events.UserRenamed) -> None:
    if event.own:
        server.nick = event.new
    old, new = server.features.fold(event.old), server.features.fold(event.new)
    shared = server.shared(event.old)
    for each in shared:
        if member := each.members.pop(old, None):
            member.nick = event.new
            each.members[new] = member
        server.show(each, event)
    if event.own and not shared:
        server.show(server.log, event)
    if old in server.buffers and new not in server.buffers:
        server.buffers[new] = server.buffers.pop(old)
        server.buffers[new].name = event.new


@handles(events.ChannelRenamed)
def _channel_renamed(server: ServerState, event: events.ChannelRenamed) -> None:
    old, new = server.features.fold(event.old), server.features.fold(event.new)
    if (level := server.levels.pop(old, None)) is not None:
        server.levels[new] = level
    if (buffer := server.buffers.get(old)) is None:
        server.show(server.here(), event)
        return
    server.show(buffer, event)
    if old != new and (other := server.buffers.get(new)) is not None:
        # A former channel of that name has a buffer, whose messages are not those of this one.
        other.is_joined, other.members = buffer.is_joined, dict(buffer.members)
        other.name = event.new
        _leave(buffer)
        return
    del server.buffers[old]
    server.buffers[new] = buffer
    buffer.name = event.new


@handles(events.Names)
def _names(server: ServerState, event: events.Names) -> None:
    buffer = server.get(event.channel)
    if buffer is not None and buffer.is_joined:
        before = buffer.members
        buffer.members = {}
        for nick, ranks in zip(event.nicks, event.ranks or ("",) * len(event.nicks), strict=True):
            key = server.features.fold(nick)
            known = before.get(key)
            buffer.members[key] = Member(
                nick, ranks, known.is_away if known else False, known.spoke if known else 0.0
            )
    if server.asked_names or buffer is None:
        server.asked_names = max(server.asked_names - 1, 0)
        server.show(server.here(), event)


@handles(events.RankChanged)
def _rank(server: ServerState, event: events.RankChanged) -> None:
    buffer = server.get(event.channel)
    if buffer and (member := buffer.members.get(server.features.fold(event.nick))):
        member.ranks = event.ranks


@handles(events.AwayChanged)
def _away_changed(server: ServerState, event: events.AwayChanged) -> None:
    if event.own:
        server.is_away = event.is_away
        return
    for buffer in server.shared(event.nick):
        if member := buffer.members.get(server.features.fold(event.nick)):
            member.is_away = event.is_away
        if buffer.kind is BufferKind.PRIVATE:
            buffer.is_away = event.is_away


@handles(events.Away)
def _away(server: ServerState, event: events.Away) -> None:
    buffer = server.get(event.nick)
    if buffer and buffer.is_away:
        return  # shown already
    if buffer:
        buffer.is_away = True
    server.show(buffer or server.here(), event)


@handles(events.TopicIs, events.TopicChanged)
def _topic(server: ServerState, event: events.TopicIs | events.TopicChanged) -> None:
    buffer = server.get(event.channel)
    if buffer and buffer.is_joined:
        buffer.topic = event.topic
    if isinstance(event, events.TopicChanged) or not buffer:
        server.show(buffer or server.here(), event)


@handles(events.ListedMask, events.MaskListEnd)
def _masks(server: ServerState, event: events.ListedMask | events.MaskListEnd) -> None:
    server.show(server.get(event.channel) or server.here(), event)


@handles(events.ModeChanged)
def _mode(server: ServerState, event: events.ModeChanged) -> None:
    buffer = server.get(event.target)
    modes = tuple(event.modes.split())
    changes = server.features.rank_changes(modes)
    if (
        buffer is None
        or not changes
        or len(changes) != len(modes) - 1
        or len(modes[0].strip("+-")) != len(changes)
    ):
        server.show(buffer or server.log, event)
        return
    for nick, prefix, is_set in changes:
        letter = server.features.ranks[server.features.prefixes.index(prefix)]
        buffer.add_rank(event.by, f"{'+' if is_set else '-'}{letter} {nick}", server.now())
