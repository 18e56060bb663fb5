"""Joints between rows: a link that goes on in the next row is written so that a terminal knows it,
and copies it whole.

A terminal takes two rows for one line where a character came behind a full row without a movement
of the cursor (autowrap, DECAWM). urwid moves the cursor before each row, so the characters at both
ends are written once more.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import urwid
from urwid import util
from urwid.display import escape


class Joint(NamedTuple):
    """Where a link goes on in the next row.

    Args:
        row: the upper one.
        column: of its last character.
        attribute: how both characters are drawn.
        text: both characters.
    """

    row: int
    column: int
    attribute: Any
    text: str


def joints(rows: Iterable[Sequence[tuple[Any, Any, bytes]]], columns: int) -> list[Joint]:
    """Return where links go on in the next row: the upper one is full, and both ends lead to the
    same address.

    Args:
        rows: of a canvas, as urwid has them: attributes, character sets and bytes.
        columns: of the canvas.
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
        found.append(Joint(number, column, upper[-1][0], last + first))
    return found


def written(joint: Joint, drawn_as: str) -> str:
    """Return what a terminal is sent for a joint; `drawn_as` is the sequence of its attribute,
    which opens the link.
    """
    position = escape.set_cursor_position(joint.column, joint.row)
    return f"{position}{drawn_as}{joint.text}{escape.HYPERLINK_CLOSE}"


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
