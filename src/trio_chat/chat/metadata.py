"""What people say of themselves and of their channels in keys and values (IRCv3 draft/metadata-2), and who is told of it."""

import re
from collections.abc import Iterable

from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap

EVERYBODY = "*"
"""The visibility of keys that everybody may see, which is all of them."""
_KEY = re.compile("[a-z0-9_./-]{1,64}", re.ASCII)


def is_key(text: str) -> bool:
    """Tell whether a text can be a key: "restricted to the ranges a-z, 0-9, and _./-"."""
    return _KEY.fullmatch(text) is not None


def name(target: User | Channel) -> str:
    """Return what a target is called."""
    return target.nick if isinstance(target, User) else target.name


def audience(world: World, target: User | Channel) -> tuple[Session, ...]:
    """Return the sessions that may follow a target: members of the channel; of a user those in common channels, and watchers."""
    sessions = target.audience()
    if isinstance(target, Channel):
        return sessions
    return (*sessions, *world.watches.watchers(target.folded, without=sessions))


def changed(world: World, actor: User, target: User | Channel, key: str, skip: Session) -> list[Event]:
    """Return what tells those who follow a key of a target that it has been set or removed."""
    return _told(world, actor, target, key, audience(world, target), skip)


def introduced(world: World, user: User, channel: Channel) -> list[Event]:
    """Return what tells the members of a channel about somebody who has just come in."""
    if not user.metadata:
        return []
    own = user.sessions
    others = [session for session in channel.audience_of(user) if session.subscriptions and session not in own]
    return [event for key in user.metadata for event in _told(world, user, user, key, others, None)]


def _told(
    world: World, actor: User, target: User | Channel, key: str, sessions: Iterable[Session], skip: Session | None
) -> list[Event]:
    followers = tuple(session for session in sessions if key in session.subscriptions and session is not skip)
    if not followers:
        return []
    value = target.metadata.get(key)
    params = (name(target), key, EVERYBODY) if value is None else (name(target), key, EVERYBODY, value)
    return [world.event(actor, "METADATA", params, followers, requires=cap.METADATA)]
