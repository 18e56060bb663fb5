"""Handlers of messages: new or from the history, of others or echoes of this client's own."""

from trio_chat.client.session.events import MessageKind, Note, Said, ServerShutDown, ServerText
from trio_chat.client.session.handlers.status import answered_msgid
from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.i18n import _
from trio_chat.irc import tag_names
from trio_chat.irc.message import Message

_MOST_DIGITS = 15
SHUT_DOWN_TEXT = "The server has shut down"
"""Notice of trio-chat's server before it closes, to clients without standard replies."""
RESTART_TEXT = "This server is being restarted, connect again"
"""The same from a node of a cluster, where another node serves the network."""

LOG_IN_TEXT = "Log in first: /msg NickServ HELP IDENTIFY shows how."
"""Notice of a service of trio-chat's server to a guest; this client has commands of its own."""
_SERVICES = ("NickServ", "ChanServ")


@handles("PRIVMSG", "NOTICE", params=2)
def _said(protocol: ProtocolState, message: Message) -> None:
    if protocol.batches.add_line(message):
        return
    target, text = message.params[0], message.params[1]
    if message.command == "NOTICE" and protocol.services.take(
        protocol.batches.label_of(message), text
    ):
        return
    kind = MessageKind.NOTICE if message.command == "NOTICE" else MessageKind.MESSAGE
    is_for_people = True
    if text.startswith("\x01"):
        word, _space, rest = text.strip("\x01").partition(" ")
        # CTCP other than ACTION asks the program, not its user; an answer would tell strangers
        # about it.
        is_for_people = word.upper() == "ACTION" and kind is MessageKind.MESSAGE
        kind, text = MessageKind.ACTION, rest
    is_shown = is_for_people and not protocol.senders.ignores(message.source)
    batch = message.tags.get(tag_names.BATCH, "")
    if tag_names.NUMBER in message.tags:
        _note_number(protocol, message, is_live=batch not in protocol.history.batches)
    if batch in protocol.history.batches:
        said = _from_history(protocol, message, target, text, kind)
        protocol.history.add(batch, said, shown=is_shown)
    elif not is_shown or _is_hidden(protocol, message, kind):
        return
    elif protocol.is_me(message.nick):
        _own_message(protocol, message, target, text, kind)
    elif protocol.senders.is_server(message.source):
        _server_message(protocol, text)
    elif kind is MessageKind.NOTICE and text == LOG_IN_TEXT and message.nick in _SERVICES:
        sentence = _("This takes an account: /login logs in to one, /register makes one.")
        protocol.emit(Note(sentence, error=True))
    else:
        private = protocol.is_me(target)
        protocol.emit(
            Said(
                message.nick,
                target,
                text,
                kind,
                private=private,
                msgid=message.tags.get(tag_names.MSGID, ""),
                time=message.tags.get(tag_names.TIME, ""),
                reply_to=answered_msgid(message),
                is_stranger=private and protocol.senders.is_stranger(message.nick),
                account=message.tags.get(tag_names.ACCOUNT, ""),
                is_bot=tag_names.BOT in message.tags,
            )
        )


def _note_number(protocol: ProtocolState, message: Message, *, is_live: bool) -> None:
    channel, number = message.params[0], message.tags[tag_names.NUMBER]
    is_number = number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS
    if is_number and protocol.channel(channel) is not None:
        protocol.history.note_number(channel, int(number), is_live=is_live)


def _is_hidden(protocol: ProtocolState, message: Message, kind: MessageKind) -> bool:
    """Return whether this is a private message of a stranger that the user wants to hide.

    Notices of strangers are shown all the same, since services answer by them.
    """
    is_private = kind is not MessageKind.NOTICE and protocol.is_me(message.params[0])
    return (
        is_private
        and not protocol.senders.is_server(message.source)
        and protocol.senders.hides_stranger(message.nick)
    )


def _from_history(
    protocol: ProtocolState, message: Message, target: str, text: str, kind: MessageKind
) -> Said:
    own, tags = protocol.is_me(message.nick), message.tags
    return Said(
        message.nick,
        target,
        text,
        kind,
        own,
        private=protocol.is_me(target) and not own,
        msgid=tags.get(tag_names.MSGID, ""),
        played_back=tags.get(tag_names.TIME, "") or "?",
        reply_to=answered_msgid(message),
        account=tags.get(tag_names.ACCOUNT, ""),
        is_bot=tag_names.BOT in tags,
    )


def _own_message(
    protocol: ProtocolState, message: Message, target: str, text: str, kind: MessageKind
) -> None:
    """Take the echo of a message, or what another session of the same user has sent."""
    if protocol.authentication.hides(target, text):
        return
    said = Said(
        message.nick,
        target,
        text,
        kind,
        msgid=message.tags.get(tag_names.MSGID, ""),
        time=message.tags.get(tag_names.TIME, ""),
        reply_to=answered_msgid(message),
    )
    if not protocol.messages.echoed(protocol.batches.label_of(message), said):
        protocol.messages.sent_elsewhere(said, private=protocol.is_me(target))


def _server_message(protocol: ProtocolState, text: str) -> None:
    if text == SHUT_DOWN_TEXT:
        _shut_down(protocol)
    elif text == RESTART_TEXT:
        protocol.restarts = True
    elif protocol.registered:  # before that, servers write of looking up hosts and the like
        protocol.emit(ServerText(text))


def _shut_down(protocol: ProtocolState) -> None:
    if not protocol.shut_down:
        protocol.shut_down = True
        protocol.emit(ServerShutDown())


@handles("BATCH", params=1)
def _batch(protocol: ProtocolState, message: Message) -> None:
    sign, reference = message.params[0][:1], message.params[0][1:]
    if sign == "+":
        protocol.batches.begin(reference, message)
        kind, target = (*message.params[1:3], "", "")[:2]
        is_end = tag_names.CHATHISTORY_END in message.tags
        protocol.translations.begin(reference, message)
        protocol.history.begin_batch(reference, kind, target, is_end=is_end)
        return
    if whole := protocol.batches.end_multiline(reference):
        _said(protocol, whole)
    protocol.translations.end_batch(reference)
    protocol.history.end_batch(reference)
    # A batch with a label that is neither the echo nor a refusal of the message is an answer all
    # the same: services send such.
    if label := protocol.batches.end(reference, message):
        protocol.messages.labelled(label)
        protocol.services.settled(label)


@handles("TRANSLATE", params=2)
def _translation(protocol: ProtocolState, message: Message) -> None:
    protocol.translations.add(message)


@handles("WARN", "NOTE", params=2)
def _note(protocol: ProtocolState, message: Message) -> None:
    if message.command == "NOTE" and message.params[1] == "SERVER_SHUTDOWN":
        _shut_down(protocol)
    elif message.command == "NOTE" and message.params[1] == "RECONNECT":
        protocol.restarts = True
    else:
        protocol.emit(ServerText(message.params[-1]))


@handles("RECONNECT", params=0)
def _reconnect(protocol: ProtocolState, message: Message) -> None:
    """Note that Twitch's server is about to end the connection."""
    if protocol.senders.is_server(message.source):
        protocol.restarts = True
