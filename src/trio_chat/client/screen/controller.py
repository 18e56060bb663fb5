"""The controller: puts the parts of the screen together, and carries out the actions of keys.

The parts do not know it. Each is given the parts that it needs, and functions for the rest;
`InputState` and the model are shared. Everything here is synchronous: a call that has to wait is
handed to `post`, and one task makes the calls of a server in order.
"""

import time as clock
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.screen.browser import Browser
from trio_chat.client.screen.commands import SCREEN_COMMANDS, CommandContext, submit
from trio_chat.client.screen.composer import Composer
from trio_chat.client.screen.deferred import DeferredCall
from trio_chat.client.screen.input_state import InputState, PromptRequest
from trio_chat.client.screen.keyboard import Keyboard
from trio_chat.client.screen.layout import Layout
from trio_chat.client.screen.markup import ViewStyle
from trio_chat.client.screen.pager import PageLine
from trio_chat.client.screen.pages import Pages
from trio_chat.client.screen.panels import Panels
from trio_chat.client.screen.pasting import Pasting
from trio_chat.client.screen.requests import Requests
from trio_chat.client.screen.rows import Rows
from trio_chat.client.screen.seeking import MessageSeeker
from trio_chat.client.screen.server_view import Post, ServerView, ServerViews
from trio_chat.client.screen.targets import find_target
from trio_chat.client.screen.themes import specs
from trio_chat.client.screen.timeline import TimelineView
from trio_chat.client.screen.translating import translate_or_not
from trio_chat.client.screen.typing_notifier import TypingNotifier
from trio_chat.client.session.events import Note
from trio_chat.i18n import _, ngettext

_TO_LEAVE = 3.0
"""Seconds within which a second Ctrl-C leaves."""


