"""Reactions to an entry, and the poll that an entry is."""

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.client.model.entries import BufferEntry, EntryKind
from trio_chat.client.polls import ShownPoll, is_result
from trio_chat.irc.polls import MARK, VoteLog, is_sign, read_poll

if TYPE_CHECKING:
    from trio_chat.client.model.buffer import Buffer

MOST_WAITING = 5000
"""Reactions to messages that are not loaded, which are kept until these are."""
_MOST_REACTIONS = 50
"""Different reactions to one message."""
_MOST_REACTING = 1000
"""Nicknames of one reaction."""
_SEARCHED = 2000
"""Entries in which polls are looked for, from the newest."""


class Reaction(NamedTuple):
    """A reaction, or its withdrawal; see `session.events.Reacted`."""

    nick: str
    reaction: str
    time: str
    is_taken_back: bool


def apply(entry: BufferEntry, noted: Reaction) -> None:
    """Note a reaction to an entry."""
    nick, reaction, time, is_taken_back = noted
    extras = entry.extra()
    reactions = extras.reactions
    nicks = reactions.get(reaction, [])
    if is_taken_back:
        reactions[reaction] = nicks = [each for each in nicks if each != nick]
    elif nick not in nicks and len(nicks) < _MOST_REACTING:
        reactions[reaction] = nicks = [*nicks, nick]
    if not nicks or len(reactions) > _MOST_REACTIONS:
        reactions.pop(reaction, None)
    if is_sign(reaction):
        extras.votes = extras.votes or VoteLog()
        extras.votes.note(nick, reaction, time, is_taken_back=is_taken_back)


def shown_poll(buffer: "Buffer", entry: BufferEntry) -> ShownPoll | None:
    """Return the poll that an entry of a buffer is, None for any other entry."""
    if not entry.text.startswith(MARK) or not entry.msgid or entry.kind is EntryKind.ACTION:
        return None
    poll = read_poll(entry.text) if entry.is_message else None
    if poll is None:
        return None
    answers = (
        each
        for each in takewhile(lambda each: each is not entry, buffer.newest())
        if each.extras and each.extras.reply_to == entry.msgid
    )
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


def polls(buffer: "Buffer") -> Iterator[ShownPoll]:
    """Yield the polls of a buffer, the newest first."""
    for entry in islice(buffer.newest(), _SEARCHED):
        if poll := shown_poll(buffer, entry):
            yield poll
