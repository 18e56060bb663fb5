"""Fields of JSON that may be missing or of a wrong type."""

from typing import Any

LONGEST_NAME = 200
LONGEST_KEY = 200


def text_of(value: Any, key: str, most: int = 1 << 20) -> str:
    """Return a text, or a number as a text; "" when there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, str):
        return found[:most]
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def list_of(value: Any, key: str, most: int = 1000) -> list[dict[str, Any]]:
    """Return the objects of a list; [] when there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return (
        [each for each in found[:most] if isinstance(each, dict)] if isinstance(found, list) else []
    )


def object_of(value: Any, key: str) -> dict[str, Any]:
    """Return an object; {} when there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
