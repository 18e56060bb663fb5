"""Newest pages: what joining clients and CHATHISTORY LATEST read, kept for a second.

After a restart, thousands of clients join the same channels within seconds, and each reads the same
messages. A read takes a thread, and up to a fifth of the CPU of such a client.

A change by this process drops the pages that it concerns. A change by another one, such as an
import or a deletion on the command line, is noticed after the second.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from trio_chat.chat.history import LAST_ID, MESSAGES, REDACT, RENAME, Record, Span

_SECONDS = 1.0
_MOST_PAGES = 128
_MOST_RECORDS = 100
_MOST_CHARACTERS = 32_768
"""Characters of the texts of a page; a larger one is not kept."""


class PageQuery(NamedTuple):
    """The arguments of `History.messages`."""

    buffer: str
    span: Span
    limit: int
    private_after: int


class _Page(NamedTuple):
    """The newest messages of a buffer: all with ids greater than `floor`, but for private ones with
    ids smaller than `private_after`.
    """

    records: Sequence[Record]
    floor: int
    private_after: int


class NewestPages:
    """The newest messages of buffers, as far as they were read in the last second.

    Args:
        clock: returns seconds.

    Attributes:
        newest: the greatest id of all messages; the end of all ids until it is known.
        version: a number that grows with each change. What was read meanwhile is not kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.newest = LAST_ID
        self.version = 0
        self._pages: dict[str, _Page] = {}
        self._end = 0.0

    def find(self, query: PageQuery) -> list[Record] | None:
        """Return the messages of a query, or None when they have to be read."""
        buffer, (after, before, from_newest), limit, private_after = query
        page = self._pages.get(buffer)
        if page is None or not limit or not from_newest or page.private_after != private_after:
            return None
        records = page.records
        if (records and before <= records[-1].id) or self._clock() >= self._end:
            return None
        found = [record for record in records if record.id > after][-limit:]
        return found if len(found) == limit or after >= page.floor else None

    def keep(self, query: PageQuery, records: Sequence[Record], version: int) -> None:
        """Keep the messages of a query, if they are the newest ones of their buffer and not many.

        Args:
            query: the query.
            records: its messages.
            version: the version from before they were read.
        """
        after, before, from_newest = query.span
        is_newest = from_newest and (before > self.newest or before == LAST_ID)
        if version != self.version or not is_newest or not query.limit:
            return
        if (
            len(records) > _MOST_RECORDS
            or sum(len(each.text) for each in records) > _MOST_CHARACTERS
        ):
            return
        now = self._clock()
        if now >= self._end or len(self._pages) >= _MOST_PAGES:
            self._pages.clear()
            self._end = now + _SECONDS
        floor = records[0].id - 1 if len(records) == query.limit else after
        self._pages[query.buffer] = _Page(records, floor, query.private_after)

    def drop(self, records: Sequence[Record], *, and_all_others: bool = False) -> None:
        """Drop the pages that a commit changes.

        Args:
            records: its messages and events, in order.
            and_all_others: whether it may have deleted any messages.
        """
        for record in records:
            if record.command in MESSAGES:
                self.newest = record.id
                self._drop(record.buffer)
            elif record.command == REDACT:
                self._drop(record.buffer)
            elif record.command == RENAME:  # the buffer that had the name is another one, too
                and_all_others = True
        if and_all_others:
            self.drop_all()

    def _drop(self, buffer: str) -> None:
        self._pages.pop(buffer, None)
        self.version += 1

    def drop_all(self) -> None:
        """Drop all pages, since messages were deleted or moved."""
        self._pages.clear()
        self.version += 1
