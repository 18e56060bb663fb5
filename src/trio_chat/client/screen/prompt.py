"""The prompt: an editor of a few rows with readline's keys, undo, completion and a line history."""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import urwid
from urwid.command_map import Command

from trio_chat.client.model.emoji import apart_in_place

MOST_ROWS = 6
_MOST_REMEMBERED = 500
_UNDO = 200
_SUBMIT = "enter"
_NEW_LINE = ("meta enter", "shift enter", "ctrl j")


def _command_map() -> urwid.CommandMap:
    keys = urwid.CommandMap()
    for key in ("ctrl n", "ctrl p", "ctrl l", "esc", "tab", "shift tab"):
        keys[key] = None
    keys.bind_readline()
    extra = {
        Command.COMPLETE_NEXT: ("tab",),
        Command.COMPLETE_PREVIOUS: ("shift tab",),
        Command.WORD_LEFT: ("ctrl left",),
        Command.WORD_RIGHT: ("ctrl right",),
        Command.LEFT: ("ctrl b",),
        Command.REDO: ("meta _", "meta y"),
        Command.UNDO: ("ctrl z",),  # where the shell cannot suspend a program
    }
    for command, bound in extra.items():
        keys.bind(command, *bound)
    return keys


class PromptEdit(urwid.Edit):
    """The prompt.

    Args:
        submit: called with the text when Enter is pressed.
        completer: returns the completions of the word before the cursor.
        changed: called when a key has changed the text.
        remembers: returns whether a text may be recalled later.
    """

    def __init__(
        self,
        submit: Callable[[str], None],
        completer: Callable[[str, int], Sequence[tuple[str, int]]],
        changed: Callable[[], None],
        remembers: Callable[[str], bool],
    ) -> None:
        super().__init__(
            multiline=True,
            undo_limit=_UNDO,
            kill_buffer=[],
            text_completer=completer,
            placeholder_grow=False,  # of a hint, one row: the screen may have only a few
        )
        self._command_map = _command_map()
        self._submit = submit
        self._changed = changed
        self._history: deque[str] = deque(maxlen=_MOST_REMEMBERED)
        self._at: int | None = None
        self._edited: list[str] = []
        self._remembers = remembers

    def keypress(self, size: tuple[int], key: str) -> str | None:  # type: ignore[override]  # a prompt is a flow widget
        """Take a key; return it when it has no meaning here."""
        before = self.edit_text
        if key == _SUBMIT:
            self._enter()
            return None
        unused = super().keypress(size, "enter" if key in _NEW_LINE else key)
        if unused in ("up", "down") and self._recall(-1 if unused == "up" else 1):
            unused = None
        if self.edit_text != before:
            self._changed()
        return unused

    def knows(self, key: str) -> bool:
        """Return whether a key that types no character has a meaning here."""
        return key in _NEW_LINE or self._command_map[key] is not None

    def insert(self, text: str) -> None:
        """Insert a text at the cursor, as one step that can be undone."""
        buffer = self.kill_buffer
        if buffer is not None and text:
            buffer.append(text)
            super().keypress((80,), "ctrl y")
            buffer.pop()
            self._changed()

    def replace(self, text: str) -> None:
        """Put a text in place of the typed one, with the cursor behind it."""
        self.set_edit_text(text)
        self.set_edit_pos(len(text))

    def clear(self) -> None:
        """Remove the typed text; it can be recalled like one that was sent."""
        if self.edit_text.strip() and self._remembers(self.edit_text):
            self._remember(self.edit_text)
        self.set_edit_text("")
        self._changed()

    def _enter(self) -> None:
        text = self.edit_text
        if self._remembers(text):
            self._remember(text)
        self._at, self._edited = None, []
        self.set_edit_text("")
        self._submit(text)

    def _remember(self, text: str) -> None:
        if text.strip() and (not self._history or self._history[-1] != text):
            self._history.append(text)
        self._at, self._edited = None, []

    def _recall(self, by: int) -> bool:
        if not self._remembers("") or not self._history:
            return False
        if self._at is None:
            if by > 0:
                return False
            self._at = len(self._history)
        at = self._at + by
        if at < 0:
            return True
        # A line that was recalled and changed stays so until something is sent, as in readline.
        self._edited = self._edited or [*self._history, ""]
        self._edited[self._at] = self.edit_text
        self._at = at if at < len(self._history) else None
        self.set_edit_text(self._edited[at])
        self.set_edit_pos(len(self.edit_text))
        return True

    def get_text(self) -> tuple[str | bytes, list[tuple[Hashable, int]]]:
        """Return the text and attributes to draw, with a width on which all terminals agree.

        Character for character it is the typed text, so the cursor's position is that of the text.
        """
        text, attributes = super().get_text()
        return apart_in_place(text) if isinstance(text, str) else text, attributes

    # Drawing: of a higher text, the rows around the cursor are shown

    def rows(self, size: tuple[int], focus: bool = False) -> int:
        """Return the number of rows."""
        return min(int(super().rows(size, focus)), MOST_ROWS)

    def render(self, size: tuple[int], focus: bool = False) -> Any:  # type: ignore[override]  # as above
        """Draw."""
        canvas: Any = super().render(size, focus)
        height = canvas.rows()
        if height <= MOST_ROWS:
            return canvas
        canvas = urwid.CompositeCanvas(canvas)
        row = canvas.cursor[1] if canvas.cursor else height - 1
        top = min(max(row - MOST_ROWS + 1, 0), height - MOST_ROWS)
        canvas.trim(top, MOST_ROWS)
        return canvas

    def get_cursor_coords(self, size: tuple[int]) -> tuple[int, int] | None:
        """Return the drawn column and row of the cursor."""
        coords = super().get_cursor_coords(size)
        height = int(super().rows(size, True))
        if coords is None or height <= MOST_ROWS:
            return coords
        column, row = coords
        return column, row - min(max(row - MOST_ROWS + 1, 0), height - MOST_ROWS)
