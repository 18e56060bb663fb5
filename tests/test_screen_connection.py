"""Notifications, and the state of the connection, in the full-screen client."""

import pytest
from trio.testing import MockClock

from client_fakes import until
from screen_fakes import CAPS, inside, watched
from trio_chat.client.screen.app import ScreenOptions
from trio_chat.irc.message import parse


@pytest.mark.parametrize(
    ("way", "text", "written"),
    [
        ("bell", "alice: hi", "\a"),
        ("desktop", "alice: h;i", "\a\x1b]9;bob #lobby: alice: h,i\x1b\\"),
        ("off", "alice: hi", ""),
        ("bell", "nothing", ""),
        ("bell", "malice", ""),
        ("bell", "I like CATS!", "\a"),
    ],
)
async def test_notifications(way: str, text: str, written: str, jumping_clock: MockClock) -> None:
    """A mention, or a word that the user wants to know of, calls who looks elsewhere."""
    async with inside(
        CAPS, options=ScreenOptions(theme="dark", notify=way, highlights=("cats",))
    ) as (
        it,
        server,
    ):
        it.screen.press("focus out")
        await server.send(f":bob!u@h PRIVMSG #lobby :{text}")
        await it.sees(text)
        assert it.screen.written == written


async def test_who_looks_is_not_called(jumping_clock: MockClock) -> None:
    """What is seen needs no bell."""
    async with inside(CAPS, options=ScreenOptions(theme="dark", notify="bell")) as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :alice: hi")
        await it.sees("alice: hi")
        assert it.screen.written == ""


async def test_help(jumping_clock: MockClock) -> None:
    """F1 shows the keys, /help every command, and Esc closes."""
    async with inside(rows=60) as (it, _server):
        it.screen.press("f1")
        await it.sees("Alt-1 … Alt-9", "Ctrl-Y")
        it.screen.press("esc")
        assert not any("Alt-1 … Alt-9" in row for row in await it.sees_not("Ctrl-Y"))
        it.screen.press(*"/help", "enter")
        assert any("/away [text]" in row for row in await it.sees("/away [text]", "Commands"))


async def test_wrapped_help_has_one_indent(jumping_clock: MockClock) -> None:
    """The rows of an explanation that does not fit begin in the same column."""
    async with inside(columns=50) as (it, _server):
        it.screen.press(*"/help ban", "enter")
        await it.sees("/ban")
        first, second = (row for row in it.screen.lines()[3:5])
        assert first.startswith("     keeps a user out")
        assert second.startswith("     ")
        assert not second.startswith("      ")


async def test_the_state_of_the_connection_is_seen(jumping_clock: MockClock) -> None:
    """Whether it is encrypted, how long the server takes, and when it is lost."""
    async with inside() as (it, server):
        await server.send(":srv.test PONG srv.test lag")
        await it.sees("● not encrypted", " ms")
        await server.close()
        assert not any("●" in row for row in await it.sees("○ not connected, trying again in"))


async def test_a_server_that_shuts_down_is_waited_for(jumping_clock: MockClock) -> None:
    """It may only be starting anew."""
    async with inside() as (it, server):
        await server.send(
            "NOTE * SERVER_SHUTDOWN :The server has shut down", "ERROR :The server has shut down"
        )
        await server.close()
        await it.sees("The server has shut down")
        again = await it.server()
        await again.greet()
        await again.expect("JOIN #lobby")


async def test_several_servers_at_once(jumping_clock: MockClock) -> None:
    """/connect adds one, /disconnect removes it."""
    async with inside() as (it, _server):
        it.screen.press(*"/connect second", "enter")
        second = await it.server()
        await second.enter()
        await it.sees("1 test", "3 second", "4   #lobby")
        it.screen.press(*"/connect bad, worse", "enter")
        await it.sees("that is no server: bad,worse")
        it.screen.press(*"/connect bad", "enter")
        await it.sees("that is no server")
        it.screen.press(*"/disconnect", "enter")
        second.skips = ("WHO", "PING", "CHATHISTORY")
        await second.expect("QUIT")
        await second.close()
        await it.sees_not("second")


