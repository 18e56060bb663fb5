"""MODE (Modern IRC, MODE): questions and changes, for channels and for oneself.

How a kind of mode is changed is one small function; which letters there are is the table in `irc.modes`.
"""

import logging
import re
from collections.abc import Callable

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel, ListEntry, fold_mask
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.registry import Request, command
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.masks import complete
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import Change, Kind
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
    help="Show or change modes; HELP CMODES lists them.",
)
def mode_command(request: Request) -> None:
    """Show or change the modes of a channel, or one's own."""
    if not is_channel_name(request.params[0]):
        _user_modes(request)
        return
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    if len(request.params) == 1:
        params = channel.mode_params(with_key=request.user in channel.members)
        request.reply.numeric(n.RPL_CHANNELMODEIS, channel.name, *params)
        request.reply.numeric(n.RPL_CREATIONTIME, channel.name, str(channel.created))
        return
    _channel_modes(request, channel)


def _channel_modes(request: Request, channel: Channel) -> None:
    user, reply = request.user, request.reply
    changes, unknown = modes.parse_changes(request.params[1], request.params[2:])
    for letter in dict.fromkeys(unknown):
        reply.numeric(n.ERR_UNKNOWNMODE, letter)
    shown = {change.mode.letter for change in changes if _is_question(change)}
    for letter in shown:
        _send_list(request, channel, letter)
    wanted = [change for change in changes if not _is_question(change)][: request.world.lengths.modes]
    if not wanted:
        return
    why_not = policy.why_not_operate(user, channel)
    if why_not:
        reply.numeric(why_not, channel.name)
        return
    done = [applied for change in wanted if (applied := _APPLY[change.mode.kind](request, channel, change))]
    if done:
        request.world.touch(channel)
        params = modes.format_changes(done)
        log.info("%s set %s on %s", user.source, params[0], channel.name)
        event = request.world.event(user, "MODE", (channel.name, *params), channel.audience(), channels=(channel,))
        reply.emit(event)


def _is_question(change: Change) -> bool:
    return change.mode.kind is Kind.LIST and not change.param


def _send_list(request: Request, channel: Channel, letter: str) -> None:
    each, end = _LIST_NUMERICS[letter]
    for entry in channel.lists[letter].values():
        request.reply.numeric(each, channel.name, entry.mask, entry.setter, str(entry.time))
    request.reply.numeric(end, channel.name)


def _apply_member(request: Request, channel: Channel, change: Change) -> Change | None:
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


def _apply_list(request: Request, channel: Channel, change: Change) -> Change | None:
    entries = channel.lists[change.mode.letter]
    mask = complete(truncate((change.param or "*").replace(" ", "_"), MAX_MASK))
    folded = fold_mask(mask)
    if not change.adding:
        entry = entries.pop(folded, None)
        return change._replace(param=entry.mask) if entry else None
    if folded in entries:
        return None
    if len(entries) >= request.world.lengths.list_entries:
        request.reply.numeric(n.ERR_BANLISTFULL, channel.name, change.mode.letter)
        return None
    entries[folded] = ListEntry(mask, folded, request.user.source, int(request.world.clock()))
    return change._replace(param=mask)


def _apply_key(request: Request, channel: Channel, change: Change) -> Change | None:
    if not change.adding:
        if not channel.key:
            return None
        channel.key = ""
        return change._replace(param="*")  # the key itself is nobody's who does not have it
    if change.param is None:
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "MODE")
        return None
    if not _KEY.fullmatch(change.param) or len(change.param) > request.world.lengths.key:
        request.reply.numeric(n.ERR_INVALIDKEY, channel.name)
        return None
    channel.key = change.param
    return change


def _apply_limit(request: Request, channel: Channel, change: Change) -> Change | None:
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
            n.ERR_INVALIDMODEPARAM, channel.name, "l", text, args=("The limit is a number from 1 to 999999999",)
        )
        return None
    channel.limit = int(text)
    return change._replace(param=str(channel.limit))


def _apply_flag(request: Request, channel: Channel, change: Change) -> Change | None:
    letter = change.mode.letter
    if (letter in channel.flags) is change.adding:
        return None
    (channel.flags.add if change.adding else channel.flags.discard)(letter)
    return change


_APPLY: dict[Kind, Callable[[Request, Channel, Change], Change | None]] = {
    Kind.MEMBER: _apply_member,
    Kind.LIST: _apply_list,
    Kind.ALWAYS: _apply_key,
    Kind.WHEN_SET: _apply_limit,
    Kind.FLAG: _apply_flag,
}


def _user_modes(request: Request) -> None:
    user, reply = request.user, request.reply
    other = request.world.users.get(fold_or_self(request.params[0]))
    if other is None:
        reply.numeric(n.ERR_NOSUCHNICK, request.params[0])
        return
    if other is not user:
        reply.numeric(n.ERR_USERSDONTMATCH)
        return
    if len(request.params) == 1:
        reply.numeric(n.RPL_UMODEIS, "+" + "".join(sorted(user.modes)))
        return
    adding, text, sign = True, "", None
    has_unknown = False
    for letter in request.params[1]:
        if letter in "+-":
            adding = letter == "+"
        elif letter not in modes.USER_MODES:
            has_unknown = True
        elif letter == modes.SECURE:
            continue  # the server's to give, and nothing to complain of
        elif (letter in user.modes) is not adding:
            (user.modes.add if adding else user.modes.discard)(letter)
            text += letter if sign is adding else ("+" if adding else "-") + letter
            sign = adding
    if has_unknown:
        reply.numeric(n.ERR_UMODEUNKNOWNFLAG)
    if text:
        request.world.residents.note(user)
        reply.send("MODE", (user.nick, text), user.source)
