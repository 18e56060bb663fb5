"""Dispatch of a message from the server to its handler.

Numerics without a handler are shown, but for those that every server sends; error replies go to
`errors`.
"""

from trio_chat.client.session.events import ServerText
from trio_chat.client.session.handlers import (  # noqa: F401  they fill the table
    accounts,
    channels,
    connection,
    messages,
    status,
    uploads,
)
from trio_chat.client.session.handlers.errors import error_reply
from trio_chat.client.session.handlers.table import HANDLERS
from trio_chat.client.session.protocol_state import TYPING_LABEL, ProtocolState
from trio_chat.irc import numerics, tag_names
from trio_chat.irc.message import Message

_NOT_SHOWN = frozenset(
    (
        numerics.RPL_YOURHOST,
        numerics.RPL_CREATED,
        numerics.RPL_MYINFO,
        numerics.RPL_SNOMASK,
        numerics.RPL_YOURID,
        numerics.RPL_SAVENICK,
        numerics.RPL_ENDOFSTATS,
        numerics.RPL_STATSCONN,
        numerics.RPL_LUSERCLIENT,
        numerics.RPL_LUSEROP,
        numerics.RPL_LUSERUNKNOWN,
        numerics.RPL_LUSERCHANNELS,
        numerics.RPL_LUSERME,
        numerics.RPL_LOCALUSERS,
        numerics.RPL_GLOBALUSERS,
        numerics.RPL_ENDOFWHO,
        numerics.RPL_ENDOFWHOIS,
        numerics.RPL_LISTSTART,
        numerics.RPL_CREATIONTIME,
        numerics.RPL_TOPICWHOTIME,
        numerics.RPL_MOTDSTART,
        numerics.RPL_ENDOFMOTD,
        numerics.RPL_VISIBLEHOST,
        numerics.ERR_NOMOTD,
    )
)
"""Replies that every server sends, or that repeat what other replies have said."""
_ERRORS = frozenset(
    (
        numerics.ERR_INVALIDMODEPARAM,
        numerics.ERR_TOOMANYKNOCK,
        numerics.ERR_CHANOPEN,
        numerics.ERR_KNOCKONCHAN,
        numerics.ERR_NOPRIVS,
        numerics.ERR_MONLISTFULL,
    )
)
"""Error replies beyond 4xx and 5xx."""
_IN_HISTORY = ("PRIVMSG", "NOTICE", "BATCH", "TAGMSG", "REDACT", "CHATHISTORY")


def handle(protocol: ProtocolState, message: Message) -> None:
    """Handle one message from the server; one with too few parameters is ignored."""
    if message.tags.get(tag_names.LABEL, "") == TYPING_LABEL:
        return  # the user has asked for nothing, and is not told what was refused
    params, handler = HANDLERS.get(message.command, (2, _anything_else))
    is_from_history = message.tags.get(tag_names.BATCH, "") in protocol.history.batches
    if is_from_history and message.command not in _IN_HISTORY:
        protocol.history.pass_over(message.tags[tag_names.BATCH], message)
        return  # a JOIN or PART of the past changes nothing now
    if len(message.params) >= params:
        handler(protocol, message)
        if message.command != "PART":
            protocol.channel_tracker.just_left = ""
        _settle_label(protocol, message)


def _settle_label(protocol: ProtocolState, message: Message) -> None:
    # A message with the label of a message of ours is an answer. What an echo or an error has not
    # settled is settled here: a single line by itself, several lines by the end of their batch.
    label = message.tags.get(tag_names.LABEL, "")
    if label and message.command != "BATCH":
        protocol.messages.labelled(label)
        protocol.services.settled(label)


def _anything_else(protocol: ProtocolState, message: Message) -> None:
    command = message.command
    if not (command.isdigit() and len(command) == 3):
        return
    if command[0] in "45" or command in _ERRORS:
        error_reply(protocol, message)
    elif command not in _NOT_SHOWN and protocol.registered:
        protocol.emit(ServerText(" ".join(message.params[1:])))
