"""Line splitting with a bound on the bytes that a peer can make the receiver keep.

A line ends with LF or CR LF (RFC 2812 §2.3). More CRs before the LF are a part of the line end:
programs that write CR LF to a file in text mode send CR CR LF on Windows. A line that exceeds the
limit is dropped whole; its end is still found, so that the next line is read normally. A peer that
goes on for several times the longest possible line does not speak IRC, or wants to waste the
receiver's time; the specifications set no limit for that, `ENDLESS` does.
"""

from typing import Final, NamedTuple

ENDLESS: Final = 16_384
"""Bytes: more than three times the longest line with its tags."""

_CR: Final = 0x0D


class BadLine(NamedTuple):
    """A line that was dropped because it is longer than allowed.

    Args:
        is_endless: whether it is so long that it is no mistake. The receiver should read no
            further.
        tags: its tags without the '@'; empty if they are too long themselves.
    """

    is_endless: bool = False
    tags: bytes = b""


class LineBuffer:
    """Buffer of received bytes that returns complete lines.

    Args:
        max_tags: bytes allowed for the tags, including '@' and the space after them; at least
            `max_body`.
        max_body: bytes allowed for the rest, without CR LF.
    """

    __slots__ = ("_max_body", "_max_tags", "_rest", "_skipped", "_skipping")

    def __init__(self, max_tags: int, max_body: int) -> None:
        self._max_tags = max_tags
        self._max_body = max_body
        self._rest = b""
        self._skipping = False
        self._skipped = 0

    def feed(self, data: bytes) -> list[bytes | BadLine]:
        """Add received bytes; return the lines that they complete, without line ends.

        Empty lines are left out. A `BadLine` takes the place of a dropped line as soon as the line
        is known to be too long; one that is endless follows when it goes on after that.
        """
        if not (self._rest or self._skipping) and data.find(b"\n") == len(data) - 1:
            # One line, as nearly always; or nothing, as the last byte of nothing is not found.
            size = len(data)
            if size > 2 and data[size - 2] == _CR and data[size - 3] != _CR:  # CR LF, as usual
                line = data[: size - 2]
            else:
                line = data.rstrip(b"\r\n")
            if not line:
                return []
            return [line if len(line) <= self._max_body else self._judge(line)]
        *complete, rest = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        lines: list[bytes | BadLine] = []
        for raw in complete:
            if self._skipping:
                self._skipping = False
                self._skip(raw, lines)
                self._skipped = 0
                continue
            line = raw.rstrip(b"\r")
            if line:  # within the limit of a body a line is valid, with tags or without
                lines.append(line if len(line) <= self._max_body else self._judge(line))
        if self._skipping:
            self._skip(rest, lines)
            rest = b""
        elif len(rest) > self._max_tags + self._max_body + 1:
            # + 1: the CR of a line of just the allowed length.
            self._skipping = True
            self._skipped = 0
            lines.append(BadLine(tags=self._tags(rest)))
            self._skip(rest, lines)
            rest = b""
        self._rest = rest
        return lines

    @property
    def pending(self) -> int:
        """Bytes kept of the incomplete last line."""
        return len(self._rest)

    def _judge(self, line: bytes) -> bytes | BadLine:
        if len(line) > ENDLESS:
            return BadLine(is_endless=True, tags=self._tags(line))
        return BadLine(tags=self._tags(line)) if self._too_long(line) else line

    def _skip(self, data: bytes, lines: list[bytes | BadLine]) -> None:
        before, self._skipped = self._skipped, self._skipped + len(data)
        if before <= ENDLESS < self._skipped:
            lines.append(BadLine(is_endless=True))

    def _too_long(self, line: bytes) -> bool:
        if not line.startswith(b"@"):
            return len(line) > self._max_body
        tags, _, body = line.partition(b" ")
        return len(tags) + 1 > self._max_tags or len(body) > self._max_body

    def _tags(self, line: bytes) -> bytes:
        tags, _, _ = line.partition(b" ")
        return tags[1:] if tags.startswith(b"@") and len(tags) + 1 <= self._max_tags else b""
