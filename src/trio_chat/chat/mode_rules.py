"""Rules for the parameters of channel modes, which MODE, SAMODE and the HTTP API have in common.

Each type of mode has one small function here; the letters are in the tables of `irc.modes`. Whether
somebody may change a mode at all is in `policy`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from trio_chat.chat import coverage, policy, public_archive
from trio_chat.chat.changes import ModeSet
from trio_chat.chat.channels import Channel
from trio_chat.chat.masklists import entry
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import extbans, modes
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import BadMask
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import ModeChange, ModeType
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.numerics import Numeric

_KEY: Final = re.compile("[^:, ][^, ]*")
_SECONDS: Final = re.compile("[1-9][0-9]{0,4}", re.ASCII)
_MAX_SLOW: Final = 21_600
"""Seconds of slow mode: six hours."""
_LIMIT: Final = re.compile("[1-9][0-9]{0,8}", re.ASCII)
_MAX_MASK: Final = 200
"""Bytes of a mask in a list, so that the lines that show it hold it."""


class ModeRefused(Exception):
    """A change of a mode is refused; the text is a clause for its sender.

    Args:
        why: the numeric that says so; None for a FAIL.
        params: its parameters before the text; of a FAIL the code and its context.
        text: another text than that of the numeric, or "".
    """

    def __init__(self, why: Numeric | None, *params: str, text: str = "") -> None:
        super().__init__(text or (why.text if why is not None else ""))
        self.why = why
        self.params = params
        self.text = text


class Wanted(NamedTuple):
    """A change of a mode that is to be checked.

    Args:
        world: the world.
        channel: the channel.
        change: what is asked for.
        by: the user that asks; None for the server itself.
        is_override: whether it may change any channel.
        earlier: the changes of the same command that are made before it.
    """

    world: World
    channel: Channel
    change: ModeChange
    by: User | None
    is_override: bool
    earlier: Sequence[ModeSet]

    def needed(self) -> str:
        """Return the parameter.

        Raises:
            ModeRefused: there is none.
        """
        if self.change.param is None:
            raise ModeRefused(n.ERR_NEEDMOREPARAMS, "MODE")
        return self.change.param

    def refused(self, param: str, why: str) -> ModeRefused:
        """Return the refusal of a parameter."""
        letter = self.change.mode.letter
        return ModeRefused(n.ERR_INVALIDMODEPARAM, self.channel.name, letter, param, text=why)


def check(wanted: Wanted) -> ModeSet:
    """Return a change with its parameter in the form that `ModesChanged` needs.

    Raises:
        ModeRefused: it cannot be made.
    """
    mode = wanted.change.mode
    return (_OF_LETTER.get(mode.letter) or _OF_TYPE[mode.type])(wanted)


def _member(wanted: Wanted) -> ModeSet:
    name = wanted.needed()
    other = wanted.world.users.get(fold_or_self(name))
    if other is None:
        raise ModeRefused(n.ERR_NOSUCHNICK, name)
    if other not in wanted.channel.members:
        raise ModeRefused(n.ERR_USERNOTINCHANNEL, other.nick, wanted.channel.name)
    return ModeSet(wanted.change.adding, wanted.change.mode.letter, other.folded)


def _mask(wanted: Wanted) -> ModeSet:
    letter, adding, world = wanted.change.mode.letter, wanted.change.adding, wanted.world
    text = truncate((wanted.change.param or "*").replace(" ", "?"), _MAX_MASK)
    valid = ModeSet(adding, letter, text)
    masks = wanted.channel.lists[letter]
    mask = entry(text, "", 0)
    if not adding or mask.folded in masks:
        return valid
    if mask.acts and letter == modes.INVITE_EXCEPTION:
        what = " and ".join(extbans.EXTBANS[act].name for act in mask.acts)
        raise wanted.refused(text, f"{what}: only in bans and exceptions")
    try:
        coverage.check_entry(text, world.lengths, hides_addresses=world.cloaks is not None)
    except BadMask as error:
        raise wanted.refused(text, str(error)) from error
    added = sum(each.adding and each.letter == letter for each in wanted.earlier)
    if len(masks) + added >= world.lengths.list_entries:
        raise ModeRefused(n.ERR_BANLISTFULL, wanted.channel.name, letter)
    return valid


def _key(wanted: Wanted) -> ModeSet:
    if not wanted.change.adding:
        return ModeSet(False, modes.KEY)
    key = wanted.needed()
    if not _KEY.fullmatch(key) or len(key.encode()) > wanted.world.lengths.key:
        raise ModeRefused(n.ERR_INVALIDKEY, wanted.channel.name)
    return ModeSet(True, modes.KEY, key)


def _limit(wanted: Wanted) -> ModeSet:
    if not wanted.change.adding:
        return ModeSet(False, modes.LIMIT)
    limit = wanted.needed()
    if not _LIMIT.fullmatch(limit):
        raise wanted.refused(limit, "The limit is a number from 1 to 999999999")
    return ModeSet(True, modes.LIMIT, limit)


def _slow(wanted: Wanted) -> ModeSet:
    if not wanted.change.adding:
        return ModeSet(False, modes.SLOW)
    seconds = wanted.needed()
    if not _SECONDS.fullmatch(seconds) or int(seconds) > _MAX_SLOW:
        why = f"The seconds between two messages are a number from 1 to {_MAX_SLOW}"
        raise wanted.refused(seconds, why)
    return ModeSet(True, modes.SLOW, seconds)


def _forward(wanted: Wanted) -> ModeSet:
    if not wanted.change.adding:
        return ModeSet(False, modes.FORWARD)
    name, by = wanted.needed(), wanted.by
    target = wanted.world.channels.get(fold_or_self(name))
    is_seen = target is not None and (by is None or policy.can_see_channel(by, target))
    if target is None or target is wanted.channel or not is_seen:
        raise wanted.refused(name, "There is no such channel to forward to")
    # Otherwise any operator could redirect users into another channel.
    if not wanted.is_override and (by is None or not policy.is_operator(by, target)):
        raise ModeRefused(n.ERR_CHANOPRIVSNEEDED, target.name)
    return ModeSet(True, modes.FORWARD, target.name)


def _flag(wanted: Wanted) -> ModeSet:
    return ModeSet(wanted.change.adding, wanted.change.mode.letter)


def _public(wanted: Wanted) -> ModeSet:
    adding, channel = wanted.change.adding, wanted.channel
    if why := public_archive.why_not_open(wanted.world, channel) if adding else "":
        raise ModeRefused(None, "CANNOT_BE_PUBLIC", channel.name, text=why)
    return ModeSet(adding, modes.PUBLIC)


_OF_TYPE: Final[dict[ModeType, Callable[[Wanted], ModeSet]]] = {
    ModeType.MEMBER: _member,
    ModeType.LIST: _mask,
    ModeType.FLAG: _flag,
}
_OF_LETTER: Final[dict[str, Callable[[Wanted], ModeSet]]] = {
    modes.FORWARD: _forward,
    modes.KEY: _key,
    modes.LIMIT: _limit,
    modes.PUBLIC: _public,
    modes.SLOW: _slow,
}
