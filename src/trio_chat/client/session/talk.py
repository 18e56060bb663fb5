"""Messages from the server: new or from the history, of others or echoes of our own."""

from typing import TYPE_CHECKING

from trio_chat.client.session.events import Kind, Said, ServerInfo, ServerShutDown
from trio_chat.client.session.handlers import handles
from trio_chat.client.session.multiline import MULTILINE, LinesOf
from trio_chat.client.session.status import REPLY_TAGS
from trio_chat.irc.capabilities import HISTORY_END_TAG
from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.dialogue import Dialogue

SHUT_DOWN_TEXT = "The server has shut down"
"""What trio-chat's server says before it closes, to clients that know no standard replies."""


@handles("PRIVMSG", "NOTICE", params=2)
def _said(dialogue: "Dialogue", message: Message) -> None:
    if lines := dialogue.lines_of.get(message.tags.get("batch", "")):
        lines.add(message)
        return
    target, text = message.params[0], message.params[1]
    kind = Kind.NOTICE if message.command == "NOTICE" else Kind.MESSAGE
    is_for_people = True
    if text.startswith("\x01"):
        word, _, rest = text.strip("\x01").partition(" ")
        # CTCP other than ACTION asks the program, not the person; answering would tell strangers
        # about it
        is_for_people = word.upper() == "ACTION" and kind is Kind.MESSAGE
        kind, text = Kind.ACTION, rest
    is_shown = is_for_people and not dialogue.ignores(message.source)
    if (batch := message.tags.get("batch", "")) in dialogue.history.batches:
        dialogue.history.add(
            batch, _said_before(dialogue, message, target, text, kind), shown=is_shown
        )
    elif not is_shown or _is_unwanted(dialogue, message, kind):
        return
    elif dialogue.is_me(message.nick):
        _said_by_me(dialogue, message, target, text, kind)
    elif dialogue.is_server(message.source):
        _said_by_server(dialogue, text)
    else:
        private, tags = dialogue.is_me(target), message.tags
        dialogue.emit(
            Said(
                message.nick,
                target,
                text,
                kind,
                private=private,
                msgid=tags.get("msgid", ""),
                time=tags.get("time", ""),
                reply_to=_answered(message),
                is_stranger=private and dialogue.is_stranger(message.nick),
            )
        )


def _is_unwanted(dialogue: "Dialogue", message: Message, kind: Kind) -> bool:
    """Return whether this is the private message of a stranger, and the user wants none.

    Notices of strangers are shown all the same, since services answer by them.
    """
    is_hiding = (
        dialogue.hides_strangers and kind is not Kind.NOTICE and dialogue.is_me(message.params[0])
    )
    return (
        is_hiding and not dialogue.is_server(message.source) and dialogue.is_stranger(message.nick)
    )


def _said_before(
    dialogue: "Dialogue", message: Message, target: str, text: str, kind: Kind
) -> Said:
    own, tags = dialogue.is_me(message.nick), message.tags
    private = dialogue.is_me(target) and not own
    place = tags.get("msgid", ""), tags.get("time", "") or "?"
    return Said(message.nick, target, text, kind, own, private, *place, reply_to=_answered(message))


def _answered(message: Message) -> str:
    return next((message.tags[name] for name in REPLY_TAGS if message.tags.get(name)), "")


def _said_by_me(dialogue: "Dialogue", message: Message, target: str, text: str, kind: Kind) -> None:
    if dialogue.account.hides(target, text):
        return
    if label := dialogue.label_of(message):
        pending = dialogue.pending.take(label)
    elif dialogue.negotiation.labels:
        pending = None
    else:
        pending = dialogue.pending.take_echo(dialogue.same_target(target), text, kind)
    msgid, time = message.tags.get("msgid", ""), message.tags.get("time", "")
    if pending:
        dialogue.confirm(pending, text, msgid, time, _answered(message))
    else:  # a message to ourselves, or what the same user says elsewhere
        private = dialogue.is_me(target)
        # Who writes to himself gets the echo and the message, both with one msgid, and sees both.
        own_id = "" if private else msgid
        dialogue.past.written.add(dialogue.features.fold(target))
        dialogue.emit(
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


def _said_by_server(dialogue: "Dialogue", text: str) -> None:
    if text == SHUT_DOWN_TEXT:
        _shut_down(dialogue)
    elif dialogue.registered:  # before that, servers talk of looking up hosts and the like
        dialogue.emit(ServerInfo(text))


def _shut_down(dialogue: "Dialogue") -> None:
    if not dialogue.shut_down:
        dialogue.shut_down = True
        dialogue.emit(ServerShutDown())


@handles("BATCH", params=1)
def _batch(dialogue: "Dialogue", message: Message) -> None:
    sign, reference = message.params[0][:1], message.params[0][1:]
    if sign == "+":
        if label := dialogue.label_of(message):
            dialogue.batches[reference] = label
        if message.params[1:2] == (MULTILINE,):
            dialogue.lines_of[reference] = LinesOf(message)
        dialogue.history.begin_batch(
            reference, *(*message.params[1:3], "", "")[:2], is_end=HISTORY_END_TAG in message.tags
        )
        return
    if (lines := dialogue.lines_of.pop(reference, None)) and (whole := lines.message()):
        _said(dialogue, whole)
    dialogue.history.end_batch(reference)
    label = dialogue.batches.pop(reference, "")
    outer = message.tags.get("batch", "")
    if label and outer not in dialogue.batches and (pending := dialogue.pending.take(label)):
        dialogue.confirm(
            pending
        )  # it was answered, by lines that are neither its echo nor a refusal: as services do


@handles("WARN", "NOTE", params=2)
def _note(dialogue: "Dialogue", message: Message) -> None:
    if message.command == "NOTE" and message.params[1] == "SERVER_SHUTDOWN":
        _shut_down(dialogue)
    else:
        dialogue.emit(ServerInfo(message.params[-1]))
