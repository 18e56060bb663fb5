"""Binding of TCP ports and Unix sockets, with errors that say in one line what to do."""

import errno
import os
import socket
import sys
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

import trio

from trio_chat.i18n import _
from trio_chat.irc.addresses import IpAddress

# Windows has its own numbers for what bind() refuses.
_IN_USE = frozenset((errno.EADDRINUSE, 10048))
_NOT_OURS = frozenset((errno.EADDRNOTAVAIL, 10049))
_NOT_ALLOWED = frozenset((errno.EACCES, errno.EPERM, 10013))
BACKLOG = 1024
"""Connections that wait to be accepted; the kernel refuses more."""


class ListenError(Exception):
    """The port cannot be opened; the message says why and what to do."""


async def bind_tcp(
    hosts: Sequence[str], port: int, taken: Sequence[tuple[IpAddress, int]] = ()
) -> list[trio.SocketListener]:
    """Listen on every host.

    Args:
        hosts: addresses or names.
        port: the port; 0 takes any free one, the same for all hosts.
        taken: addresses and ports of other sections on which this server listens already.

    Raises:
        ListenError: when one of them is impossible; nothing stays open then, nor when cancelled.
    """
    listeners: list[trio.SocketListener] = []
    try:
        for host in hosts:
            opened = await _bind_one(host, port)
            if isinstance(opened, OSError):
                if opened.errno in _IN_USE:
                    if await _is_ours(host, [bound_to(one.socket) for one in listeners], port):
                        text = _(
                            "{host} is an address on which this server listens already: name it"
                            " once."
                        )
                        raise ListenError(text.format(host=host)) from opened
                    if await _is_ours(host, taken, port):
                        raise ListenError(taken_by_section(host, port)) from opened
                raise ListenError(explain(opened, host, port)) from opened
            listeners += opened
            port = port or bound_port(listeners)
    except BaseException:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


async def _bind_one(host: str, port: int) -> Sequence[trio.SocketListener] | OSError:
    try:
        return await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    except OSError as error:
        return error  # the caller has to wait for the reason, which no `except` should


async def _is_ours(host: str, places: Sequence[tuple[IpAddress, int]], port: int) -> bool:
    """Return whether a host has one of these addresses with the port, such as `localhost` after
    127.0.0.1, or whether one of both is every address of the machine.
    """
    found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    wanted = [ip_address(str(address[0]).partition("%")[0]) for *_rest, address in found]
    return any(is_among(address, port, places) for address in wanted)


def is_among(address: IpAddress, port: int, places: Iterable[tuple[IpAddress, int]]) -> bool:
    """Return whether a port of an address is one of these, or one of both is every address of the
    machine.
    """
    return any(
        number == port
        and (
            one == address
            or (one.version == address.version and (one.is_unspecified or address.is_unspecified))
        )
        for one, number in places
    )


def taken_by_section(host: str, port: int) -> str:
    """Return one line that says that this server itself has the port already."""
    return _(
        "Another section of the configuration has port {port} of {host}: choose another port here."
    ).format(host=host, port=port)


def bind_unix(path: Path, mode: int) -> socket.socket:
    """Listen on a Unix socket, and first remove one that a killed server has left. Blocks: call it
    in a thread.

    Raises:
        ListenError: it is impossible, or another process listens there.
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
            if is_listened_on(path):
                raise ListenError(
                    _(
                        "{path} is already in use: stop the other program (another trio-chat?)."
                    ).format(path=path)
                )
            path.unlink()
        elif path.exists():
            raise ListenError(
                _(
                    "{path} is a file or directory, and no socket: name a path where nothing is."
                ).format(path=path)
            )
        before = os.umask(0o177)  # no client can connect before the permissions are right
        try:
            sock.bind(os.fspath(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        sock.listen(BACKLOG)
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


def hold(address: tuple[object, ...], family: socket.AddressFamily) -> socket.socket:
    """Return a socket that has an address and does not listen: connections to it are refused, and
    the system gives the port to no other socket that asks for any free one.

    Args:
        address: of a socket that has listened there and is closed, by `getsockname`.
        family: AF_INET or AF_INET6.

    Raises:
        ListenError: another program has taken the port.
    """
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:  # the options are those of `trio.open_tcp_listeners`
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise ListenError(explain(error, *_printed(address))) from error
    return sock


def listen(sock: socket.socket) -> None:
    """Listen on a socket that `hold` has returned.

    Raises:
        ListenError: another program has taken the port.
    """
    try:
        sock.listen(BACKLOG)
    except OSError as error:
        raise ListenError(explain(error, *_printed(sock.getsockname()))) from error


def _printed(address: tuple[object, ...]) -> tuple[str, int]:
    host, port = address[:2]
    return str(host), int(str(port))


def is_listened_on(path: Path) -> bool:
    """Return whether a process listens on a Unix socket; also without the right to connect, or with
    a full backlog.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        return sock.connect_ex(os.fspath(path)) not in (errno.ECONNREFUSED, errno.ENOENT)


def bound_port(listeners: Sequence[trio.SocketListener]) -> int:
    """Return the port that the first of the listeners is on."""
    return bound_to(listeners[0].socket)[1]


def bound_to(sock: socket.socket | trio.socket.SocketType) -> tuple[IpAddress, int]:
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
