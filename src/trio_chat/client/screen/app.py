"""The full-screen client: the links of all servers, the model they feed, and urwid's loop, in one
nursery.

urwid draws when Trio is about to wait. An event of a server changes the model at once, and the view
at most every few hundredths of a second, so a flood of messages costs no more drawing than a
trickle. A key changes the view at once.
"""

import os
import sys
import time as clock
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import trio
import urwid

from trio_chat.client.link.link import Link
from trio_chat.client.log import ChatLog, ServerLog
from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.client.model.entries import BufferEntry, EntryKind
from trio_chat.client.model.handlers.dispatch import apply
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.screen import notify, themes
from trio_chat.client.screen.alerts import Alerts
from trio_chat.client.screen.controller import Controller
from trio_chat.client.screen.deferred import DeferredCall
from trio_chat.client.screen.editor import LineEditor
from trio_chat.client.screen.server_view import ServerView
from trio_chat.client.screen.terminal_control import TerminalControl
from trio_chat.client.session import events
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_PAINT_INTERVAL = 0.05
_TICK = 1.0
_BURST = 200
_PAUSE = 0.001
"""Events that are taken in without a pause, and the seconds of the pause. urwid draws only when all
tasks wait, so a server that never stops sending would freeze the screen.
"""
_MOST_CALLS = 1000


class Terminal(Protocol):
    """The part of urwid's screen that is used besides drawing."""

    def clear(self) -> None:
        """Draw everything again next time."""

    def write(self, data: str) -> None:
        """Write to the terminal."""

    def flush(self) -> None:
        """Flush what was written."""

    def set_title(self, title: str | None) -> None:
        """Set the title; None restores the terminal's own."""

    def start(self) -> None:
        """Take over the terminal."""

    def stop(self) -> None:
        """Restore the terminal."""


class ScreenOptions(NamedTuple):
    """Options of the full-screen client.

    Args:
        theme: one of `themes.NAMES`.
        typing: whether typing notifications are sent.
        highlights: words that count as mentions.
        notify: one of `notify.WAYS`.
        log: the directory of the log; None for none.
        strangers: the window of a stranger's first message: `open`, `gather`, or `off` for none.
    """

    theme: str = "auto"
    typing: bool = True
    highlights: Sequence[str] = ()
    notify: str = "desktop"
    strangers: str = "open"
    log: Path | None = None


