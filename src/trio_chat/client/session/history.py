"""Chat history in the client (IRCv3 `draft/chathistory`, `soju.im/search`): after a JOIN, after a
lost connection, for `/history` and for `/search`.

One request is under way at a time. Every request goes from the newest message back to older ones,
page by page, and is reported as a whole, oldest first. A PING follows it; a PONG without an answer
before it means that none will come.
"""

from trio_chat.client.session.effects import Effects
from trio_chat.client.session.event_sequencer import EventSequencer
from trio_chat.client.session.events import (
    HistoryGap,
    HistoryPage,
    HistoryRefused,
    MessageUnconfirmed,
    Reacted,
    Said,
    SearchResults,
    SearchUnknown,
)
from trio_chat.client.session.features import Features
from trio_chat.client.session.history_request import (
    MOST_FOUND,
    MOST_MISSED,
    HistoryRequest,
    Purpose,
    RequestQueue,
    position_of,
)
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.read_markers import ReadMarkers
from trio_chat.client.session.sync_state import UNKNOWN_POSITION, HistoryPosition, SyncState
from trio_chat.irc.message import Message, is_middle
from trio_chat.irc.tag_names import CHATHISTORY_BATCH, MSGID, SEARCH_BATCH, TIME

_MOST_TARGETS = 20
_INVALID = "INVALID_PARAMS"
_NO_MESSAGE = "The server knows no message by this id"


