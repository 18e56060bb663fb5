"""The console window of Windows: its close button, its end after an error, escape sequences."""

import signal
import sys
from types import SimpleNamespace

import pytest

from trio_chat import cli, windows_console
from trio_chat.cli import program
from trio_chat.client import loading
from trio_chat.client.line.terminal import forget_types
from trio_chat.client.screen import tty
from trio_chat.client.screen.tty import NoScreenError, open_screen
from trio_chat.windows_console import (
    accepts_sequences,
    enable_sequences,
    end_cleanly_on_close,
    keep_open,
)
from windows_fakes import IN, OUT, FakeConsole

CTRL_C, CLOSE, LOGOFF, SHUTDOWN = 0, 2, 5, 6


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make standard input a terminal, and the program a script outside of any environment."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(sys, "argv", ["trio-chat"])
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)


def events_of(console: FakeConsole, *events: int) -> tuple[list[int], list[str]]:
    """Return what the handler answers to events, and what it does meanwhile."""
    done: list[str] = []
    end_cleanly_on_close(
        console,
        wait=lambda seconds: done.append(f"wait {seconds}"),
        raise_signal=lambda number: done.append(f"raise {number}"),
    )
    return [console.handlers[-1](event) for event in events], done


@pytest.mark.parametrize("event", [CLOSE, LOGOFF, SHUTDOWN])
def test_the_close_button_raises_sigbreak_and_leaves_time_for_the_shutdown(event: int) -> None:
    """Windows ends the process when the handler returns, or after 5 seconds."""
    answers, done = events_of(FakeConsole(), event)
    assert done == [f"raise {int(windows_console._SIGBREAK)}", "wait 4.5"]
    assert answers == [1]


def test_ctrl_c_is_left_to_python() -> None:
    """Its handler of SIGINT does the work."""
    assert events_of(FakeConsole(), CTRL_C) == ([0], [])


def test_a_window_that_is_closed_before_anything_runs_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a handler of the signal there is nothing to shut down, and nothing to wait for."""
    monkeypatch.setattr(signal, "getsignal", lambda _number: signal.SIG_DFL)
    assert events_of(FakeConsole(), CLOSE) == ([0], [])


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize(
    ("code", "processes", "waits"), [(2, 1, True), (0, 1, False), (2, 2, False), (2, 0, False)]
)
def test_an_error_stays_readable_in_a_window_of_its_own(
    code: int, processes: int, waits: bool
) -> None:
    """A window that a double click has opened vanishes with its only program."""
    asked: list[str] = []
    keep_open(code, FakeConsole(processes), asked.append)
    assert bool(asked) is waits


@pytest.mark.usefixtures("typed")
def test_the_processes_that_have_started_this_one_do_not_keep_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program of one file unpacks itself in a first process, which waits for the second."""
    asked: list[str] = []
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("_PYI_PARENT_PROCESS_LEVEL", "1")
    keep_open(1, FakeConsole(2), asked.append)
    assert asked


def test_without_a_keyboard_nothing_waits_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service or a pipe would hang for ever."""
    monkeypatch.setattr(sys, "stdin", None)
    keep_open(1, FakeConsole(), lambda _text: pytest.fail("it waits"))


def test_a_key_that_closes_the_window_is_no_error(
    typed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C or Ctrl-Z at the question is an answer as well."""

    def refuse(_text: str) -> None:
        raise KeyboardInterrupt

    keep_open(1, FakeConsole(), refuse)


def test_sequences_are_tried_without_a_trace() -> None:
    """The mode of the console is that of other programs, too."""
    console = FakeConsole()
    assert accepts_sequences(console)
    assert console.modes == {OUT: 3, IN: 7}


@pytest.mark.parametrize(
    "console", [FakeConsole(refuses=(OUT,)), FakeConsole(refuses=(IN,)), FakeConsole(missing=(IN,))]
)
def test_a_console_that_refuses_sequences_is_found_out(console: FakeConsole) -> None:
    """One direction is not enough for a full screen."""
    assert not accepts_sequences(console)
    assert console.modes == {OUT: 3, IN: 7}


def test_sequences_stay_enabled_for_colours() -> None:
    """The log and the QR code need standard output alone."""
    console = FakeConsole(refuses=(IN,))
    assert enable_sequences(console)
    assert console.modes[OUT] == 7
    assert not enable_sequences(FakeConsole(refuses=(OUT,)))


def test_a_console_without_sequences_has_the_line_interface(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason is a sentence, not a traceback."""
    console = FakeConsole(refuses=(OUT,))
    monkeypatch.setattr(tty, "kernel32", lambda: console)
    with pytest.raises(NoScreenError, match="no escape sequences"):
        open_screen({})


def test_the_question_for_a_server_needs_no_full_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked in lines where the console refuses sequences."""
    monkeypatch.setattr(loading, "can_draw", lambda: True)
    monkeypatch.setattr(loading, "kernel32", lambda: FakeConsole(refuses=(IN,)))
    assert not loading.can_draw_screen()
    monkeypatch.setattr(loading, "kernel32", FakeConsole)
    assert loading.can_draw_screen()


@pytest.mark.usefixtures("typed")
def test_every_command_ends_with_the_window_in_mind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line waits for Enter in a window of its own."""
    asked: list[int] = []
    console = FakeConsole()
    monkeypatch.setattr(program, "kernel32", lambda: console)
    monkeypatch.setattr(program, "keep_open", lambda code, api: asked.append(code))
    assert cli.main(["dance"]) == 2
    assert asked == [2]
    assert len(console.handlers) == 1


def test_a_defect_is_shown_before_the_window_closes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback is what a report needs."""

    def fail(_arguments: list[str]) -> int:
        raise RuntimeError("a defect")

    monkeypatch.setattr(program, "kernel32", FakeConsole)
    monkeypatch.setattr(program, "_run", fail)
    assert cli.main(["serve"]) == 1
    assert "RuntimeError: a defect" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "run"),
    [
        ([], ["connect"]),
        (["192.0.2.7"], ["connect", "192.0.2.7"]),
        (["--lang", "ru"], ["connect", "--lang", "ru"]),
        (["--lang", "ru", "find"], ["--lang", "ru", "find"]),
        (["find"], ["find"]),
        (["--version"], ["--version"]),
    ],
)
def test_a_program_for_one_command_needs_no_arguments(
    given: list[str], run: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click gives none, and a link gives an address."""
    seen: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["trio-chat-client.exe", *given])
    monkeypatch.setattr(program, "main", seen.append)
    program.double_click("connect")
    assert seen == [run]


def test_prompt_toolkit_gets_functions_without_the_types_of_urwid() -> None:
    """Both use the console by `ctypes.windll`, each with structures of its own."""
    loads: list[str] = []

    class Libraries:
        """Loads a library when it is first used, as `ctypes.LibraryLoader` does."""

        def __getattr__(self, name: str) -> object:
            loads.append(name)
            self.__dict__[name] = library = object()
            return library

    libraries = Libraries()
    typed = libraries.kernel32
    forget_types(libraries)
    assert libraries.kernel32 is not typed
    forget_types(Libraries())  # it may not have been loaded at all
    assert loads == ["kernel32", "kernel32"]
