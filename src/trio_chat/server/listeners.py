"""Opening the port, and saying in one line why it cannot be opened."""

import errno
import os
from collections.abc import Sequence
from ipaddress import ip_address

import trio

from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.server.addresses import Address

# Windows has its own numbers for what bind() refuses.
_IN_USE = frozenset((errno.EADDRINUSE, 10048))
_NOT_OURS = frozenset((errno.EADDRNOTAVAIL, 10049))
_NOT_ALLOWED = frozenset((errno.EACCES, errno.EPERM, 10013))


class ListenError(Exception):
    """The port cannot be opened; the message says why and what to do."""


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
                opened = await trio.open_tcp_listeners(port, host=host, backlog=1024)
            except OSError as error:
                raise ListenError(explain(error, host, port)) from error
            listeners += opened
            port = port or bound_port(listeners)
    except BaseException:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


async def open_all(settings: Settings) -> list[trio.SocketListener]:
    """Listen where [server] says, and then where each [listener NAME] does.

    Raises:
        ListenError: when one of them is impossible; nothing stays open then, nor when cancelled.
    """
    listeners: list[trio.SocketListener] = []
    try:
        listeners += await open_listeners(settings.server.host, settings.server.port)
        for further in settings.listeners:
            listeners += await open_listeners(further.host, further.port)
    except BaseException:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


def bound_port(listeners: Sequence[trio.SocketListener]) -> int:
    """Return the port that the first of the listeners is on."""
    return bound_to(listeners[0])[1]


def bound_to(listener: trio.SocketListener) -> tuple[Address, int]:
    """Return the address and the port that a listener is on."""
    address, port = listener.socket.getsockname()[:2]
    return ip_address(address.partition("%")[0]), int(port)


def explain(error: OSError, host: str, port: int) -> str:
    """Return one line that says why a server cannot listen, and what to do."""
    number = error.errno
    if number in _IN_USE:
        return _(
            "Port {port} is already in use: stop the other program (another trio-chat?), or choose a port with --port."
        ).format(port=port)
    if number in _NOT_OURS:
        return _("{host} is not an address of this machine: use 0.0.0.0 for all its addresses, or one it has.").format(host=host)
    if number in _NOT_ALLOWED:
        return _("No right to listen on port {port}: choose one above 1023 with --port.").format(port=port)
    reason = os.strerror(number) if isinstance(number, int) and number > 0 else str(error)
    return _("Cannot listen on {host} port {port}: {reason}.").format(host=host, port=port, reason=error.strerror or reason)
