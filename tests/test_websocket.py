"""WebSocket: a real client (wsproto) and hostile ones, over memory streams and TLS."""

import ssl
from ipaddress import ip_network
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from edge import HELLO, Edge, edge, read_up_to
from trio_chat.config import (
    LimitSettings,
    ListenerSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)
from trio_chat.irc.message import Message as Line
from trio_chat.irc.message import parse
from trio_chat.server.http import websocket
from trio_chat.server.http.websocket import WebSocketTransport
from trio_chat.server.keepalive import keep_alive
from trio_chat.server.transport import OnData

BINARY, TEXT = "binary.ircv3.net", "text.ircv3.net"


class Web:
    """A WebSocket client."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.answer: Event | None = None
        self.events: list[Event] = []

    async def open(
        self, *subprotocols: str, headers: list[tuple[bytes, bytes]] | None = None
    ) -> Event:
        """Ask for a WebSocket and return the answer."""
        request = Request(
            "example.org:5000", "/", subprotocols=list(subprotocols), extra_headers=headers or []
        )
        await self.stream.send_all(self.connection.send(request))
        self.answer = await self.event()
        return self.answer

    async def event(self) -> Event:
        """Return what comes next."""
        while not self.events:
            data = await self.stream.receive_some()
            self.connection.receive_data(bytes(data) or None)
            self.events += self.connection.events()
        return self.events.pop(0)

    async def say(self, *lines: str) -> None:
        """Send lines, each as a message."""
        await self.stream.send_all(
            b"".join(self.connection.send(TextMessage(line)) for line in lines)
        )

    async def until(self, command: str) -> Line:
        """Return the first line with this command."""
        while True:
            event = await self.event()
            assert isinstance(event, Message), event
            text = event.data if isinstance(event.data, str) else event.data.decode()
            assert "\n" not in text
            assert "\r" not in text
            if (line := parse(text)).command == command:
                return line

    async def closed(self) -> int:
        """Return the code with which the server closes."""
        while not isinstance(event := await self.event(), CloseConnection):
            assert isinstance(event, Message | Pong), event
        return int(event.code)

    async def register(self) -> None:
        """Come into the chat."""
        await self.say("NICK web", "USER web 0 * :Web")
        await self.until("422")


async def enter(here: Edge, *subprotocols: str) -> Web:
    """Return a client that has come into the chat."""
    web = Web(here.stream(host="127.0.0.1"))
    assert isinstance(await web.open(*subprotocols), AcceptConnection)
    await web.register()
    return web


@pytest.mark.parametrize(
    ("asked", "chosen", "kind"),
    [
        ((TEXT,), TEXT, TextMessage),
        ((BINARY,), BINARY, BytesMessage),
        ((BINARY, TEXT), BINARY, BytesMessage),
        ((TEXT, BINARY), TEXT, TextMessage),
        (("chat", TEXT), TEXT, TextMessage),
        (("chat",), None, TextMessage),
        ((), None, TextMessage),
    ],
)
async def test_the_first_subprotocol_that_is_known_counts(
    asked: tuple[str, ...], chosen: str | None, kind: type[Event]
) -> None:
    """ "The server MUST accept any subprotocol it supports, respecting the client's order" (IRCv3
    websocket).
    """
    async with edge() as here:
        web = Web(here.stream())
        answer = await web.open(*asked)
        assert isinstance(answer, AcceptConnection)
        assert answer.subprotocol == chosen
        await web.say("NICK web", "USER web 0 * :Web")
        assert isinstance(await web.event(), kind)


async def test_one_message_is_one_line() -> None:
    """Without line ends, and in both directions; also a line in pieces, and characters cut in
    two.
    """
    async with edge() as here:
        web = await enter(here, TEXT)
        data = "PRIVMSG web :привет 😀".encode()
        for start in range(0, len(data), 3):
            piece = BytesMessage(data[start : start + 3], message_finished=start + 3 >= len(data))
            await web.stream.send_all(web.connection.send(piece))
            await wait_all_tasks_blocked()
        assert (await web.until("PRIVMSG")).params == ("web", "привет 😀")


async def test_it_works_within_tls(tmp_path: Path) -> None:
    """On the same port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with edge(Settings(storage=StorageSettings(file=tmp_path / "chat.db"))) as here:
        web = Web(trio.SSLStream(here.stream(), context))
        assert isinstance(await web.open(TEXT), AcceptConnection)
        await web.register()
        await web.say("WHOIS web")
        await web.until("671")
        await web.say("QUIT :bye")
        await web.until("ERROR")
        assert await web.closed() == 1000


