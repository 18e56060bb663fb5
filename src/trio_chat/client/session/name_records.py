"""The addresses that a host name has in DNS, its A and AAAA records, and the race between them (RFC
8305, Happy Eyeballs).

A name with several records may stand for several servers. The record whose connection worked comes
first, until that connection is lost; then it comes last.
"""

import random
import socket
from collections.abc import Callable, Sequence

import trio

_STAGGER = 0.25
"""Seconds until the next record is tried, too (RFC 8305 §8, Connection Attempt Delay)."""
_MOST = 16
"""Records that are tried: a name may have hundreds."""


class NameRecords:
    """The records of one name, as the latest look-up found them.

    Args:
        shuffle: shuffles a list; clients of a server that is gone are to spread over the others.
    """

    def __init__(self, shuffle: Callable[[list[str]], None] = random.shuffle) -> None:
        self._known: tuple[str, ...] = ()
        self._working = ""
        self._lost = ""
        self._shuffle = shuffle

    @property
    def has_others(self) -> bool:
        """Whether the name has another record than that of the connection."""
        return any(record != self._working for record in self._known)

    def lose(self) -> None:
        """Note that the connection is lost."""
        self._lost, self._working = self._working, ""

    async def open(self, host: str, port: int) -> trio.SocketStream:
        """Connect to the record that answers first; cancelled, it leaves no connection behind.

        Raises:
            OSError: the name is not known, or no record answers.
        """
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self._known = tuple(dict.fromkeys(_numeric(each[4]) for each in found))
        record, stream = await _race(self._ordered(), port)
        self._working = record
        return stream

    def _ordered(self) -> list[str]:
        records = _alternating(self._known)
        if self._lost:
            self._shuffle(records)
        records.sort(key=lambda record: (record == self._lost, record != self._working))
        return records[:_MOST]


def _numeric(address: Sequence[object]) -> str:
    """Return an address with its zone, which link-local ones need (RFC 4007 §11)."""
    host, zone = str(address[0]), address[3] if len(address) > 3 else 0
    return f"{host}%{zone}" if zone and "%" not in host else host


def _alternating(records: Sequence[str]) -> list[str]:
    """Return the records in the order of the system, but the second one of the other family (RFC
    8305 §4).
    """
    first, *rest = records
    rest.sort(key=lambda record: (":" in record) == (":" in first))
    return [first, *rest[:1], *(record for record in records[1:] if record not in rest[:1])]


async def _race(records: Sequence[str], port: int) -> tuple[str, trio.SocketStream]:
    winners: list[tuple[str, trio.SocketStream]] = []
    failures: list[OSError] = []

    async def attempt(record: str, failed: trio.Event, scope: trio.CancelScope) -> None:
        try:
            stream = await trio.open_tcp_stream(record, port)
        except OSError as error:
            failures.append(error)
            failed.set()
            return
        winners.append((record, stream))
        scope.cancel()

    try:
        async with trio.open_nursery() as nursery:
            for record in records:
                failed = trio.Event()
                nursery.start_soon(attempt, record, failed, nursery.cancel_scope)
                with trio.move_on_after(_STAGGER):
                    await failed.wait()
    except BaseException:
        for _record, stream in winners:
            await trio.aclose_forcefully(stream)
        raise
    for _record, stream in winners[1:]:
        await trio.aclose_forcefully(stream)
    if not winners:
        raise OSError("no record answers") from ExceptionGroup("records", failures)
    return winners[0]
