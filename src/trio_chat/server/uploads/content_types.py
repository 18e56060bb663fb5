"""Media types of uploads, found by their content: the client's Content-Type is never trusted.

One table has the types that a browser may show on the page of the server, another one those that
only lose their private metadata. Everything else is `application/octet-stream`.
"""

import codecs
import re
from collections.abc import Iterable
from typing import NamedTuple

from trio_chat.server.uploads.media.iso_media import IMAGES
from trio_chat.server.uploads.media.ogg import CODECS

OCTETS = "application/octet-stream"
TEXT = "text/plain"
HEAD = 4096
"""Bytes from the beginning of a file by which its type is found."""


class ContentType(NamedTuple):
    """A type that is known.

    Args:
        name: the media type.
        extensions: file names of this type have one of them; the first is the usual one.
    """

    name: str
    extensions: tuple[str, ...]


INLINE: dict[str, ContentType] = {
    one.name: one
    for one in (
        ContentType("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif")),
        ContentType("image/png", (".png", ".apng")),
        ContentType("image/gif", (".gif",)),
        ContentType("image/webp", (".webp",)),
        ContentType("image/avif", (".avif",)),
        ContentType("video/mp4", (".mp4", ".m4v")),
        ContentType("audio/mp4", (".m4a",)),
        ContentType("video/webm", (".webm",)),
        ContentType("audio/mpeg", (".mp3",)),
        ContentType("audio/ogg", (".ogg", ".oga", ".opus")),
        ContentType(TEXT, (".txt", ".log", ".md", ".csv", ".py", ".c", ".h", ".diff", ".patch")),
    )
}
"""The types that a browser may show."""
SAVED: dict[str, ContentType] = {
    one.name: one
    for one in (
        ContentType("image/heic", (".heic", ".heif", ".hif")),
        ContentType("video/quicktime", (".mov", ".qt")),
        ContentType("video/3gpp", (".3gp", ".3g2")),
        ContentType("video/x-matroska", (".mkv", ".mka")),
    )
}
"""The types of phones and cameras that browsers save, because few of them can show them."""
_CLAIMED = {extension: one.name for one in INLINE.values() for extension in one.extensions}
_MP4_BRANDS = frozenset(
    (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash")
)
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide")
"""The first boxes of films that are older than brands."""
_DOCTYPE = re.compile(rb"\x42\x82(?:[\x80-\x8f]|\x40[\x00-\x0f])(webm|matroska)")
# Layer III of any version, with a bit rate that exists (ISO/IEC 11172-3 §2.4.2).
_MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")
# What a program could take for something else than text: HTML, SVG, XML, PHP, PDF.
_MARKUP = re.compile(r"[\ufeff\s]*(?:<[a-z!?/%]|%PDF-)", re.IGNORECASE)
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # tabs, line ends and ESC are text


def detect(head: bytes) -> str:
    """Return the type of a file by its first `HEAD` bytes; `OCTETS` for anything else than the
    types of `INLINE` and `SAVED` without plain text, which takes the whole file (`is_plain_text`).
    """
    if head[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head[4:8] in _QUICKTIME_BOXES:
        return "video/quicktime"
    if head[:4] == b"\x1aE\xdf\xa3" and (found := _DOCTYPE.search(head[:80])):
        return "video/webm" if found[1] == b"webm" else "video/x-matroska"
    if head[:4] == b"OggS" and head[27 + sum(head[26:27]) :].startswith(tuple(CODECS)):
        return "audio/ogg"
    if head[:3] == b"ID3" or _MP3_FRAME.match(head):
        return "audio/mpeg"
    return OCTETS


def _iso_media(head: bytes) -> str:
    """Return the type of an ISO base media file by its brands (ISO/IEC 14496-12 §4.3)."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if major in (b"avif", b"avis") or (major in (b"mif1", b"msf1") and b"avif" in brands):
        return "image/avif"
    if major in IMAGES:
        return "image/heic"
    if major == b"M4A ":
        return "audio/mp4"
    if major == b"qt  ":
        return "video/quicktime"
    if major[:3] in (b"3gp", b"3g2"):
        return "video/3gpp"
    return "video/mp4" if brands & _MP4_BRANDS else OCTETS


def is_plain_text(parts: Iterable[bytes]) -> bool:
    """Return whether a file is text in UTF-8 that no browser could take for markup.

    Args:
        parts: the whole file, in pieces of any size.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    beginning = ""
    try:
        for part in parts:
            text = decoder.decode(part)
            if _NO_TEXT.search(text):
                return False
            beginning = beginning if len(beginning) > HEAD else beginning + text
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not _MARKUP.match(beginning) and bool(beginning.strip("\ufeff \r\n\t"))


def extension_for(content_type: str, extension: str) -> str | None:
    """Return the extension that a file of a type must have; None when its own is right.

    A link shows a type by its extension alone, so one that does not fit is replaced.

    Args:
        content_type: the type that was detected.
        extension: the one of its name, in small letters.
    """
    if content_type == TEXT:
        # Source files have many extensions; those of other types that are shown are not theirs.
        return ".txt" if _CLAIMED.get(extension, TEXT) != TEXT or not extension else None
    if content_type in INLINE:
        known = INLINE[content_type].extensions
        return None if extension in known else known[0]
    if extension not in _CLAIMED:
        return None
    return SAVED[content_type].extensions[0] if content_type in SAVED else f"{extension}.bin"
