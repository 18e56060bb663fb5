"""Untrusted text: sanitising it before a terminal or a log shows it."""

import re

ACTION = "\x01ACTION "
"""The beginning of a CTCP ACTION, which ends with another \\x01."""

# C0 and C1 controls, DEL, bidirectional controls, line separators, invisible format characters,
# lone surrogates.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_FORMATTING = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d-\x1f]"
)


_STYLES = frozenset("\x02\x03\x0f\x11\x1d\x1e\x1f")


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
