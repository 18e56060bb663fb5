"""Addresses that a push service, or the receiver of a webhook, may have: public ones, because a
user chooses the endpoint, and must not reach the network of the server by it (server-side request
forgery).
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from trio_chat.irc.addresses import IpAddress

_NAT64 = ip_network("64:ff9b::/96")
"""Addresses that a NAT64 translates to the IPv4 address in their last 32 bits (RFC 6052)."""
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
"""The same for translators of a local network (RFC 8215)."""


def is_public(address: IpAddress | str) -> bool:
    """Return whether an address is one of the public Internet, as is every IPv4 address in it."""
    if isinstance(address, str):
        try:
            address = ip_address(address.partition("%")[0])
        except ValueError:
            return False
    if isinstance(address, IPv6Address):
        if (embedded := _embedded(address)) is not None:
            return is_public(embedded)
        if address in _LOCAL_NAT64 or address.is_site_local or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to an IPv6 address may arrive at, or None."""
    if address in _NAT64 or int(address) >> 32 == 0:  # the latter are IPv4-compatible addresses
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
