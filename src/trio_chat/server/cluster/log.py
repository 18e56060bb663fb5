"""The port of the log, which an engine implements."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

START = "0-0"
"""The position before the first entry."""


class Stored(NamedTuple):
    """An entry as the log has it.

    Args:
        position: by which it is found; positions are compared by the engine only.
        time: of the engine, in seconds of Unix time; never less than that of the entry before.
        data: its bytes.
    """

    position: str
    time: float
    data: bytes


class EngineStatus(NamedTuple):
    """How an engine stands.

    Args:
        product: what it is, with its version.
        place: where its primary is, without a password.
        replicas: how many replicas follow it.
        now: its time, in seconds of Unix time.
        position: the entry of the log that is as old as was asked for, or the oldest younger one.
    """

    product: str
    place: str
    replicas: int
    now: float
    position: str


class Log(Protocol):
    """A durable log in one order for all nodes.

    Cancellation leaves it usable; whether the entries of a cancelled `append` are in it is unknown.
    """

    async def append(self, entries: Sequence[bytes]) -> None:
        """Append entries, in order.

        Raises:
            LogUnavailable: some or all of them may not be in it.
        """

    async def read(self, after: str) -> list[Stored]:
        """Return the entries after a position, as many as are good to handle at once; none after a
        second without any. Only what no failover of the engine can lose is returned.

        Raises:
            LogUnavailable: the engine cannot be reached, or cannot promise that. It may fail over,
                and lose what was appended and not read yet.
            LogBroken: the position is in the log no longer.
        """

    async def aclose(self) -> None:
        """Close its connections."""


class LogUnavailable(Exception):
    """The engine does not answer, or not as it must; it is tried again. The message is a line."""


class LogBroken(Exception):
    """The log cannot be followed from this position, whatever is tried. The message says why, and
    what to do.
    """


class LogRefused(Exception):
    """The engine is not set up as a cluster needs it. The message says what to change."""


def portions(entries: Sequence[bytes], most: int) -> Iterator[list[bytes]]:
    """Yield entries in lists that are sent at once, so that slow networks see progress.

    Args:
        entries: what is to be appended.
        most: bytes from which on a list is full.
    """
    portion: list[bytes] = []
    size = 0
    for entry in entries:
        portion.append(entry)
        size += len(entry)
        if size >= most:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
