"""References to characters in HTML, such as `&amp;`, in texts of strangers."""

import html
import re

_REFERENCE = re.compile(
    r"&(?:#(?:[0-9]{1,9}|x[0-9a-f]{1,8})(?![0-9a-f])|[a-z][a-z0-9]{1,31});?",
    re.ASCII | re.IGNORECASE,
)


def unescape(text: str) -> str:
    """Return a text with the characters that its references stand for. A number that is too long
    for one stays: `html.unescape` would fail.
    """
    return _REFERENCE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    return html.unescape(match[0])
