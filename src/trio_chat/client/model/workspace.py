"""All servers together: the current buffer, where to go next, search results, mentions."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trio_chat.client.model import fuzzy
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry
from trio_chat.client.model.history_results import HistoryResults
from trio_chat.client.model.server import ServerState

_MOST_MENTIONS = 500


@dataclass(slots=True)
class MessageReference:
    """A message in a list, from which the user can go to its place."""

    server: ServerState
    conversation: str
    entry: BufferEntry


@dataclass(slots=True)
class MessageList:
    """A list of messages, the newest last."""

    title: str
    messages: list[MessageReference] = field(default_factory=list)


class Workspace:
    """The servers and buffers that the user sees. Callbacks are to be set before a server is added.

    Args:
        now: returns seconds of Unix time.
        words: words that count as a mention, in addition to the nickname.
        strangers: where messages of strangers are shown; see `ServerState`.

    Attributes:
        is_present: whether the user sees the screen.
        on_alert: called with a message that the user does not see.
        on_found: called with the complete results of a search.
        on_open: called with a new buffer.
        on_translated: called with a buffer and a translation that the user is about to send there;
            returns whether it was taken.
        on_seen: called with a buffer and the time up to which the user has read it.
    """

    def __init__(
        self, now: Callable[[], float], words: Sequence[str] = (), strangers: str = "open"
    ) -> None:
        self.servers: list[ServerState] = []
        self.mentions: deque[MessageReference] = deque(maxlen=_MOST_MENTIONS)
        self.is_present = True
        self.on_alert: Callable[[ServerState, Buffer, BufferEntry], None] = (
            lambda _server, _buffer, _entry: None
        )
        self.on_found: Callable[[ServerState, HistoryResults], None] = lambda _server, _results: (
            None
        )
        self.on_open: Callable[[ServerState, Buffer], None] = lambda _server, _buffer: None
        self.on_translated: Callable[[Buffer, str], bool] = lambda _buffer, _text: False
        self.on_seen: Callable[[ServerState, Buffer, float], None] = (
            lambda _server, _buffer, _time: None
        )
        self._now = now
        self._words = tuple(words)
        self._strangers = strangers
        self._current: tuple[ServerState, Buffer] | None = None
        self._previous: tuple[ServerState, Buffer] | None = None

    def add_server(self, name: str) -> ServerState:
        """Add a server; the first one becomes current."""
        server = ServerState(name, self._now, self._words, self._strangers)
        server.is_current = self._is_current
        server.is_watched = lambda buffer: self.is_present and self._is_current(buffer)
        server.on_message = self._message
        server.on_found = self.on_found
        server.on_open = self.on_open
        server.on_translated = self.on_translated
        self.servers.append(server)
        if self._current is None:
            self._current = (server, server.log)
        return server

    def remove_server(self, server: ServerState) -> None:
        """Remove a server that has ended."""
        self.servers.remove(server)
        if self._current and self._current[0] is server:
            self._current = (self.servers[0], self.servers[0].log) if self.servers else None

    # The current buffer

    @property
    def server(self) -> ServerState:
        """The server of the current buffer."""
        return self._place()[0]

    @property
    def buffer(self) -> Buffer:
        """The current buffer."""
        return self._place()[1]

    def _place(self) -> tuple[ServerState, Buffer]:
        if self._current is None:
            raise LookupError("there is no server")
        return self._current

    def _is_current(self, buffer: Buffer) -> bool:
        return self._current is not None and self._current[1] is buffer

    def all(self) -> list[tuple[ServerState, Buffer]]:
        """Return all buffers in the order of the list."""
        return [(server, buffer) for server in self.servers for buffer in server.ordered()]

    def go(self, server: ServerState, buffer: Buffer) -> None:
        """Make a buffer current: its messages are read now, and the line of unread ones stays until
        the user leaves it.
        """
        if self._current and self._current[1] is not buffer:
            if self._current[1].unread == 0:
                self._current[1].unread_line = None
            self._previous = self._current
        self._current = (server, buffer)
        self.look()

    def look(self) -> None:
        """Note that the user sees the current buffer."""
        if self._current is None or not self.is_present:
            return
        server, buffer = self._current
        if (newest := buffer.see()) and buffer.kind is not BufferKind.SERVER:
            self.on_seen(server, buffer, newest)

    def step(self, by: int) -> None:
        """Go to the next buffer, or to the one before."""
        places = self.all()
        here = next(
            number for number, (_server, buffer) in enumerate(places) if self._is_current(buffer)
        )
        self.go(*places[(here + by) % len(places)])

    def go_number(self, number: int) -> bool:
        """Go to the buffer with this number in the list, counted from 1; return whether there is
        one.
        """
        places = self.all()
        if not 0 < number <= len(places):
            return False
        self.go(*places[number - 1])
        return True

    def go_back(self) -> bool:
        """Go to the previous buffer; return whether it still exists."""
        if self._previous is None or self._previous not in self.all():
            return False
        self.go(*self._previous)
        return True

    def go_unread(self) -> bool:
        """Go to a buffer with unread messages, with mentions first; return whether there is one."""
        places = [
            place for place in self.all() if place[1].unread and not self._is_current(place[1])
        ]
        if not places:
            return False
        self.go(
            *max(
                places,
                key=lambda place: (place[1].mentions > 0, place[1].kind is not BufferKind.SERVER),
            )
        )
        return True

    def match(self, wanted: str) -> list[tuple[ServerState, Buffer]]:
        """Return the buffers whose names match these letters, the best first."""
        return fuzzy.best(wanted, self.all(), lambda place: place[1].name)

    def close(self, server: ServerState, buffer: Buffer) -> None:
        """Remove a buffer; if it was current, the one before it in the list becomes current."""
        if buffer is server.log:
            return
        if self._is_current(buffer):
            self.step(-1)
        server.close(buffer)

    # Messages

    def _message(self, server: ServerState, buffer: Buffer, entry: BufferEntry) -> None:
        if entry.is_mention:
            self.mentions.append(MessageReference(server, buffer.name, entry))
        if buffer.unread == 0 and self.is_present and self._is_current(buffer):
            if buffer is not server.log:
                self.on_seen(server, buffer, entry.time)
            return
        self.on_alert(server, buffer, entry)

    def unread(self) -> tuple[int, int]:
        """Return how many messages are unread, and how many of them mention the user."""
        counts = [
            (buffer.unread, buffer.mentions)
            for server, buffer in self.all()
            if server.level(buffer) != "nothing"
        ]
        return sum(count for count, _mentions in counts), sum(
            mentions for _count, mentions in counts
        )
