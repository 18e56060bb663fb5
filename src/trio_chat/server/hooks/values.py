"""Values in a payload, of which nothing is certain: each is what was expected, or empty."""

from typing import Any, NamedTuple


class HookMessage(NamedTuple):
    """What a payload says.

    Args:
        text: with formatting of IRC, and LF between its lines; "" when there is nothing to say.
        name: the name under which the sender wants to be shown; "" for that of the hook.
        thread: the key of the matter that it is about, or "".
        ends_thread: whether that is over.
        hooks: the ids of the outgoing webhooks of trio-chat by which it came, the last one last.
    """

    text: str
    name: str = ""
    thread: str = ""
    ends_thread: bool = False
    hooks: tuple[str, ...] = ()


def at(value: Any, *path: str | int) -> Any:
    """Return what is at a path of keys and places; None where there is nothing."""
    for key in path:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and -1 <= key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *path: str | int) -> str:
    """Return the text at a path, also of a number; "" where there is none."""
    found = at(value, *path)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def list_at(value: Any, *path: str | int) -> list[Any]:
    """Return the list at a path; an empty one where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def dict_at(value: Any, *path: str | int) -> dict[str, Any]:
    """Return the object at a path; an empty one where there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def first_text(value: Any, *names: str) -> str:
    """Return the first text that is not blank among some keys."""
    return next((text for name in names if (text := text_at(value, name)).strip()), "")
