"""Connections whose first bytes are there when they are accepted."""

import socket
from ipaddress import ip_network

import pytest
import trio
from trio.testing import memory_stream_pair

from edge import HELLO, Edge, End, edge
from trio_chat.config import GatewaySettings, ListenerSettings, ServerSettings, Settings
from trio_chat.server.detection import is_irc_at_once
from trio_chat.server.peer import Peer
from trio_chat.server.poller import TaskPoller
from trio_chat.server.transport import SocketTransport, StreamTransport

PLAIN = ListenerSettings(name="")
GATEWAY = GatewaySettings(name="web", addresses=(ip_network("192.0.2.0/24"),), password="x")


def connect(
    nursery: trio.Nursery, here: Edge, ahead: bytes, listener: ListenerSettings = PLAIN
) -> End:
    """Return the client's end of a new connection on which bytes have arrived already."""
    ours, theirs = memory_stream_pair()
    nursery.start_soon(
        here.server.openings.serve,
        StreamTransport(theirs),
        Peer(host="192.0.2.9"),
        listener,
        lambda: ahead,
    )
    return End(ours)


@pytest.mark.parametrize(
    ("data", "listener", "gateways", "is_irc"),
    [
        (b"NICK ann\r\n", PLAIN, (), True),
        (b"N", PLAIN, (), True),
        (b"", PLAIN, (), False),
        (b"P", PLAIN, (), False),
        (b"\x16\x03\x01", PLAIN, (), False),
        (b"GET / HTTP/1.1\r\n", PLAIN, (), False),
        (b"NICK ann\r\n", ListenerSettings(name="", tls="required"), (), False),
        (b"NICK ann\r\n", ListenerSettings(name="", tls="off"), (), True),
        (b"WEBIRC x\r\n", PLAIN, (GATEWAY,), False),
    ],
)
def test_irc_is_spoken_at_once_where_nothing_comes_before(
    data: bytes, listener: ListenerSettings, gateways: tuple[GatewaySettings, ...], is_irc: bool
) -> None:
    """TLS, HTTP, a gateway's line and ambiguous bytes go through the detection."""
    assert is_irc_at_once(data, listener, gateways) is is_irc


async def test_what_is_there_and_what_comes_are_one_stream(nursery: trio.Nursery) -> None:
    """The first bytes may end within a line."""
    async with edge() as here:
        ann = connect(nursery, here, HELLO[:12])
        await ann.send(HELLO[12:])
        assert (await ann.until("001")).params[0] == "ann"


async def test_a_request_may_be_there_in_part(nursery: trio.Nursery) -> None:
    """The detection goes on with what comes."""
    async with edge() as here:
        ann = connect(nursery, here, b"GE")
        await ann.send(b"T /nothing HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
        assert (await ann.rest()).startswith(b"HTTP/1.1 404")


async def test_lines_are_refused_at_once_where_tls_is_required(nursery: trio.Nursery) -> None:
    """What has arrived already makes no exception."""
    async with edge() as here:
        ann = connect(nursery, here, HELLO, ListenerSettings(name="", tls="required"))
        assert b"(Use TLS: this port takes no plain text)" in await ann.rest()


async def test_a_proxys_header_is_read_although_lines_are_there(nursery: trio.Nursery) -> None:
    """The lines after the header are of the client that it names, and who speaks without is not
    served where a header must come.
    """
    header = b"PROXY TCP4 198.51.100.7 192.0.2.9 1 2\r\n"
    listener = ListenerSettings(name="", proxy=True)
    async with edge() as here:
        ann = connect(nursery, here, header + HELLO, listener)
        assert b"@198.51.100.7" in (await ann.until("001")).params[1].encode()
        bob = connect(nursery, here, HELLO, listener)
        assert b"001" not in await bob.rest()
    proxies = Settings(server=ServerSettings(proxies=GATEWAY.addresses))
    async with edge(proxies) as here:
        eve = connect(nursery, here, header + HELLO)
        assert b"@198.51.100.7" in (await eve.until("001")).params[1].encode()


def test_a_socket_tells_what_has_arrived() -> None:
    """Nothing yet, bytes, and the end, which `receive` reports."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport = SocketTransport(theirs, TaskPoller())
        assert transport.receive_nowait() == b""
        ours.send(b"NICK ann\r\n")
        assert transport.receive_nowait() == b"NICK ann\r\n"
        ours.close()
        assert transport.receive_nowait() == b""
        theirs.close()
        assert transport.receive_nowait() == b""
