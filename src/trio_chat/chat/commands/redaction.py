"""REDACT: deletion of messages (IRCv3 `draft/message-redaction`)."""

import logging
from functools import partial

from trio_chat.chat import conversations, policy, retention
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MessageRedacted
from trio_chat.chat.conversations import Conversation
from trio_chat.chat.history import MESSAGES, HistoryError, HistoryFilter, Record, Span
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import truncate
from trio_chat.irc.names import is_channel_name

log = logging.getLogger("trio_chat")


@command(
    "REDACT",
    "<channel or nickname> <msgid> [:<reason>]",
    min_params=2,
    capability="draft/message-redaction",
    help=(
        "Delete a message: your own, or in your channel anybody's; those who have seen it may still"
        " know it."
    ),
    is_local=True,
    is_decision=True,
)
def redact_command(request: Request) -> None:
    """Delete a message from the history, and ask the clients that received it to do the same."""
    storage = request.world.storage
    assert storage is not None  # noqa: S101  # or the capability would not be offered
    find = conversations.find if is_channel_name(request.params[0]) else conversations.with_person
    conversation = find(request.world, request.user, request.params[0])
    if conversation is None:
        _fail(
            request,
            "INVALID_TARGET",
            "You cannot delete messages there: you are not in that channel",
        )
        return
    number = parse_msgid(request.params[1])
    if number is None:
        _fail_unknown(request)
        return
    request.reply.postpone(partial(_redact, request, storage, conversation, number))


def _fail(request: Request, code: str, text: str) -> None:
    context = request.params[:1] if code == "INVALID_TARGET" else request.params[:2]
    request.reply.fail("REDACT", code, *context, text=text)


def _fail_unknown(request: Request) -> None:
    _fail(request, "UNKNOWN_MSGID", "There is no such message, or it is too old")


async def _redact(
    request: Request,
    storage: StoragePorts,
    conversation: Conversation,
    number: int,
    reply: Response,
) -> None:
    """Delete a message and notify the sessions that could see it. If cancelled, it may be deleted
    without a notice.
    """
    try:
        record = await _find(request, storage, conversation, number)
        if record is None or not (conversation.channel or conversation.is_party()):
            _fail_unknown(request)
            return
        if not policy.can_redact(request.user, conversation.channel, record):
            # Asked now: ranks may have changed while we waited.
            _fail(
                request,
                "REDACT_FORBIDDEN",
                "You may not delete this message: it is not yours, and you are not an operator",
            )
            return
        is_single = request.world.decider is None
        if is_single and not await storage.history.redact(conversation.buffer, number):
            # Another request has deleted it meanwhile.
            _fail_unknown(request)
            return
    except HistoryError as error:
        log.error("a message cannot be deleted: %s", error)
        _fail(
            request,
            "TEMPORARILY_UNAVAILABLE",
            "The message cannot be deleted at the moment, try again later",
        )
        return
    log.info(
        "%s deleted a message of %s in %s",
        request.user.source,
        record.source,
        conversation.channel.name if conversation.channel else "private",
    )
    reply.emit_all(apply(request.world, _change(request, conversation, number, is_single)))
    await request.world.settle()


def _change(
    request: Request, conversation: Conversation, number: int, is_deleted: bool
) -> MessageRedacted:
    user, world, channel = request.user, request.world, conversation.channel
    is_muted = channel is not None and policy.is_muted(user, channel)
    if channel is None:
        request.reply.charge(len(world.users) // 8)
    return MessageRedacted(
        user.folded,
        request.session.id,
        channel.folded if channel is not None else "",
        conversation.buffer if channel is None else "",
        conversation.name,
        number,
        "" if is_muted else truncate(request.param(2), world.lengths.kick),
        is_deleted,
    )


async def _find(
    request: Request, storage: StoragePorts, conversation: Conversation, number: int
) -> Record | None:
    """Return a message that the parties of the conversation may read, or None."""
    if number in request.world.redacted:
        return None
    span = retention.cut(
        Span(after=number - 1, before=number + 1),
        retention.oldest(request.world, storage, conversation.channel),
    )
    found = await storage.history.messages(
        conversation.buffer, span, 1, conversation.private_after, HistoryFilter.WITH_TAGMSG
    )
    return (
        found[0]
        if found and (found[0].command in MESSAGES or found[0].command == "TAGMSG")
        else None
    )
