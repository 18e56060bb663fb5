"""The polls of a buffer, with their votes and the answers that close them."""

from collections.abc import Iterator
from itertools import islice

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.entries import BufferEntry, EntryKind
from trio_chat.client.polls import ShownPoll, is_result
from trio_chat.irc.polls import MARK, VoteLog, read_poll

_SEARCHED = 2000
"""Entries in which polls are looked for, from the newest."""


def shown_poll(buffer: Buffer, entry: BufferEntry) -> ShownPoll | None:
    """Return the poll that an entry of a buffer is, None for any other entry."""
    if not entry.text.startswith(MARK) or not entry.msgid or entry.kind is EntryKind.ACTION:
        return None
    poll = read_poll(entry.text) if entry.is_message else None
    if poll is None:
        return None
    answers = buffer.polls.answers(entry.msgid)
    results = (is_result(poll, entry.sender, each.sender, each.text) for each in answers)
    votes = entry.extras.votes if entry.extras else None
    return ShownPoll(
        entry.msgid,
        buffer.name,
        entry.sender,
        entry.own,
        poll,
        buffer.own_nick(),
        votes or VoteLog(),
        entry.is_bot,
        next(filter(None, results), None),
    )


def polls(buffer: Buffer) -> Iterator[ShownPoll]:
    """Yield the polls of a buffer, the newest first."""
    for entry in islice(buffer.newest(), _SEARCHED):
        if poll := shown_poll(buffer, entry):
            yield poll
