"""The polls of a buffer by their msgids, with the answers that may close them: a vote must not cost
a walk through all entries since the poll.
"""

from collections.abc import Iterable, Iterator

from trio_chat.client.model.entries import BufferEntry
from trio_chat.irc.polls import CLOSED_MARK, MARK


class PollIndex:
    """What a buffer has of polls, in its order."""

    def __init__(self) -> None:
        self._polls: dict[str, BufferEntry] = {}
        self._answers: dict[str, list[BufferEntry]] = {}

    def add(self, entry: BufferEntry) -> None:
        """Note the newest entry."""
        if entry.msgid and entry.text.startswith(MARK):
            self._polls[entry.msgid] = entry
        if asked := _answered(entry):
            self._answers.setdefault(asked, []).append(entry)

    def add_older(self, entries: Iterable[BufferEntry]) -> None:
        """Note entries that are older than all others; the oldest first."""
        older = PollIndex()
        for entry in entries:
            older.add(entry)
        self._polls = older._polls | self._polls
        for asked, answers in older._answers.items():
            self._answers[asked] = answers + self._answers.get(asked, [])

    def drop(self, entries: Iterable[BufferEntry]) -> None:
        """Forget entries, before their texts are deleted."""
        for entry in entries:
            if self._polls.get(entry.msgid) is entry:
                del self._polls[entry.msgid]
            if asked := _answered(entry):
                rest = [each for each in self._answers.get(asked, []) if each is not entry]
                if rest:
                    self._answers[asked] = rest
                else:
                    self._answers.pop(asked, None)

    def poll(self, msgid: str) -> BufferEntry | None:
        """Return the entry with this msgid if it looks like a poll; None when there is none."""
        return self._polls.get(msgid)

    def answers(self, msgid: str) -> Iterator[BufferEntry]:
        """Yield the answers to a message that look as if they closed a poll, the newest first."""
        return reversed(self._answers.get(msgid, []))


def _answered(entry: BufferEntry) -> str:
    """Return the msgid of the poll that an entry may close, "" for none."""
    return entry.extras.reply_to if entry.extras and entry.text.startswith(CLOSED_MARK) else ""
