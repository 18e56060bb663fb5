"""Answers to LIST: the channels with the most users come first, and a bounded number is kept."""

from typing import NamedTuple

MOST_LISTED = 50_000
"""Channels of an answer that are kept for a page."""
MOST_LINES = 100
"""Channels of an answer that the line interface shows."""
LONGEST_TOPIC = 200
"""Characters of a topic that are kept."""
_SPARE = 1.25
"""The factor by which the limit may be exceeded before the smallest channels are dropped."""
_MOST_DIGITS = 9


class Listed(NamedTuple):
    """A channel of an answer; sorted, the one with more users comes first."""

    rank: int
    folded: str
    name: str
    topic: str

    @property
    def users(self) -> int:
        """The number of users in it."""
        return -self.rank


class Listing:
    """The channels of one answer.

    Args:
        most: the number of channels that are kept.
    """

    def __init__(self, most: int = MOST_LISTED) -> None:
        self.count = 0
        self.is_complete = False
        self.problem = ""
        self._most = most
        self._channels: list[Listed] = []
        self._words: list[str] = []
        self._found: list[Listed] = []
        self._looked_through = 0

    @property
    def is_cut(self) -> bool:
        """Whether the answer had more channels than are kept."""
        return self.count > self._most

    def add(self, name: str, users: str, topic: str) -> None:
        """Add a channel, with the number of its users as the server wrote it."""
        self.count += 1
        number = int(users[:_MOST_DIGITS]) if users.isascii() and users.isdigit() else 0
        self._channels.append(Listed(-number, name.casefold(), name, topic[:LONGEST_TOPIC]))
        if len(self._channels) > self._most * _SPARE:
            self._cut()

    def end(self, problem: str = "") -> None:
        """Note that the answer is complete, and the error if there was one."""
        self.is_complete, self.problem = True, problem
        if len(self._channels) > self._most:
            self._cut()

    def _cut(self) -> None:
        self._channels = sorted(self._channels)[: self._most]
        self._found, self._looked_through = [], 0

    def matching(self, wanted: str = "") -> list[Listed]:
        """Return the channels with all the words in their names or topics, the largest first.

        Args:
            wanted: words; capitals do not matter.
        """
        words = wanted.casefold().split()
        if words != self._words:
            self._words, self._found, self._looked_through = words, [], 0
        if self._looked_through < len(self._channels):
            fresh = self._channels[self._looked_through :]
            self._looked_through = len(self._channels)
            self._found += (
                (channel for channel in fresh if _fits(channel, words)) if words else fresh
            )
            self._found.sort()
        return self._found


def _fits(channel: Listed, words: list[str]) -> bool:
    text = f"{channel.folded}\n{channel.topic.casefold()}"
    return all(word in text for word in words)
