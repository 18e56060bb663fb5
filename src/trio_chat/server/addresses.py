"""Addresses by which others can join: those of this machine's interfaces, not `0.0.0.0`."""

from collections.abc import Sequence

from trio_chat.interfaces import by_preference, default_sources, interfaces
from trio_chat.irc.addresses import IpAddress


def own_addresses() -> list[IpAddress]:
    """Return the addresses of this machine's network interfaces, the likeliest for others first.
    Blocks for some milliseconds: call it in a thread.
    """
    ordered = by_preference(interfaces(), default_sources())
    return list(dict.fromkeys(interface.ip for interface in ordered))


def joinable(bound: Sequence[IpAddress], own: Sequence[IpAddress]) -> list[IpAddress]:
    """Return the addresses to announce, in the order of those that are bound, then of its own.

    Args:
        bound: the addresses that the server listens on; an unspecified one stands for all of its
            family.
        own: this machine's addresses, the likeliest first.
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
    return list(addresses)
