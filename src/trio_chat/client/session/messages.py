"""Messages from the server: new or from the history, of others or echoes of our own."""

from typing import TYPE_CHECKING

from trio_chat.client.session.events import MessageKind, Said, ServerInfo, ServerShutDown
from trio_chat.client.session.handlers import handles
from trio_chat.client.session.multiline import MULTILINE, MultilineBatch
from trio_chat.client.session.status import REPLY_TAGS
from trio_chat.irc.message import Message
from trio_chat.irc.tag_names import CHATHISTORY_END

if TYPE_CHECKING:
    from trio_chat.client.session.protocol import ClientProtocol

SHUT_DOWN_TEXT = "The server has shut down"
"""What trio-chat's server says before it closes, to clients that know no standard replies."""


@handles("PRIVMSG", "NOTICE", params=2)
def _said(protocol: "ClientProtocol", message: Message) -> None:
    if lines := protocol.multiline_batches.get(message.tags.get("batch", "")):
        lines.add(message)
        return
    target, text = message.params[0], message.params[1]
    kind = MessageKind.NOTICE if message.command == "NOTICE" else MessageKind.MESSAGE
    is_for_people = True
    if text.startswith("\x01"):
        word, _, rest = text.strip("\x01").partition(" ")
        # CTCP other than ACTION asks the program, not the person; answering would tell strangers
        # about it
        is_for_people = word.upper() == "ACTION" and kind is MessageKind.MESSAGE
        kind, text = MessageKind.ACTION, rest
    is_shown = is_for_people and not protocol.ignores(message.source)
    if (batch := message.tags.get("batch", "")) in protocol.history.batches:
        protocol.history.add(
            batch, _said_before(protocol, message, target, text, kind), shown=is_shown
        )
    elif not is_shown or _is_unwanted(protocol, message, kind):
        return
    elif protocol.is_me(message.nick):
        _said_by_me(protocol, message, target, text, kind)
    elif protocol.is_server(message.source):
        _said_by_server(protocol, text)
    else:
        private, tags = protocol.is_me(target), message.tags
        protocol.emit(
            Said(
                message.nick,
                target,
                text,
                kind,
                private=private,
                msgid=tags.get("msgid", ""),
                time=tags.get("time", ""),
                reply_to=_answered(message),
                is_stranger=private and protocol.is_stranger(message.nick),
            )
        )


def _is_unwanted(protocol: "ClientProtocol", message: Message, kind: MessageKind) -> bool:
    """Return whether this is the private message of a stranger, and the user wants none.

    Notices of strangers are shown all the same, since services answer by them.
    """
    is_hiding = (
        protocol.hides_strangers
        and kind is not MessageKind.NOTICE
        and protocol.is_me(message.params[0])
    )
    return (
        is_hiding and not protocol.is_server(message.source) and protocol.is_stranger(message.nick)
    )


def _said_before(
    protocol: "ClientProtocol", message: Message, target: str, text: str, kind: MessageKind
) -> Said:
    own, tags = protocol.is_me(message.nick), message.tags
    private = protocol.is_me(target) and not own
    place = tags.get("msgid", ""), tags.get("time", "") or "?"
    return Said(message.nick, target, text, kind, own, private, *place, reply_to=_answered(message))


def _answered(message: Message) -> str:
    return next((message.tags[name] for name in REPLY_TAGS if message.tags.get(name)), "")


def _said_by_me(
    protocol: "ClientProtocol", message: Message, target: str, text: str, kind: MessageKind
) -> None:
    if protocol.authentication.hides(target, text):
        return
    if label := protocol.label_of(message):
        pending = protocol.pending.take(label)
    elif protocol.negotiation.labels:
        pending = None
    else:
        pending = protocol.pending.take_echo(protocol.same_target(target), text, kind)
    msgid, time = message.tags.get("msgid", ""), message.tags.get("time", "")
    if pending:
        protocol.confirm(pending, text, msgid, time, _answered(message))
    else:  # a message to ourselves, or what the same user says elsewhere
        private = protocol.is_me(target)
        # Who writes to himself gets the echo and the message, both with one msgid, and sees both.
        own_id = "" if private else msgid
        protocol.sync_state.written.add(protocol.features.fold(target))
        protocol.emit(
            Said(
                message.nick,
                target,
                text,
                kind,
                own=not private,
                private=private,
                msgid=own_id,
                time=time,
            )
        )


def _said_by_server(protocol: "ClientProtocol", text: str) -> None:
    if text == SHUT_DOWN_TEXT:
        _shut_down(protocol)
    elif protocol.registered:  # before that, servers talk of looking up hosts and the like
        protocol.emit(ServerInfo(text))


def _shut_down(protocol: "ClientProtocol") -> None:
    if not protocol.shut_down:
        protocol.shut_down = True
        protocol.emit(ServerShutDown())


@handles("BATCH", params=1)
def _batch(protocol: "ClientProtocol", message: Message) -> None:
    sign, reference = message.params[0][:1], message.params[0][1:]
    if sign == "+":
        if label := protocol.label_of(message):
            protocol.batches[reference] = label
        if message.params[1:2] == (MULTILINE,):
            protocol.multiline_batches[reference] = MultilineBatch(message)
        protocol.history.begin_batch(
            reference, *(*message.params[1:3], "", "")[:2], is_end=CHATHISTORY_END in message.tags
        )
        return
    if (lines := protocol.multiline_batches.pop(reference, None)) and (whole := lines.message()):
        _said(protocol, whole)
    protocol.history.end_batch(reference)
    label = protocol.batches.pop(reference, "")
    outer = message.tags.get("batch", "")
    if label and outer not in protocol.batches and (pending := protocol.pending.take(label)):
        protocol.confirm(
            pending
        )  # it was answered, by lines that are neither its echo nor a refusal: as services do


@handles("WARN", "NOTE", params=2)
def _note(protocol: "ClientProtocol", message: Message) -> None:
    if message.command == "NOTE" and message.params[1] == "SERVER_SHUTDOWN":
        _shut_down(protocol)
    else:
        protocol.emit(ServerInfo(message.params[-1]))
