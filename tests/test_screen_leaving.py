"""Messages being sent, /quit, and lost servers: nothing is dropped without a notice."""

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from client_fakes import FakeServer, until
from screen_fakes import WatchedClient, inside
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.irc.message import parse

PLAIN_IRC = ""
MANY = [f"line{number}" for number in range(100)]


async def confirm(server: FakeServer, line: str) -> None:
    """Take a message, and say that it has arrived."""
    await server.expect(line)
    ping = parse(await server.expect("PING m"))
    await server.send(f":srv.test PONG srv.test {ping.params[0]}")


async def connected(it: WatchedClient) -> FakeServer:
    """Let the client in to the next server it connects to, and return that."""
    server = await it.server()
    await server.greet()
    await server.let_join("#lobby")
    return server


async def hears(server: FakeServer, command: str) -> None:
    """Read until the client sends this command."""
    while parse(await server.line()).command != command:
        pass


async def begin_paste(it: WatchedClient, server: FakeServer) -> None:
    """Paste a hundred lines, and take those that are sent at once."""
    it.paste("\n".join(MANY))
    await it.rest()
    it.screen.press("enter")
    for line in MANY[:4]:
        await confirm(server, f"PRIVMSG #lobby {line}")
    await it.sees("lines wait to be sent; Esc stops that")


@pytest.mark.parametrize("key", ["esc", "ctrl c"])
async def test_a_key_stops_a_paste(key: str, jumping_clock: MockClock) -> None:
    """The rest is in the prompt, where it can be changed, and nothing more is sent."""
    async with inside(PLAIN_IRC) as (it, server):
        await begin_paste(it, server)
        it.screen.press(key)
        left = it.controller.prompt.edit_text.split("\n")
        assert left == MANY[-len(left) :]
        assert len(left) > 90
        it.screen.press("ctrl u")
        await it.sees_not("wait to be sent")
        with trio.move_on_after(5):
            while True:
                assert not (await server.line()).startswith("PRIVMSG")


async def test_commands_and_messages_to_others_overtake_a_paste(jumping_clock: MockClock) -> None:
    """What is typed for the same channel waits for its turn."""
    async with inside(PLAIN_IRC) as (it, server):
        await begin_paste(it, server)
        it.screen.type("behind")
        it.screen.press("enter")
        it.screen.type("/msg bob hi")
        it.screen.press("enter")
        it.screen.type("/topic #other :)")
        it.screen.press("enter")
        lines: list[str] = []
        while not any(line.startswith("TOPIC") for line in lines):
            line = await server.line()
            lines.append(line)
            if line.startswith("PING m"):
                await server.send(f":srv.test PONG srv.test {parse(line).params[0]}")
        assert any(line.startswith("PRIVMSG bob") for line in lines)
        assert not any(line.startswith("PRIVMSG #lobby :behind") for line in lines)


async def test_what_is_left_of_a_paste_when_one_parts_is_shown(jumping_clock: MockClock) -> None:
    """It cannot be sent any more."""
    async with inside(PLAIN_IRC) as (it, server):
        await begin_paste(it, server)
        it.screen.type("/part")
        it.screen.press("enter")
        await hears(server, "PART")
        await server.send(":alice!u@h PART #lobby")
        await until(lambda: it.controller.view.link.paced_lines == 0)
        shown = [entry.text for _server, buffer in it.workspace.all() for entry in buffer.newest()]
        assert any("before this was sent" in text and "line99" in text for text in shown)


async def test_what_was_not_sent_is_printed_at_the_end(
    jumping_clock: MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The screen has closed by then, and the exit code says that something is left."""
    async with inside(PLAIN_IRC) as (it, server):
        await begin_paste(it, server)
        it.screen.type("/quit")
        it.screen.press("enter")
        await hears(server, "QUIT")
        await server.close()
        await until(lambda: it.code is not None)
    assert it.code == 1
    assert "line99" in capsys.readouterr().err


# Servers that end


async def test_typing_at_a_server_that_has_ended(jumping_clock: MockClock) -> None:
    """The text is shown as not sent, the client lives, and so does its other server."""
    async with inside(PLAIN_IRC) as (it, server):
        it.screen.type("/connect other")
        it.screen.press("enter")
        other = await it.server()
        for start in ("CAP LS", "NICK", "USER"):
            await other.expect(start)
        await other.send(":srv.test 465 alice :You are banned", "ERROR :Closing Link")
        await other.close()
        _server, banned = it.workspace.servers
        await until(lambda: banned.state is ConnectionState.ENDED)
        it.workspace.go(banned, banned.log)
        for line in ("hello", "/msg bob hi", "/join #other", "/nick bert", "/names", "/whois bob"):
            it.screen.type(line)
            it.screen.press("enter")
        await it.sees("/reconnect connects again")
        assert it.code is None
        await server.send(":bob!u@h PRIVMSG #lobby :still here?")
        await it.sees("1 unread")
        it.screen.press("meta a")
        await it.sees("still here?")


async def test_reconnect(jumping_clock: MockClock) -> None:
    """At once, whatever the connection does at the moment."""
    async with inside(PLAIN_IRC) as (it, first):
        server = first
        for _time in range(2):
            it.screen.type("/reconnect")
            it.screen.press("enter")
            await hears(server, "QUIT")
            await server.close()
            server = await connected(it)
            await it.sees("bob")


async def test_a_command_while_one_leaves(jumping_clock: MockClock) -> None:
    """A server that is slow to close makes no defect of it."""
    async with inside(PLAIN_IRC) as (it, server):
        it.screen.type("/quit")
        it.screen.press("enter")
        await hears(server, "QUIT")
        for line in ("hello", "/part", "/msg bob hi", "/quit"):
            it.screen.type(line)
            it.screen.press("enter")
        await it.rest()
        await server.close()
        await until(lambda: it.code is not None)
        assert it.code in (0, 1)


async def test_a_server_that_hangs_holds_up_no_other(jumping_clock: MockClock) -> None:
    """What is wanted of one is done while another is waited for."""
    async with inside(PLAIN_IRC) as (it, _server):
        it.screen.type("/connect other")
        it.screen.press("enter")
        other = await connected(it)
        first, second = it.workspace.servers
        await until(lambda: second.get("#lobby") is not None)
        it.workspace.go(first, first.log)
        it.screen.type("/disconnect")
        it.screen.press("enter")  # the server does not close
        lobby = second.get("#lobby")
        assert lobby is not None
        it.workspace.go(second, lobby)
        it.screen.type("hi")
        it.screen.press("enter")
        start = trio.current_time()
        other.skips = ("WHO", "PING lag")
        await other.expect("PRIVMSG #lobby hi")
        assert trio.current_time() - start < 1
        assert first in it.workspace.servers
