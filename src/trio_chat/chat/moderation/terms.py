"""The words by which filters of the server are written, in IRC and at the command line."""

from collections.abc import Container, Sequence, Sized
from typing import Final, Protocol

from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.durations import show
from trio_chat.chat.moderation.filters import ACTIONS, ALLOW, FLAG, BadPattern, parse_pattern
from trio_chat.chat.moderation.server import (
    LONGEST_RAID,
    MOST_SERVER_FILTERS,
    PLACES,
    ServerFilter,
)

SERVER_ACTIONS: Final = (*ACTIONS, FLAG)


class _Patterns(Sized, Container[str], Protocol):
    pass


def read_filter(words: Sequence[str], by: str, now: int) -> ServerFilter:
    """Return the filter that words describe: `<action> [@<place>{,<place>}] <pattern>`.

    Args:
        words: the words.
        by: the operator.
        now: seconds of Unix time.

    Raises:
        BadTerms: they describe none.
    """
    if len(words) < 2 or words[0].lower() not in SERVER_ACTIONS:
        raise BadTerms(
            "A filter has an action (refuse, hold, flag or allow) and a pattern", "pattern"
        )
    action, *rest = words
    action = action.lower()
    places: tuple[str, ...] = PLACES
    if rest[0].startswith("@"):
        places = tuple(rest.pop(0)[1:].lower().split(","))
        if unknown := [place for place in places if place not in PLACES]:
            raise BadTerms(
                f"There is no place {unknown[0]}; the places are {', '.join(PLACES)}", "places"
            )
    try:
        pattern = parse_pattern(" ".join(rest))
    except BadPattern as error:
        raise BadTerms(str(error), "pattern") from error
    if action == ALLOW and not pattern.startswith("link:"):
        raise BadTerms("Only links can be allowed, as in allow link:example.org", "pattern")
    return ServerFilter(action, pattern, tuple(dict.fromkeys(places)), by, now)


def check_room(known: _Patterns, added: ServerFilter) -> None:
    """Refuse a filter when there are too many.

    Raises:
        BadTerms: there are.
    """
    if len(known) >= MOST_SERVER_FILTERS and added.pattern not in known:
        raise BadTerms(f"There are {MOST_SERVER_FILTERS} filters already; remove some first")


def check_raid(seconds: float) -> None:
    """Refuse raid mode for too long a time.

    Raises:
        BadTerms: it is too long.
    """
    if not 0 < seconds <= LONGEST_RAID:
        raise BadTerms(f"Raid mode is for at most {show(LONGEST_RAID)}, such as 30m or 2h")
