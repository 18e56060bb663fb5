"""Skeletons of names (UTS #39 §4, Confusable Detection): names with a common skeleton look alike.

A name has the skeletons of its written and of its folded form, since a capital often resembles
another letter than its lower case: `Тom` and `тom` are the same name, and only the first looks like
`Tom`. This module departs from UTS #39 in two points. Case is ignored in a skeleton, so that
`NІCKSERV` resembles `NickServ`. A name that mixes scripts has loose skeletons too, without accents
and with small capitals as the letters they stand for, since honest names rarely mix scripts.

Names in ASCII are not compared with each other: users know that `l` and `1`, or `rn` and `m`, are
similar, and choose such names. An ASCII name has one skeleton, for comparison with other scripts.
"""

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

_ASCII: Final = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o", "m": "rn"})
"""What lower-case ASCII letters and digits resemble; `i` resembles what its capital does, because
case is ignored.
"""
_MARKS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""Combining marks that belong to no script and can follow any letter."""
_SMALL_CAPITAL: Final = "LATIN LETTER SMALL CAPITAL "
# The table puts it around characters of scripts that run from right to left.
_DIRECTION_MARK: Final = "\u200e"


def skeletons(name: str, folded: str) -> tuple[str, ...]:
    """Return the skeletons of a name: one or a few.

    Args:
        name: the name as it is shown.
        folded: its folded form.
    """
    return _skeleton_of_ascii(folded) if folded.isascii() else _skeletons(name, folded)


@lru_cache(maxsize=4096)  # several rules look at the same name
def _skeleton_of_ascii(folded: str) -> tuple[str]:
    return (folded.lower().translate(_ASCII),)


@lru_cache(maxsize=4096)
def _skeletons(name: str, folded: str) -> tuple[str, ...]:
    # A mark that does not combine with its letter to a letter of some language (NFC) is removed: it
    # is hardly visible.
    found = [_look(_MARKS.sub("", unicodedata.normalize("NFC", text))) for text in (name, folded)]
    if _mixes_scripts(name):
        found += loose_skeletons(name, folded)
    return tuple(dict.fromkeys(found))


def loose_skeletons(name: str, folded: str) -> tuple[str, ...]:
    """Return skeletons without accents and small capitals, for comparison with service names.

    Args:
        name: the name as it is shown.
        folded: its folded form.
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


def plain_look(text: str) -> str:
    """Return a text in lower case with the Latin letters that others look like, and without marks.

    Other than in a skeleton, ASCII letters and digits stay as they are.
    """
    text = unicodedata.normalize("NFD", text).translate(_small_capitals()).translate(prototypes())
    # The look of some characters is a small capital, as that of the Cyrillic `в`.
    text = unicodedata.normalize("NFD", text.translate(_small_capitals()).lower())
    return _MARKS.sub("", text)


def _mixes_scripts(name: str) -> bool:
    """Return whether a name has letters of several scripts.

    The Unicode name of a letter begins with its script, and `unicodedata` has no script property.
    """
    return (
        len({unicodedata.name(char, "").partition(" ")[0] for char in name if char.isalpha()}) > 1
    )


@cache
def _small_capitals() -> dict[int, str]:
    """Return the letters by Latin small capitals such as `ɴ`, which UTS #39 does not list."""
    blocks = (*range(0x250, 0x300), *range(0x1D00, 0x1D80), *range(0xA720, 0xA800))
    names = {code: unicodedata.name(chr(code), "") for code in blocks}
    letters = {
        code: name.removeprefix(_SMALL_CAPITAL)
        for code, name in names.items()
        if name.startswith(_SMALL_CAPITAL)
    }
    # The table of UTS #39 maps the Cyrillic `м` to `ʍ`.
    return {code: letter.lower() for code, letter in letters.items() if len(letter) == 1} | {
        ord("ʍ"): "m"
    }


@cache
def prototypes() -> dict[int, str]:
    """Return the prototypes of characters beyond ASCII (UTS #39 §4).

    The first call reads the table of the Unicode Consortium, which takes some hundredths of a
    second. The functions of the library `confusable_homoglyphs` answer other questions, so only its
    table is
    used: it has the similar characters of each character, in both directions.
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
            # The table does not tell which of the two is the prototype.
            is_pair = len(similar.get(other, ())) == 1 and not other.isascii()
            if not (is_pair and other > sign):
                found[ord(sign)] = other
    return found
