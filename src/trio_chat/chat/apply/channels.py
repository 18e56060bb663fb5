"""Transitions of channels: members come and go, topic and modes change, a channel is renamed."""

from collections.abc import Iterable, Sequence
from typing import Final

from trio_chat.chat import metadata, policy
from trio_chat.chat.apply.transitions import (
    Effects,
    carry_out,
    channel_keys,
    transition,
)
from trio_chat.chat.apply.vouching import vouch
from trio_chat.chat.changes import (
    ChannelRenamed,
    InvitationHolderKicked,
    MemberJoined,
    MemberKicked,
    MemberParted,
    ModesChanged,
    ModeSet,
    NoticeKept,
    TopicSet,
    UserInvited,
)
from trio_chat.chat.channels import Channel, Topic
from trio_chat.chat.history import HistoryTarget
from trio_chat.chat.masklists import ListEntry, entry
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.registered_channels import actor, rank_event
from trio_chat.chat.users import UNSPECIFIED, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc.message import MAX_BODY, body_size
from trio_chat.irc.modes import ModeChange, ModeType


def _of_channel(world: World, change: TopicSet | ModesChanged) -> list[DirtyKey]:
    return channel_keys(world, change.channel)


def _of_member(world: World, change: MemberJoined | MemberParted | MemberKicked) -> list[DirtyKey]:
    """Return the keys of a channel in which the user stays, as others' memberships do not persist,
    and of messages for it that the user has scheduled.
    """
    user = world.users[change.user]
    channel = world.channels.get(change.channel)
    keys = []
    if user.always_on and channel is not None and user in channel.members:
        keys.append(DirtyKey.channel(change.channel))
    if channel is not None and world.scheduled.wait_for(user.account_id, channel.founded):
        keys.append(DirtyKey.scheduled(user.account_id))
    return keys


@transition(MemberJoined, _of_member)
def _join(world: World, change: MemberJoined) -> Effects:
    user = world.users[change.user]
    channel = world.channels.get(change.channel)
    rank = ""
    if channel is None:
        channel = world.channels.create(change.name, change.channel)
        channel.add(user, modes.OPERATOR)
    else:
        rank = channel.registration.rank_of(user.account_id) if channel.registration else ""
        channel.add(user, rank)
    world.scheduled.set_outside(user.account_id, channel.founded, is_outside=False)
    user.invited.pop(channel, None)
    return _joined_events(world, user, channel, rank, change.session)


def _joined_events(world: World, user: User, channel: Channel, rank: str, session: int) -> Effects:
    audience = channel.audience_of(user)
    extended = (channel.name, user.account or "*", user.realname)
    events = [
        world.event(user, "JOIN", (channel.name,), audience, channels=(channel,)).replace(
            extended=extended
        )
    ]
    if rank:
        events.append(rank_event(world, channel, user, rank))
    if user.away:  # IRCv3 away-notify: a user that joins while it is away sends AWAY
        away = UNSPECIFIED if policy.is_muted(user, channel) else user.away
        skip = world.sessions.get(session)
        events.append(
            world.event(user, "AWAY", (away,), audience, skip=skip, requires=cap.AWAY_NOTIFY)
        )
    return events + metadata.introduced(world, user, channel)


@transition(MemberParted, _of_member)
def _part(world: World, change: MemberParted) -> Effects:
    user, channel = world.users[change.user], world.channels[change.channel]
    params = (channel.name, change.reason) if change.reason else (channel.name,)
    events = [world.event(user, "PART", params, channel.audience_of(user), channels=(channel,))]
    _leave(world, user, channel)
    return events


def _leave(world: World, user: User, channel: Channel) -> None:
    """End the membership of a user that is still here."""
    world.channels.leave(user, channel)
    account = user.account_id
    if not world.scheduled.wait_for(account, channel.founded):
        return  # as nearly always: members are not gone through
    if not any(member.account_id == account for member in channel.members):
        world.scheduled.set_outside(account, channel.founded, is_outside=True)


@transition(MemberKicked, _of_member)
def _kick(world: World, change: MemberKicked) -> Effects:
    user, by = world.users[change.user], actor(world, change.by)
    channel = world.channels[change.channel]
    if user not in channel.members:  # it has left before the decision was carried out
        return []
    params = (channel.name, user.nick, change.reason)
    events = [
        world.event(by, "KICK", params, channel.audience_of(user), channels=(channel,), about=user)
    ]
    text = f"{by.source} kicked you from {channel.name}: {change.reason}"
    carry_out(world, NoticeKept(user.folded, text))
    carry_out(world, InvitationHolderKicked(channel.folded, user.folded))
    _leave(world, user, channel)
    return events


