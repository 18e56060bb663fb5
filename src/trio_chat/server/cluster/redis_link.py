"""A connection to the primary that is opened when it is needed, and again after a failure."""

from functools import partial
from typing import Any

import trio

from trio_chat.server.cluster.log import LogUnavailable
from trio_chat.server.cluster.redis_address import Named, Place, RedisAddress, place_text
from trio_chat.server.cluster.redis_connection import CONNECT, Command, RedisConnection, connect
from trio_chat.server.cluster.redis_sentinel import Sentinels

_ROLES = {
    b"slave": "it is a replica",
    b"replica": "it is a replica",
    b"sentinel": "it is a Sentinel: its address begins with redis+sentinel://",
}


class Primary:
    """Finds the primary of an address.

    Args:
        address: of the engine, or of its Sentinels.
    """

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self.sentinels = Sentinels(address) if address.master else None
        self._first = 0

    async def find(self) -> tuple[Named, RedisConnection]:
        """Connect to it.

        Raises:
            LogUnavailable: no host is the primary; the message has the reason of each.
        """
        if self.sentinels is not None:
            return await self._find_by_sentinels(self.sentinels)
        reasons: list[str] = []
        hosts = self._address.hosts
        for place in hosts[self._first :] + hosts[: self._first]:
            try:
                return Named(place), await self._connect(place)
            except LogUnavailable as error:
                reasons.append(str(error))
        raise LogUnavailable("; ".join(reasons) or "the address has no host")

    async def _find_by_sentinels(self, sentinels: Sentinels) -> tuple[Named, RedisConnection]:
        named = await sentinels.ask()
        found: list[RedisConnection] = []

        async def connect_to_it() -> None:
            found.append(await self._connect(named.place))

        try:
            await sentinels.unless_moved(named, connect_to_it)
        except BaseException:
            with trio.move_on_after(1, shield=True):
                for connection in found:
                    await connection.aclose()
            raise
        return named, found[0]

    def note_failure(self, named: Named) -> None:
        """Note that a primary is of no use: several may believe to be it, and the next is tried."""
        if self.sentinels is None and named.place in self._address.hosts:
            hosts = self._address.hosts
            self._first = (hosts.index(named.place) + 1) % len(hosts)

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        if self.sentinels is not None:
            await self.sentinels.aclose()

    async def _connect(self, place: Place) -> RedisConnection:
        address = self._address
        try:
            connection = await connect(place, address.tls, address.login)
            is_ready = False
            try:
                [role] = await connection.call(("ROLE",), seconds=CONNECT)
                if role[0] != b"master":
                    raise LogUnavailable(_ROLES.get(role[0], "it is no primary"))
                is_ready = True
            finally:
                if not is_ready:
                    with trio.move_on_after(1, shield=True):
                        await connection.aclose()
        except LogUnavailable as error:
            raise LogUnavailable(f"{place_text(place)}: {error}") from error
        return connection


class Link:
    """A connection to the primary.

    Args:
        primary: finds it.

    Attributes:
        is_verified: set by the user of a connection; a new one is not verified.
    """

    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self._open: tuple[Named, RedisConnection] | None = None
        self.is_verified = False

    @property
    def named(self) -> Named | None:
        """Where the connection is to; None if there is none."""
        return self._open[0] if self._open is not None else None

    async def check(self) -> None:
        """Ask the Sentinels, if there are any, whether the connection is to the primary still.

        Raises:
            LogUnavailable: the primary is elsewhere; the connection is closed.
        """
        if self._primary.sentinels is None or self._open is None:
            return
        try:
            await self._primary.sentinels.check(self._open[0])
        except LogUnavailable:
            with trio.move_on_after(1, shield=True):
                await self.aclose()
            raise

    async def call(self, *commands: Command, seconds: float) -> list[Any]:
        """Send commands; see `RedisConnection.call`. After a failure the connection is closed."""
        sentinels = self._primary.sentinels
        if sentinels and self._open is not None and sentinels.is_superseded(self._open[0]):
            await self.aclose()
        if self._open is None:
            self._open = await self._primary.find()
        named, connection = self._open
        calling = partial(connection.call, *commands, seconds=seconds)
        try:
            if sentinels is None:
                return await calling()
            return await sentinels.unless_moved(named, calling)
        except BaseException as error:
            if isinstance(error, LogUnavailable):
                self._primary.note_failure(named)
            with trio.move_on_after(1, shield=True):
                await self.aclose()
            raise

    async def give_up(self) -> None:
        """Close the connection, because its other end is of no use; the next one may be."""
        if self._open is not None:
            self._primary.note_failure(self._open[0])
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        opened, self._open = self._open, None
        self.is_verified = False
        if opened is not None:
            await opened[1].aclose()
