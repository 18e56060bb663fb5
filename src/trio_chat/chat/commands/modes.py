"""MODE (Modern IRC, MODE): queries and changes of the modes of channels and of the own user.

What parameters are allowed is in `mode_rules`; the letters are in the tables of `irc.modes`.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from trio_chat.chat import mode_rules, operators, policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ModesChanged, ModeSet, OperatorDismissed, UserModesChanged
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.events import Event
from trio_chat.chat.mode_rules import ModeRefused, Wanted
from trio_chat.chat.registry import Request, command
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import ModeChange, ModeType, UserModeChange
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.irc.numerics import Numeric

log = logging.getLogger("trio_chat")

_LIST_NUMERICS: Final[dict[str, tuple[Numeric, Numeric]]] = {
    "b": (n.RPL_BANLIST, n.RPL_ENDOFBANLIST),
    "e": (n.RPL_EXCEPTLIST, n.RPL_ENDOFEXCEPTLIST),
    "I": (n.RPL_INVEXLIST, n.RPL_ENDOFINVEXLIST),
}
_WORK_OF_CHANGE: Final = 16
"""The work of a change beyond those that a line should have."""


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
        if channel.created:  # the lobby of a cluster is older than the first entry of its log
            request.reply.numeric(n.RPL_CREATIONTIME, channel.name, str(channel.created))
        return
    change_channel(request, channel)


def change_channel(request: Request, channel: Channel) -> None:
    """ModeChange the modes of a channel, and show the lists that are asked for."""
    changes, unknown = modes.parse_changes(request.params[1], request.params[2:])
    for letter in dict.fromkeys(unknown):
        request.reply.numeric(n.ERR_UNKNOWNMODE, letter)
    for letter in dict.fromkeys(change.mode.letter for change in changes if _is_question(change)):
        _send_list(request, channel, letter)
    apply_changes(request, channel, [change for change in changes if not _is_question(change)])


def apply_changes(request: Request, channel: Channel, wanted: Sequence[ModeChange]) -> None:
    """Make those changes that are allowed. More than ISUPPORT names are made, too, and cost as much
    as in several lines.
    """
    request.reply.charge(_WORK_OF_CHANGE * max(0, len(wanted) - request.world.lengths.modes))
    wrong: dict[tuple[object, ...], ModeRefused] = {}  # each reason is given once
    refused: dict[Numeric, None] = {}
    allowed: list[ModeSet] = []
    events: list[Event] = []
    for change in wanted:
        why_not = None if request.override else _why_not(request, channel, change)
        if why_not:
            refused[why_not] = None
            continue
        wanting = Wanted(request.world, channel, change, request.user, request.override, allowed)
        try:
            valid = mode_rules.check(wanting)
        except ModeRefused as error:
            wrong[(error.why, *error.params, error.text)] = error
            continue
        allowed.append(valid)
        if change.mode.type is ModeType.MEMBER and valid.param == request.user.folded:
            # The user's rights for the next changes depend on its rank, so this change is applied
            # first.
            events += _make(request, channel, allowed)
            allowed = []
    events += _make(request, channel, allowed)
    for problem in wrong.values():
        _refuse(request, problem)
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


def _refuse(request: Request, refused: ModeRefused) -> None:
    if refused.why is None:
        request.reply.fail("MODE", *refused.params, text=refused.text)
    else:
        args = (refused.text,) if refused.text else ()
        request.reply.numeric(refused.why, *refused.params, args=args)


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
