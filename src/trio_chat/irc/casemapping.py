"""Case mappings: functions that fold a name to the form in which names are compared.

`fold_function` gives the one that a server announces in RPL_ISUPPORT (Modern IRC, CASEMAPPING;
UTF8MAPPING for names beyond ASCII). Folded names are compared and used as keys, never shown.

- `ascii`: the letters `A` to `Z` have lower case.
- `rfc1459`: as `ascii`, and `{}|^` are the lower case of `[]\\~` (RFC 2812 §2.2).
- `rfc1459-strict`: as `rfc1459`, without the pair `~` and `^`.
- `precis`: RFC 8265 UsernameCaseMapped. Full-width forms become ordinary characters, letters lower
  case, and everything NFC; compatibility forms, symbols, invisible characters and characters that
  change the writing direction are refused. For ASCII names it equals `ascii`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

Fold = Callable[[str], str]
"""A function from a name to its folded form."""

RFC1459_PAIRS: Final = ("[]\\~", "{}|^")
"""Characters and their lower case in `rfc1459`."""

_LOWER_ASCII: Final = {ord(char): char.lower() for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_LOWER_RFC1459: Final = _LOWER_ASCII | str.maketrans(*RFC1459_PAIRS)
_LOWER_RFC1459_STRICT: Final = _LOWER_ASCII | str.maketrans("[]\\", "{}|")


def fold_ascii(name: str) -> str:
    """Return a name folded by `ascii`."""
    # `lower` is the faster of the two, but it has an opinion of letters beyond ASCII.
    return name.lower() if name.isascii() else name.translate(_LOWER_ASCII)


def fold_rfc1459(name: str) -> str:
    """Return a name folded by `rfc1459`."""
    return name.translate(_LOWER_RFC1459)


def fold_rfc1459_strict(name: str) -> str:
    """Return a name folded by `rfc1459-strict`."""
    return name.translate(_LOWER_RFC1459_STRICT)


def fold_precis(name: str) -> str:
    """Return a name folded by `precis`.

    PRECIS does not look at the `#` of a channel: no name in Arabic or Hebrew may begin with one
    (RFC 5893 §2, rule 1).

    Raises:
        ValueError: PRECIS refuses the name.
    """
    if name.isascii():
        return name.lower()
    plain = name.lstrip("#")
    signs = name[: len(name) - len(plain)]
    # Imported here because only names beyond ASCII need the tables, and start-up time counts.
    from precis_i18n import get_profile  # noqa: PLC0415

    return signs + str(get_profile("UsernameCaseMapped").enforce(plain))


def _fold_precis_or_keep(name: str) -> str:
    try:
        return fold_precis(name)
    except ValueError:
        return name


_fold_precis_or_keep_cached = lru_cache(maxsize=4096)(_fold_precis_or_keep)
_LONGEST_KEPT: Final = 128
"""Characters of a name whose folded form is cached, so that a server cannot fill the memory."""


def _fold_beyond_ascii(name: str) -> str:
    if len(name) > _LONGEST_KEPT:
        return _fold_precis_or_keep(name)
    return _fold_precis_or_keep_cached(name)


def _precis_beyond_ascii(fold: Fold) -> Fold:
    return lambda name: fold(name) if name.isascii() else _fold_beyond_ascii(name)


_FOLDS: Final[dict[str, Fold]] = {
    "ascii": fold_ascii,
    "rfc1459": fold_rfc1459,
    "rfc1459-strict": fold_rfc1459_strict,
    "precis": _precis_beyond_ascii(fold_ascii),
}
_FOLDS["rfc7613"] = _FOLDS["precis"]  # what servers announce that know no UTF8MAPPING
_FOLDS_WITH_PRECIS: Final = {name: _precis_beyond_ascii(fold) for name, fold in _FOLDS.items()}
_PRECIS_UTF8MAPPINGS: Final = frozenset(("rfc7613", "rfc8265"))


def fold_function(casemapping: str, utf8mapping: str = "") -> Fold:
    """Return the fold of a server; it accepts every name, and keeps one that PRECIS refuses.

    The same arguments give the same function, so that it can be the key of a cache.

    Args:
        casemapping: the value of CASEMAPPING; an unknown one counts as `ascii`, since no two names
            that are different there become one by it.
        utf8mapping: the value of UTF8MAPPING, which says how names beyond ASCII are compared; "" or
            an unknown one leaves that to `casemapping`.
    """
    folds = _FOLDS_WITH_PRECIS if utf8mapping in _PRECIS_UTF8MAPPINGS else _FOLDS
    return folds.get(casemapping, folds["ascii"])
