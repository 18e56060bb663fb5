"""Hyperlinks that wrap: the two rows are joined, so that a terminal copies the link as a whole.

A terminal takes two rows for one line when a character followed a full row without a movement of
the cursor (autowrap, DECAWM). urwid moves the cursor before each row, so the characters at both
ends are written again.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import urwid
from urwid import util
from urwid.display import escape


class WrappedLink(NamedTuple):
    """A place where a link continues in the next row.

    Args:
        row: the upper row.
        column: the column of its last character.
        attribute: the display attribute of both characters.
        text: both characters.
    """

    row: int
    column: int
    attribute: Any
    text: str


def find_wrapped_links(
    rows: Iterable[Sequence[tuple[Any, Any, bytes]]], columns: int
) -> list[WrappedLink]:
    """Return where links continue in the next row: the upper row is full, and both ends lead to
    the same address.

    Args:
        rows: the rows of a canvas in urwid's form: attributes, character sets and bytes.
        columns: the width of the canvas.
    """
    found = []
    for number, (upper, lower) in enumerate(pairwise(rows)):
        if (
            not upper
            or not lower
            or not (link := _link(upper[-1][0]))
            or _link(lower[0][0]) != link
        ):
            continue
        last, first = _last(_decoded(upper[-1][2])), _first(_decoded(lower[0][2]))
        if last.isspace() or first.isspace():
            continue
        column = columns - int(urwid.calc_width(last, 0, len(last)))
        found.append(WrappedLink(number, column, upper[-1][0], last + first))
    return found


def rejoining_sequence(link: WrappedLink, drawn_as: str) -> str:
    """Return what is written to a terminal to join the rows of a link.

    Args:
        link: the link.
        drawn_as: the escape sequence of its attribute, which opens the hyperlink.
    """
    position = escape.set_cursor_position(link.column, link.row)
    return f"{position}{drawn_as}{link.text}{escape.HYPERLINK_CLOSE}"


def _link(attribute: Any) -> str:
    link = getattr(attribute, "hyperlink", None)
    return str(link.uri) if link else ""


def _decoded(text: bytes) -> str:
    return text.decode(util.get_encoding(), "replace")


def _last(text: str) -> str:
    """Return the last character that takes columns, with what belongs to it."""
    start = len(text) - 1
    while start > 0 and not urwid.calc_width(text[start], 0, 1):
        start -= 1
    return text[start:] or " "


def _first(text: str) -> str:
    """Return the first character, with what belongs to it."""
    end = 1
    while end < len(text) and not urwid.calc_width(text[end], 0, 1):
        end += 1
    return text[:end] or " "
