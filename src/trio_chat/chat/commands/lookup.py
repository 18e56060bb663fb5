"""User-based queries: WHO, WHOIS, WHOWAS, USERHOST, ISON (Modern IRC)."""

from collections.abc import Callable, Iterable

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.cloaks import as_param
from trio_chat.chat.commands import metadata_unasked, whox
from trio_chat.chat.commands.info import format_time, is_other_server
from trio_chat.chat.masklists import fold_mask
from trio_chat.chat.operators import has_right
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Steps
from trio_chat.chat.users import User
from trio_chat.irc import masks, modes
from trio_chat.irc import numerics as n
from trio_chat.irc.message import MAX_BODY, wrap_words
from trio_chat.irc.modes import BOT, SECURE
from trio_chat.irc.names import fold_or_self, is_channel_name

Matches = Callable[[User], bool]
"""Returns whether WHO lists a user."""


@command(
    "WHO",
    "[<channel or mask> [%<fields>[,<token>]]]",
    weight=2,
    help=(
        "List the users in a channel, or those that match a mask; fields are letters of"
        " tcuihsnfdlaor."
    ),
    is_local=True,
)
def who_command(request: Request) -> Steps:
    """List users: the members of a channel, or those that a mask covers."""
    asked = request.param(0)
    # "In the absence of the <mask> parameter, or the <mask> "0"" all are listed (RFC 2812 §3.6.1).
    mask = "*" if asked in ("", "0") else asked
    choice = whox.parse(request.param(1))
    only_opers = "o" in request.param(1).partition("%")[0]
    if is_channel_name(mask):
        channel = request.world.channels.get(fold_or_self(mask))
        if channel is not None and policy.can_see_channel(request.user, channel):
            for member in list(channel.members):
                yield 1
                if member not in channel.members or not policy.can_see_membership(
                    request.user, member, channel
                ):
                    continue
                if not only_opers or member.operator:
                    _who_reply(request, choice, member, channel)
                    yield 1
    elif masks.has_wildcard(mask) or masks.has_network(mask):
        yield from _who_matching(request, choice, mask, only_opers=only_opers)
    elif (user := request.world.users.get(fold_or_self(mask))) and (
        not only_opers or user.operator
    ):
        _who_reply(request, choice, user, _common_channel(request, user))
    request.reply.numeric(n.RPL_ENDOFWHO, asked or "*")


def _who_matching(
    request: Request, choice: whox.WhoxQuery | None, mask: str, *, only_opers: bool
) -> Steps:
    """List the users that a pattern matches, as far as the user may find them; an exact nickname
    would find everyone.
    """
    viewer, users = request.user, request.world.users
    covers = _by_network(viewer, mask) if masks.has_network(mask) else _by_name(viewer, mask)
    for user in list(request.world.opers if only_opers else users.values()):
        yield 1
        if users.get(user.folded) is not user or not _can_find(viewer, user):
            continue
        if covers(user):
            _who_reply(request, choice, user, _common_channel(request, user))
            yield 1


def _by_name(viewer: User, mask: str) -> Matches:
    pattern = masks.compile_glob(fold_or_self(mask))
    return lambda user: any(pattern.fullmatch(text) for text in _names(viewer, user))


def _by_network(viewer: User, mask: str) -> Matches:
    """Return whether the address of a user is in the network of a mask, if the user that asks may
    know the address.
    """
    network = masks.parse_mask(fold_mask(masks.complete_mask(mask)))

    def covers(user: User) -> bool:
        addresses = (
            [session.address for session in user.sessions]
            if policy.can_see_address(viewer, user)
            else []
        )
        return network.covers(f"{user.folded}!{user.username.lower()}", (user.host, *addresses))

    return covers


def _can_find(viewer: User, user: User) -> bool:
    """Return whether a user may find another one without knowing the nickname."""
    return (
        user is viewer
        or modes.INVISIBLE not in user.modes
        or viewer.shares_channel(user)
        or has_right(viewer, "addresses")
    )


def _names(viewer: User, user: User) -> Iterable[str]:
    """Yield the names that a mask of WHO is compared with, as far as the asking user may know
    them.
    """
    yield from (user.folded, user.folded_mask, user.host, user.username.lower())
    if policy.can_see_address(viewer, user):
        yield from (session.address for session in user.sessions)


def _common_channel(request: Request, user: User) -> Channel | None:
    visible = (
        channel
        for channel in user.channels
        if policy.can_see_membership(request.user, user, channel)
    )
    return next(visible, None)


def _who_reply(
    request: Request, choice: whox.WhoxQuery | None, user: User, channel: Channel | None
) -> None:
    if choice is not None:
        whox.send(request, choice, user, channel)
        return
    flags = whox.flags(request, user, channel)
    server = request.world.server_info.name
    where = channel.name if channel else "*"
    request.reply.numeric(
        n.RPL_WHOREPLY,
        where,
        user.username,
        user.host,
        server,
        user.nick,
        flags,
        args=(user.realname,),
    )


