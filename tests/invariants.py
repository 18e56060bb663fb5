"""Invariants of a world: checked after every change of a test world, and by the fuzz targets."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from trio_chat.chat.invitations import MOST
from trio_chat.chat.sasl import MAX_MESSAGE
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.irc.message import Message
from trio_chat.irc.names import fold_or_self, is_channel_name

if TYPE_CHECKING:
    from support import Person  # which checks the invariants, so imports this module

_TO_MEMBERS = frozenset(
    ("PRIVMSG", "NOTICE", "TAGMSG", "JOIN", "PART", "KICK", "MODE", "TOPIC", "REDACT")
)
"""Commands that only members of the channel in their first parameter are sent."""


def memberships_are_symmetric(world: World) -> None:
    """A user is a member of a channel exactly when the channel is among its own."""
    for channel in world.channels.values():
        assert channel.members or channel.permanent
        for user, membership in channel.members.items():
            assert user.channels[channel] is membership
            assert world.users[user.folded] is user
    for user in world.users.values():
        assert all(
            channel.members[user] is membership for channel, membership in user.channels.items()
        )
        assert all(world.channels[channel.folded] is channel for channel in user.channels)


def indexes_are_consistent(world: World) -> None:
    """Every key is the folded name of what it leads to, and audiences are what memberships say."""
    assert all(user.folded == folded for folded, user in world.users.items())
    assert all(channel.folded == folded for folded, channel in world.channels.items())
    here = {session.user for session in world.sessions.values() if session.user}
    assert here == {user for user in world.users.values() if user.sessions or not user.always_on}
    sessions = list(chain.from_iterable(user.sessions for user in world.users.values()))
    assert len(sessions) == len(set(sessions))
    assert all(session in world.sessions.values() for session in sessions)
    for channel in world.channels.values():
        assert channel.audience() == tuple(
            session for user in channel.members for session in user.sessions
        )


def watches_are_symmetric(world: World) -> None:
    """Only who is here watches, and what is watched is known from both sides."""
    monitor = world.monitor
    pairs = {
        (session, nick)
        for session in world.sessions.values()
        for nick in monitor.targets_of(session)
    }
    assert pairs == {
        (session, nick) for nick in monitor.nicks() for session in monitor.watchers(nick)
    }
    assert all(monitor.watchers(nick) for nick in monitor.nicks())


def users_with_devices_are_known(world: World) -> None:
    """The users that can be notified are those of accounts with devices, and each device has one
    account.
    """
    devices = world.push.by_account
    assert set(world.push.users) == {
        user for user in world.users.values() if user.account_id in devices
    }
    assert set(world.push.active) <= set(devices)
    assert all(world.push.mentions.find(user.nick, {user}) for user in world.push.users)
    assert all(devices.values())
    endpoints = list(chain.from_iterable(devices.values()))
    assert len(endpoints) == len(set(endpoints))
    assert all(len(known) <= world.server_info.push_devices for known in devices.values())


def what_a_peer_can_grow_is_bounded(world: World) -> None:
    """Every collection that grows by what people say keeps to its limit."""
    limits = world.lengths
    assert len(world.whowas) <= (world.whowas.maxlen or 0)
    assert all(len(markers) <= limits.read_markers for markers in world.markers.values())
    for channel in world.channels.values():
        assert all(len(entries) <= limits.list_entries for entries in channel.lists.values())
        assert len(channel.metadata) <= limits.metadata_keys
        assert len(channel.topic.text.encode() if channel.topic else "") <= limits.topic
        assert len(channel.key.encode()) <= limits.key
    for user in world.users.values():
        assert len(user.channels) <= limits.channels_per_user
        assert len(user.invited) <= limits.channels_per_user
        assert len(user.accepted) <= limits.accept_entries
        assert len(user.metadata) <= limits.metadata_keys
        assert len(user.markers) <= limits.read_markers
        assert len(user.away.encode()) <= limits.away
        assert len(user.realname.encode()) <= limits.realname
    for session in world.sessions.values():
        assert world.monitor.count(session) <= limits.monitor_entries
        assert len(session.subscriptions) <= limits.metadata_subs
        if session.sasl is not None:
            assert len(session.sasl.inbox._pieces) <= MAX_MESSAGE
        if session.batch is not None:
            assert len(session.batch._lines) <= limits.multiline_lines
            assert session.batch._size <= limits.multiline_bytes


def invitations_belong_to_what_there_is(world: World) -> None:
    """Each is for a channel that exists, or for an account; none is used more often than it can
    be; their number is bounded.
    """
    channels = {channel.founded for channel in world.channels.values()} | {0}
    counted = Counter((one.channel, 0 if one.channel else one.account) for one in world.invitations)
    assert all(one.channel in channels for one in world.invitations)
    assert all(len(one.used_by) <= one.uses for one in world.invitations)
    assert all(number <= MOST for number in counted.values())


ALL = (
    memberships_are_symmetric,
    indexes_are_consistent,
    watches_are_symmetric,
    users_with_devices_are_known,
    invitations_belong_to_what_there_is,
    what_a_peer_can_grow_is_bounded,
)


def check(world: World) -> None:
    """Check every one of them."""
    for invariant in ALL:
        invariant(world)


class Witness:
    """Checks that nobody sees what is said where one is not: made before a line is carried out,
    asked afterwards.

    Args:
        people: everybody who may see something.
    """

    def __init__(self, people: "Iterable[Person]") -> None:
        self._people = list(people)
        for person in self._people:
            person.read()
        self._before = {person.session: _history_targets(person.session) for person in self._people}

    def check(self) -> None:
        """Check that each saw only what happened in channels of which it was, or has become, a
        member.
        """
        for person in self._people:
            allowed = self._before[person.session] | _history_targets(person.session)
            for message in person.read():
                _check_seen(person, message, allowed)


def _history_targets(session: Session) -> set[str]:
    if session.user is None:
        return set()
    return {channel.folded for channel in session.user.channels}


def _check_seen(person: "Person", message: Message, allowed: set[str]) -> None:
    target = message.params[0].lstrip("@+%&~") if message.params else ""
    if message.command in _TO_MEMBERS and is_channel_name(target):
        assert fold_or_self(target) in allowed, (person.session.target, message)
    for key in message.tags:
        # What clients say of a message is marked as such; all else is the server's own word.
        assert key.startswith("+") or key in _SERVER_TAGS, (person.session.target, message)


_SERVER_TAGS = frozenset(
    (
        "time",
        "msgid",
        "account",
        "batch",
        "label",
        "bot",
        "draft/multiline-concat",
        "draft/chathistory-end",
        "draft/oper",
    )
)
