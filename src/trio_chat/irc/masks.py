"""Masks such as `*!*@192.0.2.*`: the patterns of ban lists, WHO and LIST (RFC 2812 §2.5).

The host of a mask can be a network such as `*!*@192.0.2.0/24` (CIDR, RFC 4632 §3.1), which covers
the addresses in it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, NamedTuple

from trio_chat.irc.addresses import parse_address

Network = IPv4Network | IPv6Network

_ADDRESS: Final = re.compile(
    r"(?:[0-9]{1,3}\.){3}(?:[0-9]{1,3}|\*)|(?:[0-9a-f]{1,4}:){3}[0-9a-f:*]*", re.ASCII
)

_NUMBERS: Final = re.compile(r"[0-9a-f:.\[\]]+(?:%.*)?", re.ASCII | re.IGNORECASE)
_KNOWN_PREFIX: Final = {4: 24, 6: 48}
"""By IP version, the shortest prefix whose networks also cover cloaked users: whoever can write it
nearly knows the address already.
"""


class BadMask(ValueError):
    """An invalid mask; the message is a sentence for users, without the full stop."""


def parse_network(text: str) -> Network:
    """Return a network, or that of one address; host bits are ignored, IPv4-mapped IPv6 is IPv4.

    Raises:
        BadMask: the text is neither an address nor a network.
    """
    try:
        network: Network = ip_network(text.strip("[]"), strict=False)
    except ValueError:
        raise BadMask(
            "This is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/64:"
            f" {text}"
        ) from None
    if (
        isinstance(network, IPv6Network)
        and network.network_address.ipv4_mapped
        and network.prefixlen >= 96
    ):
        network = ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


def format_network(network: Network) -> str:
    """Format a network as `parse_network` reads it; a single address without a prefix."""
    return str(network) if network.num_addresses > 1 else str(network.network_address)


def host_network(host: str) -> Network | None:
    """Return the network in the host of a mask; None for a glob, or the cloak of an account
    (`user/ann`).

    Raises:
        BadMask: the host has the form of a network and is not a valid one.
    """
    address, slash, _ = host.partition("/")
    return parse_network(host) if slash and _NUMBERS.fullmatch(address) else None


def has_network(mask: str) -> bool:
    """Return whether the host of a mask is a network."""
    try:
        return "/" in mask and host_network(mask.rpartition("@")[2]) is not None
    except BadMask:
        return False


def contains(network: Network, host: str) -> bool:
    """Return whether a host is an address in a network."""
    address = parse_address(host)
    return address is not None and address.version == network.version and address in network


class Mask(NamedTuple):
    """A complete and folded mask, parsed once to be compared often.

    Args:
        pattern: matches `nick!user@host`, or `nick!user` when the host is a network.
        network: the network in the host, or None.
        by_address: whether the mask is also compared with addresses that a cloak hides (see
            `has_address`).
    """

    pattern: re.Pattern[str]
    network: Network | None
    by_address: bool

    def covers(self, name: str, hosts: Iterable[str]) -> bool:
        """Return whether the mask matches a user or session.

        Args:
            name: the folded `nick!user`.
            hosts: the folded hosts of the user: its address, its host name, its cloak.
        """
        network = self.network
        if network is None:
            return any(self.pattern.fullmatch(f"{name}@{host}") for host in hosts)
        return bool(self.pattern.fullmatch(name)) and any(contains(network, host) for host in hosts)


def parse_mask(folded: str) -> Mask:
    """Parse a complete and folded mask; one with an invalid network is a glob that matches no
    user.
    """
    name, _, host = folded.rpartition("@")
    try:
        network = host_network(host)
    except BadMask:
        network = None
    if network is None:
        return Mask(compile_glob(folded), None, has_address(folded))
    return Mask(compile_glob(name), network, network.prefixlen >= _KNOWN_PREFIX[network.version])


def matches(mask: str, text: str) -> bool:
    """Return whether a glob (`*` any run, `?` any one character) covers the whole text.

    Both must be folded. Recently used masks are cached as compiled patterns; see `compile_glob` for
    the cost.
    """
    return _kept(mask).fullmatch(text) is not None


def compile_glob(mask: str) -> re.Pattern[str]:
    """Compile a glob to a pattern whose `fullmatch` decides whether it covers a text.

    A hostile mask takes at most len(mask) * len(text) steps, all of them in C. The pattern searches
    each piece after a `*` once, from the left, and never backtracks (atomic groups): the leftmost
    place leaves the most room for the pieces behind it. The last piece can only be at the end, and
    is compared there.
    """
    mask = _RUN.sub(_in_order, mask)
    first, *rest = (_QUESTIONS.sub(_as_count, re.escape(piece)) for piece in mask.split("*"))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    size = len(mask) - mask.rindex("*") - 1
    end = f"(?=.{{{size}}}).*+(?<={last})" if size else ".*"
    return re.compile(f"{first}{found}{end}", re.DOTALL)


_kept = lru_cache(maxsize=4096)(compile_glob)
_RUN: Final = re.compile(r"[*?]{2,}")
_QUESTIONS: Final = re.compile(r"(?:\\\?)+")


def _in_order(run: re.Match[str]) -> str:
    """Return a run of wildcards with its `?` first, so that a literal follows the `*`."""
    return "?" * run[0].count("?") + "*" * ("*" in run[0])


def _as_count(run: re.Match[str]) -> str:
    return f".{{{len(run[0]) // 2}}}"


def has_wildcard(mask: str) -> bool:
    """Return whether a mask has a wildcard, so that it can cover more than one text."""
    return "*" in mask or "?" in mask


def has_address(mask: str) -> bool:
    """Return whether the host of a mask is an address, also a shortened one (`2001:db8::1`), or has
    three of its numbers or groups: `192.0.2.*`, `2001:db8:1:*`.

    Only such a mask is compared with addresses that a cloak hides. With `*!*@1*` a channel operator
    could find out an address digit by digit.
    """
    host = mask.rpartition("@")[2]
    return bool(_ADDRESS.fullmatch(host)) or parse_address(host) is not None


def complete_mask(mask: str) -> str:
    """Return a mask as `nick!user@host`, with `*` for missing parts; a run of `*` becomes one.

    Addresses and networks get their canonical form. A host that only looks like a network is left
    unchanged.
    """
    nick, bang, rest = mask.partition("!")
    if bang:
        user, _, host = rest.partition("@")
    elif "@" in nick:
        nick, (user, _, host) = "", nick.partition("@")
    elif "." in nick or ":" in nick:
        nick, user, host = "", "", nick
    else:
        user, host = "", ""
    full = f"{nick or '*'}!{user or '*'}@{_plain_host(host) or '*'}"
    while "**" in full:
        full = full.replace("**", "*")
    return full


def _plain_host(host: str) -> str:
    address = parse_address(host.strip("[]"))
    if address is not None:
        return str(address)
    try:
        network = host_network(host)
    except BadMask:
        return host
    return host if network is None else format_network(network)
