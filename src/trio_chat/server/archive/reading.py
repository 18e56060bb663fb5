"""Reading of a public channel from the history: by day, by words, and one message.

Every page is read anew, so a deleted message is gone at once. Few requests read at the same time,
so that readers of the archive do not delay the chat.
"""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple

import trio

from trio_chat.chat import public_archive, retention
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import LAST_ID, HistoryError, HistoryFilter, Query, Record, Span
from trio_chat.chat.ids import first_id, server_time
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import World
from trio_chat.exports.html import answered
from trio_chat.server.http.messages import RequestError

PAGE = 500
"""Messages of one page."""
_AT_ONCE = 4
_WAITING = 50
"""Requests that wait for their turn; further ones are refused."""
_MOST_LOOKED_FOR = 50
"""Messages of other pages that are looked for because some of a page answer them."""
_DAY = 86_400


class DayPage(NamedTuple):
    """The messages of a day, or a part of them.

    Args:
        records: the messages, the oldest first.
        last: the id after which the day goes on on another page; 0 if it does not.
        before: the day before with messages, such as `2026-11-28`; "" for none.
        after: the next day with messages; "" for none.
    """

    records: Sequence[Record]
    last: int
    before: str
    after: str


class ArchiveReader:
    """What the pages read.

    Args:
        world: the state of the chat.
        storage: of the world.
    """

    def __init__(self, world: World, storage: StoragePorts) -> None:
        self._world = world
        self._storage = storage
        self._turns = trio.Semaphore(_AT_ONCE)

    def channel(self, name: str) -> Channel:
        """Return a public channel.

        Args:
            name: its folded name, or a former one that leads to it.

        Raises:
            RequestError: 404: there is none, or it is not public.
        """
        channels = self._world.channels
        channel = channels.get(name) or channels.renamed_to(name)
        if channel is None or not public_archive.is_public(self._world, channel):
            raise RequestError(404, "there is no public channel of this name")
        return channel

    async def day(self, channel: Channel, begin: int, after: int = 0) -> DayPage:
        """Return messages of a day.

        Args:
            channel: a public channel.
            begin: seconds of Unix time at which the day begins.
            after: the id after which the page begins, within the day.

        Raises:
            RequestError: 503: the history cannot be read at the moment.
        """
        first, end = first_id(begin), first_id(begin + _DAY)
        span = Span(max(first - 1, after), end, from_newest=False)
        found = await self._messages(channel, span, PAGE + 1)
        earlier = await self._messages(channel, Span(0, first), 1)
        later = await self._messages(channel, Span(end - 1, LAST_ID, from_newest=False), 1)
        records = found[:PAGE]
        return DayPage(
            records,
            records[-1].id if len(found) > PAGE else 0,
            _day_of(earlier[-1]) if earlier else "",
            _day_of(later[0]) if later else "",
        )

    async def latest(self, channel: Channel, limit: int) -> Sequence[Record]:
        """Return the latest messages, the oldest first.

        Raises:
            RequestError: 503: the history cannot be read at the moment.
        """
        return await self._messages(channel, Span(), limit)

    async def last_day(self, channel: Channel) -> str:
        """Return the latest day with messages, such as `2026-11-28`; "" when there is none.

        Raises:
            RequestError: 503: the history cannot be read at the moment.
        """
        found = await self._messages(channel, Span(), 1)
        return _day_of(found[-1]) if found else ""

    async def one(self, channel: Channel, number: int) -> Record:
        """Return the message with an id.

        Raises:
            RequestError: 404: there is none, or it is not public; 503: as above.
        """
        found = await self._messages(channel, Span(number - 1, number + 1), 1)
        if not found:
            raise RequestError(404, "there is no such message, or it was deleted")
        return found[0]

    async def missing(self, channel: Channel, records: Sequence[Record]) -> set[int]:
        """Return the ids of messages that some of these answer, and that are not for everybody:
        they were deleted, or said before the channel was public, or elsewhere.

        Raises:
            RequestError: 503: the history cannot be read at the moment.
        """
        here = {record.id for record in records}
        wanted = {number for record in records if (number := answered(record)) is not None}
        found = set[int]()
        for number in sorted(wanted - here, reverse=True)[:_MOST_LOOKED_FOR]:
            if not await self._messages(channel, Span(number - 1, number + 1), 1):
                found.add(number)
        return found

    async def search(self, channel: Channel, text: str, limit: int) -> Sequence[Record]:
        """Return the latest messages that contain these words, the oldest first.

        Raises:
            RequestError: 503: the history cannot be read, or that would take too long.
        """
        span = self._public(channel, Span())
        query = Query({channel.folded: LAST_ID}, text, oldest={channel.folded: span.after + 1})
        async with self._turn():
            found = await _answered(self._storage.history.search(query, span, limit))
        return self._shown(channel, found)

    async def _messages(self, channel: Channel, span: Span, limit: int) -> Sequence[Record]:
        async with self._turn():
            found = await _answered(
                self._storage.history.messages(
                    channel.folded,
                    self._public(channel, span),
                    limit,
                    LAST_ID,
                    HistoryFilter.MESSAGES,
                )
            )
        return self._shown(channel, found)

    def _public(self, channel: Channel, span: Span) -> Span:
        oldest = retention.oldest(self._world, self._storage, channel)
        return retention.cut(span, max(oldest, channel.public_since + 1))

    def _shown(self, channel: Channel, found: Sequence[Record]) -> Sequence[Record]:
        """Return what is for everybody now: the channel may have changed while it was read."""
        if not public_archive.is_public(self._world, channel):
            raise RequestError(404, "there is no public channel of this name")
        return [
            record for record in found if public_archive.may_be_shown(self._world, channel, record)
        ]

    def _turn(self) -> trio.Semaphore:
        if self._turns.statistics().tasks_waiting >= _WAITING:
            raise RequestError(503, "too many read the archive at the moment")
        return self._turns


def _day_of(record: Record) -> str:
    return server_time(record.id)[:10]


async def _answered(reading: Awaitable[list[Record]]) -> list[Record]:
    try:
        return await reading
    except HistoryError as error:
        raise RequestError(503, "the history cannot be read at the moment") from error
