"""HTTP on the chat's port: the WebSocket handshake, or a page of plain text that says how to join.

One request for each connection; the caller sets a deadline.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.utilities import ProtocolError

from trio_chat.config.settings import ServerSettings
from trio_chat.server.forwarded import UnknownClient, client_behind, host_behind
from trio_chat.server.hosts import Host, parse_host, parse_origin
from trio_chat.server.http_exchange import READABLE, HttpExchange, HttpRequest, RequestError
from trio_chat.server.peer import Peer, is_in
from trio_chat.server.transport import PeekableTransport, send_all
from trio_chat.server.websocket import BINARY, TEXT, WebSocketTransport

log = logging.getLogger("trio_chat")

_PAGE = """\
{network}

This is a chat. Come in with any program for IRC:

    server {host}, port {port}, with or without TLS

or with the client of trio-chat:

    trio-chat connect {address}:{port}
"""
_HEALTH = b"/health"
"""The path that `trio-chat health` requests, without TLS too: the answer says that the event loop
runs, and nothing else.
"""
_WEB_CLIENT = """
A web client reaches it by WebSocket, under the address of this page with ws or wss in the place \
of http or https.
"""


class HttpAnswered(Exception):  # not a mistake: a request that was answered
    """The request was answered with a page or a refusal, not with a WebSocket. The message is its
    status and reason.
    """


class HealthCheckAnswered(HttpAnswered):
    """The request was a health check, which comes twice a minute and is not logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRules:
    """The settings that hold for browsers.

    Args:
        server: names, allowed origins and proxies.
        knows: returns whether the server may be reached under a name.
        websocket: whether a WebSocket may be opened here.
        tls_first: whether the only answer is that TLS is required.
    """

    server: ServerSettings
    knows: Callable[[Host], bool]
    websocket: bool = True
    tls_first: bool = False


async def open_websocket(
    ahead: PeekableTransport, peer: Peer, rules: WebRules
) -> tuple[WebSocketTransport, Peer]:
    """Answer a request; return the connection and its peer when it has become a WebSocket.

    Args:
        ahead: the connection.
        peer: its sender, perhaps a proxy.
        rules: what is allowed.

    Raises:
        HttpAnswered: the request was answered with something else.
        trio.BrokenResourceError: the connection broke.
    """
    return await _Visit(ahead, peer, rules).run()


