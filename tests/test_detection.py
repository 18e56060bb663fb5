"""Protocol detection: the first bytes of a connection, with a deadline, a bound and no loss."""

import logging
from dataclasses import replace
from ipaddress import ip_network

import argon2
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import HELLO, edge
from trio_chat.config import (
    GatewaySettings,
    LimitSettings,
    ListenerSettings,
    ServerSettings,
    Settings,
)
from trio_chat.server.detection import DetectedProtocol, detect_protocol
from trio_chat.server.gateways import GatewayError, speak_for
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.peer import Peer, plain_address
from trio_chat.server.proxy import LOCAL, V2

LAST = b"Connection: close\r\n"

PROXIED = Settings(server=ServerSettings(proxies=(ip_network("192.0.2.0/24"),)))
V1 = b"PROXY TCP4 198.51.100.7 192.0.2.9 1 2\r\n"
PROXY = ListenerSettings(name="", proxy=True)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x16", DetectedProtocol.TLS),
        (b"\x16\x03\x01", DetectedProtocol.TLS),
        (b"GET / HTTP/1.1\r\n", DetectedProtocol.HTTP),
        (b"POST /x", DetectedProtocol.HTTP),
        (b"PRI * HTTP/2.0", DetectedProtocol.HTTP),
        (b"PROPFIND /x HTTP/1.1\r\n", DetectedProtocol.HTTP),
        (b"M-SEARCH * HTTP/1.1\n", DetectedProtocol.HTTP),
        (b"FOO http://a/ HTTP/1.0\r\nHost: a\r\n", DetectedProtocol.HTTP),
        (b"FOO x HTTP/1.1\r\n", DetectedProtocol.IRC),
        (b"USER a 0 * :/x HTTP/1.1\r\n", DetectedProtocol.IRC),
        (b"NICK a\r\nUSER / HTTP/1.1\r\n", DetectedProtocol.IRC),
        (b"NICK ann", DetectedProtocol.IRC),
        (b"PASS", DetectedProtocol.IRC),
        (b"\r\n", DetectedProtocol.IRC),
        (b"", None),
        (b"P", None),
        (b"GE", None),
        (b"OPTIONS", None),
    ],
)
def test_the_first_bytes_tell(data: bytes, kind: DetectedProtocol | None) -> None:
    """The server decides with the fewest bytes, and waits for more when they are ambiguous."""
    assert detect_protocol(data) is kind


async def test_nothing_of_what_was_read_is_lost() -> None:
    """Byte by byte, also where the first ones could have become something else."""
    async with edge() as here:
        ann = here.connect()
        for byte in b"PASS x\r\n" + HELLO:
            await ann.send(bytes([byte]))
            await wait_all_tasks_blocked()
        assert (await ann.until("001")).params[0] == "ann"


async def test_who_says_nothing_is_told_and_ended(autojump_clock: MockClock) -> None:
    """Everything before the chat has one deadline."""
    async with edge(Settings(limits=LimitSettings(registration_timeout=30))) as here:
        assert (
            b"ERROR :Closing link: 192.0.2.9 (Registration timed out)"
            in await here.connect().rest()
        )
        assert 30 <= trio.current_time() < 34


async def test_a_drip_of_bytes_does_not_lengthen_the_deadline(autojump_clock: MockClock) -> None:
    """A byte now and then (slowloris) is no sign of good will."""
    async with edge(Settings(limits=LimitSettings(registration_timeout=30))) as here:
        ann = here.connect()
        with pytest.raises(trio.BrokenResourceError):  # noqa: PT012
            for byte in b"GET / HTTP/1.1\r\nHost: " + b"x" * 1000:
                await ann.send(bytes([byte]))
                await trio.sleep(5)
        assert trio.current_time() < 50
        assert not here.server.connections


