"""Quotas of the storage: the rows and bytes that are stored within an hour for one address or
account.

They stop clients that fill the disk, not conversations: what exceeds them is refused, or happens
without being stored. While the disk is nearly full, the remaining room is reserved for accounts,
and finally for operators.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Any, Final

from trio_chat.chat.events import Event
from trio_chat.chat.users import Session, User

log = logging.getLogger("trio_chat")

HOUR: Final = 3600.0
ROW_BYTES: Final = 120
"""The bytes of a row in addition to its texts: keys and indexes."""
STATE_BYTES: Final = 1000
"""The bytes as which a change of persistent state counts: of a registered channel, a read marker,
metadata.
"""
_MOST_PAYERS: Final = 10_000
TOO_MUCH: Final = (
    "Not written down: too much has been within the last hour from your address or account. "
    "Go on more slowly in some minutes, or ask an operator of this server"
)
NO_ROOM: Final = (
    "Not written down: the disk of this server is nearly full, and what is left is kept for others."
    " Log in, or tell an operator"
)


class Room(IntEnum):
    """The users for whom there is room on the disk."""

    EVERYBODY = 0
    ACCOUNTS = 1
    OPERATORS = 2


class _Usage:
    """The messages and bytes that were stored for an address or account, less what has been
    refilled.
    """

    __slots__ = ("at", "is_over", "rows", "size")

    def __init__(self, now: float) -> None:
        self.rows = self.size = 0.0
        self.at = now
        self.is_over = False

    def copy(self) -> "_Usage":
        """Return another one with the same numbers."""
        other = _Usage(self.at)
        other.rows, other.size, other.is_over = self.rows, self.size, self.is_over
        return other


class Quotas:
    """Counts the stored rows and bytes.

    Args:
        rows: messages and events within an hour, also all at once; 0 for no limit.
        size: bytes within an hour; 0 for no limit.
        elapsed: returns seconds that never go back.

    Attributes:
        is_counting: whether what is asked for is counted. In a cluster only commands are that all
            servers carry out.
        rooms: the users for whom there is room on the disk, by the names of servers: each server of
            a cluster stores everything. Only those are there that lack room.
        dropped: the number of events that were not stored because of a quota or a full disk.
    """

    def __init__(self, rows: int, size: int, elapsed: Callable[[], float]) -> None:
        self._rows = rows or float("inf")
        self._size = size or float("inf")
        self._elapsed = elapsed
        self._usages: dict[str | int, _Usage] = {}  # by address, and by the number of an account
        self.rooms: dict[str, Room] = {}
        self.is_counting = True
        self.dropped = 0

    @property
    def room(self) -> Room:
        """The users for whom there is room on all disks."""
        return max(self.rooms.values(), default=Room.EVERYBODY)

    def set_room(self, server: str, room: Room) -> None:
        """Take for whom there is room on the disk of a server."""
        self.rooms.pop(server, None)
        if room:
            self.rooms[server] = room

    def why_not(
        self, user: User, rows: int = 1, size: int = ROW_BYTES, session: Session | None = None
    ) -> str:
        """Return why nothing more is stored for a user, as a sentence; "" if it is stored, which is
        then counted.

        Args:
            user: the user that causes it. Operators and addresses that are exempt from limits are
                not counted.
            rows: the number of messages and events.
            size: their bytes.
            session: the last session of a user without sessions.
        """
        if user.operator is not None:
            return ""
        if self.rooms and (self.room is Room.OPERATORS or not user.account):
            return NO_ROOM
        last = user.sessions[0] if user.sessions else session
        if last is not None and not last.payer:
            return ""
        now = self._elapsed()
        usages = [self._usage(last.payer, now)] if last is not None else []
        if user.account_id:
            usages.append(self._usage(user.account_id, now))
        for usage in usages:
            if usage.rows + rows > self._rows or usage.size + size > self._size:
                if self.is_counting:
                    self._note_over(user, usages)
                return TOO_MUCH
        for usage in usages if self.is_counting else ():
            usage.rows += rows
            usage.size += size
            if usage.is_over and usage.rows < self._rows / 2 and usage.size < self._size / 2:
                usage.is_over = False
        return ""

    def stores(self, user: User, params: Iterable[str], rows: int, session: Session | None) -> bool:
        """Return whether an event is stored in so many channels; it happens in any case."""
        size = rows * (ROW_BYTES + len(user.source) + sum(map(len, params)))
        is_stored = not self.why_not(user, rows, size, session)
        self.dropped += not is_stored
        return is_stored

    def why_not_say(self, user: User, event: Event) -> str:
        """Return why a message that would be stored is refused; see `why_not`."""
        size = ROW_BYTES + len(event.source) + len(event.params[-1].encode())
        if event.client_tags:
            size += sum(len(key) + len(value.encode()) for key, value in event.client_tags.items())
        rows = len(event.history_targets)
        return self.why_not(user, rows, rows * size)

    def to_state(self) -> dict[str, Any]:
        """Return what is counted as plain data."""
        return {
            "rooms": {server: int(self.rooms[server]) for server in sorted(self.rooms)},
            "usages": [
                [payer, usage.rows, usage.size, usage.at, usage.is_over]
                for payer, usage in self._usages.items()
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `to_state` returned."""
        self.rooms = {server: Room(room) for server, room in state["rooms"].items()}
        for payer, rows, size, at, is_over in state["usages"]:
            usage = self._usages[payer] = _Usage(at)
            usage.rows, usage.size, usage.is_over = rows, size, is_over

    def _usage(self, payer: str | int, now: float) -> _Usage:
        usage = self._usages.get(payer)
        if not self.is_counting:
            usage = usage.copy() if usage is not None else _Usage(now)
        elif usage is None:
            if len(self._usages) >= _MOST_PAYERS:
                self._forget(now)
            usage = self._usages[payer] = _Usage(now)
            return usage
        passed = (now - usage.at) / HOUR
        usage.at = now
        if passed > 0:
            rows, size = usage.rows - passed * self._rows, usage.size - passed * self._size
            usage.rows = rows if rows > 0.0 else 0.0
            usage.size = size if size > 0.0 else 0.0
        return usage

    def _forget(self, now: float) -> None:
        """Keep the entries that were used within an hour, or of many those that were used last."""
        usages = sorted(self._usages.items(), key=lambda entry: entry[1].at)
        kept = [(name, usage) for name, usage in usages if now - usage.at < HOUR]
        self._usages = dict(kept[-_MOST_PAYERS // 2 :])

    def _note_over(self, user: User, usages: list[_Usage]) -> None:
        if all(usage.is_over for usage in usages):
            return
        for usage in usages:
            usage.is_over = True
        where = user.sessions[0].address if user.sessions else "no session"
        log.warning(
            "quota: what %s (%s) does is not written down any more: too much within an hour",
            user.source,
            where,
        )
