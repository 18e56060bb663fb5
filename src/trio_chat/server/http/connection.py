"""An HTTP connection: requests and their answers, one after the other, until one opens a WebSocket.

A peer must make progress: a head, each piece of a body, and each piece of an answer move the
deadline on. So a large upload may take long, and a connection that stands still ends soon.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from email.utils import formatdate
from types import AsyncGeneratorType

import trio

from trio_chat.i18n import SOURCE_LANGUAGE
from trio_chat.server.http import upgrade
from trio_chat.server.http.exchange import HttpExchange
from trio_chat.server.http.forwarded import UnknownClient, client_behind, host_behind
from trio_chat.server.http.hosts import Host, is_local, parse_host
from trio_chat.server.http.messages import (
    READABLE,
    Headers,
    HttpRequest,
    HttpResponse,
    RequestError,
    json_response,
    text_response,
)
from trio_chat.server.http.routes import find_route
from trio_chat.server.http.site import Site
from trio_chat.server.http.websocket import WebSocketTransport
from trio_chat.server.peer import Peer
from trio_chat.server.transport import PeekableTransport, send_all

log = logging.getLogger("trio_chat")

HANDLER_TIMEOUT = 30.0
"""Seconds for a handler, until it reads a body or answers."""
IDLE_TIMEOUT = 15.0
"""Seconds from an answer until the next request has come; the first request has the deadline of any
new connection.
"""
STALL_TIMEOUT = 30.0
"""Seconds in which a body or an answer must make progress."""
SLOWEST = 1024
"""Bytes a second that a body must have on average."""
SLOWEST_WORK = 10 << 20
"""Bytes a second that a handler must get done of a body that it has read, beyond the time that any
handler has.
"""
MOST_REQUESTS = 1000
"""Requests of one connection."""
OTHER = "other"
"""The route of a request that has none, in the metrics: their names are bounded by the table."""
_WEBSOCKET = "websocket"
_API = b"/api/"
"""Where programs ask that read JSON, also if the answer is a refusal."""
_PROBLEMS = "trio_chat.server.api.problems"
DROP_TIMEOUT = 10.0
MOST_DROPPED = 64 << 20
"""Seconds and bytes in which the rest of a refused body is dropped."""
_PIECE = 65536
DEFAULT_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Headers of every answer, unless it has its own of that name."""
_ISOLATION = ("Cross-Origin-Opener-Policy", "same-origin")
"""A default as well, where browsers heed it: on other addresses they complain on the console."""


