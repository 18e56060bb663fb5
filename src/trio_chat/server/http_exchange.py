"""HTTP: one request and one answer on a connection, parsed by h11."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import h11

from trio_chat.server.hosts import Host, parse_host

MAX_HEAD = 8192
"""Bytes of a request line with its headers."""
READABLE = (b"GET", b"HEAD")
_PART = 2048
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE)


class RequestError(Exception):
    """The request cannot be served; `status` is that of the answer, 0 for no answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class HttpRequest(NamedTuple):
    """A request.

    Args:
        method: such as `GET`.
        path: without the host, which the target may have, and with its query.
        host: the requested one; None when it is left out, as HTTP/1.0 allows.
        headers: their names in small letters.
        version: of HTTP.
    """

    method: bytes
    path: bytes
    host: Host | None
    headers: Sequence[tuple[bytes, bytes]]
    version: bytes

    def header(self, name: bytes) -> str:
        """Return the first header of a name; "" when there is none."""
        return next(
            (
                value.decode("ascii", "replace").strip()
                for key, value in self.headers
                if key == name
            ),
            "",
        )

    def words(self, name: bytes) -> list[str]:
        """Return the words of a header that is a list, in small letters."""
        lines = [value.decode("ascii", "replace") for key, value in self.headers if key == name]
        return [word.strip().lower() for word in ",".join(lines).split(",")]

    @property
    def has_body(self) -> bool:
        """Whether a body follows the headers."""
        return bool(self.header(b"transfer-encoding")) or self.header(b"content-length") not in (
            "",
            "0",
        )


class HttpExchange:
    """One request and its answer.

    Args:
        receive: returns the next bytes of the connection; b"" at its end.
    """

    def __init__(self, receive: Callable[[], Awaitable[bytes]]) -> None:
        self._receive = receive
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._first = b""
        self._unread = b""

    async def read(self) -> HttpRequest:
        """Wait for the request; the caller has a deadline.

        Raises:
            RequestError: there is none, or it is not understood.
        """
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise RequestError(
                    error.error_status_hint, "the request is not understood"
                ) from error
            if isinstance(event, h11.Request):
                return _request(event)
            if event is not h11.NEED_DATA:
                raise RequestError(0, "no request")
            self._unread = self._unread or await self._receive()
            self._first = self._first or self._unread[:5]
            # In parts: h11 looks for the bound only while a head is not complete, and takes one of
            # any length that comes at once.
            part, self._unread = self._unread[:_PART], self._unread[_PART:]
            self._http.receive_data(part)

    @property
    def rest(self) -> bytes:
        """What was received behind the head of the request."""
        return self._http.trailing_data[0] + self._unread

    def answer(self, status: int, body: bytes, headers: Sequence[tuple[str, str]]) -> bytes:
        """Return the bytes of an answer, after which the connection is to be closed; that to HEAD
        has no body (RFC 9110 §9.3.2).

        Raises:
            RequestError: a header cannot be sent, or it is too late for an answer.
        """
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            raise RequestError(0, "no answer")
        fields = [
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            ("Cache-Control", "no-store"),
            *headers,
        ]
        try:
            data = self._http.send(h11.Response(status_code=status, headers=fields)) or b""
            if self._first != b"HEAD ":
                data += self._http.send(h11.Data(data=body)) or b""
        except h11.LocalProtocolError as error:
            raise RequestError(0, "no answer") from error
        return data


def _request(event: h11.Request) -> HttpRequest:
    headers = list(event.headers)
    target, named = event.target, next((value for key, value in headers if key == b"host"), None)
    if match := _ABSOLUTE.fullmatch(target):
        # "the host information in the Host header field MUST be ignored" (RFC 9112 §3.2.2).
        named, target = match[1], match[2] if match[2].startswith(b"/") else b"/" + match[2]
    host = parse_host(named.decode("ascii", "replace")) if named is not None else None
    if named is not None and host is None:
        raise RequestError(400, "the host that is asked for is no host")
    return HttpRequest(event.method, target, host, headers, event.http_version)
