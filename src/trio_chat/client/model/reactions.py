"""Reactions to an entry."""

from typing import NamedTuple

from trio_chat.client.model.entries import BufferEntry
from trio_chat.irc.polls import VoteLog, is_sign

MOST_WAITING = 5000
"""Reactions to messages that are not loaded, which are kept until these are."""
_MOST_REACTIONS = 50
"""Different reactions to one message."""
_MOST_REACTING = 1000
"""Nicknames of one reaction."""


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
