"""Transitions of the moderation of channels (`trio_chat.chat.moderation`)."""

from typing import Final

from trio_chat.chat import multiline, policy
from trio_chat.chat.apply.transitions import Effects, channel_keys, transition
from trio_chat.chat.changes import (
    FilterAdded,
    FilterRemoved,
    HeldMessageReleased,
    HeldMessagesDropped,
    MessageHeld,
    MessageReported,
    RaidModeSet,
    ReportsClosed,
    SpokenInSlowMode,
)
from trio_chat.chat.channels import Channel
from trio_chat.chat.durations import show
from trio_chat.chat.events import Event
from trio_chat.chat.history import HistoryTarget
from trio_chat.chat.moderation.state import RAID_SLOW, HeldMessage
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.registered_channels import SERVICE
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import modes
from trio_chat.irc.message import MAX_BODY, body_size, truncate
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import strip_formatting

_Persisting = (
    FilterAdded
    | FilterRemoved
    | RaidModeSet
    | MessageHeld
    | HeldMessageReleased
    | HeldMessagesDropped
    | MessageReported
    | ReportsClosed
)
_ROOM: Final = 300
"""Bytes of a message that a notice shows."""
_AUDIENCE: Final = next(rank for rank in modes.RANKS if rank.letter == modes.HALF_OPERATOR)
"""The lowest rank whose members decide on held messages."""


def _of_channel(world: World, change: _Persisting) -> list[DirtyKey]:
    return channel_keys(world, change.channel)


@transition(SpokenInSlowMode)
def _speak(world: World, change: SpokenInSlowMode) -> Effects | None:
    channel = world.channels[change.channel]
    if channel.moderation is not None:
        channel.moderation.note_spoken(change.sender, world.elapsed())
    return None


@transition(FilterAdded, _of_channel)
def _add_filter(world: World, change: FilterAdded) -> Effects:
    moderation = world.channels[change.channel].moderated()
    kept = [each for each in moderation.filters if each.pattern != change.filter.pattern]
    moderation.filters = (*kept, change.filter)
    return []


@transition(FilterRemoved, _of_channel)
def _remove_filter(world: World, change: FilterRemoved) -> Effects:
    channel = world.channels[change.channel]
    moderation = channel.moderated()
    moderation.filters = tuple(
        each for each in moderation.filters if each.pattern != change.pattern
    )
    channel.forget_moderation()
    return []


@transition(RaidModeSet, _of_channel)
def _set_raid_mode(world: World, change: RaidModeSet) -> Effects:
    channel = world.channels[change.channel]
    moderation = channel.moderated()
    was_on = moderation.raid_until > world.steady()
    moderation.raid_until = change.until
    channel.forget_moderation()
    if not change.until and not was_on:
        return []
    left = show(max(1, change.until - world.steady()))
    text = (
        f"{channel.name} is in raid mode for {left}: write with an account, without links, and one"
        f" message in {RAID_SLOW} seconds"
        if change.until
        else f"{channel.name} is in raid mode no longer"
    )
    return [_notice_to(world, channel.name, channel.audience(), text)]


@transition(MessageHeld, _of_channel)
def _hold(world: World, change: MessageHeld) -> Effects:
    channel = world.channels[change.channel]
    moderation = channel.moderated()
    moderation.last_number += 1
    held = change.message._replace(number=moderation.last_number)
    moderation.held = (*moderation.held, held)
    nick = held.source.partition("!")[0]
    shown = multiline.overview(held.text, _ROOM)
    return [_notice(world, channel, f"Held message {held.number} of {nick}: {shown}")]


def _shown(world: World, by: str) -> str:
    """Return how operators see the user that has decided, or what has done so in its place."""
    user = world.users.get(by)
    return user.nick if user is not None else by


def _notice(world: World, channel: Channel, text: str) -> Event:
    """Return a notice of ChanServ to the operators and half-operators of a channel."""
    target = f"{_AUDIENCE.prefix}{channel.name}"
    return _notice_to(world, target, channel.ranked_audience(_AUDIENCE.letter), text)


def _notice_to(world: World, target: str, recipients: tuple[Session, ...], text: str) -> Event:
    source = f"{SERVICE}!{SERVICE}@{world.server_info.name}"
    room = MAX_BODY - body_size("NOTICE", (target, ""), source)
    params = (target, truncate(text, room))
    return Event(world.ids.now(), "NOTICE", params, source, recipients, shift=world.ids.shift)


@transition(HeldMessageReleased, _of_channel)
def _release(world: World, change: HeldMessageReleased) -> Effects | None:
    channel = world.channels[change.channel]
    taken = _take(channel, (change.number,))
    if not taken:
        return None
    text = f"{_shown(world, change.by)} released the held message {change.number}"
    return [released(world, channel, taken[0]), _notice(world, channel, text)]


@transition(HeldMessagesDropped, _of_channel)
def _drop(world: World, change: HeldMessagesDropped) -> Effects | None:
    channel = world.channels[change.channel]
    taken = _take(channel, change.numbers)
    if not taken:
        return None
    numbers = ", ".join(str(each.number) for each in taken)
    text = f"{_shown(world, change.by)} dropped the held messages {numbers}"
    return [_notice(world, channel, text)]


def _take(channel: Channel, numbers: tuple[int, ...]) -> list[HeldMessage]:
    """Take messages out of those that are held, and return them."""
    moderation = channel.moderated()
    taken = [each for each in moderation.held if each.number in numbers]
    moderation.held = tuple(each for each in moderation.held if each not in taken)
    channel.forget_moderation()
    return taken


def released(world: World, channel: Channel, held: HeldMessage) -> Event:
    """Return a held message as one that is said now, by the sender as it was then."""
    account = world.account_name(held.account) if held.account else ""
    event = Event(
        world.ids.next(alone=True),
        held.command,
        (channel.name, held.text),
        held.source,
        channel.audience(),
        account=account,
        client_tags=dict(held.tags),
        carries_msgid=True,
        history_targets=_targets(world, channel, held.text),
        is_bot=held.is_bot,
        shift=world.ids.shift,
        account_id=held.account,
    )
    if not world.push.users or policy.is_ctcp(held.text):
        return event
    nick, _, mask = held.source.partition("!")
    username, _, host = mask.partition("@")
    sender = User(nick, fold_or_self(nick), username, host, "", 0.0)
    accounts = world.push.notified_in(channel, sender, event, held.text)
    return event.replace(push_accounts=accounts)


def _targets(world: World, channel: Channel, text: str) -> tuple[HistoryTarget, ...]:
    return channel.history_targets if world.storage and not policy.is_ctcp(text) else ()


@transition(MessageReported, _of_channel)
def _report(world: World, change: MessageReported) -> Effects | None:
    channel = world.channels.get(change.channel)
    if channel is None:
        return None  # it has ended since the message was found
    moderation = channel.moderated()
    moderation.last_number += 1
    report = change.report._replace(number=moderation.last_number)
    moderation.reports = (*moderation.reports, report)
    reason = f" ({report.reason})" if report.reason else ""
    text = f"Report {report.number} by {report.by}{reason}: {strip_formatting(change.shown)}"
    return [_notice(world, channel, text)]


@transition(ReportsClosed, _of_channel)
def _close_reports(world: World, change: ReportsClosed) -> Effects:
    channel = world.channels[change.channel]
    moderation = channel.moderated()
    moderation.reports = tuple(
        each for each in moderation.reports if each.number not in change.numbers
    )
    channel.forget_moderation()
    numbers = ", ".join(map(str, change.numbers))
    return [_notice(world, channel, f"{_shown(world, change.by)} closed the reports {numbers}")]
