"""The log in a stream of Redis 7 or later, or of Valkey (XADD, XREAD, WAIT).

A node has two connections: one appends, the other one waits for entries. Before entries that were
read are returned, a write of this node's own, which the engine has after them, must be on as many
replicas as are required: what is on a replica survives a failover to it.
"""

from collections.abc import Sequence
from typing import Any

import trio

from trio_chat.server.cluster.log import LogBroken, LogRefused, LogUnavailable, Stored
from trio_chat.server.cluster.redis_address import RedisAddress
from trio_chat.server.cluster.redis_connection import Command, RedisConnection, connect

START = "0-0"
"""The position before the first entry."""
_COUNT = 200
"""Entries that are read at once."""
_PATIENCE = 3.0
"""Seconds for an answer."""
_BLOCK = 1000
"""Milliseconds of waiting for an entry."""
_LEAST_VERSION = 7
_MOST_ENTRIES = 2_000_000
"""Entries that the stream keeps; older ones are trimmed."""


class RedisLog:
    """A log; see `Log`.

    Args:
        address: of the engine.
        replicas: on how many replicas an entry must be before it counts; 0 if there are none.
    """

    def __init__(self, address: RedisAddress, replicas: int = 0) -> None:
        self._address = address
        self._replicas = replicas
        self._key = f"{address.name}:log"
        self._appending = _Link(address)
        self._reading = _Link(address)
        self._verified = ""  # the last position that was in the log on this connection

    async def check(self) -> None:
        """Check that the engine keeps what it has taken.

        Raises:
            LogRefused: it does not; the message says what to change.
            LogUnavailable: it cannot be reached.
        """
        if not self._address.is_local and not self._address.password:
            raise LogRefused("the engine is on another machine: it needs a password (requirepass)")
        [text] = await self._reading.call(("INFO",), seconds=_PATIENCE)
        facts = _facts(text.decode())
        version = facts.get("valkey_version") or facts.get("redis_version", "0")
        if int(version.partition(".")[0]) < _LEAST_VERSION:
            raise LogRefused(f"Redis {version} is too old: 7 or later is needed")
        if facts.get("aof_enabled") != "1":
            raise LogRefused("the engine forgets all at its end: set `appendonly yes`")
        if facts.get("maxmemory_policy", "noeviction") != "noeviction":
            raise LogRefused("the engine may drop the log: set `maxmemory-policy noeviction`")
        online = sum("state=online" in fact for fact in facts.values())
        if online < self._replicas:
            raise LogRefused(f"{self._replicas} replicas are required, and {online} are there")

    async def append(self, entries: Sequence[bytes]) -> None:
        """Append entries; see `Log.append`."""
        head = ("XADD", self._key, "MAXLEN", "~", _MOST_ENTRIES, "*", "e")
        await self._appending.call(*((*head, entry) for entry in entries), seconds=_PATIENCE)

    async def read(self, after: str) -> list[Stored]:
        """Return the entries after a position; see `Log.read`."""
        if not self._reading.is_open or self._verified != after:
            await self._verify(after)
        command = ("XREAD", "COUNT", _COUNT, "BLOCK", _BLOCK, "STREAMS", self._key, after)
        [reply] = await self._reading.call(command, seconds=_PATIENCE + _BLOCK / 1000)
        if not reply:
            return []
        found = [_stored(*entry) for entry in reply[0][1]]
        if self._replicas:
            await self._wait_for_replicas()
        self._verified = found[-1].position
        return found

    async def aclose(self) -> None:
        """Close both connections."""
        await self._appending.aclose()
        await self._reading.aclose()

    async def _verify(self, position: str) -> None:
        """Check that the last entry that was carried out is still in the log.

        It is not if the engine has lost its end, by a restore of an old backup or a failover to a
        replica that lacked it; and if nobody has read for so long that it was trimmed.
        """
        if position != START:
            [found] = await self._reading.call(
                ("XRANGE", self._key, position, position), seconds=_PATIENCE
            )
            if not found:
                raise LogBroken(await self._why_missing(position))
        self._verified = position

    async def _why_missing(self, position: str) -> str:
        [first] = await self._reading.call(
            ("XRANGE", self._key, "-", "+", "COUNT", 1), seconds=_PATIENCE
        )
        if first and _order(first[0][0].decode()) > _order(position):
            return (
                f"the log begins after {position}, where this node has stopped: start from a"
                " backup of another node"
            )
        return (
            f"the log has lost {position}, which this node has carried out: it is not the same log"
            " any longer. Stop all nodes, and start them from the backup of one node"
        )

    async def _wait_for_replicas(self) -> None:
        _, count = await self._reading.call(
            ("SET", f"{self._address.name}:barrier", "x"),
            ("WAIT", self._replicas, _BLOCK),
            seconds=_PATIENCE + _BLOCK / 1000,
        )
        if count < self._replicas:
            raise LogUnavailable(f"only {count} of {self._replicas} replicas have the last entries")


class _Link:
    """A connection that is opened when it is needed, and again after a failure."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._connection: RedisConnection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    async def call(self, *commands: Command, seconds: float) -> list[Any]:
        """Send commands; see `RedisConnection.call`. After a failure the connection is closed."""
        if self._connection is None:
            self._connection = await connect(self._address)
        try:
            return await self._connection.call(*commands, seconds=seconds)
        except BaseException:
            with trio.CancelScope(deadline=trio.current_time() + 1, shield=True):
                await self.aclose()
            raise

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()


def _stored(position: bytes, fields: list[bytes]) -> Stored:
    text = position.decode()
    return Stored(text, _order(text)[0] / 1000, fields[1])


def _order(position: str) -> tuple[int, int]:
    moment, _, number = position.partition("-")
    return int(moment), int(number)


def _facts(text: str) -> dict[str, str]:
    """Return the lines of INFO."""
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}
