"""Links over several rows: a terminal copies the whole link."""

import io

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