async def test_connections_that_are_not_open_yet_count() -> None:
    """Otherwise any number of them could wait for their deadline."""
    async with edge(Settings(limits=LimitSettings(clients=2))) as here:
        here.connect()
        here.connect()
        await wait_all_tasks_blocked()
        assert b"The server is full" in await here.connect().rest()


async def test_a_shutdown_ends_what_is_not_open_yet() -> None:
    """A connection in detection gets the notice, as registered clients do."""
    async with edge() as here:
        ann = here.connect()
        await wait_all_tasks_blocked()
        here.server.stop()
        here.server.openings.end()
        assert b"The server has shut down" in await ann.rest()


# TLS or not.


async def test_required_tls_is_said_to_who_comes_in_plain_text() -> None:
    """In the way that the client understands."""
    async with edge() as here:
        ann = here.connect(ListenerSettings(name="", tls="required"))
        await ann.send(HELLO)
        assert (
            await ann.rest()
            == b"ERROR :Closing link: 192.0.2.9 (Use TLS: this port takes no plain text)\r\n"
        )


async def test_a_browser_is_sent_to_tls() -> None:
    """The port is the same, so the address is."""
    async with edge() as here:
        ann = here.connect(ListenerSettings(name="", tls="required"))
        await ann.send(b"GET /chat HTTP/1.1\r\nHost: example.org:5000\r\n" + LAST + b"\r\n")
        answer = await ann.rest()
        assert answer.startswith(b"HTTP/1.1 308 ")
        assert b"Location: https://example.org:5000/chat\r\n" in answer


async def test_a_websocket_that_needs_tls_is_told() -> None:
    """426 Upgrade Required (RFC 9110 §15.5.22): browsers follow no redirection here."""
    async with edge() as here:
        ann = here.connect(ListenerSettings(name="", tls="required"))
        await ann.send(
            b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade, close\r\nUpgrade:"
            b" websocket\r\n\r\n"
        )
        assert (await ann.rest()).startswith(b"HTTP/1.1 426 ")


async def test_tls_that_is_off_is_refused_with_an_alert() -> None:
    """handshake_failure (RFC 8446 §6.2), not silence and not a line of text."""
    async with edge() as here:
        ann = here.connect(ListenerSettings(name="", tls="off"))
        await ann.send(b"\x16\x03\x01\x00\x05hello")
        assert await ann.rest() == b"\x15\x03\x03\x00\x02\x02\x28"


# Proxies.


async def test_a_proxy_that_is_trusted_says_who_is_behind_it() -> None:
    """Its client's address is the one that counts; what came in the same packet is not lost."""
    async with edge(PROXIED) as here:
        ann = here.connect()
        await ann.send(V1 + HELLO)
        assert (await ann.until("001")).params[1].endswith("ann!ann@198.51.100.7")


