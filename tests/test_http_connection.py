"""Connections of HTTP: several requests on each, and peers that abuse that."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from ipaddress import ip_network

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked
from wsproto.frame_protocol import FrameProtocol

from edge import edge
from http_fakes import LOCAL, HttpClient, get
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.config import LimitSettings, ListenerSettings, ServerSettings, Settings
from trio_chat.server import admission
from trio_chat.server.http import connection, routes
from trio_chat.server.http.connection import (
    DROP_TIMEOUT,
    IDLE_TIMEOUT,
    MOST_REQUESTS,
    STALL_TIMEOUT,
)
from trio_chat.server.http.exchange import MAX_HEAD
from trio_chat.server.http.messages import HttpRequest, HttpResponse
from trio_chat.server.http.site import Site
from trio_chat.server.peer import Peer
from trio_chat.server.transport import StreamTransport

STRANGER = "198.51.100.7"
HEAD = b"GET /health HTTP/1.1\r\nHost: example.org\r\n"
ONE = HEAD + b"\r\n"
LIMIT = 100_000


async def upload(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with the size of the body."""
    size = 0
    async for data in request.body(LIMIT):
        size += len(data)
    return HttpResponse(200, str(size).encode())


def pieces(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with a body in pieces, whose length is known only to ?length."""

    async def body() -> AsyncGenerator[bytes, None]:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            yield b"abc"

    return HttpResponse(200, body(), length=9 if request.query == "length" else None)


def failing(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with a body that fails, or is longer than was said."""

    async def body() -> AsyncGenerator[bytes, None]:
        yield b"abc"
        await trio.lowlevel.checkpoint()
        if request.query == "long":
            yield b"x" * 100
        raise OSError

    return HttpResponse(200, body(), length=9)


def broken(request: HttpRequest, site: Site) -> HttpResponse:
    """Fail."""
    raise ZeroDivisionError


@pytest.fixture(autouse=True)
def _more_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (
        routes.Route("/t/upload", {"POST": upload, "GET": upload}),
        routes.Route("/t/pieces", {"GET": pieces}),
        routes.Route("/t/broken", {"GET": broken}),
        routes.Route("/t/failing", {"GET": failing}),
    )
    monkeypatch.setattr(routes, "ROUTES", (*routes.ROUTES, *more))


# Several requests.


async def test_requests_follow_each_other_on_one_connection() -> None:
    """Also after a refusal, a 304 or an answer to HEAD, which has no body."""
    async with edge() as here:
        client = HttpClient(here)
        tag = (await client.ask("/sw.js")).headers["etag"]
        again = await client.ask("/sw.js", f"If-None-Match: {tag}\r\n".encode())
        assert (again.status, again.body) == (304, b"")
        assert (await client.ask("/nowhere")).status == 404
        assert (await client.ask("/health", method="DELETE")).status == 405
        head = await client.ask("/health", method="HEAD")
        assert (head.status, head.headers["content-length"], head.body) == (200, "3", b"")
        assert (await client.ask("/health")).body == b"ok\n"


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_requests_that_come_at_once_are_answered_in_order(step: int) -> None:
    """Pipelining (RFC 9112 §9.3.2), whatever the pieces are in which the bytes come."""
    wire = b"".join(
        f"GET /t/pieces?{query} HTTP/1.1\r\nHost: x.localhost\r\n\r\n".encode() + ONE
        for query in ("length", "")
    )
    async with edge() as here:
        client = HttpClient(here)
        for start in range(0, len(wire), step):
            await client.stream.send_all(wire[start : start + step])
        answers = []
        for _ in range(4):
            await client.send(b"")
            answers.append((await client.answer()).body)
        assert answers == [b"abcabcabc", b"ok\n"] * 2


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"Connection: close\r\n\r\n",
        HEAD + b"Connection: x, Close\r\n\r\n",
        ONE.replace(b"1.1", b"1.0"),
        HEAD.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n",
    ],
)
async def test_a_connection_ends_when_the_client_wants_that(request_bytes: bytes) -> None:
    """HTTP/1.0 has no other way; what follows is not answered."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(request_bytes + ONE)
        answer = await client.answer()
        assert answer.headers["connection"] == "close"
        assert await client.is_ended()


async def test_an_answer_in_pieces_has_a_length_if_that_is_known() -> None:
    """Otherwise it is chunked, and for HTTP/1.0 it ends with the connection."""
    async with edge() as here:
        client = HttpClient(here)
        known = await client.ask("/t/pieces?length")
        unknown = await client.ask("/t/pieces")
        assert known.headers["content-length"] == "9"
        assert unknown.headers["transfer-encoding"] == "chunked"
        assert known.body == unknown.body == b"abcabcabc"
        head = await client.ask("/t/pieces", method="HEAD")
        assert (head.status, head.body) == (200, b"")


async def test_a_failing_handler_ends_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """500, one record in the log, and the next request."""
    async with edge() as here:
        client = HttpClient(here)
        assert (await client.ask("/t/broken")).status == 500
        assert (await client.ask("/health")).status == 200
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_body_is_closed_when_the_client_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before its first byte was sent: it may hold a file."""
    closed = []

    def hold(request: HttpRequest, site: Site) -> HttpResponse:
        async def body() -> AsyncGenerator[bytes, None]:
            try:
                await trio.lowlevel.checkpoint()
                yield b"abc"
            finally:
                closed.append(request)

        return HttpResponse(200, body(), length=3)

    monkeypatch.setattr(routes, "ROUTES", (routes.Route("/health", {"GET": hold}),))
    async with edge() as here:
        ours, theirs = memory_stream_pair()
        await ours.send_all(ONE)
        await ours.receive_stream.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await theirs.send_all(b"x")
        await here.server.open_and_serve(
            StreamTransport(theirs), Peer(host=LOCAL), ListenerSettings(name="")
        )
    assert len(closed) == 1


