"""Normal forms of text for filters: spellings that look or read alike have a common form.

Only a copy for comparison is made; the message itself is never changed. Each step is linear in the
length of the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Final

from trio_chat.irc.skeletons import plain_look
from trio_chat.irc.text import strip_formatting

Form = frozenset[str]
"""The spellings of one word."""
Words = tuple[Form, ...]

_MAX_CHOICES: Final = 4
"""Runs of one word for which each combination of lengths is a spelling of its own."""
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that are not seen (Unicode, Default_Ignorable_Code_Point), and control characters."""
_ENCLOSED: Final = {
    **{0x1F130 + number: chr(97 + number) for number in range(26)},  # squared
    **{0x1F150 + number: chr(97 + number) for number in range(26)},  # negative circled
    **{0x1F170 + number: chr(97 + number) for number in range(26)},  # negative squared
    **{0x1F1E6 + number: chr(97 + number) for number in range(26)},  # regional indicators
}
"""Letters in a frame, which have no compatibility decomposition."""
_SIGNS: Final = str.maketrans("03457@$€", "oeastase")
"""Digits and signs that stand for a letter, besides those that stand for `i` or `l`."""
_LETTERS: Final = ("Lo", "Ll", "Lu")
_I_OR_L: Final = re.compile("[1!|]")
_MARKS: Final = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u0900-\u0963\u0971-\u09e3\u09fe-\u0a75\u0a81-\u0ae3\u0afa-\u0b63\u0b82-\u0bd7\u0c00-\u0c63"
    "\u0c81-\u0ce3\u0d00-\u0d63\u0d81-\u0df3\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc"
    "\u0ec8-\u0ece\u0f71-\u0f84\u0f86-\u0fbc\u102b-\u103e\u1056-\u109d\u17b6-\u17d3\u3099\u309a"
)
"""Marks that belong to the letter before them, in scripts that write vowels by them."""
_WORD: Final = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
_HARD_SEPARATOR: Final = re.compile(r"""[\s,;:/\\()\[\]{}<>"?=&]+""")
_NO_LETTER: Final = re.compile(rf"[!|](?![^\W_])|[^\w@$€!|{_MARKS}]|_")
"""What stands between letters; `!` and `|` stand for a letter only before another one."""
_WIDE_GAP: Final = re.compile(r"\s\s")
_SPELLED: Final = re.compile(r"(?<!\S)\S(?P<gap>\s{1,3})\S(?:(?P=gap)\S)*(?!\S)")
"""Single letters with the same gap between each two of them. The gap between two words may be
wider.
"""
_RUN: Final = re.compile(r"(.)\1{2,}", re.DOTALL)
_L_AMONG_CAPITALS: Final = re.compile("(?<=[A-Z])l|l(?=[A-Z])")


def plain(text: str) -> str:
    """Return a text in lower case, without what is not seen, and its letters as they look.

    Formatting codes, characters without width and accents are removed. Full-width, framed and
    mathematical letters, and those of other scripts that look like Latin ones, become these.
    """
    return _visible(text).lower() if text.isascii() else _looks(text)[0]


def plain_words(text: str) -> str:
    """Return the plain form of a text, but with those letters as they are that look like a sign:
    `ґ`, `ð`, and many of Hebrew, Arabic, Japanese and Chinese. A sign would end the word.
    """
    if text.isascii():
        return plain(text)
    whole = _whole(text).lower()
    kept = sorted(filter(_looks_like_a_sign, set(whole)))
    if not kept:
        return plain(text)
    parts = re.split(f"([{''.join(map(re.escape, kept))}])", whole)
    return "".join(part if part in kept else plain_look(part) for part in parts)


def looks(text: str) -> tuple[str, ...]:
    """Return the forms of a text that a person can take it for: one or a few.

    The first is `plain`. In others, capitals are what they look like, and `I` and `l`, which look
    alike among capitals, stand for each other.
    """
    if text.isascii() and "I" not in text and not _L_AMONG_CAPITALS.search(text):
        return (plain(text),)
    return _looks(text)


@lru_cache(maxsize=64)
def _looks(text: str) -> tuple[str, ...]:
    visible = _whole(text)
    found = (
        plain_look(visible.lower()),
        plain_look(visible),
        plain_look(visible.replace("I", "l")),
        plain_look(_L_AMONG_CAPITALS.sub("i", visible).lower()),
    )
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def _looks_like_a_sign(char: str) -> bool:
    return unicodedata.category(char) in _LETTERS and not is_word(plain_look(char))


def is_word(text: str) -> bool:
    """Return whether a text has letters, the marks of letters, and digits only."""
    return _WORD.fullmatch(text) is not None


def _whole(text: str) -> str:
    return unicodedata.normalize("NFKC", _visible(text).translate(_ENCLOSED))


def _visible(text: str) -> str:
    return _HIDDEN.sub("", strip_formatting(text))


def readings(text: str) -> tuple[Words, ...]:
    """Return the words of a text as they are written, and as a person can read them.

    Other readings take digits and signs as letters (`v1@gra`), ignore what separates letters
    (`s.p.a.m`, `s p a m`), take a wider gap for the end of a word (`b u y  s p a m`), and let a
    letter that stands three times or more stand for one or two.
    """
    found: dict[Words, None] = {}
    for shown in dict.fromkeys((*looks(text), plain_words(text))):
        spelled = _SPELLED.sub(_without_gap, shown) if _WIDE_GAP.search(shown) else shown
        splits = [_WORD.findall(shown), _letters(shown.split()), _letters(_split(shown))]
        for split in splits if spelled == shown else (*splits, _letters(spelled.split())):
            found[tuple(map(_spellings, _joined(split)))] = None
    return tuple(found)


def _without_gap(run: re.Match[str]) -> str:
    return run[0].replace(run["gap"], "")


def _split(text: str) -> list[str]:
    return _HARD_SEPARATOR.split(text)


def _letters(chunks: Iterable[str]) -> Iterator[str]:
    """Yield chunks of a text without what stands between their letters."""
    return (letters for chunk in chunks if (letters := _NO_LETTER.sub("", chunk)))


def _joined(chunks: Iterable[str]) -> Iterator[str]:
    """Yield chunks, with three or more single letters in a row as one word."""
    singles: list[str] = []
    for chunk in chunks:
        if len(chunk) == 1:
            singles.append(chunk)
            continue
        yield from _as_words(singles)
        singles = []
        yield chunk
    yield from _as_words(singles)


def _as_words(singles: list[str]) -> list[str]:
    return ["".join(singles)] if len(singles) > 2 else singles


def _spellings(word: str) -> Form:
    """Return the spellings of a word: as it is, and with letters for digits and signs."""
    read = word.translate(_SIGNS)
    found = {word, _I_OR_L.sub("i", read), _I_OR_L.sub("l", read)}
    return frozenset(short for each in found for short in _shortened(each))


def _shortened(word: str) -> list[str]:
    """Return a word, and those with one or two letters in place of three or more."""
    runs = len(_RUN.findall(word))
    if not runs:
        return [word]
    if runs > _MAX_CHOICES:
        return [word, _RUN.sub(r"\1", word), _RUN.sub(r"\1\1", word)]
    return [word, *(_with_runs(word, lengths) for lengths in product((1, 2), repeat=runs))]


def _with_runs(word: str, lengths: Iterable[int]) -> str:
    left = iter(lengths)
    return _RUN.sub(lambda run: run[1] * next(left), word)
