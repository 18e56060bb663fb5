"""Nicknames and channel names of this server: which are valid, and which are equal.

A server chooses one of three case mappings before it folds any name (see `irc.casemapping`):

- `precis`: names may be in any script. ISUPPORT announces it as `CASEMAPPING=ascii` with
  `UTF8MAPPING=rfc8265`.
- `ascii` and `rfc1459`: nicknames are ASCII; channel names may be in any script, but only their
  ASCII letters have case.

The choice is state of the module, not an argument: a process is one server, and all its comparisons
of names, including those in the database, must use the same mapping. They are too frequent to pass
it along.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from trio_chat.irc import casemapping as casemappings

CASEMAPPINGS: Final[dict[str, dict[str, str]]] = {
    "precis": {"CASEMAPPING": "ascii", "UTF8MAPPING": "rfc8265"},
    "ascii": {"CASEMAPPING": "ascii"},
    "rfc1459": {"CASEMAPPING": "rfc1459"},
}
"""The case mappings, each with the ISUPPORT tokens that announce it.

`rfc7613`, which Modern IRC lists for PRECIS, is unknown to most clients: they refuse the server, or
fall back to RFC 1459, in which `[` and `{` are equal. `ascii` is correct for every ASCII name, and
`UTF8MAPPING` describes how the others are compared.
"""
CHANTYPES: Final = "#"
RELAY_SEPARATOR: Final = "/"
SCENE: Final = "=Scene="
"""The source of a narrator's message (SCENE); the source of a character is `*name*`. Neither is a
valid nickname.
"""

# RFC 2812 §2.3.1, of any length.
_ASCII_NICK: Final = re.compile(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]*", re.ASCII)
_NICK_PUNCTUATION: Final = frozenset("[]\\`_^{|}-")
# RFC 2812 §2.3.1 chanstring, without the ':' it also forbids.
_CHANNEL_FORBIDDEN: Final = re.compile("[\0-\x20,\x7f]")
_USER_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._~-]", re.ASCII)

_LONGEST_KEPT: Final = 128
"""Characters of a name whose folded form is cached: a longer one is that of nothing, and strangers
could fill the memory with them.
"""


class InvalidName(ValueError):
    """A string that is not a valid name."""


def _fold_precis(name: str) -> str:
    try:
        return casemappings.fold_precis(name)
    except ValueError as error:
        raise InvalidName(name) from error


_FOLDS: Final[dict[str, casemappings.Fold]] = {
    "precis": _fold_precis,
    "ascii": casemappings.fold_ascii,
    "rfc1459": casemappings.fold_rfc1459,
}


class _Choice:
    """The case mapping of a process."""

    __slots__ = ("is_plain", "name")

    def __init__(self) -> None:
        self.name = "precis"
        self.is_plain = True  # whether `str.lower` alone folds an ASCII name


_choice: Final = _Choice()


def use_casemapping(name: str) -> None:
    """Choose the case mapping of this process, before it folds a name that it compares later.

    Args:
        name: a key of `CASEMAPPINGS`.

    Raises:
        KeyError: there is no such case mapping.
    """
    _FOLDS[name]
    _choice.name = name
    _choice.is_plain = name != "rfc1459"
    _fold.cache_clear()


def current_casemapping() -> str:
    """Return the name of the case mapping of this process."""
    return _choice.name


def folds_alike(name: str, one: str, other: str) -> bool:
    """Return whether two case mappings agree on a name: on its validity and on the names equal to
    it.

    Args:
        name: a folded name.
        one: a case mapping, a key of `CASEMAPPINGS`.
        other: another one.
    """
    if one == other:
        return True
    return name.isascii() and (
        "rfc1459" not in (one, other) or not set(name) & set("".join(casemappings.RFC1459_PAIRS))
    )


def fold(name: str) -> str:
    """Return the form in which names are compared.

    Raises:
        InvalidName: PRECIS refuses the name.
    """
    if _choice.is_plain and name.isascii():
        # Not cached: folding costs no more than the look-up, and many names are seen once.
        return name.lower()
    return _fold(name) if len(name) <= _LONGEST_KEPT else _FOLDS[_choice.name](name)


@lru_cache(maxsize=16384)
def _fold(name: str) -> str:
    return _FOLDS[_choice.name](name)


def fold_or_self(name: str) -> str:
    """Return the folded name, or an invalid name unchanged: it then equals no name that exists."""
    try:
        return fold(name)
    except InvalidName:
        return name


def each_once(names: Iterable[str]) -> list[str]:
    """Return names in their order, without those that are another spelling of one before."""
    kept: dict[str, str] = {}
    for name in names:
        kept.setdefault(fold_or_self(name), name)
    return list(kept.values())


def is_channel_name(name: str) -> bool:
    """Return whether a target begins like a channel name, valid or not."""
    return name[:1] == CHANTYPES


def fold_nick(nick: str, max_length: int) -> str:
    """Return the folded form of a requested nickname.

    Args:
        nick: the nickname as written.
        max_length: characters allowed (NICKLEN).

    Raises:
        InvalidName: it is not a valid nickname.
    """
    if not 0 < len(nick) <= max_length:
        raise InvalidName(nick)
    if _ASCII_NICK.fullmatch(nick):
        return fold(nick)
    if _choice.name != "precis" or nick.isascii() or nick[0] == "-" or nick[0].isdigit():
        raise InvalidName(nick)
    if any(
        char.isascii() and not char.isalnum() and char not in _NICK_PUNCTUATION for char in nick
    ):
        raise InvalidName(nick)
    return _without_mark_at(0, _fold_safely(nick))


def like_nick(text: str) -> str:
    """Return a text with `_` for each sign of ASCII, and each space, that no nickname contains, and
    before what none begins with: `ann.smith` as `ann_smith`. It may still be no nickname, such as
    one that is too long.
    """
    made = "".join(_like_nick(char) for char in text)
    return f"_{made}" if made[:1].isdigit() or made[:1] == "-" else made


def _like_nick(char: str) -> str:
    is_odd = char.isascii() and not char.isalnum() and char not in _NICK_PUNCTUATION
    return "_" if is_odd or char.isspace() else char


def fold_relayed(name: str, max_length: int) -> str:
    """Return the folded form of the name of a user of another network, such as `ann/discord`, whose
    messages a bot relays.

    The '/', which no nickname contains, keeps such a name apart from those of users here.

    Args:
        name: the name as the bot writes it.
        max_length: characters allowed.

    Raises:
        InvalidName: it is not a valid relayed name.
    """
    parts = name.split(RELAY_SEPARATOR)
    if len(parts) < 2 or len(name) > max_length:
        raise InvalidName(name)
    # The "x" lets a name from another network begin with a digit.
    folded = (
        _without_mark_at(1, fold_nick(f"x{part}", max_length + 1))[1:] if part else _refuse(name)
        for part in parts
    )
    return RELAY_SEPARATOR.join(folded)


def _refuse(name: str) -> str:
    raise InvalidName(name)


def is_speaker(name: str, max_length: int) -> bool:
    """Return whether a message can have this source: a nickname, relayed or role-play name."""
    plain = name.strip("*") if len(name) > 2 and name[0] == name[-1] == "*" else name
    if plain == SCENE:
        return True
    for fold_it in (fold_nick, fold_relayed):
        try:
            fold_it(plain, max_length)
        except InvalidName:
            continue
        return True
    return False


def fold_channel(name: str, max_length: int) -> str:
    """Return the folded form of a channel name.

    Args:
        name: the name as written, with its '#'.
        max_length: characters allowed (CHANNELLEN).

    Raises:
        InvalidName: it is not a valid channel name.
    """
    if name[:1] != CHANTYPES or not 1 < len(name) <= max_length or _CHANNEL_FORBIDDEN.search(name):
        raise InvalidName(name)
    return _without_mark_at(len(CHANTYPES), _fold_safely(name))


def _without_mark_at(start: int, folded: str) -> str:
    """Return a folded name, unless it begins with a combining mark, which would be drawn on the
    character before it.

    Raises:
        InvalidName: the character at `start` is a combining mark.
    """
    if unicodedata.category(folded[start])[0] == "M":
        raise InvalidName(folded)
    return folded


def _fold_safely(name: str) -> str:
    # PRECIS maps wide characters to ASCII ("＃" to "#", "＊" to "*"). A name whose folded form has
    # ASCII punctuation that the name itself lacks is refused: it could smuggle in a delimiter.
    folded = _fold_precis(name)
    if _choice.name != "precis":
        if unicodedata.normalize("NFKC", name) != name:
            # Without PRECIS its other spelling would be another channel.
            raise InvalidName(name)
        return fold(name)
    mapped = {char for char in folded if char.isascii() and not char.isalnum()}
    if mapped - {char for char in name if char.isascii()}:
        raise InvalidName(name)
    return folded


def clean_username(username: str, max_length: int) -> str:
    """Return the user name that a client gave, without characters that could break a mask or a
    terminal; never empty.
    """
    return _USER_FORBIDDEN.sub("", username)[:max_length] or "user"
