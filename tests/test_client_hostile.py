"""Hostile servers: no line ends the session, the screen model or the line client."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from client_fakes import chat, until
from screen_fakes import CAPS, inside
from trio_chat.client.model.handlers.dispatch import apply
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.rendering import Renderer
from trio_chat.client.session.handlers.table import HANDLERS
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sasl import LoginCredentials
from trio_chat.client.session.sync_state import SyncState
from trio_chat.irc.message import ParseError, parse

NAMES = (
    "alice",
    "bob",
    "#lobby",
    "#a b",
    "#other",
    "",
    ":x",
    "*",
    "a,b",
    "srv.test",
    "@#lobby",
    "#",
    "é" * 200,
    "\x01",
    "+",
    "@+bob!u@h",
)
WORDS = (
    *NAMES,
    "b",
    "+b",
    "-b",
    "+c",
    "chathistory",
    "labeled-response",
    "draft/multiline",
    "chathistory-targets",
    "netjoin",
    "LS",
    "ACK",
    "NAK",
    "NEW",
    "DEL",
    "LIST",
    CAPS,
    "sasl=PLAIN,SCRAM-SHA-256",
    "draft/multiline=max-bytes=x,max-lines=-1",
    "+ov",
    "-o",
    "+k",
    "+bbb",
    "=",
    "PREFIX=(ov)@+",
    "PREFIX=x",
    "CASEMAPPING=nope",
    "CHANTYPES=",
    "CHANMODES=,,",
    "CHATHISTORY=x",
    "MSGREFTYPES=",
    "timestamp=*",
    "timestamp=9999-99-99T99:99:99Z",
    "9999-12-31T23:59:59.999Z",
    "0000-00-00T00:00:00.000Z",
    "msgid=1",
    "ready",
    "h1",
    "m1",
    "lag",
    "settled",
    "FAIL",
    "SUCCESS",
    "VERIFICATION_REQUIRED",
    "SERVER_SHUTDOWN",
    "TARGETS",
    "CHATHISTORY",
    "SEARCH",
    "NICK",
    "JOIN",
    "REGISTER",
    "ACCOUNT_EXISTS",
    "H@",
    "G",
    "H*B",
    "0",
    "-1",
    "99999999999999999999",
    "\x01ACTION x\x01",
    "\x01VERSION\x01",
    "\x01",
    "text with spaces",
    "\x0399,99\x02",
    "PLAIN",
    "eA==",
    "%%%",
)
COMMANDS = (
    *HANDLERS,
    *(f"{number:03d}" for number in range(1, 1000, 7)),
    "433",
    "465",
    "401",
    "404",
    "NOSUCH",
    "ERROR",
)
SOURCES = (
    "",
    ":alice!u@h ",
    ":bob!u@h ",
    ":srv.test ",
    ":!@ ",
    ":x!u ",
    "::y!u@h ",
    ":@ ",
    ":alice ",
    ":NickServ!n@s ",
)
TAGS = (
    "",
    "@label=m1 ",
    "@batch=b ",
    "@batch=b;msgid=1;time=2026-05-04T00:01:00.000Z ",
    "@time=never ",
    "@time= ",
    "@msgid= ",
    "@label= ",
    "@msgid=2;+draft/reply=1 ",
    "@+draft/react=x;+draft/reply=1 ",
    "@+draft/react=;+draft/reply= ",
    "@+typing=active ",
    "@+typing= ",
    "@batch=c;label=m2;draft/multiline-concat ",
    "@time=99999-01-01T00:00:00.000Z;msgid=3 ",
    "@account=bob;bot ",
    "@msgid=a\\sb;time=x\\sy ",
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Return a line that a server might say, or hardly."""
    words = draw(st.lists(st.sampled_from(WORDS), max_size=6))
    *middle, last = words or [""]
    body = " ".join([word.replace(" ", "_") for word in middle] + ([f":{last}"] if words else []))
    return (
        f"{draw(st.sampled_from(TAGS))}{draw(st.sampled_from(SOURCES))}{draw(st.sampled_from(COMMANDS))}"
        f" {body}"
    )


