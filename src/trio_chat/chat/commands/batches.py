"""BATCH from clients: the lines of one message (IRCv3 `client-batch`, `draft/multiline`).

`multiline.ClientBatch` collects them; a client has one open batch at most. Lines without its tag
are executed as usual, although a client should send none: a PONG must not wait.
"""

import re
from typing import Final

from trio_chat.chat.commands import message_rules, messages
from trio_chat.chat.multiline import BATCH_TYPE, BatchError, ClientBatch
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap

_REFERENCE: Final = re.compile("[A-Za-z0-9-]{1,64}", re.ASCII)


@command(
    "BATCH",
    "+<reference> draft/multiline <target> | -<reference>",
    min_params=1,
    help=(
        "Begin or end a message of several lines, each of them a PRIVMSG or NOTICE with the tag"
        " batch=<reference>."
    ),
)
def batch_command(request: Request) -> None:
    """Begin or end a batch."""
    sign, reference = request.params[0][:1], request.params[0][1:]
    try:
        if sign == "+":
            _open(request, reference)
        elif sign == "-":
            _close(request, reference)
        else:
            text = (
                "A reference is made of letters, digits and hyphens, with + to begin and - to end"
            )
            raise BatchError("INVALID_REFTAG", request.params[0], text=text)
    except BatchError as error:
        _refuse(request.session, request.reply, error)


def _open(request: Request, reference: str) -> None:
    session, kind = request.session, request.param(1)
    is_second = session.batch is not None and not session.batch.is_over
    tags = message_rules.client_tags(request)
    session.batch = ClientBatch(
        reference, request.param(2), request.reply.hand_over_label(), tags, request.world.elapsed()
    )
    if not _REFERENCE.fullmatch(reference):
        raise BatchError(
            "INVALID_REFTAG",
            reference,
            text="A reference is made of at most 64 letters, digits and hyphens",
        )
    if kind != BATCH_TYPE or not session.effective & cap.MULTILINE:
        raise BatchError(
            "UNKNOWN_TYPE",
            reference,
            kind,
            text=f"The type can be {BATCH_TYPE}, with that capability and batch",
        )
    if is_second:
        raise BatchError("MULTILINE_INVALID", text="Another batch was still open; both are dropped")
    if not request.param(2):
        raise BatchError("MULTILINE_INVALID", text="A multiline batch needs a target")


def _close(request: Request, reference: str) -> None:
    session, batch = request.session, request.session.batch
    if batch is None or batch.reference != reference:
        raise _unknown_batch()
    if not batch.is_over:
        batch.check_time(request.world.elapsed())
        text = batch.text()
        request.reply.take_label(batch.label)
        messages.say_lines(request, batch.command, batch.target, text, batch.tags)
    session.batch = None


def take_line(request: Request) -> None:
    """Take a line with a `batch` tag."""
    batch = request.session.batch
    try:
        if batch is None or batch.reference != request.message.tags["batch"]:
            raise _unknown_batch()
        if not batch.is_over:
            batch.add(request.message, request.world.lengths, request.world.elapsed())
    except BatchError as error:
        _refuse(request.session, request.reply, error)


def spoil(world: World, session: Session, reply: Response) -> None:
    """Abort the open batch, if any, because a line could not be read: the message must not be sent
    without it. That is an answer of its own: the label of the line may be another one.
    """
    if session.batch is not None and not session.batch.is_over:
        text = "A line could not be read, so the batch is dropped"
        answer = Response(world, session)
        _refuse(session, answer, BatchError("MULTILINE_INVALID", text=text))
        reply.include(answer.finish())


def _unknown_batch() -> BatchError:
    return BatchError("MULTILINE_INVALID", text="No batch with this reference is open")


def _refuse(session: Session, reply: Response, error: BatchError) -> None:
    batch = session.batch
    if batch is not None and not batch.is_over:
        reply.take_label(batch.label)
        batch.give_up()
    reply.fail("BATCH", error.code, *error.context, text=error.text)