async def test_what_comes_with_the_opening_is_not_lost() -> None:
    """A client that does not wait for the answer."""
    async with edge() as here:
        web = Web(here.stream())
        request = web.connection.send(Request("example.org", "/", subprotocols=[TEXT]))
        client = Connection(ConnectionType.CLIENT)
        lines = b"".join(
            client.send(TextMessage(line)) for line in ("NICK web", "USER web 0 * :Web")
        )
        await web.stream.send_all(request + lines)
        assert isinstance(await web.event(), AcceptConnection)
        await web.until("001")


async def test_a_ping_is_answered() -> None:
    """With its payload, and not as a line."""
    async with edge() as here:
        web = await enter(here, TEXT)
        await web.stream.send_all(web.connection.send(Ping(b"hello")))
        assert await web.event() == Pong(b"hello")


async def test_a_flood_of_pings_is_ended() -> None:
    """1008; only the last of many waits for its answer, so a peer that does not read makes nothing
    grow.
    """
    async with edge() as here:
        web = await enter(here, TEXT)
        ping = web.connection.send(Ping(b"x" * 125))
        await web.stream.send_all(ping * (websocket.MAX_IDLE_FRAMES + 1))
        assert await web.closed() == 1008


async def test_a_message_in_endless_pieces_is_ended() -> None:
    """However small they are."""
    async with edge() as here:
        web = await enter(here, TEXT)
        piece = web.connection.send(TextMessage("x", message_finished=False))
        more = web.connection.send(TextMessage("", message_finished=False))
        await web.stream.send_all(piece + more * (websocket.MAX_IDLE_FRAMES + 1))
        assert await web.closed() == 1008


async def test_a_line_that_is_too_long_is_said_to_be() -> None:
    """The client gets 417, and the next line is read."""
    async with edge() as here:
        web = await enter(here, TEXT)
        await web.say("PRIVMSG web :" + "x" * 600, "PING x")
        await web.until("417")
        assert (await web.until("PONG")).params[-1] == "x"


async def test_a_message_without_end_is_ended() -> None:
    """Long before a frame of the length that its head says is here, and in the way of WebSocket
    (RFC 6455 §7.4.1: 1009).
    """
    async with edge() as here:
        web = await enter(here, TEXT)
        head = b"\x81\xff" + (2**62).to_bytes(8, "big") + b"\0\0\0\0"
        with trio.move_on_after(1):
            await web.stream.send_all(head + b"x" * (websocket.MAX_MESSAGE + 70_000))
        assert await web.closed() == 1009


@pytest.mark.parametrize(
    ("size", "code"), [(websocket.MAX_MESSAGE, None), (websocket.MAX_MESSAGE + 1, 1009)]
)
async def test_a_message_of_many_lines_is_bounded(size: int, code: int | None) -> None:
    """Line ends in it do not make it another message: what one frame may hold, all pieces of a
    message may hold together.
    """
    async with edge() as here:
        web = await enter(here, TEXT)
        text = "PING x\n" * (size // 7) + "\n" * (size % 7)
        half = len(text) // 2
        for data in (TextMessage(text[:half], message_finished=False), TextMessage(text[half:])):
            await web.stream.send_all(web.connection.send(data))
        if code is None:
            await web.say("PING :the end")
            while (await web.until("PONG")).params[1] != "the end":
                pass
        else:
            assert await web.closed() == code


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x85\0\0\0\0caf\xe9!", 1007),
        (b"\x81\x02hi", 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
        (b"\x83\x80\0\0\0\0", 1002),
        (b"\x80\x80\0\0\0\0", 1002),
        (b"\x89\xfe\x00\x80\0\0\0\0", 1002),
    ],
)
async def test_a_broken_frame_is_refused_with_its_code(frame: bytes, code: int) -> None:
    """No UTF-8, no mask, compression that was not agreed on, an unknown kind, a piece of nothing, a
    ping that is too long.
    """
    async with edge() as here:
        web = await enter(here, TEXT)
        await web.stream.send_all(frame)
        assert await web.closed() == code


