"""Addresses by which others can join: those of this machine's interfaces, not `0.0.0.0`."""

from collections.abc import Sequence
from ipaddress import ip_address

from trio_chat.irc.addresses import IpAddress


def own_addresses() -> list[IpAddress]:
    """Return the addresses of this machine's network interfaces. Blocks for some milliseconds: call
    it in a thread.
    """
    import ifaddr  # noqa: PLC0415  # only a server that has started needs it

    found: dict[IpAddress, None] = {}
    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:  # a sandbox may forbid the question
        return []
    for adapter in adapters:
        for entry in adapter.ips:
            found[ip_address(entry.ip if isinstance(entry.ip, str) else entry.ip[0])] = None
    return list(found)


def joinable(bound: Sequence[IpAddress], own: Sequence[IpAddress]) -> list[IpAddress]:
    """Return the addresses to announce, those of the local network first.

    Args:
        bound: the addresses that the server listens on; an unspecified one stands for all of its
            family.
        own: this machine's addresses.
    """
    addresses: dict[IpAddress, None] = {}
    for address in bound:
        if address.is_unspecified:
            same_family = (other for other in own if other.version == address.version)
            addresses.update(
                (other, None)
                for other in same_family
                if not (other.is_loopback or other.is_link_local)
            )
        elif not address.is_loopback:
            addresses[address] = None
    return sorted(
        addresses, key=lambda address: (address.version, not address.is_private, int(address))
    )
