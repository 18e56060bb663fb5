"""Texts of imported messages, cut into lines of IRC and into messages of several lines."""

import re
from collections.abc import Iterator

from trio_chat.chat import multiline
from trio_chat.chat.multiline import Line
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import MAX_BODY, body_size, truncate
from trio_chat.irc.text import ACTION

_LINE_END = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_FORBIDDEN = re.compile("[\x00\x01\x04-\x0e\x10\x12-\x15\x17-\x1c\x7f-\x9f\ud800-\udfff\ufeff]")
"""Control characters but those of formatting: bold, colours, italics and the like."""
_ACTION_SIZE = len(f"{ACTION}\x01")
MOST_PARTS = 40
"""Messages into which one message is cut at most."""


def clean_text(text: str) -> str:
    """Return a text with LF as its line end, and without control characters, half characters, and
    blank lines at its ends.
    """
    lines = [
        _FORBIDDEN.sub("", line.replace("\t", "    ")).rstrip() for line in _LINE_END.split(text)
    ]
    return "\n".join(lines).strip("\n")


def parts_of(text: str, channel: str, source: str, lengths: Lengths) -> Iterator[str]:
    """Yield a text as the texts of one or more messages, each of which fits the limits.

    Args:
        text: a text that `clean_text` has returned.
        channel: the name of the channel.
        source: nick!user@host.
        lengths: the limits of the server.
    """
    room = room_of(channel, source)
    lines: list[Line] = []
    size = 0
    for line in _lines(text, room):
        more = len(line.text.encode()) + 1
        if lines and (
            len(lines) >= lengths.multiline_lines or size + more > lengths.multiline_bytes
        ):
            yield from _message(lines)
            lines, size = [], 0
        if lines or line.text:
            lines.append(line if lines else line._replace(is_joined=False))
            size += more
    yield from _message(lines)


def actions_of(text: str, channel: str, source: str) -> Iterator[str]:
    """Yield a text as the texts of one or more actions (CTCP ACTION)."""
    room = room_of(channel, source) - _ACTION_SIZE
    for line in _lines(text.replace("\n", " "), room):
        yield f"{ACTION}{line.text}\x01"


def room_of(channel: str, source: str) -> int:
    """Return the bytes of text that a line has room for."""
    return MAX_BODY - body_size("PRIVMSG", (channel, ""), source)


def _message(lines: list[Line]) -> Iterator[str]:
    while lines and not lines[-1].text:
        lines.pop()
    if lines:
        yield multiline.join(lines)


def _lines(text: str, room: int) -> Iterator[Line]:
    for line in text.split("\n"):
        if len(line) * 4 <= room or len(line.encode()) <= room:
            yield Line(line)
            continue
        rest, is_joined = line, False
        while rest:
            piece = truncate(rest, room)
            if len(piece) < len(rest) and (space := piece.rfind(" ")) > len(piece) // 2:
                piece = piece[: space + 1]
            yield Line(piece, is_joined)
            rest, is_joined = rest[len(piece) :], True
