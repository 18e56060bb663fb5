"""JPEG (ITU-T T.81, annex B): the segments that are needed to show it remain."""

import re

from trio_chat.server.uploads.media.plan import (
    DamagedMedia,
    Data,
    Part,
    Plan,
    Steps,
    exif_orientation,
    keep,
    orientation_exif,
    turned,
)

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF markers: those without DHT, JPG and DAC."""
_APP0, _APP1, _APP2, _APP14, _APP15, _COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_EXIF = b"Exif\0\0"
# Within entropy-coded data, FF 00 is a byte and FF D0 … D7 are restarts. A repetition in the
# pattern would take a time that grows with the square of a run of FF.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SEARCHED_AT_ONCE = 1 << 20
"""Bytes; other threads run in between."""


def clean(data: Data) -> Plan:
    """Return the plan of a JPEG: without EXIF, XMP, IPTC, comments, thumbnails and what follows its
    end; the orientation remains.

    Raises:
        DamagedMedia: it is damaged.
    """
    parts: list[Part] = [b"\xff\xd8"]
    at, size, orientation, steps = 2, (0, 0), 1, Steps(data, 1024)
    while True:
        steps.count()
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            steps.count()
            at += 1
        head = data[at : at + 4]
        if len(head) < 2 or head[0] != 0xFF:
            raise DamagedMedia
        marker = head[1]
        if marker == _EOI:
            break
        length = int.from_bytes(head[2:4], "big")
        end = at + 2 + length
        if len(head) < 4 or length < 2 or end > len(data):
            raise DamagedMedia
        if marker in _FRAMES and length >= 8:
            size = (_number(data, at + 7), _number(data, at + 5))
        if marker == _APP1 and data[at + 4 : at + 10] == _EXIF:
            orientation = exif_orientation(bytes(data[at + 10 : end]))
        if marker == _SOS:
            end = _end_of_scan(data, end)
        if _is_needed(marker, data, at):
            keep(parts, at, end)
        if marker == _SOS and end == len(data):  # the end is missing; browsers show what there is
            break
        at = end
    if not all(size):
        raise DamagedMedia
    if orientation != 1:
        exif = _EXIF + orientation_exif(orientation)
        parts.insert(1, b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif)
    parts.append(b"\xff\xd9")
    return Plan(parts, *turned(*size, orientation))


def _is_needed(marker: int, data: Data, at: int) -> bool:
    """Return whether a segment is needed to show the picture correctly."""
    if marker == _APP0:
        return data[at + 4 : at + 9] == b"JFIF\0"
    if marker == _APP2:
        return data[at + 4 : at + 16] == b"ICC_PROFILE\0"
    if marker == _APP14:
        return data[at + 4 : at + 9] == b"Adobe"
    return not (_APP0 <= marker <= _APP15 or marker == _COM)


def _end_of_scan(data: Data, start: int) -> int:
    """Return where the marker behind entropy-coded data is."""
    for at in range(start, len(data), _SEARCHED_AT_ONCE):
        if match := _MARKER.search(data, at, at + _SEARCHED_AT_ONCE + 1):
            return match.start()
    return len(data)


def _number(data: Data, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")
