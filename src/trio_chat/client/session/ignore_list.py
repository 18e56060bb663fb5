"""The ignore list: masks `nick!user@host`, compared with the source of a message by the case
mapping of its server.
"""

import re
from collections.abc import Callable, Iterable

from trio_chat.irc import masks

MOST_IGNORED = 1000
"""Masks on the list."""
LONGEST_MASK = 200
"""Characters of a mask."""
_MOST_FOLDS = 16
_WILDCARDS = re.compile(r"([*?])")

Fold = Callable[[str], str]


class IgnoreList:
    """The list; one for all servers of a run.

    Args:
        words: nicknames and masks, as the user typed them.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words: list[str] = []
        self.is_loaded = False
        self._read: dict[Fold, list[masks.Mask]] = {}
        self.replace(words)

    def load(self, words: Iterable[str]) -> None:
        """Add the masks of earlier runs to those that the user has added since the start."""
        self.is_loaded = True
        self.replace([*words, *self.words])

    def replace(self, words: Iterable[str]) -> None:
        """Replace the masks; of duplicates one is kept, and unusable words are dropped."""
        usable = (
            word for word in words if 0 < len(word) <= LONGEST_MASK and not re.search(r"\s", word)
        )
        self.words = list({word.casefold(): word for word in usable}.values())[:MOST_IGNORED]
        self._read.clear()

    def change(self, added: Iterable[str], removed: Iterable[str]) -> None:
        """Remove masks from the list, then add others at its end; capitals do not matter."""
        added = list(added)
        gone = {word.casefold() for word in (*removed, *added)}
        self.replace([*(word for word in self.words if word.casefold() not in gone), *added])

    def hides(self, source: str, fold: Fold) -> bool:
        """Return whether a source is ignored.

        Args:
            source: `nick!user@host`; a nickname alone matches only masks without an address.
            fold: folds a name by the case mapping of its server.
        """
        if not self.words:
            return False
        nick, _, rest = source.partition("!")
        user, _, host = rest.partition("@")
        name = f"{fold(nick)}!{user.lower()}"
        return any(mask.covers(name, (host.lower(),)) for mask in self._masks(fold))

    def _masks(self, fold: Fold) -> list[masks.Mask]:
        if (known := self._read.get(fold)) is not None:
            return known
        if len(self._read) >= _MOST_FOLDS:
            self._read.clear()
        self._read[fold] = read = [
            masks.parse_mask(_folded(masks.complete_mask(word), fold)) for word in self.words
        ]
        return read


def _folded(mask: str, fold: Fold) -> str:
    nick, bang, rest = mask.partition("!")
    parts = (part if part in ("*", "?", "") else fold(part) for part in _WILDCARDS.split(nick))
    return f"{''.join(parts)}{bang}{rest.lower()}"
