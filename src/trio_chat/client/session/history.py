"""Chat history in the client: after joining, after a lost connection, for `/history` and for
`/search`.

One request is under way at a time. Every request goes from the newest message back to older ones,
page by page, and is shown as a whole, oldest first; a PING behind it tells when no answer is to
come. While the history of a channel just joined is awaited, what happens there is held back, so
that everything is shown in the order in which it was said.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from trio_chat.client.session.events import (
    DeliveryUnknown,
    EarlierMessages,
    Event,
    HistoryEnd,
    HistoryGap,
    HistoryRefused,
    Joined,
    Kicked,
    MessageUnconfirmed,
    ModeChanged,
    Parted,
    Quit,
    Renamed,
    Said,
    SearchResults,
    SearchUnknown,
    TopicChanged,
    UnreadStart,
)
from trio_chat.client.session.history_request import (
    MOST_FOUND,
    MOST_MISSED,
    HistoryRequest,
    Purpose,
    position_of,
)
from trio_chat.client.session.sync_state import (
    UNKNOWN_POSITION,
    HistoryPosition,
    SyncState,
    UnconfirmedMessage,
)
from trio_chat.irc.message import is_middle

if TYPE_CHECKING:
    from trio_chat.client.session.protocol import ClientProtocol

_MOST_HELD = 5000
"""What a server that does not answer can make us keep."""
_MOST_TALKS = 20
_SEARCH_BATCH = "soju.im/search"
_LIVE = (Said, Joined, Parted, Kicked, Quit, Renamed, TopicChanged, ModeChanged)


class HistoryFetcher:
    """The requests of one protocol.

    Args:
        protocol: where to ask and tell.
        sync_state: what was shown before this connection.
        at_join: how many messages to show of a channel that is joined; 0 for none.
    """

    def __init__(self, protocol: "ClientProtocol", sync_state: SyncState, at_join: int) -> None:
        self.batches: set[str] = set()
        self.markers: dict[str, str] = {}
        self._talks: set[str] = set()
        self._read: dict[str, tuple[str, str]] = {}
        self._protocol = protocol
        self._sync_state = sync_state
        self._at_join = at_join
        self._waiting: deque[HistoryRequest] = deque()
        self._current: HistoryRequest | None = None
        self._held: list[Event] = []
        self._count = 0

    @property
    def available(self) -> bool:
        """Whether the server can be asked for what was said before."""
        return self._protocol.negotiation.history

    # What is wanted

    def joined(self, channel: str, time: str) -> None:
        """Ask for what was said in a channel that we have just joined at this time."""
        if not self.available:
            return
        shown = self._sync_state.channel(self._key(channel))
        if shown.last.reference(self._protocol.features.reference_types):
            self._want(HistoryRequest(Purpose.MISSED, channel, MOST_MISSED + 1, since=shown.last))
        elif self._at_join:
            self._want(
                HistoryRequest(
                    Purpose.JOINED, channel, self._at_join, joined=HistoryPosition(time=time)
                )
            )
        elif shown.last == UNKNOWN_POSITION:
            shown.last = HistoryPosition(time=time)

    def open_conversation(self, nick: str) -> None:
        """Ask for what was said in a private conversation: what came last, or since the last
        connection.
        """
        key = self._key(nick)
        if key in self._talks or not is_middle(nick):
            return
        self._talks.add(key)
        if "draft/read-marker" in self._protocol.negotiation.enabled:
            self._protocol.send("MARKREAD", nick)
        self.joined(nick, "")

    def request_targets(self, since: str, until: str) -> None:
        """Ask in which conversations something was said between two times, the later one first."""
        if self.available:
            self._protocol.send(
                "CHATHISTORY",
                "TARGETS",
                f"timestamp={until}",
                f"timestamp={since}",
                str(_MOST_TALKS),
            )

    def has_read(self, talk: str, time: str) -> None:
        """Note that the user has seen a conversation up to this time; `mark_read` tells the
        server.
        """
        if is_middle(talk):
            self._read[self._key(talk)] = (talk, time)

    def show_earlier(self, channel: str, count: int) -> None:
        """Ask for messages before the earliest that was shown of a channel."""
        if not self.available:
            self._protocol.emit(HistoryRefused(channel, ""))
            return
        first = self._sync_state.channel(self._key(channel)).first
        self._want(HistoryRequest(Purpose.EARLIER, channel, count, before=first))

    def search(self, text: str, channel: str) -> None:
        """Ask for messages with these words."""
        if not self._protocol.negotiation.search:
            self._protocol.emit(SearchUnknown())
            return
        self._want(HistoryRequest(Purpose.SEARCH, channel, MOST_FOUND, text=text))

    # What comes in

    def begin_batch(self, reference: str, kind: str, target: str, *, is_end: bool = False) -> None:
        """Note that the messages of a batch come from the history; `is_end` where the server says
        that no page follows.
        """
        request = self._current
        if kind not in ("chathistory", _SEARCH_BATCH):
            return
        self.batches.add(reference)
        is_search = kind == _SEARCH_BATCH
        if request is None or request.batch or is_search != (request.purpose is Purpose.SEARCH):
            return
        if is_search or self._protocol.features.same(target, request.channel):
            request.batch, request.is_end = reference, is_end

    def add(self, reference: str, said: Said, *, shown: bool) -> None:
        """Take in one message of a batch; `shown` is false for what no person is to see."""
        request = self._current
        if request is None or request.batch != reference:
            if shown and not self._sync_state.has_seen(said.msgid):
                self._tell(said)
            return
        request.add(said, shown=shown)

    def end_batch(self, reference: str) -> None:
        """Go on when the page that was asked for is complete."""
        self.batches.discard(reference)
        request = self._current
        if request is None or request.batch != reference:
            return
        request.end_page()
        is_short = request.count < request.asked and bool(self._protocol.features.history_limit)
        is_last = request.is_end or not request.count or is_short
        if request.purpose is Purpose.SEARCH or is_last or request.fetched >= request.want:
            self._show(request, is_whole=is_last)
        else:
            self._ask(request)

    def passed(self, token: str) -> None:
        """Deal with the PONG behind a request: if it was not answered, it will not be."""
        if self._current and self._current.token == token:
            self.refused("")

    def refused(self, reason: str) -> bool:
        """Go on without what was asked for; return whether anything was."""
        request = self._current
        if request is None:
            return False
        if request.since.msgid and not request.by_time and request.since.time:
            request.by_time = True  # the msgid may be older than what the server keeps
            self._ask(request)
            return True
        if request.purpose is not Purpose.JOINED and not request.found:
            self._protocol.tell(HistoryRefused(request.channel, reason))
            self._end(request)
        else:
            self._show(request, is_whole=False)
        return True

    # What happens meanwhile

    def holds(self, event: Event) -> bool:
        """Hold an event back if it is to be shown later; drop it if it has been shown already."""
        if (
            isinstance(event, Said)
            and not event.played_back
            and self._sync_state.has_seen(event.msgid)
        ):
            return True
        if isinstance(event, _LIVE) and self._unfinished() and not _changes_us(event):
            self._held.append(event)
            if len(self._held) > _MOST_HELD:
                self.give_up()
            return True
        if isinstance(event, Said):
            self._note(event)
        return False

    def give_up(self) -> None:
        """Show what was held back; what was to come before it will be asked for by the next
        connection.
        """
        held, self._held = self._held, []
        for event in self._fresh(held):
            self._tell(event)

    def keep(self, sent: UnconfirmedMessage) -> None:
        """Decide what becomes of a message of ours that the connection ended under."""
        if self.available and self._protocol.channel(sent.target):
            self._sync_state.unconfirmed.append(sent)
            self._protocol.emit(DeliveryUnknown(sent.target, sent.text))
        else:
            self._protocol.emit(MessageUnconfirmed(sent.target, sent.text))

    def settle(self) -> None:
        """Tell of messages of unknown fate that no history will tell about."""
        awaited = self._unfinished()
        for sent in self._sync_state.take_unconfirmed(
            lambda sent: self._key(sent.target) not in awaited
        ):
            self._protocol.emit(MessageUnconfirmed(sent.target, sent.text))

    def mark_read(self) -> None:
        """Tell the server how far the user has read, where somebody watches and the server keeps it
        with the account.
        """
        protocol = self._protocol
        if not (self._at_join and "draft/read-marker" in protocol.negotiation.enabled):
            return
        if protocol.sees_status:  # what is read is what was looked at
            for key, (talk, time) in self._read.items():
                if time > self.markers.get(key, ""):
                    self.markers[key] = time
                    protocol.send("MARKREAD", talk, f"timestamp={time}")
            self._read.clear()
            return
        if not protocol.authentication.account:
            return
        for key, channel in protocol.channels.items():
            last = self._sync_state.channel(key).last
            if last.msgid and last.time > self.markers.get(key, "") and is_middle(last.time):
                self.markers[key] = last.time
                protocol.send("MARKREAD", channel.name, f"timestamp={last.time}")

    # Asking

    def _want(self, request: HistoryRequest) -> None:
        if request.channel and not is_middle(request.channel):
            return
        self._waiting.append(request)
        self._ask_next()

    def _ask_next(self) -> None:
        if self._current is None and self._waiting:
            self._current = self._waiting.popleft()
            self._ask(self._current)

    def _ask(self, request: HistoryRequest) -> None:
        features = self._protocol.features
        self._count += 1
        request.next_page(features.history_limit, f"h{self._count}")
        self._protocol.put(request.message(features.reference_types))
        self._protocol.send("PING", request.token)

    # Showing

    def _show(self, request: HistoryRequest, *, is_whole: bool) -> None:
        protocol, key = self._protocol, self._key(request.channel)
        if request.purpose is Purpose.SEARCH:
            protocol.tell(SearchResults(request.text, request.channel, len(request.found)))
            for said in request.found:
                protocol.tell(said)
        elif request.purpose is Purpose.EARLIER:
            self._show_earlier(request, key)
        else:
            if request.purpose is Purpose.MISSED and not is_whole and request.found:
                protocol.tell(HistoryGap(request.channel, len(request.found)))
                self._sync_state.channel(key).first = position_of(request.found[0])
            self._show_in_order(request, key)
        self._end(request)

    def _show_earlier(self, request: HistoryRequest, key: str) -> None:
        shown = self._sync_state.channel(key)
        fresh = [said for said in self._fresh(request.found) if isinstance(said, Said)]
        is_stuck = request.oldest in (UNKNOWN_POSITION, shown.first)
        if not shown.last.msgid and shown.first == UNKNOWN_POSITION and fresh:
            shown.last = position_of(fresh[-1])
        if request.oldest != UNKNOWN_POSITION:
            shown.first = request.oldest
        if not fresh and not is_stuck:  # the other side of a gap, which was shown before
            self._waiting.appendleft(
                HistoryRequest(
                    Purpose.EARLIER, request.channel, request.want, before=request.oldest
                )
            )
            return
        self._protocol.tell(EarlierMessages(request.channel, len(fresh)))
        for said in fresh:
            self._sync_state.see(said.msgid)
            self._protocol.tell(said)

    def _show_in_order(self, request: HistoryRequest, key: str) -> None:
        live = {
            event.msgid: event for event in self._held if isinstance(event, Said) and event.msgid
        }
        marker = self.markers.get(key, "")
        for event in self._fresh(request.found):
            if isinstance(event, Said):
                if (
                    marker
                    and position_of(event).time > marker
                    and request.purpose is Purpose.JOINED
                ):
                    self._protocol.tell(UnreadStart(request.channel))
                    marker = ""
                self._sync_state.see(event.msgid)
                self._sync_state.advance(key, position_of(event))
                self._protocol.tell(live.get(event.msgid) or self._recognised(event, key))
        if request.purpose is Purpose.JOINED and request.found:
            self._protocol.tell(HistoryEnd(request.channel))
        elif self._sync_state.channel(key).last == UNKNOWN_POSITION:
            self._sync_state.channel(key).last = request.joined

    def _recognised(self, said: Said, key: str) -> Said:
        """Return a message of the history, as confirmed if it is one of ours that nothing was known
        of.
        """
        same = self._protocol.features.same
        for sent in self._sync_state.unconfirmed:
            is_it = (sent.text, sent.kind) == (said.text, said.kind) and same(
                sent.nick, said.sender
            )
            if is_it and self._key(sent.target) == key:
                self._sync_state.unconfirmed.remove(sent)
                return replace(said, own=True, played_back="")
        return said

    def _end(self, request: HistoryRequest) -> None:
        self._current = None
        if request.holds:
            self.settle_channel(request.channel)
        if not self._unfinished():
            self.give_up()
        self._ask_next()

    def settle_channel(self, channel: str) -> None:
        """Tell of messages to a channel whose history does not have them."""
        key = self._key(channel)
        for sent in self._sync_state.take_unconfirmed(lambda sent: self._key(sent.target) == key):
            self._protocol.emit(MessageUnconfirmed(sent.target, sent.text))

    def _unfinished(self) -> set[str]:
        """Return the channels whose history must be shown before what happens now."""
        current = [self._current] if self._current else []
        return {
            self._key(request.channel) for request in (*current, *self._waiting) if request.holds
        }

    def _fresh(self, found: "list[Said] | list[Event]") -> Iterator[Event]:
        """Yield what was not shown before; what follows a shown message without a msgid of its own
        is the rest of it.
        """
        shown_from = ""
        for event in list(found):
            if isinstance(event, Said):
                if event.msgid:
                    shown_from = event.sender if self._sync_state.has_seen(event.msgid) else ""
                if shown_from == event.sender:
                    continue
            yield event

    def _tell(self, event: Event) -> None:
        if isinstance(event, Said):
            self._note(event)
        self._protocol.tell(event)

    def _note(self, said: Said) -> None:
        self._sync_state.see(said.msgid)
        key = self._key(said.conversation)
        is_followed = key in self._talks or self._protocol.channel(said.target)
        if (said.msgid or said.time) and is_followed and key not in self._unfinished():
            self._sync_state.advance(key, position_of(said))

    def _key(self, channel: str) -> str:
        return self._protocol.features.fold(channel)


def _changes_us(event: Event) -> bool:
    return isinstance(event, Joined | Parted | Kicked | Renamed) and event.own
