"""A client of HTTP for tests: requests on a connection, and what is answered, read by h11."""

import gzip
from collections import deque

import h11

from edge import Edge
from trio_chat.config import ListenerSettings

LOCAL = "127.0.0.1"
"""An address that no limit concerns."""


class Answer:
    """An answer to one request.

    Args:
        response: its head.
        body: its body, as it was sent.
    """

    def __init__(self, response: h11.Response, body: bytes) -> None:
        self.status = response.status_code
        self.headers = {name.decode(): value.decode() for name, value in response.headers}
        self.body = body

    @property
    def text(self) -> str:
        """The body, as it was before it was compressed."""
        is_gzip = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if is_gzip else self.body).decode()


class HttpClient:
    """A connection that carries requests.

    Args:
        here: the server.
        listener: where it connects to.
        host: its address.
    """

    def __init__(
        self, here: Edge, listener: ListenerSettings | None = None, host: str = LOCAL
    ) -> None:
        self.stream = here.stream(listener, host)
        self._http = h11.Connection(h11.CLIENT)
        self._methods: deque[str] = deque()

    async def send(self, data: bytes, method: str = "GET") -> None:
        """Send bytes, with which a request of this method is complete."""
        self._methods.append(method)
        await self.stream.send_all(data)

    async def ask(
        self, path: str, headers: bytes = b"", *, host: str = "example.org", method: str = "GET"
    ) -> Answer:
        """Send a request without a body; return the answer."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n".encode()
        await self.send(head + headers + b"\r\n", method)
        return await self.answer()

    async def answer(self) -> Answer:
        """Return the next answer."""
        if self._http.our_state is not h11.IDLE:
            self._http.start_next_cycle()
        request = h11.Request(method=self._methods.popleft(), target="/", headers=[("Host", "x")])
        self._http.send(request)
        self._http.send(h11.EndOfMessage())
        response, body = None, b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(bytes(await self.stream.receive_some()))
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert response is not None
                return Answer(response, body)
            else:
                assert isinstance(event, h11.InformationalResponse), event

    async def is_ended(self) -> bool:
        """Return whether the server closes the connection, and sends nothing more."""
        return not await self.stream.receive_some() and not self._http.trailing_data[0]


async def get(
    here: Edge,
    path: str,
    headers: bytes = b"",
    *,
    host: str = "example.org",
    method: str = "GET",
    listener: ListenerSettings | None = None,
) -> Answer:
    """Request a path on a connection of its own."""
    client = HttpClient(here, listener)
    return await client.ask(path, headers, host=host, method=method)
