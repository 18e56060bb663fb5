"""NAMES, and the names that follow a JOIN (Modern IRC, NAMES)."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel, Membership
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Steps
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, wrap_words
from trio_chat.irc.names import each_once, fold_or_self

_NAMES_AT_ONCE: Final = 256
"""Members that one step of NAMES lists."""

_Members = Iterable[tuple[User, Membership]]


@command("NAMES", "[<channel>{,<channel>}]", help="List the members of channels.", is_local=True)
def names_command(request: Request) -> Steps:
    """List members of the channels named, which one line ends (RFC 2812 §3.2.5)."""
    for name in each_once(request.param(0).split(",")):
        channel = request.world.channels.get(fold_or_self(name))
        members = list(channel.members) if channel is not None else []
        for start in range(0, len(members), _NAMES_AT_ONCE):
            if channel is not None and policy.can_see_channel(request.user, channel):
                some = members[start : start + _NAMES_AT_ONCE]
                here = [(user, channel.members[user]) for user in some if user in channel.members]
                _send_members(request, channel, here)
            yield _NAMES_AT_ONCE // 8
        yield 1
    request.reply.numeric(n.RPL_ENDOFNAMES, request.param(0) or "*")


class SharedNames:
    """The names of a channel for several of its members that are sent them at the same moment.

    Args:
        world: the world.
        channel: the channel.
        longest: the longest nickname of those that are sent them.
    """

    def __init__(self, world: World, channel: Channel, longest: str) -> None:
        self._world = world
        self._channel = channel
        self._longest = longest
        self._lines: dict[int, list[str]] = {}

    def lines(self, caps: int) -> list[str]:
        """Return the names as lines for those that see all members."""
        caps &= cap.MULTI_PREFIX | cap.USERHOST_IN_NAMES
        if caps not in self._lines:
            members = self._channel.members.items()
            self._lines[caps] = _lines(self._world, self._longest, caps, self._channel, members)
        return self._lines[caps]


def send_names(request: Request, channel: Channel, shared: SharedNames | None = None) -> None:
    """Send the members of a channel, and that these are all."""
    if shared is None or modes.AUDITORIUM in channel.flags:
        _send_members(request, channel, channel.members.items())
    else:
        _send_lines(request, channel, shared.lines(request.session.caps))
    request.reply.numeric(n.RPL_ENDOFNAMES, channel.name)


def _send_members(request: Request, channel: Channel, members: _Members) -> None:
    """Send those members of a channel that the user sees."""
    user = request.user
    if modes.AUDITORIUM in channel.flags or user not in channel.members:
        members = [
            (member, membership)
            for member, membership in members
            if policy.can_see_membership(user, member, channel)
        ]
    lines = _lines(request.world, user.nick, request.session.caps, channel, members)
    _send_lines(request, channel, lines)


def _lines(world: World, nick: str, caps: int, channel: Channel, members: _Members) -> list[str]:
    """Return members as lines, with `multi-prefix` and `userhost-in-names` if negotiated."""
    most = None if caps & cap.MULTI_PREFIX else 1
    name = attrgetter("source" if caps & cap.USERHOST_IN_NAMES else "nick")
    # Most members have no rank, and all of them are gone through for each that joins.
    words = [
        membership.prefixes[:most] + name(member) if membership.ranks else name(member)
        for member, membership in members
    ]
    head = f":{world.server_info.name} {n.RPL_NAMREPLY} {nick} = {channel.name} :"
    return wrap_words(words, MAX_BODY - len(head.encode()))


def _send_lines(request: Request, channel: Channel, lines: list[str]) -> None:
    symbol = "@" if modes.SECRET in channel.flags else "="
    for line in lines:
        request.reply.numeric(n.RPL_NAMREPLY, symbol, channel.name, args=(line,))
