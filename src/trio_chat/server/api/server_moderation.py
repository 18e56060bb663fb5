"""Resources of the moderation of the whole server: filters, raid mode, reports, held messages."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.durations import show
from trio_chat.chat.events import Event
from trio_chat.chat.ids import msgid
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.server import (
    LONGEST_RAID,
    PLACES,
    RAID_SECONDS,
    ServerFilter,
    ServerHeldMessage,
    ServerReport,
)
from trio_chat.chat.moderation.terms import check_raid, check_room, read_filter
from trio_chat.i18n import _
from trio_chat.maintenance.rule_texts import translated
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment


@dataclass(frozen=True, slots=True)
class FilterView:
    """A filter of the server."""

    pattern: str
    action: str
    places: tuple[str, ...]
    set_by: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class NewFilter:
    """A filter that is to be added; it replaces one with the same pattern."""

    action: Literal["refuse", "hold", "flag", "allow"]
    pattern: Annotated[str, Rule("words with *; or link, or link: and a host", 1, 400)]
    places: Annotated[
        tuple[str, ...], Rule(f"of {', '.join(PLACES)}; none for all", most=len(PLACES))
    ] = ()


@dataclass(frozen=True, slots=True)
class FilterQuery:
    """The filter that is wanted: its pattern may have what a path cannot have."""

    pattern: Annotated[str, Rule("as the list shows it", 1, 400)]


@dataclass(frozen=True, slots=True)
class RaidView:
    """Raid mode of the server."""

    is_on: bool
    until: datetime | None
    set_by: str


@dataclass(frozen=True, slots=True)
class NewRaid:
    """For how long raid mode is on."""

    seconds: Annotated[int, Rule("for how many seconds", 1, LONGEST_RAID)] = RAID_SECONDS


@dataclass(frozen=True, slots=True)
class ServerReportView:
    """A report to the operators of the server."""

    number: int
    reported: datetime | None
    target: str
    source: str
    text: str
    reporters: Annotated[dict[str, str], Rule("nicknames, with what they say")]
    account: Annotated[str | None, Rule("of the reported user")]
    msgid: Annotated[str | None, Rule("of the message; null if a user is reported")]


@dataclass(frozen=True, slots=True)
class ResolvingQuery:
    """What the users that made a report hear."""

    note: Annotated[str, Rule("a sentence", most=200)] = ""


@dataclass(frozen=True, slots=True)
class ServerHeldView:
    """A message that a filter of the server holds back."""

    number: int
    channel: str
    sent: datetime | None
    source: str
    text: str
    pattern: str


def _filter_view(each: ServerFilter) -> FilterView:
    return FilterView(each.pattern, each.action, each.places, each.setter, moment(each.time))


def _filters(call: Call) -> Page:
    return call.page(desk.list_filters(call.world), lambda each: each.pattern, _filter_view)


async def _add_filter(call: Call) -> FilterView:
    wanted = call.body_as(NewFilter)
    # Always with places: a pattern that begins with @ would be taken for them.
    places = f"@{','.join(wanted.places or PLACES)}"
    words = [wanted.action, places, *wanted.pattern.split()]
    actor = call.caller.actor
    try:
        # Checked before anything is carried out; the same is done once more there.
        added = read_filter(words, actor, int(call.world.clock()))
        check_room(call.world.moderation.filters, added)
    except BadTerms as error:
        raise ApiProblem(400, translated(str(error)), field=error.field) from error
    await call.commit(
        lambda: desk.add_filter(call.world, words, actor)[1],
        f"FILTER ADD {added.action} {added.pattern}",
    )
    return _filter_view(added)


async def _remove_filter(call: Call) -> None:
    pattern = call.query_as(FilterQuery).pattern.lower()
    if pattern not in call.world.moderation.filters:
        raise not_found(_("there is no filter with this pattern; GET /api/v1/filters lists them"))
    await call.commit(
        lambda: _changed(lambda: desk.remove_filter(call.world, pattern)), f"FILTER DEL {pattern}"
    )


def _changed(work: Callable[[], tuple[object, list[Event]]]) -> Iterable[Event]:
    """Return the events of a change; none when somebody else was faster."""
    try:
        return work()[1]
    except BadTerms:
        return ()


def _raid(call: Call) -> RaidView:
    raid = call.world.moderation.raid
    is_on = raid.until > call.world.steady()
    return RaidView(is_on, moment(raid.until) if is_on else None, raid.by if is_on else "")


async def _begin_raid(call: Call) -> RaidView:
    seconds, actor = call.body_as(NewRaid).seconds, call.caller.actor
    check_raid(seconds)
    await call.commit(
        lambda: desk.begin_raid(call.world, seconds, actor), f"RAID ON {show(seconds)}"
    )
    return _raid(call)


async def _end_raid(call: Call) -> None:
    await call.commit(lambda: desk.end_raid(call.world, call.caller.actor), "RAID OFF")


def _report_view(call: Call, each: ServerReport) -> ServerReportView:
    return ServerReportView(
        each.number,
        moment(each.time),
        each.target,
        each.source,
        each.text,
        {reporter.nick: reporter.reason for reporter in each.reporters},
        call.world.account_name(each.account) or None,
        msgid(each.message) if each.message else None,
    )


def _reports(call: Call) -> Page:
    reports = desk.list_reports(call.world)
    return call.page(reports, lambda each: each.number, lambda each: _report_view(call, each))


def _report(call: Call) -> ServerReportView:
    reports = call.world.moderation.reports
    return _report_view(call, reports[int(_number(call, reports))])


async def _resolve(call: Call) -> None:
    number = _number(call, call.world.moderation.reports)
    note, actor = call.query_as(ResolvingQuery).note, call.caller.actor
    await call.commit(
        lambda: _changed(lambda: desk.resolve(call.world, number, actor, note)),
        f"REPORTS RESOLVE {number}: {note}".removesuffix(": "),
    )


def _held_view(each: ServerHeldMessage) -> ServerHeldView:
    message = each.message
    return ServerHeldView(
        each.number, each.name, moment(message.time), message.source, message.text, message.pattern
    )


def _held(call: Call) -> Page:
    return call.page(desk.list_held(call.world), lambda each: each.number, _held_view)


async def _release(call: Call) -> None:
    number, why = _number(call, call.world.moderation.held), list[str]()

    def release() -> Iterable[Event]:
        try:
            return desk.release(call.world, number, call.caller.actor)[1]
        except BadTerms as error:
            why.append(translated(str(error)))
            return ()

    await call.commit(release, f"HELD RELEASE {number}")
    if why:
        raise ApiProblem(409, why[0])


async def _drop(call: Call) -> None:
    number = _number(call, call.world.moderation.held)
    await call.commit(
        lambda: _changed(lambda: desk.drop(call.world, number, call.caller.actor)),
        f"HELD DROP {number}",
    )


def _number(call: Call, known: Container[int]) -> str:
    number = call.params["number"]
    is_number = number.isascii() and number.isdecimal() and len(number) <= 12
    if not is_number or int(number) not in known:
        raise not_found(_("the list has no number {number}").format(number=number[:40]))
    return str(int(number))


RESOURCES = (
    Resource(
        method="GET",
        path="/filters",
        scope="moderation:read",
        summary="List the filters of the server",
        handler=_filters,
        query=PageQuery,
        answer=FilterView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/filters",
        scope="moderation:write",
        summary="Add a filter of the server",
        handler=_add_filter,
        body=NewFilter,
        answer=FilterView,
        status=201,
    ),
    Resource(
        method="DELETE",
        path="/filters",
        scope="moderation:write",
        summary="Remove the filter of the server with a pattern",
        handler=_remove_filter,
        query=FilterQuery,
    ),
    Resource(
        method="GET",
        path="/raid",
        scope="moderation:read",
        summary="Get whether raid mode of the server is on",
        handler=_raid,
        answer=RaidView,
    ),
    Resource(
        method="PUT",
        path="/raid",
        scope="moderation:write",
        summary="Have raid mode of the server on for some time",
        handler=_begin_raid,
        body=NewRaid,
        answer=RaidView,
    ),
    Resource(
        method="DELETE",
        path="/raid",
        scope="moderation:write",
        summary="End raid mode of the server",
        handler=_end_raid,
    ),
    Resource(
        method="GET",
        path="/server-reports",
        scope="moderation:read",
        summary="List the open reports to the operators of the server",
        handler=_reports,
        query=PageQuery,
        answer=ServerReportView,
        is_list=True,
    ),
    Resource(
        method="GET",
        path="/server-reports/{number}",
        scope="moderation:read",
        summary="Get a report to the operators of the server",
        handler=_report,
        answer=ServerReportView,
    ),
    Resource(
        method="DELETE",
        path="/server-reports/{number}",
        scope="moderation:write",
        summary="Resolve a report; the users that made it hear the note",
        handler=_resolve,
        query=ResolvingQuery,
    ),
    Resource(
        method="GET",
        path="/server-held-messages",
        scope="moderation:read",
        summary="List the messages that filters of the server hold back",
        handler=_held,
        query=PageQuery,
        answer=ServerHeldView,
        is_list=True,
    ),
    Resource(
        method="POST",
        path="/server-held-messages/{number}/release",
        scope="moderation:write",
        summary="Deliver a held message",
        handler=_release,
    ),
    Resource(
        method="DELETE",
        path="/server-held-messages/{number}",
        scope="moderation:write",
        summary="Drop a held message",
        handler=_drop,
    ),
)
