"""The host name of this server in the domain `.local` (RFC 6762 §3), and conflicts about it."""

import re
import socket
from collections.abc import Iterable

from trio_chat.irc.addresses import IpAddress

LOCAL = ".local"
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,56}[a-z0-9_])?\.)+local")
"""Names with labels that have room for a suffix such as `-2`."""
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9-]+")


def local_host(name: str) -> str:
    """Return the host name that ends in `.local` for a server.

    Args:
        name: the name of the server; one that ends in `.local` is the one. Otherwise it is that of
            this machine.
    """
    if _NAME.fullmatch(name.lower()):
        return name.lower()
    own = _NOT_IN_LABEL.sub("-", socket.gethostname().partition(".")[0]).strip("-").lower()
    return f"{own[:60] if own not in ('', 'localhost') else 'trio-chat'}{LOCAL}"


class HostConflict:
    """Another machine that answers the same host name, as far as one has been heard.

    Two servers that start at the same moment do not hear each other before both have the name. The
    one with the lowest address keeps it, which both can see (similar to RFC 6762 §8.2).

    Args:
        host: the name.
        addresses: with which this server answers it.
        own: all addresses of this machine.
    """

    def __init__(self, host: str, addresses: Iterable[IpAddress], own: Iterable[IpAddress]) -> None:
        self._key = f"{host}."
        self._lowest = (0, b"")
        self._own: frozenset[bytes] = frozenset()
        self.is_lost = False
        """Whether the other machine keeps the name."""
        self.move(addresses, own)

    def move(self, addresses: Iterable[IpAddress], own: Iterable[IpAddress]) -> None:
        """Follow a change of this machine's addresses."""
        packed = [address.packed for address in addresses]
        self._lowest = min((len(each), each) for each in packed)
        self._own = frozenset(packed) | {address.packed for address in own}

    def hear(self, host: str, address: bytes) -> None:
        """Take an answer from anybody, also one of our own.

        Args:
            host: in small letters, with a dot at its end.
            address: in its packed form.
        """
        if host == self._key and address not in self._own:
            self.is_lost |= (len(address), address) < self._lowest
