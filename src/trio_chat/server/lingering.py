"""Lingering sockets: their clients were given the last lines, and may still send something.

Closing a socket with unread bytes resets it, and destroys what the peer has not read yet. So what
it still sends is read and dropped for a moment. One task does that for all sockets of clients that
have left: a task for each would cost a tenth of a short connection.
"""

import os
import select
from collections import OrderedDict
from typing import Final

import trio

LINGER_TIMEOUT: Final = 1.0
"""Seconds in which a peer's last bytes are read and dropped."""
MOST_DROPPED: Final = 262_144
"""Bytes of a peer that are read and dropped: a peer that reads the last lines sends no more than
that.
"""
_RECEIVE_BYTES: Final = 65536
_MOST_SOCKETS: Final = 1024
"""Sockets of clients that are not counted as connections any more."""


class _Socket:
    """A socket that lingers."""

    __slots__ = ("dropped", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.dropped = 0


class LingeringSockets:
    """The sockets that linger in an epoll, whose owner calls `attend`.

    Args:
        epoll: waits for them.
        most: how many there may be.
    """

    def __init__(self, epoll: "select.epoll", most: int = _MOST_SOCKETS) -> None:
        self._epoll = epoll
        self._most = most
        self._sockets: OrderedDict[int, _Socket] = OrderedDict()  # by descriptor, oldest first
        self._added = trio.lowlevel.ParkingLot()

    @property
    def has_room(self) -> bool:
        """Whether another one may be added."""
        return len(self._sockets) < self._most and not self._epoll.closed

    def add(self, descriptor: int) -> None:
        """Have what is received dropped, and close the socket: when the peer has closed its side,
        after `MOST_DROPPED` bytes, or after `LINGER_TIMEOUT`.

        Args:
            descriptor: of a socket that does not block; owned by this object from now on.
        """
        self._epoll.register(descriptor, select.EPOLLIN)
        self._sockets[descriptor] = _Socket(trio.current_time() + LINGER_TIMEOUT)
        if self._added:
            self._added.unpark_all()

    def attend(self, descriptor: int) -> None:
        """Drop what has been received on a socket; do nothing if it is none of these."""
        socket = self._sockets.get(descriptor)
        if socket is None:
            return
        try:
            data = os.read(descriptor, _RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        socket.dropped += len(data)
        if not data or socket.dropped >= MOST_DROPPED:
            self._close(descriptor)

    async def run(self) -> None:
        """Close those that have lingered for `LINGER_TIMEOUT`, for ever."""
        while True:
            while not self._sockets:  # again after the wait: the one that was added may be closed
                await self._added.park()
            oldest = next(iter(self._sockets.values()))
            await trio.sleep_until(oldest.until)  # it may be closed meanwhile, as those after it
            self._close_until(trio.current_time())

    def close(self) -> None:
        """Close all of them at once."""
        for descriptor in tuple(self._sockets):
            self._close(descriptor)

    def _close_until(self, now: float) -> None:
        for descriptor, socket in tuple(self._sockets.items()):
            if socket.until > now:
                return
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        del self._sockets[descriptor]
        if not self._epoll.closed:
            self._epoll.unregister(descriptor)
        os.close(descriptor)
