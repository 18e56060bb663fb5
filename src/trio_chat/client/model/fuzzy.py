"""Fuzzy matching of a name by a few of its letters, for `/go`, Ctrl-G and completion."""

from collections.abc import Callable, Iterable
from typing import TypeVar

_Thing = TypeVar("_Thing")


def score(wanted: str, name: str) -> int | None:
    """Return how well a name matches, smaller is better; None when it lacks a letter or has them in
    another order.

    A name that begins with the letters is best, then one that contains them in one piece, then one
    with the letters nearest together.
    """
    wanted, name = wanted.casefold(), name.casefold()
    bare = name.lstrip("#&+!")
    if name.startswith(wanted) or bare.startswith(wanted):
        return len(name) - len(wanted)
    if (position := name.find(wanted)) >= 0:
        return 1000 + position
    spread, position = 0, -1
    for letter in wanted:
        found = name.find(letter, position + 1)
        if found < 0:
            return None
        spread += found - position
        position = found
    return 2000 + spread


def best(wanted: str, things: Iterable[_Thing], name: Callable[[_Thing], str]) -> list[_Thing]:
    """Return the things whose names match, the best first; equal ones keep their order."""
    scored = [
        (points, thing) for thing in things if (points := score(wanted, name(thing))) is not None
    ]
    return [thing for _points, thing in sorted(scored, key=lambda pair: pair[0])]
