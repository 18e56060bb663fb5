"""HTTP/1.1 on one connection (RFC 9112), parsed by h11: a request, its body, its answer, the next.

Bytes in and out; deadlines are the caller's.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from http import HTTPStatus

import h11
import trio

from trio_chat.server.http.hosts import parse_host
from trio_chat.server.http.messages import HttpRequest, RequestError

MAX_HEAD = 8192
"""Bytes of a request line with its headers."""
_PART = 2048
_START = 32
"""Bytes of a request that show its method and the beginning of its target."""
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE)
_REASONS = {int(status): status.phrase.encode() for status in HTTPStatus}
_STATUSES_WITHOUT_BODY = (204, 304)
_TOO_LARGE = "that is more than this server takes"


class HttpExchange:
    """The requests and answers of one connection, one pair after the other.

    Args:
        receive: returns the next bytes of the connection; b"" at its end.
        send: sends bytes; only for "100 Continue".
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[bytes]],
        send: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._receive = receive
        self._send = send
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._unread = b""
        self._announced = 0  # bytes of the body, as far as they are known
        self._begins_with_head = False  # of a request that h11 does not understand
        self._start = b""  # of the latest request

    async def read(self) -> HttpRequest:
        """Wait for the next request; the caller has a deadline.

        Raises:
            RequestError: there is none (status 0), or it is not understood.
        """
        self._start = b""
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._begins_with_head = self._start.startswith(b"HEAD ")
                raise RequestError(
                    error.error_status_hint, "the request is not understood"
                ) from error
            if isinstance(event, h11.Request):
                self._begins_with_head = event.method == b"HEAD"
                return self._request(event)
            if event is not h11.NEED_DATA:
                raise RequestError(0, "no request")
            self._unread = self._unread or await self._receive()
            # In parts: h11 looks for the bound only while a head is not complete, and takes one of
            # any length that comes at once.
            part, self._unread = self._unread[:_PART], self._unread[_PART:]
            self._start = self._start or (self._http.trailing_data[0] + part)[:_START]
            self._http.receive_data(part)

    async def body(self, limit: int) -> AsyncGenerator[bytes, None]:
        """Return the body of the request that was read; see `HttpRequest.body`."""
        size = 0
        if self._announced > limit:  # before the client sends it
            raise RequestError(413, _TOO_LARGE)
        if self._http.they_are_waiting_for_100_continue and self._send is not None:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._send(self._http.send(go_on) or b"")
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise RequestError(400, "the body of the request is not understood") from error
            if isinstance(event, h11.Data):
                size += len(event.data)
                if size > limit:
                    raise RequestError(413, _TOO_LARGE)
                yield bytes(event.data)
            elif event is h11.NEED_DATA:
                data, self._unread = self._unread, b""
                data = data or await self._receive()
                if not data:
                    raise trio.BrokenResourceError("the connection ended before the body")
                self._http.receive_data(data)
            else:
                return

    @property
    def rest(self) -> bytes:
        """What was received behind the request."""
        return self._http.trailing_data[0] + self._unread

    @property
    def is_read(self) -> bool:
        """Whether nothing of the request is left; before it is, its connection cannot go on."""
        if self._http.their_state is h11.SEND_BODY:
            try:
                return isinstance(self._http.next_event(), h11.EndOfMessage)  # an empty body
            except h11.RemoteProtocolError:
                return False
        return self._http.their_state in (h11.DONE, h11.MUST_CLOSE)

    def head(
        self, status: int, headers: Sequence[tuple[str, str]], length: int | None, *, close: bool
    ) -> bytes:
        """Return the head of an answer.

        Args:
            status: of the answer.
            headers: its fields.
            length: bytes of the body; None when they are not known.
            close: whether the connection ends with this answer.

        Raises:
            RequestError: a header cannot be sent, or it is too late for an answer.
        """
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            raise RequestError(0, "no answer")
        fields = [("Connection", "close")] if close else []
        if length is not None and status not in _STATUSES_WITHOUT_BODY:
            fields.append(("Content-Length", str(length)))
        try:
            response = h11.Response(
                status_code=status, headers=[*fields, *headers], reason=_REASONS.get(status, b"")
            )
            return self._http.send(response) or b""
        except h11.LocalProtocolError as error:
            raise RequestError(0, "no answer") from error

    def is_to(self, path: bytes) -> bool:
        """Return whether the target of the latest request begins so, also if that request is not
        understood.
        """
        _method, _space, target = self._start.partition(b" ")
        return target.startswith(path)

    @property
    def takes_body(self) -> bool:
        """Whether the request is one whose answer has a body (RFC 9110 §9.3.2)."""
        return not self._begins_with_head

    def data(self, data: bytes) -> bytes:
        """Return a piece of the body as it is sent."""
        return self._http.send(h11.Data(data=data)) or b""

    def end(self) -> bytes:
        """Return the end of the body."""
        if not self.takes_body and self._http.our_state is h11.SEND_BODY:
            # h11 counts the body that Content-Length announces, which HEAD does not get when h11
            # has not seen the method.
            try:
                return self._http.send(h11.EndOfMessage()) or b""
            except h11.LocalProtocolError:
                return b""
        return self._http.send(h11.EndOfMessage()) or b""

    def answer(self, status: int, body: bytes, headers: Sequence[tuple[str, str]]) -> bytes:
        """Return a whole answer, after which the connection is to be closed.

        Raises:
            RequestError: a header cannot be sent, or it is too late for an answer.
        """
        data = self.head(status, headers, len(body), close=True)
        return data + self.data(body) + self.end() if self.takes_body else data

    def go_on(self) -> bool:
        """Begin the next request; return whether there can be one."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def _request(self, event: h11.Request) -> HttpRequest:
        headers = list(event.headers)
        names = [name for name, _ in headers]
        if b"transfer-encoding" in names and b"content-length" in names:
            # A proxy may believe the other one: "ought to be handled as an error" (RFC 9112 §6.3).
            raise RequestError(400, "the length of the request is ambiguous")
        length = next((value for name, value in headers if name == b"content-length"), b"0")
        self._announced = int(length)  # h11 has checked it
        target = event.target
        named = next((value for key, value in headers if key == b"host"), None)
        if match := _ABSOLUTE.fullmatch(target):
            # "the host information in the Host header field MUST be ignored" (RFC 9112 §3.2.2).
            named, target = match[1], match[2] if match[2].startswith(b"/") else b"/" + match[2]
        host = parse_host(named.decode("ascii", "replace")) if named is not None else None
        if named is not None and host is None:
            raise RequestError(400, "the host that is asked for is no host")
        return HttpRequest(
            method=event.method.decode("ascii", "replace"),
            target=target,
            host=host,
            headers=headers,
            version=event.http_version,
            receive_body=self.body,
        )
