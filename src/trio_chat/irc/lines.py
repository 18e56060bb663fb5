"""Bytes to lines, with a bound on what a peer can make us keep.

A line ends with LF, or CR LF. One that grows past the limit is dropped whole: its end is still
found, so the next line is read as if nothing had been. The specifications leave open how long that
may go on: whoever sends several times what any line can be, speaks something else than IRC, or
wants the server to work for nothing.
"""

from enum import Enum

ENDLESS = 16_384
"""Bytes: more than three times the longest line with its tags."""


class BadLine(Enum):
    """Why a line was dropped."""

    TOO_LONG = "longer than allowed"
    ENDLESS = "so long that it is no mistake"
    """Given at most once, after which nothing more should be read."""


class LineBuffer:
    """Collects received bytes and gives back lines.

    Args:
        max_tags: bytes allowed for the tags, with '@' and the space after them; not less than for
            the rest.
        max_body: bytes allowed for the rest, without CR LF.
    """

    def __init__(self, max_tags: int, max_body: int) -> None:
        self._max_tags = max_tags
        self._max_body = max_body
        self._rest = b""
        self._skipping = False
        self._skipped = 0

    def feed(self, data: bytes) -> list[bytes | BadLine]:
        """Add received bytes; return the lines they complete, without line ends and without empty
        ones.

        A dropped line stands in its place as `BadLine.TOO_LONG`, once, as soon as it is known to be
        too long; or as `BadLine.ENDLESS`, when it goes on after that.
        """
        *complete, rest = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        lines: list[bytes | BadLine] = []
        for raw in complete:
            if self._skipping:
                self._skipping = False
                self._skip(raw, lines)
                self._skipped = 0
                continue
            line = raw[:-1] if raw.endswith(b"\r") else raw
            if line:  # one that is no longer than a body may be is all right, whatever is in it
                lines.append(line if len(line) <= self._max_body else self._judge(line))
        if self._skipping:
            self._skip(rest, lines)
            rest = b""
        elif (
            len(rest) > self._max_tags + self._max_body + 1
        ):  # + 1: the CR of a line of just the allowed length
            self._skipping = True
            self._skipped = 0
            lines.append(BadLine.TOO_LONG)
            self._skip(rest, lines)
            rest = b""
        self._rest = rest
        return lines

    @property
    def pending(self) -> int:
        """Bytes kept of a line that is not complete yet."""
        return len(self._rest)

    def _judge(self, line: bytes) -> bytes | BadLine:
        if len(line) > ENDLESS:
            return BadLine.ENDLESS
        return BadLine.TOO_LONG if self._too_long(line) else line

    def _skip(self, data: bytes, lines: list[bytes | BadLine]) -> None:
        before, self._skipped = self._skipped, self._skipped + len(data)
        if before <= ENDLESS < self._skipped:
            lines.append(BadLine.ENDLESS)

    def _too_long(self, line: bytes) -> bool:
        if not line.startswith(b"@"):
            return len(line) > self._max_body
        tags, _, body = line.partition(b" ")
        return len(tags) + 1 > self._max_tags or len(body) > self._max_body
