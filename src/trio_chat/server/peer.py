"""The peer of a connection: its address, also behind proxies and gateways, and its encryption."""

from functools import lru_cache
from typing import NamedTuple

from trio_chat.config.settings import Network
from trio_chat.irc.addresses import parse_address

LOCAL = "127.0.0.1"
"""The address of a client on a Unix socket, which is on this machine."""


class Peer(NamedTuple):
    """The other end of a connection.

    Args:
        host: its address, as text.
        is_secure: whether the whole way is encrypted, as far as is known.
        certificate: the SHA-256 fingerprint of its client certificate, in lower-case hexadecimal,
            or "".
        is_websocket: whether it uses WebSocket.
        local: the address and port of this machine to which it has connected; None if they are
            unknown, or those of a proxy's connection.
        page_url: the address of the server's page as a client of WebSocket reaches it, with a `/`
            at its end; "" of other clients (`links.page_url_for`).
    """

    host: str
    is_secure: bool = False
    certificate: str = ""
    is_websocket: bool = False
    local: tuple[str, int] | None = None
    page_url: str = ""


LOCAL_PEER = Peer(host=LOCAL)
"""A client on a Unix socket."""


@lru_cache(maxsize=4096)
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
    if address is not None:
        for network in networks:  # a generator would take as long again
            if address in network:
                return True
    return False
