"""This machine's network interfaces and the addresses that they have."""

import re
import socket
from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address
from typing import NamedTuple

_INTERNAL = (
    # Linux, BSD and macOS
    *("cni", "docker", "lxcbr", "lxdbr", "podman", "veth", "virbr", "vboxnet", "vmnet", "vnet"),
    *("hyper-v", "vethernet", "virtualbox", "vmware"),  # Windows
)
"""How the names of interfaces begin that lead to containers and virtual machines."""
_INTERNAL_BRIDGE = re.compile(r"br-[0-9a-f]{12}|bridge1[0-9]{2}")
"""Names that Docker, and macOS for virtual machines, give; others are of a local network, such as
`br-lan` of a router.
"""
_TUNNEL = (
    # Linux, BSD and macOS
    *("cscotun", "gif", "gpd", "ipsec", "nordlynx", "ovpn", "ppp", "proton", "tailscale"),
    *("tap", "tun", "utun", "vpn", "wg", "zt"),
    *("cloudflarewarp", "openvpn", "tap-windows", "wireguard", "wintun"),  # Windows
)
"""How the names of interfaces begin that lead into a tunnel."""
_ALONE = 31
"""The length of the prefix from which on a network of IPv4 has no room for a third machine, as that
of most tunnels (RFC 3021).
"""
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""An address that every default route leads to (RFC 5737, RFC 3849), for each family."""


class Interface(NamedTuple):
    """One address of a network interface; an interface with several occurs several times.

    Args:
        name: what the system calls it.
        address: with the length of the prefix of its network.
        scope_id: the number that the system gives the interface; 0 where it is not known.
    """

    name: str
    address: IPv4Interface | IPv6Interface
    scope_id: int = 0

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The address alone."""
        return self.address.ip

    @property
    def is_internal(self) -> bool:
        """Whether it leads to containers or virtual machines of this machine, by its name."""
        name = self.name.lower()
        return name.startswith(_INTERNAL) or _INTERNAL_BRIDGE.fullmatch(name) is not None

    @property
    def is_virtual(self) -> bool:
        """Whether it leads to no network of other people's devices: it is internal, or a tunnel."""
        is_alone = self.ip.version == 4 and self.address.network.prefixlen >= _ALONE
        return self.is_internal or is_alone or self.name.lower().startswith(_TUNNEL)


def interfaces() -> list[Interface]:
    """Return the interfaces of this machine; none where a sandbox forbids the question. Blocks for
    some milliseconds: call it in a thread.
    """
    import ifaddr  # noqa: PLC0415  # only a server that has started and a search need it

    try:
        adapters = list(ifaddr.get_adapters())
    except OSError:
        return []
    return [
        Interface(
            adapter.nice_name,
            IPv4Interface((entry.ip, entry.network_prefix))
            if isinstance(entry.ip, str)
            else IPv6Interface((entry.ip[0], entry.network_prefix)),
            adapter.index or 0,
        )
        for adapter in adapters
        for entry in adapter.ips
    ]


def multicast_sources(
    found: Iterable[Interface],
) -> list[IPv4Address | IPv6Address]:
    """Return the addresses from which multicast DNS is spoken: all of IPv4, and one of IPv6 for
    each interface, which is enough to reach its network.

    Args:
        found: the interfaces.
    """
    sources: list[IPv4Address | IPv6Address] = []
    names = set()
    for interface in found:
        if interface.ip.version == 4:
            sources.append(interface.ip)
        elif not interface.ip.is_link_local and interface.name not in names:
            names.add(interface.name)
            sources.append(interface.ip)
    return sources


def fallbacks(
    sources: Sequence[IPv4Address | IPv6Address],
) -> list[list[str]]:
    """Return lists of addresses from which to try to speak, one after the other: all, and those of
    IPv4 alone, because sockets for both versions are not possible on every system.
    """
    all_texts = [str(address) for address in sources]
    texts = [str(address) for address in sources if address.version == 4]
    return [all_texts, texts] if texts and texts != all_texts else [all_texts]


def by_preference(
    found: Iterable[Interface], default: Collection[IPv4Address | IPv6Address] = ()
) -> list[Interface]:
    """Return interfaces, the likeliest one at which others reach this machine first.

    IPv4 comes before IPv6, a network of devices before one of containers and tunnels, a local
    network before a public address, and the interface of the default route before others.

    Args:
        found: the interfaces.
        default: the addresses from which this machine sends by its default routes.
    """
    return sorted(
        found,
        key=lambda interface: (
            interface.address.version,
            interface.is_virtual,
            not interface.ip.is_private,
            interface.ip not in default,
            int(interface.ip),
        ),
    )


def default_sources() -> set[IPv4Address | IPv6Address]:
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
