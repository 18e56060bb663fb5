"""MODE (Modern IRC, MODE): questions and changes, for channels and for oneself.

How a kind of mode is changed is one small function; which letters there are is the table in
`irc.modes`.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence

from trio_chat.chat import coverage, missed, operators, policy, presence
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.masklists import entry
from trio_chat.chat.registry import Request, command
from trio_chat.irc import extbans, modes
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import BadMask
from trio_chat.irc.message import MAX_BODY, body_size, truncate
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
    """Make those changes that are allowed, and have the members see them; what is beyond the number
    of ISUPPORT is left out.
    """
    user, reply = request.user, request.reply
    done = []
    refused: dict[Numeric, None] = {}
    for change in wanted[: request.world.lengths.modes]:
        why_not = (
            None
            if request.override
            else policy.why_not_change(request.world, user, channel, change)
        )
        if why_not:
            refused[why_not] = None
        elif applied := _apply(request, channel, change):
            done.append(applied)
    for why_not in refused:
        reply.numeric(why_not, channel.name)
    if done:
        request.world.channels.touch(channel)
    for params in _in_lines(user.source, channel, done):
        log.info("%s set %s on %s", user.source, params[0], channel.name)
        event = request.world.event(
            user, "MODE", (channel.name, *params), channel.audience(), channels=(channel,)
        )
        reply.emit(event)


def _in_lines(source: str, channel: Channel, done: Sequence[ModeChange]) -> list[tuple[str, ...]]:
    """Return changes as the parameters of as many MODE as hold them: a mask is never cut."""
    lines: list[list[ModeChange]] = []
    for change in done:
        longer = [*lines[-1], change] if lines else [change]
        if (
            lines
            and body_size("MODE", (channel.name, *modes.format_changes(longer)), source) <= MAX_BODY
        ):
            lines[-1] = longer
        else:
            lines.append([change])
    return [modes.format_changes(line) for line in lines]


def _is_question(change: ModeChange) -> bool:
    return change.mode.type is ModeType.LIST and not change.param


def _send_list(request: Request, channel: Channel, letter: str) -> None:
    each, end = _LIST_NUMERICS[letter]
    for mask in channel.lists[letter].values():
        request.reply.numeric(each, channel.name, mask.mask, mask.setter, str(mask.time))
    request.reply.numeric(end, channel.name)


def _apply_member(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    other = request.world.users.get(fold_or_self(change.param))
    if other is None:
        request.reply.numeric(n.ERR_NOSUCHNICK, change.param)
        return None
    membership = channel.members.get(other)
    if membership is None:
        request.reply.numeric(n.ERR_USERNOTINCHANNEL, other.nick, channel.name)
        return None
    letter = change.mode.letter
    if (letter in membership.ranks) is change.adding:
        return None
    (membership.ranks.add if change.adding else membership.ranks.discard)(letter)
    return change._replace(param=other.nick)


def _apply_list(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    letter = change.mode.letter
    entries = channel.lists[letter]
    text = truncate((change.param or "*").replace(" ", "?"), MAX_MASK)
    mask = entry(text, request.user.source, int(request.world.clock()))
    if not change.adding:
        removed = entries.pop(mask.folded, None)
        return change._replace(param=removed.mask) if removed else None
    if mask.folded in entries:
        return None
    if mask.acts and letter == "I":
        what = " and ".join(extbans.EXTBANS[act].name for act in mask.acts)
        request.reply.numeric(
            n.ERR_INVALIDMODEPARAM,
            channel.name,
            letter,
            text,
            args=(f"{what}: only in bans and exceptions",),
        )
        return None
    try:
        coverage.check_entry(
            text, request.world.lengths, hides_addresses=request.world.cloaks is not None
        )
    except BadMask as error:
        request.reply.numeric(
            n.ERR_INVALIDMODEPARAM, channel.name, letter, text, args=(str(error),)
        )
        return None
    if len(entries) >= request.world.lengths.list_entries:
        request.reply.numeric(n.ERR_BANLISTFULL, channel.name, letter)
        return None
    entries[mask.folded] = mask
    if letter == "b":
        missed.note_banned(request.world, request.user.source, channel, mask)
    return change._replace(param=mask.mask)


def _apply_key(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    if not change.adding:
        if not channel.key:
            return None
        channel.key = ""
        return change._replace(param="*")  # the key itself is nobody's who does not have it
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    if not _KEY.fullmatch(change.param) or len(change.param.encode()) > request.world.lengths.key:
        request.reply.numeric(n.ERR_INVALIDKEY, channel.name)
        return None
    channel.key = change.param
    return change


def _apply_limit(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    if not change.adding:
        if not channel.limit:
            return None
        channel.limit = 0
        return change
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    text = change.param
    if not _LIMIT.fullmatch(text):
        request.reply.numeric(
            n.ERR_INVALIDMODEPARAM,
            channel.name,
            "l",
            text,
            args=("The limit is a number from 1 to 999999999",),
        )
        return None
    channel.limit = int(text)
    return change._replace(param=str(channel.limit))


def _apply_forward(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    if not change.adding:
        if not channel.forward:
            return None
        channel.forward = ""
        return change
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    target = request.world.channels.get(fold_or_self(change.param))
    if target is None or target is channel or not policy.can_see_channel(request.user, target):
        text = "There is no such channel to forward to"
        request.reply.numeric(n.ERR_INVALIDMODEPARAM, channel.name, "f", change.param, args=(text,))
        return None
    # Or anybody could send people where they are not wanted.
    if not request.override and not policy.is_operator(request.user, target):
        request.reply.numeric(n.ERR_CHANOPRIVSNEEDED, target.name)
        return None
    channel.forward = target.name
    return change._replace(param=target.name)


def _apply_flag(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    letter = change.mode.letter
    if (letter in channel.flags) is change.adding:
        return None
    flags = channel.flags | {letter} if change.adding else channel.flags - {letter}
    request.world.channels.set_flags(channel, flags)
    return change


_Apply = Callable[[Request, Channel, ModeChange], ModeChange | None]
_APPLY: dict[ModeType, _Apply] = {
    ModeType.MEMBER: _apply_member,
    ModeType.LIST: _apply_list,
    ModeType.FLAG: _apply_flag,
}
_APPLY_LETTER: dict[str, _Apply] = {"f": _apply_forward, "k": _apply_key, "l": _apply_limit}


def _apply(request: Request, channel: Channel, change: ModeChange) -> ModeChange | None:
    """Make a change that is allowed; return it as others are to see it, or None when it changes
    nothing.
    """
    mode = change.mode
    return (_APPLY_LETTER.get(mode.letter) or _APPLY[mode.type])(request, channel, change)


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
    text, sign = "", None
    gives_up = False
    for adding, letter in changes:
        if letter == modes.SECURE:
            continue  # the server's to give, and nothing to complain of
        if (
            letter == modes.SERVER_OPERATOR
        ):  # "+o" is ignored, who is one may stop being one (RFC 2812 §3.1.5)
            gives_up = gives_up or not adding
        elif letter == modes.NOTICES and adding and policy.refuses_right(request, "addresses"):
            continue
        elif (letter in user.modes) is not adding:
            presence.set_mode(request.world, user, letter, is_on=adding)
            text += letter if sign is adding else ("+" if adding else "-") + letter
            sign = adding
    if text:
        request.world.always_on.note(user)
        reply.emit(operators.mode_event(request.world, user, text))
    if user.operator is not None and gives_up:
        operators.audit(request, "is no operator any more")
        if event := operators.dismiss(request.world, user):
            reply.emit(event)
