"""Host names that end in `.local`, for systems whose resolver does not know multicast DNS
(RFC 6762 §3).
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address

import trio

from trio_chat.client.discovery.browsing import open_zeroconf
from trio_chat.interfaces import Interface, interfaces, multicast_sources
from trio_chat.irc.addresses import IpAddress

_TIMEOUT = 2000
"""Milliseconds for the answer."""
_DOMAIN = ".local"


def is_local_name(host: str) -> bool:
    """Return whether a host name is one of multicast DNS."""
    return host.lower().removesuffix(".").endswith(_DOMAIN)


async def local_address(
    host: str, look: Callable[[], list[Interface]] = interfaces
) -> IpAddress | None:
    """Return the address that a machine of this network answers for its name; None without one.

    Args:
        host: a name that ends in `.local`.
        look: returns the interfaces of this machine, and may block.

    Cancelled, it leaves a thread behind, which ends by itself.
    """
    own = await trio.to_thread.run_sync(look, abandon_on_cancel=True)
    networks = [each for each in own if not each.ip.is_loopback] or own
    if not networks:
        return None
    found = await trio.to_thread.run_sync(_ask, host, networks, abandon_on_cancel=True)
    near = (
        address
        for address in found
        if any(address in network.address.network for network in networks)
    )
    return next(near, None)


def _ask(host: str, networks: Iterable[Interface]) -> list[IpAddress]:
    import zeroconf  # noqa: PLC0415  # only such a name needs it
    from zeroconf import AddressResolver  # type: ignore[attr-defined]  # noqa: PLC0415

    try:
        with open_zeroconf(multicast_sources(networks)) as running:
            resolver = AddressResolver(f"{host.lower().removesuffix('.')}.")
            resolver.request(running, _TIMEOUT)
            texts = resolver.parsed_addresses()
    except (OSError, RuntimeError, zeroconf.Error):  # no network, or no valid name
        return []
    return [ip_address(text.partition("%")[0]) for text in texts]
