"""Bracketed pastes: gathered key by key, cleaned, put into the prompt, or sent when the user says
so.

A terminal brackets a paste with two marks. What stands between them is text, whatever it looks
like: no key of it is a command.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.registry import is_command
from trio_chat.client.screen.composer import Confirmation
from trio_chat.client.screen.server_view import ServerView
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

if TYPE_CHECKING:
    from trio_chat.client.screen.controller import Controller

MOST = 200_000
"""Characters of a paste."""
_SILENCE = 10.0
"""Seconds without a key after which the mark of the end counts as lost."""
_PAUSE = 0.5
"""Seconds without a key after which Ctrl-C is the user's, and not part of the paste."""
_TAB = "    "
_TEXT = {"enter": "\n", "ctrl j": "\n", "tab": _TAB}


class Pasting:
    """The pastes of one controller.

    Args:
        controller: the controller.

    `is_unseen` tells whether something was pasted that the screen has not shown yet.
    """

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._keys: list[str] | None = None
        self._length = 0
        self._last_key = 0.0
        self.is_unseen = False
        self._question: Confirmation | None = None
        self._asked = ""

    def take(self, key: str) -> bool:
        """Take a key that belongs to a paste; return whether it does."""
        now = self._controller.now()
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

    def look(self) -> None:
        """End a paste whose end mark does not arrive; to be called periodically."""
        if self._keys is not None and self._controller.now() - self._last_key >= _SILENCE:
            self._end()

    def drawn(self) -> None:
        """Note that the screen shows what was pasted, or the question about it: from now on Enter
        can mean it.
        """
        self.is_unseen = False

    def _gather(self, key: str) -> None:
        text = _TEXT.get(key, key.removeprefix("meta "))
        if (
            len(text) == 1 or key in _TEXT
        ):  # all else is a key that was pressed, or a control character
            self._length += len(text)
            if self._keys is not None and self._length <= MOST:
                self._keys.append(text)

    def _end(self) -> None:
        keys, self._keys = self._keys, None
        length, self._length = self._length, 0
        if keys is None:
            return
        self.is_unseen = True
        self._controller.layout.changed()  # so that it is drawn in any case
        if length > MOST:
            text = _(
                "What was pasted is too long and was dropped: {count} characters, and {most}"
                " can be."
            )
            self._controller.say_here(text.format(count=length, most=MOST), error=True)
        else:
            self._take_text("".join(keys))

    def _take_text(self, text: str) -> None:
        controller = self._controller
        if self._question is not None and controller.question is self._question:
            text = (
                self._asked + text
            )  # pasted while the question about what was pasted before is open
        lines = text.rstrip("\n").split("\n")
        if len(lines) == 1 or not controller.views or not controller.composer.is_free():
            controller.ask(None)
            controller.prompt.insert(lines[0])
        else:
            self._ask(text)

    def _ask(self, text: str) -> None:
        controller, buffer = self._controller, self._controller.workspace.buffer
        typed, at = controller.prompt.edit_text, controller.prompt.edit_pos
        body = text.rstrip("\n")
        whole = typed[:at] + body + typed[at:]
        if is_command(typed):
            place = typed[:at].strip()
            send: Callable[[], None] = partial(self._enter, whole)
        elif buffer.kind is BufferKind.SERVER:
            controller.prompt.insert(body.replace("\n", " "))
            return
        else:
            place = buffer.name
            send = partial(
                self._send, controller.view, buffer, whole[1:] if typed.startswith("//") else whole
            )
        question = ngettext(
            "Paste {count} line into {place}? Enter sends, E edits it first, Esc drops it",
            "Paste {count} lines into {place}? Enter sends, E edits them first, Esc drops them",
            len(body.split("\n")),
        )
        asked = question.format(count=len(body.split("\n")), place=clean(place))
        self._asked = text
        self._question = Confirmation(asked, send, partial(controller.prompt.insert, body))
        controller.ask(self._question)

    def _enter(self, whole: str) -> None:
        """Take a command and the lines behind it as if they had been typed."""
        self._controller.prompt.clear()
        self._controller.composer.entered(whole)

    def _send(self, view: ServerView, buffer: Buffer, whole: str) -> None:
        if buffer is self._controller.workspace.buffer:
            self._controller.prompt.clear()
        self._controller.composer.send_lines(view, buffer, whole.split("\n"))
