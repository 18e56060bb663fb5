"""A request for chat history (IRCv3 `draft/chathistory`, `soju.im/search`): its lines, and the
messages that have come of it.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum

from trio_chat.client.session.events import Reacted, Said
from trio_chat.client.session.sync_state import UNKNOWN_POSITION, HistoryPosition
from trio_chat.irc.message import Message, format_tags

AT_JOIN = 20
"""Messages shown of a channel that is joined, when a person watches."""
MOST_MISSED = 500
"""Messages fetched of what was said while there was no connection."""
MOST_EARLIER = 500
"""Messages shown at once of what was said earlier."""
MOST_FOUND = 20
PAGE = 100
"""Messages asked for at once; a server may say that it gives fewer."""
_MOST_IN_PAGE = 1000
"""Messages of a page that are kept, whatever the server sends."""
_MOST_EVENTS = 500
"""Events that a request goes through for its messages, besides as many as the messages."""


class Purpose(Enum):
    """Purpose of a request."""

    JOINED = "to know what is being talked of"
    MISSED = "to fill a gap"
    EARLIER = "to read further back"
    SEARCH = "to find words"
    PAGE = "for a program, which shows no conversation"


@dataclass(slots=True)
class HistoryRequest:
    """A request, answered in one or several pages.

    Args:
        purpose: why it is made.
        channel: the channel or the user whose history is requested; "" searches everywhere.
        want: how many messages at most.
        since: the message after which the answer begins.
        before: the message before which it ends.
        text: the words to search for.
        joined: when this client joined the channel.
        request: the number by which a program knows its request, 0 for what is shown to a user.
        is_around: whether `before` is in the middle of the only page, which also has it.

    Attributes:
        found: the messages of the pages so far and the reactions among them, the oldest first.
        page: those of the current page that are to be shown.
        count: how many messages and events the current page has, shown or not.
        fetched: how many messages the pages before it had.
        events: how many events the pages had.
        asked: how many messages and events were requested for the current page.
        oldest: the first message or event of the current page.
        by_time: whether `since` is given as a time, since the server refused its msgid.
        batch: the reference of the batch that is the current page, "" until it begins.
        is_end: whether the server has said that no page follows.
        token: the token of the PING behind the current page's request.
    """

    purpose: Purpose
    channel: str
    want: int
    since: HistoryPosition = UNKNOWN_POSITION
    before: HistoryPosition = UNKNOWN_POSITION
    text: str = ""
    joined: HistoryPosition = UNKNOWN_POSITION
    request: int = 0
    is_around: bool = False
    found: list[Said | Reacted] = field(default_factory=list)
    page: list[Said | Reacted] = field(default_factory=list)
    count: int = 0
    fetched: int = 0
    events: int = 0
    asked: int = 0
    oldest: HistoryPosition = UNKNOWN_POSITION
    by_time: bool = False
    batch: str = ""
    is_end: bool = False
    token: str = ""

    @property
    def is_search(self) -> bool:
        """Whether words are searched for."""
        return self.purpose is Purpose.SEARCH or bool(self.text)

    @property
    def holds(self) -> bool:
        """Whether live events must be shown after its answer."""
        return self.purpose in (Purpose.JOINED, Purpose.MISSED)

    @property
    def messages(self) -> list[Said]:
        """The messages that were found."""
        return [each for each in self.found if isinstance(each, Said)]

    @property
    def has_enough(self) -> bool:
        """Whether no further page is needed, or there would be too many."""
        is_long = self.fetched >= self.want or self.events >= self.want + _MOST_EVENTS
        return self.is_around or is_long

    def next_page(self, limit: int, token: str, *, has_events: bool = False) -> None:
        """Begin another page, and decide how long it may be.

        Args:
            limit: how many messages the server returns at once, 0 for any number.
            token: of the PING that follows the request.
            has_events: whether events count as messages: then nobody knows how many are needed.
        """
        is_mixed = has_events and not self.is_search
        self.asked = min(limit or PAGE, PAGE, PAGE if is_mixed else self.want - self.fetched)
        self.page, self.count, self.batch, self.is_end, self.token = [], 0, "", False, token

    def add(self, said: Said, *, shown: bool) -> None:
        """Take one message of the page; `shown` is false for what no person is to see."""
        if self.count == 0:
            self.oldest = position_of(said)
        self.count += 1
        self.fetched += 1
        if shown and self.count <= _MOST_IN_PAGE:
            self.page.append(said)

    def add_event(self, position: HistoryPosition, reacted: Reacted | None) -> None:
        """Take an event of the page; None for one that is not shown."""
        if self.count == 0:
            self.oldest = position
        self.count += 1
        self.events += 1
        if reacted and self.count <= _MOST_IN_PAGE:
            self.page.append(reacted)

    def end_page(self) -> None:
        """Put the page before the earlier ones: pages go from the newest to the oldest."""
        self.found[:0] = self.page
        self.before = self.oldest

    def drop_surplus(self) -> None:
        """Drop the oldest messages that are more than was wanted, and what precedes the rest."""
        messages = self.messages
        if len(messages) <= self.want:
            return
        first = messages[-self.want]
        del self.found[: self.found.index(first)]
        self.oldest = position_of(first)

    def further(self) -> "HistoryRequest":
        """Return a request that goes on before the messages of this one."""
        return HistoryRequest(self.purpose, self.channel, self.want, before=self.oldest)

    def message(self, types: Collection[str]) -> Message:
        """Return the line that requests the current page.

        Args:
            types: the types of message references that the server knows.
        """
        if self.is_search:
            attributes = {"text": self.text, "in": self.channel, "limit": str(self.asked)}
            text = format_tags({key: value for key, value in attributes.items() if value})
            return Message("SEARCH", (text[1:].rstrip(" "),))
        since = self.since.reference(("timestamp",) if self.by_time else types)
        before = self.before.reference(types)
        words = (
            ["BETWEEN", before, since]
            if before and since
            else ["AROUND" if self.is_around else "BEFORE", before]
            if before
            else ["LATEST", since or "*"]
        )
        return Message("CHATHISTORY", (words[0], self.channel, *words[1:], str(self.asked)))


class RequestQueue:
    """The requests of one connection: the one that is under way, and those that wait for it."""

    def __init__(self) -> None:
        self.current: HistoryRequest | None = None
        self._waiting: deque[HistoryRequest] = deque()
        self._tokens = 0

    def add(self, request: HistoryRequest) -> None:
        """Add a request behind the others."""
        self._waiting.append(request)

    def add_first(self, request: HistoryRequest) -> None:
        """Add a request that goes on with the current one."""
        self._waiting.appendleft(request)

    def begin_next(self) -> HistoryRequest | None:
        """Make the first waiting request the current one and return it; None while another is
        under way, or when none waits.
        """
        if self.current is not None or not self._waiting:
            return None
        self.current = self._waiting.popleft()
        return self.current

    def end(self) -> None:
        """Note that the current request is done."""
        self.current = None

    def rename(self, same: Callable[[str], bool], new: str) -> None:
        """Make the requests about a channel by its new name.

        Args:
            same: returns whether a name is the former one of the channel.
            new: its name.
        """
        for request in (*((self.current,) if self.current else ()), *self._waiting):
            if same(request.channel):
                request.channel = new

    def new_token(self) -> str:
        """Return a token for a PING that no other request has had."""
        self._tokens += 1
        return f"h{self._tokens}"

    def awaited(self, fold: Callable[[str], str]) -> set[str]:
        """Return the folded names of the channels whose history must be shown before live events.

        Args:
            fold: folds a name for comparison.
        """
        if self.current is None and not self._waiting:
            return set()
        current = (self.current,) if self.current else ()
        return {fold(request.channel) for request in (*current, *self._waiting) if request.holds}


def position_of(said: Said) -> HistoryPosition:
    """Return the position of a message in the history."""
    return HistoryPosition(said.msgid, said.time or said.played_back.removeprefix("?"))
