"""The state of one server as the screen shows it: the connection, and the buffers. The handlers of
events (`handlers`) change it.
"""

from collections.abc import Callable, Sequence

from trio_chat.client.listing import Listing
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.client.model.entries import BufferEntry, EntryKind, time_of
from trio_chat.client.model.history_results import HistoryResults
from trio_chat.client.rendering import Renderer
from trio_chat.client.session.events import Event, Note, UserQuit, UserRenamed
from trio_chat.client.session.features import Features
from trio_chat.client.spans import sentence

EVERYWHERE = "*"
"""What applies to all conversations without a notification level of their own."""


class ServerState:
    """One server.

    Args:
        name: the name that the user gave it.
        now: returns seconds of Unix time.
        words: words that count as a mention, in addition to the nickname.
        strangers: where messages of strangers are shown: `open` opens a buffer for each, `gather`
            shows them in the buffer of the server.

    Attributes:
        log: the buffer of the server itself.
        buffers: the other buffers, by folded names.
        is_ready: whether everything requested at the start was answered.
        was_lost: whether the connection is lost, or just came back.
        asks_nick: whether the user is asked for a nickname.
        retry_at: when the next attempt to connect is made, in seconds of Unix time.
        asked_names: how many answers to NAMES the user has requested.
        clock: the latest server-time, as the server writes it.
        results: the requested messages that are arriving, if any.
    """

    def __init__(
        self,
        name: str,
        now: Callable[[], float],
        words: Sequence[str] = (),
        strangers: str = "open",
    ) -> None:
        self.name = name
        self.nick = ""
        self.state = ConnectionState.CONNECTING
        self.lag: float | None = None
        self.is_secure = False
        self.is_local = False
        self.is_ready = False
        self.was_lost = False
        self.asks_nick = False
        self.is_away = False
        self.account = ""
        self.retry_at: float | None = None
        self.features = Features()
        self.log = Buffer(name, BufferKind.SERVER)
        self.buffers: dict[str, Buffer] = {}
        self.asked_names = 0
        self.is_current: Callable[[Buffer], bool] = lambda _buffer: False
        self.is_watched: Callable[[Buffer], bool] = lambda _buffer: False
        self.on_message: Callable[[ServerState, Buffer, BufferEntry], None] = (
            lambda _server, _buffer, _entry: None
        )
        self.on_found: Callable[[ServerState, HistoryResults], None] = lambda _server, _results: (
            None
        )
        self.on_open: Callable[[ServerState, Buffer], None] = lambda _server, _buffer: None
        self.on_translated: Callable[[Buffer, str], bool] = lambda _buffer, _text: False
        self.now = now
        self.words = words
        self.strangers = strangers
        self.shown_once: set[str] = set()
        self.listings: list[Listing] = []
        """The pages that wait for answers to LIST, the oldest first."""
        self.levels: dict[str, tuple[str, float]] = {}
        """What the account has chosen to be notified of, and until when nothing notifies, by folded
        names."""
        self.unconfirmed_levels: set[str] = set()
        """Those that the server has not named on this connection."""
        self.skew = 0.0
        """Seconds by which the server's clock is ahead of the local one."""
        self.clock = ""
        self.results: HistoryResults | None = None
        self._renderer = Renderer(lambda _target: True)

    # Buffers

    def get(self, name: str) -> Buffer | None:
        """Return the buffer of a channel or a user."""
        return self.buffers.get(self.features.fold(name))

    def open(self, name: str) -> Buffer:
        """Return the buffer of a channel or a user; a new one if there is none."""
        if (buffer := self.get(name)) is not None:
            return buffer
        place = BufferKind.CHANNEL if self.features.is_channel(name) else BufferKind.PRIVATE
        buffer = self.buffers[self.features.fold(name)] = Buffer(
            name, place, self.now() + self.skew, lambda: self.nick
        )
        self.on_open(self, buffer)
        return buffer

    def close(self, buffer: Buffer) -> None:
        """Remove a buffer."""
        self.buffers.pop(self.features.fold(buffer.name), None)

    def ordered(self) -> list[Buffer]:
        """Return the buffers in the order of the list: the server, the channels, the private
        conversations.
        """
        rest = sorted(
            self.buffers.values(),
            key=lambda buffer: (
                buffer.kind is BufferKind.PRIVATE,
                buffer.name.casefold().lstrip("#"),
            ),
        )
        return [self.log, *rest]

    def channels(self) -> list[str]:
        """Return the names of the channels that have buffers."""
        return [
            buffer.name for buffer in self.buffers.values() if buffer.kind is BufferKind.CHANNEL
        ]

    def here(self) -> Buffer:
        """Return the buffer for events that belong to no other: the current one if it is of this
        server, or else that of the server.
        """
        return next(
            (buffer for buffer in self.buffers.values() if self.is_current(buffer)), self.log
        )

    def level(self, buffer: Buffer) -> str:
        """Return of what of a buffer the user is notified now: `all`, `mentions` or `nothing`."""
        now = self.now() + self.skew
        own = self.levels.get(self.features.fold(buffer.name), ("", 0.0))
        everywhere = self.levels.get(EVERYWHERE, ("", 0.0))
        if buffer.kind is BufferKind.SERVER:
            return "mentions"
        if max(own[1], everywhere[1]) > now:
            return "nothing"
        return own[0] or everywhere[0] or "mentions"

    def is_me(self, nick: str) -> bool:
        """Return whether a nickname is that of the user."""
        return self.features.same(nick, self.nick)

    def note_clock(self, shown: str) -> None:
        """Note the server's clock: read markers are compared in its time, not in the local one."""
        if shown != self.clock:
            self.clock = shown
            self.skew = time_of(shown, self.now()) - self.now()

    # Events

    def show(self, buffer: Buffer, event: Event) -> None:
        """Add an event as a sentence."""
        for line in self._renderer.lines(event):
            text, is_error = sentence(line)
            buffer.append(
                BufferEntry(EntryKind.ERROR if is_error else EntryKind.INFO, self.now(), text=text)
            )

    def begin_listing(self) -> Listing:
        """Return the channels of the next answer to LIST; a request that has brought none is
        replaced.
        """
        self.listings = [*(listing for listing in self.listings if listing.count), Listing()]
        return self.listings[-1]

    def show_once(self, text: str) -> None:
        """Add a sentence to the buffer of the server, unless it was shown already."""
        if text not in self.shown_once:
            self.shown_once.add(text)
            self.show(self.log, Note(text))

    def shared_conversations(self, event: Event) -> list[str]:
        """Return the names of the buffers of an event that names none itself."""
        nick = (
            event.nick
            if isinstance(event, UserQuit)
            else event.old
            if isinstance(event, UserRenamed)
            else ""
        )
        return [buffer.name for buffer in self.shared(nick)] if nick else []

    def shared(self, nick: str) -> list[Buffer]:
        """Return the buffers of the channels that a user is in, and of the conversation with that
        user.
        """
        key = self.features.fold(nick)
        return [
            buffer for name, buffer in self.buffers.items() if key in buffer.members or name == key
        ]
