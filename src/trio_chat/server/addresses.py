"""Addresses by which others can join: those of this machine's interfaces, not `0.0.0.0`."""

import socket
from collections.abc import Collection, Iterable, Sequence
from ipaddress import ip_address

from trio_chat.irc.addresses import IpAddress

_VIRTUAL = (
    # Linux, BSD and macOS: containers, virtual machines, tunnels
    *("br-", "cni", "docker", "lxcbr", "lxdbr", "podman", "veth", "virbr"),
    *("vboxnet", "vmnet", "vnet", "gif", "ppp", "tailscale", "tap", "tun", "utun", "wg", "zt"),
    # Windows
    *("hyper-v", "tap-windows", "vethernet", "virtualbox", "vmware", "wireguard", "wintun"),
)
"""How the names of interfaces begin that lead to no network of other people's devices."""
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""An address that every default route leads to (RFC 5737, RFC 3849), for each family."""


def own_addresses() -> list[IpAddress]:
    """Return the addresses of this machine's network interfaces, the likeliest for others first.
    Blocks for some milliseconds: call it in a thread.
    """
    import ifaddr  # noqa: PLC0415  # only a server that has started needs it

    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:  # a sandbox may forbid the question
        return []
    found = [
        (adapter.nice_name, ip_address(entry.ip if isinstance(entry.ip, str) else entry.ip[0]))
        for adapter in adapters
        for entry in adapter.ips
    ]
    return by_preference(found, _default_sources())


def by_preference(
    found: Iterable[tuple[str, IpAddress]], default: Collection[IpAddress] = ()
) -> list[IpAddress]:
    """Return addresses, the likeliest one at which others reach this machine first.

    IPv4 comes before IPv6, a network of devices before one of containers and tunnels, a local
    network before a public address, and the interface of the default route before others.

    Args:
        found: the names of interfaces, and an address of each.
        default: the addresses from which this machine sends by its default routes.
    """

    def rank(entry: tuple[str, IpAddress]) -> tuple[bool | int, ...]:
        name, address = entry
        return (
            address.version,
            name.lower().startswith(_VIRTUAL),
            not address.is_private,
            address not in default,
            int(address),
        )

    return list(dict.fromkeys(address for _name, address in sorted(found, key=rank)))


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


def _default_sources() -> set[IpAddress]:
    """Return the addresses from which this machine sends by its default routes."""
    found = set()
    for family, elsewhere in _ELSEWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.connect((elsewhere, 9))  # sends nothing
                found.add(ip_address(sock.getsockname()[0].partition("%")[0]))
        except OSError:  # no such route, or no such family
            continue
    return found
