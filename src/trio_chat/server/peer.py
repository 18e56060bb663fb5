"""The peer of a connection: its real address, also behind proxies and gateways, and how safely it
has come.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from trio_chat.config.settings import Network

LOCAL = "127.0.0.1"
"""The address of who comes over a Unix socket: somebody on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a connection.

    Args:
        host: its address, as text.
        is_secure: whether all of the way is encrypted, as far as can be known.
        certificate: the SHA-256 fingerprint of the certificate it has shown, in lower-case
            hexadecimal, or "".
        is_websocket: whether it has come by WebSocket.
    """

    host: str
    is_secure: bool = False
    certificate: str = ""
    is_websocket: bool = False


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str:
    """Return an address in its usual form: without a zone, and IPv4 as such where it came in the
    form of IPv6.

    Raises:
        ValueError: it is no address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


@lru_cache(
    maxsize=4096
)  # each connection is asked about several times, and many come from few addresses
def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def is_in(host: str, networks: tuple[Network, ...]) -> bool:
    """Return whether an address is in one of these networks; what is no address is in none."""
    if not networks:
        return False
    address = _address(host)
    return address is not None and any(address in network for network in networks)
