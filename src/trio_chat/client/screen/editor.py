"""The user's editor (`$VISUAL`, `$EDITOR`) for the line that is being typed, while connections are
served.
"""

import os
import shlex
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import trio

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.server import ServerState
from trio_chat.client.screen.controller import Controller
from trio_chat.client.screen.pasting import MOST
from trio_chat.client.screen.terminal_control import TerminalControl
from trio_chat.client.session.events import Note
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_USUAL = "notepad" if sys.platform == "win32" else "vi"
_TAB = "    "
_TO_REMOVE = 2.0
"""Seconds for the file to be removed, also when the program ends."""


class EditorError(Exception):
    """The text was not edited; the text of this says why."""


async def edit_typed(
    controller: Controller, terminal_control: TerminalControl, environment: Mapping[str, str]
) -> None:
    """Have the typed line edited, and put what comes of it where it was; Enter sends it then as
    always.
    """
    text, server, buffer = (
        controller.prompt.edit_text,
        controller.workspace.server,
        controller.workspace.buffer,
    )
    if terminal_control.is_released or not controller.composer.is_free():
        return
    if text and not controller.composer.remembers(text):
        controller.say_here(
            _("There is a password in this line: it is not given to another program."), error=True
        )
        return
    controller.prompt.set_edit_text("")
    edited = text
    try:
        with terminal_control.released():
            edited = await _edit(text, environment)
    except EditorError as error:
        controller.say_here(str(error), error=True)
    finally:
        _put(controller, server, buffer, edited)


def _put(controller: Controller, server: ServerState, buffer: Buffer, text: str) -> None:
    controller.refresh()  # what is in the prompt belongs to where we were until now
    if text and not controller.composer.give_back(buffer, text):
        server.show(buffer, Note(clean(_("Not sent: {text}").format(text=text)), error=True))
    controller.refresh()


async def _edit(text: str, environment: Mapping[str, str]) -> str:
    """Return a text as the user's editor leaves it.

    Raises:
        EditorError: with a sentence for people.
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
    file, path = tempfile.mkstemp(prefix="trio-chat-", suffix=".txt")  # for its owner alone
    with open(file, "w", encoding="utf-8") as stream:
        stream.write(text)
    return Path(path)


def _read(path: Path) -> str:
    """Return what may be typed of a file: no control characters, no empty lines at the end."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(MOST + 1)
    if len(text) > MOST:
        raise ValueError(_("the text is longer than {most} characters").format(most=MOST))
    text = text.replace("\t", _TAB).rstrip()
    return "".join(sign for sign in text if sign == "\n" or clean(sign) == sign)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
