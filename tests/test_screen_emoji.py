"""Joined emoji, variation selectors, skin tones and flags: all terminals agree on the columns."""

import pytest
import wcwidth
from trio.testing import MockClock

from screen_fakes import CAPS, FakeScreen, inside
from trio_chat.client.model import links
from trio_chat.client.model.emoji import apart, apart_in_place
from trio_chat.client.screen.rows import fitted, width

FORGETFUL = CAPS.replace("draft/chathistory ", "")
FAMILY, HEART, THUMB, FLAG, KEY = "👩\u200d👩\u200d👧", "❤\ufe0f", "👍🏽", "🇩🇪", "1\ufe0f\u20e3"
ALL = (FAMILY, HEART, THUMB, FLAG, KEY, "🏳\ufe0f\u200d🌈", "🤷🏿\u200d♀\ufe0f", "⌚\ufe0e", "☝🏻")
JOINERS = {
    *"\u200d\ufe0e\ufe0f",
    *map(chr, range(0x1F3FB, 0x1F400)),
    *map(chr, range(0x1F1E6, 0x1F200)),
}


def columns_of(row: str) -> int:
    """Return how many columns a terminal takes that knows of no sequences: each character by
    itself.
    """
    return sum(max(wcwidth.wcwidth(sign), 0) for sign in row)


def assert_settled(screen: FakeScreen) -> None:
    """Check that every row is as wide as the screen, whatever a terminal knows of emoji."""
    for row in screen.canvas.decoded_text:
        assert not JOINERS & set(row), ascii(row)
        assert columns_of(row) == wcwidth.wcswidth(row) == screen.size[0], ascii(row)


@pytest.mark.parametrize("text", ALL)
def test_a_sequence_is_as_wide_as_its_parts(text: str) -> None:
    """What a terminal makes of the parts does not depend on which sequences it knows."""
    assert columns_of(apart(text)) == wcwidth.wcswidth(apart(text)) == width(text)
    assert len(apart_in_place(text)) == len(text)
    assert columns_of(apart_in_place(text)) == wcwidth.wcswidth(apart_in_place(text)) == width(text)


@pytest.mark.parametrize("text", ["क्\u200dष", "می\u200cخواهم", "plain", "🏽", "é", "你好"])
def test_other_scripts_keep_their_joiners(text: str) -> None:
    """In Devanagari and Persian they are part of the spelling; a skin tone by itself is a sign like
    others.
    """
    assert apart(text) == apart_in_place(text) == text


@pytest.mark.parametrize("columns", range(12))
def test_what_is_cut_takes_its_columns(columns: int) -> None:
    """No cut leaves half of a sequence, or of a wide character."""
    text = fitted("".join(ALL), max(columns, 1))
    assert columns_of(text) == max(columns, 1)


def test_cutting_a_long_text_does_not_take_its_square() -> None:
    """A hostile topic is cut in one go, not character by character."""
    assert columns_of(fitted("你" * 20_000, 10)) == 10


@pytest.mark.parametrize("columns", [120, 50])
async def test_everywhere_on_the_screen(jumping_clock: MockClock, columns: int) -> None:
    """Every part of the screen draws them alike: names, topic, messages, notices and prompt."""
    async with inside(FORGETFUL, columns=columns, rows=30) as (c, server):
        for number, text in enumerate(ALL):
            nick = f"{text}{number}"
            await server.send(
                f":{nick}!u@h JOIN #lobby",
                f"@msgid=m{number} :{nick}!u@h PRIVMSG #lobby :{text} said {text}",
                f"@+draft/reply=m{number};+draft/react={text} :{nick}!u@h TAGMSG #lobby",
                f"@+draft/reply=m{number} :{nick}!u@h PRIVMSG #lobby :\x01ACTION answers"
                f" {text}\x01",
                f":{nick}!u@h PRIVMSG alice :psst {text}",
                f"@+typing=active :{nick}!u@h TAGMSG #lobby",
                f":srv.test NOTICE alice :{text} information {text}",
                f":{nick}!u@h TOPIC #lobby :{text} topic {text}",
            )
            await c.rest()
            assert_settled(c.screen)
        c.screen.type("".join(ALL) + "x")
        await c.sees("x")
        assert_settled(c.screen)
        c.screen.press("f8")
        await c.rest()
        assert_settled(c.screen)


async def test_what_is_typed_is_sent_as_it_was_typed(jumping_clock: MockClock) -> None:
    """Only what is drawn is taken apart; the cursor is where the terminal has it."""
    async with inside(FORGETFUL) as (c, server):
        for typed in (f"{FAMILY}{THUMB}{FLAG}{HEART}", f"{KEY}{FAMILY}"):
            c.screen.type(typed)
            await c.rest()
            column, row = c.screen.canvas.cursor
            assert columns_of(c.screen.lines()[row][2:]) == column - 2
            c.screen.press("enter")
            assert (await server.expect("PRIVMSG #lobby")).endswith(typed)


async def test_a_link_leads_where_it_was_meant_to(jumping_clock: MockClock) -> None:
    """What is drawn of it is taken apart, where it leads is not."""
    async with inside(FORGETFUL) as (c, server):
        await server.send(f":bob!u@h PRIVMSG #lobby :https://a.example/{FAMILY}{FLAG}")
        await c.sees("https://a.example/👩")
        (look,) = c.screen.attributes("https://a.example/")
        assert look.hyperlink is not None
        assert look.hyperlink.uri == links.target(f"https://a.example/{FAMILY}{FLAG}")
