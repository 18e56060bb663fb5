"""Times as maintenance shows them."""

from datetime import UTC, datetime


def date(seconds: int) -> str:
    """Format a Unix time as ISO 8601."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
