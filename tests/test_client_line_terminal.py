"""The line client's terminal interface: which thread writes to the terminal, and when."""

import io
import threading
from collections.abc import Iterator

import pytest
import trio
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from trio_chat.client.line import terminal
from trio_chat.client.line.interface import PromptState
from trio_chat.client.spans import StyledText

HESITATION = 0.3
"""Seconds for which a slow terminal keeps a thread: time in which another one could draw."""


class SlowTerminal(io.StringIO):
    """A terminal that takes one text only after the prompt was drawn, or after a while."""

    def __init__(self, slow: str) -> None:
        super().__init__()
        self._slow = slow
        self._drawn = threading.Event()
        self.begun = threading.Event()

    def write(self, text: str) -> int:
        """Take a text."""
        if self._slow in text:
            self.begun.set()
            self._drawn.wait(HESITATION)
        elif "lobby" in text:
            self._drawn.set()
        return super().write(text)


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    """Make a keyboard."""
    with create_pipe_input() as keyboard, create_app_session(input=keyboard):
        yield keyboard


async def test_prompt_begins_after_lines_that_are_being_printed(
    keys: PipeInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt is not drawn while another thread prints: the line would stand behind the prompt,
    and the prompt would be gone.
    """
    screen = SlowTerminal("hello")
    output = Vt100_Output(screen, lambda: Size(20, 80), term="xterm", enable_cpr=False)
    monkeypatch.setattr(terminal, "_output", lambda: output)
    interface = terminal.TerminalInterface()
    typed, lines = trio.open_memory_channel[str](1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(interface.write, [(StyledText("hello"),)], PromptState("lobby> "))
        await trio.to_thread.run_sync(screen.begun.wait)
        nursery.start_soon(interface.read_lines, typed)
        keys.send_text("word\r")
        assert await lines.receive() == "word"
        keys.send_text("\x04")
    shown = screen.getvalue()
    assert shown.index("hello") < shown.index("lobby>")


async def test_tab_goes_through_what_a_word_may_become(
    keys: PipeInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tab gives the next one and in the end what was typed, Shift-Tab the one before; what is typed
    then begins anew.
    """
    output = Vt100_Output(io.StringIO(), lambda: Size(20, 80), term="xterm", enable_cpr=False)
    monkeypatch.setattr(terminal, "_output", lambda: output)
    interface = terminal.TerminalInterface()
    typed, lines = trio.open_memory_channel[str](1)

    def complete(text: str, position: int) -> list[tuple[str, int]]:
        assert position == len(text)
        return [(f"{text}{each}", len(text) + 1) for each in "xyz"] if text else []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(interface.read_lines, typed, complete)
        for pressed, line in {
            "an\t": "anx",
            "an\t\t": "any",
            "an\t\t\t\t": "an",
            "an\t\t\x1b[Z": "anx",
            "an\x1b[Z": "anz",
            "an\tk\t": "anxkx",
            "\t!": "!",
        }.items():
            keys.send_text(f"{pressed}\r")
            assert await lines.receive() == line
        keys.send_text("\x04")


async def test_no_answer_to_a_question_is_completed(
    keys: PipeInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password is no nickname."""
    output = Vt100_Output(io.StringIO(), lambda: Size(20, 80), term="xterm", enable_cpr=False)
    monkeypatch.setattr(terminal, "_output", lambda: output)
    interface = terminal.TerminalInterface()
    typed, lines = trio.open_memory_channel[str](1)
    async with trio.open_nursery() as nursery:
        await interface.write([], PromptState("Password: ", asking=True, secret=True))
        nursery.start_soon(interface.read_lines, typed, lambda text, at: [(f"{text}!", at + 1)])
        keys.send_text("an\t\r")
        assert await lines.receive() == "an"
        keys.send_text("\x04")
