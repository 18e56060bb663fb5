"""The log in a table of PostgreSQL 14 or later.

A node has two connections: one appends, the other one reads, and waits for notifications (LISTEN).
A commit that the engine has confirmed is on the replicas that it waits for
(`synchronous_standby_names`). A commit may become visible without that, when its wait was ended
by an operator or by a restart. So if replicas are required, a write of this node's own, which the
engine has after the entries that were read, must be confirmed before they are returned.

A position is the number of the entry, without gaps in the order of commits, and its identity: an
engine that has lost its end gives the same numbers again.
"""

import re
import struct
from collections.abc import Awaitable, Callable, Sequence

from trio_chat.irc.plurals import counted
from trio_chat.server.cluster import postgres_session as session
from trio_chat.server.cluster.log import (
    START,
    EngineStatus,
    LogBroken,
    LogRefused,
    LogUnavailable,
    Stored,
    portions,
)
from trio_chat.server.cluster.postgres_address import PostgresAddress
from trio_chat.server.cluster.postgres_connection import PostgresConnection, Row, connect

_COUNT = 200
"""Entries that are read at once, at most."""
_SIZE = 4 << 20
"""Bytes of entries after which no further one is read at once."""
_SENT = 1 << 20
"""Bytes of entries after which no further one is appended at once."""
_PATIENCE = 3.0
"""Seconds for an answer."""
_WAIT = 1.0
"""Seconds of waiting for an entry."""
_LEAST_VERSION = 14
_MOST_ENTRIES = 2_000_000
"""Entries that the table keeps; older ones are trimmed."""
_STEP = 1000
"""After so many entries a node trims the log, by at most twice as many."""
_BYTEA = 17
_LARGEST = (1 << 63) - 1


class PostgresLog:
    """A log; see `Log`.

    Args:
        address: of the engine.
        replicas: on how many replicas an entry must be before it counts; as the address says if it
            is None.
    """

    def __init__(self, address: PostgresAddress, replicas: int | None = None) -> None:
        self._address = address
        self._replicas = address.replicas if replicas is None else replicas
        self._appending = _Link(address, session.prepare_appending)
        self._reading = _Link(address, session.prepare_reading)
        self._end: tuple[PostgresConnection, str] | None = (
            None  # what was at the end, as seen on it
        )
        self._untrimmed = 0

    async def check(self) -> bool:
        """Check that the engine keeps what it has taken; see `EngineLog.check`.

        Raises:
            LogRefused: it does not; the message says what to change.
            LogUnavailable: it cannot be reached.
        """
        self._check_address()
        # A connection that nothing is prepared on: that would write, and wait for replicas.
        link = _Link(self._address, _prepare_nothing)
        try:
            rows = await link.run(session.SETTINGS, seconds=_PATIENCE)
            self._check_settings({name.decode(): value.decode() for name, value in rows})
            [[count]] = await link.run(session.REPLICAS, seconds=_PATIENCE)
            if _integer(count) < self._replicas:
                raise LogRefused(
                    f"required: {counted(self._replicas, 'replica')}; there: {_integer(count)}"
                )
            self._check_password(await link.open())
        finally:
            link.close()
        return False

    async def status(self, seconds: float) -> EngineStatus:
        """Return how the engine stands; see `EngineLog.status`."""
        [[version, count, now]] = await self._reading.run(session.STATE, seconds=_PATIENCE)
        [time] = struct.unpack("!d", now)
        rows = await self._reading.run(session.BACK, struct.pack("!d", seconds), seconds=_PATIENCE)
        return EngineStatus(
            f"PostgreSQL {version.decode()}",
            ", ".join(f"{host}:{port}" for host, port in self._address.hosts),
            _integer(count),
            time,
            f"{_integer(rows[0][0])}-{rows[0][1].hex()}" if rows else START,
        )

    async def append(self, entries: Sequence[bytes]) -> None:
        """Append entries; see `Log.append`."""
        for portion in portions(entries, _SENT):
            await self._appending.run(session.APPEND, _array(portion), seconds=_PATIENCE)
        self._untrimmed += len(entries)
        if self._untrimmed >= _STEP:
            self._untrimmed = 0
            await self.trim(_MOST_ENTRIES)

    async def read(self, after: str) -> list[Stored]:
        """Return the entries after a position; see `Log.read`."""
        for _ in range(2):
            connection = await self._reading.open()
            if self._end == (connection, after):
                await self._reading.wait_for_notification(_WAIT)
            connection.forget_notifications()
            found = await self._read(after)
            if len(found) < _COUNT and sum(len(each.data) for each in found) < _SIZE:
                self._end = (connection, found[-1].position if found else after)
            if found:
                if self._replicas:
                    await self._wait_for_replicas(connection)
                return found
        return []

    async def trim(self, keep: int) -> None:
        """Remove some of the oldest entries, so many that a node keeps up with its appends.

        Args:
            keep: how many of the newest entries are not removed.
        """
        limits = (struct.pack("!q", each) for each in (keep, 2 * _STEP))
        await self._appending.run(session.TRIM, *limits, seconds=_PATIENCE)

    async def aclose(self) -> None:
        """Close both connections."""
        self._appending.close()
        self._reading.close()

    def _check_address(self) -> None:
        if len(self._address.hosts) > 1 and not self._replicas:
            raise LogRefused(
                "with several hosts an entry must be on a replica before it counts, or else a"
                " failover loses it: at least 1 replica has to be required"
            )
        if self._address.is_local:
            return
        parameters = self._address.parameters
        if not any(parameters.get(name) for name in ("password", "passfile", "sslcert")):
            raise LogRefused("the engine is on another machine: it needs a password")
        if parameters.get("sslmode") in ("allow", "prefer"):
            raise LogRefused(
                "the engine is on another machine: set `sslmode=verify-full`, or leave it out"
            )

    def _check_settings(self, facts: dict[str, str]) -> None:
        if int(facts["server_version_num"]) < _LEAST_VERSION * 10_000:
            raise LogRefused(
                f"PostgreSQL {facts['server_version']} is too old: {_LEAST_VERSION} or later is"
                " needed"
            )
        for name in ("fsync", "full_page_writes"):
            if facts[name] != "on":
                raise LogRefused(f"the engine may forget the log at a crash: set `{name} = on`")
        waits = _waits_for(facts["synchronous_standby_names"])
        if waits < self._replicas:
            raise LogRefused(
                f"required: {counted(self._replicas, 'replica')}; a commit waits for {waits}: set"
                f" `synchronous_standby_names = 'ANY {self._replicas} (*)'`"
            )

    def _check_password(self, connection: PostgresConnection) -> None:
        if self._address.is_local or self._address.parameters.get("sslcert"):
            return
        if not connection.used_password:
            raise LogRefused(
                "the engine lets everybody in without a password: set `scram-sha-256` in"
                " pg_hba.conf"
            )

    async def _read(self, after: str) -> list[Stored]:
        number, identity = _parse(after)
        limits = (struct.pack("!q", each) for each in (number, _COUNT + 1, _SIZE))
        rows = await self._reading.run(session.READ, *limits, seconds=_PATIENCE)
        if number:
            if not rows or (_integer(rows[0][0]), rows[0][1]) != (number, identity):
                raise LogBroken(await self._why_missing(after, number))
            rows = rows[1:]
        if rows and _integer(rows[0][0]) != number + 1:
            raise LogBroken(await self._why_missing(after, number))
        return [_stored(row) for row in rows[:_COUNT]]

    async def _why_missing(self, position: str, number: int) -> str:
        [[first]] = await self._reading.run(session.FIRST, seconds=_PATIENCE)
        if first and _integer(first) > number:
            return (
                f"the log begins after {position}, where this node has stopped: start from a"
                " backup of another node"
            )
        return (
            f"the log has lost {position}, which this node has carried out: it is not the same log"
            " any longer. Stop all nodes, and start them from the backup of one node,"
            " after `trio-chat cluster leave` on it"
        )

    async def _wait_for_replicas(self, connection: PostgresConnection) -> None:
        connection.warning = ""
        try:
            [[names, _]] = await self._reading.run(session.BARRIER, seconds=_PATIENCE)
        except LogUnavailable as error:
            raise LogUnavailable(f"no replica confirms the last entries: {error}") from error
        if connection.warning:
            raise LogUnavailable(connection.warning)
        waits = _waits_for(names.decode())
        if waits < self._replicas:
            raise LogUnavailable(f"the engine waits for {waits} of {self._replicas} replicas only")


