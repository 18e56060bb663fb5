"""HTTP on the chat's port: requests of browsers, proxies and hostile pages, byte by byte."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import edge
from trio_chat.config import ListenerSettings, ServerSettings, Settings
from trio_chat.server.http.forwarded import UnknownClient, address_of, client_behind, host_behind
from trio_chat.server.http.hosts import Host, is_known, parse_host, parse_origin
from trio_chat.server.peer import Peer

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
UPGRADE = (
    b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + KEY
)
PROXIES = (ip_network("192.0.2.0/24"),)
TLS_ONLY = ListenerSettings(name="", tls="required")
PLAIN = ListenerSettings(name="")


async def ask(
    request: bytes, server: ServerSettings | None = None, listener: ListenerSettings = PLAIN
) -> bytes:
    """Return what is answered to a request; of a WebSocket, only the head."""
    async with edge(
        Settings(server=server or ServerSettings(allowed_hosts=("chat.example",)))
    ) as here:
        stream = here.stream(listener)
        await stream.send_all(request)
        answer = b""
        await stream.send_eof()
        while data := await stream.receive_some():
            answer += data
            if answer.startswith(b"HTTP/1.1 101"):
                break
        return bytes(answer)


def opening(*headers: bytes) -> bytes:
    """Return a request for a WebSocket."""
    return (
        b"GET / HTTP/1.1\r\n" + b"".join(header + b"\r\n" for header in headers) + UPGRADE + b"\r\n"
    )


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ")[1])


# HEAD, and what else is no GET.


@pytest.mark.parametrize("listener", [PLAIN, TLS_ONLY])
@pytest.mark.parametrize("path", [b"/", b"/x", b"/?q", b"http://chat.example/"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_head_is_answered_as_get_without_the_body(
    listener: ListenerSettings, path: bytes, version: bytes
) -> None:
    """ "The server SHOULD send the same header fields in response to a HEAD request as it would
    have sent if the request method had been GET" (RFC 9110 §9.3.2)."""
    rest = path + b" HTTP/" + version + b"\r\nHost: chat.example\r\n\r\n"
    got, head = (
        await ask(b"GET " + rest, listener=listener),
        await ask(b"HEAD " + rest, listener=listener),
    )
    assert head.endswith(b"\r\n\r\n")
    assert got.startswith(head)
    assert len(got) > len(head)
    assert (b"\r\nConnection: close\r\n" in head) == (version == b"1.0")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: <b>\r\n\r\n",
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: chat.example\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: chat.example\r\n" + UPGRADE + b"\r\n",
    ],
)
async def test_a_refusal_of_head_has_no_body_either(request_bytes: bytes) -> None:
    """A proxy would take it for the next answer."""
    answer = await ask(request_bytes)
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer.endswith(b"\r\n\r\n")
    assert answer.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(
    "line", [b"POST /", b"PUT /ca", b"DELETE /", b"OPTIONS /", b"PATCH /", b"TRACE /"]
)
@pytest.mark.parametrize(
    "headers", [b"", UPGRADE, b"Expect: 100-continue\r\nContent-Length: 5\r\n"]
)
async def test_other_methods_are_refused(line: bytes, headers: bytes) -> None:
    """ "The origin server MUST generate an Allow header field in a 405 response" (RFC 9110
    §15.5.6).
    """
    answer = await ask(line + b" HTTP/1.1\r\nHost: chat.example\r\n" + headers + b"\r\n")
    assert status(answer) == 405
    assert b"\r\nAllow: GET, HEAD\r\n" in answer


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE"])
async def test_an_address_that_does_not_exist(method: bytes) -> None:
    """Whoever posts to a mistyped address learns that, and not that the page can only be read."""
    answer = await ask(method + b" /hook/x HTTP/1.1\r\nHost: chat.example\r\n\r\n")
    assert status(answer) == 404


@pytest.mark.parametrize(
    "header", [b"A: b\r\n" * 5000, b"A: " + b"x" * 30_000 + b"\r\n", b" folded\r\n" * 3000]
)
async def test_a_long_head_is_refused_also_when_it_comes_at_once(header: bytes) -> None:
    """431 Request Header Fields Too Large (RFC 6585 §5): thousands of headers are much work, and
    come in one read.
    """
    assert (
        status(await ask(b"GET / HTTP/1.1\r\nHost: chat.example\r\nA: b\r\n" + header + b"\r\n"))
        == 431
    )


async def test_requests_that_follow_each_other_are_answered_in_their_order() -> None:
    """ "A server MAY process a sequence of pipelined requests in parallel […], but it MUST send the
    corresponding responses in the same order" (RFC 9112 §9.3.2).
    """
    paths = (b"/health", b"/nothing", b"/health")
    answer = await ask(
        b"".join(b"GET %s HTTP/1.1\r\nHost: chat.example\r\n\r\n" % path for path in paths)
    )
    assert [status(part) for part in answer.split(b"HTTP/1.1")[1:]] == [200, 404, 200]


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
async def test_an_opening_has_no_body(body: bytes) -> None:
    """Its bytes would be taken for frames here, and for something else by a proxy in front (request
    smuggling).
    """
    assert status(await ask(opening(b"Host: chat.example", body.strip()))) == 400


