"""Queries of the UDP beacon: a broadcast into each network, and the answers of its servers."""

import secrets
from collections.abc import Callable
from ipaddress import IPv4Interface

import trio

from trio_chat.interfaces import Interface
from trio_chat.irc.addresses import IpAddress, parse_address
from trio_chat.irc.discovery import (
    BEACON_BYTES,
    NONCE_BYTES,
    ServiceRecord,
    beacon_query,
    read_answer,
)

_PAUSES = (0.4, 1.0, 2.0)
"""Seconds between the first queries, of which some get lost."""
_LAST_PAUSE = 5.0
_MOST_ANSWERS = 200
"""Datagrams that are read in one network; more of them is a flood."""


async def ask_network(
    interface: Interface, take: Callable[[ServiceRecord, list[IpAddress]], None], port: int
) -> None:
    """Ask the servers of a network to answer, until cancelled or until too many have.

    Args:
        interface: of IPv4, which has broadcasts.
        take: called with each answer, and with the address that it came from.
        port: UDP port of the beacons.
    """
    if not isinstance(interface.address, IPv4Interface):
        return
    network = interface.address.network
    nonce = secrets.token_bytes(NONCE_BYTES)
    sock = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
    with sock:
        try:
            sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_BROADCAST, 1)
            await sock.bind((str(interface.ip), 0))
        except OSError:  # the interface has gone
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                _send, sock, beacon_query(nonce), str(network.broadcast_address), port
            )
            for _number in range(_MOST_ANSWERS):
                datagram, address = await _receive(sock)
                if address is not None and address in network:
                    record = read_answer(datagram, nonce)
                    if record is not None:
                        take(record, [address])
            nursery.cancel_scope.cancel()


async def _send(sock: trio.socket.SocketType, query: bytes, broadcast: str, port: int) -> None:
    pauses = iter(_PAUSES)
    while True:
        try:
            await sock.sendto(query, (broadcast, port))
        except OSError:  # no route for the moment, or a firewall forbids it
            await trio.lowlevel.checkpoint()
        await trio.sleep(next(pauses, _LAST_PAUSE))


async def _receive(sock: trio.socket.SocketType) -> tuple[bytes, IpAddress | None]:
    try:
        datagram, sender = await sock.recvfrom(BEACON_BYTES + 1)
    except OSError:  # Windows reports that an earlier query was refused
        await trio.lowlevel.checkpoint()
        return b"", None
    return datagram, parse_address(sender[0])
