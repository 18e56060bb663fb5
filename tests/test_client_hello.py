"""The ClientHello: what it offers by ALPN, in whatever pieces it comes, and hostile ones."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tls_fakes import client_context
from trio_chat.server.client_hello import offered_protocols

BROWSER = ["h2", "http/1.1"]


def hello(protocols: list[str], version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """Return what OpenSSL sends first."""
    context = client_context()
    context.minimum_version = context.maximum_version = version
    if protocols:
        context.set_alpn_protocols(protocols)
    reading, writing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(reading, writing, server_hostname="chat.example.org")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return writing.read()


def in_records(data: bytes, size: int) -> bytes:
    """Return the same message in records of some bytes."""
    message = data[5:]
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(data[:3] + len(piece).to_bytes(2) + piece for piece in pieces)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("protocols", [[], ["irc"], BROWSER])
def test_what_a_client_offers_is_read(version: ssl.TLSVersion, protocols: list[str]) -> None:
    """As OpenSSL writes it for each version of TLS."""
    assert offered_protocols(hello(protocols, version)) == [name.encode() for name in protocols]


def test_more_bytes_are_waited_for() -> None:
    """A network may cut the message anywhere, and a client may cut it into records."""
    data = hello(BROWSER)
    for size in (1, 7, 200, 10_000):
        whole = in_records(data, size)
        for end in range(len(whole)):
            assert offered_protocols(whole[:end]) is None
        assert offered_protocols(whole) == [b"h2", b"http/1.1"]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",  # an alert
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",  # a ServerHello
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",  # 16 MiB
        b"\x16\x03\x01\x00\x00" * 4000,  # nothing, for ever
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ],
)
def test_anything_else_offers_nothing(data: bytes) -> None:
    """OpenSSL then says what is wrong with it."""
    assert offered_protocols(data) == []


@given(st.integers(5, 200), st.binary(min_size=1, max_size=8), st.integers(0, 600))
def test_damaged_ones_are_harmless(at: int, damage: bytes, end: int) -> None:
    """Any lengths and any end, without an error."""
    data = hello(BROWSER)
    for damaged in (data[:at] + damage + data[at + len(damage) :], data[:at] + data[at:end]):
        offered = offered_protocols(damaged)
        assert offered is None or all(isinstance(name, bytes) for name in offered)


@given(st.binary(max_size=300))
def test_any_extensions_are_harmless(data: bytes) -> None:
    """Behind a beginning that is well-formed."""
    body = bytes(34) + b"\x00\x00\x02\x13\x01\x01\x00" + data
    message = b"\x01" + len(body).to_bytes(3) + body
    assert offered_protocols(b"\x16\x03\x01" + len(message).to_bytes(2) + message) is not None
