"""Messages of several lines (IRCv3 `draft/multiline`): collected from a client, and stored as one
text.

The text is the lines joined by LF; a line that continues the one before it without a break begins
with CR. No other message contains an LF, so the text alone identifies such a message, and the lines
are relayed as they came.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import NO_TAGS, Message
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import cut_bytes, strip_formatting

BATCH_TYPE: Final = "draft/multiline"
CONCAT_TAG: Final = "draft/multiline-concat"
_CUT: Final = " […]"
TIMEOUT: Final = 60.0
"""Seconds without a line after which an open batch is aborted."""


class Line(NamedTuple):
    """One line, and whether it continues the one before it without a break."""

    text: str
    is_joined: bool = False


def join(lines: Iterable[Line]) -> str:
    """Return lines as the one text of a message."""
    return "\n".join(f"\r{line.text}" if line.is_joined else line.text for line in lines)


def split(text: str) -> list[Line]:
    """Return the lines of a text that `join` could have returned."""
    return [Line(line.removeprefix("\r"), line.startswith("\r")) for line in text.split("\n")]


def flatten(text: str, between: str = " ") -> str:
    """Return a text as one line.

    Args:
        text: the text.
        between: stands between its lines.
    """
    return text.replace("\n\r", "").replace("\n", between)


def overview(text: str, room: int) -> str:
    """Return a text as operators see it: one line without formatting, and when it was longer, with
    a mark at its end.

    Args:
        text: the text.
        room: bytes of the line.
    """
    line = flatten(strip_formatting(text), " / ")
    if len(line.encode()) <= room:
        return line
    return f"{cut_bytes(line, room - len(_CUT.encode()))}{_CUT}"


def whole(text: str, room: int) -> list[str]:
    """Return the whole text as operators see it: its lines without formatting, each in as many
    pieces as it takes.

    Args:
        text: the text.
        room: bytes of a piece.
    """
    pieces = []
    for line in flatten(strip_formatting(text), "\n").split("\n"):
        rest = line
        while rest:
            piece = cut_bytes(rest, room)
            pieces.append(piece)
            rest = rest[len(piece) :]
    return pieces


class BatchError(Exception):
    """A batch of a client is invalid.

    Args:
        code: the code of the standard reply.
        context: its context parameters.
        text: its text.
    """

    def __init__(self, code: str, *context: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.context = context
        self.text = text


class ClientBatch:
    """A batch that a client has opened. It never holds more than the limits allow.

    Args:
        reference: the client's reference tag.
        target: the target of the message.
        label: the label of the command that opened it, which belongs to the answer to the whole.
        tags: the client-only tags of the message.
        now: seconds of `World.elapsed`.
    """

    __slots__ = (
        "_lines",
        "_size",
        "_touched",
        "command",
        "is_over",
        "label",
        "reference",
        "tags",
        "target",
    )

    def __init__(
        self,
        reference: str,
        target: str = "",
        label: str = "",
        tags: Mapping[str, str] = NO_TAGS,
        now: float = 0.0,
    ) -> None:
        self.reference = reference
        self.target = target
        self.label = label
        self.tags = tags
        self.command = ""
        self.is_over = False  # refused: its further lines are ignored
        self._lines: list[Line] = []
        self._size = 0
        self._touched = now

    def give_up(self) -> None:
        """Drop the collected lines, and ignore further ones."""
        self.is_over = True
        self._lines = []

    def add(self, message: Message, limits: Lengths, now: float) -> None:
        """Take one line.

        Raises:
            BatchError: it cannot be part of this batch.
        """
        self.check_time(now)
        command, params = message.command, message.params
        if (
            command not in ("PRIVMSG", "NOTICE")
            or len(params) < 2
            or command != (self.command or command)
        ):
            text = (
                "A multiline batch has one or more PRIVMSG, or one or more NOTICE, each with a"
                " target and a text"
            )
            raise BatchError("MULTILINE_INVALID", text=text)
        if fold_or_self(params[0]) != fold_or_self(self.target):
            text = "All lines of a multiline batch have the target of the batch"
            raise BatchError("MULTILINE_INVALID_TARGET", self.target, params[0], text=text)
        line = Line(params[1], CONCAT_TAG in message.tags and bool(self._lines))
        if not line.text and CONCAT_TAG in message.tags:
            raise BatchError(
                "MULTILINE_INVALID", text="A blank line cannot continue the one before it"
            )
        self._measure(line, limits)
        self.command = command
        self._lines.append(line)
        self._touched = now

    def _measure(self, line: Line, limits: Lengths) -> None:
        if len(self._lines) >= limits.multiline_lines:
            most = str(limits.multiline_lines)
            raise BatchError(
                "MULTILINE_MAX_LINES", most, text=f"A message has at most {most} lines"
            )
        # "Each line feed used to join line messages contributes one byte".
        self._size += len(line.text.encode()) + bool(self._lines and not line.is_joined)
        if self._size > limits.multiline_bytes:
            most = str(limits.multiline_bytes)
            raise BatchError(
                "MULTILINE_MAX_BYTES", most, text=f"A message has at most {most} bytes"
            )

    def check_time(self, now: float) -> None:
        """Refuse to go on with what was left open for too long.

        Raises:
            BatchError: it was.
        """
        if now - self._touched > TIMEOUT:
            raise BatchError("TIMEOUT", self.reference, text="The batch was left open for too long")

    def text(self) -> str:
        """Return the text of the message that was collected.

        Raises:
            BatchError: there is nothing in it.
        """
        if not any(line.text for line in self._lines):
            raise BatchError(
                "MULTILINE_INVALID", text="A message cannot be made of blank lines only"
            )
        return join(self._lines)