@pytest.mark.parametrize(
    "header",
    [b"PROXY UNKNOWN\r\n", V2 + b"\x21\x00\x00\x00", V2 + b"\x21\x31\x00\xd8" + bytes(216)],
)
@pytest.mark.parametrize("listener", [None, PROXY])
async def test_a_proxy_that_does_not_know_who_is_behind_it(
    header: bytes,
    listener: ListenerSettings | None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """UNKNOWN, no address, a Unix socket: refused and logged, and never taken for the proxy itself,
    which no limit holds for.
    """
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    async with edge(PROXIED) as here:
        ann = here.connect(listener)
        await ann.send(header + HELLO)
        assert b"does not say who you are" in await ann.rest()
        assert not here.server.connections
    assert "does not know its address" in caplog.text


async def test_a_proxy_that_speaks_for_itself_is_served() -> None:
    """LOCAL, as for a check of health: there is nobody behind it."""
    async with edge(PROXIED) as here:
        ann = here.connect(PROXY)
        await ann.send(V2 + b"\x20\x00\x00\x00" + HELLO)
        assert (await ann.until("001")).params[1].endswith("ann!ann@192.0.2.9")


async def test_a_trusted_address_may_also_come_for_itself() -> None:
    """Without a header, unless the listener wants one."""
    async with edge(PROXIED) as here:
        ann = here.connect()
        await ann.send(b"PASS x\r\n" + HELLO)
        assert (await ann.until("001")).params[1].endswith("ann!ann@192.0.2.9")


async def test_who_is_not_trusted_is_not_believed() -> None:
    """The header is a command that nobody knows."""
    async with edge(PROXIED) as here:
        ann = here.connect(host="203.0.113.1")
        await ann.send(V1 + HELLO)
        assert (await ann.until("001")).params[1].endswith("ann!ann@203.0.113.1")


async def test_a_header_after_the_first_line_is_not_believed() -> None:
    """A proxy speaks before its client."""
    async with edge(PROXIED) as here:
        ann = here.connect()
        await ann.send(b"NICK ann\r\n" + V1 + b"USER ann 0 * :Ann\r\n")
        assert (await ann.until("001")).params[1].endswith("ann!ann@192.0.2.9")


async def test_a_listener_for_proxies_refuses_who_has_no_header() -> None:
    """Else anybody who reaches the port could pass for the proxy's own address."""
    async with edge() as here:
        ann = here.connect(PROXY)
        await ann.send(HELLO)
        assert await ann.rest() == b""


async def test_a_listener_for_proxies_believes_whoever_comes_there() -> None:
    """The operator has said that only proxies do."""
    async with edge() as here:
        ann = here.connect(PROXY)
        for byte in V1 + HELLO:
            await ann.send(bytes([byte]))
        assert (await ann.until("001")).params[1].endswith("ann!ann@198.51.100.7")


# Gateways.


def gateway(password: str = "secret") -> tuple[GatewaySettings, ...]:
    """Return the gateway of these tests."""
    return (
        GatewaySettings(
            name="web",
            addresses=(ip_network("192.0.2.0/24"), ip_network("127.0.0.1")),
            password=password,
        ),
    )


async def test_a_gateway_says_for_whom_it_speaks() -> None:
    """WEBIRC, in the first line; the address counts, not the name that it gives."""
    async with edge(Settings(gateways=gateway())) as here:
        ann = here.connect()
        await ann.send(b"webirc secret web somebody.example.org 198.51.100.7 :secure\r\n" + HELLO)
        assert (await ann.until("001")).params[1].endswith("ann!ann@198.51.100.7")


@pytest.mark.parametrize(
    "line",
    [
        b"WEBIRC wrong web h 198.51.100.7",
        b"WEBIRC secret web h",
        b"WEBIRC secret web h nowhere",
        b"WEBIRC " + b"x" * 2000,
    ],
)
async def test_a_gateway_that_is_not_to_be_believed_is_ended(line: bytes) -> None:
    """ "Servers MUST" not go on with the gateway's own address: everybody behind it would share a
    ban.
    """
    async with edge(Settings(gateways=gateway())) as here:
        ann = here.connect()
        await ann.send(line + b"\r\n" + HELLO)
        assert b"You are no gateway of this server" in await ann.rest()


async def test_a_gateway_elsewhere_is_none() -> None:
    """The password alone is not enough."""
    async with edge(Settings(gateways=gateway())) as here:
        ann = here.connect(host="203.0.113.1")
        await ann.send(b"WEBIRC secret web h 198.51.100.7\r\n" + HELLO)
        assert b"You are no gateway of this server" in await ann.rest()


async def test_without_gateways_webirc_is_no_command() -> None:
    """It is answered like any other that is not known."""
    async with edge() as here:
        ann = here.connect()
        await ann.send(b"WEBIRC secret web h 198.51.100.7\r\n" + HELLO)
        await ann.until("451")
        assert (await ann.until("001")).params[1].endswith("ann!ann@192.0.2.9")


@pytest.mark.parametrize(
    ("peer", "options", "is_secure"),
    [
        (Peer(host="192.0.2.9", is_secure=True), "secure local-port=6697", True),
        (Peer(host="127.0.0.1"), "secure", True),
        (Peer(host="192.0.2.9"), "secure", False),
        (Peer(host="192.0.2.9", is_secure=True), "", False),
    ],
)
async def test_secure_behind_a_gateway_takes_both_ways(
    peer: Peer, options: str, is_secure: bool
) -> None:
    """ "If the gateway connection is not secure, servers MUST ignore the secure flag" (WEBIRC)."""
    behind = await speak_for(
        peer, gateway(), ("secret", "web", "h", "2001:db8::1", options), HashingThreads()
    )
    assert behind == Peer(host="2001:db8::1", is_secure=is_secure)


PATIENT = LimitSettings(failed_logins=2, failed_logins_per_address=3, failed_login_delay=0)
ELSEWHERE = ("web", "h", "198.51.100.7")
HASHED = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("secret")


@pytest.mark.parametrize(
    "text", ["198.51.100.7:4711", "[2001:db8::1]:4711", "[2001:db8::1]", "2001:db8::1"]
)
async def test_a_gateway_may_give_a_port(text: str) -> None:
    """Some gateways copy the port that a proxy sent."""
    behind = await speak_for(
        Peer(host="192.0.2.9"),
        gateway(),
        ("secret", "web", "h", text),
        HashingThreads(LimitSettings()),
    )
    assert behind.host in {"198.51.100.7", "2001:db8::1"}


async def test_the_password_of_a_gateway_may_be_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash hides the password in config.ini, and one success is remembered."""
    threads = HashingThreads(PATIENT)
    assert (
        await speak_for(Peer(host="192.0.2.9"), gateway(HASHED), ("secret", *ELSEWHERE), threads)
    ).host == "198.51.100.7"
    monkeypatch.setattr(threads, "check", None)
    assert (
        await speak_for(Peer(host="192.0.2.9"), gateway(HASHED), ("secret", *ELSEWHERE), threads)
    ).host == "198.51.100.7"
    monkeypatch.undo()
    with pytest.raises(GatewayError):
        await speak_for(Peer(host="192.0.2.9"), gateway(HASHED), (HASHED, *ELSEWHERE), threads)


@pytest.mark.parametrize("password", ["secret", HASHED], ids=["plain", "hashed"])
async def test_passwords_of_gateways_cannot_be_guessed(
    password: str, caplog: pytest.LogCaptureFixture
) -> None:
    """After some failures an address is locked out, with a notice and one line of the log."""
    threads, peer = HashingThreads(PATIENT), Peer(host="192.0.2.9")
    for _ in range(2):
        with pytest.raises(GatewayError, match="wrong password"):
            await speak_for(peer, gateway(password), ("wrong", *ELSEWHERE), threads)
    with pytest.raises(GatewayError) as refused:
        await speak_for(peer, gateway(password), ("secret", *ELSEWHERE), threads)
    assert "Too many wrong passwords" in refused.value.reply
    other = await speak_for(
        Peer(host="192.0.2.10"), gateway(password), ("secret", *ELSEWHERE), threads
    )
    assert other.host == "198.51.100.7"
    assert [record.getMessage() for record in caplog.records] == [
        "too many wrong passwords for the gateway WEBIRC from 192.0.2.9: refused for 10m"
    ]


async def test_a_gateway_that_is_guessed_at_is_told_why() -> None:
    """Each wrong line is in the log, but not those of which it says that they are not looked at."""
    async with edge(Settings(gateways=gateway(), limits=PATIENT)) as here:
        told = []
        for _ in range(3):
            ann = here.connect()
            await ann.send(b"WEBIRC wrong web h 198.51.100.7\r\n")
            told.append(await ann.rest())
        assert [b"You are no gateway" in text for text in told] == [True, True, False]
        assert b"Too many wrong passwords" in told[2]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
    ],
)
def test_an_address_has_one_form(text: str, address: str) -> None:
    """Bans and limits compare it."""
    assert plain_address(text) == address


# Plain pages.


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/1.1", b"200"),
        (b"GET /x HTTP/1.1", b"404"),
        (b"POST / HTTP/1.1", b"405"),
        (b"GET / HTTP/9", b"400"),
    ],
)
async def test_a_browser_gets_a_page(request_line: bytes, status: bytes) -> None:
    """It says how to join; everything else is refused in the way of HTTP, so that no form of a web
    page can speak IRC here.
    """
    async with edge() as here:
        ann = here.connect()
        await ann.send(
            request_line + b"\r\nHost: example.org:5000\r\n" + LAST + b"\r\nNICK eve\r\n"
        )
        answer = await ann.rest()
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert (b"trio-chat connect example.org:5000" in answer) is (status == b"200")
        assert not here.server.connections


async def test_a_page_shows_no_host_that_is_none() -> None:
    """ "A server MUST respond with a 400 (Bad Request) status code to any request message that […]
    contains […] a Host header field with an invalid field value" (RFC 9112 §3.2)."""
    async with edge() as here:
        ann = here.connect()
        await ann.send(b"GET / HTTP/1.1\r\nHost: <b>\r\n\r\n")
        answer = await ann.rest()
        assert b"<b>" not in answer
        assert answer.startswith(b"HTTP/1.1 400")


async def test_the_head_of_a_request_is_bounded() -> None:
    """431 Request Header Fields Too Large (RFC 6585), and the end."""
    async with edge() as here:
        ann = here.connect()
        with trio.move_on_after(5):
            await ann.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 3000)
        assert (await ann.rest()).startswith(b"HTTP/1.1 431")


