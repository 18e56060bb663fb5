"""Terminal interface with prompt_toolkit: the line being typed stays whole while messages arrive.

One prompt runs from start to end in a thread and an event loop of its own. A typed line goes to
Trio and disappears here; it comes back as `[YOU]: …` when the server has confirmed it. That event
loop also prints the lines to be shown: it erases the prompt, prints, and draws the prompt again, so
the terminal has one writer. The prompt never leaves raw mode in between, so nothing that is typed
meanwhile is echoed into the text.
"""

import asyncio
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

import trio
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.shortcuts import PromptSession
from prompt_toolkit.styles import BaseStyle, Style

from trio_chat.client.credentials import has_credentials
from trio_chat.client.line.interface import Complete, PromptState
from trio_chat.client.registry import asks_secret
from trio_chat.client.spans import Line, StyledText

_STYLE = {
    "info": "ansibrightblack",
    "error": "ansired bold",
    "own": "ansigreen bold",
    "nick0": "ansicyan bold",
    "nick1": "ansimagenta bold",
    "nick2": "ansiblue bold",
    "nick3": "ansiyellow bold",
    "nick4": "ansibrightcyan bold",
    "nick5": "ansibrightmagenta bold",
}


class NoTerminalError(Exception):
    """prompt_toolkit cannot draw on this terminal."""


def _output() -> Output:
    if sys.platform == "win32":
        from prompt_toolkit.output.win32 import NoConsoleScreenBufferError  # noqa: PLC0415  exists only there

        forget_types(ctypes.windll)
        try:
            return create_output()
        except NoConsoleScreenBufferError as error:  # mintty and similar terminals
            raise NoTerminalError from error
    else:
        return create_output()


def forget_types(libraries: object) -> None:
    """Give prompt_toolkit functions of Windows whose types no other library has set.

    All users of `ctypes.windll` share its functions. urwid sets the types of their arguments to
    structures of its own, and is loaded before it turns out that the full screen cannot be drawn.
    prompt_toolkit, which has other structures, then fails. The next use of kernel32 loads it anew.

    Args:
        libraries: `ctypes.windll`.
    """
    vars(libraries).pop("kernel32", None)


