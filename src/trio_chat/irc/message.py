"""IRC messages: parsing a line, and formatting one.

    ['@' tags SPACE] [':' source SPACE] command [params]

The parser tolerates what RFC 2812 §2.3.1 and IRCv3 message-tags require a receiver to tolerate
(runs of spaces, unknown tag escapes, a missing value), and refuses what could make two lines of
one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MAX_BODY: Final = 510
"""Bytes of a message without its tags and without CR LF (RFC 2812 §2.3)."""
MAX_CLIENT_TAGS: Final = 4096
"""Bytes of tags a client may send, with the leading '@' and the trailing space (IRCv3 message-tags,
Size limit).
"""
MAX_LABEL: Final = 64
"""Bytes of a label (IRCv3 labeled-response, Tag value)."""

NO_TAGS: Final[Mapping[str, str]] = MappingProxyType({})

# The last parameter of these commands always gets a colon, although the grammar does not require it
# for a single word: naive clients look for " :".
_TEXT_COMMANDS: Final = frozenset(
    (
        "PRIVMSG",
        "NOTICE",
        "TOPIC",
        "QUIT",
        "PART",
        "KICK",
        "AWAY",
        "ERROR",
        "PONG",
        "SETNAME",
        "CAP",
        "FAIL",
        "WARN",
        "NOTE",
    )
)
_ESCAPES: Final = str.maketrans({";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n"})
_has_escapes: Final = re.compile(r"[; \\\r\n]").search  # to translate takes five times as long
_UNESCAPES: Final = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


class ParseError(ValueError):
    """A line that is not an IRC message."""


@dataclass(init=False, slots=True)
class Message:
    """A parsed message, or one to be sent.

    Args:
        command: a verb in upper case, or three digits.
        params: its parameters, without the colon of the last.
        source: the origin (`nick!user@host` or a server name), or "" when not given.
        tags: unescaped message tags; a tag without a value has the value "".
    """

    command: str
    params: tuple[str, ...]
    source: str
    tags: Mapping[str, str]

    # Written out, as there is one for every line: the generated one is not compiled.
    def __init__(
        self,
        command: str,
        params: tuple[str, ...] = (),
        source: str = "",
        tags: Mapping[str, str] = NO_TAGS,
    ) -> None:
        self.command = command
        self.params = params
        self.source = source
        self.tags = tags

    @property
    def nick(self) -> str:
        """The nickname (or server name) in the source."""
        return self.source.partition("!")[0].partition("@")[0]

    def body(self) -> str:
        """Return the line without tags and without CR LF.

        Raises:
            ValueError: a parameter cannot be written: it has a space or a leading colon and is not
                the last, or it has a line end.
        """
        return format_body(self.command, self.params, self.source)

    def line(self) -> str:
        """Return the whole line, tags first, without CR LF."""
        return format_tags(self.tags) + self.body()


def is_middle(param: str) -> bool:
    """Return whether a parameter can precede others (RFC 2812 §2.3.1, `middle`)."""
    return bool(param) and param[0] != ":" and not any(sign in param for sign in " \r\n\0")


def format_body(command: str, params: tuple[str, ...], source: str = "") -> str:
    """Format source, command and parameters as a line without tags and without CR LF.

    Raises:
        ValueError: a parameter cannot be written (see `Message.body`).
    """
    # Written with one `join`: each f-string would cost as much.
    pieces = [":", source, " ", command] if source else [command]
    if params:
        for param in params[:-1]:
            if not param or param.startswith(":") or " " in param:
                raise ValueError(f"not a middle parameter: {param!r}")
            pieces.append(" ")
            pieces.append(param)
        last = params[-1]
        needs_colon = (
            command in _TEXT_COMMANDS
            or not last
            or last.startswith(":")
            or " " in last
            or command.isdigit()
        )
        pieces.append(" :" if needs_colon else " ")
        pieces.append(last)
    body = "".join(pieces)
    if "\r" in body or "\n" in body or "\0" in body:
        raise ValueError(f"a line cannot hold a line end or NUL: {body!r}")
    return body


def body_size(command: str, params: tuple[str, ...], source: str) -> int:
    """Return the bytes that `format_body` needs at most: with a colon before the last parameter."""
    size = len(command) + len(params) + 3
    size += len(source) if source.isascii() else len(source.encode())
    for param in params:
        size += len(param) if param.isascii() else len(param.encode())
    return size


def format_tags(tags: Mapping[str, str]) -> str:
    """Format tags with the leading '@' and the trailing space; "" when there are none."""
    if not tags:
        return ""
    words = [
        f"{key}={value.translate(_ESCAPES) if _has_escapes(value) else value}" if value else key
        for key, value in tags.items()
    ]
    return f"@{';'.join(words)} "


def parse_tags(text: str) -> dict[str, str]:
    """Parse the tags between '@' and the first space.

    When a key is given twice, the last value counts (IRCv3 message-tags, Rules for parsing).
    """
    tags: dict[str, str] = {}
    for item in text.split(";"):
        key, _, value = item.partition("=")
        if key:
            tags[key] = _unescape(value) if "\\" in value else value
    return tags


def _unescape(value: str) -> str:
    out: list[str] = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            # The backslash of an unknown escape, and one at the end, is dropped.
            escaped = next(chars, "")
            out.append(_UNESCAPES.get(escaped, escaped))
        else:
            out.append(char)
    return "".join(out)


def parse(line: str) -> Message:
    """Parse one line, without its CR LF.

    Raises:
        ParseError: there is no command, or the line contains CR, LF or NUL.
    """
    if "\0" in line or "\r" in line or "\n" in line:
        raise ParseError("a line cannot hold CR, LF or NUL")
    tags: Mapping[str, str] = NO_TAGS
    source = ""
    rest = line.lstrip(" ") if line.startswith(" ") else line
    if rest.startswith("@"):
        word, _, rest = rest[1:].partition(" ")
        tags = parse_tags(word)
        rest = rest.lstrip(" ")
    if rest.startswith(":"):
        source, _, rest = rest[1:].partition(" ")
    head, colon, trailing = rest.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [word for word in words if word]
    if not words or words[0].startswith(("@", ":")):
        # Such a command would be read as tags, or as the source, when the line is sent on without
        # its own.
        raise ParseError("no command")
    if colon:
        words.append(trailing)
    command = words.pop(0)
    return Message(command.upper(), tuple(words), source, tags)


def wrap_words(words: Iterable[str], room: int, separator: str = " ", most: int = 0) -> list[str]:
    """Join words into as few lines as possible.

    Args:
        words: the words, in order.
        room: the most UTF-8 bytes of a line; a longer word gets a line of its own.
        separator: the text between two words.
        most: the most words of a line; 0 for any number.
    """
    words = list(words)
    text = separator.join(words)
    if most == 0 and separator and text.count(separator) == len(words) - 1:
        return _wrap_text(text.encode(), room, separator.encode())
    lines: list[str] = []
    line: list[str] = []
    used = 0
    for word in words:
        size = len(word.encode()) + len(separator)
        if line and (used + size - len(separator) > room or len(line) == most):
            lines.append(separator.join(line))
            line, used = [], 0
        line.append(word)
        used += size
    if line:
        lines.append(separator.join(line))
    return lines


def _wrap_text(text: bytes, room: int, separator: bytes) -> list[str]:
    """Cut joined words into lines. The members of a large channel are thousands of words, so they
    are not looked at one by one.
    """
    lines: list[bytes] = []
    start = 0
    while len(text) - start > room:
        end = text.rfind(separator, start, start + room + len(separator))
        if end < 0:  # a word that is longer
            end = text.find(separator, start)
        if end < 0:
            break
        lines.append(text[start:end])
        start = end + len(separator)
    lines.append(text[start:])
    return [line.decode() for line in lines]


def truncate(text: str, room: int) -> str:
    """Truncate text to at most `room` UTF-8 bytes, never inside a character (IRCv3 UTF8ONLY)."""
    if len(text) <= room and text.isascii():
        return text
    data = text.encode()
    return text if len(data) <= room else data[:room].decode("utf-8", "ignore")
