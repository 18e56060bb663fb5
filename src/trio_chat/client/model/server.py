"""The state of one server as the screen shows it: the connection, and the buffers. The handlers of
events (`handlers`) change it.
"""

from collections.abc import Callable, Sequence

from trio_chat.client.listing import Listing
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.client.model.entries import BufferEntry, EntryKind, time_of
from trio_chat.client.model.history_results import HistoryResults
from trio_chat.client.render import Renderer
from trio_chat.client.session.events import Event, Note, Quit, Renamed
from trio_chat.client.session.features import Features
from trio_chat.client.spans import sentence


class ServerState:
    """One server.

    Args:
        name: what the user calls it.
        now: seconds of Unix time.
        words: what the user wants to be told of, beside the own nickname.
        strangers: where the first words of strangers go: `open` gives them a window, `gather` shows
            them in that of the server.
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
        self.now = now
        self.words = words
        self.strangers = strangers
        self.told: set[str] = set()
        self.listings: list[Listing] = []
        """What LIST was sent for and has not been answered to the end, the oldest first."""
        self.skew = 0.0
        """Seconds by which the server's clock is ahead of ours."""
        self.clock = ""
        self.results: HistoryResults | None = None
        self._renderer = Renderer(lambda _target: True)

    # Buffers

    def get(self, name: str) -> Buffer | None:
        """Return the buffer of a channel or a person."""
        return self.buffers.get(self.features.fold(name))

    def open(self, name: str) -> Buffer:
        """Return the buffer of a channel or a person; a new one if there is none."""
        if (buffer := self.get(name)) is not None:
            return buffer
        place = BufferKind.CHANNEL if self.features.is_channel(name) else BufferKind.PRIVATE
        buffer = self.buffers[self.features.fold(name)] = Buffer(
            name, place, self.now() + self.skew
        )
        self.on_open(self, buffer)
        return buffer

    def close(self, buffer: Buffer) -> None:
        """Forget a buffer."""
        self.buffers.pop(self.features.fold(buffer.name), None)

    def ordered(self) -> list[Buffer]:
        """Return the buffers as they are listed: the server's, the channels, the private talks."""
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
        """Return the buffer where the user sees what belongs nowhere: the current one, or else the
        server's.
        """
        return next(
            (buffer for buffer in self.buffers.values() if self.is_current(buffer)), self.log
        )

    def is_me(self, nick: str) -> bool:
        """Return whether a nickname is ours."""
        return self.features.same(nick, self.nick)

    def note_clock(self, shown: str) -> None:
        """Note what the clock of the server shows at this moment: what is read is compared in its
        time, not in ours.
        """
        if shown != self.clock:
            self.clock = shown
            self.skew = time_of(shown, self.now()) - self.now()

    # What happens

    def show(self, buffer: Buffer, event: Event) -> None:
        """Add what happened as a sentence."""
        for line in self._renderer.lines(event):
            text, is_error = sentence(line)
            buffer.append(
                BufferEntry(EntryKind.ERROR if is_error else EntryKind.INFO, self.now(), text=text)
            )

    def begin_listing(self) -> Listing:
        """Return the channels that come with the next answer to LIST; of one that was asked for,
        none came.
        """
        self.listings = [*(listing for listing in self.listings if listing.count), Listing()]
        return self.listings[-1]

    def tell_once(self, text: str) -> None:
        """Add a sentence to the server's buffer, unless it was shown already."""
        if text not in self.told:
            self.told.add(text)
            self.show(self.log, Note(text))

    def shared_conversations(self, event: Event) -> list[str]:
        """Return the names of the buffers that an event is about which names none itself."""
        nick = (
            event.nick
            if isinstance(event, Quit)
            else event.old
            if isinstance(event, Renamed)
            else ""
        )
        return [buffer.name for buffer in self.shared(nick)] if nick else []

    def shared(self, nick: str) -> list[Buffer]:
        """Return the buffers that somebody is in, or that are of talks with that person."""
        key = self.features.fold(nick)
        return [
            buffer for name, buffer in self.buffers.items() if key in buffer.members or name == key
        ]
