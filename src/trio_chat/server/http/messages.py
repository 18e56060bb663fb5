"""HTTP messages: the request that a handler gets, and the response that it returns."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from trio_chat.server.http.hosts import Host
from trio_chat.server.peer import Peer

READABLE = ("GET", "HEAD")
Headers = Sequence[tuple[str, str]]
_GZIP = re.compile(r"(?:gzip|x-gzip|\*)(?:\s*;\s*q=(?!0(?:\.0*)?$).*)?")
"""A word of `Accept-Encoding` that permits gzip; "q=0" forbids it (RFC 9110 §12.5.3)."""


class RequestError(Exception):
    """The request cannot be served.

    Args:
        status: that of the answer; 0 for no answer.
        text: what the answer says: a clause without a full stop, or whole lines.
        headers: those of the answer.
        note: for the log alone.
        is_json: whether the answer is JSON, for scripts.
    """

    def __init__(
        self,
        status: int,
        text: str,
        headers: Headers = (),
        *,
        note: str = "",
        is_json: bool = False,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.is_json = is_json
        self.headers = headers
        self.note = note


async def started(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Run a body to its first `yield`, which is of no bytes, and return it.

    What it holds is let go when it is closed: that does not run the `finally` of a generator that
    was not started.
    """
    await anext(pieces)
    return pieces


async def _no_body(limit: int) -> AsyncGenerator[bytes, None]:  # noqa: ASYNC124
    nothing: tuple[bytes, ...] = ()
    for data in nothing:
        yield data


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request.

    Args:
        method: such as `GET`.
        target: the path with its query, without the host, as it was sent.
        host: the requested one; None when it is left out, as HTTP/1.0 allows.
        headers: their names in small letters.
        version: of HTTP.
        peer: the client, also when it is behind a trusted proxy.
        is_forwarded: whether a trusted proxy has passed it on.
        takes_websocket: whether a WebSocket can be opened where it came in.
        receive_body: see `body`.
    """

    method: str
    target: bytes
    host: Host | None
    headers: Sequence[tuple[bytes, bytes]]
    version: bytes = b"1.1"
    peer: Peer = field(default_factory=lambda: Peer(host=""))
    is_forwarded: bool = False
    takes_websocket: bool = True
    receive_body: Callable[[int], AsyncGenerator[bytes, None]] = _no_body

    @property
    def path(self) -> str:
        """The path without its query. Escaped characters stay escaped: no path of ours has any."""
        return self.target.partition(b"?")[0].decode("ascii", "replace")

    @property
    def query(self) -> str:
        """What follows the first `?`."""
        return self.target.partition(b"?")[2].decode("ascii", "replace")

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
    def accepts_gzip(self) -> bool:
        """Whether the client takes a body that is compressed by gzip."""
        return any(map(_GZIP.fullmatch, self.words(b"accept-encoding")))

    def has_current(self, tag: str) -> bool:
        """Return whether the client has what an entity tag stands for: "a recipient MUST use the
        weak comparison function when comparing entity tags for If-None-Match" (RFC 9110 §13.1.2).
        """
        wanted = tag.removeprefix("W/")
        kept = [word.removeprefix("w/") for word in self.words(b"if-none-match")]
        return "*" in kept or wanted.lower() in kept

    @property
    def has_body(self) -> bool:
        """Whether a body follows the headers."""
        return bool(self.header(b"transfer-encoding")) or self.header(b"content-length") not in (
            "",
            "0",
        )

    def body(self, limit: int) -> AsyncGenerator[bytes, None]:
        """Return the body piece by piece; the connection's deadline moves on with what comes.

        Args:
            limit: most bytes.

        Raises:
            RequestError: while iterating: there are more (413), or it is no HTTP.
            trio.BrokenResourceError: while iterating: the connection ended before the body.
        """
        return self.receive_body(limit)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response.

    Args:
        status: such as 200.
        body: its bytes, or its pieces. A generator is closed at the end, but not started for HEAD:
            the handler of HEAD must not give it anything that has to be closed.
        headers: without `Content-Length` and `Connection`. Each one replaces the connection's
            default of the same name (see `connection.DEFAULT_HEADERS`).
        length: bytes of a body in pieces; None sends it chunked.
    """

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    headers: Headers = ()
    length: int | None = None


def text_response(text: str, status: int = 200, headers: Headers = ()) -> HttpResponse:
    """Return a response of plain text; a clause becomes `404: there is no such page.`"""
    body = text if text.endswith("\n") else f"{status}: {text}.\n"
    return HttpResponse(
        status, body.encode(), [("Content-Type", "text/plain; charset=utf-8"), *headers]
    )


def json_response(value: object, status: int = 200, headers: Headers = ()) -> HttpResponse:
    """Return a response of JSON."""
    body = json.dumps(value, ensure_ascii=False).encode() + b"\n"
    own = {name for name, _ in headers}
    kind = [] if "Content-Type" in own else [("Content-Type", "application/json")]
    return HttpResponse(status, body, [*kind, *headers])
