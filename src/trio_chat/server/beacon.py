"""The UDP beacon: answers those that look for a server where multicast DNS is blocked.

Every answer goes to an address of the same network, is no longer than its query, and is counted, so
that a forged sender gains nothing by it.
"""

import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import trio

from trio_chat.irc.addresses import IpAddress, parse_address
from trio_chat.irc.discovery import (
    ALL_NODES,
    BEACON_BYTES,
    BEACON_PORT,
    BeaconQuery,
    ServiceRecord,
    beacon_answer,
    read_query,
)
from trio_chat.server.token_bucket import TokenBucket

_DATAGRAMS = (100.0, 50.0)
"""How many datagrams are read at once and in a second; the kernel drops the others."""
_ANSWERS = (5.0, 1.0)
"""How many answers one address gets at once and in a second."""
_MOST_ADDRESSES = 256
_RETRY = 0.1
"""Seconds after an error of the socket, which may be one of an earlier answer."""


class Beacon:
    """Answers queries.

    Args:
        sock: a bound UDP socket.
        record: returns what the server says of itself.
        answers: returns whether a query is answered, by the address of its sender, and by the index
            of the interface through which a link-local address is reached, otherwise 0.
    """

    def __init__(
        self,
        sock: trio.socket.SocketType,
        record: Callable[[], ServiceRecord],
        answers: Callable[[BeaconQuery, IpAddress, int], bool],
    ) -> None:
        self._sock = sock
        self._record = record
        self._answers = answers
        self._reading = TokenBucket(*_DATAGRAMS, trio.current_time())
        self._answering: dict[IpAddress, TokenBucket] = {}

    async def run(self) -> None:
        """Answer queries, for ever."""
        while True:
            try:
                datagram, sender = await self._sock.recvfrom(BEACON_BYTES + 1)
                if (answer := self._answer(datagram, sender)) is not None:
                    await self._sock.sendto(answer, sender)
            except OSError:
                await trio.sleep(_RETRY)
            await self._slow_down()

    def _answer(self, datagram: bytes, sender: tuple[Any, ...]) -> bytes | None:
        query = read_query(datagram)
        address = parse_address(sender[0])
        index = sender[3] if len(sender) == 4 else 0  # the scope of IPv6
        if query is None or address is None or not self._answers(query, address, index):
            return None
        return beacon_answer(query.nonce, self._record()) if self._may_answer(address) else None

    def _may_answer(self, address: IpAddress) -> bool:
        now = trio.current_time()
        bucket = self._answering.pop(address, None) or TokenBucket(*_ANSWERS, now)
        while len(self._answering) >= _MOST_ADDRESSES:
            del self._answering[next(iter(self._answering))]
        self._answering[address] = bucket  # at the end, as the one that was used last
        bucket.refill(now)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    async def _slow_down(self) -> None:
        """Leave a flood of datagrams to the kernel, so that clients of the chat do not notice."""
        self._reading.refill(trio.current_time())
        self._reading.tokens -= 1
        if self._reading.tokens < 0:
            await trio.sleep(-self._reading.tokens / self._reading.rate)


async def open_beacon(
    port: int = BEACON_PORT, family: socket.AddressFamily = socket.AF_INET
) -> trio.socket.SocketType:
    """Return the socket of the beacon, which several servers of this machine can share.

    Args:
        port: to listen on.
        family: the version of IP.

    Raises:
        OSError: the port cannot be used.
    """
    sock = trio.socket.socket(family, trio.socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Not of `trio.socket`, which has no SO_REUSEADDR on Windows.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform not in ("linux", "win32"):  # where the option above is not enough
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # No broadcast arrives at a socket that is bound to one address; `answers` knows the sender.
        await sock.bind(("", port))
    except BaseException:
        sock.close()
        raise
    return sock


def join_all_nodes(sock: trio.socket.SocketType, index: int) -> None:
    """Have a socket receive what is sent to all nodes of a link. Not every system needs that, and
    one that refuses it, or has done it, is no error.

    Args:
        sock: of IPv6.
        index: of the interface.
    """
    group = socket.inet_pton(socket.AF_INET6, ALL_NODES) + struct.pack("@I", index)
    with suppress(OSError):
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
