"""A part of the history that is wanted: what to ask for, and what has come of it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum

from trio_chat.client.session.events import Said
from trio_chat.client.session.sync_state import UNKNOWN_POSITION, HistoryPosition
from trio_chat.irc.message import Message, format_tags

AT_JOIN = 20
"""Messages shown of a channel that is joined, when somebody watches."""
MOST_MISSED = 500
"""Messages fetched of what was said while there was no connection."""
MOST_EARLIER = 500
"""Messages shown at once of what was said earlier."""
MOST_FOUND = 20
PAGE = 100
"""Messages asked for at once; a server may say that it gives fewer."""
_MOST_IN_PAGE = 1000
"""Messages of a page that are kept, whatever the server sends."""


class Purpose(Enum):
    """What a part of the history is wanted for."""

    JOINED = "to know what is being talked of"
    MISSED = "to fill a gap"
    EARLIER = "to read further back"
    SEARCH = "to find words"


@dataclass(slots=True)
class HistoryRequest:
    """A part of the history that is wanted.

    Args:
        purpose: what for.
        channel: whose history it is; "" searches everywhere.
        want: how many messages at most.
        since: the message after which it begins.
        before: the message before which it ends.
        text: what is searched for.
        joined: when we joined the channel.
    """

    purpose: Purpose
    channel: str
    want: int
    since: HistoryPosition = UNKNOWN_POSITION
    before: HistoryPosition = UNKNOWN_POSITION
    text: str = ""
    joined: HistoryPosition = UNKNOWN_POSITION
    found: list[Said] = field(default_factory=list)
    page: list[Said] = field(default_factory=list)
    count: int = 0
    fetched: int = 0
    asked: int = 0
    oldest: HistoryPosition = UNKNOWN_POSITION
    by_time: bool = False
    batch: str = ""
    is_end: bool = False
    token: str = ""

    @property
    def holds(self) -> bool:
        """Whether what happens meanwhile must be shown after it."""
        return self.purpose in (Purpose.JOINED, Purpose.MISSED)

    def next_page(self, limit: int, token: str) -> None:
        """Forget the last page and decide how long the next one may be.

        Args:
            limit: how many messages the server gives at once, 0 for any number.
            token: what the PING behind the request carries.
        """
        self.asked = min(limit or PAGE, PAGE, self.want - self.fetched)
        self.page, self.count, self.batch, self.is_end, self.token = [], 0, "", False, token

    def add(self, said: Said, *, shown: bool) -> None:
        """Take in one message of the page; `shown` is false for what no person is to see."""
        if self.count == 0:
            self.oldest = position_of(said)
        self.count += 1
        if shown and self.count <= _MOST_IN_PAGE:
            self.page.append(said)

    def end_page(self) -> None:
        """Put the page before those that were there: they come from the newest to the oldest."""
        self.found[:0] = self.page
        self.fetched += self.count
        self.before = self.oldest

    def message(self, types: Collection[str]) -> Message:
        """Return what to ask the server.

        Args:
            types: the forms of references that it understands.
        """
        if self.purpose is Purpose.SEARCH:
            attributes = {"text": self.text, "in": self.channel, "limit": str(self.asked)}
            text = format_tags({key: value for key, value in attributes.items() if value})
            return Message("SEARCH", (text[1:].rstrip(" "),))
        since = self.since.reference(("timestamp",) if self.by_time else types)
        before = self.before.reference(types)
        words = (
            ["BETWEEN", before, since]
            if before and since
            else ["BEFORE", before]
            if before
            else ["LATEST", since or "*"]
        )
        return Message("CHATHISTORY", (words[0], self.channel, *words[1:], str(self.asked)))


def position_of(said: Said) -> HistoryPosition:
    """Return where a message is in the history."""
    return HistoryPosition(said.msgid, said.time or said.played_back.removeprefix("?"))
