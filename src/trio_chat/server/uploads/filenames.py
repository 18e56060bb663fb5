"""File names of uploads: read from Content-Disposition (RFC 6266), made safe, and written back.

A name comes from a stranger and ends up in links, in terminals and on the disks of other users.
"""

import re
import unicodedata
from urllib.parse import quote

from trio_chat.irc.text import cut_bytes
from trio_chat.server.http.parameters import parameters

LONGEST = 100
"""Bytes of a name in UTF-8, so that a message has room for the link."""
UNNAMED = "file"
_SEPARATORS = re.compile(r'[/\\:*?"<>|]')
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Unicode categories of control characters, bidirectional overrides, surrogates, private use,
unassigned characters and line separators.
"""
_JOINERS = "\u200c\u200d"
"""Format characters that words and emoji need."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")


def from_disposition(header: str) -> str:
    """Return the file name of a Content-Disposition header as it was sent; "" without one.

    `filename*` (RFC 8187) takes precedence over `filename`.
    """
    return parameters(header).get("filename", "")


def safe_name(text: str, extension: str | None = None) -> str:
    """Return a safe file name that resembles a text.

    Args:
        text: what the client has sent: perhaps with a path, control characters or nothing at all.
        extension: the one that the content demands, such as `.jpg`; None leaves that of the name.
    """
    name = unicodedata.normalize("NFC", text)
    name = re.split(r"[/\\]", name)[-1]
    name = re.sub(r"\s+", "_", name.strip())
    name = "".join(
        char for char in name if char in _JOINERS or unicodedata.category(char) not in _UNSAFE
    )
    name = _SEPARATORS.sub("_", name)
    name = name.strip("._ ")
    stem, dot = name, ""
    if (match := _EXTENSION.search(name)) and match.start():
        stem, dot = name[: match.start()], match[0]
    dot = dot if extension is None else extension
    stem = stem.strip("._ ") or UNNAMED
    if _RESERVED.match(stem):  # devices of Windows, with any extension
        stem = f"_{stem}"
    return _cut(stem, LONGEST - len(dot.encode())) + dot


def extension_of(name: str) -> str:
    """Return the extension of a name in small letters, such as `.jpg`, or ""."""
    match = _EXTENSION.search(name)
    return match[0].lower() if match and match.start() else ""


def disposition(name: str, *, is_inline: bool) -> str:
    """Return a Content-Disposition header for a safe name (RFC 6266 §4, appendix D)."""
    plain = "".join(
        char if " " <= char <= "~" and char not in '"\\%' else "_"
        for char in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(char)
    )
    kind = "inline" if is_inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _cut(text: str, room: int) -> str:
    """Cut a text to a number of bytes, without half a character at its end."""
    return cut_bytes(text, room).rstrip("._ ") or UNNAMED
