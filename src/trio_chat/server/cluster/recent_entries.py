"""The last entries that a node has carried out: they show which ones a log has lost, after a
failover of the engine to a replica that lacked them.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import trio

from trio_chat.cluster.entries import Entry, Said
from trio_chat.irc.plurals import counted
from trio_chat.server.cluster.log import Log, LogBroken, LogUnavailable, Stored

_MOST = 8192
"""Entries that are remembered; nodes append a few hundred in a second at most."""
_PATIENCE = 10.0
"""Seconds for the questions to a log that has lost entries."""


class _Recent(NamedTuple):
    """An entry that was carried out.

    Args:
        position: of it.
        time: of it, in seconds of Unix time.
        commands: how many commands of clients it has.
    """

    position: str
    time: float
    commands: int


class RecentEntries:
    """The last entries of one node, in memory."""

    def __init__(self) -> None:
        self._entries: deque[_Recent] = deque(maxlen=_MOST)

    def note(self, stored: Stored, entry: Entry) -> None:
        """Note an entry that was carried out."""
        commands = sum(isinstance(item, Said) for item in entry.items)
        self._entries.append(_Recent(stored.position, stored.time, commands))

    async def explain_loss(self, log: Log) -> str:
        """Return which of the entries a log has lost, as a sentence; "" if that is not known."""
        entries = list(self._entries)
        count = 0
        with trio.move_on_after(_PATIENCE) as scope:
            try:
                count = await _count_common(log, entries)
            except LogUnavailable:
                return ""
        if scope.cancelled_caught or not count or count == len(entries):
            return ""
        lost = entries[count:]
        commands = sum(entry.commands for entry in lost)
        return (
            f" It has lost {counted(len(lost), 'entry', 'entries')} with"
            f" {counted(commands, 'command')} of clients (messages and others), from"
            f" {_text(lost[0].time)} to {_text(lost[-1].time)} UTC; the database of this node"
            " still has what they led to"
        )


async def _count_common(log: Log, entries: Sequence[_Recent]) -> int:
    """Return how many of the first entries the log has: up to where it has forked."""
    least, most = 0, len(entries)
    while least < most:
        middle = (least + most) // 2
        if await _has(log, entries[middle].position):
            least = middle + 1
        else:
            most = middle
    return least


async def _has(log: Log, position: str) -> bool:
    try:
        await log.read(position)
    except LogBroken:
        return False
    return True


def _text(moment: float) -> str:
    whole = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment * 1000) % 1000:03}"
