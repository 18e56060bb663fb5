"""Skeletons of names: two names with a common skeleton cannot be told apart at a glance (UTS #39
§4, Confusable Detection).

A name has the skeleton of what is shown and that of what is compared, as a capital often looks like
another letter than its small one: `Тom` and `тom` are the same name, and only the first looks like
`Tom`. Unlike in UTS #39, case means nothing in a skeleton, so that `NІCKSERV` is `NickServ`; and a
name that mixes scripts has loose skeletons too, without accents and with small capitals as the
letters that they stand for: honest names rarely mix scripts.

Names in ASCII are not meant to be compared with each other: people know that `l` and `1`, or `rn`
and `m`, are similar, and have such names. Each has one skeleton, with which names of other scripts
are compared.
"""

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_ASCII = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o", "m": "rn"})
"""What small ASCII letters and digits look like; `i` as its capital does, because case means
nothing.
"""
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""Combining marks of no script, which can stand on any letter."""
_SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "
_DIRECTION_MARK = (
    "\u200e"  # around signs of scripts that are written from right to left, in the table
)


def skeletons(name: str, folded: str) -> tuple[str, ...]:
    """Return what a name looks like: one skeleton or a few.

    Args:
        name: the name as it is shown.
        folded: the name as it is compared.
    """
    if folded.isascii():
        return (folded.lower().translate(_ASCII),)
    return _skeletons(name, folded)


@lru_cache(maxsize=4096)
def _skeletons(name: str, folded: str) -> tuple[str, ...]:
    # A mark that makes no letter of a language with what is before it (NFC) is taken away: it is
    # hardly seen.
    found = [_look(_MARKS.sub("", unicodedata.normalize("NFC", text))) for text in (name, folded)]
    if _mixes_scripts(name):
        found += loose_skeletons(name, folded)
    return tuple(dict.fromkeys(found))


def loose_skeletons(name: str, folded: str) -> tuple[str, ...]:
    """Return the skeletons of a name without accents and small capitals, for a comparison with the
    name of a service.

    Args:
        name: the name as it is shown.
        folded: the name as it is compared.
    """
    if folded.isascii():
        return skeletons(name, folded)
    return tuple(
        dict.fromkeys(
            _MARKS.sub("", _look(_look(text).translate(_small_capitals())))
            for text in (name, folded)
        )
    )


def _look(text: str) -> str:
    text = unicodedata.normalize("NFD", text).translate(_small_capitals()).translate(prototypes())
    return unicodedata.normalize("NFD", text.lower().translate(_ASCII))


def _mixes_scripts(name: str) -> bool:
    """Return whether the letters of a name are of several scripts; the name of a letter begins with
    that of its script.
    """
    return (
        len({unicodedata.name(char, "").partition(" ")[0] for char in name if char.isalpha()}) > 1
    )


@cache
def _small_capitals() -> dict[int, str]:
    """Return the letters that small capitals of the Latin script stand for: `ɴ`, of which UTS #39
    says nothing, is `n`.
    """
    blocks = (*range(0x250, 0x300), *range(0x1D00, 0x1D80), *range(0xA720, 0xA800))
    names = {code: unicodedata.name(chr(code), "") for code in blocks}
    letters = {
        code: name.removeprefix(_SMALL_CAPITAL)
        for code, name in names.items()
        if name.startswith(_SMALL_CAPITAL)
    }
    # The table says of the Cyrillic `м` that it looks like `ʍ`.
    return {code: letter.lower() for code, letter in letters.items() if len(letter) == 1} | {
        ord("ʍ"): "m"
    }


@cache
def prototypes() -> dict[int, str]:
    """Return what signs beyond ASCII look like. The first call reads a table of the Unicode
    Consortium: hundredths of a second.

    The library's own functions answer other questions, so only its table is used: there each sign
    has what it looks like, and each sign that others look like has all of them.
    """
    text = (files("confusable_homoglyphs") / "confusables.json").read_text("utf-8")
    similar = {
        sign.strip(_DIRECTION_MARK): [other["c"].strip(_DIRECTION_MARK) for other in others]
        for sign, others in json.loads(text).items()
    }
    found = {}
    for sign, others in similar.items():
        if len(sign) == 1 and not sign.isascii() and len(others) == 1:
            (other,) = others
            is_pair = (
                len(similar.get(other, ())) == 1 and not other.isascii()
            )  # the table does not say which is the prototype
            if not (is_pair and other > sign):
                found[ord(sign)] = other
    return found
