"""Bracketed pastes: gathered key by key, cleaned, and put into the prompt or sent after a question.

A terminal puts a mark before and after a paste. Whatever is between the marks is text: none of its
keys is a command. Some terminals have no such marks, as serial consoles and some multiplexers.
There several lines that are read at once are a paste, too, since nobody types so fast.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Protocol

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.registry import is_command
from trio_chat.client.screen.input_state import Confirmation, InputState
from trio_chat.client.screen.prompt import PromptEdit
from trio_chat.client.screen.server_view import ServerView, ServerViews
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

MOST = 200_000
"""The longest paste, in characters."""
_SILENCE = 10.0
"""Seconds without a key after which the end mark counts as lost."""
_PAUSE = 0.5
"""Seconds without a key after which Ctrl-C comes from the user, not from the paste."""
_LINES = 5
"""Lines in one read that are a paste. A slow link may deliver fewer typed lines at once."""
_GOES_ON = 0.25
"""Seconds after such a read in which more keys belong to the paste: sooner than a user answers."""
_TAB = "    "
_TEXT = {"enter": "\n", "ctrl j": "\n", "tab": _TAB}
_ENDS = ("enter", "ctrl j")


class LineSender(Protocol):
    """The part of the composer that pastes need."""

    def is_free(self) -> bool:
        """Return whether the text in the prompt is for the chat."""

    def entered(self, text: str) -> None:
        """Take a line as if it had been typed."""

    def send_lines(self, view: ServerView, buffer: Buffer, lines: Sequence[str]) -> None:
        """Send lines to a buffer."""


class Pasting:
    """The pastes of one client.

    Args:
        workspace: the model.
        views: the servers.
        state: the uses of the input.
        prompt: receives what is not sent.
        sender: sends lines.
        warn: shows an error to the user.
        redraw: has the screen drawn again.
        now: seconds of Unix time.

    `is_unseen` tells whether the screen does not show the latest paste yet.
    """

    def __init__(
        self,
        workspace: Workspace,
        views: ServerViews,
        state: InputState,
        prompt: PromptEdit,
        *,
        sender: LineSender,
        warn: Callable[[str], None],
        redraw: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._workspace, self._views = workspace, views
        self._state, self._prompt = state, prompt
        self._sender = sender
        self._warn, self._redraw, self._now = warn, redraw, now
        self._keys: list[str] | None = None
        self._length = 0
        self._last_key = 0.0
        self._marked_at = -math.inf
        self.is_unseen = False
        self._question: Confirmation | None = None
        self._asked = ""

    def mark(self, keys: list[Any], _codes: list[int]) -> list[Any]:
        """Return the keys of one read, with the marks of a paste if they are one without marks."""
        if self._keys is not None or "begin paste" in keys or not keys:
            return keys
        now = self._now()
        lines = sum(key in _ENDS and before not in _ENDS for before, key in pairwise(keys))
        goes_on = 0 <= now - self._marked_at < _GOES_ON
        if lines < _LINES and not goes_on:
            return keys
        self._marked_at = now
        return ["begin paste", *keys, "end paste"]

    def take(self, key: str) -> bool:
        """Take a key that belongs to a paste; return whether it does."""
        now = self._now()
        if self._keys is not None and (
            now - self._last_key >= _SILENCE or (key == "ctrl c" and now - self._last_key >= _PAUSE)
        ):
            self._end()
            if key == "ctrl c":
                return True
        self._last_key = now
        if key == "begin paste":
            self._keys = self._keys or []
        elif key == "end paste":
            self._end()
        elif self._keys is not None:
            self._gather(key)
        else:
            return False
        return True

    def check_end(self) -> None:
        """End a paste whose end mark does not arrive; to be called periodically."""
        if self._keys is not None and self._now() - self._last_key >= _SILENCE:
            self._end()

    def drawn(self) -> None:
        """Note that the screen shows the paste or its question, so Enter can refer to it."""
        self.is_unseen = False

    def _gather(self, key: str) -> None:
        text = _TEXT.get(key, key.removeprefix("meta "))
        if len(text) == 1 or key in _TEXT:  # anything else is a pressed key or a control character
            self._length += len(text)
            if self._keys is not None and self._length <= MOST:
                self._keys.append(text)

    def _end(self) -> None:
        keys, self._keys = self._keys, None
        length, self._length = self._length, 0
        if keys is None:
            return
        self.is_unseen = True
        self._redraw()  # the paste may have left the screen as it was
        if length > MOST:
            text = _(
                "The paste was dropped because it is too long: {count} characters, and {most}"
                " are allowed."
            )
            self._warn(text.format(count=length, most=MOST))
        else:
            self._take_text("".join(keys))

    def _take_text(self, text: str) -> None:
        if self._question is not None and self._state.confirmation is self._question:
            text = self._asked + text  # the question about the paste before this one is still open
        lines = text.rstrip("\n").split("\n")
        if len(lines) == 1 or not self._views or not self._sender.is_free():
            self._state.confirmation = None
            self._prompt.insert(lines[0])
        else:
            self._ask(text)

    def _ask(self, text: str) -> None:
        buffer = self._workspace.buffer
        typed, at = self._prompt.edit_text, self._prompt.edit_pos
        body = text.rstrip("\n")
        whole = typed[:at] + body + typed[at:]
        send: Callable[[], None]
        if is_command(typed):
            place, send = typed[:at].strip(), partial(self._enter, whole)
        elif buffer.kind is BufferKind.SERVER:
            self._prompt.insert(body.replace("\n", " "))
            return
        else:
            message = whole[1:] if typed.startswith("//") else whole
            view = self._views.of(self._workspace.server)
            place, send = buffer.name, partial(self._send, view, buffer, message)
        count = len(body.split("\n"))
        question = ngettext(
            "Paste {count} line into {place}? Enter sends, E edits it first, Esc drops it",
            "Paste {count} lines into {place}? Enter sends, E edits them first, Esc drops them",
            count,
        )
        self._asked = text
        self._question = self._state.confirmation = Confirmation(
            question.format(count=count, place=clean(place)),
            send,
            partial(self._prompt.insert, body),
        )

    def _enter(self, whole: str) -> None:
        """Take a command and the lines behind it as if they had been typed."""
        self._prompt.clear()
        self._sender.entered(whole)

    def _send(self, view: ServerView, buffer: Buffer, whole: str) -> None:
        if buffer is self._workspace.buffer:
            self._prompt.clear()
        self._sender.send_lines(view, buffer, whole.split("\n"))
