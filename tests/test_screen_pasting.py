"""Pastes, and Esc before a key: no text is sent by accident."""

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from client_fakes import FakeServer, until
from screen_fakes import WatchedClient, inside
from trio_chat.client.screen import pasting
from trio_chat.irc.message import parse

PLAIN_IRC = ""


async def confirm(it: WatchedClient) -> None:
    """Press Enter when the question has been drawn."""
    await it.rest()
    it.screen.press("enter")


async def hears_nothing(server: FakeServer) -> None:
    """Read what the client sends for a second: nothing that others see."""
    with trio.move_on_after(1):
        while True:
            assert parse(await server.line()).command not in (
                "PRIVMSG",
                "TOPIC",
                "NICK",
                "AWAY",
                "BATCH",
            )


# Pastes


async def test_a_paste_of_several_lines_asks_once(jumping_clock: MockClock) -> None:
    """With the count; Enter sends, Esc drops it."""
    async with inside() as (it, server):
        lines = [f"line{number}" for number in range(30)]
        it.paste("\n".join(lines) + "\n")
        await it.sees("Paste 30 lines into #lobby?")
        it.screen.press("esc")
        await it.sees_not("Paste 30")
        it.paste("\n".join(lines) + "\n")
        await confirm(it)
        await server.expect("BATCH +m1 draft/multiline #lobby")
        for line in lines:
            await server.expect(f"PRIVMSG #lobby {line}")
        await server.expect("BATCH -m1")


async def test_a_paste_is_paced_where_messages_have_one_line(jumping_clock: MockClock) -> None:
    """A server without draft/multiline takes a client that is too fast for a flood."""
    async with inside(PLAIN_IRC) as (it, server):
        it.paste("\n".join("01234567"))
        await confirm(it)
        start = trio.current_time()
        for number in range(8):
            await server.expect(f"PRIVMSG #lobby {number}")
            ping = parse(await server.expect("PING m"))
            await server.send(f":srv.test PONG srv.test {ping.params[0]}")
        assert trio.current_time() - start > 2


async def test_a_paste_of_one_line_is_typed(jumping_clock: MockClock) -> None:
    """Nothing is asked, nothing is sent, and one undo takes it away."""
    async with inside() as (it, _server):
        it.paste("hello there\n")
        await it.sees("› hello there")
        it.screen.press("ctrl _")
        assert it.controller.prompt.edit_text == ""


@pytest.mark.parametrize("text", ["one", "one\ntwo"])
async def test_enter_in_the_packet_of_the_paste_sends_nothing(
    text: str, jumping_clock: MockClock
) -> None:
    """The user has not seen what it would send; the next Enter counts."""
    async with inside() as (it, server):
        it.paste(text, "enter")
        await hears_nothing(server)
        await confirm(it)
        await server.expect(
            "PRIVMSG #lobby one" if text == "one" else "BATCH +m1 draft/multiline #lobby"
        )


@pytest.mark.parametrize("command", ["/msg bob ", "/query bob ", "/MSG bob "])
async def test_a_command_before_a_paste_of_several_lines_is_carried_out(
    command: str, jumping_clock: MockClock
) -> None:
    """All lines go to the person that the command names, and none to the channel."""
    async with inside(PLAIN_IRC) as (it, server):
        it.screen.type(command)
        it.paste("one\ntwo")
        await it.sees(f"Paste 2 lines into {command.strip()}?")
        await confirm(it)
        for line in ("one", "two"):
            await server.expect(f"PRIVMSG bob {line}")
            ping = parse(await server.expect("PING m"))
            await server.send(f":srv.test PONG srv.test {ping.params[0]}")
        await hears_nothing(server)


@pytest.mark.parametrize("command", ["/topic ", "/nick ", "/away ", "/me ", "/nosuch "])
async def test_a_command_of_one_line_keeps_the_paste_in_the_prompt(
    command: str, jumping_clock: MockClock
) -> None:
    """It is refused, and nothing of it is sent anywhere."""
    async with inside() as (it, server):
        it.screen.type(command)
        it.paste("one\ntwo")
        await confirm(it)
        await until(lambda: it.controller.prompt.edit_text == f"{command}one\ntwo")
        await hears_nothing(server)


async def test_lines_that_are_typed_behind_a_command_go_where_it_says(
    jumping_clock: MockClock,
) -> None:
    """Several lines can be typed, too (Alt-Enter)."""
    async with inside() as (it, server):
        it.screen.type("/msg bob one")
        it.screen.press("meta enter")
        it.screen.type("two")
        it.screen.press("enter")
        await server.expect("BATCH +m1 draft/multiline bob")


async def test_many_lines_at_once_are_a_paste_without_marks(jumping_clock: MockClock) -> None:
    """A terminal that marks no pastes does not have them sent, nor their commands carried out."""
    async with inside() as (it, server):
        keys = [sign for number in range(9) for sign in (*f"line{number}", "enter")]
        it.screen.press(*keys, *"/nick x")
        it.screen.press(*"yz", "enter")
        it.screen.press("enter")
        await it.sees("Paste 10 lines into #lobby?")
        it.time += 1  # what follows at once would belong to the paste
        await confirm(it)
        await server.expect("BATCH +m1")
        for line in (*(f"line{number}" for number in range(9)), "/nick xyz"):
            await server.expect(f"PRIVMSG #lobby {line}")


