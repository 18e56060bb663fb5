"""Boxes of ISO base media files, and the items of pictures in them (HEIC and AVIF; ISO/IEC
23008-12).
"""

from collections.abc import Iterator
from typing import NamedTuple

from trio_chat.server.uploads.media.plan import DamagedMedia, Data, Overwritten, Steps, note

_PRIVATE = (b"Exif", b"mime", b"uri ")
"""Types of items: EXIF, XMP, and what only other programs understand."""
_EMPTY_EXIF = bytes(4) + b"MM\0\x2a\0\0\0\x08" + bytes(6)
"""EXIF data of an item without entries: programs report zeros as damage."""


class Box(NamedTuple):
    """A box: its type, and where it begins, its content begins and it ends."""

    kind: bytes
    start: int
    content: int
    end: int


class Items(NamedTuple):
    """What the items of a picture are.

    Args:
        private: places of private data.
        size: pixels, as shown.
    """

    private: list[Overwritten]
    size: tuple[int, int]


def number(data: Data, at: int, size: int) -> int:
    """Return a number of so many bytes."""
    return int.from_bytes(data[at : at + size], "big")


def boxes(data: Data, start: int, end: int, steps: Steps) -> Iterator[Box]:
    """Yield the boxes of a range (ISO/IEC 14496-12 §4.2).

    Raises:
        DamagedMedia: one of them does not fit.
    """
    at = start
    while at + 8 <= end:
        steps.count()
        length, content = number(data, at, 4), at + 8
        if length == 1:
            length, content = number(data, at + 8, 8), at + 16
        after = at + length if length else end
        if after < content or after > end:
            raise DamagedMedia
        yield Box(bytes(data[at + 4 : at + 8]), at, content, after)
        at = after


def read(data: Data, meta: Box, steps: Steps) -> Items:
    """Return what the items of a `meta` box are.

    Raises:
        DamagedMedia: they are damaged.
    """
    found = {box.kind: box for box in boxes(data, meta.content + 4, meta.end, steps)}
    private: list[Overwritten] = []
    if b"iinf" in found and (wanted := _private_items(data, found[b"iinf"], steps)):
        if b"iloc" not in found:
            raise DamagedMedia
        inner = found[b"idat"].content if b"idat" in found else 0
        for item, place, length in _extents(data, found[b"iloc"], inner, steps):
            if item in wanted:
                new = _EMPTY_EXIF if wanted.pop(item) == b"Exif" else b""
                wanted[item] = b""  # further extents continue the first one
                note(private, place, place + length, new)
    private += [Overwritten(box.content, box.end) for kind, box in found.items() if kind == b"uuid"]
    size = _size(data, found[b"iprp"], steps) if b"iprp" in found else (0, 0)
    return Items(private, size)


def _size(data: Data, properties: Box, steps: Steps) -> tuple[int, int]:
    """Return the size of the largest picture: a photograph is often made of tiles."""
    width = height = 0
    is_turned = False
    for container in boxes(data, properties.content, properties.end, steps):
        if container.kind != b"ipco":
            continue
        for box in boxes(data, container.content, container.end, steps):
            if box.kind == b"ispe":
                other = number(data, box.content + 4, 4), number(data, box.content + 8, 4)
                if other[0] * other[1] > width * height:
                    width, height = other
            is_turned |= box.kind == b"irot" and bool(number(data, box.content, 1) & 1)
    return (height, width) if is_turned else (width, height)


def _private_items(data: Data, information: Box, steps: Steps) -> dict[int, bytes]:
    """Return the numbers of items with private data, and their types (`infe`, §8.11.6)."""
    start = information.content
    wide = number(data, start, 1) != 0
    private: dict[int, bytes] = {}
    for box in boxes(data, start + (8 if wide else 6), information.end, steps):
        version = number(data, box.content, 1)
        if box.kind != b"infe" or version < 2:
            continue
        size = 2 if version == 2 else 4
        place = box.content + 4 + size + 2
        if (kind := bytes(data[place : place + 4])) in _PRIVATE:
            private[number(data, box.content + 4, size)] = kind
    return private


def _extents(
    data: Data, locations: Box, inner: int, steps: Steps
) -> Iterator[tuple[int, int, int]]:
    """Yield the item, place and length of each extent (`iloc`, §8.11.3).

    Args:
        data: the file.
        locations: the box.
        inner: the start of the `idat` box, which the construction method 1 refers to.
        steps: the bound.
    """
    start = locations.content
    version, sizes = number(data, start, 1), number(data, start + 4, 2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    at = start + 6 + wide
    for _ in range(number(data, start + 6, wide)):
        item = number(data, at, wide)
        method = number(data, at + wide, 2) & 15 if version else 0
        at += wide + (2 if version else 0) + 2
        first = number(data, at, base)
        count = number(data, at + base, 2)
        at += base + 2
        for _ in range(count):
            steps.count()
            if at > locations.end or method > 1:
                raise DamagedMedia
            at += index if version else 0
            place, span = first + number(data, at, offset), number(data, at + offset, length)
            at += offset + length
            yield item, place + (inner if method else 0), span
