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
    Earlier,
    Event,
    Found,
    HistoryEnd,
    HistoryRefused,
    Joined,
    Kicked,
    MissedMore,
    ModeChanged,
    NewSince,
    Parted,
    Quit,
    Renamed,
    Said,
    SearchUnknown,
    TopicChanged,
    Unconfirmed,
    Unsure,
)
from trio_chat.client.session.fetch import MOST_FOUND, MOST_MISSED, Fetch, Purpose, place_of
from trio_chat.client.session.past import NOWHERE, Past, Place, Sent
from trio_chat.irc.message import is_middle

if TYPE_CHECKING:
    from trio_chat.client.session.dialogue import Dialogue

_MOST_HELD = 5000
"""What a server that does not answer can make us keep."""
_MOST_TALKS = 20
_SEARCH_BATCH = "soju.im/search"
_LIVE = (Said, Joined, Parted, Kicked, Quit, Renamed, TopicChanged, ModeChanged)


class History:
    """The requests of one dialogue.

    Args:
        dialogue: where to ask and tell.
        past: what was shown before this connection.
        at_join: how many messages to show of a channel that is joined; 0 for none.
    """

    def __init__(self, dialogue: "Dialogue", past: Past, at_join: int) -> None:
        self.batches: set[str] = set()
        self.markers: dict[str, str] = {}
        self._talks: set[str] = set()
        self._read: dict[str, tuple[str, str]] = {}
        self._dialogue = dialogue
        self._past = past
        self._at_join = at_join
        self._waiting: deque[Fetch] = deque()
        self._current: Fetch | None = None
        self._held: list[Event] = []
        self._count = 0

    @property
    def available(self) -> bool:
        """Whether the server can be asked for what was said before."""
        return self._dialogue.negotiation.history

    # What is wanted

    def joined(self, channel: str, time: str) -> None:
        """Ask for what was said in a channel that we have just joined at this time."""
        if not self.available:
            return
        shown = self._past.channel(self._key(channel))
        if shown.last.reference(self._dialogue.features.reference_types):
            self._want(Fetch(Purpose.MISSED, channel, MOST_MISSED + 1, since=shown.last))
        elif self._at_join:
            self._want(Fetch(Purpose.JOINED, channel, self._at_join, joined=Place(time=time)))
        elif shown.last == NOWHERE:
            shown.last = Place(time=time)

    def open_talk(self, nick: str) -> None:
        """Ask for what was said in a private conversation: what came last, or since the last
        connection.
        """
        key = self._key(nick)
        if key in self._talks or not is_middle(nick):
            return
        self._talks.add(key)
        if "draft/read-marker" in self._dialogue.negotiation.enabled:
            self._dialogue.send("MARKREAD", nick)
        self.joined(nick, "")

    def ask_talks(self, since: str, until: str) -> None:
        """Ask in which conversations something was said between two times, the later one first."""
        if self.available:
            self._dialogue.send(
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
            self._dialogue.emit(HistoryRefused(channel, ""))
            return
        first = self._past.channel(self._key(channel)).first
        self._want(Fetch(Purpose.EARLIER, channel, count, before=first))

    def search(self, text: str, channel: str) -> None:
        """Ask for messages with these words."""
        if not self._dialogue.negotiation.search:
            self._dialogue.emit(SearchUnknown())
            return
        self._want(Fetch(Purpose.SEARCH, channel, MOST_FOUND, text=text))

    # What comes in

    def begin_batch(self, reference: str, kind: str, target: str, *, is_end: bool = False) -> None:
        """Note that the messages of a batch come from the history; `is_end` where the server says
        that no page follows.
        """
        fetch = self._current
        if kind not in ("chathistory", _SEARCH_BATCH):
            return
        self.batches.add(reference)
        is_search = kind == _SEARCH_BATCH
        if fetch is None or fetch.batch or is_search != (fetch.purpose is Purpose.SEARCH):
            return
        if is_search or self._dialogue.features.same(target, fetch.channel):
            fetch.batch, fetch.is_end = reference, is_end

    def add(self, reference: str, said: Said, *, shown: bool) -> None:
        """Take in one message of a batch; `shown` is false for what no person is to see."""
        fetch = self._current
        if fetch is None or fetch.batch != reference:
            if shown and not self._past.has_seen(said.msgid):
                self._tell(said)
            return
        fetch.add(said, shown=shown)

    def end_batch(self, reference: str) -> None:
        """Go on when the page that was asked for is complete."""
        self.batches.discard(reference)
        fetch = self._current
        if fetch is None or fetch.batch != reference:
            return
        fetch.end_page()
        is_short = fetch.count < fetch.asked and bool(self._dialogue.features.history_limit)
        is_last = fetch.is_end or not fetch.count or is_short
        if fetch.purpose is Purpose.SEARCH or is_last or fetch.fetched >= fetch.want:
            self._show(fetch, is_whole=is_last)
        else:
            self._ask(fetch)

    def passed(self, token: str) -> None:
        """Deal with the PONG behind a request: if it was not answered, it will not be."""
        if self._current and self._current.token == token:
            self.refused("")

    def refused(self, reason: str) -> bool:
        """Go on without what was asked for; return whether anything was."""
        fetch = self._current
        if fetch is None:
            return False
        if fetch.since.msgid and not fetch.by_time and fetch.since.time:
            fetch.by_time = True  # the msgid may be older than what the server keeps
            self._ask(fetch)
            return True
        if fetch.purpose is not Purpose.JOINED and not fetch.found:
            self._dialogue.tell(HistoryRefused(fetch.channel, reason))
            self._end(fetch)
        else:
            self._show(fetch, is_whole=False)
        return True

    # What happens meanwhile

    def holds(self, event: Event) -> bool:
        """Hold an event back if it is to be shown later; drop it if it has been shown already."""
        if isinstance(event, Said) and not event.played_back and self._past.has_seen(event.msgid):
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

    def keep(self, sent: Sent) -> None:
        """Decide what becomes of a message of ours that the connection ended under."""
        if self.available and self._dialogue.channel(sent.target):
            self._past.unconfirmed.append(sent)
            self._dialogue.emit(Unsure(sent.target, sent.text))
        else:
            self._dialogue.emit(Unconfirmed(sent.target, sent.text))

    def settle(self) -> None:
        """Tell of messages of unknown fate that no history will tell about."""
        awaited = self._unfinished()
        for sent in self._past.take_unconfirmed(lambda sent: self._key(sent.target) not in awaited):
            self._dialogue.emit(Unconfirmed(sent.target, sent.text))

    def mark_read(self) -> None:
        """Tell the server how far the user has read, where somebody watches and the server keeps it
        with the account.
        """
        dialogue = self._dialogue
        if not (self._at_join and "draft/read-marker" in dialogue.negotiation.enabled):
            return
        if dialogue.sees_status:  # what is read is what was looked at
            for key, (talk, time) in self._read.items():
                if time > self.markers.get(key, ""):
                    self.markers[key] = time
                    dialogue.send("MARKREAD", talk, f"timestamp={time}")
            self._read.clear()
            return
        if not dialogue.account.name:
            return
        for key, channel in dialogue.channels.items():
            last = self._past.channel(key).last
            if last.msgid and last.time > self.markers.get(key, "") and is_middle(last.time):
                self.markers[key] = last.time
                dialogue.send("MARKREAD", channel.name, f"timestamp={last.time}")

    # Asking

    def _want(self, fetch: Fetch) -> None:
        if fetch.channel and not is_middle(fetch.channel):
            return
        self._waiting.append(fetch)
        self._ask_next()

    def _ask_next(self) -> None:
        if self._current is None and self._waiting:
            self._current = self._waiting.popleft()
            self._ask(self._current)

    def _ask(self, fetch: Fetch) -> None:
        features = self._dialogue.features
        self._count += 1
        fetch.next_page(features.history_limit, f"h{self._count}")
        self._dialogue.put(fetch.request(features.reference_types))
        self._dialogue.send("PING", fetch.token)

    # Showing

    def _show(self, fetch: Fetch, *, is_whole: bool) -> None:
        dialogue, key = self._dialogue, self._key(fetch.channel)
        if fetch.purpose is Purpose.SEARCH:
            dialogue.tell(Found(fetch.text, fetch.channel, len(fetch.found)))
            for said in fetch.found:
                dialogue.tell(said)
        elif fetch.purpose is Purpose.EARLIER:
            self._show_earlier(fetch, key)
        else:
            if fetch.purpose is Purpose.MISSED and not is_whole and fetch.found:
                dialogue.tell(MissedMore(fetch.channel, len(fetch.found)))
                self._past.channel(key).first = place_of(fetch.found[0])
            self._show_in_order(fetch, key)
        self._end(fetch)

    def _show_earlier(self, fetch: Fetch, key: str) -> None:
        shown = self._past.channel(key)
        fresh = [said for said in self._fresh(fetch.found) if isinstance(said, Said)]
        is_stuck = fetch.oldest in (NOWHERE, shown.first)
        if not shown.last.msgid and shown.first == NOWHERE and fresh:
            shown.last = place_of(fresh[-1])
        if fetch.oldest != NOWHERE:
            shown.first = fetch.oldest
        if not fresh and not is_stuck:  # the other side of a gap, which was shown before
            self._waiting.appendleft(
                Fetch(Purpose.EARLIER, fetch.channel, fetch.want, before=fetch.oldest)
            )
            return
        self._dialogue.tell(Earlier(fetch.channel, len(fresh)))
        for said in fresh:
            self._past.see(said.msgid)
            self._dialogue.tell(said)

    def _show_in_order(self, fetch: Fetch, key: str) -> None:
        live = {
            event.msgid: event for event in self._held if isinstance(event, Said) and event.msgid
        }
        marker = self.markers.get(key, "")
        for event in self._fresh(fetch.found):
            if isinstance(event, Said):
                if marker and place_of(event).time > marker and fetch.purpose is Purpose.JOINED:
                    self._dialogue.tell(NewSince(fetch.channel))
                    marker = ""
                self._past.see(event.msgid)
                self._past.advance(key, place_of(event))
                self._dialogue.tell(live.get(event.msgid) or self._recognised(event, key))
        if fetch.purpose is Purpose.JOINED and fetch.found:
            self._dialogue.tell(HistoryEnd(fetch.channel))
        elif self._past.channel(key).last == NOWHERE:
            self._past.channel(key).last = fetch.joined

    def _recognised(self, said: Said, key: str) -> Said:
        """Return a message of the history, as confirmed if it is one of ours that nothing was known
        of.
        """
        same = self._dialogue.features.same
        for sent in self._past.unconfirmed:
            is_it = (sent.text, sent.kind) == (said.text, said.kind) and same(
                sent.nick, said.sender
            )
            if is_it and self._key(sent.target) == key:
                self._past.unconfirmed.remove(sent)
                return replace(said, own=True, played_back="")
        return said

    def _end(self, fetch: Fetch) -> None:
        self._current = None
        if fetch.holds:
            self.settle_channel(fetch.channel)
        if not self._unfinished():
            self.give_up()
        self._ask_next()

    def settle_channel(self, channel: str) -> None:
        """Tell of messages to a channel whose history does not have them."""
        key = self._key(channel)
        for sent in self._past.take_unconfirmed(lambda sent: self._key(sent.target) == key):
            self._dialogue.emit(Unconfirmed(sent.target, sent.text))

    def _unfinished(self) -> set[str]:
        """Return the channels whose history must be shown before what happens now."""
        current = [self._current] if self._current else []
        return {self._key(fetch.channel) for fetch in (*current, *self._waiting) if fetch.holds}

    def _fresh(self, found: "list[Said] | list[Event]") -> Iterator[Event]:
        """Yield what was not shown before; what follows a shown message without a msgid of its own
        is the rest of it.
        """
        shown_from = ""
        for event in list(found):
            if isinstance(event, Said):
                if event.msgid:
                    shown_from = event.sender if self._past.has_seen(event.msgid) else ""
                if shown_from == event.sender:
                    continue
            yield event

    def _tell(self, event: Event) -> None:
        if isinstance(event, Said):
            self._note(event)
        self._dialogue.tell(event)

    def _note(self, said: Said) -> None:
        self._past.see(said.msgid)
        key = self._key(said.talk)
        is_followed = key in self._talks or self._dialogue.channel(said.target)
        if (said.msgid or said.time) and is_followed and key not in self._unfinished():
            self._past.advance(key, place_of(said))

    def _key(self, channel: str) -> str:
        return self._dialogue.features.fold(channel)


def _changes_us(event: Event) -> bool:
    return isinstance(event, Joined | Parted | Kicked | Renamed) and event.own