class TerminalInterface:
    """A terminal with a prompt in the last line and all other lines above it.

    Raises:
        NoTerminalError: prompt_toolkit cannot draw on this terminal.
    """

    interactive = True
    can_hide = True
    draws_codes = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The terminal belongs to one thread at a time. Trio never waits for this lock.
        self._terminal = threading.Lock()
        self._waiting: list[tuple[Sequence[Line], Callable[[], None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: Application[str] | None = None
        self._prompt = PromptState("> ")
        self._expects_secret = False  # the user may type before the server asks
        self._output = _output()
        # Never ask for the cursor's position: a slow terminal's answer would arrive in the typed
        # text or at the shell.
        self._output.enable_cpr = False  # type: ignore[attr-defined]
        self._style: BaseStyle = Style.from_dict(_STYLE)
        self._depth = (
            ColorDepth.DEPTH_1_BIT
            if os.environ.get("NO_COLOR")
            else self._output.get_default_color_depth()
        )
        self._hung_up = False
        self._ending = False
        self._completions: list[tuple[str, int]] = []
        self._completed = ("", 0)

    async def read_lines(
        self, lines: trio.MemorySendChannel[str], complete: Complete | None = None
    ) -> None:
        """Send typed lines until Ctrl-C or Ctrl-D; Tab completes a word.

        The terminal is restored in any case, also when this is cancelled.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._end_when_cancelled)
                # Not abandoned when cancelled: the thread has to restore the terminal. The task
                # above ends it.
                await trio.to_thread.run_sync(
                    self._run_prompt, lines.clone(), complete, trio.lowlevel.current_trio_token()
                )
                nursery.cancel_scope.cancel()
        finally:
            lines.close()

    async def write(self, lines: Sequence[Line], prompt: PromptState) -> None:
        """Show lines above the prompt, and wait until the terminal has taken them.

        Raises:
            BrokenPipeError: the terminal has gone.
        """
        if not lines and prompt == self._prompt:
            return
        self._prompt, self._expects_secret = prompt, False
        shown = trio.Event()
        done = partial(trio.lowlevel.current_trio_token().run_sync_soon, shown.set)
        with self._lock:
            self._waiting.append((lines, done))
            loop = self._loop
        if loop is None:
            await trio.to_thread.run_sync(self._show_without_prompt)
        else:
            self._call(loop, self._show_above)
        await shown.wait()
        if self._hung_up:
            raise BrokenPipeError

    async def _end_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with self._lock:
                self._ending = True
                loop = self._loop
            if loop:
                self._call(loop, self._end)

    # In the thread of the prompt

    def _run_prompt(
        self,
        lines: "trio.MemorySendChannel[str]",
        complete: Complete | None,
        token: trio.lowlevel.TrioToken,
    ) -> None:
        session: PromptSession[str] = PromptSession(
            message=lambda: self._prompt.text,
            output=self._output,
            key_bindings=self._bindings(complete, token),
            erase_when_done=True,
            is_password=Condition(lambda: self._prompt.secret or self._expects_secret),
            enable_suspend=True,
            reserve_space_for_menu=0,
            complete_while_typing=False,
        )
        session.default_buffer.accept_handler = partial(self._accept, lines, token)
        self._app = session.app
        try:
            session.prompt(pre_run=self._started, set_exception_handler=False, handle_sigint=False)
        except (EOFError, KeyboardInterrupt):
            pass
        except OSError:
            self._hung_up = True
        finally:
            with self._terminal:
                with self._lock:
                    self._loop = None
                self._show_waiting()
            token.run_sync_soon(lines.close)

    def _started(self) -> None:
        app = self._app
        assert app is not None  # noqa: S101  set before the prompt runs
        with self._terminal, self._lock:  # lines that another thread prints come before the prompt
            self._loop = app.loop
            ending = self._ending
        if ending:
            self._end()
        self._show_above()

    def _bindings(self, complete: Complete | None, token: trio.lowlevel.TrioToken) -> KeyBindings:
        bindings = KeyBindings()

        @Condition
        def nothing_typed() -> bool:
            return self._app is None or not self._app.current_buffer.text

        @bindings.add("c-c")
        @bindings.add("c-d", filter=nothing_typed)
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit(exception=EOFError)

        @bindings.add("tab")
        @bindings.add("s-tab")
        def _complete(event: KeyPressEvent) -> None:
            if complete is not None and not (self._prompt.asking or self._expects_secret):
                step = 1 if event.key_sequence[0].key is Keys.Tab else -1
                self._cycle(event.current_buffer, complete, step, token)

        return bindings

    def _cycle(
        self, buffer: Buffer, complete: Complete, step: int, token: trio.lowlevel.TrioToken
    ) -> None:
        """Complete the word before the cursor, or replace what has completed it by the next one."""
        here = buffer.text, buffer.cursor_position
        if here != self._completed:
            try:
                found = trio.from_thread.run_sync(complete, *here, trio_token=token)
            except trio.RunFinishedError:
                return
            # Behind the last one comes what was typed.
            self._completions = [here, *found]
        if len(self._completions) < 2:
            self._output.bell()
            return
        at = (self._completions.index(here) + step) % len(self._completions)
        self._completed = self._completions[at]
        buffer.document = Document(*self._completed)

    def _accept(
        self, lines: "trio.MemorySendChannel[str]", token: trio.lowlevel.TrioToken, buffer: Buffer
    ) -> bool:
        """Hand over a typed line; without room for it, keep it in the prompt and ring the bell."""
        # The kind of the line must be known before it is handed over: the next prompt may be set
        # before this thread continues.
        is_about_secret = asks_secret(buffer.text)
        is_asked = self._prompt.asking or self._expects_secret
        is_to_be_kept = not (is_asked or is_about_secret or has_credentials(buffer.text))
        expected, self._expects_secret = (
            self._expects_secret,
            self._expects_secret or is_about_secret,
        )
        try:
            trio.from_thread.run_sync(lines.send_nowait, buffer.text, trio_token=token)
        except trio.WouldBlock:
            self._expects_secret = expected
            self._output.bell()
            return True
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.RunFinishedError):
            return True
        if is_to_be_kept:
            buffer.append_to_history()
        buffer.reset()
        return True

    def _show_above(self) -> None:
        app = self._app
        if app is None or not app.is_running:
            return
        app.renderer.erase()
        self._show_waiting()
        app.invalidate()

    def _show_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for lines, done in waiting:
            try:
                self._print(lines)
            except OSError:
                self._hung_up = True
            done()

    def _print(self, lines: Sequence[Line]) -> None:
        if lines:
            spans = (span for line in lines for span in (*line, StyledText("\n")))
            fragments: StyleAndTextTuples = [
                (f"class:{span.style}" if span.style else "", span.text) for span in spans
            ]
            print_formatted_text(self._output, fragments, self._style, color_depth=self._depth)

    def _end(self) -> None:
        app = self._app
        if app is not None and app.is_running and not app.is_done:
            app.exit(exception=EOFError)

    # From any thread

    def _show_without_prompt(self) -> None:
        """Print the waiting lines; a prompt that has begun in the meantime prints them itself."""
        with self._terminal:
            with self._lock:
                loop = self._loop
            if loop is None:
                self._show_waiting()
                return
        self._call(loop, self._show_above)

    @staticmethod
    def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop has just closed: its thread prints the waiting lines
            return
