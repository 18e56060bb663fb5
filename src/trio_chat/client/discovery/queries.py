"""Queries of the UDP beacon: a broadcast into each network of IPv4, a multicast to all nodes of
each link of IPv6, and the answers of their servers.
"""

import secrets
import socket
import sys
from collections.abc import Callable, Iterable
from ipaddress import IPv4Interface, IPv6Address
from typing import Any, NamedTuple

import trio

from trio_chat.interfaces import Interface
from trio_chat.irc.addresses import IpAddress, parse_address
from trio_chat.irc.discovery import (
    ALL_NODES,
    BEACON_BYTES,
    NONCE_BYTES,
    BeaconQuery,
    ServiceRecord,
    beacon_query,
    read_answer,
)

_PAUSES = (0.4, 1.0, 2.0)
"""Seconds between the first queries, of which some get lost."""
_LAST_PAUSE = 5.0
_MOST_ANSWERS = 200
"""Datagrams that are read in one network; more of them is a flood."""


class Question(NamedTuple):
    """What is asked from one address of this machine.

    Args:
        interface: with the address.
        asks_by_ipv4: whether the same network is asked by IPv4 as well.
    """

    interface: Interface
    asks_by_ipv4: bool = False


def questions(networks: Iterable[Interface]) -> list[Question]:
    """Return the questions to ask: in each network of IPv4, and once on each link of IPv6, from an
    address that is not link-local if there is one, because servers answer with one of that kind.
    """
    found = list(networks)
    by_ipv4 = [each for each in found if each.ip.version == 4]
    names = {each.name for each in by_ipv4}
    by_ipv6 = {}
    for each in found:
        if each.ip.version == 6 and (each.name not in by_ipv6 or not each.ip.is_link_local):
            by_ipv6[each.name] = Question(each, each.name in names)
    return [*map(Question, by_ipv4), *by_ipv6.values()]


async def ask_network(
    question: Question, take: Callable[[ServiceRecord, list[IpAddress]], None], port: int
) -> None:
    """Ask the servers of a network to answer, until cancelled or until too many have.

    Args:
        question: where.
        take: called with each answer, and with the address that it came from.
        port: UDP port of the beacons.
    """
    interface = question.interface
    query = BeaconQuery(secrets.token_bytes(NONCE_BYTES), question.asks_by_ipv4)
    is_ipv4 = isinstance(interface.address, IPv4Interface)
    with trio.socket.socket(
        socket.AF_INET if is_ipv4 else socket.AF_INET6, trio.socket.SOCK_DGRAM
    ) as sock:
        try:
            everybody = await _prepare(sock, interface, port)
        except OSError:  # the interface has gone
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send, sock, beacon_query(query), everybody)
            for _number in range(_MOST_ANSWERS):
                datagram, sender = await _receive(sock)
                address = _address(sender, interface)
                if address is not None:
                    record = read_answer(datagram, query.nonce)
                    if record is not None:
                        take(record, [address])
            nursery.cancel_scope.cancel()


async def _prepare(
    sock: trio.socket.SocketType, interface: Interface, port: int
) -> tuple[Any, ...]:
    """Bind a socket to an interface; return the address of everybody there."""
    host = str(interface.ip)
    if isinstance(interface.address, IPv4Interface):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        await sock.bind((host, 0))
        return str(interface.address.network.broadcast_address), port
    index = interface.scope_id
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    await sock.bind((host, 0, 0, index if interface.ip.is_link_local else 0))
    return ALL_NODES, port, 0, index


async def _send(sock: trio.socket.SocketType, query: bytes, everybody: tuple[Any, ...]) -> None:
    pauses = iter(_PAUSES)
    while True:
        try:
            await sock.sendto(query, everybody)
        except OSError:  # no route for the moment, or a firewall forbids it
            await trio.lowlevel.checkpoint()
        await trio.sleep(next(pauses, _LAST_PAUSE))


async def _receive(sock: trio.socket.SocketType) -> tuple[bytes, tuple[Any, ...]]:
    try:
        return await sock.recvfrom(BEACON_BYTES + 1)
    except OSError:  # Windows reports that an earlier query was refused
        await trio.lowlevel.checkpoint()
        return b"", ()


def _address(sender: tuple[Any, ...], interface: Interface) -> IpAddress | None:
    """Return the address of a sender in the network of an interface, a link-local one of IPv6 with
    its zone (RFC 4007 §11); None for any other.
    """
    address = parse_address(sender[0]) if sender else None
    if isinstance(address, IPv6Address) and address.is_link_local:
        if sender[3] != interface.scope_id:
            return None
        zone = interface.scope_id if sys.platform == "win32" else interface.name
        return IPv6Address(f"{address}%{zone}")
    return address if address is not None and address in interface.address.network else None