async def test_what_is_typed_while_the_client_connects_is_for_the_channel(
    jumping_clock: MockClock,
) -> None:
    """It stays in the prompt when the channel opens, and is not left behind with the server."""
    async with watched() as it:
        server = await it.server()
        it.screen.press(*"hello ever")
        await server.enter()
        await it.sees("› hello ever", "2   #lobby")
        it.screen.press(*"yone")
        assert it.controller.prompt.edit_text == "hello everyone"


async def test_a_message_is_not_lost_before_the_channel_opens(jumping_clock: MockClock) -> None:
    """Enter leaves it in the prompt, from where it goes to the channel that opens."""
    async with watched() as it:
        server = await it.server()
        it.screen.press(*"hello", "enter")
        await it.sees("No channel is open yet", "› hello")
        await server.enter()
        await it.sees("› hello", "2   #lobby")
        server.skips = ("WHO", "PING", "CHATHISTORY", "MARKREAD", "TAGMSG")
        it.screen.press("enter")
        assert await server.echo() == "PRIVMSG #lobby :hello"


async def test_a_renamed_channel_stays_in_sight(jumping_clock: MockClock) -> None:
    """What is being typed goes on there, and no typing notice is sent to the old one."""
    async with inside() as (it, server):
        server.skips = ("WHO", "PING", "CHATHISTORY", "MARKREAD")
        it.screen.press(*"hello ever")
        await server.expect("TAGMSG #lobby")
        await server.send(":alice!u@h PART #lobby :why", ":alice!u@h JOIN #hall")
        await it.sees("2   #hall", "› hello ever")
        assert it.workspace.buffer.name == "#hall"
        it.screen.press(*"yone", "enter")
        await server.expect("TAGMSG #hall")
        await server.expect("PRIVMSG #hall hello everyone")


async def test_a_renamed_channel_keeps_what_is_shown(jumping_clock: MockClock) -> None:
    """Where the server has `draft/channel-rename`, the conversation goes on under the new name:
    with what was said, the members and what is being typed.
    """
    async with inside(f"{CAPS} draft/channel-rename") as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :before")
        await it.sees("before")
        it.screen.press(*"hel")
        await server.send(":bob!u@h RENAME #lobby #hall :Larger")
        shown = await it.sees("2   #hall", "before", "› hel", "@alice", "(Larger)")
        assert "bob has renamed #lobby to #hall." in " ".join("".join(shown).split())
        await it.sees_not("3   #")
        it.screen.press(*"lo", "enter")
        assert await server.echo() == "PRIVMSG #hall :hello"
        await server.send(":bob!u@h PRIVMSG #hall :after")
        await it.sees("before", "after")


async def test_a_renamed_channel_does_not_mix_with_a_former_one(jumping_clock: MockClock) -> None:
    """What is shown of a channel that had the name before stays its own; the user is taken to the
    name.
    """
    async with inside(f"{CAPS} draft/channel-rename") as (it, server):
        await server.send(":alice!u@h JOIN #hall", ":alice!u@h PART #hall")
        await it.sees("2   #hall")
        server.skips = ("WHO", "PING", "CHATHISTORY", "MARKREAD", "TAGMSG")
        it.screen.press("meta 3", *"hel")
        await server.send(":bob!u@h RENAME #lobby #hall")
        await it.sees("3   #lobby", "› hel")
        it.screen.press(*"lo", "enter")
        assert await server.echo() == "PRIVMSG #hall :hello"


async def test_the_former_name_of_a_channel_leads_to_it(jumping_clock: MockClock) -> None:
    """Also where the user is in it already: the user reads what it is called now."""
    async with inside(f"{CAPS} draft/channel-rename") as (it, server):
        it.screen.press("meta 1", *"/join #old", "enter")
        await server.expect("JOIN #old")
        await server.send("FAIL JOIN CHANNEL_RENAMED #old #lobby :The channel has been renamed")
        await until(lambda: it.client.workspace.buffer.name == "#lobby")
        it.screen.press("meta 1")
        await it.sees("#old is called #lobby now.")
        it.screen.press("meta 2", *"hello", "enter")
        assert await server.echo() == "PRIVMSG #lobby :hello"


