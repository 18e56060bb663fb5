"""Colours of terminals: only codes that the terminal knows, and nicknames that differ."""

import io

import pytest
import urwid

from trio_chat.client.screen.colours import reduced
from trio_chat.client.screen.themes import NICKS, specs
from trio_chat.client.screen.tty import TerminalScreen


def escapes(colors: int) -> list[str]:
    """Return how all looks of all themes are written to a terminal that has so many colours."""
    screen = TerminalScreen(input=io.StringIO(), output=io.StringIO())
    screen.colors = colors  # type: ignore[assignment]
    return [
        screen._attrspec_to_escape(spec)
        for theme in ("dark", "light", "mono")
        for spec in specs(theme).values()
    ]


@pytest.mark.parametrize(
    ("colors", "unknown"), [(1, ("38;", "48;")), (16, ("38;", "48;")), (256, ("38;2;", "48;2;"))]
)
def test_a_terminal_gets_no_colour_that_it_does_not_know(
    colors: int, unknown: tuple[str, ...]
) -> None:
    """What COLORTERM, TERM and terminfo say counts."""
    assert not [escape for escape in escapes(colors) if any(code in escape for code in unknown)]


def test_no_colours_at_all() -> None:
    """Bold, underlined and reversed texts are left."""
    codes = {code for escape in escapes(1) for code in escape[2:-1].split(";")}
    assert codes <= {"0", "1", "2", "3", "4", "7", "9", "39", "49", ""}


def test_true_colours_stay() -> None:
    """A terminal that knows all of them gets those that the theme has."""
    assert any("38;2;" in escape for escape in escapes(1 << 24))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nicknames_have_colours_of_their_own(theme: str) -> None:
    """All nicknames have different colours, on a terminal of 256 colours too."""
    styles = [reduced(specs(theme)[f"nick{number}"], 256) for number in range(NICKS)]
    assert len({look.foreground for look in styles}) == NICKS >= 24


def test_what_a_text_is_beside_its_colour_stays() -> None:
    """A link is still a link, and bold."""
    spec = urwid.AttrSpec(
        "#5fafff,bold,underline", "#303030", 16777216, hyperlink="https://example.org"
    )
    few = reduced(spec, 16)
    assert (few.bold, few.underline, few.hyperlink) == (True, True, spec.hyperlink)
