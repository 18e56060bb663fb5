"""Error replies: each tied to the message, the join or the nickname that it refuses."""

from typing import TYPE_CHECKING

from trio_chat.client.session.events import NickRefused, ServerError
from trio_chat.client.session.handlers import handles
from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.dialogue import Dialogue
    from trio_chat.client.session.pending import PendingMessage

_NICK_REFUSED = frozenset(("431", "432", "433", "435", "436", "437", "438", "447", "484"))
_NOT_LET_IN = frozenset(("463", "464", "465", "466"))
_BAD_NICK = "432"
"""Always about a nickname, also one that begins like a channel; others are of channels, too."""
_NO_MOTD = "422"
_RESERVED = "NICKNAME_RESERVED"
_RESERVED_WORDS = ("nickserv", "registered", "reserved", "identify")
"""What servers without standard replies say of a nickname that belongs to an account."""
_HISTORY = frozenset(("CHATHISTORY", "SEARCH"))
_ABOUT_NO_TARGET = frozenset(("411", "412", "417"))


def error_reply(dialogue: "Dialogue", message: Message) -> None:
    """Deal with a numeric that says that something went wrong."""
    code, params = message.command, message.params
    about = params[1] if len(params) > 2 else ""
    reason = params[-1]
    if code in _NICK_REFUSED and (code == _BAD_NICK or not dialogue.features.is_channel(about)):
        _nick_refused(dialogue, code, about or dialogue.asked_nick, reason)
    elif not dialogue.registered:
        if code in _NOT_LET_IN:
            dialogue.fatal = (code, reason)
        else:
            dialogue.account.refused_command(about, reason)
    elif dialogue.account.refused_command(about, reason) or (
        code == "401" and dialogue.account.nobody_there(about)
    ):
        return
    elif pending := _refused_message(dialogue, message, about):
        dialogue.refuse(pending, code, reason)
    elif dialogue.end_joining(about):
        dialogue.refuse_join(about, code, reason)
    elif code != _NO_MOTD:
        dialogue.emit(ServerError(reason, code, about))


def _refused_message(dialogue: "Dialogue", message: Message, about: str) -> "PendingMessage | None":
    if label := dialogue.label_of(message):
        return dialogue.pending.take(label)
    if dialogue.negotiation.labels:
        return None
    if message.command in _ABOUT_NO_TARGET:
        return dialogue.pending.take_oldest(lambda target: True)
    return dialogue.pending.take_oldest(dialogue.same_target(about))


def _nick_refused(dialogue: "Dialogue", code: str, nick: str, reason: str) -> None:
    if dialogue.taking_back and dialogue.registered:
        dialogue.taking_back = False
        return
    if code == "433" and any(word in reason.lower() for word in _RESERVED_WORDS):
        code = _RESERVED
    if dialogue.features.same(nick, dialogue.refused_nick):  # said in two ways at once
        if code == _RESERVED:
            dialogue.emit(ServerError(reason, code, nick))
        return
    dialogue.refused_nick = nick
    if dialogue.registered:
        dialogue.wanted = dialogue.nick
    dialogue.emit(NickRefused(nick, code, reason, dialogue.registered))


@handles("FAIL", params=3)
def _fail(dialogue: "Dialogue", message: Message) -> None:
    command, code, *context, reason = message.params
    about = context[0] if context else ""
    if command == "NICK":
        _nick_refused(dialogue, code, about or dialogue.asked_nick, reason)
    elif command in _HISTORY and ("TARGETS" in context or dialogue.history.refused(reason)):
        return
    elif command in ("REGISTER", "VERIFY"):
        dialogue.account.fail(code, reason)
    elif pending := _refused_message(dialogue, message, about):
        dialogue.refuse(pending, code, reason)
    elif command == "JOIN" and dialogue.end_joining(about):
        dialogue.refuse_join(about, code, reason)
    else:
        dialogue.emit(ServerError(reason, code, " ".join(context)))