@transition(TopicSet, _of_channel)
def _set_topic(world: World, change: TopicSet) -> Effects:
    channel, by = world.channels[change.channel], actor(world, change.by)
    text = change.text
    channel.topic = Topic(text, by.source, int(world.clock())) if text else None
    return [world.event(by, "TOPIC", (channel.name, text), channel.audience(), channels=(channel,))]


@transition(ModesChanged, _of_channel)
def _change_modes(world: World, change: ModesChanged) -> Effects | None:
    channel, by = world.channels[change.channel], actor(world, change.by)
    vouch(world, channel, change.changes, by)
    done = [
        shown
        for wanted in change.changes
        if (shown := _set_mode(world, channel, wanted, by)) is not None
    ]
    if not done:
        return None
    return [
        world.event(by, "MODE", (channel.name, *params), channel.audience(), channels=(channel,))
        for params in _in_lines(by.source, channel, done, world.lengths.modes)
    ]


def _in_lines(
    source: str, channel: Channel, done: Sequence[ModeChange], most: int
) -> Iterable[tuple[str, ...]]:
    """Return changes as the parameters of as many MODE as hold them: a mask is never cut, and none
    has more changes than ISUPPORT names, as a client may take no more than 15 parameters.
    """
    lines: list[list[ModeChange]] = []
    for change in done:
        longer = [*lines[-1], change] if lines else [change]
        if (
            lines
            and len(longer) <= most
            and body_size("MODE", (channel.name, *modes.format_changes(longer)), source) <= MAX_BODY
        ):
            lines[-1] = longer
        else:
            lines.append([change])
    return [modes.format_changes(line) for line in lines]


def _set_mode(world: World, channel: Channel, change: ModeSet, by: User) -> ModeChange | None:
    """Change one mode; return the change as members see it, or None when it changes nothing."""
    mode = modes.CHANNEL_MODES[change.letter]
    shown = ModeChange(change.adding, mode, change.param or None)
    match mode.type:
        case ModeType.MEMBER:
            return _set_rank(world, channel, change, shown)
        case ModeType.LIST:
            return _set_mask(world, channel, change, by, shown)
        case ModeType.FLAG:
            if (change.letter in channel.flags) is change.adding:
                return None
            flags = (
                channel.flags | {change.letter}
                if change.adding
                else channel.flags - {change.letter}
            )
            world.channels.set_flags(channel, flags)
            if change.letter == modes.PUBLIC:
                # What was said before stays among those that were there.
                channel.public_since = world.ids.next() if change.adding else 0
            return shown
    return _SETTERS[change.letter](channel, change, shown)


def _set_rank(
    world: World, channel: Channel, change: ModeSet, shown: ModeChange
) -> ModeChange | None:
    member = world.users.get(change.param)
    if member is None or member not in channel.members:  # as for a kick
        return None
    ranks = channel.members[member].ranks
    if (change.letter in ranks) is change.adding:
        return None
    (ranks.add if change.adding else ranks.discard)(change.letter)
    return shown._replace(param=member.nick)


def _set_mask(
    world: World, channel: Channel, change: ModeSet, by: User, shown: ModeChange
) -> ModeChange | None:
    entries = channel.lists[change.letter]
    mask = entry(change.param, by.source, int(world.clock()))
    if not change.adding:
        removed = entries.pop(mask.folded, None)
        return shown._replace(param=removed.mask) if removed else None
    if mask.folded in entries:
        return None
    entries[mask.folded] = mask
    if change.letter == modes.BAN:
        _keep_notices_of_ban(world, by.source, channel, mask)
    return shown._replace(param=mask.mask)


def _keep_notices_of_ban(world: World, source: str, channel: Channel, ban: ListEntry) -> None:
    """Keep a notice for the always-on members without sessions that a new ban or mute covers."""
    for member in channel.members:
        if not member.sessions and ban.covers(member) and channel.is_silenced(member):
            text = f"{source} set the ban {ban.mask} on {channel.name}, which covers you"
            carry_out(world, NoticeKept(member.folded, text))


def _set_key(channel: Channel, change: ModeSet, shown: ModeChange) -> ModeChange | None:
    if not change.adding and not channel.key:
        return None
    channel.key = change.param if change.adding else ""
    # The key itself is hidden from members that do not have it.
    return shown if change.adding else shown._replace(param="*")


