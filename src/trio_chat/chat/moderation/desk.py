"""The work of operators of the server on its moderation, as functions: what an IRC command, a page
and an HTTP request have in common.

Each function carries out a change and returns its events, which the caller has delivered. In a
cluster the change is carried out later, and `World.settle` waits for it.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

from trio_chat.chat.apply import apply
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.changes import (
    ServerFilterAdded,
    ServerFilterRemoved,
    ServerHeldMessageReleased,
    ServerHeldMessagesDropped,
    ServerRaidModeSet,
    ServerReportsResolved,
)
from trio_chat.chat.events import Event
from trio_chat.chat.moderation.server import (
    NEWCOMER_SECONDS,
    RaidMode,
    ServerFilter,
    ServerHeldMessage,
    ServerReport,
)
from trio_chat.chat.moderation.terms import check_raid, check_room, read_filter
from trio_chat.chat.world import World
from trio_chat.irc.message import MAX_BODY, body_size, truncate
from trio_chat.irc.text import strip_formatting

MAX_NOTE: Final = 200
"""Bytes of a note."""


def list_filters(world: World) -> Sequence[ServerFilter]:
    """Return the filters of the server, in the order in which they were added."""
    return tuple(world.moderation.filters.values())


def add_filter(world: World, words: Sequence[str], by: str) -> tuple[ServerFilter, list[Event]]:
    """Add a filter: an action, perhaps places, and a pattern.

    Args:
        world: the world.
        words: see `terms.read_filter`.
        by: the operator.

    Raises:
        BadTerms: the words are no filter, or there are too many filters.
    """
    added = read_filter(words, by, int(world.clock()))
    check_room(world.moderation.filters, added)
    return added, apply(world, ServerFilterAdded(added))


def remove_filter(world: World, wanted: str) -> tuple[ServerFilter, list[Event]]:
    """Remove a filter by its number in the list, or by its pattern.

    Raises:
        BadTerms: there is none.
    """
    number = _number(wanted)
    found = [
        each
        for position, each in enumerate(list_filters(world), 1)
        if position == number or each.pattern == wanted.lower()
    ]
    if len(found) != 1:
        raise BadTerms(f"The server has no filter {wanted}; FILTER LIST shows them")
    return found[0], apply(world, ServerFilterRemoved(found[0].pattern))


def list_held(world: World) -> Sequence[ServerHeldMessage]:
    """Return the messages that filters of the server hold, the oldest first."""
    return tuple(world.moderation.held.values())


def find_held(world: World, wanted: str) -> ServerHeldMessage:
    """Return the held message with a number.

    Raises:
        BadTerms: there is none.
    """
    held = world.moderation.held.get(_number(wanted))
    if held is None:
        raise BadTerms(f"No message {wanted} is held")
    return held


def release(world: World, wanted: str, by: str) -> tuple[ServerHeldMessage, list[Event]]:
    """Have a held message delivered.

    Args:
        world: the world.
        wanted: its number.
        by: the operator.

    Raises:
        BadTerms: there is none, or it cannot be delivered.
    """
    held = find_held(world, wanted)
    channel = world.channels.numbered(held.channel, held.name)
    if channel is None:
        raise BadTerms(f"The channel {held.name} is gone; the message {wanted} can only be dropped")
    message = held.message
    longest = max(message.text.split("\n"), key=lambda line: len(line.encode()))
    if body_size(message.command, (channel.name, longest), message.source) > MAX_BODY:
        raise BadTerms(
            f"The channel {channel.name} has a longer name now, for which the message is too long"
        )
    return held, apply(world, ServerHeldMessageReleased(held.number, by))


def drop(world: World, wanted: str, by: str) -> tuple[int, list[Event]]:
    """Drop a held message, or with `*` all of them; return how many, and the events.

    Raises:
        BadTerms: there is none.
    """
    numbers = _wanted(world.moderation.held, wanted)
    if not numbers:
        raise BadTerms("No such message is held")
    return len(numbers), apply(world, ServerHeldMessagesDropped(numbers, by))


def list_reports(world: World) -> Sequence[ServerReport]:
    """Return the open reports to the operators of the server, the oldest first."""
    return tuple(world.moderation.reports.values())


def find_report(world: World, wanted: str) -> ServerReport:
    """Return the open report with a number.

    Raises:
        BadTerms: there is none.
    """
    report = world.moderation.reports.get(_number(wanted))
    if report is None:
        raise BadTerms(f"No report {wanted} is open")
    return report


def resolve(world: World, wanted: str, by: str, note: str = "") -> tuple[int, list[Event]]:
    """Close a report, or with `*` all of them; return how many, and the events.

    The users that made it hear of it.

    Args:
        world: the world.
        wanted: its number.
        by: the operator.
        note: a sentence for these users, or "".

    Raises:
        BadTerms: there is none.
    """
    numbers = _wanted(world.moderation.reports, wanted)
    if not numbers:
        raise BadTerms("There is no such report")
    shown = truncate(strip_formatting(note), MAX_NOTE)
    return len(numbers), apply(world, ServerReportsResolved(numbers, by, shown))


def begin_raid(world: World, seconds: int, by: str) -> list[Event]:
    """Begin raid mode of the server, or have it end at another time.

    Raises:
        BadTerms: the duration is too long.
    """
    check_raid(seconds)
    since = world.moderation.raid.since or int(world.clock()) - NEWCOMER_SECONDS
    raid = RaidMode(ceil(world.steady() + seconds), since, by)
    return apply(world, ServerRaidModeSet(raid, by))


def end_raid(world: World, by: str) -> list[Event]:
    """End raid mode of the server; `by` is "" when its time is over."""
    return apply(world, ServerRaidModeSet(RaidMode(), by))


def _wanted(numbers: Iterable[int], wanted: str) -> tuple[int, ...]:
    number = _number(wanted)
    return tuple(each for each in numbers if wanted == "*" or each == number)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