async def test_a_few_lines_at_once_are_typed(jumping_clock: MockClock) -> None:
    """A slow link delivers what was typed meanwhile; Enter that is held down makes no lines."""
    async with inside(PLAIN_IRC) as (it, server):
        it.screen.press("a", "enter", "b", "enter", *["enter"] * 9, "c", "enter")
        for line in "abc":
            await server.expect(f"PRIVMSG #lobby {line}")
            ping = parse(await server.expect("PING m"))
            await server.send(f":srv.test PONG srv.test {ping.params[0]}")


async def test_a_paste_goes_where_the_cursor_is(jumping_clock: MockClock) -> None:
    """What stands behind the cursor follows the last line."""
    async with inside() as (it, server):
        it.screen.type("<>")
        it.screen.press("left")
        it.paste("one\ntwo")
        await confirm(it)
        await server.expect("BATCH +m1")
        await server.expect("PRIVMSG #lobby <one")
        await server.expect("PRIVMSG #lobby two>")


async def test_a_paste_while_the_question_is_open_is_added(jumping_clock: MockClock) -> None:
    """Both pastes are kept."""
    async with inside() as (it, server):
        it.paste("one\ntwo\n")
        it.paste("three")
        await it.sees("Paste 3 lines")
        await confirm(it)
        await server.expect("BATCH +m1")
        for line in ("one", "two", "three"):
            await server.expect(f"PRIVMSG #lobby {line}")


@pytest.mark.parametrize(
    "key", ["tab", "ctrl a", "ctrl c", "esc", "f1", "meta /", "<255>", "window", "shift up"]
)
async def test_a_control_character_in_a_paste_is_no_key(key: str, jumping_clock: MockClock) -> None:
    """The text around it is pasted, and nothing happens that a key would do."""
    async with inside() as (it, _server):
        it.screen.press("begin paste", "a", key, "b", "end paste")
        text = it.controller.prompt.edit_text
        assert (text[0], text[-1]) == ("a", "b")
        assert "\t" not in text
        assert it.controller.layout.page is None


async def test_ctrl_c_ends_a_paste_without_an_end(jumping_clock: MockClock) -> None:
    """A terminal that loses the closing mark must not make the client deaf."""
    async with inside() as (it, _server):
        it.screen.press("begin paste", "a", "b")
        it.time += 1
        it.screen.press("ctrl c")
        assert it.controller.prompt.edit_text == "ab"
        it.screen.press("c")
        assert it.controller.prompt.edit_text == "abc"


async def test_silence_ends_a_paste_without_an_end(jumping_clock: MockClock) -> None:
    """What was pasted is shown, and keys are keys again."""
    async with inside() as (it, _server):
        it.screen.press("begin paste", "a", "b")
        it.time += 60
        await until(lambda: it.controller.prompt.edit_text == "ab")
        it.screen.press("c")
        assert it.controller.prompt.edit_text == "abc"


async def test_an_endless_paste_is_dropped(
    jumping_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is bounded, and the user reads why."""
    monkeypatch.setattr(pasting, "MOST", 100)
    async with inside() as (it, _server):
        it.paste("x" * 101)
        await it.sees("The paste was dropped because it is too")
        assert it.controller.prompt.edit_text == ""


# Esc and a key in one packet, which a terminal takes for Alt and the key


@pytest.mark.parametrize(
    "opening", [("f1",), ("f8",), ("ctrl g",), ("ctrl f",), ("shift up",), ("ctrl r",)]
)
@pytest.mark.parametrize("key", ["/", "a", "2", "g", "k", "u", "r", "m", "b", "enter"])
async def test_esc_and_a_key_are_two_keys_where_esc_means_something(
    opening: tuple[str, ...], key: str, jumping_clock: MockClock
) -> None:
    """Esc ends the page, the question, the selection or the answer; the key does what it does
    alone.
    """
    async with inside() as (it, server):
        await server.send("@msgid=1 :bob!u@h PRIVMSG #lobby :hi", ":carol!u@h PRIVMSG alice :psst")
        await it.sees("bob │ hi", "carol")
        here = it.workspace.buffer
        it.screen.press(*opening)
        was_open = it.controller.is_open
        it.screen.press(f"meta {key}")
        assert (was_open, it.controller.is_open) == (True, False)
        assert it.workspace.buffer is here
        assert it.controller.prompt.edit_text == ("" if key == "enter" else key)


async def test_esc_drops_a_paste_and_the_key_behind_it_is_typed(jumping_clock: MockClock) -> None:
    """A question counts as well."""
    async with inside() as (it, server):
        it.paste("one\ntwo")
        it.screen.press("meta y")
        assert it.controller.state.confirmation is None
        assert it.controller.prompt.edit_text == "y"
        await hears_nothing(server)


async def test_a_command_at_once_behind_esc_reaches_whom_it_names(jumping_clock: MockClock) -> None:
    """Also where nothing is open: no key that begins a command means anything with Alt."""
    async with inside() as (it, server):
        await server.send(":alice!u@h JOIN #other", ":srv.test 366 alice #other :End")
        await server.play_back(kind="chathistory #other")
        await it.sees("#other")
        it.screen.press("meta /", *"msg bob my secret", "enter")
        assert (await server.expect("PRIVMSG bob")).endswith(":my secret")


async def test_a_selection_is_moved_without_alt(jumping_clock: MockClock) -> None:
    """Up and down go on, Enter answers."""
    async with inside() as (it, server):
        await server.send(
            *(f"@msgid={number} :bob!u@h PRIVMSG #lobby :{number}" for number in range(3))
        )
        await it.sees("bob │ 2")
        it.screen.press("meta k", "up", "up", "down", "enter")
        assert it.controller.state.reply_to == (it.workspace.buffer, "1")
