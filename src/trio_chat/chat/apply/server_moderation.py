"""Transitions of the moderation of the whole server (`trio_chat.chat.moderation.server`)."""

from typing import Final

from trio_chat.chat import missed, multiline, operators
from trio_chat.chat.apply.moderation import released
from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import (
    ModeratorsNotified,
    NewcomerAdmitted,
    ReportedToServer,
    ServerFilterAdded,
    ServerFilterRemoved,
    ServerHeldMessageReleased,
    ServerHeldMessagesDropped,
    ServerMessageHeld,
    ServerModerationRead,
    ServerRaidModeSet,
    ServerReportsResolved,
)
from trio_chat.chat.durations import show
from trio_chat.chat.events import Event
from trio_chat.chat.moderation import server
from trio_chat.chat.moderation.server import Reporter, RowKey, ServerReport
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc.message import truncate

_MAX_NOTICE: Final = 380
"""Bytes of a notice, so that its line holds it."""
_RIGHT: Final = "moderate"
_ROOM: Final = 280
"""Bytes of a message that a notice shows."""


def _keys(*keys: RowKey) -> list[DirtyKey]:
    return [DirtyKey.moderation(key) for key in keys]


def _notice(world: World, text: str) -> Effects:
    """Return a notice to the operators with the right to moderate."""
    event = operators.notice(world, text, _RIGHT)
    return [event] if event is not None else []


@transition(ModeratorsNotified)
def _notify(world: World, change: ModeratorsNotified) -> Effects:
    return _notice(world, change.text)


@transition(ServerFilterAdded, lambda world, change: _keys((server.FILTER, change.filter.pattern)))
def _add_filter(world: World, change: ServerFilterAdded) -> Effects:
    world.moderation.put_filter(change.filter)
    return []


@transition(ServerFilterRemoved, lambda world, change: _keys((server.FILTER, change.pattern)))
def _remove_filter(world: World, change: ServerFilterRemoved) -> Effects | None:
    return [] if world.moderation.remove_filter(change.pattern) else None


def _of_last(world: World, change: ServerMessageHeld) -> list[DirtyKey]:
    number = world.moderation.last_number
    is_held = number in world.moderation.held
    return _keys((server.HELD, str(number)), (server.NUMBER, "")) if is_held else []


@transition(ServerMessageHeld, _of_last)
def _hold(world: World, change: ServerMessageHeld) -> Effects:
    held = world.moderation.hold(change.message)
    nick = held.message.source.partition("!")[0]
    shown = multiline.overview(held.message.text, _ROOM)
    return _notice(world, f"Held message {held.number} of {nick} to {held.name}: {shown}")


def _of_numbers(
    world: World, change: ServerHeldMessageReleased | ServerHeldMessagesDropped
) -> list[DirtyKey]:
    numbers = (change.number,) if isinstance(change, ServerHeldMessageReleased) else change.numbers
    return _keys(*((server.HELD, str(number)) for number in numbers))


@transition(ServerHeldMessageReleased, _of_numbers)
def _release(world: World, change: ServerHeldMessageReleased) -> Effects | None:
    held = world.moderation.held.pop(change.number, None)
    if held is None:
        return None
    channel = world.channels.numbered(held.channel, held.name)
    text = f"{change.by} released the held message {change.number}"
    if channel is None:  # it has ended since
        return _notice(world, f"{text}, but {held.name} is gone")
    return [released(world, channel, held.message), *_notice(world, text)]


@transition(ServerHeldMessagesDropped, _of_numbers)
def _drop(world: World, change: ServerHeldMessagesDropped) -> Effects | None:
    found = [one for one in change.numbers if world.moderation.held.pop(one, None) is not None]
    if not found:
        return None
    numbers = ", ".join(map(str, found))
    return _notice(world, f"{change.by} dropped the held messages {numbers}")


def _of_reported(world: World, change: ReportedToServer) -> list[DirtyKey]:
    known = world.moderation.report_about(change.report.about)
    return (
        _keys((server.REPORT, str(known.number)), (server.NUMBER, "")) if known is not None else []
    )


@transition(ReportedToServer, _of_reported)
def _report(world: World, change: ReportedToServer) -> Effects | None:
    moderation, reporter = world.moderation, change.report.reporters[0]
    known = moderation.report_about(change.report.about)
    if known is None:
        report = moderation.add_report(change.report)
    else:
        report = _joined(known, reporter)
        if report is known:
            return None
        moderation.reports[report.number] = report
    return _notice(world, described(report, reporter))


