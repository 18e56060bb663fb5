"""The moderation of the whole server as state: filters, held messages, reports and raid mode.

Its rows are stored one by one (`ModerationRow`), so that a command alongside the server can change
filters and raid mode.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from trio_chat.chat.moderation.probation import Arrivals, Probation, ProbationTable
from trio_chat.chat.moderation.state import HeldMessage, held_from_state, held_to_state
from trio_chat.irc.names import is_channel_name

CHANNELS, PRIVATE, NICKS, TOPICS = "channels", "private", "nicks", "topics"
REASONS, PROFILES = "reasons", "profiles"
PLACES = (CHANNELS, PRIVATE, NICKS, TOPICS, REASONS, PROFILES)
"""Where filters of the server look: messages in channels and to users, nicknames and names of
channels, topics, reasons of leaving, and away messages, real names and metadata.
"""
RAID_SECONDS, LONGEST_RAID = 1800, 86_400
"""Seconds of raid mode: when none are asked for, and at most."""
NEWCOMER_SECONDS = 600
"""Users that have come so many seconds before raid mode are newcomers, too."""
MOST_SERVER_FILTERS = 500
MOST_SERVER_HELD = 200
MOST_SERVER_REPORTS = 200
MOST_REPORTERS = 10
"""Users of one report whose reasons are kept."""
_MOST_ADMITTED = 10_000
FILTER, HELD, REPORT, RAID, NUMBER = "filter", "held", "report", "raid", "number"
PROBATION = "probation"
RESOLVED = "resolved"
"""The kinds of rows. The last one is a note of a command alongside the server, that it shall
resolve the report with this number; it is no state of the server.
"""

RowKey = tuple[str, str]
"""The kind and the key of a row."""


class ModerationRow(NamedTuple):
    """A stored part of the moderation of the server.

    Args:
        kind: `FILTER`, `HELD`, `REPORT`, `PROBATION`, `RAID`, `NUMBER` for the last number, or
            `RESOLVED`.
        key: the pattern, the number, or the sender; "" for `RAID` and `NUMBER`.
        state: JSON; of `RESOLVED` a sentence.
    """

    kind: str
    key: str
    state: str


class ModerationTable(Protocol):
    """The stored moderation of the server."""

    async def load(self) -> list[ModerationRow]:
        """Return all rows, in the order in which they were added."""

    async def changes(self) -> int:
        """Return a number that grows whenever a filter or raid mode is stored or deleted, also by
        another process.
        """


class ServerFilter(NamedTuple):
    """A filter of the server.

    Args:
        action: `REFUSE`, `HOLD`, `FLAG`, or `ALLOW` for links.
        pattern: as `parse_pattern` returns it.
        places: of `PLACES`, where it looks.
        setter: the nickname of the operator, or the command.
        time: when it was added, in seconds of Unix time.
    """

    action: str
    pattern: str
    places: tuple[str, ...]
    setter: str
    time: int


class ServerHeldMessage(NamedTuple):
    """A message to a channel that waits for an operator of the server.

    Args:
        channel: `Channel.founded`; another channel of the same name does not get it.
        name: the name of the channel then.
        message: the message.
    """

    channel: int
    name: str
    message: HeldMessage

    @property
    def number(self) -> int:
        """The number by which operators name it."""
        return self.message.number


class Reporter(NamedTuple):
    """A user that has made a report.

    Args:
        nick: its nickname then.
        account: the number of its account; 0 for none.
        sender: see `rules.sender_key`.
        reason: what it says, or "".
    """

    nick: str
    account: int
    sender: str
    reason: str


class ServerReport(NamedTuple):
    """A report to the operators of the server.

    Args:
        number: the number by which operators name it; it is not used again.
        time: when it was first made, in seconds of Unix time.
        about: what is reported, for reports of the same to be joined.
        target: the channel, or the nickname, that was named.
        source: the reported user, `nick!user@host` or an account.
        account: the number of the account of that user; 0 for none.
        message: the id of the message; 0 for none.
        text: the message as it was stored then, or "".
        reporters: the users that report it, the first one first.
    """

    number: int
    time: int
    about: str
    target: str
    source: str
    account: int
    message: int
    text: str
    reporters: tuple[Reporter, ...]

    @property
    def place(self) -> str:
        """Where it was, as it follows the source in a sentence; "" for a report of a user without a
        message.
        """
        if is_channel_name(self.target):
            return f" in {self.target}"
        return " in a private message" if self.message else ""


class RaidMode(NamedTuple):
    """Raid mode of the server.

    Args:
        until: when it ends, in seconds of `World.steady`; 0 while it is off.
        since: users that have come since then are newcomers, in seconds of Unix time.
        by: the nickname of the operator, or the command.
    """

    until: int = 0
    since: int = 0
    by: str = ""


class ServerModeration:
    """The moderation of the server.

    Attributes:
        restrains: whether messages have to be looked at.
        filters: by pattern, in the order in which they were added.
        held: the held messages by number, the oldest first.
        reports: the open reports by number, the oldest first.
        raid: raid mode.
        last_number: the number of the last held message or report.
        probation: new accounts and addresses.
        arrivals: users without an account that have just come.
        admitted: newcomers (`User.identity`) that an invitation let into a channel
            (`Channel.founded`) in raid mode.
    """

    def __init__(self) -> None:
        self.restrains = False
        self.filters: dict[str, ServerFilter] = {}
        self.held: dict[int, ServerHeldMessage] = {}
        self.reports: dict[int, ServerReport] = {}
        self.raid = RaidMode()
        self.last_number = 0
        self.probation = ProbationTable()
        self.arrivals = Arrivals()
        self.admitted: dict[tuple[int, int], None] = {}
        self._by_place: dict[str, tuple[ServerFilter, ...]] = {}

    def in_place(self, place: str) -> tuple[ServerFilter, ...]:
        """Return the filters that look at a place."""
        return self._by_place.get(place, ())

    def put_filter(self, added: ServerFilter) -> None:
        """Have a filter, in the place of one with the same pattern."""
        self.filters[added.pattern] = added
        self.update()

    def remove_filter(self, pattern: str) -> bool:
        """Have a filter no longer; return whether there was one."""
        found = self.filters.pop(pattern, None)
        self.update()
        return found is not None

    def update(self) -> None:
        """Note what messages have to be looked at for."""
        self._by_place = {
            place: tuple(each for each in self.filters.values() if place in each.places)
            for place in PLACES
        }
        self.restrains = bool(self.filters or self.raid.until or self.probation.all)

    def set_raid(self, raid: RaidMode) -> None:
        """Set raid mode; the newcomers of the one before are forgotten."""
        self.raid = raid
        self.admitted.clear()
        self.update()

    def admit(self, identity: int, channel: int) -> None:
        """Note that an invitation let a newcomer into a channel."""
        self.admitted[identity, channel] = None
        if len(self.admitted) > _MOST_ADMITTED:
            del self.admitted[next(iter(self.admitted))]

    def hold(self, held: ServerHeldMessage) -> ServerHeldMessage:
        """Keep a message, and return it with its number."""
        self.last_number += 1
        held = held._replace(message=held.message._replace(number=self.last_number))
        self.held[held.number] = held
        return held

    def add_report(self, report: ServerReport) -> ServerReport:
        """Keep a report, and return it with its number."""
        self.last_number += 1
        report = report._replace(number=self.last_number)
        self.reports[report.number] = report
        return report

    def report_about(self, about: str) -> ServerReport | None:
        """Return the open report of the same."""
        return next((each for each in self.reports.values() if each.about == about), None)

    def rows_of_account(self, account: int) -> list[RowKey]:
        """Return what there is of the messages and reports of an account."""
        held = [(HELD, str(n)) for n, each in self.held.items() if each.message.account == account]
        reports = [
            (REPORT, str(number))
            for number, each in self.reports.items()
            if any(one.account == account for one in each.reporters)
        ]
        return [*held, *reports, (PROBATION, f"@{account}")]

    def forget_account(self, account: int) -> None:
        """Forget what an account that is deleted has waiting; its reports remain without it."""
        for kind, key in self.rows_of_account(account):
            if kind == PROBATION:
                self.discard_row((kind, key))
                continue
            number = int(key)
            if kind == HELD:
                del self.held[number]
                continue
            report = self.reports[number]
            left = tuple(one for one in report.reporters if one.account != account)
            if left:
                self.reports[number] = report._replace(reporters=left)
            else:
                del self.reports[number]

    def row_keys(self) -> list[RowKey]:
        """Return the keys of all rows."""
        return [
            *((FILTER, pattern) for pattern in self.filters),
            *((HELD, str(number)) for number in self.held),
            *((REPORT, str(number)) for number in self.reports),
            *((PROBATION, name) for name in self.probation.all),
            *([(RAID, "")] if self.raid.until else []),
            *([(NUMBER, "")] if self.last_number else []),
        ]

    def row(self, key: RowKey) -> ModerationRow | None:
        """Return a row; None if there is none."""
        kind, name = key
        value: Any = None
        if kind == FILTER and name in self.filters:
            value = _filter_to_state(self.filters[name])
        elif kind == HELD and int(name) in self.held:
            value = _held_to_state(self.held[int(name)])
        elif kind == REPORT and int(name) in self.reports:
            value = _report_to_state(self.reports[int(name)])
        elif kind == PROBATION and (probation := self.probation.get(name)) is not None:
            value = list(probation)
        elif kind == RAID and self.raid.until:
            value = list(self.raid)
        elif kind == NUMBER:
            value = self.last_number
        return ModerationRow(kind, name, json.dumps(value, ensure_ascii=False)) if value else None

    def put_row(self, row: ModerationRow) -> None:
        """Have what a row says."""
        if row.kind == RESOLVED:
            return
        state = json.loads(row.state)
        if row.kind == FILTER:
            self.put_filter(_filter_from_state(state))
        elif row.kind == HELD:
            self._put_held(_held_from_state(state))
        elif row.kind == REPORT:
            self._put_report(_report_from_state(state))
        elif row.kind == PROBATION:
            self.put_probation(row.key, Probation(*state))
        elif row.kind == RAID and self.raid != RaidMode(*state):
            self.set_raid(RaidMode(*state))
        elif row.kind == NUMBER:
            self.last_number = max(self.last_number, int(state))

    def discard_row(self, key: RowKey) -> None:
        """Have a row no longer."""
        kind, name = key
        if kind == FILTER:
            self.remove_filter(name)
        elif kind == HELD:
            self.held.pop(int(name), None)
        elif kind == REPORT:
            self.reports.pop(int(name), None)
        elif kind == PROBATION:
            self.probation.discard(name)
            self.update()
        elif kind == RAID:
            self.set_raid(RaidMode())

    def put_probation(self, key: str, probation: Probation) -> None:
        """Remember a new account or address."""
        self.probation.put(key, probation)
        self.restrains = True

    def _put_held(self, held: ServerHeldMessage) -> None:
        self.held[held.number] = held
        self.last_number = max(self.last_number, held.number)

    def _put_report(self, report: ServerReport) -> None:
        self.reports[report.number] = report
        self.last_number = max(self.last_number, report.number)

    def to_state(self) -> dict[str, Any]:
        """Return all of it as plain data; nothing for what there is nothing of."""
        state: dict[str, Any] = {
            "filters": [_filter_to_state(each) for each in self.filters.values()],
            "held": [_held_to_state(each) for each in self.held.values()],
            "reports": [_report_to_state(each) for each in self.reports.values()],
            "raid": list(self.raid) if self.raid.until else [],
            "admitted": [list(each) for each in self.admitted],
            "probation": self.probation.to_state(),
            "arrivals": self.arrivals.to_state(),
            "last number": self.last_number,
        }
        return {name: value for name, value in state.items() if value}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Have what `to_state` returned."""
        for each in state.get("filters", ()):
            self.put_filter(_filter_from_state(each))
        for each in state.get("held", ()):
            self._put_held(_held_from_state(each))
        for each in state.get("reports", ()):
            self._put_report(_report_from_state(each))
        if raid := state.get("raid"):
            self.set_raid(RaidMode(*raid))
        for identity, channel in state.get("admitted", ()):
            self.admit(identity, channel)
        if arrivals := state.get("arrivals"):
            self.arrivals.restore(arrivals)
        self.probation.restore(state.get("probation", []))
        self.update()
        self.last_number = state.get("last number", 0)


def can_hold(held: Iterable[ServerHeldMessage], sender: str, most_of_sender: int) -> bool:
    """Return whether one more message of a sender can wait."""
    waiting = [each.message.sender for each in held]
    return len(waiting) < MOST_SERVER_HELD and waiting.count(sender) < most_of_sender


def _filter_to_state(each: ServerFilter) -> list[Any]:
    return [each.action, each.pattern, list(each.places), each.setter, each.time]


def _filter_from_state(state: list[Any]) -> ServerFilter:
    action, pattern, places, setter, time = state
    return ServerFilter(action, pattern, tuple(places), setter, time)


def _held_to_state(each: ServerHeldMessage) -> list[Any]:
    return [each.channel, each.name, held_to_state(each.message)]


def _held_from_state(state: list[Any]) -> ServerHeldMessage:
    channel, name, message = state
    return ServerHeldMessage(channel, name, held_from_state(message))


def _report_to_state(each: ServerReport) -> list[Any]:
    return [*each[:8], [list(one) for one in each.reporters]]


def _report_from_state(state: list[Any]) -> ServerReport:
    reporters = tuple(Reporter(*one) for one in state[-1])
    return ServerReport._make((*state[:-1], reporters))
