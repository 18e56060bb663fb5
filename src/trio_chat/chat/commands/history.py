"""CHATHISTORY (IRCv3 `draft/chathistory`, `draft/event-playback`); for messages on JOIN see
`playback`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from trio_chat.chat import conversations, retention
from trio_chat.chat.conversations import Conversation
from trio_chat.chat.events import Event
from trio_chat.chat.history import (
    LAST_ID,
    NO_NUMBERS,
    HistoryError,
    HistoryFilter,
    Record,
    Span,
)
from trio_chat.chat.ids import parse_msgid, parse_time, server_time
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.timeline import Reference, Timeline
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc import tag_names

log = logging.getLogger("trio_chat")


_WORK_OF_TARGET: Final = 20
"""The work as which a look-up of the last message of one conversation counts; see `Steps`."""
_NOT_YOURS: Final = "Messages could not be retrieved: you are not in that channel, or not logged in"


@command(
    "CHATHISTORY",
    "LATEST|BEFORE|AFTER|AROUND <channel> <reference> <limit> | BETWEEN <channel> <reference>"
    " <reference> <limit> | TARGETS <time> <time> <limit>",
    weight=2,
    help="Show earlier messages; a reference is msgid=… or timestamp=…, and for LATEST also *.",
    is_local=True,
)
def chathistory_command(request: Request) -> None:
    """Answer from the history, when everything accepted so far is in it."""
    storage = request.world.storage
    if storage is None:
        request.reply.numeric(n.ERR_UNKNOWNCOMMAND, "CHATHISTORY")
        return
    subcommand = request.param(0).upper()
    if len(request.params) < 4:
        # A standard reply, not ERR_NEEDMOREPARAMS: so the specification has it.
        _fail(request, "INVALID_PARAMS", "Not enough parameters")
        return
    if subcommand == "TARGETS":
        _targets(request, storage)
        return
    spans = _SPANS.get(subcommand)
    references = [
        parse_reference(request.world.ids.timeline, param) for param in request.params[2:-1]
    ]
    limit = _limit(request, storage)
    is_form = len(references) == (2 if subcommand == "BETWEEN" else 1) and None not in references
    if (
        spans is None
        or not limit
        or not is_form
        or ("*" in request.params[2:-1] and subcommand != "LATEST")
    ):
        _fail(
            request,
            "INVALID_PARAMS",
            "The parameters are not of the form that HELP CHATHISTORY shows",
        )
        return
    conversation = conversations.find(request.world, request.user, request.params[1])
    if conversation is None:
        _fail(request, "INVALID_TARGET", _NOT_YOURS)
        return
    places = [reference for reference in references if reference]
    request.reply.postpone(
        partial(_answer, request, storage, conversation, lambda exact: spans(exact, limit), places)
    )


def _fail(request: Request, code: str, text: str) -> None:
    request.reply.fail("CHATHISTORY", code, *request.params[:2], text=text)


def _limit(request: Request, storage: StoragePorts) -> int:
    text = request.params[-1]
    return min(int(text[:9]), storage.most_messages) if text.isascii() and text.isdigit() else 0


def parse_reference(timeline: Timeline, text: str) -> Reference | None:
    """Return the place that `*`, `msgid=…` or `timestamp=…` names; None when it is none of them."""
    kind, _, value = text.partition("=")
    if text == "*":
        return Reference(LAST_ID, 0)
    if kind == "msgid":
        number = parse_msgid(value)
        return None if number is None else Reference(number, number)
    if kind == "timestamp":
        moment = parse_time(value)
        return None if moment is None else timeline.reference(moment)
    return None


Wanted = list[tuple[Span, int]]
"""Ranges to be read one after the other, each with its limit."""


def _before(references: list[Reference], limit: int) -> Wanted:
    return [(Span(before=references[0].first), limit)]


def _after(references: list[Reference], limit: int) -> Wanted:
    return [(Span(after=references[0].last, from_newest=False), limit)]


def _latest(references: list[Reference], limit: int) -> Wanted:
    return [(Span(after=references[0].last), limit)]


def _around(references: list[Reference], limit: int) -> Wanted:
    first = references[0].first
    half = limit // 2
    return [(Span(before=first), half), (Span(after=first - 1, from_newest=False), limit - half)]


def _between(references: list[Reference], limit: int) -> Wanted:
    start, end = references
    if start.first <= end.first:
        return [(Span(start.last, end.first, from_newest=False), limit)]
    return [(Span(end.last, start.first), limit)]


_SPANS: Final[dict[str, Callable[[list[Reference], int], Wanted]]] = {
    "BEFORE": _before,
    "AFTER": _after,
    "LATEST": _latest,
    "AROUND": _around,
    "BETWEEN": _between,
}


async def _answer(
    request: Request,
    storage: StoragePorts,
    conversation: Conversation,
    spans: Callable[[list[Reference]], Wanted],
    references: list[Reference],
    reply: Response,
) -> None:
    session = request.session
    shown = _shown(session)
    try:
        exact = [
            await _exact(session, storage, conversation, reference) for reference in references
        ]
        pages = [
            await _read_page(request, storage, conversation, span, limit, shown)
            for span, limit in spans(exact)
        ]
        records = [record for page in pages for record in page.records]
        numbers = await numbers_of(session, storage, conversation, records)
    except HistoryError as error:
        log.error("the history cannot be read: %s", error)
        _fail(request, "MESSAGE_ERROR", "Messages could not be retrieved at the moment")
        return
    if not conversation.can_be_read():  # left, or was removed, while we waited
        _fail(request, "INVALID_TARGET", _NOT_YOURS)
        return
    if records:
        session.page = (conversation.buffer, records[0].id, records[-1].id)
    # A channel by its canonical name; a person as the client's own window is called, whatever the
    # nickname is today.
    name = conversation.name if conversation.channel else request.params[1]
    with reply.batch(
        "chathistory", name, tag=_end_tag(session, is_end=all(page.is_last for page in pages))
    ):
        for record in records:
            reply.replay(replayed(conversation, record, numbers))


async def numbers_of(
    session: Session,
    storage: StoragePorts,
    conversation: Conversation,
    records: Sequence[Record],
) -> Mapping[int, int]:
    """Return the numbers of messages of a channel by their ids, for a client that asks for them.

    Raises:
        HistoryError: they cannot be read.
    """
    if not records or conversation.channel is None or not session.effective & cap.NUMBER:
        return NO_NUMBERS
    return await storage.history.numbers_of(conversation.buffer, records[0].id, records[-1].id)


def replayed(conversation: Conversation, record: Record, numbers: Mapping[int, int]) -> Event:
    """Return a record as the event that it was, with its number, if it has one."""
    event = conversation.replay(record)
    number = numbers.get(record.id)
    return event if number is None else event.numbered(number)


class _Page(NamedTuple):
    """A part of the history that was asked for, and whether nothing of its range lies beyond it."""

    records: list[Record]
    is_last: bool


async def _read_page(
    request: Request,
    storage: StoragePorts,
    conversation: Conversation,
    span: Span,
    limit: int,
    shown: HistoryFilter,
) -> _Page:
    """Read one message more than is shown, to know whether there is another page."""
    records = await read(request, storage, conversation, span, limit + 1, shown)
    if len(records) <= limit:
        return _Page(records, is_last=True)
    return _Page(records[1:] if span.from_newest else records[:limit], is_last=False)


def _end_tag(session: Session, *, is_end: bool) -> str:
    """Return the tag of the batch with which pagination ends (IRCv3 `draft/chathistory`), or ""."""
    return (
        tag_names.CHATHISTORY_END
        if is_end and session.effective & (cap.CHATHISTORY | cap.MESSAGE_TAGS)
        else ""
    )


async def _exact(
    session: Session, storage: StoragePorts, conversation: Conversation, reference: Reference
) -> Reference:
    """Return the position that a timestamp means if the clock was set back and the moment occurs
    twice.

    Clients take timestamps from messages that they received. So the message is the only one of that
    moment in the conversation, or else the end of the last page.
    """
    if len(reference.spots) < 2:
        return reference
    found = [
        spot
        for spot in reference.spots
        if await storage.history.messages(
            conversation.buffer, Span(spot[0] - 1, spot[1] + 1), 1, 0, HistoryFilter.WITH_TAGMSG
        )
    ]
    if len(found) > 1:
        buffer, *ends = session.page
        seen = [
            spot
            for spot in found
            if buffer == conversation.buffer and any(spot[0] <= end <= spot[1] for end in ends)
        ]
        found = seen or found
    return Reference(*found[0]) if len(found) == 1 else reference


def _shown(session: Session) -> HistoryFilter:
    """Return which records a session receives: TAGMSG only with the capability with which it
    receives new ones.
    """
    if not session.effective & cap.EVENT_PLAYBACK:
        return HistoryFilter.MESSAGES
    return (
        HistoryFilter.WITH_TAGMSG
        if session.effective & cap.MESSAGE_TAGS
        else HistoryFilter.WITH_EVENTS
    )


async def read(
    request: Request,
    storage: StoragePorts,
    conversation: Conversation,
    span: Span,
    limit: int,
    shown: HistoryFilter = HistoryFilter.MESSAGES,
) -> list[Record]:
    """Return messages of a conversation that have not expired, at most `limit`.

    Raises:
        HistoryError: they cannot be read.
    """
    if not limit:
        return []
    span = retention.cut(span, retention.oldest(request.world, storage, conversation.channel))
    return await storage.history.messages(
        conversation.buffer, span, limit, conversation.private_after, shown
    )


def _targets(request: Request, storage: StoragePorts) -> None:
    ends = [parse_reference(request.world.ids.timeline, param) for param in request.params[1:3]]
    limit = _limit(request, storage)
    if (
        len(request.params) != 4
        or not limit
        or any(not param.startswith("timestamp=") for param in request.params[1:3])
    ):
        _fail(request, "INVALID_PARAMS", "The parameters are two timestamps and a limit")
        return
    start, end = ends
    if start is None or end is None:
        _fail(
            request,
            "INVALID_PARAMS",
            "A timestamp is written like timestamp=2026-01-31T12:00:00.000Z",
        )
        return
    (wanted,) = _between([start, end], limit)
    request.reply.postpone(partial(_answer_targets, request, storage, wanted))


async def _answer_targets(
    request: Request, storage: StoragePorts, wanted: tuple[Span, int], reply: Response
) -> None:
    (after, before, from_newest), limit = wanted
    newest: list[tuple[int, int, str]] = []
    try:
        found = await readable(request, storage)
        reply.charge(_WORK_OF_TARGET * len(found))
        for conversation in found:
            newest += [
                (record.id, record.shift, conversation.name)
                for record in await read(request, storage, conversation, Span(), 1)
            ]
    except HistoryError as error:
        log.error("the history cannot be read: %s", error)
        _fail(request, "MESSAGE_ERROR", "Messages could not be retrieved at the moment")
        return
    between = sorted(entry for entry in newest if after < entry[0] < before)
    with reply.batch(
        "draft/chathistory-targets", tag=_end_tag(request.session, is_end=len(between) <= limit)
    ):
        for number, shift, name in between[-limit:] if from_newest else between[:limit]:
            reply.send("CHATHISTORY", ("TARGETS", name, server_time(number, shift)))


async def readable(request: Request, storage: StoragePorts) -> list[Conversation]:
    """Return every conversation that the user may read.

    Raises:
        HistoryError: they cannot be found out.
    """
    user = request.user
    found = [conversations.in_channel(user, channel) for channel in user.channels]
    if user.account_id:
        buffers = await storage.history.conversations(user.account_id)
        private = (conversations.with_buffer(request.world, user, buffer) for buffer in buffers)
        found += [conversation for conversation in private if conversation is not None]
    return found
