"""Durations as operators write them: `1d12h`, `90m`, `7days`, or a bare number of minutes."""

import re
from typing import Final

_UNITS: Final = {"y": 365 * 86_400, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_WORDS: Final = {
    "y": "y|yr|yrs|year|years",
    "w": "w|wk|wks|week|weeks",
    "d": "d|day|days",
    "h": "h|hr|hrs|hour|hours",
    "m": "m|min|mins|minute|minutes",
    "s": "s|sec|secs|second|seconds",
    "mo": "mo|month|months",
}
_SIZES: Final = {
    word: _UNITS.get(unit, 30 * 86_400)
    for unit, words in _WORDS.items()
    for word in words.split("|")
}
_UNIT: Final = "|".join(sorted(_SIZES, key=len, reverse=True))
_DURATION: Final = re.compile(f"(?:[0-9]{{1,9}}(?:{_UNIT}))+|[0-9]{{1,9}}", re.ASCII)
_PART: Final = re.compile(f"([0-9]+)({_UNIT})", re.ASCII)
_LIKE_DURATION: Final = re.compile(r"[+-]?[0-9]\w*", re.ASCII)
LONGEST: Final = 100 * 365 * 86_400
"""The longest duration in seconds; a longer one is as good as permanent."""


def parse(text: str) -> int | None:
    """Return seconds, or None when this is no duration. A bare number counts minutes, as with other
    servers; a bare 0 is for ever. `0d` is none: whoever has computed that does not want for ever.

    Units may be written out: `7days`, `2weeks`, `1month` (of 30 days).
    """
    text = text.lower()
    if not _DURATION.fullmatch(text):
        return None
    if text.isdigit():
        seconds, least = int(text) * 60, 0
    else:
        seconds, least = sum(int(number) * _SIZES[unit] for number, unit in _PART.findall(text)), 1
    return seconds if least <= seconds <= LONGEST else None


def is_like(text: str) -> bool:
    """Return whether a word was meant as a duration, valid or not."""
    return bool(_LIKE_DURATION.fullmatch(text))


def show(seconds: float) -> str:
    """Return a duration as `parse` takes it, in its two greatest units; "for ever" for 0."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in _UNITS.items():
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts) or ("for ever" if not seconds else "1s")
