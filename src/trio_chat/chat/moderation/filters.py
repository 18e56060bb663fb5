"""Filters of messages: patterns of words and links, and what is done with a message that has them.

A pattern is a word or several, in which `*` stands for any letters; or `link`, or `link:` and a
host. There are no regular expressions, so that matching takes a time that is linear in the length
of the text, whatever an operator has written. See `normal_forms` for what counts as the same word.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol, TypeVar

from trio_chat.chat.moderation import links
from trio_chat.chat.moderation.normal_forms import (
    Form,
    Words,
    is_word,
    plain_words,
    readings,
)
from trio_chat.irc.text import strip_controls, strip_formatting

REFUSE, HOLD, ALLOW = "refuse", "hold", "allow"
ACTIONS: Final = (REFUSE, HOLD, ALLOW)
FLAG: Final = "flag"
"""The action of filters of the server that only notify operators."""
_STRENGTH: Final = {REFUSE: 3, HOLD: 2, FLAG: 1, ALLOW: 0}
MOST: Final = 100
"""Filters of one channel."""
MAX_PATTERN: Final = 100
"""Characters of a pattern."""
_MAX_WORDS: Final = 8
_LINK: Final = "link"
_ANY: Final = "*"


class Filter(NamedTuple):
    """A filter of a channel.

    Args:
        action: `REFUSE`, `HOLD`, or `ALLOW` for links that other filters are not to count.
        pattern: as `parse_pattern` returns it.
        setter: the nickname of the operator.
        time: when it was added, in seconds of Unix time.
    """

    action: str
    pattern: str
    setter: str
    time: int


class Matching(Protocol):
    """A filter as far as matching asks for it."""

    @property
    def action(self) -> str:
        """Its action."""

    @property
    def pattern(self) -> str:
        """Its pattern."""


F = TypeVar("F", bound=Matching)


class BadPattern(ValueError):
    """An invalid pattern; the message is a sentence."""


def parse_pattern(text: str) -> str:
    """Return a pattern as it is kept: as it was written, in lower case.

    Raises:
        BadPattern: it is none.
    """
    if len(text) > MAX_PATTERN:
        raise BadPattern(f"A pattern has at most {MAX_PATTERN} characters")
    written = " ".join(strip_controls(strip_formatting(text)).lower().split())
    kind, colon, host = written.partition(":")
    if kind == _LINK and colon:
        return f"{_LINK}:{_parse_host(host)}"
    words = plain_words(written).split()
    if not words or len(words) > _MAX_WORDS:
        raise BadPattern(f"A pattern has one to {_MAX_WORDS} words")
    if not all(is_word(each.replace(_ANY, "")) or set(each) == {_ANY} for each in words):
        raise BadPattern("A pattern has letters, digits and *; or it is link, or link:<host>")
    if len("".join(words).replace(_ANY, "")) < 2:
        raise BadPattern("A pattern has at least two letters, else nearly each message has it")
    return written


def _parse_host(host: str) -> str:
    wanted = host.removeprefix("*.").strip(".")
    if not wanted or set(wanted) & set(" /@") or len(links.hosts(f"https://{wanted}/")) != 1:
        raise BadPattern("After link: stands a host, as in link:example.org")
    return wanted


def first_match(filters: Iterable[F], text: str) -> F | None:
    """Return the filter that a text matches, or None; one that refuses before one that holds, and
    that before one that flags.
    """
    found, strength = None, 0
    seen = _Seen(text, filters)
    for each in filters:
        if _STRENGTH[each.action] > strength and seen.matches(each.pattern):
            found, strength = each, _STRENGTH[each.action]
            if each.action == REFUSE:
                break
    return found


class _Seen:
    """A text as filters see it. Its words and its links are looked for when a filter asks."""

    def __init__(self, text: str, filters: Iterable[Matching]) -> None:
        self._text = text
        self._allowed = [
            _host(each.pattern) for each in filters if each.action == ALLOW and _host(each.pattern)
        ]
        self._readings: tuple[Words, ...] | None = None
        self._spellings: frozenset[str] = frozenset()
        self._joined = ""
        self._hosts: frozenset[str] | None = None

    def matches(self, pattern: str) -> bool:
        """Return whether the text has what a pattern describes."""
        host = _host(pattern)
        if host or pattern == _LINK:
            return any(not host or links.is_within(each, host) for each in self._links())
        if self._readings is None:
            self._readings = readings(self._text)
            self._spellings = frozenset().union(
                *(form for words in self._readings for form in words)
            )
            self._joined = "\n".join(self._spellings)
        # Nearly all patterns end here, however many words a text has.
        if not all(part in self._joined for part in _parts(pattern)):
            return False
        wanted = _wanted(pattern)
        if len(wanted) == 1:
            return _has(wanted[0], self._spellings)
        return any(_has_phrase(words, wanted) for words in self._readings)

    def _links(self) -> frozenset[str]:
        if self._hosts is None:
            self._hosts = frozenset(
                each
                for each in links.hosts(self._text)
                if not any(links.is_within(each, host) for host in self._allowed)
            )
        return self._hosts


@lru_cache(maxsize=4096)
def _host(pattern: str) -> str:
    """Return the host of a pattern of links as it looks; "" if it has none."""
    kind, _, host = pattern.partition(":")
    return next(iter(links.hosts(f"https://{host}/")), "") if kind == _LINK and host else ""


@lru_cache(maxsize=4096)
def _wanted(pattern: str) -> tuple[str, ...]:
    return tuple(plain_words(pattern).split())


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, ...]:
    """Return what a text that matches has somewhere in its words, the longest first."""
    parts = {part for word in _wanted(pattern) for part in word.split(_ANY) if part}
    return tuple(sorted(parts, key=lambda part: (-len(part), part)))


def _has_phrase(words: Words, wanted: tuple[str, ...]) -> bool:
    return any(
        all(_has(each, words[start + offset]) for offset, each in enumerate(wanted))
        for start in range(len(words) - len(wanted) + 1)
    )


def _has(wanted: str, spellings: Form) -> bool:
    if _ANY not in wanted:
        return wanted in spellings
    first, *parts, last = wanted.split(_ANY)
    return any(_fits(each, first, parts, last) for each in spellings)


def _fits(word: str, first: str, parts: list[str], last: str) -> bool:
    """Return whether a word begins and ends as wanted, and has the other parts between, in order.

    To look for the first place of each part is enough, so that this never goes back.
    """
    end = len(word) - len(last)
    if end < len(first) or not (word.startswith(first) and word.endswith(last)):
        return False
    position = len(first)
    for part in parts:
        found = word.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