class ScreenClient:
    """One run of the full-screen client.

    Args:
        screen: where urwid draws.
        options: its options.
        make: returns the name and the link of a server that the user names; raises ValueError with
            a sentence for the user.
        now: seconds of Unix time.
        environment: the environment variables; they name the terminal.
    """

    def __init__(
        self,
        screen: Any,
        options: ScreenOptions,
        make: Callable[[str], tuple[str, Link]],
        *,
        now: Callable[[], float] = clock.time,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._screen = screen
        self._options = options
        self._make = make
        self._now = now
        self._environment = dict(os.environ) if environment is None else environment
        self._calls, self._calls_receive = trio.open_memory_channel[DeferredCall](_MOST_CALLS)
        self._dirty = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._scope = trio.CancelScope()
        self._is_leaving = False
        self._reason = ""
        self._title = ""
        self._unsent: list[str] = []
        self.code = 0
        self.tasks: list[Callable[[], Awaitable[None]]] = []
        """Run alongside the links of the servers, from the start of `run`."""
        self.list_servers: Callable[[], Awaitable[None]] | None = None
        """Lists the servers of this network until the user has chosen one."""
        self.ignored = IgnoreList()
        self.workspace = Workspace(now, options.highlights, options.strangers)
        self.workspace.on_alert = self._alert
        self._alerts = Alerts(self._ring)
        self._log = ChatLog(options.log, self._warn, now)
        self._main: urwid.MainLoop | None = None
        self._terminal_control = TerminalControl(screen, self._redraw)
        self.controller = Controller(
            self.workspace,
            theme=themes.resolve(options.theme, self._environment),
            post=self._post,
            leave=self.begin_leaving,
            connect=self.connect,
            redraw=screen.clear,
            suspend=self._suspend,
            edit=self._edit,
            sends_typing=options.typing,
            now=now,
        )
        self._requests = self.controller.requests
        self._editor = LineEditor(
            self.workspace,
            self.controller.composer,
            self._terminal_control,
            self._environment,
            show_error=partial(self.controller.show_note, error=True),
            refresh=self.controller.refresh,
        )

    async def run(self) -> int:
        """Run until the user leaves, and return the exit code.

        The terminal is restored in any case, also when this is cancelled.
        """
        loop = urwid.TrioEventLoop()
        self._main = main = urwid.MainLoop(
            self.controller.layout,
            screen=self._screen,
            event_loop=loop,
            handle_mouse=False,
            input_filter=self.controller.pasting.mark,
        )
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            with main.start():
                for view in self.controller.views:
                    nursery.start_soon(self._run_view, view)
                for task in self.tasks:
                    nursery.start_soon(task)
                nursery.start_soon(self._run_calls)
                nursery.start_soon(self._paint)
                nursery.start_soon(self._tick)
                nursery.start_soon(self._alerts.run)
                nursery.start_soon(self._log.run)
                self.controller.refresh()
                with self._scope:
                    await loop.run_async()
                self._terminal_control.end()
            nursery.cancel_scope.cancel()
        for text in self._unsent:  # the screen that showed them has closed
            print("\n".join(map(clean, text.split("\n"))), file=sys.stderr)
        return 1 if self._unsent else self.code

    async def leave(self) -> None:
        """Leave all servers with a QUIT, and end."""
        self.begin_leaving()
        await trio.lowlevel.checkpoint()

    def begin_leaving(self, reason: str = "") -> None:
        """Begin to leave all servers."""
        if self._is_leaving or self._nursery is None:
            return
        self._is_leaving, self._reason = True, reason
        for view in self.controller.views:
            self._nursery.start_soon(view.link.drain, reason)
        if not self.controller.views:
            self._scope.cancel()

    # Servers

    def connect(self, wanted: str) -> str:
        """Connect to another server, or list those of this network when none is named; return why
        that is impossible, or "".
        """
        if not wanted and self.list_servers and self._nursery:
            self._nursery.start_soon(self.list_servers)
            return ""
        try:
            name, link = self._make(wanted)
        except ValueError as error:
            return str(error)
        self.add(name, link)
        return ""

    def add(self, name: str, link: Link) -> ServerState:
        """Add a server; the client connects to it at once, or when `run` begins."""
        server = self.workspace.add_server(name)
        link.ignored = self.ignored
        view = ServerView(link, server)
        self.controller.views.append(view)
        if self._nursery:
            self._nursery.start_soon(self._run_view, view)
            self.workspace.go(server, server.log)
        return server

    async def _run_view(self, view: ServerView) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._take_events, view)
            async with trio.open_nursery() as working:
                working.start_soon(view.run_calls, self._mark_dirty)
                await self._run_link(view)
                working.cancel_scope.cancel()
            view.link.close()
        self._unsent += [f"{view.server.name}: {text}" for text in view.link.unsent]
        if len(self.controller.views) == 1:
            self._scope.cancel()
            return
        self.controller.views.remove(view)
        self.workspace.remove_server(view.server)
        self._mark_dirty()

    async def _run_link(self, view: ServerView) -> None:
        """Run the link of a server until the user ends it.

        A server that has failed stays on the screen with the reason, until it is reconnected.
        """
        while True:
            code = await view.link.run()
            await view.link.tell_unsent()
            self.code = max(self.code, code)
            if code == 0 or self._is_leaving:  # the user has left
                return
            view.server.state = ConnectionState.ENDED
            self._mark_dirty()
            if not await view.link.wait_woken():
                return
            view.server.state = ConnectionState.CONNECTING

    async def _warn(self, text: str) -> None:
        await trio.lowlevel.checkpoint()
        self.controller.show_note(text, error=True)
        self._mark_dirty()

    async def _take_events(self, view: ServerView) -> None:
        log = ServerLog(self._log, view.server.name)
        taken = 0
        async for event in view.link.events:
            taken += 1
            if taken % _BURST == 0:
                await trio.sleep(_PAUSE)
            view.server.features = view.link.joined_channels.features
            if view.link.session:
                view.server.note_clock(view.link.session.protocol.clock)
            for shown in await view.link.react(event):
                log.note(
                    shown,
                    view.server.features,
                    view.server.clock,
                    partial(view.server.shared_conversations, shown),
                )
                apply(view.server, shown)
                self._follow(view, shown)
            view.server.asks_nick = view.link.desired_nick.asking
            self._mark_dirty()

    def _follow(self, view: ServerView, event: events.Event) -> None:
        """Take the user where an event leads, such as to a channel that was joined."""
        server = view.server
        match event:
            case events.Connected():
                session = view.link.session
                server.is_secure = session is not None and session.is_secure
                server.is_local = session is not None and session.is_local
                self._offer_registration(view)
            case events.Ready():
                self._requests.catch_up(view, self._now())
            case events.UserJoined(channel=channel, own=True, instead_of=before):
                buffer = server.open(channel)
                is_wanted = bool(view.going_to) and server.features.same(channel, view.going_to)
                # What is typed with the server is for a channel, too.
                places = (server.log, server.get(before) if before else None)
                is_successor = any(self.workspace.buffer is place for place in places)
                if is_wanted or is_successor:
                    view.going_to = ""
                    if is_successor:
                        self.controller.move_draft(buffer)
                    self.workspace.go(server, buffer)
                    for text in view.link.take_warnings():
                        # They were shown in the buffer that the user leaves now.
                        server.show(buffer, events.Note(clean(text), error=True))
            case events.ChannelRenamed(old=old, new=new):
                self._follow_renamed(view, old, new)
            case events.JoinRefused(channel=channel) if server.features.same(
                channel, view.going_to
            ):
                view.going_to = ""

    def _follow_renamed(self, view: ServerView, old: str, new: str) -> None:
        """Go to a renamed channel where the user has asked for it by a former name, or where its
        buffer is one that another channel of that name has left.
        """
        server = view.server
        before, after = server.get(old), server.get(new)
        is_wanted = bool(view.going_to) and server.features.same(old, view.going_to)
        if is_wanted:
            view.going_to = new
        is_left = before is not None and before is self.workspace.buffer
        if after and after.is_joined and after is not before and (is_wanted or is_left):
            view.going_to = ""
            if is_left:
                self.controller.move_draft(after)
            self.workspace.go(server, after)

    def _offer_registration(self, view: ServerView) -> None:
        if view.registers:
            view.registers = False
            self.controller.post(partial(view.link.register, "", ""), view)

    # Tasks

    def _post(self, call: DeferredCall, view: ServerView | None = None) -> None:
        try:
            if view is None:
                self._calls.send_nowait(call)
            else:
                view.post(call)
        except trio.WouldBlock:
            self.controller.show_note(
                _("Too many actions are waiting. This one was dropped; wait a little."), error=True
            )

    async def _run_calls(self) -> None:
        async for call in self._calls_receive:
            await call()
            self._mark_dirty()

    def _mark_dirty(self) -> None:
        self._dirty.set()

    async def _paint(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty = trio.Event()
            self.controller.refresh()
            self._show_title()
            await trio.sleep(_PAINT_INTERVAL)

    async def _tick(self) -> None:
        while True:
            await trio.sleep(_TICK)
            self.controller.tick()
            self._mark_dirty()

    # The terminal

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program has the terminal, so Ctrl-C is for that program."""
        return self._terminal_control.is_released

    async def _suspend(self) -> None:
        await trio.lowlevel.checkpoint()
        self._terminal_control.suspend()

    async def _edit(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._nursery:  # other calls do not wait for the editor
            self._nursery.start_soon(self._editor.run)

    def _redraw(self) -> None:
        if self._main:
            self._main.screen_size = None
        self._screen.clear()
        self._mark_dirty()

    def _alert(self, server: ServerState, buffer: Buffer, entry: BufferEntry) -> None:
        level = server.level(buffer)
        is_wanted = entry.is_mention or (level == "all" and entry.kind is not EntryKind.NOTICE)
        if is_wanted and level != "nothing":
            self._alerts.add(buffer, entry)

    def _ring(self, title: str, text: str) -> None:
        data = notify.sequence(self._options.notify, title, text, self._environment)
        if data and not self.is_elsewhere:
            self._screen.write(data)
            self._screen.flush()

    def _show_title(self) -> None:
        if not self.workspace.servers or self.is_elsewhere:
            return
        _unread, mentions = self.workspace.unread()
        count = f"({mentions}) " if mentions else ""
        title = f"{count}{clean(self.workspace.buffer.name)} – trio-chat"
        if title != self._title:
            self._title = title
            self._screen.set_title(title)