class HttpEnded(Exception):  # not a mistake: the peer has got its answers
    """The connection has ended, and has not become a WebSocket. The message is the status and the
    reason of the first refusal, or "".
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRules:
    """The rules of one connection.

    Args:
        site: the server.
        websocket: whether a WebSocket may be opened here.
        tls_first: whether the only answer is that TLS is required, unless a trusted proxy has
            encrypted its connection.
        extend: sets the deadline of the connection to so many seconds from now.
    """

    site: Site
    websocket: bool = True
    tls_first: bool = False
    extend: Callable[[float], None] = lambda seconds: None


class HttpConnection:
    """A connection on which HTTP is spoken.

    Args:
        ahead: the connection.
        peer: its sender, perhaps a proxy.
        rules: what holds for it.
    """

    def __init__(self, ahead: PeekableTransport, peer: Peer, rules: HttpRules) -> None:
        self._ahead = ahead
        self._peer = peer
        self._rules = rules
        self._exchange = HttpExchange(ahead.receive, self._send)
        self._refusal = ""  # the first one, for the log
        self._left = MOST_REQUESTS
        self._is_trustworthy = False  # a secure context, for browsers
        self._route = OTHER  # of the request that is being answered
        self.is_answered = False
        """Whether a request was answered without a refusal."""

    async def run(self) -> tuple[WebSocketTransport, Peer]:
        """Answer requests; return the connection and its peer when it has become a WebSocket.

        Raises:
            HttpEnded: it has ended, or is to be closed.
            trio.BrokenResourceError: it broke.
        """
        while True:
            self._left -= 1
            request, self._route = None, OTHER
            try:
                request = await self._exchange.read()
                self._ahead.renew_budget()
                peer = self._client(request)
                await self._wait_turn(peer)
                if upgrade.is_upgrade(request):
                    self._route = _WEBSOCKET
                    return await self._upgrade(request, peer._replace(is_websocket=True))
                response = await self._respond(request, peer)
            except RequestError as error:
                response = await self._refuse(error)
            else:
                self.is_answered = True
            await self._answer(response, is_last=request is None)
            if not self._exchange.go_on():
                if request is not None and not self._exchange.is_read:
                    await self._drop_body()
                raise HttpEnded(self._refusal)
            self._rules.extend(IDLE_TIMEOUT)

    async def _wait_turn(self, peer: Peer) -> None:
        """Delay a request of an address that sends very many, whatever the answer will be."""
        delay = self._rules.site.connections.delay(peer.host)
        self._rules.extend(delay + HANDLER_TIMEOUT)
        if delay:
            await trio.sleep(delay)

    async def _respond(self, request: HttpRequest, peer: Peer) -> HttpResponse:
        _, host = self._host(request)
        self._check_host(host)
        route = find_route(request.path)
        self._route = route.path or OTHER
        if self._rules.tls_first and not (route.without_tls or peer.is_secure):
            raise _come_by_tls(request, host)
        handler = route.handler(request.method)
        request = replace(
            request,
            host=host,
            peer=peer,
            is_forwarded=peer is not self._peer,
            takes_websocket=self._rules.websocket,
            receive_body=self._body,
        )
        self._is_trustworthy = peer.is_secure or (host is not None and is_local(host))
        try:
            response = handler(request, self._rules.site)
            return response if isinstance(response, HttpResponse) else await response
        except (RequestError, trio.BrokenResourceError, trio.ClosedResourceError):
            raise
        except Exception:
            log.exception("internal error while answering %s %s", request.method, route.path)
            why = "this server has failed; its log shows its administrator why"
            raise RequestError(500, why) from None

    def _host(self, request: HttpRequest) -> tuple[Host | None, Host | None]:
        """Return the host that a trusted proxy has sent, and that which the client requested."""
        proxies = self._rules.site.settings.server.proxies
        forwarded = parse_host(host_behind(self._peer, request.headers, proxies))
        return forwarded, forwarded or request.host

    def _check_host(self, host: Host | None) -> None:
        if host is not None and not self._rules.site.knows(host):
            why = (
                "this server is not known under the name by which it was asked for; see [server]"
                " allowed_hosts"
            )
            raise RequestError(403, why, note=f" ({host.name})")

    def _client(self, request: HttpRequest) -> Peer:
        try:
            return client_behind(
                self._peer, request.headers, self._rules.site.settings.server.proxies
            )
        except UnknownClient as error:
            log.warning(
                "refused a client behind the proxy %s, which does not send its address: %s",
                self._peer.host,
                error,
            )
            raise RequestError(
                400, "the proxy in front of this server does not say who you are"
            ) from error

    async def _upgrade(self, request: HttpRequest, peer: Peer) -> tuple[WebSocketTransport, Peer]:
        rules, (forwarded, host) = self._rules, self._host(request)
        is_listed = upgrade.is_listed(request, rules.site.settings.server)
        is_program = not request.header(b"origin")  # a browser always sends one
        if not (is_listed or is_program):
            self._check_host(host)
        if rules.tls_first and not peer.is_secure:
            raise _come_by_tls(request, host)
        if not rules.websocket:
            raise RequestError(403, "there is no WebSocket on this port")
        is_same = upgrade.is_same_origin(
            request, host, rules.site, self._peer, is_forwarded=forwarded is not None
        )
        if not (is_listed or is_same):
            # The script sees no more than a failure (WHATWG WebSockets §4): without CORS, this is
            # for those that look at the network panel of the browser.
            why = "pages from that address may not come here; see [server] origins"
            raise RequestError(403, why, is_json=True)
        page_url = upgrade.page_url(
            request, host, peer, rules.site.settings.server, is_same=is_same
        )
        peer = peer._replace(page_url=page_url)
        answer, connection, subprotocol = upgrade.accept_upgrade(request)
        connection.receive_data(self._exchange.rest + self._ahead.data)
        self._ahead.data = b""
        await send_all(self._ahead, answer)
        self._count(101)
        return WebSocketTransport(self._ahead, connection, subprotocol), peer

    async def _body(self, limit: int) -> AsyncGenerator[bytes, None]:
        """Return the pieces of a body, and move the deadline on with each."""
        received = counted = 0
        started = trio.current_time()
        self._rules.extend(STALL_TIMEOUT)
        async with aclosing(self._exchange.body(limit)) as pieces:
            async for data in pieces:
                received += len(data)
                if received - counted >= _PIECE:  # not for each byte of a slow body
                    counted = received
                    self._ahead.renew_budget()
                latest = started + STALL_TIMEOUT + received / SLOWEST - trio.current_time()
                self._rules.extend(min(STALL_TIMEOUT, latest))
                yield data  # noqa: ASYNC119  # the handler closes this generator
        self._rules.extend(HANDLER_TIMEOUT + received / SLOWEST_WORK)

    async def _drop_body(self) -> None:
        """Read and drop what a client still sends of a body that was refused: if the connection
        were reset meanwhile, the client would lose the answer (RFC 9112 §9.6).
        """
        self._rules.extend(STALL_TIMEOUT)
        dropped = 0
        with trio.move_on_after(DROP_TIMEOUT):
            while dropped < MOST_DROPPED and (data := await self._ahead.receive()):
                dropped += len(data)
                self._ahead.renew_budget()

    async def _refuse(self, error: RequestError) -> HttpResponse:
        """Return the answer for a refusal, and note it for the log."""
        if not error.status:
            raise HttpEnded(self._refusal) from error
        self._refusal = self._refusal or f"{error.status} {error}{error.note}"
        if self._exchange.is_to(_API):
            await self._rules.site.load(_PROBLEMS)
            from trio_chat.server.api.problems import (  # noqa: PLC0415  # few servers need it
                ApiProblem,
                problem_response,
            )

            problem = ApiProblem(error.status, str(error), headers=error.headers)
            return problem_response(problem, SOURCE_LANGUAGE)
        if error.is_json:
            value = {"status": error.status, "error": str(error)}
            return json_response(value, error.status, error.headers)
        return text_response(str(error), error.status, error.headers)

    async def _answer(self, response: HttpResponse, *, is_last: bool) -> None:
        """Send an answer; that to HEAD has no body (RFC 9110 §9.3.2)."""
        exchange, body = self._exchange, response.body
        length = len(body) if isinstance(body, bytes) else response.length
        is_room = self._rules.site.connections.is_roomy
        close = is_last or self._left <= 0 or not (is_room and exchange.is_read)
        headers = self._complete(response.headers)
        try:
            head = exchange.head(response.status, headers, length, close=close)
        except RequestError as error:
            raise HttpEnded(self._refusal) from error
        self._count(response.status)
        if isinstance(body, bytes):
            data = exchange.data(body) if exchange.takes_body and body else b""
            await self._send(head + data + exchange.end())
            return
        await self._answer_in_pieces(head, body)

    def _count(self, status: int) -> None:
        self._rules.site.answered[self._route, f"{status // 100}xx"] += 1

    async def _answer_in_pieces(self, head: bytes, body: AsyncIterator[bytes]) -> None:
        """Send an answer whose body is an iterator, and close that.

        The head goes out with the first piece: a generator that was not started by then would not
        run its `finally`, and a file that it holds would stay open.
        """
        exchange = self._exchange
        try:
            if exchange.takes_body:
                async for piece in body:
                    await self._send(head + exchange.data(piece))
                    head = b""
            await self._send(head + exchange.end())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise
        except Exception:  # the client sees that the body is not complete
            log.exception("internal error while sending a body")
            raise HttpEnded(self._refusal) from None
        finally:
            if isinstance(body, AsyncGeneratorType):
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                    await body.aclose()

    def _complete(self, headers: Headers) -> list[tuple[str, str]]:
        """Return the headers of an answer with the date (RFC 9110 §6.6.1), and with the defaults
        that it does not have itself.
        """
        own = {name.lower() for name, _ in headers}
        defaults = (*DEFAULT_HEADERS, _ISOLATION) if self._is_trustworthy else DEFAULT_HEADERS
        date = formatdate(self._rules.site.clock(), usegmt=True)
        return [
            ("Date", date),
            *headers,
            *(pair for pair in defaults if pair[0].lower() not in own),
        ]

    async def _send(self, data: bytes) -> None:
        """Send bytes in pieces, of which each moves the deadline on."""
        for start in range(0, len(data), _PIECE):
            self._rules.extend(STALL_TIMEOUT)
            await send_all(self._ahead, data[start : start + _PIECE])


def _come_by_tls(request: HttpRequest, host: Host | None) -> RequestError:
    is_path = request.target.startswith(b"/")  # anything else would become part of the host
    if request.method in READABLE and host and is_path and not request.header(b"upgrade"):
        port = "" if host.port is None else f":{host.port}"
        location = f"https://{host.shown()}{port}{request.target.decode('ascii', 'replace')}"
        return RequestError(308, "come by TLS", [("Location", location)])
    return RequestError(
        426, "come by TLS", [("Upgrade", "TLS/1.2, HTTP/1.1"), ("Connection", "upgrade")]
    )
