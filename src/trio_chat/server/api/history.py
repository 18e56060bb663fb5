"""Resources of the history: how much there is, and the deletion of messages."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MessageRedacted
from trio_chat.chat.history import HistoryFilter, Span
from trio_chat.chat.ids import parse_msgid
from trio_chat.i18n import _
from trio_chat.irc.text import cut_bytes
from trio_chat.maintenance import history as rules
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.jobs import JobView, begin
from trio_chat.server.api.named_channels import channel_named, folded_name
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule
from trio_chat.server.jobs import Report, end_when_cancelled
from trio_chat.storage import maintenance
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    import apsw

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ChannelHistoryView:
    """What is stored of a channel."""

    channel: Annotated[str, Rule("as names are compared")]
    messages: int


@dataclass(frozen=True, slots=True)
class NewPruning:
    """What is to be deleted; give either `before` or `keep_days`."""

    before: Annotated[datetime | None, Rule("what was said before this time")] = None
    keep_days: Annotated[int | None, Rule("what is older than so many days", 1, 36_500)] = None
    channel: Annotated[str | None, Rule("one channel; null for everything", 1, 200)] = None


@dataclass(frozen=True, slots=True)
class RedactionQuery:
    """Why a message is deleted."""

    reason: Annotated[str, Rule("shown to members", most=390)] = ""


async def _list(call: Call) -> Page:
    def read(connection: "apsw.Connection", _file: Path) -> Page:
        # Conversations of two users are nobody else's business.
        names = [name for name in maintenance.channels(connection) if name.startswith("#")]
        found = call.page(names, lambda name: name, lambda name: name)
        counted = [
            ChannelHistoryView(name, maintenance.count_messages(connection, name))
            for name in found.items
        ]
        return Page(counted, found.next)

    with as_problems():
        return await call.site.jobs().read(read)


async def _prune(call: Call) -> JobView:
    wanted = call.body_as(NewPruning)
    if (wanted.before is None) == (wanted.keep_days is None):
        raise ApiProblem(400, _("give either `before` or `keep_days`"), field="before")
    now = call.world.wall_clock()
    if wanted.before is not None:
        before = wanted.before.timestamp()
    else:
        before = max(0.0, now - (wanted.keep_days or 0) * _DAY)
    if not 0 <= before <= now:
        raise ApiProblem(400, _("that time is not in the past"), field="before")
    channel = folded_name(wanted.channel) if wanted.channel is not None else None
    with as_problems():
        database = call.site.jobs().database()
        if channel is not None:
            await call.site.jobs().read(
                lambda connection, _file: rules.check_channel(connection, channel)
            )
    work = partial(_delete_old, database, before, channel, now)
    return await begin(call, "prune", f"HISTORY PRUNE {channel or '*'} before {before:.0f}", work)


def _delete_old(
    database: Path, before: float, channel: str | None, now: float, report: Report
) -> dict[str, Any]:
    with connected(database, as_it_is=True) as connection:
        end_when_cancelled(connection)
        planned = rules.plan_pruning(connection, before, channel, now)
        report(0, planned.total)
        return {
            "deleted": planned.carry_out(connection, lambda done: report(done, planned.total)),
            "of": planned.total,
        }


async def _redact(call: Call) -> None:
    channel, world = channel_named(call.world, call.params["channel"]), call.world
    number, storage = parse_msgid(call.params["msgid"]), call.world.storage
    reason = cut_bytes(call.query_as(RedactionQuery).reason, world.lengths.kick)
    is_single = world.decider is None
    with as_problems():
        is_there = (
            number is not None
            and storage is not None
            and number not in world.redacted
            and await _is_stored(call, channel.folded, number)
            and (not is_single or await storage.history.redact(channel.folded, number))
        )
    if not is_there or number is None:
        raise not_found(
            _("there is no such message in {name}, or it is too old").format(name=channel.name)
        )
    change = MessageRedacted("", 0, channel.folded, "", channel.name, number, reason, is_single)
    await call.commit(
        lambda: apply(world, change) if channel.folded in world.channels else (),
        f"REDACT {channel.name} {call.params['msgid']}: {reason}",
    )


async def _is_stored(call: Call, buffer: str, number: int) -> bool:
    assert call.world.storage is not None  # noqa: S101  # asked before
    span = Span(after=number - 1, before=number + 1)
    found = await call.world.storage.history.messages(buffer, span, 1, 0, HistoryFilter.WITH_TAGMSG)
    return bool(found)


RESOURCES = (
    Resource(
        method="GET",
        path="/history",
        scope="history:read",
        summary="List the channels with stored messages, and how many these are",
        handler=_list,
        query=PageQuery,
        answer=ChannelHistoryView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/history/prune",
        scope="history:write",
        summary="Begin to delete old messages and events, for ever",
        handler=_prune,
        body=NewPruning,
        answer=JobView,
        status=202,
    ),
    Resource(
        method="DELETE",
        path="/history/{channel}/{msgid}",
        scope="history:write",
        summary="Delete a message, and have clients forget it",
        handler=_redact,
        query=RedactionQuery,
    ),
)
