"""A check that all clients receive every message once and in order, by one comparison a delivery.

A server must send the same bytes to clients with the same capabilities in the same channel. So the
bytes of the fastest client are kept and parsed once, and those of the others are compared with
them. The parsed copy shows whether messages are complete and in order, the comparison shows that
this holds for all clients, and the offset shows which messages a client has received so far.
"""

import re

_LINE = re.compile(rb".* :(\d{4}) (\d{8}) (\d{20})(?: x*)?")
"""Sender, its sequence number, the nanoseconds of sending, and padding."""
HEADER_BYTES = 4 + 1 + 8 + 1 + 20


def text(sender: int, sequence: int, stamp: int, size: int) -> bytes:
    """Return the text of a message.

    Args:
        sender: the number of the sender, 0 to 9999.
        sequence: the number of the message, counted by the sender from 0.
        stamp: the time of sending in nanoseconds.
        size: in bytes, at least `HEADER_BYTES`.
    """
    header = b"%04d %08d %020d" % (sender, sequence, stamp)
    return header if len(header) + 1 >= size else header + b" " + b"x" * (size - len(header) - 1)


class Stream:
    """The bytes that a group of clients must all receive, and the messages in them.

    Attributes:
        ends: for each message, the offset at which it is complete.
        senders: for each message, the number of its sender.
        stamps: for each message, the time of sending in nanoseconds.
        problems: descriptions of wrong messages.
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
        """Add the bytes of one client; return whether they are the same as those of the others."""
        known = len(self._data) - offset
        if known >= len(chunk):
            return self._data.startswith(chunk, offset)
        if not self._data.startswith(chunk[:known], offset):
            return False
        self._data += chunk[known:]
        self._parse()
        return True

    def got(self, sender: int) -> int:
        """Return how many messages of a sender have arrived."""
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
