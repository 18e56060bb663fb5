"""The transition of a deleted message (IRCv3 `draft/message-redaction`)."""

from trio_chat.chat import (
    conversations,  # which imports this package, by way of `operators`
    metadata,
    pins,
)
from trio_chat.chat.apply.transitions import Effects, channel_keys, transition
from trio_chat.chat.changes import MessageRedacted
from trio_chat.chat.events import Event
from trio_chat.chat.history import REDACT, HistoryTarget
from trio_chat.chat.ids import msgid
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.registered_channels import actor
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap

_REMEMBERED = 1000
"""Deleted messages that are known. A message that was deleted before those is deleted in the
databases of all servers of a cluster, so that none finds it again.
"""


def _of_redacted(world: World, change: MessageRedacted) -> list[DirtyKey]:
    channel = world.channels.get(change.channel)
    is_pinned = channel is not None and change.number in pins.pinned(channel)
    return channel_keys(world, change.channel) if is_pinned else []


@transition(MessageRedacted, _of_redacted)
def _redact(world: World, change: MessageRedacted) -> Effects | None:
    if change.number in world.redacted:
        return None
    world.redacted[change.number] = None
    while len(world.redacted) > _REMEMBERED:
        del world.redacted[next(iter(world.redacted))]
    if world.push_delivery is not None:
        world.push_delivery.withdraw(change.number)
    if (session := world.sessions.get(change.session)) is not None:
        session.active = world.clock()
    user = actor(world, change.user)
    params = (msgid(change.number), *([change.reason] if change.reason else ()))
    events = [
        world.event(user, REDACT, (name, *params), sessions, requires=cap.MESSAGE_REDACTION)
        for name, sessions in _audiences(world, change)
    ]
    events = events if change.is_deleted else [_stored(world, change, events[0]), *events[1:]]
    return [*events, *_unpin(world, change, user)]


def _unpin(world: World, change: MessageRedacted, user: User) -> list[Event]:
    """Take a deleted message out of what its channel keeps in sight."""
    channel = world.channels.get(change.channel)
    known = pins.pinned(channel) if channel is not None else ()
    if channel is None or change.number not in known:
        return []
    value = pins.without_pin(known, change.number)
    if value is None:
        del channel.metadata[pins.KEY]
    else:
        channel.metadata[pins.KEY] = value
    return metadata.changed(world, user, channel, (pins.KEY,), None)


def _stored(world: World, change: MessageRedacted, event: Event) -> Event:
    """Have the history delete the message when it stores an event."""
    buffer = world.channels[change.channel].folded if change.channel else change.conversation
    return event.replace(history_targets=(HistoryTarget(buffer, is_private=False),))


def _audiences(world: World, change: MessageRedacted) -> list[tuple[str, tuple[Session, ...]]]:
    """Return how those who could see the message call the conversation, and their sessions."""
    if change.channel:
        channel = world.channels[change.channel]
        return [(channel.name, channel.audience())]
    user = world.users[change.user]
    conversation = conversations.Conversation(change.conversation, change.target, 0, user)
    others = [other for other in conversation.others(world) if other is not user]
    return [*((other.nick, other.sessions) for other in others), (change.target, user.sessions)]
