"""Links over several rows: a terminal copies the whole link."""

import io
import re

import pyte
import pytest
import urwid
from trio.testing import MockClock

from screen_fakes import inside
from trio_chat.client.model import links
from trio_chat.client.screen.tty import TerminalScreen
from trio_chat.client.screen.wrapped_links import find_wrapped_links

COLUMNS, ROWS = 20, 8
LINK = "https://example.org/a/very/long/path/that/goes/on"


class Wrapping(pyte.Screen):
    """A terminal that remembers which rows go on in the next one, as those do that copy lines
    whole.
    """

    def __init__(self) -> None:
        super().__init__(COLUMNS, ROWS)
        self.goes_on: set[int] = set()

    def draw(self, data: str) -> None:
        """Write characters."""
        for sign in data:
            if self.cursor.x == self.columns:
                self.goes_on.add(self.cursor.y)
            super().draw(sign)

    def copied(self) -> str:
        """Return what the mouse copies of everything."""
        return "".join(
            row if number in self.goes_on else row.rstrip() + "\n"
            for number, row in enumerate(self.display)
        )


def shown(*markup: tuple[urwid.AttrSpec | None, str]) -> Wrapping:
    """Return a terminal on which a text is drawn."""
    output = io.StringIO()
    screen = TerminalScreen(input=io.StringIO(), output=output)
    screen.set_terminal_properties(colors=256, hyperlinks=True)
    screen._started = True
    screen._rows_used = None
    canvas = urwid.Filler(urwid.Text(list(markup)), "top").render((COLUMNS, ROWS))
    screen.draw_screen((COLUMNS, ROWS), canvas)
    terminal = Wrapping()
    pyte.Stream(terminal).feed(output.getvalue())
    return terminal


def link(address: str) -> urwid.AttrSpec:
    """Return how a link is drawn."""
    return urwid.AttrSpec("underline", "default", 256, hyperlink=address)


@pytest.mark.parametrize("text", [LINK, "https://example.org/é/конец/конец/конец"])
def test_a_wrapped_link_is_copied_whole(text: str) -> None:
    """DEC private mode 7: a row that was left by writing on belongs to one line with the next."""
    terminal = shown((None, "bob: "), (link(links.target(text)), text), (None, " and more"))
    assert text in terminal.copied()


def test_other_rows_are_lines_of_their_own() -> None:
    """Texts, and links that only follow each other."""
    assert not shown((None, "word " * 12)).goes_on
    assert not shown((link("a:1"), "x" * COLUMNS), (link("a:2"), "y" * COLUMNS)).goes_on
    assert not shown((link("a:1"), "short"), (None, "\n"), (link("a:1"), "short")).goes_on


async def test_the_bare_view_joins_its_links(jumping_clock: MockClock) -> None:
    """F5 is there to be copied from; in the usual view a column of its own is between."""
    async with inside(columns=60) as (it, server):
        await server.send(f":bob!u@h PRIVMSG #lobby :{LINK * 3}")
        await it.sees("https://example.org")
        it.screen.press("f5")
        await it.sees("bob: ")
        assert len(find_wrapped_links(it.screen.canvas.content(), 60)) >= 2


@pytest.mark.parametrize("unit", ["mailto:", "mailto:a,", "ahttp://"])
def test_each_sign_of_a_word_without_links_is_read_once(
    monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    """What begins as a link again and again in one word, and is none, takes no quadratic time."""
    read = 0

    class Counting:
        """The pattern of a link's rest, which counts what it has read."""

        def match(self, text: str, position: int) -> re.Match[str] | None:
            """Match, and count."""
            nonlocal read
            found = rest.match(text, position)
            read += len(found[0]) if found else 0
            return found

    rest = links._REST
    monkeypatch.setattr(links, "_REST", Counting())
    text = "x" + unit * 500
    assert list(links.found(text)) == []
    assert read <= len(text)


def test_an_address_of_mail_follows_what_is_none() -> None:
    """A word that only begins as an address of mail does not hide the next one that is one."""
    text = "mailto:a mailto:b@c.example mailto:mailto:d@e.example"
    assert [text[start:end] for start, end in links.found(text)] == [
        "mailto:b@c.example",
        "mailto:mailto:d@e.example",
    ]
