"""Messages that mention the user: by the nickname, or by a word of the user's choice."""

import re
from collections.abc import Sequence
from functools import lru_cache

from trio_chat.irc.text import strip_formatting


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    found = "|".join(re.escape(word) for word in words if word)
    return re.compile(rf"(?<![\w-])(?:{found})(?![\w-])", re.IGNORECASE) if found else None


def is_mention(text: str, nick: str, words: Sequence[str] = ()) -> bool:
    """Return whether a text contains the nickname or one of the words, as whole words."""
    pattern = _pattern((nick, *words))
    return pattern is not None and pattern.search(strip_formatting(text)) is not None
