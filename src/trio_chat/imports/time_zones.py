"""Time zones by name or offset."""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):?([0-5][0-9])", re.ASCII)


def time_zone(text: str) -> tzinfo | None:
    """Return a time zone by its name (IANA) or offset; None when there is none, or when this
    machine does not know it.
    """
    if text.upper() in ("UTC", "GMT", "Z"):  # known without a database of zones
        return UTC
    if match := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
