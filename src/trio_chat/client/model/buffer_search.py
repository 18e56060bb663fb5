"""Local search: the entries of a buffer, as far as they are loaded, that contain some words."""

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.entries import BufferEntry
from trio_chat.client.model.formatting import plain


class BufferSearch:
    """A search in one buffer. Texts are folded once, so that each further letter costs little.

    Args:
        buffer: the buffer.
    """

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self._first = buffer.first
        self._folded: list[str] = []

    def find(self, text: str, most: int) -> list[int]:
        """Return the numbers of the newest entries that contain all words of a text, the newest
        last.

        Args:
            text: words and parts of words, of the message and of its sender; case does not matter.
            most: how many numbers at most.
        """
        self._fold_new()
        words = _folded(text).split()
        if not words:
            return []
        longest = max(words, key=len)
        found: list[int] = []
        for index in range(len(self._folded) - 1, -1, -1):
            folded = self._folded[index]
            if longest in folded and all(word in folded for word in words):
                number = self._first + index
                if not self.buffer[number].is_deleted:
                    found.append(number)
                    if len(found) == most:
                        break
        return found[::-1]

    def _fold_new(self) -> None:
        """Fold the entries that were added at either end, and forget those that the buffer has
        dropped.
        """
        buffer = self.buffer
        dropped = buffer.first - self._first
        if dropped > 0:
            del self._folded[:dropped]
        elif dropped < 0:
            older = range(buffer.first, min(self._first, buffer.end))
            self._folded[:0] = [_entry_folded(buffer[number]) for number in older]
        self._first = buffer.first
        del self._folded[len(buffer) :]
        newer = range(buffer.first + len(self._folded), buffer.end)
        self._folded += [_entry_folded(buffer[number]) for number in newer]


def _entry_folded(entry: BufferEntry) -> str:
    return _folded(f"{entry.sender} {plain(entry.text)}")


def _folded(text: str) -> str:
    """Return a text without the difference of case, and of the Russian ё and е, as the server's
    search compares.
    """
    return text.casefold().replace("ё", "е")
