"""Nicknames to offer, and to try when one is taken.

The server decides which nicknames are valid. Here is only what no server accepts, so that the user
is asked again at once.
"""

import getpass
import re
from collections.abc import Iterator

_NEVER = re.compile(r"[\x00-\x20\x7f-\xa0,!@*?.$:]")
_LEADING = re.compile(r"[#&~%+0-9-]+")
_ASCII_ONLY = re.compile(r"[^A-Za-z0-9\[\]\\`_^{|}-]")
FALLBACK = "guest"
SHORTEST_LIMIT = 9
"""RFC 2812 §1.2.1: every server takes nicknames of nine characters."""


def login_name() -> str:
    """Return the name of the user on this system, "" when the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # there is no password database or environment
        return ""


def made_valid(name: str) -> str:
    """Return a nickname as close to a name as a server may accept; never empty."""
    name = _NEVER.sub("", name)
    if start := _LEADING.match(name):
        name = name[start.end() :]
    return name or FALLBACK


def is_possible(nick: str) -> bool:
    """Return whether any server could accept a nickname."""
    return bool(nick) and not _NEVER.search(nick) and not nick.startswith(("#", "&"))


def variants(nick: str) -> Iterator[str]:
    """Yield nicknames to try in turn when one is taken: with a number, cut so that it fits
    anywhere.
    """
    for number in range(2, 100):
        digits = str(number)
        yield (
            nick
            if len(nick) + len(digits) <= SHORTEST_LIMIT
            else nick[: max(len(nick) - len(digits), 1)]
        ) + digits


def plain(nick: str) -> str:
    """Return the nearest nickname that RFC 2812 allows on every server: ASCII, nine characters."""
    return made_valid(_ASCII_ONLY.sub("", nick))[:SHORTEST_LIMIT]
