"""The history of a server: messages and events, which are appended in batches, read as ranges of
ids, and found by their words.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import trio

from trio_chat.chat.history import (
    MESSAGES,
    REDACT,
    RENAME,
    BadRecord,
    HistoryError,
    HistoryFilter,
    Query,
    Record,
    Span,
)
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.persistence import ChangeSet
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.storage.channel_buffers import ChannelBuffers, NewBuffer, new_buffers
from trio_chat.storage.clock import note_steps
from trio_chat.storage.database import Database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.events import (
    append_events,
    select_messages_and_events,
)
from trio_chat.storage.messages import (
    append_messages,
    buffer_id,
    conversations,
    delete_old,
    delete_one,
    last_id,
    redact,
    rename_buffer,
    select_messages,
    select_numbers,
    write_last_numbers,
)
from trio_chat.storage.newest_pages import NewestPages, PageQuery
from trio_chat.storage.search import search
from trio_chat.storage.search_index import (
    index_new,
    index_old,
    indexed_range,
    merge,
)
from trio_chat.storage.state import is_erasing, keep
from trio_chat.storage.transactions import damage_reported

if TYPE_CHECKING:
    import apsw

_LAST_NUMBER = "SELECT last_number FROM buffer WHERE id = ?"
_MOST_BUFFERS = 10_000
_INDEXED_AT_ONCE = 500
"""Messages indexed in one transaction, which is how long new messages may have to wait."""
_MERGED_AT_ONCE = 8
"""Transactions that add to the search index until it is merged."""
_MOST_MERGES = 32
"""Transactions of a merge, which would not end while an import adds to the index; several times as
many as are needed.
"""
_PATIENCE = 20
"""Stops of merges for new messages, until they have to wait for each transaction of one: it is well
below `crisismerge`.
"""


class SqliteHistory:
    """The history of a server (the port `trio_chat.chat.history.History`).

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.numbers: Mapping[int, int] = {}
        self._pages = NewestPages()
        self._channels = ChannelBuffers()
        self._latest = 0  # the latest id that this object has committed
        # The writing thread alone uses these three: the ids of buffers, the last numbers of their
        # messages, and the last shift.
        self._buffers: dict[str, int] = {}
        self._last_numbers: dict[int, int] = {}
        self._shift: int | None = None
        self._commits = 1  # 1 stands for the messages that the database had at the start
        self._indexed_commits = 0
        self._committed = trio.lowlevel.ParkingLot()
        self._unmerged = _MERGED_AT_ONCE  # transactions; those before the start may be some
        self._stopped = 0

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Append messages as one transaction; see `History.commit`."""
        may_erase = state is not None and is_erasing(state)
        write = (
            self._database.erase
            if may_erase or any(record.command == REDACT for record in records)
            else self._database.write
        )
        self.numbers = {}
        try:
            self.numbers = await write(self._append, records, state)
        except (
            StorageError,
            TypeError,
            ValueError,
            OverflowError,
        ) as error:  # a lone surrogate (UnicodeError), a number too large, a damaged page
            # The transaction that numbered them, and their messages, was rolled back.
            self._buffers.clear()
            self._last_numbers.clear()
            self._shift = None
            raise (HistoryError if _is_about_the_file(error) else BadRecord)(str(error)) from error
        finally:  # when cancelled too, it may have been written
            self._pages.drop(records, and_all_others=may_erase)
            self._channels.add(_buffers_of(records))
        if records:
            self._latest = max(self._latest, records[-1].id)
        self._commits += 1
        self._committed.unpark_all()

    async def wait_unindexed(self) -> None:
        """Wait until messages may be missing from the search index; no checkpoint when some are."""
        while self._indexed_commits == self._commits:
            await self._committed.park()

    async def index(self) -> None:
        """Index all messages committed so far. `search` does so first.

        When cancelled, some messages are indexed, and a later call continues with the others.

        Raises:
            HistoryError: not all messages were indexed.
        """
        commits = self._commits
        try:
            with damage_reported():
                is_more = True
                while is_more:
                    count = await self._database.write(index_new, _INDEXED_AT_ONCE)
                    is_more = count == _INDEXED_AT_ONCE
                    self._unmerged += 1
                    if is_more:  # SQLite would merge very many segments at once
                        await self._merge()
        except StorageError as error:
            raise HistoryError(str(error)) from error
        self._indexed_commits = max(self._indexed_commits, commits)

    async def merge(self) -> None:
        """Merge the search index while no message waits to be committed.

        When it is seldom that none waits, they have to wait now and then. When cancelled, a part is
        merged.

        Raises:
            HistoryError: the database could not be written.
        """
        try:
            await self._merge()
        except StorageError as error:
            raise HistoryError(str(error)) from error

    async def _merge(self) -> None:
        if self._unmerged < _MERGED_AT_ONCE:
            return
        for _ in range(_MOST_MERGES):
            is_to_stop = self._database.has_waiting if self._stopped < _PATIENCE else None
            is_more = await self._database.write(merge, _INDEXED_AT_ONCE, is_to_stop)
            if is_more is None:
                self._stopped += 1
                return
            if not is_more:
                self._unmerged = self._stopped = 0
                return
        self._stopped = 0

    async def index_old(self) -> bool:
        """Index some messages that are older than the index, the newest first; return whether more
        are left.

        Raises:
            HistoryError: none of them was indexed, or the index could not be merged.
        """
        try:
            with damage_reported():
                count = await self._database.write(index_old, _INDEXED_AT_ONCE)
            self._unmerged += 1
            await self._merge()
        except StorageError as error:
            raise HistoryError(str(error)) from error
        return count == _INDEXED_AT_ONCE

    async def searchable_from(self) -> int:
        """Return the smallest id that the index covers; see `History.searchable_from`."""
        try:
            return (await self._database.read(indexed_range))[0] + 1
        except StorageError as error:
            raise HistoryError(str(error)) from error

    def is_new(self, channel: str, latest: int) -> bool:
        """Return whether nothing is stored of a channel; see `History.is_new`."""
        return self._latest >= latest and self._channels.lacks(channel)

    async def messages(
        self,
        buffer: str,
        span: Span,
        limit: int,
        private_after: int,
        shown: HistoryFilter = HistoryFilter.MESSAGES,
    ) -> list[Record]:
        """Return a range of messages; see `History.messages`. No checkpoint when they were read a
        moment ago, or there are none of this buffer.
        """
        if self._channels.lacks(buffer):
            return []
        try:
            if shown is HistoryFilter.MESSAGES:
                return await self._messages(PageQuery(buffer, span, limit, private_after))
            return await self._database.read(
                select_messages_and_events, buffer, span, limit, private_after, shown
            )
        except StorageError as error:
            raise HistoryError(str(error)) from error

    async def _messages(self, query: PageQuery) -> list[Record]:
        if (kept := self._pages.find(query)) is not None:
            return kept
        version, asked = self._pages.version, self._channels.due()
        if asked is None:
            found = await self._database.read(select_messages, *query)
        else:
            found, buffers = await self._database.read(
                _messages_and_new_buffers, query, self._channels.last
            )
            self._channels.keep(buffers, asked)
        self._pages.keep(query, found, version)
        return found

    async def numbers_of(self, buffer: str, first: int, last: int) -> dict[int, int]:
        """Return the numbers of a range of messages; see `History.numbers_of`."""
        try:
            return await self._database.read(select_numbers, buffer, first, last)
        except StorageError as error:
            raise HistoryError(str(error)) from error

    async def search(self, query: Query, span: Span, limit: int) -> list[Record]:
        """Return the messages that match a query; see `History.search`."""
        if self._indexed_commits < self._commits:
            await self.index()
        try:
            return await self._database.search(search, query, span, limit)
        except StorageError as error:
            raise HistoryError(str(error)) from error

    async def conversations(self, account: int) -> list[str]:
        """Return the conversations of an account; see `History.conversations`."""
        try:
            return await self._database.read(conversations, account)
        except StorageError as error:
            raise HistoryError(str(error)) from error

    async def last_id(self) -> int:
        """Return the greatest id ever committed, or 0."""
        self._pages.newest = newest = await self._database.read(last_id)
        return newest

    async def redact(self, buffer: str, number: int) -> bool:
        """Delete one message; see `History.redact`."""
        try:
            with damage_reported():
                return await self._database.erase(delete_one, buffer, number)
        except StorageError as error:
            raise HistoryError(str(error)) from error
        finally:
            self._pages.drop_all()

    async def prune(
        self, before: int, limit: int, only: str | None = None, without: Sequence[str] = ()
    ) -> int:
        """Delete old messages and events; see `History.prune`."""
        try:
            with damage_reported():
                return await self._database.erase(delete_old, before, limit, only, without)
        except StorageError as error:
            raise HistoryError(str(error)) from error
        finally:
            self._pages.drop_all()

    def _append(
        self, connection: "apsw.Connection", records: Sequence[Record], state: ChangeSet | None
    ) -> dict[int, int]:
        """Write records, and return the numbers of messages of channels by their ids."""
        if state is not None:
            keep(connection, state)
        if not records:
            return {}
        numbered: list[tuple[int, Record]] = []
        redacted: list[tuple[int, int]] = []
        for record in records:
            if record.command == RENAME:
                self._buffers.clear()
                rename_buffer(connection, record.buffer, fold_or_self(record.params[0]), record.id)
            elif record.command == REDACT:
                redacted.append((self._buffer(connection, record.buffer), _redacted_by(record)))
            else:
                numbered.append((self._buffer(connection, record.buffer), record))
        messages = [entry for entry in numbered if entry[1].command in MESSAGES]
        numbers = self._number(connection, messages)
        append_messages(connection, messages, numbers)
        append_events(connection, [entry for entry in numbered if entry[1].command not in MESSAGES])
        for key in redacted:  # of this batch, too
            redact(connection, key)
        if self._shift is None or any(record.shift != self._shift for record in records):
            note_steps(connection, records)
            self._shift = records[-1].shift
        return numbers

    def _number(
        self, connection: "apsw.Connection", messages: Sequence[tuple[int, Record]]
    ) -> dict[int, int]:
        """Number the messages of channels, each by one more than the last one of its buffer, and
        have the buffers know the last numbers.
        """
        last, numbers, touched = self._last_numbers, dict[int, int](), set[int]()
        for buffer, record in messages:
            if not is_channel_name(record.buffer):
                continue
            if buffer not in last:
                if len(last) >= _MOST_BUFFERS:
                    write_last_numbers(connection, last, touched)
                    last.clear()
                    touched.clear()
                last[buffer] = int(connection.execute(_LAST_NUMBER, (buffer,)).get)
            last[buffer] += 1
            numbers[record.id] = last[buffer]
            touched.add(buffer)
        write_last_numbers(connection, last, touched)
        return numbers

    def _buffer(self, connection: "apsw.Connection", name: str) -> int:
        known = self._buffers.get(name)
        if known is not None:
            return known
        number = buffer_id(connection, name)
        if len(self._buffers) >= _MOST_BUFFERS:
            self._buffers.clear()
        self._buffers[name] = number
        return number


def _messages_and_new_buffers(
    connection: "apsw.Connection", query: PageQuery, after: int
) -> tuple[list[Record], list[NewBuffer]]:
    return select_messages(connection, *query), new_buffers(connection, after)


def _buffers_of(records: Sequence[Record]) -> set[str]:
    """Return the names of the buffers that there are after records were committed."""
    return {
        fold_or_self(record.params[0]) if record.command == RENAME else record.buffer
        for record in records
    }


def _is_about_the_file(error: Exception) -> bool:
    """Return whether an error concerns the file, such as a full disk, rather than one record."""
    import apsw  # noqa: PLC0415

    about_data = (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError)
    return isinstance(error, StorageError) and not isinstance(error.__cause__, about_data)


def _redacted_by(record: Record) -> int:
    """Return the id of the message that an event deletes."""
    number = parse_msgid(record.params[0])
    if number is None:
        raise ValueError(f"{record.params[0]} is no msgid")
    return number
