"""Addresses behind a proxy, as the headers of a request give them: `X-Forwarded-For`, or
`Forwarded` (RFC 7239).

Pure, and only for trusted proxies. An unreadable header of such a proxy is an error: its own
address would stand for all its clients, and is often exempt from the limits.
"""

import re
from collections.abc import Iterator, Sequence

from trio_chat.config.settings import Network
from trio_chat.server.peer import Peer, is_in, plain_address

Headers = Sequence[tuple[bytes, bytes]]

_NODE = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.~-]+)?)\]|(?P<v4>[0-9.]+))(?::(?:[0-9]{1,5}|_[\w.-]+))?",
    re.ASCII,
)
_PAIR = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^",;\s]*)\s*')
_PORT = re.compile(r":[0-9]+$")
_SECURE = ("https", "wss")
_SIGNS = (
    b"x-forwarded-for",
    b"forwarded",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-forwarded-port",
    b"x-real-ip",
    b"via",
)
"""Headers that show that a request of a proxy is a client's."""


class UnknownClient(ValueError):
    """A proxy sent no readable address of its client; the text is for the operator."""


def address_of(text: str) -> str:
    """Return the address in one element, which may have a port: `192.0.2.1:4711`, `2001:db8::1`,
    `[2001:db8::1]:4711`.

    Raises:
        UnknownClient: there is none.
    """
    bare = text.strip().removeprefix('"').removesuffix('"')
    match = _NODE.fullmatch(bare)
    try:
        return plain_address((match["v6"] or match["v4"]) if match else bare)
    except ValueError:
        raise UnknownClient(f"no address: {text.strip()[:64]!r}") from None


def client_behind(peer: Peer, headers: Headers, proxies: tuple[Network, ...]) -> Peer:
    """Return the client behind a proxy; a peer that is no trusted proxy, or a proxy that connects
    itself, is returned as it is.

    Args:
        peer: the peer that has sent the request.
        headers: of the request, their names in small letters.
        proxies: the trusted ones.

    Raises:
        UnknownClient: the proxy has a client, and sends no address of it, or two different ones.
    """
    if not is_in(peer.host, proxies) or not any(name in _SIGNS for name, _ in headers):
        return peer
    found = {_last_stranger(chain, proxies) for chain in _chains(headers)}
    if len(found) != 1:
        raise UnknownClient(
            "X-Forwarded-For and Forwarded name different clients"
            if found
            else "no X-Forwarded-For"
        )
    protocols = [
        word.strip().lower() for word in _values(headers, b"x-forwarded-proto") if word.strip()
    ]
    protocols = protocols or [
        pairs["proto"].lower() for pairs in _forwarded(headers) if "proto" in pairs
    ]
    is_secure = all(word in _SECURE for word in protocols) if protocols else peer.is_secure
    return peer._replace(host=found.pop(), is_secure=is_secure)


def host_behind(peer: Peer, headers: Headers, proxies: tuple[Network, ...]) -> str:
    """Return the host that a browser has requested from a trusted proxy, with its port if the proxy
    sends that; "" when the proxy does not send the host.
    """
    if not is_in(peer.host, proxies):
        return ""
    named = [
        *_values(headers, b"x-forwarded-host"),
        *(pairs.get("host", "") for pairs in _forwarded(headers)),
    ]
    host = next((host.strip() for host in named if host.strip()), "")
    port = next(iter(_values(headers, b"x-forwarded-port")), "").strip()
    return f"{host}:{port}" if host and port.isdecimal() and not _PORT.search(host) else host


def _last_stranger(chain: list[str], proxies: tuple[Network, ...]) -> str:
    """Return the last address of a chain that is no trusted proxy: a client can invent those before
    it.
    """
    for text in reversed(chain):
        host = address_of(text)
        if not is_in(host, proxies):
            break
    return host


def _chains(headers: Headers) -> Iterator[list[str]]:
    """Return the chains of addresses: one for each kind of header that is there."""
    if any(name == b"x-forwarded-for" for name, _ in headers):
        yield _values(headers, b"x-forwarded-for")
    if any(name == b"forwarded" for name, _ in headers):
        yield [pairs.get("for", "") for pairs in _forwarded(headers)] or [""]


def _values(headers: Headers, wanted: bytes) -> list[str]:
    """Return the elements of a header that is a list, or is there several times, which means the
    same (RFC 9110 §5.3).
    """
    lines = [value.decode("ascii", "replace") for name, value in headers if name == wanted]
    return ",".join(lines).split(",") if lines else []


def _forwarded(headers: Headers) -> list[dict[str, str]]:
    """Return the elements of `Forwarded`; one that is not understood is empty, and so is all that
    follows it.
    """
    text = ",".join(
        value.decode("ascii", "replace") for name, value in headers if name == b"forwarded"
    )
    elements: list[dict[str, str]] = [{}] if text else []
    position = 0
    while position < len(text):
        match = _PAIR.match(text, position)
        end = match.end() if match else len(text)
        if match is None or text[end : end + 1] not in ("", ",", ";"):
            return [*elements, {}]
        elements[-1][match[1].lower()] = match[2].strip('"').replace("\\", "")
        if text[end : end + 1] == ",":
            elements.append({})
        position = end + 1
    return elements