GREETING = (
    f":srv.test CAP * LS :{CAPS}",
    f":srv.test CAP * ACK :{' '.join(word.partition('=')[0] for word in CAPS.split())}",
)
WELCOME = (
    ":srv.test 001 alice :Welcome",
    ":srv.test 005 alice CHATHISTORY=100 MSGREFTYPES=msgid,timestamp :are supported",
)
JOINED = (
    ":alice!u@h JOIN #lobby",
    ":srv.test 353 alice = #lobby :@alice bob",
    ":srv.test 366 alice #lobby :End",
    ":srv.test PONG s ready",
)
STAGES = (
    (),
    GREETING,
    (*GREETING, *WELCOME),
    (*GREETING, *WELCOME, *JOINED),
    WELCOME,
    (*WELCOME, *JOINED),
)


@settings(max_examples=400)
@given(st.sampled_from(STAGES), st.lists(lines(), min_size=1, max_size=25))
@example(STAGES[3], [":alice!u@h JOIN :#a b"])
@example(STAGES[5], [":alice!u@h JOIN :"])
def test_nothing_that_a_server_says_is_a_defect(stage: tuple[str, ...], said: list[str]) -> None:
    """At whatever point of the connection it is said, and whatever is under way then."""
    sync_state = SyncState()
    protocol = ClientProtocol(
        "alice",
        channels=[("#lobby", "")],
        sync_state=sync_state,
        at_join=50,
        credentials=LoginCredentials("alice", "x"),
        sees_status=True,
    )
    workspace = Workspace(lambda: 1_777_852_800.0, ("word",))
    server = workspace.add_server("test")
    server.features = protocol.features
    renderer = Renderer(lambda name: name == "#lobby")
    protocol.start()
    for number, line in enumerate((*stage, *said)):
        try:
            message = parse(line)
        except ParseError:
            continue
        protocol.receive(message)
        if protocol.ready and number % 5 == 0:
            protocol.messages.say("#lobby", "hi")
            protocol.history.show_earlier("#lobby", 10)
        hear(protocol, server, renderer)
    for buffer in server.ordered():
        protocol.read_markers.note(buffer.name, "2026-05-04T00:01:00.000Z")
        protocol.history.open_conversation(buffer.name)
    protocol.mark_read()
    protocol.nickname.take_back()
    hear(protocol, server, renderer)
    protocol.end(returns=True)


def hear(protocol: ClientProtocol, server: ServerState, renderer: Renderer) -> None:
    """Show what a message has led to, and answer what the client asks, as far as a server does
    so.
    """
    for _time in range(3):
        for event in protocol.take_events():
            apply(server, event)
            renderer.lines(event)
        for line in protocol.take_lines():
            assert "\n" not in line
            command, *params = parse(line).command, *parse(line).params
            if command == "PING":
                protocol.receive(parse(f":srv.test PONG srv.test :{params[-1]}"))
            elif command == "CHATHISTORY" and params[0] != "TARGETS":
                talked = f"@batch=zz;msgid=a\\sb;time=x\\sy :bob!u@h PRIVMSG {params[1]} :before"
                for answer in (
                    f":srv.test BATCH +zz chathistory {params[1]}",
                    talked,
                    ":srv.test BATCH -zz",
                ):
                    protocol.receive(parse(answer))


NOT_A_NAME = ":alice!u@h JOIN :#a b"


async def test_a_channel_that_cannot_be_is_not_joined(jumping_clock: MockClock) -> None:
    """The line client goes on, and what is said is still shown."""
    async with chat(caps=CAPS) as c:
        server = await c.server()
        await server.greet()
        await server.let_join("#lobby")
        await server.play_back()
        await server.send(NOT_A_NAME, ":bob!u@h PRIVMSG #lobby :still there?")
        await until(lambda: any("still there?" in line for line in c.interface.shown))
        assert c.code is None


@pytest.mark.parametrize(
    "line",
    [NOT_A_NAME, ":alice!u@h JOIN :", ":alice!u@h NICK :a b", ":bob!u@h PRIVMSG : :x", "PING"],
)
async def test_the_screen_survives_names_that_cannot_be(
    line: str, jumping_clock: MockClock
) -> None:
    """So does the full screen."""
    async with inside(CAPS) as (it, server):
        await server.send(line, ":bob!u@h PRIVMSG #lobby :still there?")
        await it.sees("still there?")
        assert it.code is None
