"""The ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2): what a client offers by ALPN, and so which
certificate it receives.

It is read before OpenSSL reads it. With TLS 1.2, OpenSSL has chosen the certificate before its
callback for ALPN is called.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from OpenSSL import SSL

_HTTP = b"http/1.1"
"""What a browser offers by ALPN (RFC 7301)."""
_LONGEST = 16_384
"""Bytes of a ClientHello; with keys for post-quantum algorithms it has some two thousand."""
_RECORD_HEADER, _MESSAGE_HEADER = 5, 4
_HANDSHAKE, _CLIENT_HELLO, _ALPN = 22, 1, 16
_VERSION_AND_RANDOM = 34


class ServerContexts(NamedTuple):
    """What connections are encrypted with.

    Args:
        usual: for most clients.
        for_browsers: for those that offer `http/1.1`; None when they get the same.
    """

    usual: "SSL.Context"
    for_browsers: "SSL.Context | None" = None

    def choose(self, received: bytes) -> "SSL.Context | None":
        """Return what a client gets; None when more of its bytes are needed.

        Args:
            received: from the beginning of its connection.
        """
        if self.for_browsers is None:
            return self.usual
        offered = offered_protocols(received)
        if offered is None:
            return None
        return self.for_browsers if _HTTP in offered else self.usual


def offered_protocols(received: bytes) -> list[bytes] | None:
    """Return the protocols that a ClientHello offers; none where it is malformed, or something
    else, which OpenSSL will find out. None when more bytes are needed.

    Args:
        received: from the beginning of a connection.
    """
    hello = _message(received)
    if hello is None:
        return None
    try:
        return _protocols(_extension(hello, _ALPN))
    except ValueError:
        return []


def _message(received: bytes) -> bytes | None:
    """Return a ClientHello without its header, which may be in several records; b"" where there is
    none, None when more bytes are needed.
    """
    message, at = b"", 0
    while True:
        record = received[at : at + _RECORD_HEADER]
        if record[:1] not in (b"", bytes([_HANDSHAKE])) or at > _LONGEST:
            return b""
        if len(record) < _RECORD_HEADER:
            return None
        end = at + _RECORD_HEADER + int.from_bytes(record[3:])
        message += received[at + _RECORD_HEADER : end]
        size = int.from_bytes(message[1:_MESSAGE_HEADER])
        if message[:1] not in (b"", bytes([_CLIENT_HELLO])) or size > _LONGEST:
            return b""
        if len(message) >= _MESSAGE_HEADER + size > _MESSAGE_HEADER:
            return message[_MESSAGE_HEADER : _MESSAGE_HEADER + size]
        if len(received) < end:
            return None
        at = end


def _extension(hello: bytes, wanted: int) -> bytes:
    """Return the contents of an extension; b"" without it.

    Raises:
        ValueError: the message is malformed.
    """
    rest = hello[_VERSION_AND_RANDOM:]
    for size in (1, 2, 1):  # the session, the ciphers, the ways of compression
        _, rest = _vector(rest, size)
    extensions, _ = _vector(rest, 2) if rest else (b"", b"")
    while extensions:
        contents, following = _vector(extensions[2:], 2)
        if int.from_bytes(extensions[:2]) == wanted:
            return contents
        extensions = following
    return b""


def _protocols(contents: bytes) -> list[bytes]:
    """Return the names in an extension for ALPN (RFC 7301 §3.1)."""
    names, offered = _vector(contents, 2)[0] if contents else b"", []
    while names:
        name, names = _vector(names, 1)
        offered.append(name)
    return offered


def _vector(data: bytes, size: int) -> tuple[bytes, bytes]:
    """Return a vector that begins with its length (RFC 8446 §3.4), and what follows it.

    Raises:
        ValueError: it is not complete.
    """
    end = size + int.from_bytes(data[:size])
    if len(data) < max(end, size):
        raise ValueError("a vector ends too early")
    return data[size:end], data[end:]
