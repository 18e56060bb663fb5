"""Listeners: Trio's `Listener` interface over sockets whose waiting connections are accepted in
batches.
"""

import errno
import logging
import os
import socket
from collections.abc import Sequence
from typing import NamedTuple

import trio

from trio_chat.config import ListenerSettings, Settings
from trio_chat.i18n import _
from trio_chat.irc.addresses import IpAddress
from trio_chat.server.binding import ListenError, bind_tcp, bind_unix, bound_to, hold, listen

log = logging.getLogger("trio_chat")

# What accept() raises when the process or the system has no descriptor or memory for a connection;
# the two numbers are those of Windows, which Trio does not know.
_NO_ROOM = {
    errno.EMFILE: errno.EMFILE,
    errno.ENFILE: errno.ENFILE,
    errno.ENOBUFS: errno.ENOBUFS,
    errno.ENOMEM: errno.ENOMEM,
    10024: errno.EMFILE,
    10055: errno.ENOBUFS,
}
# What accept() raises for a connection that was gone, or refused by a firewall, before it was
# accepted; accept(2) asks to go on with the next one.
_GONE = frozenset(
    (
        errno.ECONNABORTED,
        errno.EPERM,
        errno.EPROTO,
        errno.ENETDOWN,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
        errno.ETIMEDOUT,
        10053,
        10054,
    )
)
_RECOVERED_AFTER = 1.0
"""Seconds without a shortage of descriptors after which it counts as over."""
_BATCH = 64
"""Connections accepted in a row; then other tasks are scheduled."""
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_MOST_UNSENT = 16_384
"""Bytes that the kernel buffers of what it cannot send yet: the rest waits in the outbox, which is
bounded and can be dropped.
"""


class AcceptedSocket(NamedTuple):
    """An accepted connection, not yet served.

    Args:
        sock: the connection.
        host: the address of the peer; "" over a Unix socket.
        settings: the listener that accepted it.
    """

    sock: socket.socket
    host: str
    settings: ListenerSettings


class AcceptedBatch(trio.abc.AsyncResource):
    """Connections that were accepted together, at least one.

    Args:
        sockets: owned by this object as long as they are in the list.
    """

    __slots__ = ("sockets",)

    def __init__(self, sockets: list[AcceptedSocket]) -> None:
        self.sockets = sockets

    async def aclose(self) -> None:
        """Close the sockets that their transports have not closed. No checkpoint: Trio calls this
        after each batch.
        """
        for accepted in self.sockets:
            if accepted.sock.fileno() >= 0:
                trio.lowlevel.notify_closing(accepted.sock)
                accepted.sock.close()


