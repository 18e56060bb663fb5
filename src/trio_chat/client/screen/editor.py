"""The user's editor (`$VISUAL`, `$EDITOR`) for a text, while connections are served."""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import trio

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.screen.composer import Composer
from trio_chat.client.screen.pasting import MOST
from trio_chat.client.screen.terminal_control import TerminalControl
from trio_chat.client.session.events import Note
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_USUAL = "notepad" if sys.platform == "win32" else "vi"
_TAB = "    "
_TO_REMOVE = 2.0
"""Seconds for removing the file, also when the program ends."""


class LineEditor:
    """The typed line in the user's editor.

    Args:
        workspace: the model.
        composer: has the line.
        terminal: is released to the editor.
        environment: names the editor.
        show_error: shows a sentence about what went wrong.
        refresh: brings the screen up to date with the model.
    """

    def __init__(
        self,
        workspace: Workspace,
        composer: Composer,
        terminal: TerminalControl,
        environment: Mapping[str, str],
        *,
        show_error: Callable[[str], None],
        refresh: Callable[[], None],
    ) -> None:
        self._workspace, self._composer = workspace, composer
        self._terminal, self._environment = terminal, environment
        self._show_error, self._refresh = show_error, refresh

    async def run(self) -> None:
        """Edit the line, and put the result where the line was typed; Enter sends it as always."""
        prompt, composer = self._composer.prompt, self._composer
        text, server, buffer = prompt.edit_text, self._workspace.server, self._workspace.buffer
        if self._terminal.is_released or not composer.is_free():
            return
        if text and not composer.remembers(text):
            problem = _("There is a password in this line: it is not given to another program.")
            self._show_error(problem)
            return
        prompt.set_edit_text("")
        edited = text
        try:
            with self._terminal.released():
                edited = await _edit(text, self._environment)
        except EditorError as error:
            self._show_error(str(error))
        finally:
            self._put_back(server, buffer, edited)

    def _put_back(self, server: ServerState, buffer: Buffer, text: str) -> None:
        self._refresh()  # the prompt must belong to the current buffer before it is changed
        if text and not self._composer.give_back(buffer, text):
            problem = clean(_("Not sent: {text}").format(text=text))
            server.show(buffer, Note(problem, error=True))
        self._refresh()


class EditorError(Exception):
    """The text was not edited; the message says why, in the user's language."""


async def _edit(text: str, environment: Mapping[str, str]) -> str:
    """Return a text as the user's editor leaves it.

    Raises:
        EditorError: the editor failed, or its text cannot be used.
    """
    command = environment.get("VISUAL") or environment.get("EDITOR") or _USUAL
    path = await trio.to_thread.run_sync(_write, text)
    try:
        done = await trio.run_process([*_words(command), str(path)], stdin=None, check=False)
        if done.returncode:
            problem = _("{editor} has failed (exit code {code}). The line is as it was.")
            raise EditorError(problem.format(editor=command, code=done.returncode))
        return await trio.to_thread.run_sync(_read, path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problem = _("{editor} cannot be used: {reason}. Set VISUAL or EDITOR to your editor.")
        raise EditorError(problem.format(editor=command, reason=reason)) from error
    finally:
        with trio.move_on_after(_TO_REMOVE, shield=True):
            await trio.to_thread.run_sync(_remove, path, abandon_on_cancel=True)


def _words(command: str) -> list[str]:
    words = shlex.split(command, posix=sys.platform != "win32")
    return [os.path.expanduser(word.strip('"')) for word in words]


def _write(text: str) -> Path:
    # Readable for its owner alone.
    file, path = tempfile.mkstemp(prefix="trio-chat-", suffix=".txt")
    with open(file, "w", encoding="utf-8") as stream:
        stream.write(text)
    return Path(path)


def _read(path: Path) -> str:
    """Return the text of a file without control characters and empty lines at the end."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(MOST + 1)
    if len(text) > MOST:
        raise ValueError(_("the text is longer than {most} characters").format(most=MOST))
    text = text.replace("\t", _TAB).rstrip()
    return "".join(sign for sign in text if sign == "\n" or clean(sign) == sign)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