def _set_limit(channel: Channel, change: ModeSet, shown: ModeChange) -> ModeChange | None:
    if not change.adding and not channel.limit:
        return None
    channel.limit = int(change.param) if change.adding else 0
    return shown


def _set_forward(channel: Channel, change: ModeSet, shown: ModeChange) -> ModeChange | None:
    if not change.adding and not channel.forward:
        return None
    channel.forward = change.param if change.adding else ""
    return shown


def _set_slow(channel: Channel, change: ModeSet, shown: ModeChange) -> ModeChange | None:
    seconds = int(change.param) if change.adding else 0
    if seconds == channel.slow:
        return None
    moderation = channel.moderated()
    moderation.slow = seconds
    if not seconds:
        moderation.spoke.clear()
    channel.forget_moderation()
    return shown


_SETTERS: Final = {
    modes.KEY: _set_key,
    modes.LIMIT: _set_limit,
    modes.FORWARD: _set_forward,
    modes.SLOW: _set_slow,
}
"""The modes that are neither a rank, a list nor a flag."""


def _of_names(world: World, change: ChannelRenamed) -> list[DirtyKey]:
    """Return the keys of all that has the name of a channel: itself, channels that forward to it,
    and read markers.
    """
    keys = []
    for folded in dict.fromkeys((change.channel, change.folded)):
        if not (keys_of_it := channel_keys(world, folded)):
            continue
        keys += keys_of_it
        name = world.channels[folded].name
        keys += [
            DirtyKey.channel(other.folded)
            for other in world.channels.values()
            if other.forward == name and other.is_persistent
        ]
    keys += [
        DirtyKey.marker(account, folded)
        for account, markers in world.markers.items()
        for folded in (change.channel, change.folded)
        if folded in markers
    ]
    keys += [
        DirtyKey.push_rules(account)
        for account, rules in world.push.rules.items()
        if rules.levels is not rules.levels.renamed(change.channel, change.folded)
    ]
    return keys


@transition(ChannelRenamed, _of_names)
def _rename(world: World, change: ChannelRenamed) -> Effects:
    channel, by = world.channels[change.channel], world.users[change.by]
    before, target = channel.name, HistoryTarget(channel.folded, channel.is_closed)
    world.channels.rename(channel, change.name, change.folded)
    channel.renamed = world.elapsed()
    world.push.renamed(change.channel, change.folded)
    knowing = tuple(
        session for session in channel.audience() if session.effective & cap.CHANNEL_RENAME
    )
    event = world.event(
        by,
        "RENAME",
        (before, change.name, change.reason),
        knowing,
        requires=cap.CHANNEL_RENAME,
    )
    text = f"{by.source} renamed {before} to {change.name}"
    if change.reason:
        text += f": {change.reason}"
    for member in channel.members:
        if not member.sessions:  # the others see it
            carry_out(world, NoticeKept(member.folded, text))
    # It is stored so that the history, which has one order of all that happens, changes the name
    # at the same moment.
    is_other_name = change.folded != change.channel
    return [event.replace(history_targets=(target,) if is_other_name and world.storage else ())]


@transition(UserInvited)
def _invite(world: World, change: UserInvited) -> Effects:
    user, by, channel = (
        world.users[change.user],
        world.users[change.by],
        world.channels[change.channel],
    )
    for other in [other for other in user.invited if not world.channels.has(other)]:
        del user.invited[other]
    user.invited[channel] = policy.has_rank(by, channel, modes.HALF_OPERATOR) or user.invited.get(
        channel, False
    )
    while len(user.invited) > world.lengths.channels_per_user:  # the oldest invitation gives way
        user.invited.pop(next(iter(user.invited)))
    carry_out(
        world, NoticeKept(user.folded, f"{by.source} invited you to {channel.name}", is_minor=True)
    )
    params = (user.nick, channel.name)
    members = (
        channel.ranked_audience(modes.HALF_OPERATOR)
        if policy.is_muted(by, channel)
        else channel.audience()
    )
    return [
        world.event(by, "INVITE", params, user.sessions).replace(
            push_accounts=world.push.notified(user, by)
        ),
        world.event(
            by,
            "INVITE",
            params,
            members,
            skip=world.sessions.get(change.session),
            requires=cap.INVITE_NOTIFY,
        ),
    ]