async def test_a_channel_that_was_renamed_during_a_lost_connection(
    jumping_clock: MockClock,
) -> None:
    """The client joins it by its new name, under which the conversation goes on."""
    async with inside(f"{CAPS} draft/channel-rename") as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :before")
        await it.sees("before")
        await server.close()
        again = await it.server()
        await again.greet()
        await again.expect("JOIN #lobby")
        await again.send("FAIL JOIN CHANNEL_RENAMED #lobby #hall :The channel has been renamed")
        await again.expect("PING ready")
        await again.expect("JOIN #hall")
        await again.send(":alice!u@h JOIN #hall")
        await it.sees("2   #hall", "before", "#lobby is called #hall now.")
        await it.sees_not("3   #")


async def test_a_typing_notice_that_is_refused_is_no_error(jumping_clock: MockClock) -> None:
    """In a moderated channel each of them is, every three seconds."""
    async with inside() as (it, server):
        server.skips = ("WHO", "PING", "CHATHISTORY", "MARKREAD")
        it.screen.press(*"hello")
        notice = parse(await server.expect("TAGMSG #lobby"))
        await server.send(
            f"@label={notice.tags['label']} :srv.test 404 alice #lobby :Cannot send to channel",
            ":bob!u@h PRIVMSG #lobby :later",
        )
        assert not any("Cannot send" in row for row in await it.sees("later"))


async def test_leaving(jumping_clock: MockClock) -> None:
    """/quit says good-bye to every server and ends with 0."""
    async with inside() as (it, server):
        it.screen.press(*"/quit bye", "enter")
        assert (await server.expect("QUIT")).endswith(":bye")
        await server.close()
        await until(lambda: it.code is not None)
        assert it.code == 0


async def test_ctrl_c_removes_what_is_typed_and_leaves_when_pressed_twice(
    jumping_clock: MockClock,
) -> None:
    """Nobody loses a line, or the chat, by a slip."""
    async with inside() as (it, server):
        it.screen.press(*"half", "ctrl c")
        assert it.controller.prompt.edit_text == ""
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "half"
        it.screen.press("ctrl c", "ctrl c")
        await it.sees("Press Ctrl-C again to leave.")
        it.screen.press("ctrl c")
        await server.expect("QUIT")


async def test_a_nickname_that_is_taken_is_asked_for(jumping_clock: MockClock) -> None:
    """The question is in the prompt, and the answer goes to the server."""
    async with watched() as it:
        server = await it.server()
        await server.greet_until_refused(":srv.test 433 * alice :Nickname is already in use")
        await it.sees("in use by someone else", "Your nickname")
        it.screen.press(*"alicia", "enter")
        await server.expect("NICK alicia")


async def test_a_password_is_not_shown(jumping_clock: MockClock) -> None:
    """/login asks; what is typed is hidden and not remembered."""
    async with inside() as (it, server):
        it.screen.press(*"before", "enter", *"/login", "enter")
        await server.expect("PRIVMSG #lobby before")
        await it.sees("Password of alice:")
        it.screen.type("hunter2")
        await it.sees("*******")
        assert "hunter2" not in it.screen.text()
        it.screen.press("enter")
        await server.expect("PRIVMSG NickServ IDENTIFY alice hunter2")
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "before"


async def test_a_password_typed_ahead_of_the_question(jumping_clock: MockClock) -> None:
    """A password typed before the prompt appears is not displayed."""
    async with inside() as (it, server):
        it.screen.press(*"before", "enter", *"/login", "enter", *"hunter2")
        assert it.controller.prompt.edit_text == "hunter2"
        await it.rest()
        assert "hunter2" not in it.screen.text()
        it.screen.press("enter")
        await server.expect("PRIVMSG #lobby before")
        await server.expect("PRIVMSG NickServ IDENTIFY alice hunter2")
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "before"


async def test_a_password_beside_the_command_is_not_remembered(jumping_clock: MockClock) -> None:
    """/oper takes the password also on its own line; the arrow key does not bring that back."""
    async with inside() as (it, server):
        it.screen.press(*"before", "enter", *"/oper root hunter2", "enter")
        await server.expect("PRIVMSG #lobby before")
        await server.expect("OPER root hunter2")
        await server.send(":srv.test 381 alice :You are now an IRC operator")
        await it.sees("You are now an IRC operator")
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "before"
        assert "hunter2" not in it.screen.text()
