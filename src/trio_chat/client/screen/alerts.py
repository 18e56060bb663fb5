"""Alerts: the first mention rings at once, those of the second after it ring together."""

from collections.abc import Callable
from dataclasses import dataclass

import trio

from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry
from trio_chat.i18n import ngettext
from trio_chat.irc.text import clean

INTERVAL = 1.0
"""The least time between two alerts, in seconds."""
_MOST_NAMED = 3
_MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class _Mention:
    buffer: Buffer
    entry: BufferEntry


class Alerts:
    """The alerts of one client.

    Args:
        ring: notifies the user, with a title and a text.
    """

    def __init__(self, ring: Callable[[str, str], None]) -> None:
        self._ring = ring
        self._is_pausing = False
        self._begun = trio.Event()
        self._waiting: list[_Mention] = []

    def add(self, buffer: Buffer, entry: BufferEntry) -> None:
        """Notify the user of a mention, together with others if the last alert was just now."""
        if self._is_pausing:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(_Mention(buffer, entry))
            return
        self._is_pausing = True
        self._begun.set()
        self._notify([_Mention(buffer, entry)])

    async def run(self) -> None:
        """Notify the user of the mentions that have gathered, once a second, until cancelled."""
        while True:
            await self._begun.wait()
            self._begun = trio.Event()
            await trio.sleep(INTERVAL)
            while waiting := self._take_waiting():
                self._notify(waiting)
                await trio.sleep(INTERVAL)
            self._is_pausing = False

    def _take_waiting(self) -> list[_Mention]:
        """Return the waiting mentions that the user has not seen."""
        waiting, self._waiting = self._waiting, []
        return [mention for mention in waiting if mention.buffer.unread]

    def _notify(self, mentions: list[_Mention]) -> None:
        if len(mentions) == 1:
            buffer, entry = mentions[0].buffer, mentions[0].entry
            self._ring(
                f"{entry.sender}{'' if buffer.kind is BufferKind.PRIVATE else f' {buffer.name}'}",
                entry.text,
            )
            return
        count = len(mentions)
        names = [*dict.fromkeys(clean(mention.buffer.name) for mention in mentions)]
        places = ", ".join(names[:_MOST_NAMED])
        if more := len(names) - _MOST_NAMED if len(names) > _MOST_NAMED else 0:
            places += " " + ngettext("and {count} more", "and {count} more", more).format(
                count=more
            )
        text = ngettext("{count} mention in {places}", "{count} mentions in {places}", count)
        self._ring("trio-chat", text.format(count=count, places=places))