class HistoryFetcher:
    """The requests of one connection.

    Args:
        effects: where requests are sent and answers are reported.
        negotiation: the capabilities.
        features: of the server.
        sync_state: what was shown before this connection.
        requests: the queue of the requests.
        sequencer: brings messages of the history and live ones into their order.
        markers: the read markers.
        at_join: how many messages to show of a channel that is joined; 0 for none.
    """

    def __init__(
        self,
        effects: Effects,
        negotiation: Negotiation,
        features: Features,
        sync_state: SyncState,
        requests: RequestQueue,
        sequencer: EventSequencer,
        markers: ReadMarkers,
        at_join: int,
    ) -> None:
        self.batches: set[str] = set()
        self._effects = effects
        self._negotiation = negotiation
        self._features = features
        self._sync_state = sync_state
        self._requests = requests
        self._sequencer = sequencer
        self._markers = markers
        self._at_join = at_join
        self._numbers: dict[str, int] = {}

    # Requests of the user

    def joined(self, channel: str, time: str) -> None:
        """Request the history of a channel that was joined at this time."""
        if not self._negotiation.history:
            return
        shown = self._sync_state.channel(self._features.fold(channel))
        if shown.last.reference(self._features.reference_types):
            request = HistoryRequest(Purpose.MISSED, channel, MOST_MISSED + 1, since=shown.last)
            self._want(request)
        elif self._at_join:
            position = HistoryPosition(time=time)
            self._want(HistoryRequest(Purpose.JOINED, channel, self._at_join, joined=position))
        elif shown.last == UNKNOWN_POSITION:
            shown.last = HistoryPosition(time=time)

    def note_number(self, channel: str, number: int, *, is_live: bool) -> None:
        """Note the number of a message of a channel (`trio-chat/number`). A live one that is more
        than one above the last shows that others did not arrive: they are requested, and shown
        before it.
        """
        key = self._features.fold(channel)
        last = self._numbers.get(key, 0)
        self._numbers[key] = max(last, number)
        is_gap = is_live and 0 < last < number - 1
        if not is_gap or not self._negotiation.history:
            return
        shown = self._sync_state.channel(key)
        is_awaited = key in self._requests.awaited(self._features.fold)
        if not is_awaited and shown.last.reference(self._features.reference_types):
            request = HistoryRequest(Purpose.MISSED, channel, MOST_MISSED + 1, since=shown.last)
            self._want(request)

    def rename(self, old: str, new: str) -> None:
        """Note that a channel has another name."""
        fold, same = self._features.fold, self._features.same
        if (number := self._numbers.pop(fold(old), None)) is not None:
            self._numbers[fold(new)] = number
        self._sync_state.rename(fold(old), fold(new))
        self._requests.rename(lambda name: same(name, old), new)

    def open_conversation(self, nick: str) -> None:
        """Request the latest messages of a private conversation, or those since the last
        connection; once a connection.
        """
        if is_middle(nick) and self._sequencer.follow(self._features.fold(nick)):
            self._markers.request(nick)
            self.joined(nick, "")

    def request_targets(self, since: str, until: str) -> None:
        """Request the conversations that have messages between two times, the later one first."""
        if self._negotiation.history:
            times = f"timestamp={until}", f"timestamp={since}"
            self._effects.send("CHATHISTORY", "TARGETS", *times, str(_MOST_TARGETS))

    def show_earlier(self, channel: str, count: int) -> None:
        """Request messages before the earliest that was shown of a channel."""
        if not self._negotiation.history:
            self._effects.report(HistoryRefused(channel, ""))
            return
        first = self._sync_state.channel(self._features.fold(channel)).first
        self._want(HistoryRequest(Purpose.EARLIER, channel, count, before=first))

    def search(self, text: str, channel: str) -> None:
        """Request messages that contain these words; a channel "" searches everywhere."""
        if self._negotiation.search:
            self._want(HistoryRequest(Purpose.SEARCH, channel, MOST_FOUND, text=text))
        else:
            self._effects.report(SearchUnknown())

    def fetch(
        self,
        request: int,
        channel: str,
        count: int,
        *,
        before: str = "",
        around: str = "",
        text: str = "",
    ) -> None:
        """Request messages that are reported in one `HistoryPage`.

        Args:
            request: the number of the request, not 0.
            channel: the channel or the user; "" searches everywhere.
            count: how many messages at most.
            before: the msgid before which they end, "" for the latest.
            around: the msgid of a message that is wanted with its neighbours, "" for none.
            text: the words to search for, "" for all messages.
        """
        knows = self._negotiation.search if text else self._negotiation.history
        msgid = before or around
        position = HistoryPosition(msgid)
        if not knows:
            problem = "The server cannot search" if text else "The server has no history"
            self._effects.report(HistoryPage(request, problem=problem))
        elif not is_middle(channel) and (channel or not text):
            self._effects.report(HistoryPage(request, problem="There is no such conversation"))
        elif msgid and not position.reference(self._features.reference_types):
            self._effects.report(HistoryPage(request, problem=_NO_MESSAGE))
        else:
            self._want(
                HistoryRequest(
                    Purpose.PAGE,
                    channel,
                    count,
                    before=position,
                    text=text,
                    request=request,
                    is_around=bool(around),
                )
            )

    # Answers

    def begin_batch(self, reference: str, kind: str, target: str, *, is_end: bool = False) -> None:
        """Note that the messages of a batch come from the history; `is_end` where the server says
        that no page follows.
        """
        request = self._requests.current
        if kind not in (CHATHISTORY_BATCH, SEARCH_BATCH):
            return
        self.batches.add(reference)
        is_search = kind == SEARCH_BATCH
        if (
            request is None
            or request.batch
            or is_search != request.is_search
            or not (is_search or self._features.same(target, request.channel))
        ):
            return
        request.batch, request.is_end = reference, is_end

    def add(self, reference: str, said: Said, *, shown: bool) -> None:
        """Take one message of a batch; `shown` is false for what no person is to see."""
        request = self._requests.current
        if request is not None and request.batch == reference:
            request.add(said, shown=shown)
        elif shown:
            self._sequencer.report_unseen(said)

    def pass_over(self, reference: str, message: Message, reacted: Reacted | None = None) -> None:
        """Count an event of a batch, which is no message: a reaction, or what is not shown."""
        request = self._requests.current
        position = HistoryPosition(message.tags.get(MSGID, ""), message.tags.get(TIME, ""))
        if request is not None and reference and request.batch == reference:
            request.add_event(position, reacted)
        elif reacted is not None:
            self._effects.report(reacted)

    def end_batch(self, reference: str) -> None:
        """Go on when the page that was requested is complete."""
        self.batches.discard(reference)
        request = self._requests.current
        if request is None or request.batch != reference:
            return
        request.end_page()
        is_short = request.count < request.asked and bool(self._features.history_limit)
        is_last = request.is_end or not request.count or is_short
        if request.is_search or is_last or request.has_enough:
            self._show(request, is_whole=is_last)
        else:
            self._ask(request)

    def passed(self, token: str) -> None:
        """Give up a request that was not answered before the PONG behind it."""
        if self._requests.current and self._requests.current.token == token:
            self.refused("")

    def refused(self, reason: str, code: str = "") -> bool:
        """Go on without the answer to the current request; return whether there was one.

        Args:
            reason: why the server does not answer it, "" if it says nothing.
            code: the code of the refusal, "" for none.
        """
        request = self._requests.current
        if request is None:
            return False
        if request.since.msgid and not request.by_time and request.since.time:
            request.by_time = True  # the msgid may be older than what the server keeps
            self._ask(request)
        elif request.purpose is Purpose.PAGE:
            problem = reason or "The server does not return these messages"
            if code == _INVALID and request.before.msgid:
                problem = "" if request.is_around else _NO_MESSAGE
            self._effects.report(HistoryPage(request.request, problem=problem))
            self._end(request)
        elif request.purpose is not Purpose.JOINED and not request.messages:
            self._effects.report(HistoryRefused(request.channel, reason))
            self._end(request)
        else:
            self._show(request, is_whole=False)
        return True

    def settle(self) -> None:
        """Report the unconfirmed messages that no awaited history will settle."""
        awaited = self._requests.awaited(self._features.fold)
        for sent in self._sync_state.take_unconfirmed(
            lambda sent: self._features.fold(sent.target) not in awaited
        ):
            self._sequencer.emit(MessageUnconfirmed(sent.target, sent.text, sent.request))

    # One request after the other

    def _want(self, request: HistoryRequest) -> None:
        if not request.channel or is_middle(request.channel):
            self._requests.add(request)
            self._ask_next()

    def _ask_next(self) -> None:
        if request := self._requests.begin_next():
            self._ask(request)

    def _ask(self, request: HistoryRequest) -> None:
        request.next_page(
            self._features.history_limit,
            self._requests.new_token(),
            has_events=self._negotiation.plays_events,
        )
        message = request.message(self._features.reference_types)
        try:
            message.body()
        except ValueError:
            self.refused("No line can hold what was asked for")
            return
        self._effects.put(message)
        self._effects.send("PING", request.token)

    def _show(self, request: HistoryRequest, *, is_whole: bool) -> None:
        key = self._features.fold(request.channel)
        if request.purpose in (Purpose.JOINED, Purpose.EARLIER):
            request.drop_surplus()
        messages = request.messages
        if request.purpose is Purpose.PAGE:
            self._effects.report(HistoryPage(request.request, tuple(messages)))
        elif request.purpose is Purpose.SEARCH:
            self._effects.report(SearchResults(request.text, request.channel, len(messages)))
            for said in messages:
                self._effects.report(said)
        elif request.purpose is Purpose.EARLIER:
            if not self._sequencer.report_earlier(request, key):
                self._requests.add_first(request.further())
        else:
            if request.purpose is Purpose.MISSED and not is_whole and messages:
                self._effects.report(HistoryGap(request.channel, len(messages)))
                self._sync_state.channel(key).first = position_of(messages[0])
            self._sequencer.report_in_order(request, key, self._markers.position(request.channel))
        self._end(request)

    def _end(self, request: HistoryRequest) -> None:
        self._requests.end()
        if request.holds:
            self._settle_channel(request.channel)
        if not self._requests.awaited(self._features.fold):
            self._sequencer.release()
        self._ask_next()

    def _settle_channel(self, channel: str) -> None:
        """Report the unconfirmed messages to a channel that its history does not have."""
        for sent in self._sync_state.take_unconfirmed(
            lambda sent: self._features.same(sent.target, channel)
        ):
            self._sequencer.emit(MessageUnconfirmed(sent.target, sent.text, sent.request))
