"""MP3: the tags around its frames are left out, whatever they say (ID3v2, ID3v1, APEv2, Lyrics3).

A tag can have a title, but also a comment, a place, a picture with EXIF data, or the name of the
program and of its owner; a reader cannot tell which of them the uploader wants to show.
"""

from trio_chat.server.uploads.media.plan import DamagedMedia, Data, Plan

_MOST_TAGS = 16
_LONGEST_GAP = 4096
"""Bytes of padding between the tags and the first frame."""


def clean(data: Data) -> Plan:
    """Return the plan of an MP3: the frames alone.

    Raises:
        DamagedMedia: there are none.
    """
    start, end = 0, len(data)
    for _ in range(_MOST_TAGS):
        if not (length := _leading_tag(data, start)):
            break
        start += length
    gap = data[start : start + _LONGEST_GAP]
    start += len(gap) - len(gap.lstrip(b"\0"))
    for _ in range(_MOST_TAGS):
        if not (length := _trailing_tag(data, start, end)):
            break
        end -= length
    if end - start < 4 or not _is_audio(data[start : start + 4]):
        raise DamagedMedia
    return Plan([(start, end)])


def _is_audio(head: bytes) -> bool:
    """Return whether a frame begins here; FLAC files have such tags as well."""
    return head == b"fLaC" or (head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _leading_tag(data: Data, at: int) -> int:
    """Return the bytes of the ID3v2 tag at a place (ID3v2.4.0 §3.1), or those of an APEv2 tag."""
    if data[at : at + 3] == b"ID3":
        has_footer = bool(data[at + 5 : at + 6] and data[at + 5] & 0x10)
        return 10 + _safe_number(data[at + 6 : at + 10]) + (10 if has_footer else 0)
    if data[at : at + 8] == b"APETAGEX":
        return 32 + int.from_bytes(data[at + 12 : at + 16], "little")
    return 0


def _trailing_tag(data: Data, start: int, end: int) -> int:
    """Return the bytes of the tag that ends at a place."""
    if data[max(start, end - 128) : end][:3] == b"TAG" and end - start >= 128:
        return 128
    if end - start >= 227 and data[end - 227 : end - 223] == b"TAG+":
        return 227
    footer = data[max(start, end - 32) : end]
    if footer[:8] == b"APETAGEX":
        has_header = bool(int.from_bytes(footer[20:24], "little") & 1 << 31)
        size = int.from_bytes(footer[12:16], "little") + (32 if has_header else 0)
        return min(max(size, 32), end - start)
    if footer[-9:] == b"LYRICS200" and footer[-15:-9].isdigit():
        return min(int(footer[-15:-9]) + 15, end - start)
    if footer[-9:] == b"LYRICSEND":
        at = data.rfind(b"LYRICSBEGIN", max(start, end - 5200), end)
        return end - at if at >= 0 else 9
    if footer[-10:-7] == b"3DI":  # the footer of an ID3v2 tag that was appended
        return min(20 + _safe_number(footer[-4:]), end - start)
    return 0


def _safe_number(data: bytes) -> int:
    """Return a number of seven bits in each byte."""
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number
