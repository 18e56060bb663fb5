"""Opening ports and Unix sockets, saying in one line why that is impossible, and taking connections
in.
"""

import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import trio

from trio_chat.config import ListenerSettings, Settings
from trio_chat.i18n import _
from trio_chat.server.addresses import Address

log = logging.getLogger("trio_chat")

# Windows has its own numbers for what bind() refuses.
_IN_USE = frozenset((errno.EADDRINUSE, 10048))
_NOT_OURS = frozenset((errno.EADDRNOTAVAIL, 10049))
_NOT_ALLOWED = frozenset((errno.EACCES, errno.EPERM, 10013))


# What accept() says when the process or the system has no more files or memory for a connection.
_NO_ROOM = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, 10024, 10055))
# What it says of a connection that was gone, or refused by a firewall, before it was taken;
# accept(2) says: go on with the next.
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
_NO_ROOM_DELAY = 0.1
_BACKLOG = 1024
_ACCEPTS_PER_TURN = 64
"""After so many connections other tasks get a turn."""
_MOST_UNSENT = 16_384
"""Bytes that the system takes of what it cannot send yet: the rest waits in the outbox, which is
bounded and can be given up.
"""


class ListenError(Exception):
    """The port cannot be opened; the message says why and what to do."""


class Arrival(NamedTuple):
    """A connection that was accepted: its socket, and the address at the other end, "" when it has
    none.
    """

    sock: socket.socket
    host: str


