"""The peer of a connection: its real address, also behind proxies and gateways, and how safely it
has come.
"""

from dataclasses import dataclass

from trio_chat.config.settings import Network
from trio_chat.irc.addresses import parse_address

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


def plain_address(text: str) -> str:
    """Return an address in its usual form; see `parse_address`.

    Raises:
        ValueError: it is no address.
    """
    if (address := parse_address(text)) is None:
        raise ValueError(f"{text!r} is no address")
    return str(address)


def is_in(host: str, networks: tuple[Network, ...]) -> bool:
    """Return whether an address is in one of these networks; what is no address is in none."""
    if not networks:
        return False
    address = parse_address(host)
    return address is not None and any(address in network for network in networks)
