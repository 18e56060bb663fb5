"""Mentions: the users whose names are in a text, found without a look at every user."""

import re
from collections.abc import Container, Iterable
from typing import Final

from trio_chat.chat.users import User
from trio_chat.irc.text import strip_formatting

_WORD: Final = re.compile(r"[\w-]+")
_SPACES: Final = " \n\r\t\u3000"
"""What ends a link: a message may have several lines."""


class MentionIndex:
    """The names of some users.

    A text mentions a name only if the first word of the name is a word of the text. So the names
    are found by that word, and the cost of a message depends on its length, not on the number of
    users.
    """

    def __init__(self) -> None:
        self._names: dict[User, tuple[str, ...]] = {}
        self._by_word: dict[str, dict[User, list[str]]] = {}

    def put(self, user: User, names: Iterable[str]) -> None:
        """Have a user be mentioned by exactly these names."""
        folded = tuple(dict.fromkeys(name.casefold() for name in names if name))
        if self._names.get(user) == folded:
            return
        self.remove(user)
        self._names[user] = folded
        for name in folded:
            self._by_word.setdefault(_first_word(name), {}).setdefault(user, []).append(name)

    def remove(self, user: User) -> None:
        """Forget a user, if it is known."""
        for word in {_first_word(name) for name in self._names.pop(user, ())}:
            del self._by_word[word][user]
            if not self._by_word[word]:
                del self._by_word[word]

    def find(self, text: str, among: Container[User]) -> list[User]:
        """Return those of some users that a text mentions."""
        # A line that begins with CR continues the one before it.
        plain = strip_formatting(text.replace("\n\r", "")).casefold()
        words = self._by_word.keys() & _WORD.findall(plain)
        if "" in self._by_word:
            words.add("")
        if not words:
            return []
        found: dict[User, None] = {}
        for word in sorted(words, key=plain.find):
            for user, names in self._by_word[word].items():
                if user in among and any(is_mentioned(name, plain) for name in names):
                    found[user] = None
        return list(found)


def _first_word(name: str) -> str:
    """Return the first word of a name; "" for one of other characters only, such as `[]`."""
    match = _WORD.search(name)
    return match[0] if match else ""


def is_mentioned(name: str, text: str) -> bool:
    """Return whether a text contains a name as a whole word, and not in a link.

    Args:
        name: the name in lower case.
        text: the text in lower case, without formatting.
    """
    start, begin, is_link = text.find(name), 0, False
    while start >= 0:
        end = start + len(name)
        space = max(text.rfind(each, begin, start) for each in _SPACES)
        if space >= 0:
            begin, is_link = space + 1, False
        is_link = is_link or "://" in text[begin:start]
        is_part = _is_of_word(text[start - 1 : start]) or _is_of_word(text[end : end + 1])
        if not (is_link or is_part):
            return True
        # Whatever was looked at is not looked at again, so that a long link costs no more.
        begin, start = start, text.find(name, end)
    return False


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char in ("-", "_")
