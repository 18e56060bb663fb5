"""Events in the order in which they happened: live ones, and messages from the history.

While the history of a channel that was just joined is awaited, live events are held back, so that
the user sees what was said before first. A message that was reported is not reported again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trio_chat.client.session.channel_tracker import ChannelTracker
from trio_chat.client.session.effects import Effects
from trio_chat.client.session.events import (
    EarlierMessages,
    Event,
    HistoryEnd,
    ModeChanged,
    Reacted,
    Said,
    TopicChanged,
    UnreadStart,
    UserJoined,
    UserKicked,
    UserParted,
    UserQuit,
    UserRenamed,
)
from trio_chat.client.session.features import Features
from trio_chat.client.session.history_request import (
    HistoryRequest,
    Purpose,
    RequestQueue,
    position_of,
)
from trio_chat.client.session.sync_state import UNKNOWN_POSITION, SyncState

_MOST_HELD = 5000
"""Events held back at most, whatever a server does that does not answer."""
_LIVE = (
    Said,
    Reacted,
    UserJoined,
    UserParted,
    UserKicked,
    UserQuit,
    UserRenamed,
    TopicChanged,
    ModeChanged,
)


class EventSequencer:
    """The order of the events of one connection.

    Args:
        effects: where events are reported.
        features: of the server.
        channels: those that this client is in.
        sync_state: the messages that were shown, over all connections.
        requests: the history that is awaited.
    """

    def __init__(
        self,
        effects: Effects,
        features: Features,
        channels: ChannelTracker,
        sync_state: SyncState,
        requests: RequestQueue,
    ) -> None:
        self._effects = effects
        self._features = features
        self._channels = channels
        self._sync_state = sync_state
        self._requests = requests
        self._conversations: set[str] = set()
        self._held: list[Event] = []

    def follow(self, key: str) -> bool:
        """Note that the history of a private conversation, by its folded name, is requested; return
        false when that was known.
        """
        is_new = key not in self._conversations
        self._conversations.add(key)
        return is_new

    def emit(self, event: Event) -> None:
        """Report an event, or hold it back until the history before it was reported; drop a message
        that was reported.
        """
        if self._was_reported(event):
            return
        if isinstance(event, _LIVE) and not _is_own_move(event) and self._awaited():
            self._held.append(event)
            if len(self._held) > _MOST_HELD:
                self.release()
            return
        self.report(event)

    def report(self, event: Event) -> None:
        """Report an event at once."""
        if isinstance(event, Said):
            self._note(event)
        self._effects.report(event)

    def report_unseen(self, said: Said) -> None:
        """Report a message at once, unless it was reported."""
        if not self._sync_state.has_seen(said.msgid):
            self.report(said)

    def release(self) -> None:
        """Report the events that were held back; the next connection requests what was to precede
        them.
        """
        held, self._held = self._held, []
        for event in self._unseen(held):
            self.report(event)

    # Complete answers

    def report_earlier(self, request: HistoryRequest, key: str) -> bool:
        """Report the messages before those that were shown; return false when all of them were
        shown before, so that the request goes on before them.
        """
        shown = self._sync_state.channel(key)
        unseen = [said for said in self._unseen(request.found) if isinstance(said, Said)]
        is_stuck = request.oldest in (UNKNOWN_POSITION, shown.first)
        if not shown.last.msgid and shown.first == UNKNOWN_POSITION and unseen:
            shown.last = position_of(unseen[-1])
        if request.oldest != UNKNOWN_POSITION:
            shown.first = request.oldest
        # Reactions come first: one that was withdrawn later must not come behind its withdrawal,
        # which a later page had.
        for event in request.found:
            if isinstance(event, Reacted):
                self._effects.report(event)
        if not unseen and not is_stuck:  # the other side of a gap
            return False
        self._effects.report(EarlierMessages(request.channel, len(unseen)))
        for said in unseen:
            self._sync_state.see(said.msgid)
            self._effects.report(said)
        return True

    def report_in_order(self, request: HistoryRequest, key: str, marker: str) -> None:
        """Report the messages of a channel up to those that are held back.

        Args:
            request: the complete request.
            key: the folded name of the channel.
            marker: the time up to which the user has read, "" when that is not known.
        """
        live = {
            event.msgid: event for event in self._held if isinstance(event, Said) and event.msgid
        }
        for event in self._unseen(request.found):
            if isinstance(event, Said):
                position = position_of(event)
                if marker and position.time > marker and request.purpose is Purpose.JOINED:
                    self._effects.report(UnreadStart(request.channel))
                    marker = ""
                self._sync_state.see(event.msgid)
                self._sync_state.advance(key, position)
                self._effects.report(live.get(event.msgid) or self._recognised(event, key))
            else:
                self._effects.report(event)
        if request.purpose is Purpose.JOINED and request.messages:
            self._effects.report(HistoryEnd(request.channel))
        elif self._sync_state.channel(key).last == UNKNOWN_POSITION:
            self._sync_state.channel(key).last = request.joined

    def _recognised(self, said: Said, key: str) -> Said:
        """Return a message of the history; as confirmed, if it is one of this client's that was
        unconfirmed.
        """
        for sent in self._sync_state.unconfirmed:
            is_same = (sent.text, sent.kind) == (said.text, said.kind)
            is_same = is_same and self._features.same(sent.nick, said.sender)
            if is_same and self._features.fold(sent.target) == key:
                self._sync_state.unconfirmed.remove(sent)
                return replace(said, own=True, played_back="", request=sent.request)
        return said

    def _unseen(self, found: Iterable[Event]) -> Iterator[Event]:
        """Yield the events that were not reported. A message without a msgid that follows a
        reported one of the same sender is the rest of it.
        """
        seen_from = ""
        for event in list(found):
            if isinstance(event, Said):
                if event.msgid:
                    is_seen = self._sync_state.has_seen(event.msgid)
                    seen_from = event.sender if is_seen else ""
                if seen_from == event.sender:
                    continue
            yield event

    def _was_reported(self, event: Event) -> bool:
        return (
            isinstance(event, Said)
            and not event.played_back
            and self._sync_state.has_seen(event.msgid)
        )

    def _note(self, said: Said) -> None:
        self._sync_state.see(said.msgid)
        key = self._features.fold(said.conversation)
        is_followed = key in self._conversations or self._channels.get(said.target) is not None
        if (said.msgid or said.time) and is_followed and key not in self._awaited():
            self._sync_state.advance(key, position_of(said))

    def _awaited(self) -> set[str]:
        return self._requests.awaited(self._features.fold)


def _is_own_move(event: Event) -> bool:
    """Return whether an event changes where this client is: it is never held back."""
    return isinstance(event, UserJoined | UserParted | UserKicked | UserRenamed) and event.own
