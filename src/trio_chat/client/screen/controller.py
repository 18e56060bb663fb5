"""The controller: keys and typed lines become changes of the model and of the view, and jobs for links.

Everything here is synchronous. What has to wait is handed to `post` as a function, and done in
order by one task.
"""

import time as clock
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.registry import SlashCommand
from trio_chat.client.screen.browser import Browser
from trio_chat.client.screen.composer import Composer, Confirmation
from trio_chat.client.screen.deferred import DeferredCall
from trio_chat.client.screen.keymap import ACTIONS
from trio_chat.client.screen.layout import Layout
from trio_chat.client.screen.markup import Look
from trio_chat.client.screen.panels import Panels
from trio_chat.client.screen.pasting import Pasting
from trio_chat.client.screen.prompt import PromptEdit
from trio_chat.client.screen.requests import Requests
from trio_chat.client.screen.rows import Rows
from trio_chat.client.screen.server_view import ServerView
from trio_chat.client.screen.themes import specs
from trio_chat.client.screen.timeline import TimelineView
from trio_chat.client.session.events import Note
from trio_chat.i18n import _, ngettext

_TO_LEAVE = 3.0
"""Seconds in which Ctrl-C has to be pressed again."""


class Controller:
    """The controller.

    Args:
        workspace: the model.
        theme: the name of the theme, not `auto`.
        post: hands over what has to wait.
        submit: what a typed line means, at a server view and a buffer.
        leave: begins to end the program.
        connect: connects to another server, or returns why not.
        redraw: draws the whole screen anew.
        suspend: stops the program until the shell goes on with it.
        edit: has what is typed edited by the user's editor.
        is_typing_told: whether others are told that we are typing.
        commands: the commands that there are.
        now: seconds of Unix time.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        theme: str,
        post: Callable[[DeferredCall, ServerView | None], None],
        submit: "Callable[[Controller, ServerView, Buffer, str], Awaitable[None]]",
        leave: Callable[[str], None],
        connect: Callable[[str], str],
        redraw: Callable[[], None],
        suspend: DeferredCall,
        edit: DeferredCall,
        commands: dict[str, SlashCommand],
        is_typing_told: bool = True,
        now: Callable[[], float] = clock.time,
    ) -> None:
        self.workspace = workspace
        self.views: list[ServerView] = []
        self.commands = commands
        self.reply_to: tuple[Buffer, str] | None = None
        self.theme = theme
        self._post, self.submit, self.redraw = post, submit, redraw
        self._suspend, self._edit = suspend, edit
        self.leave, self.connect = leave, connect
        self.is_typing_told = is_typing_told
        self.now = now
        self._question: Confirmation | None = None
        self.browser = Browser(self)
        self.composer = Composer(self)
        self.pasting = Pasting(self)
        self._interrupted = 0.0

        workspace.on_found = self.browser.found
        self.requests = Requests(self)
        workspace.on_seen = self.requests.has_read
        workspace.on_open = self.requests.opened
        self.panels = Panels(workspace, lambda: self.theme, now)
        self.prompt = PromptEdit(
            self.composer.entered,
            self.composer.completions,
            self.composer.typed,
            self.composer.remembers,
        )
        self.timeline = TimelineView(_nowhere(), Look(theme), self.requests.fetch_older)
        self.layout = Layout(
            topic=Rows(self.panels.topic),
            places=Rows(self.panels.places),
            timeline=self.timeline,
            members=Rows(self.panels.members),
            status=Rows(self._status),
            prompt=self.prompt,
            press=self.press,
            drawn=self.pasting.drawn,
        )
        self.layout.rule = specs(theme)["rule"]

    # ServerState views

    @property
    def view(self) -> ServerView:
        """The view of the server that is looked at."""
        return self.view_of(self.workspace.server)

    def view_of(self, server: ServerState) -> ServerView:
        """Return the view of a server."""
        return next(view for view in self.views if view.server is server)

    def post(self, job: DeferredCall, view: ServerView | None = None) -> None:
        """Have something done that has to wait, after what was asked of that server before; None
        for what is about no server.
        """
        self._post(job, view)

    # Drawing

    def refresh(self) -> None:
        """Bring the view up to date with the model; what has not changed is not drawn."""
        self.composer.show_caption()
        if not self.workspace.servers:
            return
        if self.timeline.buffer is not self.workspace.buffer:
            self._change_buffer()
        layout = self.layout
        has_members = self.workspace.buffer.kind is BufferKind.CHANNEL
        if has_members != layout.has_members:
            layout.has_members = has_members
            layout.changed()
        for panel in layout.panels:
            panel.refresh()
        self.timeline.refresh()
        if layout.page:
            layout.page.refresh()
        self.browser.seek()

    def _change_buffer(self) -> None:
        if not self.composer.has_request and not self.browser.is_filtering:
            self.timeline.buffer.draft = self.prompt.edit_text
        self.composer.stop_typing()
        self.timeline.show(self.workspace.buffer)
        if not self.composer.has_request and not self.browser.is_filtering:
            self.prompt.set_edit_text(self.workspace.buffer.draft)
            self.prompt.set_edit_pos(len(self.workspace.buffer.draft))
        self.reply_to = None
        self.browser.show_filtered()

    def _status(self, columns: int, rows: int) -> Sequence[Any]:
        if not self.views:
            return []
        session = self.view.link.session
        waiting = len(session.protocol.pending) if session else 0
        question = self._question.text if self._question else ""
        if not question and (lines := self.view.link.paced_lines):
            text = ngettext(
                "{count} line waits to be sent; Esc stops that",
                "{count} lines wait to be sent; Esc stops that",
                lines,
            )
            question = text.format(count=lines)
        return [
            self.panels.status(
                columns, waiting=waiting, hidden=self.timeline.hidden, question=question
            )
        ] * rows

    # Keys

    def press(self, key: str, columns: int) -> None:
        """Take a key."""
        if self.workspace.servers and self.timeline.buffer is not self.workspace.buffer:
            self.refresh()  # what is typed belongs to where we are, not to where we were
        if key in ("focus in", "focus out"):
            self.workspace.is_present = key == "focus in"
            self.workspace.look()
        elif not self.pasting.take(key):
            for each in self._meant_by(key):
                self._take(each, columns)
        self.refresh()

    def _meant_by(self, key: str) -> Sequence[str]:
        """Return the keys that the user has pressed: Esc and another one at once look to a terminal
        like Alt and that one.

        Where Esc means something it counts as Esc, and so it does before a key that means nothing
        with Alt: a command that is typed behind Esc must never go elsewhere.
        """
        plain = key.removeprefix("meta ")
        if plain == key:
            return (key,)
        if self.is_open or not (key in ACTIONS or self.prompt.knows(key)):
            return ("esc", plain)
        return (key,)

    @property
    def is_open(self) -> bool:
        """Whether there is a page, a question, a selection or an answer that Esc ends."""
        is_selecting = bool(self.views) and self.timeline.selected is not None
        is_asking = self._question is not None or self.browser.is_filtering
        return (
            self.layout.page is not None or is_asking or is_selecting or self.reply_to is not None
        )

    def _take(self, key: str, columns: int) -> None:
        if ACTIONS.get(key) == "suspend":
            self.suspend()
        elif self._question:
            self._answer(key)
        elif self.layout.page is None or not self._press_in_page(key):
            self._press(key, columns)

    def _press(self, key: str, columns: int) -> None:
        action = ACTIONS.get(key)
        if not self.views and action not in _WITHOUT_SERVERS:
            action = None
        if key == "ctrl d" and self.prompt.edit_text:
            action = None
        if key == "enter" and self.pasting.is_unseen:
            return
        if (
            key in _IN_SELECTION
            and self.views
            and self.timeline.selected is not None
            and not self.prompt.edit_text
        ):
            action = _IN_SELECTION[key]
        if action == "go_number":
            self.workspace.go_number(int(key[-1]))
        elif action:
            attrgetter(action)(self)()
        else:
            self.prompt.keypress((columns,), key)

    def _press_in_page(self, key: str) -> bool:
        page = self.layout.page
        assert page is not None  # noqa: S101  this is about its keys
        moves = {
            "up": (page.move, -1),
            "down": (page.move, 1),
            "page up": (page.page, -1),
            "page down": (page.page, 1),
        }
        if not self.views:
            return False
        if key in moves:
            move, by = moves[key]
            move(by)
        elif key == "enter" and (self.browser.is_filtering or not self.prompt.edit_text):
            if page.choose():
                self.browser.close_page()
        elif key in ("esc", "ctrl c"):
            self.browser.close_page()
        else:
            return False
        return True

    def _answer(self, key: str) -> None:
        question, self._question = self._question, None
        if question is None:
            return
        if self.pasting.is_unseen and key != "esc":
            self._question = question
        elif key in ("y", "Y", "д", "Д", "enter"):
            question.yes()
        elif key in ("e", "E", "п", "П") and question.edit:
            question.edit()
        elif key not in ("n", "N", "н", "Н", "esc", "ctrl c"):
            self._question = question

    @property
    def question(self) -> Confirmation | None:
        """What the user is asked."""
        return self._question

    def ask(self, question: Confirmation | None) -> None:
        """Ask the user something, or nothing any longer."""
        self._question = question

    # What keys do

    def next_buffer(self) -> None:
        """Go to the next buffer."""
        self.workspace.step(1)

    def previous_buffer(self) -> None:
        """Go to the previous buffer."""
        self.workspace.step(-1)

    def next_unread(self) -> None:
        """Go to what is unread."""
        if self.workspace.go_unread():
            self.refresh()
            self.timeline.to_unread()

    def page_up(self) -> None:
        """Scroll back."""
        self.timeline.page(1)

    def page_down(self) -> None:
        """Scroll forward."""
        self.timeline.page(-1)

    def select_up(self) -> None:
        """Select a message further up."""
        self.timeline.select(-1)

    def select_down(self) -> None:
        """Select a message further down."""
        self.timeline.select(1)

    def reply(self) -> None:
        """Answer the selected message, or the last one of somebody else; again: do not."""
        if self.reply_to:
            self.reply_to = None
            return
        entry = self.target_message("", own=False)
        if entry:
            self.reply_to = (self.workspace.buffer, entry.msgid)

    def target_message(self, name: str, *, own: bool) -> BufferEntry | None:
        """Return the message that a command is about; see `registry.Actions.target_message`."""
        number = self.timeline.selected
        if number is not None and not name:
            entry = self.workspace.buffer[number]
            return entry if entry.msgid else None
        said = (
            entry
            for entry in self.workspace.buffer.newest()
            if entry.is_message and entry.msgid and not entry.is_deleted
        )
        if name.isdecimal():
            return next(islice(said, int(name[:9]) - 1, None), None) if int(name[:9]) else None
        same = self.workspace.server.features.same
        return next(
            (entry for entry in said if (same(entry.sender, name) if name else entry.own is own)),
            None,
        )

    def toggle_places(self) -> None:
        """Show or hide the list of buffers."""
        self.layout.shows_places = not self.layout.shows_places
        self.layout.changed()

    def toggle_members(self) -> None:
        """Show or hide the members."""
        self.layout.shows_members = not self.layout.shows_members
        self.layout.changed()

    def toggle_bare(self) -> None:
        """Show only what was said, or everything."""
        self.layout.is_bare = not self.layout.is_bare
        self.timeline.restyle(Look(self.theme, self.layout.is_bare))
        self.layout.changed()

    def suspend(self) -> None:
        """Stop until the shell goes on with us."""
        self.post(self._suspend)

    def edit_outside(self) -> None:
        """Have what is typed edited by the user's editor."""
        self.post(self._edit)

    def escape(self) -> None:
        """Give up what is being done."""
        if self.browser.is_filtering:
            self.browser.end_filter()
        elif self.reply_to:
            self.reply_to = None
        elif not (self.timeline.unselect() or self._stop_sending()):
            self.timeline.to_end()

    def _stop_sending(self) -> bool:
        """Stop sending a paste, and give the rest back; return whether one was being sent."""
        stopped = [(view, *left) for view in self.views for left in view.link.stop_paced()]
        for view, target, text in stopped:
            if not self.composer.give_back(view.server.open(target), text):
                view.server.show(
                    self.workspace.buffer, Note(_("Not sent: {text}").format(text=text), True)
                )
        if stopped:
            self.say_here(_("Stopped. What was not sent can be typed on."))
        return bool(stopped)

    def interrupt(self) -> None:
        """Remove what is typed; leave when that is done twice on an empty line."""
        if self.browser.is_filtering:
            self.browser.end_filter()
        elif self._stop_sending():
            pass
        elif self.prompt.edit_text:
            self.prompt.clear()
        elif self.now() - self._interrupted < _TO_LEAVE:
            self.leave("")
        else:
            self._interrupted = self.now()
            self.say_here(_("Press Ctrl-C again to leave."))

    def end_of_input(self) -> None:
        """Leave."""
        self.leave("")

    def use_theme(self, name: str) -> None:
        """Draw in the colours of another theme."""
        self.theme = name
        self.layout.rule = specs(name)["rule"]
        self.timeline.restyle(Look(name, self.layout.is_bare))
        self.layout.changed()

    def say_here(self, text: str, *, error: bool = False) -> None:
        """Show a sentence in the current buffer."""
        if self.views:
            self.workspace.server.show(self.workspace.buffer, Note(text, error))


_WITHOUT_SERVERS = frozenset(("redraw", "suspend", "interrupt", "end_of_input"))
_IN_SELECTION = {"up": "select_up", "down": "select_down", "enter": "reply"}
"""What keys do while a message is selected and nothing is typed."""


def _nowhere() -> Buffer:
    return Buffer("", BufferKind.SERVER)