class _Link:
    """A connection that is opened when it is needed, and again after a failure."""

    def __init__(
        self,
        address: PostgresAddress,
        prepare: Callable[[PostgresConnection], Awaitable[None]],
    ) -> None:
        self._address = address
        self._prepare = prepare
        self._connection: PostgresConnection | None = None

    async def open(self) -> PostgresConnection:
        """Return the connection."""
        if self._connection is None:
            self._connection = await connect(self._address, self._prepare)
        return self._connection

    async def run(self, statement: str, *values: bytes, seconds: float) -> list[Row]:
        """Carry out a statement; see `PostgresConnection.run`. A failure closes the connection."""
        connection = await self.open()
        try:
            return await connection.run(statement, *values, seconds=seconds)
        except BaseException:
            self.close()
            raise

    async def wait_for_notification(self, seconds: float) -> None:
        """Wait; see `PostgresConnection`. A failure closes the connection."""
        connection = await self.open()
        try:
            await connection.wait_for_notification(seconds)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


async def _prepare_nothing(_connection: PostgresConnection) -> None:
    """Leave a connection as it is."""


def _array(entries: Sequence[bytes]) -> bytes:
    """Return the binary form of an array of bytea."""
    head = struct.pack("!5i", 1, 0, _BYTEA, len(entries), 1)
    return head + b"".join(struct.pack("!i", len(each)) + each for each in entries)


def _stored(row: Row) -> Stored:
    number, identity, time, data = row
    [seconds] = struct.unpack("!d", time)
    return Stored(f"{_integer(number)}-{identity.hex()}", seconds, data)


def _parse(position: str) -> tuple[int, bytes]:
    """Return the number and the identity of a position."""
    if position in ("", START):
        return 0, b""
    number, _, identity = position.partition("-")
    try:
        return min(int(number), _LARGEST), bytes.fromhex(identity)
    except ValueError:  # of another engine
        return _LARGEST, b""


def _waits_for(names: str) -> int:
    """Return for how many replicas a commit waits (`synchronous_standby_names`)."""
    found = re.match(r"\s*(?:(?:ANY|FIRST)\s+)?(\d+)\s*\(", names, re.IGNORECASE)
    return int(found[1]) if found else int(bool(names.strip()))


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)
