"""The client's log (`[client] log`): one task writes it in a thread, and nothing waits for it."""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import trio

from trio_chat.client.log_files import TranscriptEntry, append, lines_of, talk_of
from trio_chat.client.model.entries import time_of
from trio_chat.client.session import events
from trio_chat.client.session.events import Event
from trio_chat.client.session.features import Features
from trio_chat.i18n import _, ngettext

_MOST_WAITING = 10_000
"""Entries that may wait for the disk; further ones are counted and dropped."""
_AT_ONCE = 1000
_PATIENCE = 5.0
"""Seconds for writing some entries, also at the end."""
_MOST_KNOWN = 1000
"""Messages that are known to be in the log, in case they are played back."""

Tell = Callable[[str], Awaitable[None]]


class ChatLog:
    """The files of one client.

    Args:
        directory: of the files; None for no log.
        tell: called with a sentence in the user's language when an entry cannot be written.
        now: seconds of Unix time.
    """

    def __init__(self, directory: Path | None, tell: Tell, now: Callable[[], float]) -> None:
        self.directory = directory
        self.now = now
        self._tell = tell
        self._send, self._receive = trio.open_memory_channel[TranscriptEntry](_MOST_WAITING)
        self._lost = 0
        self._problem = ""
        self._writer = trio.CapacityLimiter(1)

    def add(self, entry: TranscriptEntry) -> None:
        """Queue an entry for writing."""
        try:
            self._send.send_nowait(entry)
        except trio.WouldBlock:
            self._lost += 1

    async def run(self) -> None:
        """Write entries until cancelled, and then those that are left."""
        if self.directory is None:
            return
        try:
            async for entry in self._receive:
                if problem := await self._write([entry, *self._waiting(_AT_ONCE)]):
                    await self._tell(problem)
        finally:
            if left := self._waiting(_MOST_WAITING):
                with trio.move_on_after(2 * _PATIENCE, shield=True):
                    await self._write(left)

    def _waiting(self, most: int) -> list[TranscriptEntry]:
        entries: list[TranscriptEntry] = []
        while len(entries) < most:
            try:
                entries.append(self._receive.receive_nowait())
            except trio.WouldBlock:
                break
        return entries

    async def _write(self, entries: list[TranscriptEntry]) -> str:
        """Write entries; return a message about an error, or ""."""
        problem = _("the disk does not answer")
        with trio.move_on_after(_PATIENCE, shield=True):
            problem = await trio.to_thread.run_sync(
                self._append, entries, abandon_on_cancel=True, limiter=self._writer
            )
        lost, self._lost = self._lost + (len(entries) if problem else 0), 0
        reason = problem or (_("too much was waiting for the disk") if lost else "")
        text = ""
        if reason and reason != self._problem:
            text = ngettext(
                "{count} entry of the log is not written to {path}: {reason}.",
                "{count} entries of the log are not written to {path}: {reason}.",
                lost,
            )
            text = text.format(count=lost, path=self.directory, reason=reason)
        self._problem = reason
        return text

    def _append(self, entries: list[TranscriptEntry]) -> str:
        try:
            append(self.directory or Path(), entries)
        except OSError as error:
            return error.strerror or str(error)
        return ""


class ServerLog:
    """The log of one server: events from now on, and messages that a lost connection has missed.


    Args:
        log: the files.
        server: what the user calls the server.
    """

    def __init__(self, log: ChatLog, server: str) -> None:
        self._log = log
        self._server = server
        self._begin = math.inf
        self._newest: dict[str, float] = {}
        self._known: deque[str] = deque(maxlen=_MOST_KNOWN)

    def note(
        self,
        event: Event,
        features: Features,
        clock: str,
        shared: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Note an event that has passed `Link.react`.

        Args:
            event: the event.
            features: of the server, for the names of channels.
            clock: the server's time as in `server-time`, "" when it is unknown.
            shared: returns the channels of an event that names none, such as QUIT.
        """
        if self._log.directory is None:
            return
        now = time_of(clock, self._log.now())
        if isinstance(event, events.Connected):
            self._begin = min(self._begin, now)
        lines = lines_of(event)
        talk = talk_of(event)
        if isinstance(event, events.ModeChanged) and not features.is_channel(talk):
            return
        for name in ([talk] if talk else shared()) if lines else ():
            bare = name.lstrip(features.prefixes)
            key = features.fold(bare if features.is_channel(bare) else name)
            time = self._time_of(event, key, now) if isinstance(event, events.Said) else now
            if time is not None:
                self._log.add(TranscriptEntry(self._server, key, time, lines))

    def _time_of(self, event: events.Said, talk: str, now: float) -> float | None:
        """Return the time of a message; None if it is logged already, or older than the run."""
        time = time_of(event.played_back or event.time, now)
        newest = self._newest.get(talk, self._begin)
        if event.played_back and (time < newest or (event.msgid and event.msgid in self._known)):
            return None
        self._newest[talk] = time if math.isinf(newest) else max(time, newest)
        if event.msgid:
            self._known.append(event.msgid)
        return time
