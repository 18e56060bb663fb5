"""Names of emoji, as in `:thumbsup`: in English, the short ones of other chats, and in the user's
language.
"""

import importlib
import re
from functools import lru_cache
from typing import Any, NamedTuple

from trio_chat import i18n

_WRITTEN = re.compile(r":(?P<name>[^\W\d_][\w+-]+|[+-]1|[0-9]\w+):?")
_MOST = 50
_SKIN_TONE = "skin_tone"


class _Name(NamedTuple):
    """A name of an emoji, with its rank among several: plain and older emoji come first."""

    name: str
    sign: str
    rank: tuple[bool, float, str]


def named(word: str) -> list[str]:
    """Return the emoji whose names begin with a word such as `:thumb`, the best first; none when
    the word has not that form.
    """
    written = _WRITTEN.fullmatch(word)
    if not written:
        return []
    start = written["name"].casefold()
    found = [name for name in _names() if name.name.startswith(start) or f"_{start}" in name.name]
    found.sort(key=lambda name: (name.name != start, not name.name.startswith(start), name.rank))
    return list(dict.fromkeys(name.sign for name in found))[:_MOST]


@lru_cache(maxsize=1)
def _names() -> list[_Name]:
    """Return all names; the package is imported at the first call, since start-up time counts."""
    package: Any = importlib.import_module("emoji")
    language = i18n.language()
    if language in package.LANGUAGES:
        package.config.load_language(language)
    whole = package.STATUS["fully_qualified"]
    names = []
    for sign, data in package.EMOJI_DATA.items():
        if data["status"] == whole:
            rank = (_SKIN_TONE in data["en"], data["E"], sign)
            given = dict.fromkeys((data["en"], *data.get("alias", ()), data.get(language, "")))
            names += [_Name(name.strip(":").casefold(), sign, rank) for name in given if name]
    return names
