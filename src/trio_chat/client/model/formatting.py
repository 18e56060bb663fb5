"""mIRC formatting and links: a received text as pieces with a style, every one of them harmless to
a terminal.

Modern IRC, "Formatting": bold, italic, underline, strikethrough, reverse, 99 colours, hex colours;
incomplete codes are dropped.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from trio_chat.client.model import links
from trio_chat.client.model.emoji import apart
from trio_chat.irc.text import escape_controls

_CODE = re.compile(
    "\x03(?:(?P<fg>[0-9]{1,2})(?:,(?P<bg>[0-9]{1,2}))?)?"
    "|\x04(?:(?P<hex>[0-9A-Fa-f]{6})(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d-\x1f]"
)
_TOGGLES = {
    "\x02": "bold",
    "\x1d": "italics",
    "\x1f": "underline",
    "\x1e": "strikethrough",
    "\x16": "standout",
}
MOST_COLOURS = 16
_FLAT_TAB = "    "


class Style(NamedTuple):
    """The style of a piece.

    Args:
        fg: one of the 16 mIRC colours; None for that of the surrounding text.
        attributes: `bold`, `italics`, `underline`, `strikethrough`, `standout`.
        link: the target of the link, "" for none.
    """

    fg: int | None = None
    attributes: frozenset[str] = frozenset()
    link: str = ""


PLAIN = Style()
_AS_BASIC = (5, 7, 8, 9, 3, 10, 10, 11, 12, 2, 6, 13)
"""The basic colours nearest to the columns of mIRC's colours from 16 to 87."""


def pieces(text: str) -> list[tuple[str, Style]]:
    """Return a text of one line in pieces."""
    text = text.replace("\t", _FLAT_TAB)
    if text.isascii() and text.isprintable():
        return list(_with_links(text, PLAIN))
    return [piece for part, style in _formatted(text) for piece in _with_links(part, style)]


def plain(text: str) -> str:
    """Return a text without its codes, for a search: not for a terminal."""
    return text if text.isprintable() else _CODE.sub("", text)


def _formatted(text: str) -> Iterator[tuple[str, Style]]:
    style, position = PLAIN, 0
    for code in _CODE.finditer(text):
        if code.start() > position:
            yield text[position : code.start()], style
        position = code.end()
        style = _changed(style, code)
    if position < len(text):
        yield text[position:], style


def _changed(style: Style, code: re.Match[str]) -> Style:
    sign = code[0][0]
    if sign == "\x0f":
        return PLAIN
    if sign == "\x03":
        return style._replace(fg=_basic(int(code["fg"])) if code["fg"] else None)
    if sign in _TOGGLES:
        return style._replace(attributes=style.attributes ^ {_TOGGLES[sign]})
    return style  # a terminal is monospace; hex colours might be unreadable with the theme


def _basic(number: int) -> int | None:
    if number < MOST_COLOURS:
        return number
    return _AS_BASIC[(number - 16) % 12] if number < 88 else 14 if number < 99 else None


def _with_links(text: str, style: Style) -> Iterator[tuple[str, Style]]:
    position = 0
    for start, end in links.found(text):
        if start > position:
            yield escape_controls(apart(text[position:start])), style
        position = end
        yield (
            escape_controls(apart(text[start:end])),
            style._replace(link=links.target(text[start:end])),
        )
    if position < len(text):
        yield escape_controls(apart(text[position:])), style
