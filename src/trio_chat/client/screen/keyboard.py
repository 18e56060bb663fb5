"""Keys: each goes to the open question, to the open page, to an action of the key map, or to the
prompt.
"""

from collections.abc import Callable, Mapping, Sequence

from trio_chat.client.model.polls import shown_poll
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.screen.input_state import InputState
from trio_chat.client.screen.keymap import ACTIONS
from trio_chat.client.screen.layout import Layout
from trio_chat.client.screen.pager import PageWidget
from trio_chat.client.screen.pages import Pages
from trio_chat.client.screen.prompt import PromptEdit
from trio_chat.client.screen.timeline import TimelineView

_WITHOUT_SERVERS = frozenset(("redraw", "suspend", "interrupt", "end_of_input"))
_IN_SELECTION = {"up": "select_up", "down": "select_down", "enter": "reply"}
"""The actions of keys while a message is selected and nothing is typed."""
_OPTIONS = {str(number % 10): number for number in range(1, 11)}
"""The options of keys while a poll is selected and nothing is typed."""


class Keyboard:
    """The keys of one client.

    Args:
        workspace: the model.
        state: the uses of the input.
        layout: knows the open page.
        pages: closes it.
        prompt: takes the keys that mean nothing else.
        timeline: knows the selected message.
        actions: by the names in the key map.
        vote: chooses an option of the selected poll, from 1.
        is_paste_unseen: tells whether a paste is not on the screen yet, so Enter cannot mean it.
    """

    def __init__(
        self,
        workspace: Workspace,
        state: InputState,
        layout: Layout,
        pages: Pages,
        prompt: PromptEdit,
        timeline: TimelineView,
        *,
        actions: Mapping[str, Callable[[], object]],
        vote: Callable[[int], None],
        is_paste_unseen: Callable[[], bool],
    ) -> None:
        self._workspace, self._state = workspace, state
        self._layout, self._pages = layout, pages
        self._prompt, self._timeline = prompt, timeline
        self.actions = actions
        self._vote = vote
        self._is_paste_unseen = is_paste_unseen

    @property
    def esc_matters(self) -> bool:
        """Whether Esc ends something: a page, a question, a selection, or a reply."""
        state = self._state
        return (
            self._layout.page is not None
            or state.confirmation is not None
            or state.page_filter is not None
            or self._is_selecting
            or state.reply_to is not None
        )

    def press(self, key: str, columns: int) -> None:
        """Take a key.

        Args:
            key: as urwid calls it.
            columns: the width of the prompt.
        """
        for each in self._split(key):
            if ACTIONS.get(each) == "suspend":
                self.actions["suspend"]()
            elif self._state.confirmation:
                self._confirm(each)
            elif self._layout.page is None or not self._press_in_page(self._layout.page, each):
                self._press(each, columns)

    def _split(self, key: str) -> Sequence[str]:
        """Return the keys that were pressed: a terminal sends Alt and a key as Esc and that key.

        Where Esc ends something it counts as Esc, and so it does before a key that means nothing
        with Alt: a command that is typed after Esc must never go elsewhere.
        """
        plain = key.removeprefix("meta ")
        if plain == key:
            return (key,)
        if self.esc_matters or not (key in ACTIONS or self._prompt.knows(key)):
            return ("esc", plain)
        return (key,)

    @property
    def _is_selecting(self) -> bool:
        return bool(self._workspace.servers) and self._timeline.selected is not None

    @property
    def _is_at_poll(self) -> bool:
        number = self._timeline.selected
        if number is None or self._prompt.edit_text or not self._is_selecting:
            return False
        buffer = self._timeline.buffer
        return shown_poll(buffer, buffer[number]) is not None

    def _press(self, key: str, columns: int) -> None:
        action = ACTIONS.get(key)
        if not self._workspace.servers and action not in _WITHOUT_SERVERS:
            action = None
        if key == "ctrl d" and self._prompt.edit_text:
            action = None
        if key == "enter" and self._is_paste_unseen():
            return
        if key in _IN_SELECTION and self._is_selecting and not self._prompt.edit_text:
            action = _IN_SELECTION[key]
        if key in _OPTIONS and self._is_at_poll:
            self._vote(_OPTIONS[key])
        elif action == "go_number":
            self._workspace.go_number(int(key[-1]))
        elif action:
            self.actions[action]()
        else:
            self._prompt.keypress((columns,), key)

    def _press_in_page(self, page: PageWidget, key: str) -> bool:
        """Return whether a key means something to a page."""
        is_choosing = self._state.page_filter is not None or not self._prompt.edit_text
        if not self._workspace.servers:  # the page belongs to the question in the prompt
            return self._press_before_chat(page, key, is_choosing=is_choosing)
        if key in ("up", "down"):
            page.move(-1 if key == "up" else 1)
        elif key in ("page up", "page down"):
            page.page(-1 if key == "page up" else 1)
        elif key == "enter" and is_choosing:
            if page.choose():
                self._pages.close()
        elif key in ("esc", "ctrl c"):
            self._pages.close()
        else:
            return False
        return True

    @staticmethod
    def _press_before_chat(page: PageWidget, key: str, *, is_choosing: bool) -> bool:
        if key in ("up", "down"):
            page.move(-1 if key == "up" else 1)
        elif key in ("page up", "page down"):
            page.page(-1 if key == "page up" else 1)
        else:
            return key == "enter" and is_choosing and page.choose()
        return True

    def _confirm(self, key: str) -> None:
        """Answer the open question; a key that answers nothing leaves it open."""
        question = self._state.confirmation
        if question is None or (self._is_paste_unseen() and key != "esc"):
            return
        if key in ("y", "Y", "д", "Д", "enter"):
            self._state.confirmation = None
            question.yes()
        elif key in ("e", "E", "п", "П") and question.edit:
            self._state.confirmation = None
            question.edit()
        elif key in ("n", "N", "н", "Н", "esc", "ctrl c"):
            self._state.confirmation = None
