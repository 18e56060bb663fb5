"""Did everybody get every message exactly once, in order? Answered in full, at the price of one
comparison a delivery.

Clients with the same capabilities in the same channel must be sent the same bytes. So whatever the
fastest of them receives is kept once, and parsed once; what the others receive is compared with it
byte for byte. The parsed copy tells whether messages are complete and in order, the comparison that
this holds for everyone, and the offset which messages a client has got so far.
"""

import re

_LINE = re.compile(rb".* :(\d{4}) (\d{8}) (\d{20})(?: x*)?")
"""Sender, its sequence number, nanoseconds when it was sent, and what makes it as long as
wanted.
"""
HEADER_BYTES = 4 + 1 + 8 + 1 + 20


def text(sender: int, sequence: int, stamp: int, size: int) -> bytes:
    """Return the text of a message.

    Args:
        sender: who sends it, 0 to 9999.
        sequence: counted by the sender from 0.
        stamp: nanoseconds at which it is sent.
        size: bytes, at least `HEADER_BYTES`.
    """
    header = b"%04d %08d %020d" % (sender, sequence, stamp)
    return header if len(header) + 1 >= size else header + b" " + b"x" * (size - len(header) - 1)


class Stream:
    """The bytes that a group of clients must all receive, and the messages in them.

    Attributes:
        ends: for each message, the offset at which it is complete.
        senders: for each message, who sent it.
        stamps: for each message, when it was sent, in nanoseconds.
        problems: what is wrong, in words.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._parsed = 0
        self._next: dict[int, int] = {}
        self.ends: list[int] = []
        self.senders: list[int] = []
        self.stamps: list[int] = []
        self.problems: list[str] = []

    def __len__(self) -> int:
        return len(self._data)

    def accept(self, chunk: memoryview, offset: int) -> bool:
        """Take what one client received at this offset; return whether it is what the others
        received there.
        """
        known = len(self._data) - offset
        if known >= len(chunk):
            return self._data.startswith(chunk, offset)
        if not self._data.startswith(chunk[:known], offset):
            return False
        self._data += chunk[known:]
        self._parse()
        return True

    def got(self, sender: int) -> int:
        """Return how many messages of a sender have come."""
        return self._next.get(sender, 0)

    def _parse(self) -> None:
        end = self._data.rfind(b"\n", self._parsed) + 1
        if not end:
            return
        for line in self._data[self._parsed : end].splitlines(keepends=True):
            self._parsed += len(line)
            self._check(bytes(line.rstrip(b"\r\n")))

    def _check(self, line: bytes) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            self.problems.append(
                f"not a message of the benchmark: {line[:120].decode(errors='replace')!r}"
            )
            return
        sender, sequence = int(match[1]), int(match[2])
        expected = self._next.get(sender, 0)
        if sequence != expected:
            self.problems.append(
                f"sender {sender}: message {sequence} came where {expected} was due"
            )
        self._next[sender] = sequence + 1
        self.ends.append(self._parsed)
        self.senders.append(sender)
        self.stamps.append(int(match[3]))