@pytest.mark.parametrize("query", ["", "long"])
async def test_a_failing_body_ends_its_connection(
    query: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client must not take what came for the whole: less comes than was announced."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(f"GET /t/failing?{query} HTTP/1.1\r\nHost: example.org\r\n\r\n".encode())
        wire = b""
        while data := await client.stream.receive_some():
            wire += bytes(data)
        assert b"\r\nContent-Length: 9\r\n" in wire
        assert wire.endswith(b"\r\n\r\nabc")
    assert [record.getMessage() for record in caplog.records] == [
        "internal error while sending a body"
    ]


async def test_the_requests_of_a_connection_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one is announced as such."""
    monkeypatch.setattr(connection, "MOST_REQUESTS", 3)
    assert MOST_REQUESTS > 100
    async with edge() as here:
        client = HttpClient(here)
        closings = [(await client.ask("/health")).headers.get("connection") for _ in range(3)]
        assert closings == [None, None, "close"]
        assert await client.is_ended()


# Bodies.


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
    ],
)
async def test_a_body_is_read_before_the_next_request(step: int, body: bytes) -> None:
    """By its length, or in chunks with extensions and trailers (RFC 9112 §7.1)."""
    wire = b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\n" + body + ONE
    async with edge() as here:
        client = HttpClient(here)
        for start in range(0, len(wire), step):
            await client.stream.send_all(wire[start : start + step])
        await client.send(b"", "POST")
        await client.send(b"")
        assert (await client.answer()).body == b"5"
        assert (await client.answer()).body == b"ok\n"


async def test_a_client_that_waits_is_asked_for_its_body() -> None:
    """`Expect: 100-continue` (RFC 9110 §10.1.1)."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(
            b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n"
            b"Expect: 100-continue\r\n\r\n",
            "POST",
        )
        head = await client.stream.receive_some()
        assert bytes(head).startswith(b"HTTP/1.1 100 ")
        await client.stream.send_all(b"hello")
        assert (await client.answer()).body == b"5"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 100001\r\n\r\n" + b"x" * 100_001,
        b"Transfer-Encoding: chunked\r\n\r\n"
        + b"FFFF\r\n"
        + b"x" * 0xFFFF
        + b"\r\n" * 1
        + b"FFFF\r\n"
        + b"x" * 0xFFFF
        + b"\r\n",
    ],
)
async def test_too_large_a_body_is_refused(body: bytes) -> None:
    """413, and the end of the connection: the rest is not read as a request."""
    async with edge() as here:
        client = HttpClient(here)
        wire = b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\n" + body
        await client.send(wire, "POST")
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_a_client_that_still_sends_gets_the_refusal(autojump_clock: MockClock) -> None:
    """A browser reads the answer when it has sent its file, and not before; there is a limit."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(
            b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\nContent-Length: 9999999\r\n\r\n",
            "POST",
        )
        await wait_all_tasks_blocked()
        for _ in range(100):
            await client.stream.send_all(b"x" * 99_999)
        assert (await client.answer()).status == 413
        begun = trio.current_time()
        assert await client.is_ended()
        assert trio.current_time() - begun <= DROP_TIMEOUT + 3


@pytest.mark.parametrize("path", [b"/health", b"/nowhere", b"/"])
async def test_a_body_that_nobody_reads_is_no_request(path: bytes) -> None:
    """The connection ends with the answer: its bytes could be those of a request that a proxy has
    not seen.
    """
    async with edge() as here:
        client = HttpClient(here)
        body = b"GET /sw.js HTTP/1.1\r\nHost: example.org\r\n\r\n"
        await client.send(
            b"GET " + path + b" HTTP/1.1\r\nHost: example.org\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        assert (await client.answer()).headers["connection"] == "close"
        assert await client.is_ended()


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"A\0: b\r\n",
        b"A: b\0c\r\n",
        b"A: b\rc\r\n",
        b": b\r\n",
        b"Host: example.org\r\n",
        b"Host: evil.example\r\n",
        b"Host: example.org, example.net\r\n",
    ],
)
async def test_an_ambiguous_request_ends_the_connection(
    headers: bytes, autojump_clock: MockClock
) -> None:
    """A proxy may understand it in another way (request smuggling, RFC 9112 §11.2): whatever is
    answered, what follows is no request.
    """
    async with edge() as here:
        client = HttpClient(here)
        await client.send(
            b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\n" + headers + b"\r\nhello" + ONE,
            "POST",
        )
        wire = b""
        with trio.move_on_after(IDLE_TIMEOUT + STALL_TIMEOUT):
            while data := await client.stream.receive_some():
                wire += bytes(data)
        assert b"ok\n" not in wire
        assert wire.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize(
    "target",
    [
        b"http://evil.example/health",
        b"http://example.org@evil.example/",
        b"//evil.example/",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/../sw.js",
        b"/v/../sw.js",
        b"/sw.js/",
        b"/sw.js%00",
        b"/SW.JS",
        b"/health/x",
        b"*",
        b"example.org:80",
        b"/\xc3\xa9",
        b"/" + b"x" * 4000,
    ],
)
async def test_odd_targets_are_refused(target: bytes) -> None:
    """A target is compared with the table of routes as it is, without decoding or resolving."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(b"GET " + target + b" HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert (await client.answer()).status in (400, 403, 404)