async def test_bytes_that_are_no_text_are_refused_as_from_anybody() -> None:
    """A binary message is taken whatever was agreed on, and UTF8ONLY holds for it."""
    async with edge() as here:
        web = await enter(here, TEXT)
        await web.stream.send_all(web.connection.send(BytesMessage(b"PRIVMSG web :caf\xe9")))
        assert (await web.until("FAIL")).params[1] == "INVALID_UTF8"


def test_nothing_but_utf_8_goes_out_as_text() -> None:
    """ "Servers MUST NOT relay non-UTF-8 content to clients using text messages" (IRCv3 websocket):
    it is replaced.
    """
    sent: list[bytes] = []

    class Below:
        def __getattr__(self, name: str) -> object:
            return None

        def send_nowait(self, data: bytes) -> bytes:
            sent.append(data)
            return b""

    transport = WebSocketTransport(Below(), Connection(ConnectionType.SERVER), TEXT)  # type: ignore[arg-type]
    transport.send_nowait(b"caf\xe9\r\n")
    assert sent == [b"\x81\x06caf\xef\xbf\xbd"]


async def test_who_is_silent_is_asked_before_a_proxy_cuts_it(autojump_clock: MockClock) -> None:
    """nginx ends what is silent for 60 seconds, whatever `ping_interval` and `ping_timeout` say for
    others; each time anew.
    """
    async with (
        edge(Settings(limits=LimitSettings(ping_interval=600, ping_timeout=500))) as here,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(keep_alive, here.server.connections)
        web = await enter(here, TEXT)
        for _ in range(3):
            start = trio.current_time()
            await web.until("PING")
            assert 40 <= trio.current_time() - start < 47
            await web.say("PONG x")
        start = trio.current_time()
        await web.until("PING")
        await web.until("ERROR")
        assert 540 <= trio.current_time() - start < 550
        nursery.cancel_scope.cancel()


# Floods.


EMPTY, PIECE, PING = b"\x82\x80\0\0\0\0", b"\x00\x80\0\0\0\0", b"\x89\x80\0\0\0\0"
FLOODS = [
    EMPTY * 200,
    b"\x82\x81\0\0\0\0\n" * 200,
    PING * 200,
    b"\x02\x80\0\0\0\0" + PIECE * 198 + b"\x80\x80\0\0\0\0",
]


@pytest.mark.parametrize("flood", FLOODS)
async def test_frames_without_a_line_are_not_free(autojump_clock: MockClock, flood: bytes) -> None:
    """Empty messages, empty lines, pings, and pieces: each costs a quarter of a line, before
    registration, too.
    """
    async with edge(Settings(limits=LimitSettings(flood_burst=10, flood_rate=1))) as here:
        web = Web(here.stream())
        await web.open(TEXT)
        start = trio.current_time()
        await web.stream.send_all(flood)
        await web.say("NICK web", "USER web 0 * :Web")
        while not isinstance(event := await web.event(), TextMessage) or " 001 " not in event.data:
            pass
        assert trio.current_time() - start == pytest.approx(200 / 4 + 2 - 10, abs=1)


@pytest.mark.parametrize(
    "end",
    [
        b"\x88\x80\0\0\0\0",
        b"\x81\x02hi",
        b"\x81\x85\0\0\0\0caf\xe9!",
        EMPTY * (websocket.MAX_IDLE_FRAMES + 1),
    ],
)
async def test_nothing_behind_an_end_is_carried_out(end: bytes) -> None:
    """Frames after a close or a refused frame are ignored (RFC 6455 §5.5.1, §7.1.7)."""
    async with edge() as here:
        ann = here.connect()
        await ann.send(HELLO)
        await ann.until("422")
        web = await enter(here, TEXT)
        more = web.connection.send(TextMessage("PRIVMSG ann :evil"))
        await web.stream.send_all(
            web.connection.send(TextMessage("PRIVMSG ann :good")) + end + more * 3
        )
        await web.stream.send_all(more)
        await web.closed()
        await web.stream.send_all(more)
        await wait_all_tasks_blocked()
        await ann.send(b"PING x\r\n")
        seen = await read_up_to(ann, "PONG")
        assert [message.params[1] for message in seen if message.command == "PRIVMSG"] == ["good"]


async def test_a_client_that_closes_while_it_has_to_wait_is_let_go() -> None:
    """Lines in front of the close are held, for want of room: then the end comes, whatever else is
    sent (RFC 6455 §5.5.1).
    """
    client = Connection(ConnectionType.CLIENT)
    last = client.send(TextMessage("PING x")) + client.send(CloseConnection(1000))
    transport = WebSocketTransport(Arriving(last, EMPTY), Connection(ConnectionType.SERVER), TEXT)  # type: ignore[arg-type]
    taken: list[tuple[bytes, int]] = []

    def take_and_hold(data: bytes, pieces: int) -> bool:
        taken.append((data, pieces))
        return True

    for _ in range(2):
        await transport.receive_each(take_and_hold)
    assert taken == [(b"PING x\n", 2), (b"", 0)]


class Arriving:
    """A transport whose bytes are received by another task, such as the poller, and never in the
    task that waits.
    """

    send_rest = aclose = None

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)

    async def receive_each(self, on_data: OnData) -> None:
        """Have the chunks taken."""
        await trio.lowlevel.checkpoint()
        while self.chunks:
            if on_data(self.chunks.pop(0), 1):
                return
        on_data(b"", 0)


