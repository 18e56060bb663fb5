"""Nicknames and channel names: which are valid, and which are the same.

Three case mappings (Modern IRC, CASEMAPPING), one of which a server chooses before it does anything
else:

- `precis`: names may be in any script. Two are the same when RFC 8265 UsernameCaseMapped (PRECIS)
  maps them to the same string: full-width forms become ordinary ones, letters lower case,
  everything NFC; compatibility look-alikes, symbols, invisible and direction-changing characters
  are refused. ISUPPORT calls it `CASEMAPPING=ascii` with `UTF8MAPPING=rfc8265`.
- `ascii`: nicknames are ASCII; of channel names the ASCII letters have case.
- `rfc1459`: so too, and `{}|^` are the lower case of `[]\\~`.

For ASCII names the first two are the same. The choice is the module's, not an argument: a process
is one server, whose every comparison of names, down to the history's, must make the same choice,
and does so too often to carry it along.
"""

import re
import unicodedata
from functools import lru_cache

from trio_chat.irc import casemapping as casemappings

CASEMAPPINGS: dict[str, dict[str, str]] = {
    "precis": {"CASEMAPPING": "ascii", "UTF8MAPPING": "rfc8265"},
    "ascii": {"CASEMAPPING": "ascii"},
    "rfc1459": {"CASEMAPPING": "rfc1459"},
}
"""The case mappings, and the tokens of ISUPPORT that say so.

`rfc7613`, which Modern IRC lists for PRECIS, is unknown to most clients: they refuse the server, or
fall back to RFC 1459, for which `[` and `{` are the same. `ascii` is true of all ASCII names, and
`UTF8MAPPING` says how the others are compared.
"""
CHANTYPES = "#"
RELAY_SEPARATOR = "/"
SCENE = "=Scene="
"""The source of what a narrator says in role-play; characters are `*name*`. No nickname looks like
either.
"""

_ASCII_NICK = re.compile(
    r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]*", re.ASCII
)  # RFC 2812 §2.3.1, of any length
_NICK_PUNCTUATION = frozenset("[]\\`_^{|}-")
_CHANNEL_FORBIDDEN = re.compile(
    "[\0-\x20,\x7f]"
)  # RFC 2812 §2.3.1 chanstring, without the ':' it also forbids
_USER_FORBIDDEN = re.compile(r"[^A-Za-z0-9._~-]", re.ASCII)


class InvalidName(ValueError):
    """Not a name that anyone could have."""


def _fold_precis(name: str) -> str:
    try:
        return casemappings.fold_precis(name)
    except ValueError as error:
        raise InvalidName(name) from error


_FOLDS: dict[str, casemappings.Fold] = {
    "precis": _fold_precis,
    "ascii": casemappings.fold_ascii,
    "rfc1459": casemappings.fold_rfc1459,
}


class _Choice:
    """The case mapping of this process."""

    name = "precis"
    is_plain = True  # whether ASCII is folded by `lower` alone


def use_casemapping(name: str) -> None:
    """Choose the case mapping of this process, before any name is folded that is compared later.

    Args:
        name: a key of `CASEMAPPINGS`.
    """
    _FOLDS[name]  # KeyError for what is none
    _Choice.name = name
    _Choice.is_plain = name != "rfc1459"
    _fold.cache_clear()


def current_casemapping() -> str:
    """Return which case mapping this process uses."""
    return _Choice.name


def folds_alike(name: str, one: str, other: str) -> bool:
    """Return whether two case mappings have the same opinion of a name: which others are the same,
    and whether it can be.
    """
    if one == other:
        return True
    return name.isascii() and (
        "rfc1459" not in (one, other) or not set(name) & set("".join(casemappings.RFC1459_PAIRS))
    )


def fold(name: str) -> str:
    """Return the form in which names are compared.

    Raises:
        InvalidName: when PRECIS refuses the name.
    """
    if (
        _Choice.is_plain and name.isascii()
    ):  # not kept: it costs nothing, and there are many who come once
        return name.lower()
    return _fold(name)


@lru_cache(maxsize=16384)
def _fold(name: str) -> str:
    return _FOLDS[_Choice.name](name)


def fold_or_self(name: str) -> str:
    """Return the folded name, or the name itself when it is not valid: it then matches nothing that
    exists.
    """
    try:
        return fold(name)
    except InvalidName:
        return name


def is_channel_name(name: str) -> bool:
    """Return whether a target is written like a channel, valid or not."""
    return name[:1] == CHANTYPES


def fold_nick(nick: str, max_length: int) -> str:
    """Return the folded form of a nickname that someone asks for.

    Args:
        nick: the nickname as written.
        max_length: characters allowed (NICKLEN).

    Raises:
        InvalidName: when nobody can have this nickname.
    """
    if not 0 < len(nick) <= max_length:
        raise InvalidName(nick)
    if _ASCII_NICK.fullmatch(nick):
        return fold(nick)
    if _Choice.name != "precis" or nick.isascii() or nick[0] == "-" or nick[0].isdigit():
        raise InvalidName(nick)
    if any(
        char.isascii() and not char.isalnum() and char not in _NICK_PUNCTUATION for char in nick
    ):
        raise InvalidName(nick)
    return _without_mark_at(0, _fold_safely(nick))


def fold_relayed(name: str, max_length: int) -> str:
    """Return the folded form of the name of somebody on another network, whose words a bot passes
    on: `ann/discord`.

    With the '/', which no nickname has, nobody here can be taken for it.

    Args:
        name: the name as the bot writes it.
        max_length: characters allowed.

    Raises:
        InvalidName: when nobody can have this name.
    """
    parts = name.split(RELAY_SEPARATOR)
    if len(parts) < 2 or len(name) > max_length:
        raise InvalidName(name)
    # "x": what comes from elsewhere may begin with a digit.
    folded = (
        _without_mark_at(1, fold_nick(f"x{part}", max_length + 1))[1:] if part else _refuse(name)
        for part in parts
    )
    return RELAY_SEPARATOR.join(folded)


def _refuse(name: str) -> str:
    raise InvalidName(name)


def is_speaker(name: str, max_length: int) -> bool:
    """Return whether something that was said can have this source: a nickname, a relayed name, or
    one of role-play.
    """
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
        InvalidName: when there can be no such channel.
    """
    if name[:1] != CHANTYPES or not 1 < len(name) <= max_length or _CHANNEL_FORBIDDEN.search(name):
        raise InvalidName(name)
    return _without_mark_at(len(CHANTYPES), _fold_safely(name))


def _without_mark_at(start: int, folded: str) -> str:
    """Return a folded name; one that begins with a combining mark, which is drawn on the sign
    before it, is refused.
    """
    if unicodedata.category(folded[start])[0] == "M":
        raise InvalidName(folded)
    return folded


def _fold_safely(name: str) -> str:
    # Mapping can make ASCII out of wide characters ("＃" becomes "#", "＊" becomes "*"): only names
    # whose mapping is itself a name of the same kind are allowed, so the folded form can never
    # smuggle in a delimiter.
    folded = _fold_precis(name)
    if _Choice.name != "precis":
        if (
            unicodedata.normalize("NFKC", name) != name
        ):  # it could be written in two ways, which would be two names
            raise InvalidName(name)
        return fold(name)
    mapped = {char for char in folded if char.isascii() and not char.isalnum()}
    if mapped - {char for char in name if char.isascii()}:
        raise InvalidName(name)
    return folded


def clean_username(username: str, max_length: int) -> str:
    """Return what a client says its user name is, without what could break a mask or a terminal;
    never empty.
    """
    return _USER_FORBIDDEN.sub("", username)[:max_length] or "user"