async def test_an_absolute_target_names_the_host() -> None:
    """Its host replaces that of the header (RFC 9112 §3.2.2)."""
    async with edge() as here:
        client = HttpClient(here)
        wire = b"GET http://example.org/health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        await client.send(wire)
        assert (await client.answer()).status == 200


async def test_a_part_of_a_file_cannot_be_had() -> None:
    """ "A server MAY ignore the Range header field" (RFC 9110 §14.2): the whole file is sent."""
    async with edge() as here:
        answer = await get(here, "/sw.js", b"Range: bytes=0-9\r\n")
        assert answer.status == 200
        assert len(answer.body) > 10


async def test_a_long_head_is_refused() -> None:
    """431, also on a connection that was used before."""
    async with edge() as here:
        client = HttpClient(here)
        await client.ask("/health")
        answer = await client.ask("/health", b"A: " + b"x" * 2 * MAX_HEAD + b"\r\n")
        assert (answer.status, answer.headers["connection"]) == (431, "close")


# Deadlines.


async def test_a_connection_without_requests_ends(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """After its answers, within a short time and without a record."""
    caplog.set_level(logging.INFO)
    async with edge() as here:
        client = HttpClient(here, host=STRANGER)
        await client.ask("/health")
        begun = trio.current_time()
        assert await client.is_ended()
        assert trio.current_time() - begun <= IDLE_TIMEOUT + 3
    assert not caplog.records


async def test_a_head_that_comes_slowly_ends(autojump_clock: MockClock) -> None:
    """Each byte comes in time, and the head as a whole does not."""
    async with edge() as here:
        for first in (b"", ONE):
            client = HttpClient(here)
            if first:
                await client.send(first)
                await client.answer()
            begun = trio.current_time()
            with suppress(trio.BrokenResourceError):
                for byte in HEAD * 10:
                    await client.stream.send_all(bytes([byte]))
                    await trio.sleep(1)
            assert trio.current_time() - begun <= 40


async def test_a_body_that_makes_progress_may_take_long(autojump_clock: MockClock) -> None:
    """Longer than any deadline of its parts."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(
            b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\nContent-Length: 90000\r\n\r\n", "POST"
        )
        begun = trio.current_time()
        for _ in range(9):
            await trio.sleep(9)
            await client.stream.send_all(b"x" * 10_000)
        assert (await client.answer()).body == b"90000"
        assert trio.current_time() - begun > 2 * STALL_TIMEOUT


@pytest.mark.parametrize("step", [0, 1])
async def test_a_body_without_progress_ends(step: int, autojump_clock: MockClock) -> None:
    """When nothing comes, or byte by byte for ever."""
    async with edge() as here:
        client = HttpClient(here)
        await client.send(
            b"POST /t/upload HTTP/1.1\r\nHost: example.org\r\nContent-Length: 90000\r\n\r\n", "POST"
        )
        begun = trio.current_time()
        with suppress(trio.BrokenResourceError), trio.move_on_after(300):
            while step:
                await trio.sleep(5)
                await client.stream.send_all(b"x")
        assert await client.is_ended()
        assert trio.current_time() - begun < 60


async def test_a_client_that_does_not_read_ends(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has asked for many answers at once; only the first one is made."""
    async with edge() as here:
        ours, theirs = memory_stream_pair()
        theirs.send_stream.send_all_hook = trio.sleep_forever
        made = []

        def count(request: HttpRequest, site: Site) -> HttpResponse:
            made.append(request)
            return HttpResponse()

        monkeypatch.setattr(routes, "ROUTES", (routes.Route("/health", {"GET": count}),))
        await ours.send_all(ONE * 200)
        begun = trio.current_time()
        await here.server.open_and_serve(
            StreamTransport(theirs), Peer(host=LOCAL), ListenerSettings(name="")
        )
        assert trio.current_time() - begun < 2 * STALL_TIMEOUT
        assert len(made) == 1


# Admission.


@pytest.fixture
def small_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests be delayed after few of them, of which a connection may carry some."""
    assert admission.REQUEST_BURST == 2 * MOST_REQUESTS
    monkeypatch.setattr(admission, "REQUEST_BURST", 20)


@pytest.mark.usefixtures("small_burst")
@pytest.mark.parametrize(("host", "seconds"), [(STRANGER, 1), (LOCAL, 0)])
async def test_very_many_requests_of_an_address_are_delayed(
    host: str, seconds: int, autojump_clock: MockClock
) -> None:
    """On all its connections together, after a burst; other addresses are not."""
    async with edge() as here:
        for _ in range(3):
            client = HttpClient(here, host=host)
            for _ in range(40):
                assert (await client.ask("/health")).status == 200
        assert trio.current_time() == pytest.approx(seconds, abs=0.02)
        begun = trio.current_time()
        await HttpClient(here, host="198.51.100.8").ask("/health")
        assert trio.current_time() == begun


@pytest.mark.usefixtures("small_burst")
@pytest.mark.parametrize("host", ["evil.example", "example.org"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_refused_requests_are_delayed_as_well(
    host: str, method: str, autojump_clock: MockClock
) -> None:
    """They cost no less."""
    async with edge() as here:
        for _ in range(3):
            client = HttpClient(here, host=STRANGER)
            for _ in range(40):
                answer = await client.ask("/nowhere", host=host, method=method)
                assert answer.status in (403, 404, 405)
        assert trio.current_time() == pytest.approx(1, abs=0.02)


@pytest.mark.usefixtures("small_burst")
async def test_clients_behind_a_proxy_are_delayed_by_their_own_address(
    autojump_clock: MockClock,
) -> None:
    """One of them does not slow the others down."""
    server = ServerSettings(proxies=(ip_network("192.0.2.1"),), allowed_hosts=("example.org",))
    async with edge(Settings(server=server)) as here:
        for _ in range(2):
            client = HttpClient(here, host="192.0.2.1")
            for _ in range(10):
                await client.ask("/health", f"X-Forwarded-For: {STRANGER}\r\n".encode())
        client = HttpClient(here, host="192.0.2.1")
        for _ in range(100):
            await client.ask("/health", f"X-Forwarded-For: {STRANGER}\r\n".encode())
        assert trio.current_time() == pytest.approx(1, abs=0.02)
        begun = trio.current_time()
        await client.ask("/health", b"X-Forwarded-For: 198.51.100.8\r\n")
        assert trio.current_time() == begun


async def test_a_websocket_can_follow_pages_on_a_connection() -> None:
    """What came behind its opening is the first frame."""
    async with edge() as here:
        client = HttpClient(here)
        assert (await client.ask("/health")).status == 200
        frame = FrameProtocol(client=True, extensions=[]).send_data("PING :x", fin=True)
        await client.stream.send_all(
            b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            + bytes(frame)
        )
        wire = b""
        while b"PONG" not in wire:
            wire += bytes(await client.stream.receive_some())
        assert wire.startswith(b"HTTP/1.1 101 ")


async def test_too_many_connections_are_refused_by_http() -> None:
    """429 with `Retry-After` (RFC 6585 §4), and no line of IRC; HEAD has no body."""
    limits = LimitSettings(connections_per_address=1)
    async with edge(Settings(limits=limits)) as here:
        for _ in range(6):
            assert (await HttpClient(here, host=STRANGER).ask("/health")).status == 200
        answer = await HttpClient(here, host=STRANGER).ask("/health")
        assert (answer.status, answer.headers["retry-after"]) == (429, "60")
        assert answer.headers["connection"] == "close"
        assert "Too many connections" in answer.text
        head = await HttpClient(here, host=STRANGER).ask("/", method="HEAD")
        assert (head.status, head.body) == (429, b"")


async def test_pages_take_nothing_from_the_chat() -> None:
    """A visitor's connections for files, and then the WebSocket."""
    limits = LimitSettings(connections_per_address=1, connections_per_minute=2)
    async with edge(Settings(limits=limits)) as here:
        for _ in range(6):
            await HttpClient(here, host=STRANGER).ask("/health")
        chat = here.connect(host=STRANGER)
        await chat.send(b"NICK ann\r\nUSER ann 0 * :Ann\r\n")
        await chat.until("001")


async def test_a_silent_connection_of_a_browser_counts_for_the_chat() -> None:
    """Only its first bytes show what it is for. A browser may open some ahead, and is answered by
    HTTP on those for which there is no room.
    """
    async with edge(Settings(limits=LimitSettings(connections_per_address=1))) as here:
        here.stream(host=STRANGER)
        await wait_all_tasks_blocked()
        answer = await HttpClient(here, host=STRANGER).ask("/health")
        assert answer.status == 429


@pytest.mark.parametrize("host", [LOCAL, STRANGER])
async def test_a_full_server_is_unavailable(host: str) -> None:
    """503 with `Retry-After`, for a client of HTTP that has no chance to be served."""
    async with edge(Settings(limits=LimitSettings(clients=1))) as here:
        chat = here.connect()
        await chat.send(b"NICK ann\r\nUSER ann 0 * :Ann\r\n")
        await chat.until("001")
        answer = await HttpClient(here, host=host).ask("/")
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")


async def test_connections_for_pages_and_refusals_of_them_are_counted() -> None:
    """For the metrics."""
    async with edge(Settings(limits=LimitSettings(connections_per_address=1))) as here:
        for _ in range(8):
            client = HttpClient(here, host=STRANGER)
            if (await client.ask("/health")).status == 429:
                await client.stream.aclose()
        await wait_all_tasks_blocked()
        found = here.server.statistics().admission
        assert (found.pages, found.refused) == (6, 2)


async def test_connections_do_not_wait_when_there_are_many() -> None:
    """Half of those that may be for pages wait for another request."""
    async with edge(Settings(limits=LimitSettings(clients=16))) as here:
        clients = [HttpClient(here) for _ in range(7)]
        closings = [(await client.ask("/health")).headers.get("connection") for client in clients]
        assert closings == [None] * 6 + ["close"]


async def test_a_browser_loads_the_page_from_a_small_server() -> None:
    """Its connections for the page are not counted as clients."""
    async with edge(Settings(limits=LimitSettings(clients=6))) as here:
        clients = [HttpClient(here) for _ in range(6)]
        assert [(await client.ask("/health")).status for client in clients] == [200] * 6
        ann = here.connect()
        await ann.send(b"NICK ann\r\nUSER ann 0 * :Ann\r\n")
        await ann.until("001")
        others = [here.connect() for _ in range(5)]
        for number, other in enumerate(others):
            await other.send(f"NICK u{number}\r\nUSER u 0 * :U\r\n".encode())
            await other.until("001")


async def test_a_banned_address_is_forbidden() -> None:
    """403 with the reason, instead of a line of IRC."""
    async with edge() as here:
        here.server.world.bans.add(Ban(BanKind.ADDRESS, STRANGER, "root", "floods", 0))
        answer = await HttpClient(here, host=STRANGER).ask("/")
        assert (answer.status, "Banned: floods" in answer.text) == (403, True)


async def test_a_page_of_another_site_is_refused_in_json() -> None:
    """A script sees only that the WebSocket failed; the network panel of the browser shows why. No
    other site may read the answer.
    """
    async with edge() as here:
        headers = (
            b"Origin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        answer = await get(here, "/", headers)
        assert answer.status == 403
        assert answer.headers["content-type"] == "application/json"
        assert json.loads(answer.body)["error"].endswith("see [server] origins")
        assert not [name for name in answer.headers if name.startswith("access-control-")]


HEADS = st.lists(
    st.sampled_from(
        [
            b"GET / HTTP/1.1\r\n",
            b"POST /t/upload HTTP/1.1\r\n",
            b"HEAD /t/pieces HTTP/1.0\r\n",
            b"\r\nGET /t/pieces HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"Content-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
            b"Expect: 100-continue\r\n",
            b"\r\n",
            b"0\r\n\r\n",
            b"5\r\nhello\r\n",
            b"\0",
            b" ",
            b":",
        ]
    )
    | st.binary(max_size=8),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"GET / HTTP/1.1\r\n", b"POST /t/upload HTTP/1.1\r\n", b"GET "]),
    HEADS,
    st.integers(1, 60),
)
def test_no_bytes_make_the_server_fail(first: bytes, parts: list[bytes], step: int) -> None:
    """Whatever a client sends, it gets answers of HTTP, or the end."""
    wire = first + b"Host: localhost\r\n" + b"".join(parts)
    failures = Failures()
    log = logging.getLogger("trio_chat")
    log.addHandler(failures)

    async def run() -> bytes:
        answer = b""
        async with edge() as here:
            stream = here.stream(host=LOCAL)
            with suppress(trio.BrokenResourceError):
                for start in range(0, len(wire), step):
                    await stream.send_all(wire[start : start + step])
                await stream.send_eof()
            while data := await stream.receive_some():
                answer += bytes(data)
        return answer

    try:
        answer = trio.run(run, clock=MockClock(autojump_threshold=0))
    finally:
        log.removeHandler(failures)
    assert not failures.records
    assert not answer or answer.startswith(b"HTTP/1.1 ")


class Failures(logging.Handler):
    """Keeps the records of errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(record.getMessage())
