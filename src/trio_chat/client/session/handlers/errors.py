"""Error replies and FAIL: each tied to the message, the JOIN or the nickname that it refuses."""

from trio_chat.client.session.authentication import ACCOUNT_REQUIRED, CODE_REQUIRED
from trio_chat.client.session.events import NickRefused, ServerError
from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.pending_messages import PendingMessage
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc import numerics, tag_names
from trio_chat.irc.message import Message, is_middle

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

_OF_OTHER_COMMANDS = frozenset(
    (
        numerics.ERR_TOOMANYCHANNELS,
        numerics.ERR_UNKNOWNCOMMAND,
        numerics.ERR_USERNOTINCHANNEL,
        numerics.ERR_USERONCHANNEL,
        numerics.ERR_NEEDMOREPARAMS,
        numerics.ERR_CHANNELISFULL,
        numerics.ERR_UNKNOWNMODE,
        numerics.ERR_INVITEONLYCHAN,
        numerics.ERR_BANNEDFROMCHAN,
        numerics.ERR_BADCHANNELKEY,
        numerics.ERR_BANLISTFULL,
        numerics.ERR_CHANOPRIVSNEEDED,
        numerics.ERR_INVALIDKEY,
        numerics.ERR_INVALIDMODEPARAM,
    )
)
"""Errors that never answer a message, though they name its target: those of JOIN, MODE, KICK,
INVITE and TOPIC, which may be behind the message or before it.
"""


def error_reply(protocol: ProtocolState, message: Message) -> None:
    """Handle an error numeric."""
    code, params = message.command, message.params
    about = params[1] if len(params) > 2 else ""
    reason = params[-1]
    if code in _NICK_REFUSED and (code == _BAD_NICK or not protocol.features.is_channel(about)):
        _nick_refused(protocol, code, about or protocol.nickname.asked, reason)
    elif not protocol.registered:
        if code in _NOT_LET_IN:
            protocol.fatal = (code, reason)
        else:
            protocol.authentication.refused_command(about, reason)
    elif protocol.authentication.refused_command(about, reason) or (
        code == numerics.ERR_NOSUCHNICK and protocol.authentication.no_such_nick(about)
    ):
        return
    elif pending := _refused_message(protocol, message, about):
        protocol.messages.refuse(pending, code, reason)
    elif not protocol.refuse_join(about, code, reason) and code != _NO_MOTD:
        protocol.emit(ServerError(reason, code, about))


def _refused_message(
    protocol: ProtocolState, message: Message, about: str
) -> PendingMessage | None:
    label = protocol.batches.label_of(message)
    if not label and message.command in _OF_OTHER_COMMANDS:
        return None
    target = None if message.command in _ABOUT_NO_TARGET else about
    return protocol.messages.refused(label, target)


def _nick_refused(protocol: ProtocolState, code: str, nick: str, reason: str) -> None:
    own = protocol.nickname
    if own.is_taking_back and own.is_registered:
        own.is_taking_back, own.refused = False, nick
        return
    words = reason.lower()
    if code == numerics.ERR_NICKNAMEINUSE and any(word in words for word in _RESERVED_WORDS):
        code = _RESERVED
    if protocol.features.same(nick, own.refused):  # the server sends a numeric and a notice
        if code == _RESERVED:
            protocol.emit(ServerError(reason, code, nick))
        return
    own.refused = nick
    if own.is_registered:
        own.wanted = own.current
    protocol.emit(NickRefused(nick, code, reason, own.is_registered))


def _joins_renamed(protocol: ProtocolState, command: str, code: str, context: list[str]) -> bool:
    """Join a channel by the name that it has now, if that is why a JOIN was refused."""
    if (command, code) != ("JOIN", "CHANNEL_RENAMED") or len(context) < 2:
        return False
    old, new = context[:2]
    is_name = is_middle(new) and protocol.features.is_channel(new)
    return is_name and protocol.join_renamed(old, new)


@handles("FAIL", params=3)
def _fail(protocol: ProtocolState, message: Message) -> None:
    command, code, *context, reason = message.params
    about = context[0] if context else ""
    if protocol.translations.refused(message.tags.get(tag_names.LABEL, ""), code, reason):
        return
    if code == ACCOUNT_REQUIRED and not protocol.registered:
        protocol.fatal = (code, reason)
    elif command == "NICK":
        _nick_refused(protocol, code, about or protocol.nickname.asked, reason)
    elif _joins_renamed(protocol, command, code, context) or (
        command in _HISTORY and ("TARGETS" in context or protocol.history.refused(reason, code))
    ):
        return
    elif command in ("REGISTER", "VERIFY"):
        protocol.authentication.fail(code, reason)
    elif command == "AUTHENTICATE" and code == CODE_REQUIRED:
        protocol.authentication.must_give_code(reason)
    elif command == "TOKEN" and protocol.upload_tokens.answered("", reason):
        return
    elif pending := _refused_message(protocol, message, about):
        protocol.messages.refuse(pending, code, reason)
    elif command != "JOIN" or not protocol.refuse_join(about, code, reason):
        protocol.emit(ServerError(reason, code, " ".join(context)))
