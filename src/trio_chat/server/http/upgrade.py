"""The opening handshake of WebSocket (RFC 6455 §4.2), and which pages may begin it."""

from fnmatch import fnmatchcase

from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.connection import Connection
from wsproto.utilities import ProtocolError

from trio_chat.config.settings import ServerSettings
from trio_chat.server.http.hosts import Host, parse_origin
from trio_chat.server.http.messages import HttpRequest, RequestError
from trio_chat.server.http.site import Site
from trio_chat.server.http.websocket import BINARY, TEXT
from trio_chat.server.peer import Peer, is_in


def is_upgrade(request: HttpRequest) -> bool:
    """Return whether a request is one for a WebSocket.

    "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request" (RFC 9110
    §7.8).
    """
    return (
        request.method == "GET"
        and request.version != b"1.0"
        and "websocket" in request.words(b"upgrade")
    )


def is_listed(request: HttpRequest, server: ServerSettings) -> bool:
    """Return whether the origin is allowed under any name of this server."""
    origin, origins = request.header(b"origin").lower(), server.origins
    if "any" in origins:
        return True
    listed = (allowed.replace("[", "[[]") for allowed in origins if "://" in allowed)
    return bool(origin) and any(fnmatchcase(origin, allowed) for allowed in listed)


def is_same_origin(
    request: HttpRequest, host: Host | None, site: Site, proxy: Peer, *, is_forwarded: bool
) -> bool:
    """Return whether the origin is this server. Programs other than browsers have none, and can
    send any.

    A port that one of the two leaves out is not compared: proxies leave it out, or send their own,
    and a page on a standard port belongs to the administrator of the machine. Ports are not
    compared behind a trusted proxy either.

    Args:
        request: a request.
        host: the host that the client has requested.
        site: the server.
        proxy: the peer that has sent the request, perhaps a proxy.
        is_forwarded: whether a trusted proxy has sent the host.
    """
    text, server = request.header(b"origin"), site.settings.server
    if not text:
        return True
    origin = parse_origin(text)
    if "same" not in server.origins or host is None or origin is None:
        return False
    is_proxy = is_in(proxy.host, server.proxies)
    if origin.name == host.name:
        return is_proxy or origin.port is None or host.port is None or origin.port == host.port
    # A proxy may send its own name as the requested host, as nginx does by default.
    return is_proxy and not is_forwarded and not origin.is_address and site.knows(origin)


def page_url(
    request: HttpRequest, host: Host | None, client: Peer, server: ServerSettings, *, is_same: bool
) -> str:
    """Return the address of the server's page as a client reaches it, with a `/` at its end; "" if
    it is unknown.

    A browser sends it exactly, as the origin of the page. Other programs have no origin.

    Args:
        request: a request.
        host: the host that the client has requested.
        client: the client.
        server: the [server] section.
        is_same: whether the origin, if there is one, is this server.
    """
    origin = request.header(b"origin").lower()
    if origin and is_same:
        base = f"{origin}/"
        # A proxy may serve the page below a path.
        return server.url if server.url.lower().startswith(base) else base
    if host is None:
        return ""
    port = "" if host.port is None else f":{host.port}"
    return f"{'https' if client.is_secure else 'http'}://{host.shown()}{port}/"


def accept_upgrade(request: HttpRequest) -> tuple[bytes, Connection, str | None]:
    """Return the answer that opens a WebSocket, its state, and the subprotocol.

    Raises:
        RequestError: 400 or 426: that is no opening of a WebSocket.
    """
    opening = WSConnection(ConnectionType.SERVER)
    refusal = RequestError(400, "that is no opening of a WebSocket (RFC 6455)")
    if request.has_body:  # its bytes would be taken for frames
        raise refusal
    try:
        opening.initiate_upgrade_connection(list(request.headers), request.target)
        asked = next(event for event in opening.events() if isinstance(event, ws.Request))
        subprotocol = next((name for name in asked.subprotocols if name in (BINARY, TEXT)), None)
        answer = opening.send(ws.AcceptConnection(subprotocol=subprotocol))
    except (ProtocolError, UnicodeError, StopIteration) as error:
        if getattr(getattr(error, "event_hint", None), "status_code", 400) == 426:
            # RFC 6455 §4.4.
            version = [
                ("Sec-WebSocket-Version", "13"),
                ("Upgrade", "websocket"),
                ("Connection", "upgrade"),
            ]
            raise RequestError(426, str(refusal), version) from error
        raise refusal from error
    if opening.connection is None:
        raise refusal
    return answer, opening.connection, subprotocol