class _Visit:
    """The handling of one request."""

    def __init__(self, ahead: PeekableTransport, peer: Peer, rules: WebRules) -> None:
        self._ahead = ahead
        self._peer = peer
        self._rules = rules
        self._exchange = HttpExchange(ahead.receive)

    async def run(self) -> tuple[WebSocketTransport, Peer]:
        rules = self._rules
        request = await self._read()
        forwarded = parse_host(host_behind(self._peer, request.headers, rules.server.proxies))
        host = forwarded or request.host
        # "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request"
        # (RFC 9110 §7.8)
        is_upgrade = (
            request.method == b"GET"
            and request.version != b"1.0"
            and "websocket" in request.words(b"upgrade")
        )
        is_listed = is_upgrade and self._is_listed(request)
        is_program = is_upgrade and not request.header(b"origin")  # a browser always sends one
        if not (is_listed or is_program or host is None or rules.knows(host)):
            why = (
                "this server is not known under the name by which it was asked for; see [server]"
                " allowed_hosts"
            )
            await self._answer(403, why, note=f" ({host.name})")
        if request.method in READABLE and request.path == _HEALTH:
            with suppress(HttpAnswered):
                await self._answer(200, "ok\n")
            raise HealthCheckAnswered("200")
        if rules.tls_first:
            await self._send_to_tls(request, host)
        if not is_upgrade:
            await self._send_page(request, host)
        if not rules.websocket:
            await self._answer(403, "there is no WebSocket on this port")
        if not (is_listed or self._is_same(request, host, is_forwarded=forwarded is not None)):
            await self._answer(
                403, "pages from that address may not come here; see [server] origins"
            )
        return await self._accept(request, await self._client(request))

    async def _read(self) -> HttpRequest:
        problem: RequestError
        try:
            return await self._exchange.read()
        except RequestError as error:
            problem = error
        await self._answer(problem.status, str(problem))
        raise AssertionError  # an answer ends with `HttpAnswered`

    def _is_listed(self, request: HttpRequest) -> bool:
        """Return whether the origin is allowed under any name of this server."""
        origin, origins = request.header(b"origin").lower(), self._rules.server.origins
        if "any" in origins:
            return True
        listed = (allowed.replace("[", "[[]") for allowed in origins if "://" in allowed)
        return bool(origin) and any(fnmatchcase(origin, allowed) for allowed in listed)

    def _is_same(self, request: HttpRequest, host: Host | None, *, is_forwarded: bool) -> bool:
        """Return whether the origin is this server. Programs other than browsers have none, and can
        send any.

        A port that one of the two leaves out is not compared: proxies leave it out, or send their
        own, and a page on a standard port belongs to the administrator of the machine. Ports are
        not compared behind a trusted proxy either.
        """
        text, rules = request.header(b"origin"), self._rules
        if not text:
            return True
        origin = parse_origin(text)
        if "same" not in rules.server.origins or host is None or origin is None:
            return False
        is_proxy = is_in(self._peer.host, rules.server.proxies)
        if origin.name == host.name:
            return is_proxy or origin.port is None or host.port is None or origin.port == host.port
        # A proxy may send its own name as the requested host, as nginx does by default.
        return is_proxy and not is_forwarded and not origin.is_address and rules.knows(origin)

    async def _client(self, request: HttpRequest) -> Peer:
        try:
            peer = client_behind(self._peer, request.headers, self._rules.server.proxies)
            return replace(peer, is_websocket=True)
        except UnknownClient as error:
            log.warning(
                "refused a client behind the proxy %s, which does not send its address: %s",
                self._peer.host,
                error,
            )
        await self._answer(400, "the proxy in front of this server does not say who you are")
        raise AssertionError  # an answer ends with `HttpAnswered`

    async def _accept(self, request: HttpRequest, peer: Peer) -> tuple[WebSocketTransport, Peer]:
        opening = WSConnection(ConnectionType.SERVER)
        headers: list[tuple[str, str]] = []
        status, answer = 400, b""
        try:
            if not request.has_body:  # its bytes would be taken for frames
                opening.initiate_upgrade_connection(list(request.headers), request.path)
                asked = next(event for event in opening.events() if isinstance(event, ws.Request))
                subprotocol = next(
                    (name for name in asked.subprotocols if name in (BINARY, TEXT)), None
                )
                answer = opening.send(ws.AcceptConnection(subprotocol=subprotocol))
        except (ProtocolError, UnicodeError, StopIteration) as error:
            if getattr(getattr(error, "event_hint", None), "status_code", 400) == 426:
                # RFC 6455 §4.4.
                status, headers = (
                    426,
                    [
                        ("Sec-WebSocket-Version", "13"),
                        ("Upgrade", "websocket"),
                        ("Connection", "upgrade"),
                    ],
                )
        if not answer:
            await self._answer(status, "that is no opening of a WebSocket (RFC 6455)", headers)
        assert opening.connection is not None  # noqa: S101  # accepted
        opening.connection.receive_data(self._exchange.rest + self._ahead.data)
        self._ahead.data = b""
        await send_all(self._ahead, answer)
        return WebSocketTransport(self._ahead, opening.connection, subprotocol), peer

    async def _send_to_tls(self, request: HttpRequest, host: Host | None) -> None:
        is_path = request.path.startswith(b"/")  # anything else would become part of the host
        if request.method in READABLE and host and is_path and not request.header(b"upgrade"):
            port = "" if host.port is None else f":{host.port}"
            location = f"https://{host.shown()}{port}{request.path.decode('ascii', 'replace')}"
            await self._answer(308, "come by TLS", [("Location", location)])
        await self._answer(
            426, "come by TLS", [("Upgrade", "TLS/1.2, HTTP/1.1"), ("Connection", "upgrade")]
        )

    async def _send_page(self, request: HttpRequest, host: Host | None) -> None:
        server = self._rules.server
        if request.method not in READABLE:
            await self._answer(405, "this page can only be read", [("Allow", "GET, HEAD")])
        if request.path.partition(b"?")[0] != b"/":
            await self._answer(404, "there is no such page")
        port = str((host and host.port) or server.port)
        text = _PAGE.format(
            network=server.network,
            host=host.name if host else server.name,
            port=port,
            address=host.shown() if host else server.name,
        )
        await self._answer(200, text + (_WEB_CLIENT if self._rules.websocket else ""))

    async def _answer(
        self, status: int, text: str, headers: Sequence[tuple[str, str]] = (), *, note: str = ""
    ) -> None:
        """Send a page of plain text; always ends with `HttpAnswered`. The note is for the log
        alone.
        """
        body = text.encode() if text.endswith("\n") else f"{status}: {text}.\n".encode()
        fields = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
            *headers,
        ]
        try:
            if not status:
                raise RequestError(0, text)
            data = self._exchange.answer(status, body, fields)
        except RequestError as error:
            raise HttpAnswered(str(error)) from error
        await send_all(self._ahead, data)
        raise HttpAnswered(f"{status} {text}{note}" if status != 200 else "200")