@command("WHOIS", "[<server>] <nickname>", help="Show information about a user.", is_local=True)
def whois_command(request: Request) -> None:
    """Show what the asking user may know about a user."""
    nick = request.param(1) or request.param(0)
    if not nick:
        request.reply.numeric(n.ERR_NONICKNAMEGIVEN)
        return
    if (
        request.param(1)
        and fold_or_self(request.params[0]) != fold_or_self(nick)
        and is_other_server(request)
    ):
        return
    user = request.world.users.get(fold_or_self(nick))
    if user is None:
        request.reply.numeric(n.ERR_NOSUCHNICK, nick)
    else:
        _whois_reply(request, user)
    request.reply.numeric(n.RPL_ENDOFWHOIS, user.nick if user else nick)


def _whois_reply(request: Request, user: User) -> None:
    reply, server_info = request.reply, request.world.server_info
    reply.numeric(n.RPL_WHOISUSER, user.nick, user.username, user.host, "*", args=(user.realname,))
    words = [
        membership.prefixes + channel.name
        for channel, membership in user.channels.items()
        if policy.can_see_membership(request.user, user, channel)
    ]
    head = f":{server_info.name} 319 {request.user.nick} {user.nick} :"
    for line in wrap_words(words, MAX_BODY - len(head.encode())):
        reply.numeric(n.RPL_WHOISCHANNELS, user.nick, args=(line,))
    reply.numeric(n.RPL_WHOISSERVER, user.nick, server_info.name, args=(server_info.description,))
    if user.account:
        reply.numeric(n.RPL_WHOISACCOUNT, user.nick, user.account)
    if SECURE in user.modes:
        reply.numeric(n.RPL_WHOISSECURE, user.nick)
    if user is request.user and request.session.certificate:
        reply.numeric(n.RPL_WHOISCERTFP, user.nick, args=(request.session.certificate,))
    if BOT in user.modes:
        reply.numeric(n.RPL_WHOISBOT, user.nick)
    if user.operator is not None:
        reply.numeric(n.RPL_WHOISOPERATOR, user.nick)
    if policy.can_see_address(request.user, user):
        for address in dict.fromkeys(session.address for session in user.sessions):
            reply.numeric(
                n.RPL_WHOISACTUALLY, user.nick, f"{user.username}@{user.host}", as_param(address)
            )
    metadata_unasked.on_whois(request, user)
    if user.away:
        reply.numeric(n.RPL_AWAY, user.nick, args=(user.away,))
    idle = max(0, int(request.world.clock() - user.idle_since()))
    reply.numeric(n.RPL_WHOISIDLE, user.nick, str(idle), str(int(user.signon)))


@command(
    "WHOWAS",
    "<nickname> [<count>]",
    weight=2,
    help="Show information about a former user.",
    is_local=True,
)
def whowas_command(request: Request) -> None:
    """Show the former users of a nickname, the latest first."""
    nick = request.param(0)
    if not nick:
        request.reply.numeric(n.ERR_NONICKNAMEGIVEN)
        return
    count = request.param(1)
    # Not positive: all (RFC 2812 §3.6.3).
    most = int(count[:6]) if count.isascii() and count.isdigit() else 0
    folded = fold_or_self(nick)
    entries = [entry for entry in request.world.whowas if entry.folded == folded]
    if not entries:
        request.reply.numeric(n.ERR_WASNOSUCHNICK, nick)
    for entry in entries[: most or None]:
        request.reply.numeric(
            n.RPL_WHOWASUSER, entry.nick, entry.username, entry.host, "*", args=(entry.realname,)
        )
        if entry.address and has_right(request.user, "addresses"):
            shown = f"{entry.username}@{entry.host}"
            request.reply.numeric(n.RPL_WHOISACTUALLY, entry.nick, shown, as_param(entry.address))
        server = request.world.server_info.name
        request.reply.numeric(
            n.RPL_WHOISSERVER, entry.nick, server, args=(format_time(entry.time),)
        )
    request.reply.numeric(n.RPL_ENDOFWHOWAS, nick)


@command(
    "USERHOST",
    "<nickname>{ <nickname>}",
    min_params=1,
    help="Show the hosts of up to five users.",
    is_local=True,
)
def userhost_command(request: Request) -> None:
    """Show user name and host of up to five users (RFC 2812 §4.8)."""
    words = []
    for nick in request.params[:5]:
        user = request.world.users.get(fold_or_self(nick))
        if user:
            words.append(
                f"{user.nick}{'*' if user.operator else ''}={'-' if user.away else '+'}"
                f"{user.username}@{user.host}"
            )
    request.reply.numeric(n.RPL_USERHOST, args=(" ".join(words),))


@command(
    "ISON",
    "<nickname>{ <nickname>}",
    min_params=1,
    help="Show which nicknames are in use.",
    is_local=True,
)
def ison_command(request: Request) -> None:
    """Show which of some nicknames are in use (RFC 2812 §4.9)."""
    users = request.world.users
    wanted = [nick for param in request.params for nick in param.split()]
    here = [users[folded].nick for nick in wanted if (folded := fold_or_self(nick)) in users]
    request.reply.numeric(n.RPL_ISON, args=(" ".join(here),))
