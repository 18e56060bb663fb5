"""Terminals that the full screen takes, and those that it leaves to the line client."""

import os
import sys

import pytest
from urwid import util

from client_fakes import ListInterface
from trio_chat.client import main
from trio_chat.client.line.client import LineClient
from trio_chat.client.options import ConnectOptions
from trio_chat.client.screen import tty
from trio_chat.client.screen.tty import NoScreenError, TerminalScreen, open_screen


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
@pytest.mark.parametrize(
    ("size", "taken"),
    [
        ((0, 0), (80, 24)),
        ((0, 40), (80, 40)),
        ((100, 0), (100, 24)),
        ((1, 1), (1, 1)),
        ((65535, 50), (80, 50)),
    ],
)
def test_a_terminal_that_does_not_know_its_size_has_a_usual_one(
    size: tuple[int, int], taken: tuple[int, int]
) -> None:
    """A window of 0 x 0 is what serial consoles and some containers have."""
    termios = pytest.importorskip("termios")
    ours, theirs = os.openpty()
    with open(ours, "rb", buffering=0) as keys, open(theirs, "w", encoding="utf-8") as output:
        termios.tcsetwinsize(theirs, (size[1], size[0]))
        assert TerminalScreen(input=keys, output=output).get_cols_rows() == taken


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "euc-jp", "big5", "shift_jis", "euc-kr"])
def test_nothing_is_drawn_where_a_sign_takes_two_bytes(encoding: str) -> None:
    """There … takes two columns, and what is counted as one would shift the frame, or end the
    program.
    """
    with util.set_temporary_encoding(encoding), pytest.raises(NoScreenError, match=encoding):
        open_screen({})


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "koi8-r", "ascii"])
def test_other_encodings_are_drawn_in(encoding: str) -> None:
    """One byte is one column; what such an encoding does not have becomes a question mark."""
    with util.set_temporary_encoding(encoding):
        open_screen({})


def test_nothing_is_drawn_where_the_system_says_that_signs_are_wide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unicode Standard Annex #11: characters of ambiguous width are wide in some locales of East
    Asia, in UTF-8 as well.
    """
    monkeypatch.setattr(tty, "_columns", lambda sign: 2 if sign in "…│" else 1)
    with (
        util.set_temporary_encoding("utf-8"),
        pytest.raises(NoScreenError, match="take two columns"),
    ):
        open_screen({})


def test_the_line_client_takes_over_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user learns why, and what to do about it."""
    monkeypatch.setattr(main, "can_draw", lambda: True)
    monkeypatch.setattr(main, "_choose_interface", ListInterface)
    with util.set_temporary_encoding("gb18030"):
        client = main._choose_client(ConnectOptions(host="192.0.2.7", port=5000), lambda: None)
    assert isinstance(client, LineClient)
    assert "LC_ALL=C.UTF-8" in capsys.readouterr().err