def _joined(report: ServerReport, reporter: Reporter) -> ServerReport:
    if len(report.reporters) >= server.MOST_REPORTERS or any(
        one.sender == reporter.sender for one in report.reporters
    ):
        return report
    return report._replace(reporters=(*report.reporters, reporter))


def described(report: ServerReport, reporter: Reporter) -> str:
    """Return a report as operators see it, by one of the users that have made it."""
    reason = f" ({reporter.reason})" if reporter.reason else ""
    count = f", {len(report.reporters)} users" if len(report.reporters) > 1 else ""
    said = f": {multiline.overview(report.text, _ROOM)}" if report.text else ""
    return (
        f"Report {report.number} by {reporter.nick}{count} about {report.source}"
        f"{report.place}{reason}{said}"
    )


def _of_resolved(world: World, change: ServerReportsResolved) -> list[DirtyKey]:
    kinds = (server.REPORT, server.RESOLVED)
    return _keys(*((kind, str(number)) for number in change.numbers for kind in kinds))


@transition(ServerReportsResolved, _of_resolved)
def _resolve(world: World, change: ServerReportsResolved) -> Effects:
    reports = world.moderation.reports
    found = [report for one in change.numbers if (report := reports.pop(one, None)) is not None]
    if not found:  # but what a command has noted is deleted
        return []
    numbers = ", ".join(str(report.number) for report in found)
    note = f": {change.note}" if change.note else ""
    events = _notice(world, f"{change.by} resolved the reports {numbers}{note}")
    for report in found:
        text = f"The operators have dealt with your report about {report.target}{note}"
        for reporter in report.reporters:
            events += _answer(world, reporter, text)
    return events


def _answer(world: World, reporter: Reporter, text: str) -> Effects:
    """Return the outcome for a user that made a report, or keep it for its account."""
    users = [user for user in _users(world, reporter) if user.sessions]
    if not users:
        if reporter.account and world.account_name(reporter.account):
            missed.keep_for_account(world, reporter.account, text)
        return []
    return [
        Event(
            world.ids.now(),
            "NOTICE",
            (user.nick, truncate(text, _MAX_NOTICE)),
            world.server_info.name,
            user.sessions,
            shift=world.ids.shift,
        )
        for user in users
    ]


def _users(world: World, reporter: Reporter) -> list[User]:
    if reporter.account:
        return world.with_account(reporter.account)
    return [
        user
        for user in world.users.values()
        if user.nick == reporter.nick and not user.account_id and _is_from(user, reporter.sender)
    ]


def _is_from(user: User, sender: str) -> bool:
    """Return whether a user without an account has the address of a sender."""

    def is_same(session: Session) -> bool:
        return session.payer == sender

    return any(map(is_same, user.sessions))


@transition(ServerRaidModeSet, lambda world, change: _keys((server.RAID, "")))
def _set_raid_mode(world: World, change: ServerRaidModeSet) -> Effects | None:
    was_on = bool(world.moderation.raid.until)
    if change.raid == world.moderation.raid:
        return None
    world.moderation.set_raid(change.raid)
    if not change.raid.until and not was_on:
        return []
    left = show(max(1, change.raid.until - world.steady()))
    by = f" ({change.by})" if change.by else ""
    text = (
        f"The server is in raid mode for {left}{by}: newcomers without an account can neither join"
        " nor write, and no accounts are registered"
        if change.raid.until
        else f"The server is in raid mode no longer{by}"
    )
    return _notice(world, text)


@transition(NewcomerAdmitted)
def _admit(world: World, change: NewcomerAdmitted) -> Effects | None:
    user, channel = world.users.get(change.user), world.channels.get(change.channel)
    if user is not None and channel is not None:
        world.moderation.admit(user.identity, channel.founded)
    return None


@transition(ServerModerationRead)
def _read(world: World, change: ServerModerationRead) -> Effects:
    moderation, dirty = world.moderation, world.dirty.moderation
    stored = {(row.kind, row.key): row for row in change.rows}
    for key in moderation.row_keys():
        if key not in stored and key not in dirty:
            moderation.discard_row(key)
    for key, row in stored.items():
        if key not in dirty and moderation.row(key) != row:
            moderation.put_row(row)
    moderation.probation.sort()
    return []
