"""PNG and APNG (W3C PNG, third edition): the chunks that are needed to show it remain."""

import zlib
from collections.abc import Iterator

from trio_chat.server.uploads.media.plan import (
    LONGEST_EXIF,
    DamagedMedia,
    Data,
    Part,
    Plan,
    exif_orientation,
    keep,
    orientation_exif,
    turned,
)

_SIGNATURE = 8
_HEADER_END = 33
_NEEDED = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs acTL fcTL"
    b" fdAT".split()
)
_EXIF = b"eXIf"
_MOST_CHUNKS = 200_000


def clean(data: Data) -> Plan:
    """Return the plan of a PNG: without texts, times, EXIF and what follows its end; the
    orientation remains.

    Raises:
        DamagedMedia: it is damaged.
    """
    parts: list[Part] = [(0, _SIGNATURE)]
    at, orientation = _SIGNATURE, 1
    if data[12:16] != b"IHDR":
        raise DamagedMedia
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    for _ in range(_MOST_CHUNKS):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(kind) < 4 or end > len(data):
            raise DamagedMedia
        if kind == _EXIF:
            orientation = exif_orientation(
                bytes(data[at + 8 : min(end - 4, at + 8 + LONGEST_EXIF)])
            )
        if kind in _NEEDED:
            keep(parts, at, end)
        at = end
        if kind == b"IEND":
            break
    else:
        raise DamagedMedia
    if not (width and height):
        raise DamagedMedia
    if orientation != 1:
        # Behind IHDR, which is the first chunk and has 25 bytes.
        exif = _chunk(_EXIF, orientation_exif(orientation))
        parts = [(0, _HEADER_END), exif, *_from(parts, _HEADER_END)]
    return Plan(parts, *turned(width, height, orientation))


def _from(parts: list[Part], start: int) -> Iterator[Part]:
    """Yield the parts of the original behind a place."""
    for part in parts:
        if isinstance(part, tuple) and part[1] > start:
            yield (max(part[0], start), part[1])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        len(content).to_bytes(4, "big")
        + kind
        + content
        + zlib.crc32(kind + content).to_bytes(4, "big")
    )
