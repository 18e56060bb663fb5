"""The PROXY protocol, versions 1 and 2: whole, in pieces, and wrong."""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.server.proxy import V2, Header, ProxyError, may_be_header, parse


def v2(command: int, family: int, block: bytes) -> bytes:
    """Return a header of version 2."""
    return V2 + struct.pack("!BBH", command, family, len(block)) + block


PORTS = struct.pack("!HH", 65533, 6667)
TCP4 = IPv4Address("192.0.2.1").packed + IPv4Address("127.0.0.1").packed + PORTS
TCP6 = IPv6Address("2001:db8::1").packed + IPv6Address("::1").packed + PORTS
SSL_TLV = struct.pack("!BHBI", 0x20, 5, 0x01, 0)


@pytest.mark.parametrize(
    ("data", "host", "is_secure"),
    [
        (b"PROXY TCP4 192.0.2.1 127.0.0.1 65533 6667\r\n", "192.0.2.1", False),
        (b"PROXY TCP6 2001:db8::1 ::1 65533 6667\r\n", "2001:db8::1", False),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 65533 6667\r\n", "192.0.2.1", False),
        (b"PROXY UNKNOWN\r\n", "", False),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", False),
        (v2(0x21, 0x11, TCP4), "192.0.2.1", False),
        (v2(0x21, 0x21, TCP6), "2001:db8::1", False),
        (v2(0x21, 0x11, TCP4 + b"\x04\x00\x01x" + SSL_TLV), "192.0.2.1", True),
        (v2(0x21, 0x11, TCP4 + struct.pack("!BHBI", 0x20, 5, 0x00, 0)), "192.0.2.1", False),
        (v2(0x21, 0x00, b""), "", False),
        (v2(0x21, 0x31, b"x" * 216), "", False),
    ],
)
def test_a_header_says_who_is_behind_the_proxy(data: bytes, host: str, is_secure: bool) -> None:
    """UNKNOWN and families without an address do not say it; what comes behind the header is not
    touched.
    """
    assert parse(data) == Header(len(data), host, is_secure)
    assert parse(data + b"NICK ann\r\n") == Header(len(data), host, is_secure)


def test_a_proxy_may_speak_for_itself() -> None:
    """LOCAL: "the receiver must accept this connection as valid and must use the real connection
    endpoints" (§2.2).
    """
    data = v2(0x20, 0x11, TCP4)
    assert parse(data) == Header(len(data), is_local=True)


@pytest.mark.parametrize(
    "data", [b"PROXY TCP4 192.0.2.1 127.0.0.1 65533 6667\r\n", v2(0x21, 0x21, TCP6 + SSL_TLV)]
)
def test_a_header_in_pieces_is_waited_for(data: bytes) -> None:
    """However few bytes there are, nothing is decided too early."""
    assert all(
        may_be_header(data[:size]) and parse(data[:size]) is None for size in range(len(data))
    )


@pytest.mark.parametrize(
    "data",
    [
        b"NICK ann\r\n",
        b"PASS x\r\n",
        b"PROXY \r\n",
        b"PROXY TCP4 192.0.2.1 127.0.0.1 65533\r\n",
        b"PROXY TCP4 2001:db8::1 ::1 65533 6667\r\n",
        b"PROXY TCP4 \xff 127.0.0.1 65533 6667\r\n",
        b"PROXY UDP4 192.0.2.1 127.0.0.1 65533 6667\r\n",
        b"PROXY TCP4 " + b"1" * 200,
        v2(0x22, 0x11, TCP4),
        v2(0x31, 0x11, TCP4),
        v2(0x21, 0x11, TCP4[:5]),
        V2 + struct.pack("!BBH", 0x21, 0x11, 5000),
    ],
)
def test_what_is_no_header(data: bytes) -> None:
    """The specification: a receiver must not guess."""
    with pytest.raises(ProxyError):
        parse(data)


@given(
    st.binary(max_size=200)
    | st.builds(bytes.__add__, st.sampled_from((V2 + b"\x21", b"PROXY ")), st.binary(max_size=200))
)
def test_any_bytes_give_a_header_or_an_error(data: bytes) -> None:
    """A header lies within what was received, and an address in it is one."""
    try:
        header = parse(data)
    except ProxyError:
        return
    if header is None:
        return
    assert header.size <= len(data)
    if header.host:
        ip_address(header.host)