async def receive_all(transport: WebSocketTransport) -> list[tuple[bytes, int]]:
    """Return all that is taken."""
    taken: list[tuple[bytes, int]] = []

    def take(data: bytes, pieces: int) -> bool:
        taken.append((data, pieces))
        return False

    await transport.receive_each(take)
    return taken


async def test_it_is_read_where_all_are_read() -> None:
    """So its lines are carried out in the order in which all came, not when its own task has its
    turn.
    """
    client = Connection(ConnectionType.CLIENT)
    below = Arriving(client.send(TextMessage("PING x")), client.send(TextMessage("PING y")))
    transport = WebSocketTransport(below, Connection(ConnectionType.SERVER), TEXT)  # type: ignore[arg-type]
    assert await receive_all(transport) == [(b"PING x\n", 1), (b"PING y\n", 1), (b"", 0)]


async def test_a_chunk_of_many_frames_is_no_single_step() -> None:
    """Others get their turns between some frames and the next."""
    below = Arriving(EMPTY * 200)
    transport = WebSocketTransport(below, Connection(ConnectionType.SERVER), TEXT)  # type: ignore[arg-type]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        taken = await receive_all(transport)
        nursery.cancel_scope.cancel()
    assert max(pieces for _, pieces in taken) <= 16
    assert sum(pieces for _, pieces in taken) == 200
    assert turns >= 200 // 16


async def test_a_close_is_answered() -> None:
    """With the same code; the others see that the client is gone."""
    async with edge() as here:
        web = await enter(here, TEXT)
        await web.stream.send_all(web.connection.send(CloseConnection(1001, "the tab is closed")))
        assert await web.closed() == 1001
        await wait_all_tasks_blocked()
        await web.stream.aclose()
        await wait_all_tasks_blocked()
        assert not here.server.world.users


async def test_a_shutdown_says_that_the_server_goes_away(autojump_clock: MockClock) -> None:
    """1001 (RFC 6455 §7.4.1), after the words for people: a web client then knows that coming back
    makes sense.
    """
    async with edge() as here:
        web = await enter(here, TEXT)
        for connection in here.server.connections:
            connection.shut_down()
        await web.until("ERROR")
        assert await web.closed() == 1001


async def test_a_peer_that_never_answers_a_close_is_ended(autojump_clock: MockClock) -> None:
    """Within the deadlines for everybody."""
    async with edge() as here:
        web = await enter(here, TEXT)
        await web.say("QUIT")
        await web.until("ERROR")
        with trio.fail_after(10):
            while here.server.connections:  # noqa: ASYNC110  # nothing else tells when a connection is gone
                await trio.sleep(0.1)
        assert not here.server.world.sessions


# The opening.


