"""The start of the client: the line that a user sees meanwhile, and the modules that wait."""

import gc
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from trio_chat import i18n
from trio_chat.client import loading
from trio_chat.client.loading import Loading


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what takes what is shown on a terminal of 30 columns."""
    i18n.install("en")
    monkeypatch.setattr(loading, "is_terminal", lambda _descriptor: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "30")
    return lambda: capsys.readouterr().out


def test_the_full_screen_begins_with_a_line_that_goes_again(shown: Callable[[], str]) -> None:
    """The user sees at once where it goes; nothing of that is left when the screen is drawn, or
    when it cannot be.
    """
    with Loading(["192.0.2.7:5000"], plain=False).running():
        assert shown() == "Opening 192.0.2.7:5000 …"
    assert shown() == f"\r{' ' * 29}\r"


def test_the_line_is_taken_away_once(shown: Callable[[], str]) -> None:
    """What is on the screen later stays there."""
    line = Loading(["here"], plain=False)
    with line.running():
        line.end()
        shown()
    assert not shown()


def test_the_line_fits(shown: Callable[[], str]) -> None:
    """What has wrapped could not be taken away."""
    with Loading(["a-very-long-name.of-a-server.example.org:5000"], plain=False).running():
        assert len(shown()) == 29


@pytest.mark.parametrize(("plain", "term"), [(True, "xterm"), (False, "dumb")])
def test_the_line_client_begins_with_a_line_that_stays(
    shown: Callable[[], str], monkeypatch: pytest.MonkeyPatch, plain: bool, term: str
) -> None:
    """For a screen reader it is a line like all others."""
    monkeypatch.setenv("TERM", term)
    with Loading(["work", "home"], plain=plain).running():
        pass
    assert shown() == "[INFO] Opening work, home …\n"


def test_a_pipe_is_told_nothing(shown: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs want to know what happens in the chat."""
    monkeypatch.setattr(loading, "is_terminal", lambda _descriptor: False)
    with Loading(["here"], plain=True).running():
        pass
    assert not shown()


def test_a_name_cannot_speak_to_the_terminal(shown: Callable[[], str]) -> None:
    """A profile may be called anything."""
    with Loading(["\x1b[2J"], plain=True).running():
        pass
    assert "\x1b" not in shown()


def test_garbage_is_looked_for_again_whatever_happens(shown: Callable[[], str]) -> None:
    """The pause is for the imports, not for the chat, nor for what comes after an error."""
    line = Loading(["here"], plain=True)
    with line.running():
        paused = not gc.isenabled()
        line.end()
        assert gc.isenabled()
    with suppress(ZeroDivisionError), line.running():
        raise ZeroDivisionError
    assert paused
    assert gc.isenabled()


@pytest.mark.usefixtures("unmeasured")
def test_the_first_line_comes_before_everything_heavy() -> None:
    """Trio, urwid and the modules of server and tools are not imported for it."""
    program = """
import sys
from trio_chat import cli
from trio_chat.client.loading import Loading

class Shown(Exception): pass

def show(self):
    raise Shown

Loading._show = show
try:
    cli.main(["connect", "127.0.0.1:1", "--nick", "me"])
except Shown:
    heavy = {"trio", "attrs", "asyncio", "ssl", "urwid", "prompt_toolkit", "logging"}
    heavy |= {"keyring", "cryptography", "apsw"}
    heavy |= {"trio_chat.admin.accounts", "trio_chat.admin.history", "trio_chat.server.main"}
    sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
sys.exit("nothing was shown")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr
