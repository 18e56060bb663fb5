"""IP addresses as text: read from what clients, proxies and operators write, and written with a
port.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

IpAddress = IPv4Address | IPv6Address


# Each connection is looked up several times, and many come from few addresses.
@lru_cache(maxsize=4096)
def parse_address(text: str) -> IpAddress | None:
    """Return an address without its zone, and an IPv4-mapped one (RFC 4291 §2.5.5.2) as IPv4; None
    when the text is no address.
    """
    text = text.partition("%")[0]
    if ":" not in text and not text[-1:].isdigit():  # as most hosts of masks; an exception is slow
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=4096)
def rate_limit_key(host: str) -> str:
    """Return what a host is counted by: its IPv4 address, or the /64 of its IPv6 address, which one
    subscriber has; anything else as it is.
    """
    address = parse_address(host)
    if isinstance(address, IPv6Address):
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address) if address is not None else host


def format_address(host: IpAddress | str, port: int) -> str:
    """Return a host with a port, an IPv6 address in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
