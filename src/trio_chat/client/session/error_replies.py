"""Error replies: each tied to the message, the join or the nickname that it refuses."""

from typing import TYPE_CHECKING

from trio_chat.client.session.events import NickRefused, ServerError
from trio_chat.client.session.handlers import handles
from trio_chat.irc import numerics
from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.pending_messages import PendingMessage
    from trio_chat.client.session.protocol import ClientProtocol

_NICK_REFUSED = frozenset(
    (
        numerics.ERR_NONICKNAMEGIVEN,
        numerics.ERR_ERRONEUSNICKNAME,
        numerics.ERR_NICKNAMEINUSE,
        numerics.ERR_BANNICKCHANGE,
        numerics.ERR_NICKCOLLISION,
        numerics.ERR_UNAVAILRESOURCE,
        numerics.ERR_NICKTOOFAST,
        numerics.ERR_NONICKCHANGE,
        numerics.ERR_RESTRICTED,
    )
)
_NOT_LET_IN = frozenset(
    (
        numerics.ERR_NOPERMFORHOST,
        numerics.ERR_PASSWDMISMATCH,
        numerics.ERR_YOUREBANNEDCREEP,
        numerics.ERR_YOUWILLBEBANNED,
    )
)
_BAD_NICK = numerics.ERR_ERRONEUSNICKNAME
"""Always about a nickname, also one that begins like a channel; others are of channels, too."""
_NO_MOTD = numerics.ERR_NOMOTD
_RESERVED = "NICKNAME_RESERVED"
_RESERVED_WORDS = ("nickserv", "registered", "reserved", "identify")
"""What servers without standard replies say of a nickname that belongs to an account."""
_HISTORY = frozenset(("CHATHISTORY", "SEARCH"))
_ABOUT_NO_TARGET = frozenset(
    (numerics.ERR_NORECIPIENT, numerics.ERR_NOTEXTTOSEND, numerics.ERR_INPUTTOOLONG)
)


def error_reply(protocol: "ClientProtocol", message: Message) -> None:
    """Deal with a numeric that says that something went wrong."""
    code, params = message.command, message.params
    about = params[1] if len(params) > 2 else ""
    reason = params[-1]
    if code in _NICK_REFUSED and (code == _BAD_NICK or not protocol.features.is_channel(about)):
        _nick_refused(protocol, code, about or protocol.asked_nick, reason)
    elif not protocol.registered:
        if code in _NOT_LET_IN:
            protocol.fatal = (code, reason)
        else:
            protocol.authentication.refused_command(about, reason)
    elif protocol.authentication.refused_command(about, reason) or (
        code == numerics.ERR_NOSUCHNICK and protocol.authentication.nobody_there(about)
    ):
        return
    elif pending := _refused_message(protocol, message, about):
        protocol.refuse(pending, code, reason)
    elif protocol.end_joining(about):
        protocol.refuse_join(about, code, reason)
    elif code != _NO_MOTD:
        protocol.emit(ServerError(reason, code, about))


def _refused_message(
    protocol: "ClientProtocol", message: Message, about: str
) -> "PendingMessage | None":
    if label := protocol.label_of(message):
        return protocol.pending.take(label)
    if protocol.negotiation.labels:
        return None
    if message.command in _ABOUT_NO_TARGET:
        return protocol.pending.take_oldest(lambda target: True)
    return protocol.pending.take_oldest(protocol.same_target(about))


def _nick_refused(protocol: "ClientProtocol", code: str, nick: str, reason: str) -> None:
    if protocol.taking_back and protocol.registered:
        protocol.taking_back = False
        return
    if code == numerics.ERR_NICKNAMEINUSE and any(
        word in reason.lower() for word in _RESERVED_WORDS
    ):
        code = _RESERVED
    if protocol.features.same(nick, protocol.refused_nick):  # said in two ways at once
        if code == _RESERVED:
            protocol.emit(ServerError(reason, code, nick))
        return
    protocol.refused_nick = nick
    if protocol.registered:
        protocol.wanted = protocol.nick
    protocol.emit(NickRefused(nick, code, reason, protocol.registered))


@handles("FAIL", params=3)
def _fail(protocol: "ClientProtocol", message: Message) -> None:
    command, code, *context, reason = message.params
    about = context[0] if context else ""
    if command == "NICK":
        _nick_refused(protocol, code, about or protocol.asked_nick, reason)
    elif command in _HISTORY and ("TARGETS" in context or protocol.history.refused(reason)):
        return
    elif command in ("REGISTER", "VERIFY"):
        protocol.authentication.fail(code, reason)
    elif pending := _refused_message(protocol, message, about):
        protocol.refuse(pending, code, reason)
    elif command == "JOIN" and protocol.end_joining(about):
        protocol.refuse_join(about, code, reason)
    else:
        protocol.emit(ServerError(reason, code, " ".join(context)))
