"""WebP (RFC 9649): the chunks that are needed to show it remain."""

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

_NEEDED = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"))
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04
_MOST_CHUNKS = 100_000
_FIRST = 12


def clean(data: Data) -> Plan:
    """Return the plan of a WebP: without EXIF, XMP, unknown chunks and what follows its end; the
    orientation remains.

    Raises:
        DamagedMedia: it is damaged.
    """
    limit = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    parts: list[Part] = []
    size, orientation = (0, 0), 1
    at, extended = _FIRST, False
    for _ in range(_MOST_CHUNKS):
        if at + 8 > limit:
            break
        kind, length = bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if end > limit + length % 2:
            raise DamagedMedia
        if kind == b"EXIF":
            orientation = _orientation(bytes(data[at + 8 : at + 8 + min(length, LONGEST_EXIF)]))
        elif kind == b"VP8X" and not parts:
            extended, size = True, _canvas(data, at)
            parts.append(b"")  # for its flags, which are known at the end
        elif kind in _NEEDED:
            size = size if all(size) else _size(kind, data, at + 8)
            keep(parts, at, end)
        at = end
    else:
        raise DamagedMedia
    if not all(size):
        raise DamagedMedia
    if extended:
        parts[0] = _flags(data, orientation != 1)
    if at > len(data):  # the padding of the last chunk is missing
        parts = [*(_clipped(part, len(data)) for part in parts), b"\0"]
    if extended and orientation != 1:
        exif = orientation_exif(orientation)
        parts.append(b"EXIF" + len(exif).to_bytes(4, "little") + exif)
    whole = Plan(parts).size()
    header = b"RIFF" + (whole + 4).to_bytes(4, "little") + b"WEBP"
    return Plan([header, *parts], *turned(*size, orientation if extended else 1))


def _clipped(part: Part, end: int) -> Part:
    return (part[0], min(part[1], end)) if isinstance(part, tuple) else part


def _orientation(exif: bytes) -> int:
    """Return the orientation; some programs put the prefix of JPEG before the TIFF header."""
    return exif_orientation(exif.removeprefix(b"Exif\0\0"))


def _flags(data: Data, has_exif: bool) -> bytes:
    """Return the VP8X chunk with the flags of what remains (RFC 9649 §2.7.1)."""
    chunk = bytearray(data[_FIRST : _FIRST + 18])
    chunk[8] &= ~(_EXIF_FLAG | _XMP_FLAG)
    if has_exif:
        chunk[8] |= _EXIF_FLAG
    return bytes(chunk)


def _canvas(data: Data, at: int) -> tuple[int, int]:
    if at != _FIRST or int.from_bytes(data[at + 4 : at + 8], "little") != 10:
        raise DamagedMedia
    return (
        int.from_bytes(data[at + 12 : at + 15], "little") + 1,
        int.from_bytes(data[at + 15 : at + 18], "little") + 1,
    )


def _size(kind: bytes, data: Data, at: int) -> tuple[int, int]:
    """Return the size of a bitstream: lossy (RFC 6386 §9.1) or lossless (RFC 9649 §3.4)."""
    if kind == b"VP8 " and data[at + 3 : at + 6] == b"\x9d\x01\x2a":
        return (
            int.from_bytes(data[at + 6 : at + 8], "little") & 0x3FFF,
            int.from_bytes(data[at + 8 : at + 10], "little") & 0x3FFF,
        )
    if kind == b"VP8L" and data[at : at + 1] == b"\x2f":
        bits = int.from_bytes(data[at + 1 : at + 5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
