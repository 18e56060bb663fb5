"""An HTTP listener for monitoring: `/metrics` for Prometheus, `/health` and `/ready`. Off unless
configured.

    /health   200 while the event loop runs
    /ready    200 when clients can connect and send messages; 503 with the reasons when not
    /metrics  the statistics, in the text format of Prometheus; 501 without prometheus-client

There is neither a password nor TLS: it listens on this machine only, unless [metrics] host names
another address.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import trio

from trio_chat.server.http.exchange import HttpExchange
from trio_chat.server.http.hosts import Host
from trio_chat.server.http.messages import READABLE, RequestError
from trio_chat.server.prometheus import Exposition
from trio_chat.server.statistics import ServerStatistics

log = logging.getLogger("trio_chat")

TIMEOUT = 10.0
"""Seconds that one request may take, from the connection to the last byte."""
AT_ONCE = 8
"""Requests at the same time; more are not answered."""
_LAG_INTERVAL = 1.0
_TEXT = "text/plain; charset=utf-8"


class MonitoredServer(Protocol):
    """What is watched: the server."""

    def statistics(self) -> ServerStatistics:
        """Return a snapshot of its numbers."""

    def why_not_ready(self) -> list[str]:
        """Return the reasons why no client could connect and send messages."""

    def knows(self, host: Host) -> bool:
        """Return whether a browser may reach it under a name."""


class HttpAnswer(NamedTuple):
    """An answer to a request."""

    status: int
    body: bytes
    content_type: str = _TEXT


class Monitor:
    """The handler of monitoring requests.

    Args:
        server: what is watched.
    """

    def __init__(self, server: MonitoredServer) -> None:
        self._server = server
        self._lag = 0.0
        self._open = 0
        self._exposition = Exposition(self._take_statistics)

    async def run(self, listeners: Sequence[trio.SocketListener]) -> None:
        """Answer, for ever; the listeners are closed when cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._measure_lag)
            await trio.serve_listeners(self._serve, list(listeners), handler_nursery=nursery)

    def answer(self, method: str, target: str) -> HttpAnswer:
        """Return the answer to a request."""
        if method not in READABLE:
            return HttpAnswer(405, b"Only GET and HEAD are answered here.\n")
        path = target.partition("?")[0]
        if path == "/health":
            return HttpAnswer(200, b"ok\n")
        if path == "/ready":
            problems = self._server.why_not_ready()
            return HttpAnswer(
                503 if problems else 200, f"{'; '.join(problems) or 'ready'}\n".encode()
            )
        if path == "/metrics":
            if not self._exposition.is_available:
                return HttpAnswer(
                    501,
                    b"The package prometheus-client is missing: pip install 'trio-chat[metrics]'\n",
                )
            return HttpAnswer(200, self._exposition.text(), self._exposition.content_type)
        return HttpAnswer(404, b"There are /metrics, /health and /ready.\n")

    def _take_statistics(self) -> tuple[ServerStatistics, float]:
        lag, self._lag = self._lag, 0.0
        return self._server.statistics(), lag

    async def _measure_lag(self) -> None:
        """Measure how late a task wakes up: the longest delay of the event loop since the last
        request.
        """
        while True:
            due = trio.current_time() + _LAG_INTERVAL
            await trio.sleep_until(due)
            self._lag = max(self._lag, trio.current_time() - due)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        """Answer one request and close; an error ends this connection only."""
        self._open += 1
        try:
            async with stream:
                if self._open <= AT_ONCE:
                    with trio.move_on_after(TIMEOUT):
                        await self._serve_request(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        except Exception:
            log.exception("internal error while answering a monitoring request")
        finally:
            self._open -= 1

    async def _serve_request(self, stream: trio.abc.Stream) -> None:
        async def receive() -> bytes:
            return bytes(await stream.receive_some(4096))

        exchange = HttpExchange(receive)
        try:
            request = await exchange.read()
            if request.host is None or self._server.knows(request.host):
                answer = self.answer(request.method, request.path)
            else:
                answer = HttpAnswer(
                    403, b"This server is not known under that name; see [server] allowed_hosts.\n"
                )
        except RequestError as error:
            if not error.status:
                return
            answer = HttpAnswer(error.status, b"That is not HTTP.\n")
        headers = [("Content-Type", answer.content_type), ("X-Content-Type-Options", "nosniff")]
        if answer.status == 405:
            headers.append(("Allow", "GET, HEAD"))
        with suppress(RequestError):
            await stream.send_all(exchange.answer(answer.status, answer.body, headers))
