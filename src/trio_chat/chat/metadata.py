"""Metadata of users and channels, and the sessions that are notified of it.

Two drafts of one extension are in use (IRCv3 `draft/metadata-2` and `draft/metadata-3`), and the
server supports both: they differ in what clients receive, not in what is stored. All differences
are in the table of dialects.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.users import PendingRegistration, Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n

Target = User | Channel | PendingRegistration
"""What has metadata; a client before it is registered, too."""
EVERYBODY: Final = "*"
"""The visibility of public keys; all keys are public."""
EVERYTHING: Final = "*ALL"
"""The target of a SYNC of all that a client follows (draft/metadata-3)."""
_KEY: Final = re.compile("[a-z0-9_./-]{1,64}", re.ASCII)
OF_ONE_USER: Final = frozenset(("soju.im/blocked", "soju.im/muted", "soju.im/pinned"))
"""Keys by which the devices of one user agree about a conversation. They are refused, because
metadata is public here; clients keep the values themselves then.
"""
_MINUTE: Final = 60.0


class Dialect(NamedTuple):
    """The differences of one draft.

    Args:
        bit: the capability.
        failures: for each reason the code of the standard reply, and its context parameters.
        line: the command and parameters for a value, or for its absence (None).
        empty_removes: whether to set the empty value is to remove the key, which otherwise is a
            value like others.
        must_exist: whether to remove a key that is not there is an error.
        syncs_all: whether `*ALL` can be asked for.
    """

    bit: int
    failures: Mapping[str, tuple[str, tuple[str, ...]]]
    line: Callable[[str, str, str | None], tuple[str, tuple[str, ...]]]
    empty_removes: bool
    must_exist: bool
    syncs_all: bool


def _message(name: str, key: str, value: str | None) -> tuple[str, tuple[str, ...]]:
    return "METADATA", (name, key, EVERYBODY) if value is None else (name, key, EVERYBODY, value)


def _numeric(name: str, key: str, value: str | None) -> tuple[str, tuple[str, ...]]:
    if value is None:
        return n.RPL_KEYNOTSET, ("*", name, key, n.RPL_KEYNOTSET.text)
    return n.RPL_KEYVALUE, ("*", name, key, EVERYBODY, value)


_ALIKE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "target": ("INVALID_TARGET", ("target",)),
    "permission": ("KEY_NO_PERMISSION", ("target", "key")),
    "rate": ("RATE_LIMITED", ("target", "key", "limit")),
}
_SECOND: Final = Dialect(
    cap.METADATA_2,
    {
        **_ALIKE,
        "subcommand": ("SUBCOMMAND_INVALID", ("key",)),
        "key": ("KEY_INVALID", ("key",)),
        "value": ("VALUE_INVALID", ()),
        "keys": ("LIMIT_REACHED", ("target",)),
        "subs": ("TOO_MANY_SUBS", ("key",)),
        "absent": ("KEY_NOT_SET", ("target", "key")),
    },
    line=_message,
    empty_removes=False,
    must_exist=True,
    syncs_all=False,
)
_THIRD: Final = Dialect(
    cap.METADATA_3,
    {
        **_ALIKE,
        "subcommand": ("INVALID_PARAMS", ("key",)),
        "key": ("INVALID_KEY", ("key",)),
        "value": ("INVALID_VALUE", ("key",)),
        "keys": ("LIMIT_REACHED", ("target", "limit")),
        "subs": ("LIMIT_REACHED", ("key", "limit")),
    },
    line=_numeric,
    empty_removes=True,
    must_exist=False,
    syncs_all=True,
)
_DIALECTS: Final = (_THIRD, _SECOND)  # a client that negotiated both gets the newer


def dialect(session: Session) -> Dialect:
    """Return the dialect in which a client is answered: the newest for one that has negotiated
    none.
    """
    return next((known for known in _DIALECTS if session.effective & known.bit), _THIRD)


def is_key(text: str) -> bool:
    """Return whether a text can be a key: "restricted to the ranges a-z, 0-9, and _./-"."""
    return _KEY.fullmatch(text) is not None


def name(target: Target) -> str:
    """Return what a target is called."""
    if isinstance(target, PendingRegistration):
        return "*"
    return target.nick if isinstance(target, User) else target.name


def seconds_to_wait(session: Session, now: float, most: int) -> int:
    """Count a change that a session makes; return 0, or after how many seconds it may make one:
    `most` a minute.
    """
    step = _MINUTE / most
    paid = max(session.metadata_paid, now) + step
    if paid - now > _MINUTE + step / 2:  # half a step: floats
        return int(paid - now - _MINUTE) + 1
    session.metadata_paid = paid
    return 0


def link(world: World, user: User, account: int) -> None:
    """Give a user the metadata of an account, or none for the number 0."""
    user.metadata = world.metadata.setdefault(account, {}) if account else {}


def audience(world: World, target: User | Channel) -> tuple[Session, ...]:
    """Return the sessions that may follow a target: members of the channel; of a user watchers, and
    `policy.readers`.
    """
    if isinstance(target, Channel):
        return target.audience()
    return (
        *policy.readers(target),
        *world.monitor.watchers(target.folded, without=target.audience()),
    )


def changed(
    world: World, actor: User, target: User | Channel, keys: Iterable[str], skip: Session | None
) -> list[Event]:
    """Return the events for sessions that subscribed to changed keys of a target."""
    targets = (
        world.with_account(target.account_id)
        if isinstance(target, User) and target.account_id
        else [target]
    )
    return [
        event
        for each in targets
        if (sessions := audience(world, each))
        for key in keys
        for event in _notices(world, actor, each, key, sessions, skip)
    ]


def changed_of_one(world: World, user: User, key: str) -> list[Event]:
    """Return the events for sessions that subscribed to a changed key of a user."""
    return _notices(world, user, user, key, audience(world, user), None)


def introduced(world: World, user: User, channel: Channel) -> list[Event]:
    """Return the events by which members of a channel learn the metadata of a user that joined."""
    if not user.metadata or policy.is_muted(user, channel):
        return []
    own = user.sessions
    others = [
        session
        for session in channel.audience_of(user)
        if session.subscriptions and session not in own
    ]
    return [
        event for key in user.metadata for event in _notices(world, user, user, key, others, None)
    ]


def _notices(
    world: World,
    actor: User,
    target: User | Channel,
    key: str,
    sessions: Iterable[Session],
    skip: Session | None,
) -> list[Event]:
    followers = [
        session for session in sessions if key in session.subscriptions and session is not skip
    ]
    if not followers:
        return []
    events = []
    for known in _DIALECTS:
        speakers = tuple(
            session
            for session in followers
            if session.effective & cap.METADATA and dialect(session) is known
        )
        if speakers:
            command, params = known.line(name(target), key, target.metadata.get(key))
            event = world.event(actor, command, params, speakers, requires=known.bit)
            is_numeric = command.isdigit()  # which only a server sends
            events.append(
                event.replace(source=world.server_info.name, account="", is_bot=False)
                if is_numeric
                else event
            )
    return events