async def test_an_error_while_opening_ends_that_connection_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once; the next one is served."""
    monkeypatch.setattr(logging.getLogger("trio_chat"), "propagate", True)
    async with edge() as here:
        with monkeypatch.context() as patch:
            patch.setattr("trio_chat.server.detection.detect_protocol", lambda data: 1 / 0)
            ann = here.connect()
            await ann.send(HELLO)
            assert await ann.rest() == b""
        bob = here.connect()
        await bob.send(HELLO)
        await bob.until("001")
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


async def test_who_only_looks_whether_the_port_is_open(caplog: pytest.LogCaptureFixture) -> None:
    """A supervisor's check of the port leaves no line in the log."""
    caplog.set_level(logging.INFO)
    async with edge() as here:
        await here.connect().stream.aclose()
        await wait_all_tasks_blocked()
        assert not caplog.records
        scanner = here.connect()
        await scanner.send(b"GET")
        await scanner.stream.aclose()
        await wait_all_tasks_blocked()
    assert "Connection closed" in caplog.text


# What a hostile peer does.


async def test_half_open_connections_through_a_proxy_count_for_who_is_behind_it() -> None:
    """The client's address counts once the proxy has sent it."""
    settings = replace(PROXIED, limits=LimitSettings(connections_per_address=2, clients=5))
    async with edge(settings) as here:
        for _ in range(2):
            await here.connect().send(V1)
        await wait_all_tasks_blocked()
        assert here.server.admission.statistics().addresses == 1
        third = here.connect()
        await third.send(V1)
        assert b"Too many connections from your address" in await third.rest()
        other = here.connect()
        await other.send(V1.replace(b"198.51.100.7", b"198.51.100.8") + HELLO)
        assert (await other.until("001")).params[0] == "ann"