@pytest.mark.parametrize("version", [b"8", b"14", b"x"])
async def test_another_version_of_websocket_is_told_which_is_spoken(version: bytes) -> None:
    """426 with `Sec-WebSocket-Version` (RFC 6455 §4.4)."""
    answer = await ask(
        opening(b"Host: chat.example").replace(b"Version: 13", b"Version: " + version)
    )
    assert status(answer) == 426
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer


# Names of this server.


@pytest.mark.parametrize(
    ("host", "is_right"),
    [
        ("chat.local", True),
        ("CHAT.local.:5000", True),
        ("chat.example", True),
        ("a.example.org", True),
        ("example.org", False),
        ("page.example", True),
        ("localhost:5000", True),
        ("web.localhost", True),
        ("mybox", True),
        ("mybox.local", True),
        ("192.168.1.5:5000", True),
        ("[2001:db8::1]:5000", True),
        ("certified.example", True),
        ("evil.example", False),
        ("chat.local.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("mybox.evil.example", False),
    ],
)
def test_the_names_of_this_server(
    host: str, is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own, those of the settings, of the certificate and of this machine, and every address."""
    monkeypatch.setattr("socket.gethostname", lambda: "MyBox")
    server = ServerSettings(
        allowed_hosts=("chat.example", "*.example.org"), origins=("https://page.example:8443",)
    )
    asked = parse_host(host)
    assert asked is not None
    assert is_known(asked, Settings(server=server), ("certified.example",)) is is_right
    assert is_known(asked, Settings(server=replace(server, allowed_hosts=("any",))))


@pytest.mark.parametrize("listener", [PLAIN, TLS_ONLY])
@pytest.mark.parametrize(
    "request_bytes",
    [
        opening(b"Host: evil.example", b"Origin: http://evil.example"),
        opening(b"Host: evil.example:5000", b"Origin: http://evil.example:5000"),
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_a_page_cannot_make_its_name_that_of_this_server(
    request_bytes: bytes, listener: ListenerSettings
) -> None:
    """DNS rebinding: a browser that was led here by another name thinks that the page is of this
    server's.
    """
    answer = await ask(request_bytes, listener=listener)
    assert status(answer) == 403
    assert b"allowed_hosts" in answer


async def test_a_page_that_the_operator_names_may_come_by_any_name() -> None:
    """Its origin is what the browser says, which no look-up changes; and a program that is no
    browser has none.
    """
    server = ServerSettings(origins=("https://page.example",), allowed_hosts=("chat.example",))
    assert (
        status(await ask(opening(b"Host: other.example", b"Origin: https://page.example"), server))
        == 101
    )
    assert status(await ask(opening(b"Host: other.example"), server)) == 101


@pytest.mark.parametrize(
    ("host", "origin", "is_same"),
    [
        (b"chat.example", b"https://chat.example", True),
        (b"chat.example", b"https://chat.example:8443", True),
        (b"chat.example:443", b"https://chat.example", True),
        (b"chat.example:5000", b"http://chat.example", True),
        (b"chat.example:5000", b"http://chat.example:8080", False),
        (b"Chat.Example.", b"http://chat.example", True),
        (b"[::1]:5000", b"http://[0:0:0:0:0:0:0:1]:5000", True),
        (b"[::1]", b"http://[::2]", False),
        (b"127.0.0.1:5000", b"http://chat.example", False),
        (b"chat.example", b"file://chat.example", False),
        (b"chat.example", b"null", False),
    ],
)
async def test_the_own_page_may_come(host: bytes, origin: bytes, is_same: bool) -> None:
    """A proxy may omit or change the port in Host."""
    answer = await ask(opening(b"Host: " + host, b"Origin: " + origin))
    assert status(answer) == (101 if is_same else 403)


@pytest.mark.parametrize(
    ("headers", "is_same"),
    [
        ([b"Host: 127.0.0.1:5000"], True),
        ([b"Host: 127.0.0.1:5000", b"X-Forwarded-Host: chat.example"], True),
        ([b"Host: 127.0.0.1:5000", b"Forwarded: for=198.51.100.7;host=chat.example"], True),
        ([b"Host: chat.example:5000"], True),
        ([b"Host: 127.0.0.1:5000", b"X-Forwarded-Host: other.example"], False),
        ([b"Host: backend"], False),
    ],
)
async def test_a_trusted_proxy_says_what_was_asked_for(headers: list[bytes], is_same: bool) -> None:
    """`X-Forwarded-Host`, or `Host` if it is passed on; nginx puts the address that it connects to
    there by default.
    """
    server = ServerSettings(proxies=PROXIES, allowed_hosts=("chat.example", "other.example"))
    request = opening(
        *headers, b"Origin: https://chat.example:8443", b"X-Forwarded-For: 198.51.100.7"
    )
    assert status(await ask(request, server)) == (101 if is_same else 403)


# The client behind a proxy.


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7:4711 ", "203.0.113.7"),
        ("[2001:DB8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ('"[2001:db8::1]:_port"', "2001:db8::1"),
    ],
)
def test_an_address_may_have_a_port(text: str, address: str) -> None:
    """In all forms in which proxies write it."""
    assert address_of(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "_hidden", "203.0.113", "203.0.113.7:", "203.0.113.7:x", "[::1", "::1]", "a b"],
)
def test_what_is_no_address(text: str) -> None:
    """It is not guessed at."""
    with pytest.raises(UnknownClient):
        address_of(text)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    """Nothing else is raised."""
    with suppress(UnknownClient):
        assert address_of(text)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-forwarded-for", b"")],
        [(b"x-forwarded-for", b"unknown")],
        [(b"x-forwarded-for", b"203.0.113.7,")],
        [(b"x-forwarded-for", b"203.0.113.7, unknown, 192.0.2.3")],
        [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-for", b"nonsense")],
        [(b"x-forwarded-for", b"203.0.113.7"), (b"forwarded", b"for=198.51.100.7")],
        [(b"forwarded", b"for=unknown")],
        [(b"forwarded", b"proto=https")],
        [(b"forwarded", b'for="203.0.113.7')],
        [(b"forwarded", b"")],
        [(b"x-forwarded-proto", b"https")],
        [(b"x-real-ip", b"203.0.113.7")],
    ],
)
async def test_a_proxy_that_does_not_say_readably_who_is_behind_it(
    headers: Sequence[tuple[bytes, bytes]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refused and logged: its own address, which no limit covers, must not stand for another
    client.
    """
    with pytest.raises(UnknownClient):
        client_behind(Peer(host="192.0.2.9"), headers, PROXIES)
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    lines = [name + b": " + value for name, value in headers]
    answer = await ask(opening(b"Host: chat.local", *lines), ServerSettings(proxies=PROXIES))
    assert status(answer) == 400
    assert "does not send its address" in caplog.text


def test_a_proxy_that_shows_no_sign_of_others_speaks_for_itself() -> None:
    """A client on the proxy's machine."""
    peer = Peer(host="192.0.2.9")
    assert client_behind(peer, [(b"host", b"chat.example")], PROXIES) is peer


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Chat.Example.:80", Host("chat.example", 80)),
        ("[::1]", Host("::1", None)),
        ("127.0.0.1", Host("127.0.0.1", None)),
        ("[chat]", None),
        ("a b", None),
        ("a:b", None),
        (".", None),
        ("", None),
    ],
)
def test_a_host_is_read(text: str, host: Host | None) -> None:
    """In one form, whatever the case and the dot at the end."""
    assert parse_host(text) == host
    assert parse_origin(f"http://{text}") == host


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ([(b"x-forwarded-host", b"a.example")], "a.example"),
        ([(b"x-forwarded-host", b"a.example"), (b"x-forwarded-port", b"8443")], "a.example:8443"),
        ([(b"x-forwarded-host", b"a.example:1"), (b"x-forwarded-port", b"2")], "a.example:1"),
        ([(b"x-forwarded-host", b"[::1]"), (b"x-forwarded-port", b"80, 90")], "[::1]:80"),
        ([(b"x-forwarded-host", b"a.example"), (b"x-forwarded-port", b"x")], "a.example"),
        ([(b"forwarded", b"host=a.example"), (b"x-forwarded-port", b"8443")], "a.example:8443"),
        ([(b"x-forwarded-port", b"8443")], ""),
    ],
)
def test_a_proxy_names_the_host_and_the_port(headers: list[tuple[bytes, bytes]], host: str) -> None:
    """Together, or the port in `X-Forwarded-Port`; nobody but a trusted proxy does."""
    assert host_behind(Peer(host="192.0.2.1"), headers, PROXIES) == host
    assert host_behind(Peer(host="198.51.100.1"), headers, PROXIES) == ""


@pytest.mark.parametrize(
    ("host", "protocol", "is_served"),
    [
        ("192.0.2.1", b"https", True),
        ("192.0.2.1", b"http", False),
        ("198.51.100.1", b"https", False),
    ],
)
async def test_a_proxy_encrypts_for_its_clients(
    host: str, protocol: bytes, is_served: bool
) -> None:
    """Where TLS is required, a trusted proxy says that a client has it; others only claim that."""
    server = ServerSettings(allowed_hosts=("chat.example",), proxies=PROXIES)
    headers = b"X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Proto: " + protocol + b"\r\n"
    async with edge(Settings(server=server)) as here:
        for request, good in (
            (b"GET / HTTP/1.1\r\nHost: chat.example\r\n" + headers + b"\r\n", 200),
            (opening(b"Host: chat.example", headers.rstrip()), 101),
        ):
            stream = here.stream(TLS_ONLY, host)
            await stream.send_all(request)
            answer = bytes(await stream.receive_some())
            assert (status(answer) == good) is is_served
            assert status(answer) in (good, 308, 426)