class Door:
    """A socket that listens.

    Trio's listener takes one connection for each pass of the scheduler, and wraps each three times;
    people who come all at once, as after a restart, come in all at once here.

    Args:
        sock: the socket; owned by this object from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock

    async def accept(self) -> list[Arrival]:
        """Wait for connections; return those that are there, one or more.

        Raises:
            OSError: there is no room for more; what came before that is returned first.
        """
        await trio.lowlevel.checkpoint()
        while True:
            try:
                if arrivals := self._accept_waiting():
                    return arrivals
                await trio.lowlevel.wait_readable(self.socket)
            except OSError as error:
                if error.errno not in _GONE:
                    raise
                await trio.lowlevel.checkpoint()

    def _accept_waiting(self) -> list[Arrival]:
        """Return who waits, as many as there may be in one turn; an error comes only when nobody
        came before it.
        """
        arrivals: list[Arrival] = []
        try:
            while len(arrivals) < _ACCEPTS_PER_TURN:
                arrivals.append(self._accept_one())
        except BlockingIOError:
            pass
        except OSError:
            if not arrivals:
                raise
        return arrivals

    def _accept_one(self) -> Arrival:
        sock, address = self.socket.accept()
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return Arrival(sock, "")
        if not address:  # how BSD and macOS say that the peer is gone
            sock.close()
            raise OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
        with suppress(
            OSError
            # it is broken already, as whoever serves it will find, or the system knows no such
            # thing
        ):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
        return Arrival(sock, address[0])

    def close(self) -> None:
        """Take no more connections."""
        if self.socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self.socket)
            self.socket.close()


class Entrance(NamedTuple):
    """An open door, and what is to be done with who comes in there."""

    door: Door
    settings: ListenerSettings


async def open_listeners(hosts: Sequence[str], port: int) -> list[trio.SocketListener]:
    """Listen on every host.

    Args:
        hosts: addresses or names.
        port: the port; 0 takes any free one, the same for all hosts.

    Raises:
        ListenError: when one of them is impossible; nothing stays open then, nor when cancelled.
    """
    listeners: list[trio.SocketListener] = []
    try:
        for host in hosts:
            try:
                opened = await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG)
            except OSError as error:
                raise ListenError(explain(error, host, port)) from error
            listeners += opened
            port = port or bound_port(listeners)
    except BaseException:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


async def open_all(settings: Settings) -> list[Entrance]:
    """Listen where [server] says, and then where each [listener NAME] does.

    Raises:
        ListenError: when one of them is impossible; nothing stays open then, nor when cancelled.
    """
    server = settings.server
    main = ListenerSettings(
        name="", host=server.host, port=server.port, tls=server.tls, websocket=server.websocket
    )
    entrances: list[Entrance] = []
    try:
        for one in (main, *settings.listeners):
            if one.path is not None:
                opened = [Door(await trio.to_thread.run_sync(open_unix, one.path, one.mode))]
            else:
                listeners = await open_listeners(one.host, one.port or 0)
                opened = [
                    Door(socket.socket(fileno=listener.socket.detach())) for listener in listeners
                ]
            entrances += [Entrance(door, one) for door in opened]
    except BaseException:
        close_all(entrances)
        raise
    return entrances


def close_all(entrances: Sequence[Entrance]) -> None:
    """Take no more connections, and remove the files of Unix sockets."""
    for entrance in entrances:
        entrance.door.close()
        if entrance.settings.path is not None:
            entrance.settings.path.unlink(missing_ok=True)


def open_unix(path: Path, mode: int) -> socket.socket:
    """Listen on a Unix socket; what a server that was killed has left is taken away first. Blocks:
    call it in a thread.

    Raises:
        ListenError: that is impossible, or somebody else listens there.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ListenError(
            _("Cannot listen on {path}: {reason}.").format(
                path=path, reason=_("this system has no such sockets")
            )
        )
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():
            if _answers(path):
                raise ListenError(
                    _(
                        "{path} is already in use: stop the other program (another trio-chat?)."
                    ).format(path=path)
                )
            path.unlink()
        before = os.umask(0o177)  # nobody can come in before the permissions are right
        try:
            sock.bind(os.fspath(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        reason = error.strerror or str(error)
        raise ListenError(
            _("Cannot listen on {path}: {reason}.").format(path=path, reason=reason)
        ) from error
    except ListenError:
        sock.close()
        raise
    return sock


def _answers(path: Path) -> bool:
    """Return whether a process listens on a Unix socket; also without the right to connect, or with
    a full backlog.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        return sock.connect_ex(os.fspath(path)) not in (errno.ECONNREFUSED, errno.ENOENT)


async def accept_from(
    entrance: Entrance,
    serve: Callable[[Arrival, ListenerSettings], Awaitable[None]],
    nursery: trio.Nursery,
) -> None:
    """Take connections, for ever. When the system has no room for more, wait until it has, and say
    so once.

    Args:
        entrance: where they come in; closed at the end.
        serve: serves one, and owns it.
        nursery: where that runs.
    """
    short_at: float | None = None
    try:
        while True:
            try:
                arrivals = await entrance.door.accept()
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                if short_at is None:
                    log.error(
                        "no more connections can be taken until some end: %s",
                        error.strerror or error,
                    )
                short_at = trio.current_time()
                await trio.sleep(_NO_ROOM_DELAY)
                continue
            if short_at is not None and trio.current_time() > short_at + 10 * _NO_ROOM_DELAY:
                log.warning("connections are taken again")
                short_at = None
            for arrival in arrivals:
                nursery.start_soon(serve, arrival, entrance.settings)
    finally:
        entrance.door.close()


def bound_port(listeners: Sequence[trio.SocketListener]) -> int:
    """Return the port that the first of the listeners is on."""
    return bound_to(listeners[0].socket)[1]


def bound_to(sock: socket.socket | trio.socket.SocketType) -> tuple[Address, int]:
    """Return the address and the port that a socket is on."""
    address, port = sock.getsockname()[:2]
    return ip_address(address.partition("%")[0]), int(port)


def explain(error: OSError, host: str, port: int) -> str:
    """Return one line that says why a server cannot listen, and what to do."""
    number = error.errno
    if number in _IN_USE:
        return _(
            "Port {port} is already in use: stop the other program (another trio-chat?), or choose"
            " a port with --port."
        ).format(port=port)
    if number in _NOT_OURS:
        return _(
            "{host} is not an address of this machine: use 0.0.0.0 for all its addresses, or one it"
            " has."
        ).format(host=host)
    if number in _NOT_ALLOWED:
        return _("No right to listen on port {port}: choose one above 1023 with --port.").format(
            port=port
        )
    reason = os.strerror(number) if isinstance(number, int) and number > 0 else str(error)
    return _("Cannot listen on {host} port {port}: {reason}.").format(
        host=host, port=port, reason=error.strerror or reason
    )