async def test_who_came_through_a_proxy_is_counted_once() -> None:
    """The count goes back when the connection ends."""
    settings = replace(PROXIED, limits=LimitSettings(connections_per_address=1))
    async with edge(settings) as here:
        for _ in range(2):
            ann = here.connect()
            await ann.send(V1 + HELLO)
            assert (await ann.until("001")).params[0] == "ann"
            await ann.send(b"QUIT\r\n")
            await ann.rest()
            await ann.stream.aclose()
            await wait_all_tasks_blocked()
            assert not here.server.connections


async def test_a_proxy_behind_a_proxy_is_not_counted(autojump_clock: MockClock) -> None:
    """The headers of the request have the client's address."""
    settings = replace(PROXIED, limits=LimitSettings(connections_per_address=1))
    async with edge(settings) as here:
        for _ in range(3):
            await here.connect().send(b"PROXY TCP4 192.0.2.77 192.0.2.9 1 2\r\n")
        await wait_all_tasks_blocked()
        assert len(here.server.openings) == 3


async def test_refusals_do_not_take_all_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused client is read for a moment so that it gets the text, up to a limit of clients."""
    monkeypatch.setattr("trio_chat.server.refusal.MOST_CLOSING", 2)
    async with edge(Settings(limits=LimitSettings(connections_per_address=1))) as here:
        first = here.connect()
        await wait_all_tasks_blocked()
        refused = [here.connect() for _ in range(4)]
        await wait_all_tasks_blocked()
        assert here.server.openings.refusals.closing == 2
        told = [await one.rest() for one in refused]
        assert sorted(b"Too many connections" in words for words in told) == [
            False,
            False,
            True,
            True,
        ]
        await first.send(HELLO)
        await first.until("001")


@pytest.mark.parametrize("target", [b".example.com/", b"ftp://example.com/", b"@example.com/"])
async def test_a_target_does_not_become_part_of_the_host(target: bytes) -> None:
    """Nobody is sent anywhere else than to the host that was asked for."""
    async with edge() as here:
        ann = here.connect(ListenerSettings(name="", tls="required"))
        await ann.send(b"GET " + target + b" HTTP/1.1\r\nHost: example.org\r\n" + LAST + b"\r\n")
        answer = await ann.rest()
        assert answer.startswith(b"HTTP/1.1 426 ")
        assert b"Location" not in answer


async def test_an_opening_in_endless_pieces_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before the deadline: each byte costs time that no budget against floods sees yet."""
    monkeypatch.setattr("trio_chat.server.transport.MOST_READS", 20)
    async with edge() as here:
        ann = here.connect()
        with pytest.raises(trio.BrokenResourceError):  # noqa: PT012
            for byte in b"GET / HTTP/1.1\r\nHost: example.org\r\n":
                await ann.send(bytes([byte]))
                await wait_all_tasks_blocked()