@pytest.mark.parametrize(
    ("origins", "origin", "is_allowed"),
    [
        (("same",), b"https://example.org:5000", True),
        (("same",), b"https://evil.example", False),
        (("same",), b"null", False),
        (("any",), b"https://evil.example", True),
        (("https://chat.example",), b"https://chat.example", True),
        (("https://chat.example",), b"http://chat.example", False),
        (("https://*.example",), b"https://a.b.example", True),
        (("https://*.example",), b"https://example", False),
        (("https://[::1]:80",), b"https://[::1]:80", True),
        (("same",), None, True),
    ],
)
async def test_pages_from_elsewhere_may_come_only_if_the_operator_says_so(
    origins: tuple[str, ...], origin: bytes | None, is_allowed: bool
) -> None:
    """Otherwise any page that somebody opens could speak to a server in their local network."""
    async with edge(Settings(server=ServerSettings(origins=origins))) as here:
        web = Web(here.stream())
        answer = await web.open(TEXT, headers=[(b"Origin", origin)] if origin else [])
        assert isinstance(answer, AcceptConnection if is_allowed else RejectConnection)


async def test_a_listener_without_websocket() -> None:
    """403, and the way in by IRC is still on the page."""
    async with edge() as here:
        web = Web(here.stream(ListenerSettings(name="", websocket=False)))
        answer = await web.open(TEXT)
        assert isinstance(answer, RejectConnection)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "header", [b"Sec-WebSocket-Key: x\r\n", b"Sec-WebSocket-Version: 13\r\n", b"Host: \xff\r\n"]
)
async def test_an_opening_that_is_none(header: bytes) -> None:
    """400, and nobody is let in."""
    async with edge() as here:
        stream = here.stream()
        await stream.send_all(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + header
            + b"\r\n"
        )
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("headers", "host", "is_secure"),
    [
        ([(b"X-Forwarded-For", b"198.51.100.7")], "198.51.100.7", False),
        ([(b"X-Forwarded-For", b"203.0.113.1, 198.51.100.7, 192.0.2.3")], "198.51.100.7", False),
        ([(b"X-Forwarded-For", b"198.51.100.7:4711")], "198.51.100.7", False),
        (
            [(b"X-Forwarded-For", b"[2001:db8::7]:4711"), (b"X-Forwarded-Proto", b"https,http")],
            "2001:db8::7",
            False,
        ),
        (
            [(b"X-Forwarded-For", b"nonsense, 198.51.100.7"), (b"X-Forwarded-For", b"192.0.2.3")],
            "198.51.100.7",
            False,
        ),
        (
            [(b"Forwarded", b'for="[2001:db8::7]:4711";proto=https, for=192.0.2.3;proto=https')],
            "2001:db8::7",
            True,
        ),
        ([], "192.0.2.9", False),
        (
            [(b"X-Forwarded-For", b"198.51.100.7"), (b"X-Forwarded-Proto", b"https")],
            "198.51.100.7",
            True,
        ),
    ],
)
async def test_a_trusted_proxy_says_who_is_behind_it(
    headers: list[tuple[bytes, bytes]], host: str, is_secure: bool
) -> None:
    """The last address that is not a trusted proxy counts, since clients can invent the others."""
    async with edge(Settings(server=ServerSettings(proxies=(ip_network("192.0.2.0/24"),)))) as here:
        web = Web(here.stream())
        await web.open(TEXT, headers=headers)
        await web.say("NICK web", "USER web 0 * :Web")
        assert (await web.until("001")).params[1].endswith(f"@{host}")
        await web.say("WHOIS web", "PING x")
        commands: list[str] = []
        while not commands or commands[-1] != "PONG":
            event = await web.event()
            assert isinstance(event, TextMessage)
            commands.append(parse(event.data).command)
        assert ("671" in commands) is is_secure


async def test_who_is_no_trusted_proxy_is_not_believed() -> None:
    """Anybody can send these headers."""
    async with edge() as here:
        web = Web(here.stream())
        await web.open(
            TEXT, headers=[(b"X-Forwarded-For", b"198.51.100.7"), (b"X-Forwarded-Proto", b"https")]
        )
        await web.say("NICK web", "USER web 0 * :Web")
        assert (await web.until("001")).params[1].endswith("@192.0.2.9")
