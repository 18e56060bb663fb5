"""A buffer: one channel, one private conversation, or the messages of the server itself.

Entries are numbered. An entry keeps its number when older ones are put before it or dropped, so
that a view can remember where it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from trio_chat.client.model.entries import (
    BufferEntry,
    EntryKind,
    EntryTranslation,
    Extras,
    MembershipChange,
)
from trio_chat.client.model.poll_index import PollIndex
from trio_chat.client.model.reactions import MOST_WAITING, Reaction, apply

MOST_ENTRIES = 100_000
_NOW = "~"
"""Behind all server-times: a reaction without a time is live."""
_DROPPED_AT_ONCE = 1000
_MOST_MEMBERSHIP_CHANGES = 200
_FAR = 2000
"""Entries searched, from the newest, for the target of a reaction or deletion."""
TYPING_LASTS = 6.0
"""Seconds after which a user that does not go on typing counts as having stopped (IRCv3 typing)."""


class BufferKind(Enum):
    """The kind of a buffer."""

    SERVER = "server"
    CHANNEL = "channel"
    PRIVATE = "private"


@dataclass(slots=True)
class Member:
    """A member of a channel.

    Args:
        nick: as the server writes it.
        ranks: the prefixes, the highest first.
        is_away: whether the user is away.
        spoke: when the user sent the last message, in seconds of Unix time; 0 for never.
    """

    nick: str
    ranks: str = ""
    is_away: bool = False
    spoke: float = 0.0


class Buffer:
    """One buffer.

    Args:
        name: as the server writes it.
        kind: the kind of buffer.
        read_until: messages up to this time count as read.
        own_nick: returns the nickname of the user, whose votes are marked.

    Attributes:
        unread: how many messages are unread.
        mentions: how many of these mention the user.
        unread_line: the number of the first unread entry, before which a line is drawn.
        knows_marker: whether the server has announced a read marker.
        is_loading: whether earlier messages were requested.
        is_unanswered: whether another user opened the conversation and the user has not written in
            it.
        has_all: whether there is nothing earlier to request.
        draft: the line that was typed and not sent.
        first: the number of the oldest entry.
        polls: the polls among the entries, and what closes them.
        changes: grows with every change, so that a view knows.
    """

    def __init__(
        self,
        name: str,
        kind: BufferKind,
        read_until: float = 0.0,
        own_nick: Callable[[], str] = str,
    ) -> None:
        self.name = name
        self.own_nick = own_nick
        self.kind = kind
        self.topic = ""
        self.members: dict[str, Member] = {}
        self.is_joined = kind is not BufferKind.CHANNEL
        self.is_away = False
        self.unread = 0
        self.mentions = 0
        self.unread_line: int | None = None
        self.read_until = read_until
        self.knows_marker = False
        self.is_loading = False
        self.is_unanswered = False
        self.has_all = kind is BufferKind.SERVER
        self.draft = ""
        self.first = 0
        self.changes = 0
        self.polls = PollIndex()
        self._entries: list[BufferEntry] = []
        self._typing: dict[str, float] = {}
        self._waiting: dict[str, list[Reaction]] = {}

    # Entries

    @property
    def end(self) -> int:
        """The number of the next entry."""
        return self.first + len(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True  # an empty buffer is a buffer

    def __getitem__(self, number: int) -> BufferEntry:
        if not self.first <= number < self.end:
            raise IndexError(number)
        return self._entries[number - self.first]

    def newest(self) -> Iterator[BufferEntry]:
        """Yield the entries, the newest first."""
        return reversed(self._entries)

    def append(self, entry: BufferEntry) -> int:
        """Add the newest entry and return its number; the oldest are dropped when there are too
        many.
        """
        self._entries.append(entry)
        self.polls.add(entry)
        self._apply_waiting(entry)
        self.changes += 1
        if len(self._entries) > MOST_ENTRIES:
            self.polls.drop(self._entries[:_DROPPED_AT_ONCE])
            del self._entries[:_DROPPED_AT_ONCE]
            self.first += _DROPPED_AT_ONCE
            self.has_all = True  # dropped entries are not requested again
        return self.end - 1

    def prepend(self, entries: Sequence[BufferEntry]) -> None:
        """Put older entries before the others."""
        self._entries[:0] = entries
        self.polls.add_older(entries)
        self.first -= len(entries)
        for entry in entries:
            self._apply_waiting(entry)
        self.changes += 1

    def clear(self) -> None:
        """Drop all entries."""
        self.first = self.end
        self._entries.clear()
        self.polls = PollIndex()
        self.unread_line = None
        self.changes += 1

    def find(self, msgid: str, *, far: bool = False) -> int | None:
        """Return the number of the entry with this msgid; None when it is not there.

        Args:
            msgid: the msgid; "" is that of no entry.
            far: whether to search all entries, not only the newest ones.
        """
        if not msgid:
            return None
        for number in range(
            self.end - 1, self.first - 1 if far else max(self.first, self.end - _FAR) - 1, -1
        ):
            if self[number].msgid == msgid:
                return number
        return None

    def at_time(self, time: float) -> int | None:
        """Return the number of the first entry not older than this time; None if all are older."""
        for number in range(self.first, self.end):
            if self[number].time >= time:
                return number
        return None

    def add_membership_change(self, move: MembershipChange, nick: str, time: float) -> None:
        """Note that a user came or went, in one entry with those just before."""
        self._last_membership_entry(time).membership_changes.append((move, nick))

    def add_rank(self, by: str, change: str, time: float) -> None:
        """Note a change of ranks, such as `+o bob`, in one entry with those just before: after a
        netsplit there are hundreds.
        """
        self._last_membership_entry(time).ranks.append((by, change))

    def _last_membership_entry(self, time: float) -> Extras:
        last = self._entries[-1] if self._entries else None
        if (
            last is None
            or last.kind is not EntryKind.MEMBERSHIP
            or self.end == self.unread_line
            or _size(last) >= _MOST_MEMBERSHIP_CHANGES
        ):
            last = BufferEntry(EntryKind.MEMBERSHIP, time, extras=Extras())
            self.append(last)
        last.time = time
        self.changes += 1
        return last.extra()

    def react(
        self, msgid: str, nick: str, reaction: str, *, is_taken_back: bool, time: str = ""
    ) -> None:
        """Note a reaction to an entry, also to one that is not loaded yet."""
        entry = self.polls.poll(msgid)
        if entry is None and (number := self.find(msgid)) is not None:
            entry = self[number]
        noted = Reaction(nick, reaction, time, is_taken_back)
        if entry is not None:
            apply(entry, noted)
            self.changes += 1
        elif msgid:
            self._waiting.setdefault(msgid, []).append(noted)
            if sum(map(len, self._waiting.values())) > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]

    def _apply_waiting(self, entry: BufferEntry) -> None:
        if self._waiting and entry.msgid:
            waiting = self._waiting.pop(entry.msgid, ())
            for noted in sorted(waiting, key=lambda each: each.time or _NOW):
                apply(entry, noted)

    def redact(self, msgid: str, by: str) -> bool:
        """Delete the text of an entry; return whether the entry was there."""
        number = self.find(msgid, far=True)
        if number is None:
            return False
        entry = self[number]
        self.draw_answered_poll(entry)
        self.polls.drop([entry])
        entry.text = ""
        entry.extra().deleted_by = by
        entry.extra().translation = None
        self.changes += 1
        return True

    def draw_answered_poll(self, entry: BufferEntry) -> None:
        """Have the poll drawn again that an answer closes."""
        poll = self.polls.poll(entry.extras.reply_to) if entry.extras else None
        if poll is not None:
            poll.extra()

    def translate(self, msgid: str, translation: EntryTranslation | None) -> bool:
        """Show a translation beneath an entry, or None; return whether the entry is there."""
        number = self.find(msgid, far=True)
        if number is None:
            return False
        if not self[number].is_deleted:
            self[number].extra().translation = translation
            self.changes += 1
        return True

    # Read and unread

    def see(self) -> float:
        """Mark everything as read; return the time of the newest message, 0 when there is none."""
        self.unread = self.mentions = 0
        newest = next((entry.time for entry in self.newest() if entry.is_message), 0.0)
        self.read_until = max(self.read_until, newest)
        return newest

    def count_unread(self, number: int) -> None:
        """Count an entry as unread, and draw the line before it if it is the first."""
        self.unread += 1
        self.mentions += self[number].is_mention
        self.draw_line(number)

    def draw_line(self, number: int) -> None:
        """Draw the line before the first unread entry, unless it is drawn already."""
        if self.unread_line is None:
            self.unread_line = number

    def read_elsewhere(self, time: float) -> None:
        """Note that the user has read up to this time on another device."""
        self.read_until = max(self.read_until, time) if self.knows_marker else time
        self.knows_marker = True
        if not self.unread:
            return
        rest = [
            entry
            for entry in self._entries[-self.unread :]
            if entry.time > time and entry.is_message and not entry.own
        ]
        self.unread, self.mentions = len(rest), sum(entry.is_mention for entry in rest)
        if not rest:
            self.unread_line = None
        self.changes += 1

    # Typing

    def note_typing(self, nick: str, now: float, *, is_typing: bool) -> None:
        """Note that a user is typing, or has stopped."""
        self._typing.pop(nick, None)
        if is_typing:
            self._typing[nick] = now + TYPING_LASTS

    def typing(self, now: float) -> list[str]:
        """Return the nicknames of the users that are typing."""
        self._typing = {nick: until for nick, until in self._typing.items() if until > now}
        return list(self._typing)


def _size(entry: BufferEntry) -> int:
    return len(entry.extras.membership_changes) + len(entry.extras.ranks) if entry.extras else 0
