"""Bytes to lines, with a bound on what a peer can make us keep.

A line ends with LF, or CR LF. One that grows past the limit is dropped whole: its end is still found, so the next line is
read as if nothing had been.
"""

from enum import Enum


class BadLine(Enum):
    """Why a line was dropped."""

    TOO_LONG = "longer than allowed"


class LineBuffer:
    """Collects received bytes and gives back lines.

    Args:
        max_tags: bytes allowed for the tags, with '@' and the space after them.
        max_body: bytes allowed for the rest, without CR LF.
    """

    def __init__(self, max_tags: int, max_body: int) -> None:
        self._max_tags = max_tags
        self._max_body = max_body
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | BadLine]:
        """Add received bytes; return the lines they complete, without line ends and without empty ones.

        A dropped line stands in its place as `BadLine.TOO_LONG`, once, as soon as it is known to be too long.
        """
        *complete, rest = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        lines: list[bytes | BadLine] = []
        for raw in complete:
            if self._skipping:
                self._skipping = False
                continue
            line = raw[:-1] if raw.endswith(b"\r") else raw
            if line:
                lines.append(BadLine.TOO_LONG if self._too_long(line) else line)
        if self._skipping:
            rest = b""
        elif len(rest) > self._max_tags + self._max_body + 1:  # + 1: the CR of a line of just the allowed length
            self._skipping = True
            lines.append(BadLine.TOO_LONG)
            rest = b""
        self._rest = rest
        return lines

    @property
    def pending(self) -> int:
        """Bytes kept of a line that is not complete yet."""
        return len(self._rest)

    def _too_long(self, line: bytes) -> bool:
        if not line.startswith(b"@"):
            return len(line) > self._max_body
        tags, _, body = line.partition(b" ")
        return len(tags) + 1 > self._max_tags or len(body) > self._max_body
