"""The typed line of the full-screen client: its keys, its history and completion."""

import pytest
from trio.testing import MockClock

from screen_fakes import inside
from trio_chat.irc.message import parse

PLAIN_IRC = ""


async def test_readline_keys_and_undo(jumping_clock: MockClock) -> None:
    """Words and lines are deleted and brought back, and everything can be undone."""
    async with inside() as (it, _server):
        it.screen.type("one two three")
        it.screen.press("ctrl w")
        assert it.controller.prompt.edit_text == "one two "
        it.screen.press("ctrl y")
        assert it.controller.prompt.edit_text == "one two three"
        it.screen.press("ctrl a", "ctrl k")
        assert it.controller.prompt.edit_text == ""
        it.screen.press("ctrl _")
        assert it.controller.prompt.edit_text == "one two three"


async def test_what_was_typed_comes_back(jumping_clock: MockClock) -> None:
    """Arrow up and down; the unfinished line is not lost."""
    async with inside(PLAIN_IRC) as (it, _server):
        it.screen.press(*"first", "enter", *"second", "enter", *"half")
        it.screen.press("up", "up")
        assert it.controller.prompt.edit_text == "first"
        it.screen.press("down", "down")
        assert it.controller.prompt.edit_text == "half"


async def test_several_lines_become_one_message(jumping_clock: MockClock) -> None:
    """IRCv3 draft/multiline: Alt-Enter begins another line."""
    async with inside() as (it, server):
        it.screen.press(*"one", "meta enter", *"two", "enter")
        opening = parse(await server.expect("BATCH +m1 draft/multiline #lobby"))
        first, second = (
            parse(await server.expect("PRIVMSG #lobby one")),
            parse(await server.expect("PRIVMSG #lobby two")),
        )
        assert first.tags["batch"] == second.tags["batch"] == "m1"
        await server.expect("BATCH -m1")
        await server.send(
            f"@label={opening.tags['label']};msgid=9 :alice!u@h BATCH +x draft/multiline #lobby",
            "@batch=x :alice!u@h PRIVMSG #lobby :one",
            "@batch=x :alice!u@h PRIVMSG #lobby :two",
            ":srv.test BATCH -x",
        )
        await it.sees("alice │ one", "two")
        assert it.workspace.buffer[it.workspace.buffer.end - 1].text == "one\ntwo"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("bo", "bob: "),
        ("hi bo", "hi bob "),
        ("/sea", "/search "),
        ("#lo", "#lobby "),
        ("/react :thumb", "/react 👍 "),
        ("zz", "zz"),
    ],
)
async def test_completion(typed: str, completed: str, jumping_clock: MockClock) -> None:
    """Tab completes nicknames, commands, channels and emoji."""
    async with inside() as (it, _server):
        it.screen.type(typed)
        it.screen.press("tab")
        assert it.controller.prompt.edit_text == completed


async def test_who_spoke_last_is_completed_first(jumping_clock: MockClock) -> None:
    """And Tab again takes the next one."""
    async with inside() as (it, server):
        await server.send(
            ":bert!u@h JOIN #lobby", ":bert!u@h PRIVMSG #lobby :me", ":bob!u@h JOIN #lobby"
        )
        await it.sees("me")
        it.screen.press("b", "tab")
        assert it.controller.prompt.edit_text == "bert: "
        it.screen.press("tab")
        assert it.controller.prompt.edit_text == "bob: "


async def test_a_recalled_line_that_was_changed_stays_changed(jumping_clock: MockClock) -> None:
    """The arrow keys lose nothing that was typed, as long as nothing is sent."""
    async with inside() as (it, server):
        for text in ("one", "two"):
            it.screen.press(*text, "enter")
            await server.expect(f"PRIVMSG #lobby {text}")
        prompt = it.controller.prompt

        async def shown_after(*keys: str) -> str:
            it.screen.press(*keys)
            await it.rest()
            return str(prompt.edit_text)

        assert await shown_after(*"new", "up") == "two"
        assert await shown_after(*"!?", "up") == "one"
        assert await shown_after("down") == "two!?"
        assert await shown_after("down") == "new"
        assert await shown_after("up") == "two!?"
        assert await shown_after("enter", "up", "up") == "two"
        await server.expect("PRIVMSG #lobby two!?")
