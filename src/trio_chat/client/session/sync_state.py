"""The messages that were shown in this run, over any connection: after a lost one nothing is
missing, and nothing is shown twice.

Of each channel two places are known: the earliest message shown, before which `/history` goes on,
and the latest, after which a new connection fills the gap. A place is a msgid, with the time as
what to fall back on.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from trio_chat.client.session.events import MessageKind
from trio_chat.irc.message import is_middle

_SEEN = 5000
"""Messages remembered as shown: more than a gap that is filled and what is said meanwhile."""
_FUZZ = timedelta(seconds=1)


class HistoryPosition(NamedTuple):
    """Where a message is in the history; of one that is nowhere both are ""."""

    msgid: str = ""
    time: str = ""

    def reference(self, types: Collection[str]) -> str:
        """Return it as CHATHISTORY takes it, in the first form that the server understands; "" when
        there is none.
        """
        if self.msgid and "msgid" in types and is_middle(self.msgid):
            return f"msgid={self.msgid}"
        if not is_middle(self.time) or "timestamp" not in types:
            return ""
        return f"timestamp={_a_little_before(self.time) if self.msgid else self.time}"


def _a_little_before(time: str) -> str:
    # Others may have spoken in the same millisecond; who is seen twice is recognised by the msgid.
    try:
        moment = datetime.fromisoformat(time) - _FUZZ
    except (ValueError, OverflowError):
        return time
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


UNKNOWN_POSITION = HistoryPosition()


@dataclass(slots=True)
class ShownRange:
    """The part of a channel's history that has been shown."""

    first: HistoryPosition = UNKNOWN_POSITION
    last: HistoryPosition = UNKNOWN_POSITION


class UnconfirmedMessage(NamedTuple):
    """A message of ours whose fate is not known, and the nickname we had when we sent it."""

    nick: str
    target: str
    text: str
    kind: MessageKind


@dataclass(slots=True)
class SyncState:
    """The messages that were shown, those that were sent without confirmation, and their targets,
    by folded names.
    """

    unconfirmed: list[UnconfirmedMessage] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    _channels: dict[str, ShownRange] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _order: deque[str] = field(default_factory=deque)

    def channel(self, key: str) -> ShownRange:
        """Return what was shown of a channel, by its folded name."""
        return self._channels.setdefault(key, ShownRange())

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

    def advance(self, key: str, place: HistoryPosition) -> None:
        """Note that the latest message of a channel was shown."""
        shown = self.channel(key)
        if (
            not place.msgid and place.time <= shown.last.time
        ):  # the rest of a long message: its beginning has the msgid
            return
        shown.last = place
        if shown.first == UNKNOWN_POSITION:
            shown.first = place

    def take_unconfirmed(
        self, fits: Callable[[UnconfirmedMessage], bool]
    ) -> list[UnconfirmedMessage]:
        """Remove and return the messages of unknown fate that a test fits."""
        taken = [sent for sent in self.unconfirmed if fits(sent)]
        self.unconfirmed = [sent for sent in self.unconfirmed if not fits(sent)]
        return taken
