"""The opening of a registered session: RPL_WELCOME and what follows it (Modern IRC, Connection
registration).
"""

from typing import Final

from trio_chat import __version__
from trio_chat.chat.commands import accounts, info, metadata_unasked, named_modes, tokens
from trio_chat.chat.commands.modes import send_own_modes
from trio_chat.chat.registry import Request
from trio_chat.chat.users import PendingRegistration
from trio_chat.irc import capabilities as cap
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import ModeType

_MODES: Final = (
    "".join(modes.USER_MODES),
    "".join(sorted(modes.CHANNEL_MODES)),
    "".join(
        sorted(modes.letters(ModeType.MEMBER, ModeType.LIST, ModeType.ALWAYS, ModeType.WHEN_SET))
    ),
)
"""Of RPL_MYINFO: user modes, channel modes, and channel modes that take a parameter."""


def send_welcome(request: Request, pending: PendingRegistration) -> None:
    """Send the welcome to a session whose registration is complete."""
    reply, server_info = request.reply, request.world.server_info
    # A login may still be going on. IRCv3 sasl-3.1: "abort it and send a 906 numeric".
    accounts.abort_exchange(request)
    reply.numeric(n.RPL_WELCOME, args=(server_info.network, request.user.source))
    reply.numeric(n.RPL_YOURHOST, args=(server_info.name, server_info.version))
    reply.numeric(n.RPL_CREATED, args=(info.format_time(server_info.created),))
    reply.numeric(n.RPL_MYINFO, server_info.name, f"trio-chat-{__version__}", *_MODES)
    info.send_isupport(request)
    tokens.send_services_on_registration(request)
    if request.session.effective & cap.NAMED_MODES:
        named_modes.send_names(request)
    if request.session.effective & cap.WHOAMI:
        reply.send("SETNAME", (request.user.realname,), request.user.source)
    metadata_unasked.on_registration(request, pending.metadata)
    info.send_lusers(request)
    if request.user.modes:
        send_own_modes(request)
    info.send_motd(request)
