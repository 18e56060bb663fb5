"""PROP and its numerics (IRCv3 `draft/named-modes`): the modes of MODE, by their names."""

from collections.abc import Iterable

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands import modes as mode_commands
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.registry import Request, command
from trio_chat.irc import modes, named_modes
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, wrap_words
from trio_chat.irc.modes import CHANNEL_MODES, ChannelMode
from trio_chat.irc.named_modes import MOST_ITEMS, BadItem, is_change
from trio_chat.irc.names import is_channel_name
from trio_chat.irc.numerics import Numeric


def send_names(request: Request) -> None:
    """Send the names of all modes, with their letters (RPL_CHMODELIST, RPL_UMODELIST)."""
    lists = (
        (n.RPL_CHMODELIST, named_modes.CHANNEL_MODE_LIST),
        (n.RPL_UMODELIST, named_modes.USER_MODE_LIST),
    )
    for numeric, items in lists:
        *others, last = _fold(request, numeric, "*", items)
        for (
            line
        ) in others:  # "all but the last numeric MUST have a parameter containing only an asterisk"
            request.reply.numeric(numeric, "*", *line)
        request.reply.numeric(numeric, *last)


@command(
    "PROP",
    "<channel or nickname> [<list>] [{+|-}<mode>[=<value>]…]",
    min_params=1,
    capability="draft/named-modes",
    help="Show or change modes by their names, such as +inviteonly.",
)
def prop_command(request: Request) -> None:
    """Show or change the modes of a channel, or one's own."""
    target, items = request.params[0], [param for param in request.params[1:] if param]
    try:
        if not is_channel_name(target):
            _own_modes(request, items)
        elif channel := find_channel(request, target):
            _channel_modes(request, channel, items)
    except BadItem as error:
        request.reply.fail("PROP", error.code, target, error.name, text=str(error))


def _own_modes(request: Request, items: list[str]) -> None:
    if not mode_commands.is_oneself(request, request.params[0]):
        return
    if not items:
        mode_commands.send_own_modes(request)
        return
    mode_commands.change_own_modes(request, [named_modes.read_user_change(item) for item in items])


def _channel_modes(request: Request, channel: Channel, items: list[str]) -> None:
    if not items:
        _send_modes(request, channel)
        return
    lists = dict.fromkeys(named_modes.read_list(item) for item in items if not is_change(item))
    changes = [named_modes.read_change(item) for item in items if is_change(item)]
    for mode in lists:
        _send_list(request, channel, mode)
    if any(change.param for change in changes) and policy.refuses_to_store(request):
        return
    mode_commands.apply_changes(request, channel, changes)


def _send_modes(request: Request, channel: Channel) -> None:
    """Send what is on, without lists and ranks; the key is shown to members only."""
    on = [CHANNEL_MODES[letter].name for letter in sorted(channel.flags)]
    if channel.key:
        on.append(
            named_modes.with_param(
                CHANNEL_MODES[modes.KEY], channel.key if request.user in channel.members else None
            )
        )
    if channel.limit:
        on.append(named_modes.with_param(CHANNEL_MODES[modes.LIMIT], str(channel.limit)))
    if channel.forward:
        on.append(named_modes.with_param(CHANNEL_MODES[modes.FORWARD], channel.forward))
    if channel.slow:
        on.append(named_modes.with_param(CHANNEL_MODES[modes.SLOW], str(channel.slow)))
    for line in _fold(request, n.RPL_PROPLIST, channel.name, on):
        request.reply.numeric(n.RPL_PROPLIST, channel.name, *line)
    request.reply.numeric(n.RPL_ENDOFPROPLIST, channel.name)


def _send_list(request: Request, channel: Channel, mode: ChannelMode) -> None:
    for mask in channel.lists[mode.letter].values():
        request.reply.numeric(
            n.RPL_LISTPROPLIST, channel.name, mode.name, mask.mask, mask.setter, str(mask.time)
        )
    request.reply.numeric(n.RPL_ENDOFLISTPROPLIST, channel.name, mode.name)


def _fold(request: Request, numeric: Numeric, before: str, items: Iterable[str]) -> list[list[str]]:
    """Return items as they stand in the lines of a numeric; one line without any when there are
    none.
    """
    head = f":{request.world.server_info.name} {numeric} {request.session.target} {before} :"
    lines = wrap_words(items, MAX_BODY - len(head.encode()), most=MOST_ITEMS)
    return [line.split(" ") for line in lines] or [[]]
