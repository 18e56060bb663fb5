"""MODE (Modern IRC, MODE): queries and changes of the modes of channels and of the own user.

Each type of mode has one small function here; the letters are in the tables of `irc.modes`.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence

from trio_chat.chat import coverage, operators, policy, public_archive
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ModesChanged, ModeSet, OperatorDismissed, UserModesChanged
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.events import Event
from trio_chat.chat.masklists import entry
from trio_chat.chat.registry import Request, command
from trio_chat.irc import extbans, modes
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import BadMask
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import ModeChange, ModeType, UserModeChange
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.irc.numerics import Numeric

log = logging.getLogger("trio_chat")

_LIST_NUMERICS: dict[str, tuple[Numeric, Numeric]] = {
    "b": (n.RPL_BANLIST, n.RPL_ENDOFBANLIST),
    "e": (n.RPL_EXCEPTLIST, n.RPL_ENDOFEXCEPTLIST),
    "I": (n.RPL_INVEXLIST, n.RPL_ENDOFINVEXLIST),
}
_KEY = re.compile("[^:, ][^, ]*")
_SECONDS = re.compile("[1-9][0-9]{0,4}", re.ASCII)
_MAX_SLOW = 21_600
"""Seconds of slow mode: six hours."""
_LIMIT = re.compile("[1-9][0-9]{0,8}", re.ASCII)
MAX_MASK = 200
"""Bytes of a mask in a list, so that the lines that show it hold it."""


@command(
    "MODE",
    "<channel or nickname> [<modes> [<parameter>…]]",
    min_params=1,
    stores=3,
    help="Show or change modes; HELP CMODES lists them.",
)
def mode_command(request: Request) -> None:
    """Show or change the modes of a channel, or one's own."""
    if not is_channel_name(request.params[0]):
        _own_modes(request)
        return
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    if len(request.params) == 1:
        params = channel.mode_params(with_key=request.user in channel.members)
        request.reply.numeric(n.RPL_CHANNELMODEIS, channel.name, *params)
        request.reply.numeric(n.RPL_CREATIONTIME, channel.name, str(channel.created))
        return
    change_channel(request, channel)


def change_channel(request: Request, channel: Channel) -> None:
    """ModeChange the modes of a channel, and show the lists that are asked for."""
    changes, unknown = modes.parse_changes(request.params[1], request.params[2:])
    for letter in dict.fromkeys(unknown):
        request.reply.numeric(n.ERR_UNKNOWNMODE, letter)
    shown = {change.mode.letter for change in changes if _is_question(change)}
    for letter in shown:
        _send_list(request, channel, letter)
    apply_changes(request, channel, [change for change in changes if not _is_question(change)])


def apply_changes(request: Request, channel: Channel, wanted: Sequence[ModeChange]) -> None:
    """Make those changes that are allowed; what is beyond the number of ISUPPORT is left out."""
    refused: dict[Numeric, None] = {}
    allowed: list[ModeSet] = []
    events: list[Event] = []
    for change in wanted[: request.world.lengths.modes]:
        why_not = None if request.override else _why_not(request, channel, change)
        if why_not:
            refused[why_not] = None
        elif (valid := _validate(request, channel, change, allowed)) is not None:
            allowed.append(valid)
            if change.mode.type is ModeType.MEMBER and valid.param == request.user.folded:
                # The user's rights for the next changes depend on its rank, so this change is
                # applied first.
                events += _make(request, channel, allowed)
                allowed = []
    events += _make(request, channel, allowed)
    for why_not in refused:
        request.reply.numeric(why_not, channel.name)
    request.reply.emit_all(events)


def _why_not(request: Request, channel: Channel, change: ModeChange) -> Numeric | None:
    return policy.why_not_change(request.world, request.user, channel, change)


def _make(request: Request, channel: Channel, changes: list[ModeSet]) -> list[Event]:
    if not changes:
        return []
    user = request.user
    change = ModesChanged(channel.folded, tuple(changes), by=user.folded)
    events = apply(request.world, change)
    for event in events:
        log.info("%s set %s on %s", user.source, event.params[1], channel.name)
    return events


def _is_question(change: ModeChange) -> bool:
    return change.mode.type is ModeType.LIST and not change.param


def _send_list(request: Request, channel: Channel, letter: str) -> None:
    each, end = _LIST_NUMERICS[letter]
    for mask in channel.lists[letter].values():
        request.reply.numeric(each, channel.name, mask.mask, mask.setter, str(mask.time))
    request.reply.numeric(end, channel.name)


