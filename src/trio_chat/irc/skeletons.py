"""What names look like: two names with one skeleton cannot be told apart at a glance (UTS #39, Confusable Detection).

Unlike there, an ASCII name is its own skeleton: people know that `l` and `1`, or `rn` and `m`, are similar, and have such names.
So whoever uses only ASCII needs no table and is compared with nobody.
"""

import json
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files


def skeleton(folded: str) -> str:
    """Return what a folded name looks like; a name that looks like an ASCII name has that name as its skeleton."""
    return folded if folded.isascii() else _skeleton(folded)


@lru_cache(maxsize=4096)
def _skeleton(folded: str) -> str:
    table = prototypes()
    looks = "".join(table.get(char, char) for char in unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFD", looks.lower())


@cache
def prototypes() -> dict[str, str]:
    """Return what signs beyond ASCII look like. The first call reads a table of the Unicode Consortium: hundredths of a second.

    The library's own functions answer other questions, so only its table is used: there each sign has what it looks like, and
    each sign that others look like has all of them.
    """
    text = (files("confusable_homoglyphs") / "confusables.json").read_text("utf-8")
    similar: dict[str, list[str]] = {sign: [other["c"] for other in others] for sign, others in json.loads(text).items()}
    as_one = {others[0]: sign for sign, others in similar.items() if sign.isascii() and len(sign) == 1 and len(others[0]) > 1}
    found = {}
    for sign, others in similar.items():
        if len(sign) == 1 and not sign.isascii() and len(others) == 1:
            (other,) = others
            is_pair = len(similar.get(other, ())) == 1 and not other.isascii()  # the table does not say which is the prototype
            if not (is_pair and other > sign):
                found[sign] = as_one.get(other, other)
    return found
