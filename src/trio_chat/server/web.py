"""HTTP on the chat's port: the opening of a WebSocket, or a page of plain text that says how to join.

h11 reads the request, and refuses one whose head is too large. One request a connection; whoever serves it has a deadline.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import h11
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.utilities import ProtocolError

from trio_chat.config.settings import Network, ServerSettings
from trio_chat.server.peer import Peer, is_in, plain_address
from trio_chat.server.transport import Ahead, send_all
from trio_chat.server.websocket import BINARY, TEXT, WebSocketTransport

MAX_HEAD = 8192
"""Bytes of a request line with its headers."""
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")
_PAGE = """\
{network}

This is a chat. Come in with any program for IRC:

    server {host}, port {port}, with or without TLS

or with the client of trio-chat:

    trio-chat connect {host}:{port}
"""
_WEB_CLIENT = """
A web client reaches it by WebSocket, under the address of this page with ws or wss in the place of http or https.
"""

Headers = Sequence[tuple[bytes, bytes]]


class Page(Exception):  # not a mistake: a request that was answered
    """The request was answered with a page or a refusal; there is nobody to chat with. The text is its status and reason."""


async def open_websocket(
    ahead: Ahead, peer: Peer, server: ServerSettings, *, websocket: bool, tls_first: bool = False
) -> tuple[WebSocketTransport, Peer]:
    """Answer a request; return the connection and who is at its other end when it has become a WebSocket.

    Args:
        ahead: the connection.
        peer: who it comes from, perhaps a proxy.
        server: names, allowed origins and proxies.
        websocket: whether a WebSocket may be opened here.
        tls_first: whether nothing is to be said here but that one must come by TLS.

    Raises:
        Page: the request was answered with something else.
        trio.BrokenResourceError: the connection broke.
    """
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
    request = await _read_request(ahead, http)
    host = _host(request.headers)
    if tls_first:
        await _send_to_tls(ahead, http, request, host)
    if not any(value.strip().lower() == b"websocket" for name, value in request.headers if name == b"upgrade"):
        await _send_page(ahead, http, request, host, server, websocket=websocket)
    if not websocket:
        await _answer(ahead, http, 403, "there is no WebSocket on this port")
    if not _allows(server.origins, request.headers, host):
        await _answer(ahead, http, 403, "pages from that address may not come here; see [server] origins")
    ahead.data = http.trailing_data[0] + ahead.data
    return await _accept(ahead, http, request), _behind(peer, request.headers, server.proxies)


async def _read_request(ahead: Ahead, http: h11.Connection) -> h11.Request:
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            break
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            raise Page("no request")
        http.receive_data(await ahead.receive())
    await _answer(ahead, http, status, "the request is not understood")
    raise AssertionError  # an answer ends with `Page`


async def _accept(ahead: Ahead, http: h11.Connection, request: h11.Request) -> WebSocketTransport:
    opening = WSConnection(ConnectionType.SERVER)
    try:
        opening.initiate_upgrade_connection(list(request.headers), request.target)
        asked = next(event for event in opening.events() if isinstance(event, ws.Request))
        subprotocol = next((name for name in asked.subprotocols if name in (BINARY, TEXT)), None)
        answer = opening.send(ws.AcceptConnection(subprotocol=subprotocol))
    except (ProtocolError, h11.LocalProtocolError, UnicodeError, StopIteration):
        answer = b""
    if not answer:
        await _answer(ahead, http, 400, "that is no opening of a WebSocket (RFC 6455)")
    assert opening.connection is not None  # noqa: S101  # accepted
    data, ahead.data = ahead.data, b""
    opening.connection.receive_data(data)
    await send_all(ahead, answer)
    return WebSocketTransport(ahead, opening.connection, subprotocol)


async def _send_to_tls(ahead: Ahead, http: h11.Connection, request: h11.Request, host: str) -> None:
    is_path = request.target.startswith(b"/")  # anything else would become part of the host
    if request.method in (b"GET", b"HEAD") and host and is_path and not _header(request.headers, b"upgrade"):
        location = f"https://{host}{request.target.decode('ascii', 'replace')}"
        await _answer(ahead, http, 308, "come by TLS", [("Location", location)])
    await _answer(ahead, http, 426, "come by TLS", [("Upgrade", "TLS/1.2, HTTP/1.1"), ("Connection", "upgrade")])


async def _send_page(
    ahead: Ahead, http: h11.Connection, request: h11.Request, host: str, server: ServerSettings, *, websocket: bool
) -> None:
    if request.method not in (b"GET", b"HEAD"):
        await _answer(ahead, http, 405, "this page can only be read", [("Allow", "GET, HEAD")])
    if request.target.partition(b"?")[0] != b"/":
        await _answer(ahead, http, 404, "there is no such page")
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    shown = {"host": (name if colon else host) or server.name, "port": port or str(server.port)}
    text = _PAGE.format(network=server.network, **shown) + (_WEB_CLIENT if websocket else "")
    await _answer(ahead, http, 200, text)


async def _answer(ahead: Ahead, http: h11.Connection, status: int, text: str, headers: Sequence[tuple[str, str]] = ()) -> None:
    """Send a page of plain text; always ends with `Page`."""
    body = text.encode() if text.endswith("\n") else f"{status}: {text}.\n".encode()
    fields = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
        *headers,
    ]
    try:
        pieces = [
            http.send(h11.Response(status_code=status, headers=fields)),
            http.send(h11.Data(data=body)),  # h11 leaves it out of the answer to HEAD
            http.send(h11.EndOfMessage()),
        ]
    except h11.LocalProtocolError as error:  # a target that cannot stand in a header
        raise Page("no answer") from error
    await send_all(ahead, b"".join(piece for piece in pieces if piece))
    raise Page(f"{status} {text}" if status != 200 else "200")


def _header(headers: Headers, name: bytes) -> str:
    return next((value.decode("ascii", "replace").strip() for key, value in headers if key == name), "")


def _host(headers: Headers) -> str:
    """Return the host that was asked for, with its port; "" when it is none."""
    host = _header(headers, b"host")
    return host if _HOST.fullmatch(host) else ""


def _allows(origins: Sequence[str], headers: Headers, host: str) -> bool:
    """Tell whether a page of that origin may come. Programs that are no browsers have none, and can pretend what they like."""
    origin = _header(headers, b"origin").lower()
    if not origin or "any" in origins:
        return True
    if "same" in origins and host and origin.partition("://")[2] == host.lower():
        return True
    return any(fnmatchcase(origin, allowed.replace("[", "[[]")) for allowed in origins if "://" in allowed)


def _behind(peer: Peer, headers: Headers, proxies: tuple[Network, ...]) -> Peer:
    """Return who is behind a proxy that is believed: of the addresses in X-Forwarded-For the last that is no such proxy."""
    if not is_in(peer.host, proxies):
        return peer
    named = ",".join(value.decode("ascii", "replace") for key, value in headers if key == b"x-forwarded-for").split(",")
    for text in reversed(named):
        try:
            host = plain_address(text.strip().strip("[]"))
        except ValueError:
            break
        peer = replace(peer, host=host)
        if not is_in(host, proxies):
            break
    if _header(headers, b"x-forwarded-proto").lower() in ("https", "wss"):
        return replace(peer, is_secure=True)
    return peer
