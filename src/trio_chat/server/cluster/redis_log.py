"""The log in a stream of Redis 7 or later, or of Valkey (XADD, XREAD, WAIT).

A node has two connections: one appends, the other one waits for entries. Before entries that were
read are returned, a write of this node's own, which the engine has after them, must be on as many
replicas as are required: what is on a replica survives a failover to it.

The log can lose its end, by a failover to a replica that lacked it, or by a restore of a backup; it
can be trimmed, and it can be deleted. So each reading also checks that the entry before is still in
it. A primary with a clock that is behind may give an id for a second time, and therefore a position
is the id of an entry with a checksum of its data.
"""

import math
from collections.abc import Sequence
from zlib import crc32

import trio

from trio_chat.server.cluster.log import (
    START,
    EngineStatus,
    LogBroken,
    LogRefused,
    LogUnavailable,
    Stored,
    portions,
)
from trio_chat.server.cluster.redis_address import RedisAddress, place_text
from trio_chat.server.cluster.redis_checks import (
    Stream,
    check_engine,
    check_unread,
    facts_of,
    product,
    stream_of,
    warn_of_clock,
    why_broken,
)
from trio_chat.server.cluster.redis_connection import AnswerTooLong, Command
from trio_chat.server.cluster.redis_link import Link, Primary

_FIRST_READ = 200
"""Entries that are read at once, as long as their size is not known."""
_MOST_READ = 1000
"""Entries that are read at once, at most."""
_GOOD_SIZE = 4 << 20
"""Bytes that are good to read at once."""
_PATIENCE = 3.0
"""Seconds for an answer."""
_BLOCK = 1000
"""Milliseconds of waiting for an entry."""
_WAIT = 100
"""Milliseconds of one WAIT. It asks the replicas that are connected when it begins, so one that
connects after a failover is asked by the next."""
_WAITS = 10
"""How often replicas are asked before a connection is given up."""
_MOST_SENT = 1 << 20
"""Bytes of entries that are sent before their replies are awaited."""
_MOST_ENTRIES = 2_000_000
"""Entries that the stream keeps; older ones are trimmed."""
_LEAST_ENTRIES = 1000
"""Entries that it keeps however long they are."""
_MOST_MEMORY = 1 << 30
"""Bytes that it may have in the engine's memory, and half of `maxmemory` at most."""
_MEASURE = 10.0
"""Seconds between two looks at its memory."""


