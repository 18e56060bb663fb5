"""How long something is to last, as operators write it: `1d12h`, `90m`, `2w`, or a bare number of minutes."""

import re

_UNITS = {"y": 365 * 86_400, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile("(?:[0-9]{1,9}[ywdhms])+|[0-9]{1,9}", re.ASCII)
_PART = re.compile("([0-9]+)([ywdhms])", re.ASCII)
LONGEST = 100 * 365 * 86_400
"""Seconds after which nobody waits for the end any more."""


def parse(text: str) -> int | None:
    """Return seconds, or None when this is no duration. A bare number counts minutes, as with other servers; 0 is for ever."""
    text = text.lower()
    if not _DURATION.fullmatch(text):
        return None
    seconds = int(text) * 60 if text.isdigit() else sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return seconds if seconds <= LONGEST else None


def show(seconds: float) -> str:
    """Return a duration as `parse` takes it, in its two greatest units; "for ever" for 0."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in _UNITS.items():
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts) or ("for ever" if not seconds else "1s")
