"""Lines of styled text: a terminal may colour each piece; joined, the pieces are the plain line."""

from typing import NamedTuple
from zlib import crc32

NICK_STYLES = tuple(f"nick{number}" for number in range(6))


class StyledText(NamedTuple):
    """A piece of a line and its style: "", `info`, `error`, `own` or one of `NICK_STYLES`."""

    text: str
    style: str = ""


Line = tuple[StyledText, ...]


def plain(line: Line) -> str:
    """Return a line without colours."""
    return "".join(span.text for span in line)


def info(text: str) -> Line:
    """Return a line of information."""
    return (StyledText(f"[INFO] {text}", "info"),)


def error(text: str) -> Line:
    """Return a line about something that went wrong."""
    return (StyledText("[ERROR]", "error"), StyledText(f" {text}"))


def sentence(line: Line) -> tuple[str, bool]:
    """Return the text of a line made by `info` or `error`, and whether it was `error`."""
    is_error = line[0].style == "error"
    return plain(line).removeprefix("[ERROR] " if is_error else "[INFO] "), is_error


def nick_style(nick: str) -> str:
    """Return the style of a nickname, the same whenever it is seen."""
    return NICK_STYLES[crc32(nick.lower().encode()) % len(NICK_STYLES)]
