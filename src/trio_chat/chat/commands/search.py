"""SEARCH: full-text search of messages (the extension `soju.im/search`)."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Final

from trio_chat.chat import retention
from trio_chat.chat.channels import Channel
from trio_chat.chat.conversations import as_event
from trio_chat.chat.history import LAST_ID, HistoryError, Query, Span
from trio_chat.chat.ids import parse_time, server_time
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.timeline import Timeline
from trio_chat.irc import numerics as n
from trio_chat.irc.message import parse_tags
from trio_chat.irc.names import fold_or_self

log = logging.getLogger("trio_chat")

_ATTRIBUTES: Final = frozenset(("after", "before", "from", "in", "limit", "text"))


class _Unusable(Exception):
    """An attribute that cannot be used: its name, and why."""

    def __init__(self, attribute: str, why: str) -> None:
        super().__init__(why)
        self.attribute = attribute


@command(
    "SEARCH",
    "text=<words>;in=<channel>;from=<nickname>;after=<time>;before=<time>;limit=<number>",
    min_params=1,
    weight=4,
    help=(
        "Find what was said in your channels; each part can be left out, and a space is written"
        " \\s."
    ),
    is_local=True,
)
def search_command(request: Request) -> None:
    """Answer with the messages that match, when everything accepted so far is in the history."""
    storage = request.world.storage
    if storage is None:
        request.reply.numeric(n.ERR_UNKNOWNCOMMAND, "SEARCH")
        return
    attributes = parse_tags(" ".join(request.params))
    try:
        _check_names(attributes)
        channels = _channels(request, attributes.get("in", ""))
        span = _span(request.world.ids.timeline, attributes)
        limit = _limit(attributes, storage)
    except _Unusable as error:
        request.reply.fail("SEARCH", "INVALID_PARAMS", error.attribute, text=str(error))
        return
    places = {channel.folded: channel.founded for channel in channels}
    oldest = {
        channel.folded: retention.oldest(request.world, storage, channel) for channel in channels
    }
    query = Query(
        places, attributes.get("text", ""), fold_or_self(attributes.get("from", "")), oldest
    )
    request.reply.postpone(partial(_answer, request, storage, channels, query, span, limit))


def _check_names(attributes: Mapping[str, str]) -> None:
    for name in attributes:
        if name not in _ATTRIBUTES:  # left out of account, it would find what was not asked for
            raise _Unusable(
                name, f"There is no such attribute; there are {', '.join(sorted(_ATTRIBUTES))}"
            )


def _channels(request: Request, name: str) -> list[Channel]:
    """Return the channels to search: the one named, or all that the user is in."""
    if not name:
        return list(request.user.channels)
    channel = request.world.channels.get(fold_or_self(name))
    if channel is None or channel not in request.user.channels:
        raise _Unusable("in", "You can only search channels that you are in")
    return [channel]


def _span(timeline: Timeline, attributes: Mapping[str, str]) -> Span:
    """Return the range of ids: "at or after this time", "at or before this time"; counted from
    `after` if it is given.
    """
    after, before = (_time(attributes, name) for name in ("after", "before"))
    return Span(
        after=timeline.reference(after - 1).last if after is not None else 0,
        before=timeline.reference(before + 1).first if before is not None else LAST_ID,
        from_newest=after is None,
    )


def _time(attributes: Mapping[str, str], name: str) -> int | None:
    text = attributes.get(name, "")
    moment = parse_time(text)
    if text and moment is None:
        raise _Unusable(name, "A time is written like 2026-01-31T12:00:00.000Z")
    return moment


def _limit(attributes: Mapping[str, str], storage: StoragePorts) -> int:
    text = attributes.get("limit", "") or str(storage.most_messages)
    if not (text.isascii() and text.isdigit()) or not int(text[:9]):
        raise _Unusable("limit", "The limit is a number from 1")
    return min(int(text[:9]), storage.most_messages)


async def _answer(
    request: Request,
    storage: StoragePorts,
    channels: list[Channel],
    query: Query,
    span: Span,
    limit: int,
    reply: Response,
) -> None:
    try:
        records = await storage.history.search(query, span, limit)
        searchable = await storage.history.searchable_from()
    except HistoryError as error:
        log.error("the history cannot be searched: %s", error)
        reply.fail(
            "SEARCH",
            "INTERNAL_ERROR",
            text="The search could not be run; a channel or a time makes it easier",
        )
        return
    # Those that the user was in when asking, and still is.
    readable = {channel.folded: channel for channel in channels if request.user in channel.members}
    if searchable > max(span.after + 1, 1) and len(records) < limit:
        when = server_time(searchable, request.world.ids.timeline.at(searchable))
        reply.send(
            "NOTE",
            (
                "SEARCH",
                "INDEXING",
                f"Messages from before {when} are being indexed; search again in some minutes",
            ),
        )
    with reply.batch("soju.im/search"):
        for record in records:
            if record.buffer in readable:
                reply.replay(as_event(record, readable[record.buffer]))
