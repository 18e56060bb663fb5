"""The messages that were shown in this run, over all connections: so that after a lost connection
none is missing, and none is shown twice.

Of each channel two positions are known: the earliest message that was shown, before which
`/history` goes on, and the latest, after which a new connection fills the gap.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from trio_chat.client.session.events import MessageKind
from trio_chat.irc.message import is_middle

_SEEN = 5000
"""Messages remembered as shown: more than a gap that is filled and the live messages meanwhile."""
_FUZZ = timedelta(seconds=1)


class HistoryPosition(NamedTuple):
    """The position of a message in the history: its msgid, and its time for servers that do not
    know the msgid any longer. Of an unknown position both are "".
    """

    msgid: str = ""
    time: str = ""

    def reference(self, types: Collection[str]) -> str:
        """Return the position as a message reference of CHATHISTORY, in the first type that the
        server knows; "" when there is none.
        """
        if self.msgid and "msgid" in types and is_middle(self.msgid):
            return f"msgid={self.msgid}"
        if not is_middle(self.time) or "timestamp" not in types:
            return ""
        return f"timestamp={_a_little_before(self.time) if self.msgid else self.time}"


def _a_little_before(time: str) -> str:
    # Several messages may have the same millisecond; a duplicate is recognised by its msgid.
    try:
        moment = datetime.fromisoformat(time) - _FUZZ
    except (ValueError, OverflowError):
        return time
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


UNKNOWN_POSITION = HistoryPosition()


@dataclass(slots=True)
class ShownRange:
    """The part of a channel's history that was shown."""

    first: HistoryPosition = UNKNOWN_POSITION
    last: HistoryPosition = UNKNOWN_POSITION


class UnconfirmedMessage(NamedTuple):
    """A message of this client that was neither confirmed nor refused, the nickname that sent it,
    and the number that it was sent with.
    """

    nick: str
    target: str
    text: str
    kind: MessageKind
    request: int = 0


@dataclass(slots=True)
class SyncState:
    """The messages that were shown, those that were sent, and why the user is away.

    Attributes:
        away: why the user is away; "" for not at all.
        unconfirmed: messages that a connection ended under.
        written: folded names of the channels and users to which messages were sent.
    """

    away: str = ""
    unconfirmed: list[UnconfirmedMessage] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    _channels: dict[str, ShownRange] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _order: deque[str] = field(default_factory=deque)

    def channel(self, key: str) -> ShownRange:
        """Return what was shown of a channel, by its folded name."""
        return self._channels.setdefault(key, ShownRange())

    def rename(self, old: str, new: str) -> None:
        """Note that a channel has another name; both are folded."""
        if shown := self._channels.pop(old, None):
            self._channels[new] = shown
        if old in self.written:
            self.written.add(new)

    def shown(self) -> Mapping[str, ShownRange]:
        """Return what was shown, by the folded names of channels."""
        return self._channels

    def has_seen(self, msgid: str) -> bool:
        """Return whether a message was shown; one without a msgid never was."""
        return bool(msgid) and msgid in self._seen

    def see(self, msgid: str) -> None:
        """Remember that a message was shown."""
        if not msgid or msgid in self._seen:
            return
        self._seen.add(msgid)
        self._order.append(msgid)
        if len(self._order) > _SEEN:
            self._seen.discard(self._order.popleft())

    def advance(self, key: str, position: HistoryPosition) -> None:
        """Note that the latest message of a channel was shown."""
        shown = self.channel(key)
        if not position.msgid and position.time <= shown.last.time:
            return  # the rest of a long message, whose first line has the msgid
        shown.last = position
        if shown.first == UNKNOWN_POSITION:
            shown.first = position

    def take_unconfirmed(
        self, fits: Callable[[UnconfirmedMessage], bool]
    ) -> list[UnconfirmedMessage]:
        """Remove and return the unconfirmed messages that a test accepts."""
        taken = [sent for sent in self.unconfirmed if fits(sent)]
        self.unconfirmed = [sent for sent in self.unconfirmed if not fits(sent)]
        return taken