class RedisLog:
    """A log; see `Log`.

    Args:
        address: of the engine.
        replicas: on how many replicas an entry must be before it counts; as the address says if it
            is None.
    """

    def __init__(self, address: RedisAddress, replicas: int | None = None) -> None:
        self._address = address
        self._replicas = address.replicas if replicas is None else replicas
        self._key = f"{address.name}:log"
        self._primary = Primary(address)
        self._appending = Link(self._primary)
        self._reading = Link(self._primary)
        self._count = _FIRST_READ
        self._exists = False
        self._keep = _MOST_ENTRIES
        self._most_memory = _MOST_MEMORY
        self._measure_at = math.inf

    async def check(self) -> bool:
        """Check that the engine keeps what it has taken; see `EngineLog.check`.

        Raises:
            LogRefused: it does not; the message says what to change.
            LogUnavailable: it cannot be reached.
        """
        if not self._address.is_local and not self._address.password:
            raise LogRefused("the engine is on another machine: it needs a password (requirepass)")
        if (self._address.master or len(self._address.hosts) > 1) and not self._replicas:
            raise LogRefused(
                "with several hosts or Sentinel an entry must be on a replica before it counts, or"
                " else a failover loses it: at least 1 replica has to be required"
            )
        [info] = await self._reading.call(("INFO",), seconds=_PATIENCE)
        check_engine(facts_of(info), self._replicas)
        return not self._replicas and await self._syncs_later()

    async def _syncs_later(self) -> bool:
        """Return whether the engine answers before its disk has what it was sent."""
        try:
            [setting] = await self._reading.call(
                ("CONFIG", "GET", "appendfsync"), seconds=_PATIENCE
            )
        except LogUnavailable:  # the user need not have the right for it
            return False
        return bool(setting) and setting[-1] != b"always"

    async def status(self, seconds: float) -> EngineStatus:
        """Return how the engine stands; see `EngineLog.status`."""
        info, time, last, first = await self._reading.call(
            ("INFO",),
            ("TIME",),
            ("XREVRANGE", self._key, "+", "-", "COUNT", 1),
            ("XRANGE", self._key, "-", "+", "COUNT", 1),
            seconds=_PATIENCE,
        )
        facts = facts_of(info)
        start = [_stored(*entry) for entry in first]
        if last:
            limit = max(0, round(1000 * (_stored(*last[0]).time - seconds)))
            [before] = await self._reading.call(
                ("XREVRANGE", self._key, limit, "-", "COUNT", 1), seconds=_PATIENCE
            )
            start = [_stored(*entry) for entry in before] or start
        named = self._reading.named
        return EngineStatus(
            product(facts),
            place_text(named.place) if named is not None else "",
            int(facts.get("connected_slaves", 0)),
            int(time[0]) + int(time[1]) / 1e6,
            start[0].position if start else START,
        )

    async def append(self, entries: Sequence[bytes]) -> None:
        """Append entries; see `Log.append`."""
        if self._reading.named not in (None, self._appending.named):
            await self._appending.aclose()  # the primary has moved
        await self._measure()
        # A log that was there is not made anew: it would begin in the middle.
        only_if_it_exists = ("NOMKSTREAM",) if self._exists else ()
        head = ("XADD", self._key, *only_if_it_exists, "MAXLEN", "~", self._keep, "*", "e")
        for some in portions(entries, _MOST_SENT):
            commands = [(*head, entry) for entry in some]
            replies = await self._appending.call(*commands, seconds=_PATIENCE)
            if not all(replies):
                raise LogUnavailable(f"the log, {self._key}, is gone")

    async def read(self, after: str) -> list[Stored]:
        """Return the entries after a position; see `Log.read`."""
        while True:
            try:
                await self._prepare(after)
                return await self._read(after)
            except AnswerTooLong:
                if self._count == 1:
                    raise
                self._count = max(1, self._count // 8)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._appending.aclose()
        await self._reading.aclose()
        await self._primary.aclose()

    async def _prepare(self, after: str) -> None:
        """Check a new connection, and from time to time that it is to the primary still."""
        if self._reading.is_verified:
            await self._reading.check()
            return
        info, time, exists = await self._reading.call(
            ("INFO",), ("TIME",), ("EXISTS", self._key), seconds=_PATIENCE
        )
        facts = facts_of(info)
        try:
            check_engine(facts, 0)  # replicas may come back later
        except LogRefused as error:
            raise LogUnavailable(str(error)) from error
        limit = int(facts.get("maxmemory", 0))
        self._most_memory = min(_MOST_MEMORY, limit // 2) if limit else _MOST_MEMORY
        stream = await self._stream() if exists else None
        if stream is not None:
            check_unread(stream, _id(after), self._key)
            warn_of_clock(stream, int(time[0]))
        self._reading.is_verified = True

    async def _read(self, after: str) -> list[Stored]:
        barrier: tuple[Command, ...] = ()
        if self._replicas:
            barrier = (
                ("SET", f"{self._address.name}:barrier", "x"),
                ("WAIT", self._replicas, _WAIT),
            )
        entries, before, *waited = await self._reading.call(
            ("XREAD", "COUNT", self._count, "BLOCK", _BLOCK, "STREAMS", self._key, _id(after)),
            ("XRANGE", self._key, _id(after), _id(after)),
            *barrier,
            seconds=_PATIENCE + _BLOCK / 1000,
        )
        if barrier:
            await self._wait_for_replicas(waited[-1])
        if after != START and [_stored(*entry).position for entry in before] != [after]:
            raise LogBroken(why_broken(await self._stream(), _id(after), self._key))
        found = [_stored(*entry) for entry in entries[0][1]] if entries else []
        self._exists = self._exists or after != START or bool(found)
        if found:
            size = sum(len(entry.data) for entry in found) // len(found)
            self._count = max(1, min(_MOST_READ, _GOOD_SIZE // (size + 1)))
        return found

    async def _wait_for_replicas(self, count: int) -> None:
        """Wait until enough replicas have the barrier.

        Args:
            count: how many have it.

        Raises:
            LogUnavailable: too few have it. A primary without its replicas may be one of before,
                which lacks what came after, so the connection is given up.
        """
        for _ in range(_WAITS - 1):
            if count >= self._replicas:
                return
            [count] = await self._reading.call(("WAIT", self._replicas, _WAIT), seconds=_PATIENCE)
        if count < self._replicas:
            await self._reading.give_up()
            raise LogUnavailable(f"only {count} of {self._replicas} replicas have the last entries")

    async def _measure(self) -> None:
        """Decide from time to time how many entries fit into the memory of the engine."""
        now = trio.current_time()
        if self._measure_at == math.inf:
            self._measure_at = now + _MEASURE
        if now < self._measure_at:
            return
        size, length = await self._appending.call(
            ("MEMORY", "USAGE", self._key, "SAMPLES", 0), ("XLEN", self._key), seconds=_PATIENCE
        )
        self._measure_at = now + _MEASURE
        self._keep = _MOST_ENTRIES
        if size is not None and size > self._most_memory:
            self._keep = max(_LEAST_ENTRIES, length * self._most_memory // size)

    async def _stream(self) -> Stream | None:
        """Return what the engine knows about the stream; None if there is none."""
        [exists] = await self._reading.call(("EXISTS", self._key), seconds=_PATIENCE)
        if not exists:
            return None
        [facts] = await self._reading.call(("XINFO", "STREAM", self._key), seconds=_PATIENCE)
        return stream_of(facts)


def _stored(number: bytes, fields: list[bytes]) -> Stored:
    text, data = number.decode(), fields[1]
    return Stored(f"{text}:{crc32(data):08x}", int(text.partition("-")[0]) / 1000, data)


def _id(position: str) -> str:
    return position.partition(":")[0]
