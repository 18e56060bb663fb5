"""Overrides of operators, for other users and any channel: SAJOIN, SAPART, SAMODE, SANICK.

They are few on purpose.
"""

from dataclasses import replace

from trio_chat.chat import nicknames
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import NoticeKept
from trio_chat.chat.commands import channels, connection_registration, modes
from trio_chat.chat.operators import audit
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.users import User
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import KEY
from trio_chat.irc.names import InvalidName, each_once, fold_channel, fold_or_self


def _other(request: Request, nick: str, *, is_connected: bool = False) -> User | None:
    """Return a user, or reply ERR_NOSUCHNICK and return None."""
    user = request.world.users.get(fold_or_self(nick))
    if user is None or (is_connected and not user.sessions):
        request.reply.numeric(n.ERR_NOSUCHNICK, nick)
        return None
    return user


@command(
    "SAJOIN",
    "[<nickname>] <channel>{,<channel>}",
    min_params=1,
    right="channels",
    help="Make a user, or yourself, join channels in spite of their modes and bans.",
)
def sajoin_command(request: Request) -> None:
    """Make a user join channels."""
    user = (
        _other(request, request.params[0], is_connected=True)
        if len(request.params) > 1
        else request.user
    )
    if user is None:
        return
    names = each_once(request.params[-1].split(","))
    request.refuse_surplus(names)
    names = names[: request.world.lengths.targets]
    audit(request, f"SAJOIN {user.source} {','.join(names)}")
    session = request.session if user is request.user else user.sessions[0]
    reply = Response(request.world, session)
    acting = Request(request.world, session, request.message, reply, override=True)
    for name in names:
        if why_not := _why_not_join(request, user, name):
            request.reply.numeric(why_not, name)  # to the operator, not to the user
        else:
            channels.join(acting, name, "")
    request.reply.include(reply.finish())


def _why_not_join(request: Request, user: User, name: str) -> n.Numeric | None:
    """Return why not even an operator can make a user join a channel, or None."""
    lengths = request.world.lengths
    try:
        folded = fold_channel(name, lengths.channel)
    except InvalidName:
        return n.ERR_NOSUCHCHANNEL
    is_there = request.world.channels.get(folded) in user.channels
    is_full = len(user.channels) >= lengths.channels_per_user
    return n.ERR_TOOMANYCHANNELS if is_full and not is_there else None


@command(
    "SAPART",
    "<nickname> <channel>{,<channel>} [:<reason>]",
    min_params=2,
    right="channels",
    help="Make a user leave channels.",
)
def sapart_command(request: Request) -> None:
    """Make a user leave channels."""
    user = _other(request, request.params[0])
    if user is None:
        return
    names = each_once(request.params[1].split(","))
    request.refuse_surplus(names)
    for name in names[: request.world.lengths.targets]:
        channel = request.world.channels.get(fold_or_self(name))
        if channel is None:
            request.reply.numeric(n.ERR_NOSUCHCHANNEL, name)
        elif channel not in user.channels:
            request.reply.numeric(n.ERR_USERNOTINCHANNEL, user.nick, channel.name)
        else:
            audit(request, f"SAPART {user.source} {channel.name}: {request.param(2)}")
            channels.part(request, user, channel, request.param(2))
            reason = f": {request.param(2)}" if request.param(2) else ""
            notice = (
                f"{request.user.nick}, an operator of the server, removed you from"
                f" {channel.name}{reason}"
            )
            apply(request.world, NoticeKept(user.folded, notice))


@command(
    "SAMODE",
    "<channel> <modes> [<parameter>…]",
    min_params=2,
    right="channels",
    help="Change the modes of any channel.",
)
def samode_command(request: Request) -> None:
    """Change modes without being an operator of the channel."""
    channel = request.world.channels.get(fold_or_self(request.params[0]))
    if channel is None:
        request.reply.numeric(n.ERR_NOSUCHCHANNEL, request.params[0])
        return
    shown = [
        request.params[1],
        *("*" if KEY in request.params[1] else param for param in request.params[2:]),
    ]
    audit(request, f"SAMODE {channel.name} {' '.join(shown)}")
    modes.change_channel(replace(request, override=True), channel)


@command(
    "SANICK",
    "<nickname> <new nickname>",
    min_params=2,
    right="channels",
    help="Change the nickname of a user.",
)
def sanick_command(request: Request) -> None:
    """Give a user another nickname, which is neither in use nor reserved for another account."""
    world, nick = request.world, request.params[1]
    user = _other(request, request.params[0])
    if user is None:
        return
    folded = connection_registration.fold_or_refuse(request, nick)
    if folded is None:
        return
    why_not = nicknames.why_not_nick(world, nick, folded, user, user.account_id)
    if why_not is not None or world.users.get(folded, user) is not user:
        request.reply.numeric(n.ERR_NICKNAMEINUSE, nick)
        return
    audit(request, f"SANICK {user.source} {nick}")
    notice = f"{request.user.nick}, an operator of the server, gave you the nickname {nick}"
    apply(world, NoticeKept(user.folded, notice))
    connection_registration.rename(request, user, nick, folded)