@pytest.mark.parametrize("proxy", [False, True])
@pytest.mark.parametrize("tls", ["auto", "required"])
async def test_who_only_looks_whether_the_server_is_there_is_not_logged(
    caplog: pytest.LogCaptureFixture, proxy: bool, tls: str
) -> None:
    """A health check connects every few seconds, and leaves without a word."""
    caplog.set_level(logging.INFO, "trio_chat")
    async with edge() as here:
        stream = here.stream(ListenerSettings(name="x", proxy=proxy, tls=tls))
        await wait_all_tasks_blocked()
        await stream.aclose()
        await wait_all_tasks_blocked()
        assert not here.server.openings
    assert caplog.messages == []


@pytest.mark.parametrize(
    "listener",
    [
        ListenerSettings(name="plain"),
        ListenerSettings(name="tls", tls="required"),
        ListenerSettings(name="no TLS", tls="off", websocket=False),
        ListenerSettings(name="proxy", proxy=True),
    ],
    ids=lambda listener: listener.name,
)
async def test_the_health_page_is_answered_everywhere_and_not_logged(
    caplog: pytest.LogCaptureFixture, listener: ListenerSettings
) -> None:
    """`trio-chat health` requests it twice a minute, without TLS and without a host."""
    caplog.set_level(logging.INFO, "trio_chat")
    async with edge() as here:
        end = here.connect(listener, host="127.0.0.1")
        hello = LOCAL if listener.proxy else b""
        await end.send(hello + b"GET /health HTTP/1.0\r\n\r\n")
        assert (await end.rest()).endswith(b"\r\n\r\nok\n")
        await end.stream.aclose()
    assert caplog.messages == []
