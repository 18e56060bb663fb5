"""The PROXY protocol, versions 1 and 2: a header in which a proxy sends the address of its client.

Pure: bytes in, an address out. The caller decides whether a proxy is trusted.
(https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt)
"""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from trio_chat.server.peer import plain_address

V1 = b"PROXY "
V2 = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = V2 + b"\x20\x00\x00\x00"
"""A header of version 2 for a connection of the proxy itself, such as a health check."""
_LONGEST_V1 = 107
_LONGEST_V2 = 4096
"""Bytes behind the fixed part that are taken: addresses take at most 36, the rest is what proxies
add.
"""
_TLV_SSL = 0x20
_CLIENT_SSL = 0x01
_SOURCE = {0x11: 4, 0x21: 16}
"""The bytes of an address, by family and protocol: TCP over IPv4 and over IPv6."""


class ProxyError(ValueError):
    """The bytes are no header of the PROXY protocol."""


class Header(NamedTuple):
    """A header of the PROXY protocol.

    Args:
        size: bytes of the header.
        host: the address of the client behind it; "" when there is none, or the proxy does not know
            it.
        is_secure: whether the client's connection to the proxy is encrypted.
        is_local: whether the connection is the proxy's own, such as a health check.
    """

    size: int
    host: str = ""
    is_secure: bool = False
    is_local: bool = False


def may_be_header(data: bytes) -> bool:
    """Return whether the first bytes of a connection are, or could become, a header."""
    return data[: len(V1)] == V1[: len(data)] or data[: len(V2)] == V2[: len(data)]


def parse(data: bytes) -> Header | None:
    """Read a header from the first bytes of a connection; None when more bytes are needed.

    Raises:
        ProxyError: it is none.
    """
    if not may_be_header(data):
        raise ProxyError("not the PROXY protocol")
    if data.startswith(V1):
        return _parse_v1(data)
    return _parse_v2(data) if data.startswith(V2) else None


def _parse_v1(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, _LONGEST_V1)
    if end < 0:
        if len(data) >= _LONGEST_V1:
            raise ProxyError("a line of version 1 that does not end")
        return None
    words = data[:end].split(b" ")
    if words[1] == b"UNKNOWN":
        return Header(end + 2)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise ProxyError("a line of version 1 that is not understood")
    try:
        kind = IPv4Address if words[1] == b"TCP4" else IPv6Address
        return Header(end + 2, plain_address(str(kind(words[2].decode("ascii")))))
    except ValueError as error:
        raise ProxyError("a line of version 1 without an address") from error


def _parse_v2(data: bytes) -> Header | None:
    fixed = len(V2) + 4
    if len(data) < fixed:
        return None
    command, family, length = struct.unpack_from("!BBH", data, len(V2))
    if command not in (0x20, 0x21) or length > _LONGEST_V2:
        raise ProxyError("a header of version 2 that is not understood")
    if len(data) < fixed + length:
        return None
    size = fixed + length
    address_bytes = _SOURCE.get(family, 0)
    if (
        command == 0x20
        # LOCAL: "the receiver must accept this connection as valid and must use the real connection
        # endpoints"
    ):
        return Header(size, is_local=True)
    if not address_bytes:  # a family that has no address for us
        return Header(size)
    block = data[fixed:size]
    tlvs = 2 * address_bytes + 4
    if len(block) < tlvs:
        raise ProxyError("a header of version 2 that ends within an address")
    source = block[:address_bytes]
    host = plain_address(str(IPv4Address(source) if address_bytes == 4 else IPv6Address(source)))
    return Header(size, host, _came_encrypted(block[tlvs:]))


def _came_encrypted(block: bytes) -> bool:
    while len(block) >= 3:
        kind, length = struct.unpack_from("!BH", block)
        if kind == _TLV_SSL and length:
            return bool(block[3] & _CLIENT_SSL) if len(block) > 3 else False
        block = block[3 + length :]
    return False
