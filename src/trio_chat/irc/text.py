"""Untrusted text: sanitising it before a terminal or a log shows it, and cutting it."""

import re
import unicodedata
from typing import Final

ACTION: Final = "\x01ACTION "
"""The beginning of a CTCP ACTION, which ends with another \\x01."""

# C0 and C1 controls, DEL, bidirectional controls, line separators, invisible format characters,
# lone surrogates.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_FORMATTING: Final = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d-\x1f]"
)


_STYLES: Final = frozenset("\x02\x03\x0f\x11\x1d\x1e\x1f")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def escape_controls(text: str) -> str:
    """Replace each character that could move a cursor, end a line or hide others by its code."""
    return _UNSAFE.sub(_visible, text)


def strip_controls(text: str) -> str:
    """Remove each character that could move a cursor, end a line or hide others."""
    return _UNSAFE.sub("", text)


def strip_unformatted_controls(text: str) -> str:
    """Remove each character that could move a cursor, end a line or hide others, but those of
    formatting (Modern IRC, Formatting).
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in _STYLES else "", text)


def strip_formatting(text: str) -> str:
    """Remove mIRC colour and style codes (Modern IRC, Formatting)."""
    return _FORMATTING.sub("", text)


def clean(text: str) -> str:
    """Remove formatting codes from untrusted text, and make control characters visible."""
    return escape_controls(strip_formatting(text))


# Cutting (Unicode Standard Annex #29, grapheme cluster boundaries)

_JOINER: Final = "\u200d"
_LONGEST_CLUSTER: Final = 64
"""Characters of what is still taken for one sign; somebody may put marks on a letter for ever."""


def _continues(char: str) -> bool:
    """Return whether a character belongs to the one before it: a mark, a joiner, a colour of skin,
    or a later letter of a Korean syllable.
    """
    if char < "\u0300":
        return False
    return (
        char == _JOINER
        or "\u1160" <= char <= "\u11ff"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
    )


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_end(text: str, at: int) -> bool:
    """Return whether a sign ends before a place in a text."""
    if _continues(text[at]) or text[at - 1] == _JOINER:
        return False
    if not _is_flag_letter(text[at]):
        return True
    begin = at
    while begin and _is_flag_letter(text[begin - 1]):
        begin -= 1
    return (at - begin) % 2 == 0  # two letters are a flag


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, at most so many characters, without a part of a sign that has
    several, such as an emoji, unless the first sign itself has more.
    """
    if len(text) <= most:
        return text
    for end in range(most, max(0, most - _LONGEST_CLUSTER), -1):
        if _is_end(text, end):
            return text[:end]
    return text[:most]


def cut_bytes(text: str, room: int) -> str:
    """Return the beginning of a text, at most so many bytes of UTF-8, as `cut` does."""
    data = text.encode()
    return text if len(data) <= room else cut(text, len(data[:room].decode("utf-8", "ignore")))
