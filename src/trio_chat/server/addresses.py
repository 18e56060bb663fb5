"""Addresses by which others can join: those of this machine's interfaces, not `0.0.0.0`."""

from collections.abc import Sequence

from trio_chat.interfaces import by_preference, default_sources, interfaces
from trio_chat.irc.addresses import IpAddress


def own_addresses(*, with_internal: bool = False) -> list[IpAddress]:
    """Return the addresses of this machine's network interfaces, the likeliest for others first.
    Blocks for some milliseconds: call it in a thread.

    Args:
        with_internal: whether those are among them at which only containers and virtual machines of
            this machine can reach it.
    """
    default = default_sources()
    ordered = by_preference(interfaces(), default)
    return list(
        dict.fromkeys(
            interface.ip
            for interface in ordered
            # A virtual switch that has the default route leads to the local network.
            if with_internal or not interface.is_internal or interface.ip in default
        )
    )


def joinable(bound: Sequence[IpAddress], own: Sequence[IpAddress]) -> list[IpAddress]:
    """Return the addresses to announce, in the order of those that are bound, then of its own.

    Link-local addresses of IPv4 are among them when there are no others, as between two machines
    with one cable (RFC 3927). Those of IPv6 mean nothing without the name of an interface.

    Args:
        bound: the addresses that the server listens on; an unspecified one stands for all of its
            family.
        own: this machine's addresses, the likeliest first.
    """
    addresses: dict[IpAddress, None] = {}
    link_local: dict[IpAddress, None] = {}
    for address in bound:
        if address.is_unspecified:
            for other in own:
                if other.version == address.version and not other.is_loopback:
                    (link_local if other.is_link_local else addresses)[other] = None
        elif not address.is_loopback:
            addresses[address] = None
    return list(addresses) or [address for address in link_local if address.version == 4]
