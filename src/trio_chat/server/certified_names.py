"""Names and addresses for the server's certificate, and the ones that its authority is limited to.

Functions are pure, but for `of_this_machine`.
"""

import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from trio_chat.config import Settings
from trio_chat.irc.addresses import IpAddress, parse_address
from trio_chat.server.addresses import own_addresses

MOST = 100
"""Names, and addresses, in one certificate: a machine with containers has hundreds, and every
handshake sends them.
"""
_LIKELIEST = 20
LOCAL_NAMES = ("local", "localhost")
"""Domains that mean something in one network only (RFC 6762, RFC 6761 §6.3)."""
LOCAL_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",  # private (RFC 1918)
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",  # shared (RFC 6598), also those of private networks such as Tailscale
            "169.254.0.0/16",  # link-local (RFC 3927)
            "127.0.0.0/8",
            "fc00::/7",  # unique local (RFC 4193)
            "fe80::/10",  # link-local (RFC 4291)
            "::1/128",
            "192.0.2.0/24",  # for examples (RFC 5737, RFC 3849), and used in laboratories
            "198.51.100.0/24",
            "203.0.113.0/24",
            "2001:db8::/32",
        ),
    )
)
"""Networks whose addresses mean something in one network only."""
_Item = TypeVar("_Item")
_NAME = re.compile(r"(?=.{1,253}\Z)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*"
                   r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # fmt: skip


class SubjectNames(NamedTuple):
    """What a certificate is for.

    Args:
        names: of hosts, in small letters and ASCII (A-labels); the first one may begin with `*.`.
        addresses: without a zone.
    """

    names: tuple[str, ...] = ()
    addresses: tuple[IpAddress, ...] = ()

    def covers(self, other: "SubjectNames") -> bool:
        """Return whether nothing of another one is missing here."""
        return set(self.names) >= set(other.names) and set(self.addresses) >= set(other.addresses)


class Machine(NamedTuple):
    """A machine on which the server runs.

    Args:
        name: its name.
        addresses: its addresses, the likeliest for others first.
        local_host: the name that multicast DNS answers for the server; "" for none.
    """

    name: str
    addresses: Sequence[IpAddress]
    local_host: str = ""


def of_this_machine() -> Machine:
    """Return the name and the addresses of this machine. Blocks for some milliseconds: call it in a
    thread.
    """
    return Machine(socket.gethostname(), own_addresses(with_internal=True))


def subject_names(settings: Settings, machine: Machine) -> SubjectNames:
    """Return what the server's certificate is to be for: all names and addresses by which the
    server is reached, as far as they are known to it, the configured ones first.

    A public address is among them only when it is configured.
    """
    names, addresses = _configured(settings)
    guessed = [settings.server.name, machine.local_host, "localhost"]
    if parse_address(machine.name) is None:
        guessed[2:2] = [machine.name, f"{machine.name.partition('.')[0]}.local"]
    names += [name for name in map(_canonical, guessed) if name and not may_be_public_suffix(name)]
    local = [one for one in _reachable(settings, machine.addresses) if is_local(one)]
    # The likeliest come first, and of the others always the same ones, in whatever order they are.
    addresses += local[:_LIKELIEST]
    addresses += sorted(local, key=lambda one: (not one.is_loopback, one.version, int(one)))
    return SubjectNames(_bounded(names), _bounded(addresses))


def configured_names(settings: Settings) -> SubjectNames:
    """Return the names and addresses of the server that stand in config.ini."""
    names, addresses = _configured(settings)
    return SubjectNames(_bounded(names), _bounded(addresses))


def permitted(settings: Settings, machine: Machine) -> SubjectNames:
    """Return the names and addresses besides the local ones for which the authority can issue
    certificates: the server's own.
    """
    wanted = subject_names(settings, machine)
    names = (name.removeprefix("*.") for name in wanted.names)
    return SubjectNames(
        _bounded([name for name in names if not is_within(name, LOCAL_NAMES)]),
        tuple(address for address in wanted.addresses if not is_local(address)),
    )


def is_local(address: IpAddress) -> bool:
    """Return whether an address means something in one network only."""
    return any(
        address in network for network in LOCAL_NETWORKS if network.version == address.version
    )


def is_within(name: str, domains: Iterable[str]) -> bool:
    """Return whether a name is one of some domains, or below one of them (RFC 5280 §4.2.1.10)."""
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def may_be_public_suffix(name: str) -> bool:
    """Return whether a name has one label that could be a top-level domain, such as `dev`.

    An authority for it could issue certificates for everybody below that domain. Top-level domains
    consist of letters, or begin with `xn--` (RFC 3696 §2).
    """
    return name != "localhost" and (name.isalpha() or ("." not in name and name.startswith("xn--")))


def _configured(settings: Settings) -> tuple[list[str], list[IpAddress]]:
    """Return the names and addresses that stand in config.ini."""
    server = settings.server
    written = [urlsplit(server.url).hostname or "", *server.allowed_hosts, *_bound(settings)]
    names, addresses = [], []
    for host in written:
        address = parse_address(host)
        if address is None:
            name = _canonical(host)
            if name and name != "any" and not _is_too_wide(name):
                names.append(name)
        elif not address.is_unspecified:
            addresses.append(address)
    return names, addresses


def _is_too_wide(name: str) -> bool:
    """Return whether a pattern covers everybody below what may be a top-level domain."""
    return name.startswith("*.") and may_be_public_suffix(name.removeprefix("*."))


def _bound(settings: Settings) -> Iterator[str]:
    """Yield the hosts that the server listens on, as they are written."""
    yield from settings.server.host
    for listener in settings.listeners:
        if listener.path is None:
            yield from listener.host


def _reachable(settings: Settings, own: Sequence[IpAddress]) -> Iterator[IpAddress]:
    """Yield the addresses of this machine on which the server listens."""
    bound = list(map(parse_address, _bound(settings)))
    for address in own:
        if any(
            other is None  # a name stands for any of the addresses
            or other == address
            or (other.is_unspecified and other.version == address.version)
            for other in bound
        ):
            yield address


def _canonical(name: str) -> str:
    """Return a name as certificates have it; "" when it cannot be in one."""
    import idna  # noqa: PLC0415  # slow, and most names are ASCII

    name = name.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return ""
    return name if _NAME.fullmatch(name) and parse_address(name) is None else ""


def _bounded(items: Sequence[_Item]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(items))[:MOST]
