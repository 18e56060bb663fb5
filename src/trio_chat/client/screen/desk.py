"""What the user does: keys and typed lines, turned into changes of the model, of the view, and into what links are to do.

Everything here is synchronous. What has to wait is handed to `post` as a function, and done in order by one task.
"""

import time as clock
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from trio_chat.client.commands import Command, asks_secret
from trio_chat.client.link.outbox import SayLines
from trio_chat.client.model import completion
from trio_chat.client.model.buffer import Buffer, Place
from trio_chat.client.model.entries import Entry
from trio_chat.client.model.server import Results, Server
from trio_chat.client.model.world import Found, FoundList, World
from trio_chat.client.screen.keymap import ACTIONS
from trio_chat.client.screen.layout import Layout
from trio_chat.client.screen.markup import Look
from trio_chat.client.screen.pager import Choice, Pager
from trio_chat.client.screen.pages import channel_lines, found_lines, help_lines, key_lines
from trio_chat.client.screen.panels import Panels
from trio_chat.client.screen.prompt import Prompt
from trio_chat.client.screen.rows import Rows
from trio_chat.client.screen.seat import Seat
from trio_chat.client.screen.themes import specs
from trio_chat.client.screen.timeline import Timeline
from trio_chat.client.session.events import Note
from trio_chat.i18n import N_, _, ngettext
from trio_chat.irc.text import clean

Job = Callable[[], Awaitable[object]]
_OLDER = 100
"""Messages fetched when the reader comes to the oldest one there is."""
_TYPING_INTERVAL = 3.0
_HINT_INTERVAL = 20.0
_TO_LEAVE = 3.0
"""Seconds in which Ctrl-C has to be pressed again."""
_MOST_PAGES = 20
_HINTS = (
    N_("F1 shows the keys, /help the commands"),
    N_("Tab completes nicknames, channels and commands"),
    N_("Ctrl-G goes to a channel by some letters of its name"),
    N_("PgUp scrolls back as far as the server remembers"),
    N_("Alt-Enter begins another line of the same message"),
    N_("Shift-↑ selects a message, Alt-R answers it"),
    N_("F5 shows only what was said, to be copied with the mouse"),
    N_("/search finds words in what was said"),
)


class Question(NamedTuple):
    """Something the user is asked in the line of the status; keys answer it."""

    text: str
    yes: Callable[[], None]
    edit: Callable[[], None] | None = None


class Wish(NamedTuple):
    """Something the user is asked in the prompt."""

    caption: str
    answer: Callable[[str], None]
    secret: bool = False


