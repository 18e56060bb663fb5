"""Resources of what waits for the operators of channels: reports, and held messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HeldMessageReleased, HeldMessagesDropped, ReportsClosed
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import Record, Span
from trio_chat.chat.ids import msgid
from trio_chat.chat.moderation.state import HeldMessage, Report
from trio_chat.i18n import _
from trio_chat.irc.message import MAX_BODY, body_size
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.named_channels import channel_named, folded_channel
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.refusals import as_problems
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report of a message by a member of its channel."""

    channel: str
    number: int
    reported: datetime | None
    by: str
    reason: str
    msgid: str
    source: Annotated[str | None, Rule("the author; null if the message is gone")]
    text: Annotated[str | None, Rule("of the message; null if it is gone")]


@dataclass(frozen=True, slots=True)
class HeldMessageView:
    """A message that a filter of its channel holds back."""

    channel: str
    number: int
    sent: datetime | None
    source: str
    text: str
    pattern: Annotated[str, Rule("of the filter")]


@dataclass(frozen=True, slots=True)
class ChannelQuery(PageQuery):
    """The channel that is wanted."""

    channel: Annotated[str, Rule("the channel; all if it is empty", most=200)] = ""


def _channels(call: Call) -> Iterator[Channel]:
    wanted = call.query_as(ChannelQuery).channel
    folded = folded_channel(call.world, wanted) if wanted else ""
    for channel in call.world.channels.values():
        if channel.moderation is not None and folded in ("", channel.folded):
            yield channel


async def _reports(call: Call) -> Page:
    found = [
        (channel, report)
        for channel in _channels(call)
        for report in (channel.moderation.reports if channel.moderation else ())
    ]
    page = call.page(
        found, lambda each: f"{each[0].folded} {each[1].number:012}", lambda each: each
    )
    with as_problems():
        return Page([await _shown_report(call, *each) for each in page.items], page.next)


async def _shown_report(call: Call, channel: Channel, report: Report) -> ReportView:
    record = await _record(call, channel, report.message)
    return ReportView(
        channel.name,
        report.number,
        moment(report.time),
        report.by,
        report.reason,
        msgid(report.message),
        record.source if record is not None else None,
        record.text if record is not None else None,
    )


async def _record(call: Call, channel: Channel, number: int) -> Record | None:
    storage = call.world.storage
    if storage is None or number in call.world.redacted:
        return None
    span = Span(after=number - 1, before=number + 1)
    found = await storage.history.messages(channel.folded, span, 1, channel.founded)
    return found[0] if found else None


async def _close(call: Call) -> None:
    channel, number = _place(call)
    reports = channel.moderation.reports if channel.moderation is not None else ()
    if all(report.number != number for report in reports):
        raise not_found(
            _("there is no open report {number} in {name}").format(number=number, name=channel.name)
        )
    change = ReportsClosed(channel.folded, (number,), call.caller.actor)
    await call.commit(lambda: apply(call.world, change), f"REPORTS {channel.name} CLOSE {number}")


def _held(call: Call) -> Page:
    found = [
        (channel, held)
        for channel in _channels(call)
        for held in (channel.moderation.held if channel.moderation else ())
    ]

    def show(each: tuple[Channel, HeldMessage]) -> HeldMessageView:
        channel, held = each
        return HeldMessageView(
            channel.name, held.number, moment(held.time), held.source, held.text, held.pattern
        )

    return call.page(found, _key, show)


def _key(each: tuple[Channel, Report | HeldMessage]) -> str:
    return f"{each[0].folded} {each[1].number:012}"


def _found_held(call: Call) -> tuple[Channel, HeldMessage]:
    channel, number = _place(call)
    held = channel.moderation.held if channel.moderation is not None else ()
    for each in held:
        if each.number == number:
            return channel, each
    raise not_found(
        _("there is no held message {number} in {name}").format(number=number, name=channel.name)
    )


async def _release(call: Call) -> None:
    channel, held = _found_held(call)
    longest = max(held.text.split("\n"), key=len)
    if body_size(held.command, (channel.name, longest), held.source) > MAX_BODY:
        why = _(
            "the channel {name} has a longer name now, for which the message is too long"
        ).format(name=channel.name)
        raise ApiProblem(409, why)
    change = HeldMessageReleased(channel.folded, held.number, call.caller.actor)
    await call.commit(
        lambda: apply(call.world, change), f"HELD {channel.name} RELEASE {held.number}"
    )


async def _drop(call: Call) -> None:
    channel, held = _found_held(call)
    change = HeldMessagesDropped(channel.folded, (held.number,), call.caller.actor)
    await call.commit(lambda: apply(call.world, change), f"HELD {channel.name} DROP {held.number}")


def _place(call: Call) -> tuple[Channel, int]:
    channel, number = channel_named(call.world, call.params["channel"]), call.params["number"]
    if not (number.isascii() and number.isdecimal() and len(number) <= 12):
        raise not_found(_("the list has no number {number}").format(number=number[:40]))
    return channel, int(number)


RESOURCES = (
    Resource(
        method="GET",
        path="/reports",
        scope="reports:read",
        summary="List the open reports of messages",
        handler=_reports,
        query=ChannelQuery,
        answer=ReportView,
        is_list=True,
    ),
    Resource(
        method="DELETE",
        path="/reports/{channel}/{number}",
        scope="reports:write",
        summary="Close a report",
        handler=_close,
    ),
    Resource(
        method="GET",
        path="/held-messages",
        scope="reports:read",
        summary="List the messages that filters hold back",
        handler=_held,
        query=ChannelQuery,
        answer=HeldMessageView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/held-messages/{channel}/{number}/release",
        scope="reports:write",
        summary="Deliver a held message",
        handler=_release,
    ),
    Resource(
        method="DELETE",
        path="/held-messages/{channel}/{number}",
        scope="reports:write",
        summary="Drop a held message",
        handler=_drop,
    ),
)