class BatchListener(trio.abc.Listener[AcceptedBatch]):
    """A listener that accepts all waiting connections at once, for `trio.serve_listeners`.

    `trio.SocketListener` accepts one connection for each pass of the scheduler, and wraps each
    three times, and closes each once more. After a restart all clients reconnect in the same
    moment; a batch of them costs that once here (docs/performance.md).

    Args:
        sock: a listening socket; owned by this object from now on.
        settings: what holds for its connections; a Unix socket's path is removed on closing.
    """

    def __init__(self, sock: socket.socket, settings: ListenerSettings) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.settings = settings
        self._is_tcp = sock.family in (socket.AF_INET, socket.AF_INET6)
        # Kept: a socket that is closed has no address, and what prints it may come later.
        self._bound = bound_to(sock) if self._is_tcp else None
        self._short_at: float | None = None  # when accept() last failed for want of descriptors
        self._resumed: trio.Event | None = None  # set on listening again, or on closing

    @property
    def bound(self) -> tuple[IpAddress, int]:
        """The address and the port that it is or was on.

        Raises:
            ValueError: it is a Unix socket.
        """
        if self._bound is None:
            raise ValueError("a Unix socket has a path")
        return self._bound

    async def accept(self) -> AcceptedBatch:
        """Wait for connections, and return those that wait, up to a bound. When cancelled, none was
        accepted.

        Raises:
            OSError: no descriptor or memory is left for another connection, or the socket is
                broken. Connections accepted before that are returned first.
            trio.ClosedResourceError: it was closed.
        """
        await trio.lowlevel.checkpoint()
        if self.socket.fileno() < 0:
            raise trio.ClosedResourceError
        while self._resumed is not None or not (accepted := self._accept_waiting()):
            await self._wait()
        return AcceptedBatch(accepted)

    async def aclose(self) -> None:
        """Stop listening; connections that have not been accepted are refused by the kernel."""
        self.close()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Stop listening, as `aclose` does. Calling it again does nothing."""
        if self.socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self.socket)
            self.socket.close()
            if self._resumed is not None:
                self._resumed.set()
            elif self.settings.path is not None:
                self.settings.path.unlink(missing_ok=True)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed; one that is paused is not."""
        return self.socket.fileno() < 0

    def pause(self) -> None:
        """Stop listening until `resume`, and hold the TCP port; connections that were accepted
        already and have a handler stay open. Calling it again does nothing.

        Raises:
            ListenError: another program has taken the port in the moment between, or this is
                Windows and connections on the port are open. It is closed then.
        """
        if self._resumed is not None or self.is_closed:
            return
        address = self.socket.getsockname()
        self.close()
        if self._is_tcp:
            self.socket = hold(address, self.socket.family)
        else:
            self.socket = socket.socket(self.socket.family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self._resumed = trio.Event()

    async def resume(self) -> None:
        """Listen again. Calling it again does nothing. If cancelled, it may listen or not.

        Raises:
            ListenError: another program listens there now.
        """
        if self._resumed is None or self.is_closed:
            return
        if self._is_tcp:
            listen(self.socket)
        elif self.settings.path is not None:
            path, mode = self.settings.path, self.settings.mode
            sock = await trio.to_thread.run_sync(bind_unix, path, mode)
            if self.socket.fileno() < 0:  # it was closed meanwhile
                sock.close()
                path.unlink(missing_ok=True)
                return
            self.socket.close()
            sock.setblocking(False)
            self.socket = sock
        resumed, self._resumed = self._resumed, None
        resumed.set()

    async def _wait(self) -> None:
        """Wait for a connection, or until it listens again.

        Raises:
            trio.ClosedResourceError: it was closed.
        """
        try:
            if self._resumed is not None:
                await self._resumed.wait()
            else:
                await trio.lowlevel.wait_readable(self.socket)
        except trio.ClosedResourceError:  # by `pause`, perhaps
            pass
        if self.is_closed:
            raise trio.ClosedResourceError

    def _accept_waiting(self) -> list[AcceptedSocket]:
        """Accept waiting connections, up to a bound.

        An error is raised only when nothing was accepted before it: the next call meets it again.
        """
        found: list[AcceptedSocket] = []
        try:
            for _ in range(_BATCH):
                if (accepted := self._accept_one()) is not None:
                    found.append(accepted)  # noqa: PERF401  # an error comes after some
        except BlockingIOError:
            pass
        except OSError as error:
            if not found:
                raise self._noted(error) from error
        if found and self._short_at is not None:
            self._note_recovery()
        return found

    def _accept_one(self) -> AcceptedSocket | None:
        """Accept a connection; None when it was gone already."""
        try:
            sock, address = self.socket.accept()
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise
        if not self._is_tcp:
            return AcceptedSocket(sock, "", self.settings)
        if not address:  # how BSD and macOS say that the peer is gone
            sock.close()
            return None
        # A socket that is broken already is found out by its handler; not every system knows the
        # second option.
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if _NOTSENT_LOWAT is not None:
                sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _MOST_UNSENT)
        except OSError:
            pass
        return AcceptedSocket(sock, address[0], self.settings)

    def _noted(self, error: OSError) -> OSError:
        """Log the first error of a shortage; return it with the number by which Trio knows it."""
        number = _NO_ROOM.get(error.errno or 0)
        if number is None:
            return error
        reason = error.strerror or os.strerror(number)
        if self._short_at is None:
            log.error("no connections can be accepted until some end: %s", reason)
        self._short_at = trio.current_time()
        return OSError(number, reason)

    def _note_recovery(self) -> None:
        if self._short_at is not None and trio.current_time() > self._short_at + _RECOVERED_AFTER:
            log.warning("connections are accepted again")
            self._short_at = None


def quiet_trio() -> None:
    """Silence Trio's own log of a shortage of descriptors: a traceback every 100 ms, as long as it
    lasts. `BatchListener` logs a line at its beginning and one at its end.
    """
    logging.getLogger("trio.serve_listeners").setLevel(logging.CRITICAL)


async def open_listeners(settings: Settings) -> list[BatchListener]:
    """Listen where [server] requires it, and then where each [listener NAME] does.

    Raises:
        ListenError: one of them is impossible; nothing stays open then, nor when cancelled.
    """
    server = settings.server
    main = ListenerSettings(
        name="", host=server.host, port=server.port, tls=server.tls, websocket=server.websocket
    )
    listeners: list[BatchListener] = []
    try:
        for one in (main, *settings.listeners):
            listeners += [BatchListener(sock, one) for sock in await _bind(one, listeners)]
    except BaseException:
        close_all(listeners)
        raise
    return listeners


async def _bind(one: ListenerSettings, others: Sequence[BatchListener]) -> list[socket.socket]:
    if one.path is not None:
        if any(one.path == other.settings.path for other in others):
            words = _("Another section of the configuration has {path}: choose another one here.")
            raise ListenError(words.format(path=one.path))
        return [await trio.to_thread.run_sync(bind_unix, one.path, one.mode)]
    opened = await bind_tcp(one.host, one.port or 0, places_of(others))
    return [socket.socket(fileno=listener.socket.detach()) for listener in opened]


def places_of(listeners: Sequence[BatchListener]) -> list[tuple[IpAddress, int]]:
    """Return the addresses and ports of those that have any."""
    return [one.bound for one in listeners if one.settings.path is None]


def pause_all(listeners: Sequence[BatchListener]) -> None:
    """Stop listening on all of them until they are resumed.

    Raises:
        ListenError: another program has taken a port in the moment between.
    """
    for listener in listeners:
        listener.pause()


def close_all(listeners: Sequence[BatchListener]) -> None:
    """Stop listening on all of them."""
    for listener in listeners:
        listener.close()