class Desk:
    """The desk.

    Args:
        world: the model.
        theme: the name of the theme, not `auto`.
        post: hands over what has to wait.
        submit: what a typed line means, at a seat and a buffer.
        leave: begins to end the program.
        connect: connects to another server, or returns why not.
        redraw: draws the whole screen anew.
        is_typing_told: whether others are told that we are typing.
        commands: the commands that there are.
        now: seconds of Unix time.
    """

    def __init__(
        self,
        world: World,
        *,
        theme: str,
        post: Callable[[Job], None],
        submit: "Callable[[Desk, Seat, Buffer, str], Awaitable[None]]",
        leave: Callable[[str], None],
        connect: Callable[[str], str],
        redraw: Callable[[], None],
        commands: dict[str, Command],
        is_typing_told: bool = True,
        now: Callable[[], float] = clock.time,
    ) -> None:
        self.world = world
        self.seats: list[Seat] = []
        self.commands = commands
        self.reply_to: tuple[Buffer, str] | None = None
        self._theme = theme
        self._post, self._submit, self._redraw = post, submit, redraw
        self.leave, self.connect = leave, connect
        self._is_typing_told = is_typing_told
        self._now = now
        self._question: Question | None = None
        self._wish: Wish | None = None
        self._paste: list[str] | None = None
        self._typing_since: tuple[Buffer, float] | None = None
        self._interrupted = 0.0
        self._seeking: tuple[Buffer, Found, int] | None = None
        self._jumping = False
        self._expects_secret = False
        world.on_found = self._found
        world.on_seen = self._seen
        world.on_open = self._opened
        self.panels = Panels(world, lambda: self._theme, now)
        self.prompt = Prompt(self._entered, self._completions, self._typed, self._is_free)
        self.timeline = Timeline(_nowhere(), Look(theme), self._fetch_older)
        self.layout = Layout(
            topic=Rows(self.panels.topic),
            places=Rows(self.panels.places),
            timeline=self.timeline,
            members=Rows(self.panels.members),
            status=Rows(self._status),
            prompt=self.prompt,
            press=self.press,
        )
        self.layout.rule = specs(theme)["rule"]

    # Seats

    @property
    def seat(self) -> Seat:
        """The seat of the server that is looked at."""
        return self.seat_of(self.world.server)

    def seat_of(self, server: Server) -> Seat:
        """Return the seat of a server."""
        return next(seat for seat in self.seats if seat.server is server)

    def post(self, job: Job) -> None:
        """Have something done that has to wait."""
        self._post(job)

    # Drawing

    def refresh(self) -> None:
        """Bring the view up to date with the model; what has not changed is not drawn."""
        self._caption()
        if not self.world.servers:
            return
        if self.timeline.buffer is not self.world.buffer:
            self._change_buffer()
        layout = self.layout
        has_members = self.world.buffer.place is Place.CHANNEL
        if has_members != layout.has_members:
            layout.has_members = has_members
            layout.changed()
        for panel in layout.panels:
            panel.refresh()
        self.timeline.refresh()
        self._seek()

    def _change_buffer(self) -> None:
        if self._wish is None and not self._jumping:
            self.timeline.buffer.draft = self.prompt.edit_text
        self._stop_typing()
        self.timeline.show(self.world.buffer)
        if self._wish is None and not self._jumping:
            self.prompt.set_edit_text(self.world.buffer.draft)
            self.prompt.set_edit_pos(len(self.world.buffer.draft))
        self.reply_to = None

    def _caption(self) -> None:
        looks = specs(self._theme)
        wish = self._current_wish()
        if wish:
            caption = [(looks["question"], clean(wish.caption))]
        elif self._jumping:
            caption = [(looks["question"], _("Go to: "))]
        elif self.reply_to:
            caption = [(looks["reply"], _("Answer: "))]
        else:
            caption = [(looks["prompt"], "› ")]
        text = "".join(text for _look, text in caption)
        if self.prompt.caption != text:
            self.prompt.set_caption(caption)
        mask = "*" if wish and wish.secret else None
        if self._mask != mask:
            self._mask = mask
            self.prompt.set_mask(mask)
        hint = None if wish or self._jumping else [(looks["hint"], _(_HINTS[int(self._now() / _HINT_INTERVAL) % len(_HINTS)]))]
        if hint != self._hint:
            self._hint = hint
            self.prompt.placeholder = hint

    _mask: str | None = None
    _hint: Any = None

    def _status(self, columns: int, rows: int) -> Sequence[Any]:
        if not self.seats:
            return []
        session = self.seat.link.session
        waiting = len(session.dialogue.pending) if session else 0
        question = self._question.text if self._question else ""
        return [self.panels.status(columns, waiting=waiting, hidden=self.timeline.hidden, question=question)] * rows

    # Keys

    def press(self, key: str, columns: int) -> None:
        """Take a key."""
        if self.world.servers and self.timeline.buffer is not self.world.buffer:
            self.refresh()  # what is typed belongs to where we are, not to where we were
        if key == "begin paste":
            self._paste = []
        elif key == "end paste":
            self._pasted("".join(self._paste or ()))
            self._paste = None
        elif self._paste is not None:
            self._paste.append(_PASTED.get(key, key if len(key) == 1 else ""))
        elif key in ("focus in", "focus out"):
            self.world.is_present = key == "focus in"
            self.world.look()
        elif self._question:
            self._answer(key)
        elif self.layout.page is None or not self._press_in_page(key):
            self._press(key, columns)
        self.refresh()

    def _press(self, key: str, columns: int) -> None:
        action = ACTIONS.get(key)
        if not self.seats and action not in _WITHOUT_SERVERS:
            action = None
        if key == "ctrl d" and self.prompt.edit_text:
            action = None
        if action == "go_number":
            self.world.go_number(int(key[-1]))
        elif action:
            getattr(self, action)()
        else:
            self.prompt.keypress((columns,), key)

    def _press_in_page(self, key: str) -> bool:
        page = self.layout.page
        assert isinstance(page, Pager)  # noqa: S101  nothing else is put there
        moves = {"up": (page.move, -1), "down": (page.move, 1), "page up": (page.page, -1), "page down": (page.page, 1)}
        if not self.seats:
            return False
        if key in moves:
            move, by = moves[key]
            move(by)
        elif key == "enter" and (self._jumping or not self.prompt.edit_text):
            if page.choose():
                self.close_page()
        elif key in ("esc", "ctrl c"):
            self.close_page()
        else:
            return False
        return True

    def _answer(self, key: str) -> None:
        question, self._question = self._question, None
        if question is None:
            return
        if key in ("y", "Y", "д", "Д", "enter"):
            question.yes()
        elif key in ("e", "E", "п", "П") and question.edit:
            question.edit()
        elif key not in ("n", "N", "н", "Н", "esc", "ctrl c"):
            self._question = question

    def ask(self, question: Question) -> None:
        """Ask the user something."""
        self._question = question

    # What keys do

    def show_keys(self) -> None:
        """Show the keys."""
        self.open_page(_("Keys — Esc closes"), key_lines(specs(self._theme)))

    def show_help(self, name: str) -> None:
        """Show the commands."""
        self.open_page(_("Commands — Esc closes"), help_lines(specs(self._theme), self.commands, name))

    def next_buffer(self) -> None:
        """Go to the next buffer."""
        self.world.step(1)

    def previous_buffer(self) -> None:
        """Go to the previous buffer."""
        self.world.step(-1)

    def next_unread(self) -> None:
        """Go to what is unread."""
        if self.world.go_unread():
            self.refresh()
            self.timeline.to_unread()

    def go_back(self) -> None:
        """Go to where we were before."""
        self.world.go_back()

    def page_up(self) -> None:
        """Scroll back."""
        self.timeline.page(1)

    def page_down(self) -> None:
        """Scroll forward."""
        self.timeline.page(-1)

    def to_start(self) -> None:
        """Go to the oldest entry."""
        self.timeline.to_start()

    def to_end(self) -> None:
        """Go to the newest entry."""
        self.timeline.to_end()

    def to_unread(self) -> None:
        """Go to the line of what is new."""
        self.timeline.to_unread()

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
        entry = self.meant(own=False)
        if entry:
            self.reply_to = (self.world.buffer, entry.msgid)

    def meant(self, *, own: bool | None) -> Entry | None:
        """Return the selected message, or the last one that is ours, or is not; None when there is none with a msgid."""
        number = self.timeline.selected
        if number is not None:
            entry = self.world.buffer[number]
            return entry if entry.msgid else None
        entries = self.world.buffer.newest()
        return next((entry for entry in entries if entry.is_talk and entry.msgid and own in (None, entry.own)), None)

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
        self.timeline.restyle(Look(self._theme, self.layout.is_bare))
        self.layout.changed()

    def redraw(self) -> None:
        """Draw the screen anew."""
        self._redraw()

    def escape(self) -> None:
        """Give up what is being done."""
        if self._jumping:
            self._end_jump()
        elif self.reply_to:
            self.reply_to = None
        elif not self.timeline.unselect():
            self.timeline.to_end()

    def interrupt(self) -> None:
        """Remove what is typed; leave when that is done twice on an empty line."""
        if self._jumping:
            self._end_jump()
        elif self.prompt.edit_text:
            self.prompt.clear()
        elif self._now() - self._interrupted < _TO_LEAVE:
            self.leave("")
        else:
            self._interrupted = self._now()
            self.say_here(_("Press Ctrl-C again to leave."))

    def end_of_input(self) -> None:
        """Leave."""
        self.leave("")

    def use_theme(self, name: str) -> None:
        """Draw in the colours of another theme."""
        self._theme = name
        self.layout.rule = specs(name)["rule"]
        self.timeline.restyle(Look(name, self.layout.is_bare))
        self.layout.changed()

    def say_here(self, text: str, *, error: bool = False) -> None:
        """Show a sentence in the current buffer."""
        if self.seats:
            self.world.server.show(self.world.buffer, Note(text, error))

    # Pages

    def open_page(self, title: str, lines: Sequence[Choice], *, at_end: bool = False) -> None:
        """Show a page over the timeline."""
        looks = specs(self._theme)
        self.layout.page = Pager(title, lines, {"topic": looks["topic"], "selected": looks["selected"]}, at_end=at_end)
        self.layout.changed()

    def close_page(self) -> None:
        """Show the timeline again."""
        self._end_jump()
        self.layout.page = None
        self.layout.changed()

    def jump(self) -> None:
        """Ask where to go, and show where that could be."""
        if self._wish is None:
            self.timeline.buffer.draft = self.prompt.edit_text
            self.prompt.set_edit_text("")
            self._jumping = True
            self._show_matches()

    def _end_jump(self) -> None:
        if self._jumping:
            self._jumping = False
            self.layout.page = None
            self.layout.changed()
            self.prompt.set_edit_text(self.timeline.buffer.draft)
            self.prompt.set_edit_pos(len(self.prompt.edit_text))

    def _show_matches(self) -> None:
        def go(place: tuple[Server, Buffer]) -> None:
            self._end_jump()
            self.world.go(*place)

        places = self.world.match(self.prompt.edit_text)
        self.open_page(_("Where to? Enter goes there, Esc stays here"), channel_lines(specs(self._theme), places, go))

    def show_mentions(self) -> None:
        """Show who mentioned us."""
        found = FoundList(_("Mentions — Enter goes there, Esc closes"), list(self.world.mentions))
        self._show_found(found)

    def _show_found(self, found: FoundList) -> None:
        self.open_page(found.title, found_lines(specs(self._theme), found, self.go_to), at_end=True)

    def _found(self, server: Server, results: Results) -> None:
        messages = [Found(server, talk, entry) for talk, entry in results.found]
        count = len(messages)
        text = ngettext("{count} message with “{words}”", "{count} messages with “{words}”", count)
        title = text.format(count=count, words=clean(results.words)) + _(" — Enter goes there, Esc closes")
        self._show_found(FoundList(title, messages))

    def go_to(self, found: Found) -> None:
        """Go to a message, fetching what is between if need be."""
        self.close_page()
        if found.server not in self.world.servers:
            return
        buffer = found.server.open(found.talk)
        self.world.go(found.server, buffer)
        self.refresh()
        self._seeking = (buffer, found, _MOST_PAGES)
        self._seek()

    def _seek(self) -> None:
        if self._seeking is None:
            return
        buffer, found, pages = self._seeking
        number = buffer.find(found.entry.msgid, far=True)
        if number is None and buffer.has_all:
            number = buffer.at_time(found.entry.time)
        if number is not None and buffer is self.timeline.buffer:
            self._seeking = None
            self.timeline.to_entry(number)
        elif not pages or buffer is not self.timeline.buffer or buffer.has_all:
            self._seeking = None
        elif not buffer.is_loading:
            self._seeking = (buffer, found, pages - 1)
            self._fetch_older(buffer)

    # The prompt

    def wish(self, wish: Wish | None) -> None:
        """Ask the user something in the prompt, or nothing more."""
        self._wish = wish

    def _current_wish(self) -> Wish | None:
        """Return what the user is asked: by us, or by the link of the server that is looked at."""
        if self._wish or not self.seats:
            return self._wish
        link = self.seat.link
        if link.logins.question:
            return Wish(link.logins.question.text, lambda _line: None, link.logins.question.secret)
        if link.wish.asking:
            offer = f" [{link.wish.offer}]" if link.wish.offer else ""
            return Wish(_("Your nickname{offer}: ").format(offer=offer), lambda _line: None)
        return Wish("… ", lambda _line: None, secret=True) if self._expects_secret else None

    def _is_free(self) -> bool:
        """Tell whether what is typed is for the chat, and no answer to a question."""
        return self._current_wish() is None and not self._jumping

    async def _submit_asking(self, job: Job) -> None:
        try:
            await job()
        finally:
            self._expects_secret = False

    def _entered(self, text: str) -> None:
        self._typing_since = None
        if self._wish:
            wish, self._wish = self._wish, None
            wish.answer(text)
            return
        if not self.seats:
            return
        self.world.buffer.draft = ""
        if not text.startswith("/"):
            self.timeline.to_end()
        job = partial(self._submit, self, self.seat, self.world.buffer, text)
        if asks_secret(text):  # who types fast is faster than the question
            self._expects_secret = True
            self.post(partial(self._submit_asking, job))
        else:
            self.post(job)

    def take_reply_tags(self, buffer: Buffer) -> dict[str, str]:
        """Return the tags of a message that answers another, and answer no more."""
        reply, self.reply_to = self.reply_to, None
        return {"+draft/reply": reply[1]} if reply and reply[0] is buffer else {}

    def _completions(self, text: str, position: int) -> Sequence[tuple[str, int]]:
        if self._current_wish() or self._jumping or not self.seats:
            return []
        server, buffer = self.world.server, self.world.buffer
        return completion.completions(
            text, position, buffer=buffer, channels=server.channels(), commands=self.commands, nick=server.nick
        )

    def _typed(self) -> None:
        if self._jumping:
            self._show_matches()
            return
        if not self.seats:
            return
        text, buffer = self.prompt.edit_text, self.world.buffer
        if not self._is_typing_told or self._current_wish() or buffer.place is Place.SERVER:
            return
        if not text:
            self._stop_typing()
        elif not text.startswith("/") or text.startswith(("//", "/me ")):
            since = self._typing_since
            if since is None or since[0] is not buffer or self._now() - since[1] >= _TYPING_INTERVAL:
                self._typing_since = (buffer, self._now())
                self._tell_typing(buffer, "active")

    def _stop_typing(self) -> None:
        if self._typing_since:
            self._tell_typing(self._typing_since[0], "done")
            self._typing_since = None

    def _tell_typing(self, buffer: Buffer, state: str) -> None:
        for seat in self.seats:
            if buffer in seat.server.buffers.values() and seat.link.is_ready:
                self.post(partial(seat.link.do, "", lambda dialogue: dialogue.tell_typing(buffer.name, state)))

    # Pasting

    def _pasted(self, text: str) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        lines = text.split("\n")
        if len(lines) == 1 or self._current_wish() or self._jumping or not self.seats or self.world.buffer.place is Place.SERVER:
            self.prompt.insert(lines[0])
            return
        first = self.prompt.edit_text
        count = len(lines)
        question = ngettext(
            "Paste {count} line into {place}? Enter sends, E edits it first, Esc drops it",
            "Paste {count} lines into {place}? Enter sends, E edits them first, Esc drops them",
            count,
        )
        self.ask(
            Question(
                question.format(count=count, place=clean(self.world.buffer.name)),
                partial(self._send_pasted, self.seat, self.world.buffer, first, lines),
                partial(self.prompt.insert, text),
            )
        )

    def _send_pasted(self, seat: Seat, buffer: Buffer, first: str, lines: list[str]) -> None:
        if first:
            self.prompt.clear()
            lines = [first + lines[0], *lines[1:]]
        self.send_lines(seat, buffer, lines)

    def send_lines(self, seat: Seat, buffer: Buffer, lines: Sequence[str]) -> None:
        """Send lines, as one message where the server can."""
        self.post(partial(seat.link.enqueue, SayLines(buffer.name, lines, self.take_reply_tags(buffer))))

    # What the model asks for

    def _fetch_older(self, buffer: Buffer) -> None:
        for seat in self.seats:
            if buffer in seat.server.buffers.values() and seat.link.is_ready and not buffer.has_all:
                buffer.is_loading = True
                self.post(partial(seat.link.do, "", lambda dialogue: dialogue.history.show_earlier(buffer.name, _OLDER)))

    def _opened(self, server: Server, buffer: Buffer) -> None:
        if buffer.place is Place.TALK:
            self.open_talk(server, buffer)

    def open_talk(self, server: Server, buffer: Buffer) -> None:
        """Fetch what was said in a private talk."""
        for seat in self.seats:
            if seat.server is server:
                self.post(partial(seat.link.do, "", lambda dialogue: dialogue.history.open_talk(buffer.name)))

    def _seen(self, server: Server, buffer: Buffer, time: float) -> None:
        session = next((seat.link.session for seat in self.seats if seat.server is server), None)
        if session and time:
            moment = datetime.fromtimestamp(time, UTC)
            session.dialogue.history.has_read(buffer.name, f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z")


_WITHOUT_SERVERS = frozenset(("redraw", "interrupt", "end_of_input"))
_PASTED = {"enter": "\n", "tab": "\t", "ctrl j": "\n"}


def _nowhere() -> Buffer:
    return Buffer("", Place.SERVER)