def _validate_member(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    other = request.world.users.get(fold_or_self(change.param))
    if other is None:
        request.reply.numeric(n.ERR_NOSUCHNICK, change.param)
        return None
    if other not in channel.members:
        request.reply.numeric(n.ERR_USERNOTINCHANNEL, other.nick, channel.name)
        return None
    return ModeSet(change.adding, change.mode.letter, other.folded)


def _validate_list(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    letter = change.mode.letter
    text = truncate((change.param or "*").replace(" ", "?"), MAX_MASK)
    valid = ModeSet(change.adding, letter, text)
    mask = entry(text, request.user.source, 0)
    if not change.adding or mask.folded in channel.lists[letter]:
        return valid
    if mask.acts and letter == modes.INVITE_EXCEPTION:
        what = " and ".join(extbans.EXTBANS[act].name for act in mask.acts)
        _refuse_param(request, channel, letter, text, f"{what}: only in bans and exceptions")
        return None
    try:
        coverage.check_entry(
            text, request.world.lengths, hides_addresses=request.world.cloaks is not None
        )
    except BadMask as error:
        _refuse_param(request, channel, letter, text, str(error))
        return None
    added = sum(earlier.adding and earlier.letter == letter for earlier in allowed)
    if len(channel.lists[letter]) + added >= request.world.lengths.list_entries:
        request.reply.numeric(n.ERR_BANLISTFULL, channel.name, letter)
        return None
    return valid


def _refuse_param(request: Request, channel: Channel, letter: str, param: str, why: str) -> None:
    request.reply.numeric(n.ERR_INVALIDMODEPARAM, channel.name, letter, param, args=(why,))


def _validate_key(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    if change.adding and change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    key = change.param or ""
    longest = request.world.lengths.key
    if change.adding and (not _KEY.fullmatch(key) or len(key.encode()) > longest):
        request.reply.numeric(n.ERR_INVALIDKEY, channel.name)
        return None
    return ModeSet(change.adding, modes.KEY, key if change.adding else "")


def _validate_limit(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    if not change.adding:
        return ModeSet(False, modes.LIMIT)
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    if not _LIMIT.fullmatch(change.param):
        text = "The limit is a number from 1 to 999999999"
        _refuse_param(request, channel, modes.LIMIT, change.param, text)
        return None
    return ModeSet(True, modes.LIMIT, change.param)


def _validate_slow(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    if not change.adding:
        return ModeSet(False, modes.SLOW)
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    if not _SECONDS.fullmatch(change.param) or int(change.param) > _MAX_SLOW:
        text = f"The seconds between two messages are a number from 1 to {_MAX_SLOW}"
        _refuse_param(request, channel, modes.SLOW, change.param, text)
        return None
    return ModeSet(True, modes.SLOW, change.param)


def _validate_forward(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    if not change.adding:
        return ModeSet(False, modes.FORWARD)
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    target = request.world.channels.get(fold_or_self(change.param))
    if target is None or target is channel or not policy.can_see_channel(request.user, target):
        text = "There is no such channel to forward to"
        _refuse_param(request, channel, modes.FORWARD, change.param, text)
        return None
    # Otherwise any operator could redirect users into another channel.
    if not request.override and not policy.is_operator(request.user, target):
        request.reply.numeric(n.ERR_CHANOPRIVSNEEDED, target.name)
        return None
    return ModeSet(True, modes.FORWARD, target.name)


def _validate_flag(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    return ModeSet(change.adding, change.mode.letter)


def _validate_public(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    why_not = public_archive.why_not_open(request.world, channel) if change.adding else ""
    if why_not:
        request.reply.fail("MODE", "CANNOT_BE_PUBLIC", channel.name, text=why_not)
        return None
    return ModeSet(change.adding, modes.PUBLIC)


_Validate = Callable[[Request, Channel, ModeChange, Sequence[ModeSet]], ModeSet | None]
_VALIDATE: dict[ModeType, _Validate] = {
    ModeType.MEMBER: _validate_member,
    ModeType.LIST: _validate_list,
    ModeType.FLAG: _validate_flag,
}
_VALIDATE_LETTER: dict[str, _Validate] = {
    modes.FORWARD: _validate_forward,
    modes.KEY: _validate_key,
    modes.LIMIT: _validate_limit,
    modes.PUBLIC: _validate_public,
    modes.SLOW: _validate_slow,
}


def _validate(
    request: Request, channel: Channel, change: ModeChange, allowed: Sequence[ModeSet]
) -> ModeSet | None:
    """Return a change that is permitted, or reply why it is refused and return None.

    Args:
        request: the request.
        channel: the channel.
        change: the change as the client requested it.
        allowed: the changes of the same command that will be made before it.
    """
    validate = _VALIDATE_LETTER.get(change.mode.letter) or _VALIDATE[change.mode.type]
    return validate(request, channel, change, allowed)


def _own_modes(request: Request) -> None:
    if not is_oneself(request, request.params[0]):
        return
    if len(request.params) == 1:
        send_own_modes(request)
        return
    changes, has_unknown = modes.parse_user_changes(request.params[1])
    if has_unknown:
        request.reply.numeric(n.ERR_UMODEUNKNOWNFLAG)
    change_own_modes(request, changes)


def is_oneself(request: Request, nick: str) -> bool:
    """Return whether a nickname is the own one of the user, or answer with the numeric that refuses
    it.
    """
    other = request.world.users.get(fold_or_self(nick))
    if other is None:
        request.reply.numeric(n.ERR_NOSUCHNICK, nick)
    elif other is not request.user:
        request.reply.numeric(n.ERR_USERSDONTMATCH)
    return other is request.user


def send_own_modes(request: Request) -> None:
    """Show a user its modes."""
    request.reply.numeric(n.RPL_UMODEIS, "+" + "".join(sorted(request.user.modes)))


def change_own_modes(request: Request, changes: Iterable[UserModeChange]) -> None:
    """Make those changes of a user's own modes that it may make, and have its sessions see them."""
    user, reply = request.user, request.reply
    allowed = []
    gives_up = False
    for change in changes:
        if change.letter == modes.SECURE:
            continue  # the server sets it, and an attempt is no error
        if change.letter == modes.SERVER_OPERATOR:
            # "+o" is ignored; an operator may give its rights up (RFC 2812 §3.1.5).
            gives_up = gives_up or not change.adding
        elif (
            change.letter == modes.NOTICES
            and change.adding
            and policy.refuses_right(request, "addresses")
        ):
            continue
        else:
            allowed.append(change)
    reply.emit_all(apply(request.world, UserModesChanged(user.folded, tuple(allowed))))
    if user.operator is not None and gives_up:
        operators.audit(request, "is no operator any more")
        reply.emit_all(apply(request.world, OperatorDismissed(user.folded)))
