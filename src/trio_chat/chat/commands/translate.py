"""TRANSLATE: a message, or a text, in another language (capability `trio-chat/translate`)."""

import logging
from functools import partial
from typing import Final

from trio_chat.chat import readable_messages
from trio_chat.chat.events import Output
from trio_chat.chat.history import HistoryError
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.translation import (
    BATCH_TYPE,
    COMMAND,
    LONGEST_LANGUAGE,
    Answer,
    Translation,
    TranslationFailed,
    is_language,
    pieces,
    plain,
)
from trio_chat.irc import capability_names

log = logging.getLogger("trio_chat")

_TEXT: Final = "*"
"""What stands for the target and the msgid where a text is given."""
_UNKNOWN: Final = "There is no such message that you can read"


@command(
    COMMAND,
    "<channel or nickname> <msgid> <language> | * * <language> :<text>",
    min_params=3,
    weight=2,
    capability=capability_names.TRANSLATE,
    help="Have a message, or a text, translated by the service that this server uses.",
    is_local=True,
)
def translate_command(request: Request) -> None:
    """Ask for a translation of what the user may read, or of its own text."""
    target, msgid, language = request.params[:3]
    number, storage = parse_msgid(msgid), request.world.storage
    if not is_language(language):
        _fail(request, "UNKNOWN_LANGUAGE", "A language is given by its code, such as en or ru")
    elif target == msgid == _TEXT:
        label = request.reply.hand_over_label()
        _ask(request, request.reply, request.param(3), partial(_answer, request, label))
    elif number is None or storage is None:
        _fail(request, "UNKNOWN_MSGID", _UNKNOWN)
    else:
        request.reply.postpone(partial(_ask_for_message, request, target, number, storage))


def _fail(request: Request, code: str, text: str, reply: Response | None = None) -> None:
    target, msgid, language = request.params[:3]
    context = (target, msgid, language[:LONGEST_LANGUAGE])
    (reply or request.reply).fail(COMMAND, code, *context, text=text)


async def _ask_for_message(
    request: Request, target: str, number: int, storage: StoragePorts, reply: Response
) -> None:
    world = request.world
    try:
        found = await readable_messages.find(world, request.user, storage, target, number)
    except HistoryError as error:
        log.error("a message cannot be read for its translation: %s", error)
        text = "The message cannot be read at the moment, try again later"
        _fail(request, "TEMPORARILY_UNAVAILABLE", text, reply)
        return
    if found is None:
        _fail(request, "UNKNOWN_MSGID", _UNKNOWN, reply)
        return
    label, message = reply.hand_over_label(), found

    def answer(outcome: Translation | TranslationFailed) -> Output:
        if not message.can_be_read(world):  # it was deleted, or the user has left the channel
            outcome = TranslationFailed("UNKNOWN_MSGID", _UNKNOWN)
        return _answer(request, label, outcome)

    _ask(request, reply, message.record.text, answer)


def _ask(request: Request, reply: Response, original: str, answer: Answer) -> None:
    """Have a text translated; what is refused at once is answered at once."""
    text, translator = plain(original), request.world.translator
    failed: TranslationFailed | None = None
    if translator is None:
        failed = TranslationFailed("TEMPORARILY_UNAVAILABLE", "This server translates no longer")
    elif not text:
        failed = TranslationFailed("NOTHING_TO_TRANSLATE", "There is no text to translate")
    else:
        try:
            translator.ask(request.session, text, request.params[2], answer)
        except TranslationFailed as error:
            failed = error
    if failed is not None:
        reply.include(answer(failed))


def _answer(request: Request, label: str, outcome: Translation | TranslationFailed) -> Output:
    """Return the answer, with the label of the command."""
    reply = Response(request.world, request.session)
    reply.take_label(label)
    if isinstance(outcome, TranslationFailed):
        _fail(request, outcome.code, outcome.text, reply)
        return reply.finish()
    target, msgid = request.params[:2]
    context = (target, msgid, outcome.target, outcome.source or "*")
    with reply.batch(BATCH_TYPE, *context):
        for number, piece in pieces(outcome.text):
            reply.send(COMMAND, (str(number), piece))
    return reply.finish()