class Controller:
    """The screen of one client.

    Args:
        workspace: the model.
        theme: the name of the theme, not `auto`.
        post: defers a call.
        leave: begins to leave all servers, with a reason.
        connect: connects to another server, or returns why it cannot.
        redraw: draws the whole screen again.
        suspend: stops the process until the shell continues it.
        edit: has the typed line edited by the user's editor.
        sends_typing: whether the others are notified of typing.
        now: seconds of Unix time.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        theme: str,
        post: Post,
        leave: Callable[[str], None],
        connect: Callable[[str], str],
        redraw: Callable[[], None],
        suspend: DeferredCall,
        edit: DeferredCall,
        sends_typing: bool = True,
        now: Callable[[], float] = clock.time,
    ) -> None:
        self.workspace = workspace
        self.views = ServerViews()
        self.state = InputState()
        self.theme = theme
        self.post = post
        self._leave, self._connect = leave, connect
        self._now = now
        self._interrupted = 0.0
        self.requests = Requests(self.views, post)
        self.timeline = TimelineView(_nowhere(), ViewStyle(theme), self.requests.fetch_older)
        self.typing = TypingNotifier(self.views, post, now, is_enabled=sends_typing)
        self.composer = self._make_composer()
        self.prompt = self.composer.prompt
        self.panels = Panels(workspace, self._styles, now)
        self.layout = self._make_layout()
        self.pages = Pages(self.layout, self.prompt, self.timeline, self.state, self._styles)
        self.seeker = MessageSeeker(
            workspace, self.timeline, self.pages, self.requests.fetch_older, self.refresh
        )
        self.browser = self._make_browser()
        self.pasting = self._make_pasting()
        self.keyboard = self._make_keyboard(redraw, suspend, edit)
        workspace.on_found = self.browser.found
        workspace.on_seen = self.requests.has_read
        workspace.on_open = self.requests.opened
        workspace.on_translated = self.composer.take_translation

    # The parts

    def _make_composer(self) -> Composer:
        return Composer(
            self.workspace,
            self.views,
            self.state,
            self.typing,
            commands=SCREEN_COMMANDS,
            styles=self._styles,
            post=self.post,
            submit=self._submit,
            scroll_to_end=self.timeline.to_end,
            now=self._now,
        )

    def _make_layout(self) -> Layout:
        layout = Layout(
            topic=Rows(self.panels.topic),
            buffers=Rows(self.panels.buffers),
            timeline=self.timeline,
            members=Rows(self.panels.members),
            status=Rows(self._status),
            prompt=self.prompt,
            press=self.press,
            drawn=self._drawn,
        )
        layout.rule = self._styles()["rule"]
        return layout

    def _make_browser(self) -> Browser:
        return Browser(
            self.workspace,
            self.pages,
            self.timeline,
            commands=SCREEN_COMMANDS,
            styles=self._styles,
            go_to=self.seeker.go_to,
            join=self._join,
            is_idle=lambda: not self.prompt.edit_text and self.composer.is_free(),
        )

    def _make_pasting(self) -> Pasting:
        return Pasting(
            self.workspace,
            self.views,
            self.state,
            self.prompt,
            sender=self.composer,
            warn=partial(self.show_note, error=True),
            redraw=self.layout.changed,
            now=self._now,
        )

    def _make_keyboard(
        self, redraw: Callable[[], None], suspend: DeferredCall, edit: DeferredCall
    ) -> Keyboard:
        terminal: dict[str, Callable[[], object]] = {
            "redraw": redraw,
            "suspend": partial(self.post, suspend),
            "edit_outside": partial(self.post, edit),
        }
        return Keyboard(
            self.workspace,
            self.state,
            self.layout,
            self.pages,
            self.prompt,
            self.timeline,
            actions=self._actions() | terminal,
            vote=self._vote,
            is_paste_unseen=lambda: self.pasting.is_unseen,
        )

    def _actions(self) -> dict[str, Callable[[], object]]:
        """Return the actions by the names that the key map gives them."""
        workspace, timeline, browser = self.workspace, self.timeline, self.browser
        return {
            "show_keys": browser.show_keys,
            "jump": browser.jump,
            "find": browser.find,
            "show_mentions": browser.show_mentions,
            "next_buffer": partial(workspace.step, 1),
            "previous_buffer": partial(workspace.step, -1),
            "next_unread": self.next_unread,
            "go_back": workspace.go_back,
            "page_up": partial(timeline.page, 1),
            "page_down": partial(timeline.page, -1),
            "to_start": timeline.to_start,
            "to_end": timeline.to_end,
            "to_unread": timeline.to_unread,
            "select_up": partial(timeline.select, -1),
            "select_down": partial(timeline.select, 1),
            "reply": self._reply,
            "translate": self._translate,
            "toggle_buffers": self._toggle_buffers,
            "toggle_members": self._toggle_members,
            "toggle_bare": self._toggle_bare,
            "escape": self._escape,
            "interrupt": self._interrupt,
            "end_of_input": partial(self._leave, ""),
        }

    @property
    def view(self) -> ServerView:
        """The view of the current server."""
        return self.views.of(self.workspace.server)

    @property
    def is_open(self) -> bool:
        """Whether Esc ends something: a page, a question, a selection, or a reply."""
        return self.keyboard.esc_matters

    def _styles(self) -> Mapping[str, Any]:
        return specs(self.theme)

    # Drawing

    def refresh(self) -> None:
        """Bring the screen up to date with the model; unchanged parts are not drawn again."""
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
        self.seeker.seek()

    def tick(self) -> None:
        """End a paste whose end mark is missing; called once a second."""
        self.pasting.check_end()

    def move_draft(self, buffer: Buffer) -> None:
        """Take what is typed into a buffer that is shown next."""
        is_shown = self.state.has_draft and self.timeline.buffer is self.workspace.buffer
        if is_shown and not buffer.draft:
            buffer.draft = self.prompt.edit_text
            self.prompt.replace("")

    def _change_buffer(self) -> None:
        if self.state.has_draft:
            self.timeline.buffer.draft = self.prompt.edit_text
        self.typing.stop()
        self.timeline.show(self.workspace.buffer)
        if self.state.has_draft:
            self.prompt.replace(self.workspace.buffer.draft)
        self.state.reply_to = None
        self.pages.show_filtered()

    def _drawn(self) -> None:
        self.pasting.drawn()

    def _status(self, columns: int, rows: int) -> Sequence[Any]:
        if not self.views:
            return []
        link = self.view.link
        waiting = len(link.session.protocol.messages.pending) if link.session else 0
        question = self.state.confirmation.text if self.state.confirmation else ""
        if not question and (lines := link.paced_lines):
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

    def show_note(self, text: str, *, error: bool = False) -> None:
        """Show a sentence in the current buffer; there is none before the first server."""
        if self.views:
            self.workspace.server.show(self.workspace.buffer, Note(text, error))

    # Keys and typed lines

    def press(self, key: str, columns: int) -> None:
        """Take a key."""
        if self.workspace.servers and self.timeline.buffer is not self.workspace.buffer:
            self.refresh()  # the prompt must belong to the current buffer before the key changes it
        if key in ("focus in", "focus out"):
            self.workspace.is_present = key == "focus in"
            self.workspace.look()
        elif not self.pasting.take(key):
            self.keyboard.press(key, columns)
        self.refresh()

    async def _submit(self, view: ServerView, buffer: Buffer, text: str) -> None:
        await submit(self._context(view, buffer), text)

    def _context(self, view: ServerView, buffer: Buffer) -> CommandContext:
        return CommandContext(
            view=view,
            buffer=buffer,
            workspace=self.workspace,
            state=self.state,
            composer=self.composer,
            browser=self.browser,
            timeline=self.timeline,
            next_unread=self.next_unread,
            use_theme=self.use_theme,
            connect=self._connect,
            leave=self._leave,
        )

    def _join(self, view: ServerView, channel: str) -> None:
        self.post(partial(self._context(view, view.server.log).join, channel, ""), view)

    # Actions

    def next_unread(self) -> None:
        """Go to the next unread message, mentions first."""
        if self.workspace.go_unread():
            self.refresh()
            self.timeline.to_unread()

    def _reply(self) -> None:
        """Reply to the selected message, or the last one of somebody else; again: do not."""
        if self.state.reply_to:
            self.state.reply_to = None
            return
        buffer, features = self.workspace.buffer, self.workspace.server.features
        if entry := find_target(buffer, self.timeline.selected, features, "", own=False):
            self.state.reply_to = (buffer, entry.msgid)

    def _translate(self) -> None:
        context = self._context(self.view, self.workspace.buffer)
        self.post(partial(translate_or_not, context), self.view)

    def _vote(self, number: int) -> None:
        view, buffer = self.view, self.workspace.buffer
        self.post(partial(self._submit, view, buffer, f"/vote {number}"), view)

    def _toggle_buffers(self) -> None:
        self.layout.shows_buffers = not self.layout.shows_buffers
        self.layout.changed()

    def _toggle_members(self) -> None:
        self.layout.shows_members = not self.layout.shows_members
        self.layout.changed()

    def _toggle_bare(self) -> None:
        self.layout.is_bare = not self.layout.is_bare
        self._restyle()

    def use_theme(self, name: str) -> None:
        """Draw in the colours of another theme."""
        self.theme = name
        self.layout.rule = specs(name)["rule"]
        self._restyle()

    def _restyle(self) -> None:
        self.timeline.restyle(ViewStyle(self.theme, self.layout.is_bare))
        self.layout.changed()

    def _escape(self) -> None:
        """End the innermost thing that Esc ends."""
        if self.state.page_filter:
            self.pages.end_filter()
        elif self.state.reply_to:
            self.state.reply_to = None
        elif not (self.timeline.unselect() or self._stop_sending()):
            self.timeline.to_end()

    def _stop_sending(self) -> bool:
        """Stop sending a paste, and give the rest back; return whether one was being sent."""
        stopped = [(view, *left) for view in self.views for left in view.link.stop_paced()]
        for view, target, text in stopped:
            if not self.composer.give_back(view.server.open(target), text):
                problem = _("Not sent: {text}").format(text=text)
                view.server.show(self.workspace.buffer, Note(problem, True))
        if stopped:
            self.show_note(_("Stopped. The unsent lines are back in the input line."))
        return bool(stopped)

    def _interrupt(self) -> None:
        """Remove what is typed; leave when that is done twice on an empty line."""
        if self.state.page_filter:
            self.pages.end_filter()
        elif self._stop_sending():
            pass
        elif self.prompt.edit_text:
            self.prompt.clear()
        elif self._now() - self._interrupted < _TO_LEAVE:
            self._leave("")
        else:
            self._interrupted = self._now()
            self.show_note(_("Press Ctrl-C again to leave."))

    # The first run

    def request(self, request: PromptRequest) -> None:
        """Ask a question in the prompt."""
        self.composer.request(request)

    def open_page(self, title: str, lines: Sequence[PageLine]) -> None:
        """Show a page over the timeline."""
        self.pages.open(title, lines)

    def update_page(self, lines: Sequence[PageLine]) -> None:
        """Replace the lines of the page; the chosen one keeps its place."""
        self.pages.update(lines)

    def close_page(self) -> None:
        """Show the timeline again."""
        self.pages.close()


def _nowhere() -> Buffer:
    return Buffer("", BufferKind.SERVER)
