"""The plan of a file without private metadata: the parts of the original that remain, and new bytes
between them.

Files come from strangers: each reader counts its steps, and a plan has a bounded number of parts.
"""

from collections.abc import Iterable
from mmap import mmap
from typing import NamedTuple

Data = bytes | mmap
Part = bytes | int | tuple[int, int]
"""New bytes, a number of zeros, or a range (start and end) of the original."""
_MOST_PARTS = 50_000


class DamagedMedia(Exception):  # a state of the file, not a mistake of ours
    """The file is damaged, or is not what its first bytes claim, so it may contain metadata that is
    not found; the message is a sentence for the user.
    """

    def __init__(self) -> None:
        super().__init__("The file is damaged: its private metadata cannot be removed")


class Plan(NamedTuple):
    """A plan.

    Args:
        parts: what the result consists of.
        width: pixels, as shown; 0 if unknown.
        height: pixels, as shown; 0 if unknown.
    """

    parts: list[Part]
    width: int = 0
    height: int = 0

    def size(self) -> int:
        """Return the bytes of the result."""
        return sum(map(_size, self.parts))

    @property
    def is_in_place(self) -> bool:
        """Whether all that remains of the original stays where it is."""
        at = 0
        for part in self.parts:
            if isinstance(part, tuple) and part[0] != at:
                return False
            at += _size(part)
        return True


def _size(part: Part) -> int:
    if isinstance(part, int):
        return part
    return len(part) if isinstance(part, bytes) else part[1] - part[0]


class Steps:
    """A bound for the steps of a reader, which grows with the file.

    Args:
        data: the file.
        each: bytes of the file for each step, beyond the first ones. A step takes about a
            microsecond.
        first: the first ones.
    """

    def __init__(self, data: Data, each: int = 64, first: int = 10_000) -> None:
        self._left = first + len(data) // each

    def count(self) -> None:
        """Count a step.

        Raises:
            DamagedMedia: there were too many.
        """
        self._left -= 1
        if self._left < 0:
            raise DamagedMedia


def keep(parts: list[Part], start: int, end: int) -> None:
    """Append a range of the original, joined with the one before when nothing is between them.

    Raises:
        DamagedMedia: there are too many parts.
    """
    last = parts[-1] if parts else None
    if isinstance(last, tuple) and last[1] == start:
        parts[-1] = (last[0], end)
    elif len(parts) >= _MOST_PARTS:
        raise DamagedMedia
    else:
        parts.append((start, end))


class Overwritten(NamedTuple):
    """A range of the original that is overwritten.

    Args:
        start: its beginning.
        end: behind it.
        data: new bytes for its beginning; zeros follow them.
    """

    start: int
    end: int
    data: bytes = b""


def note(places: list[Overwritten], start: int, end: int, data: bytes = b"") -> None:
    """Note a range that is to be overwritten; see `Overwritten`.

    Raises:
        DamagedMedia: there are too many.
    """
    if len(places) >= _MOST_PARTS // 2:
        raise DamagedMedia
    places.append(Overwritten(start, end, data))


def overwrite(size: int, places: Iterable[Overwritten]) -> list[Part]:
    """Return the parts of a file of the same size; of ranges that overlap, the first one counts.

    Args:
        size: bytes of the file.
        places: what is overwritten.

    Raises:
        DamagedMedia: a range is outside of the file.
    """
    parts: list[Part] = []
    at = 0
    for start, end, new in sorted(places):
        if not 0 <= start <= end <= size:
            raise DamagedMedia
        if end <= at:
            continue
        if start > at:
            parts.append((at, start))
        data = new[max(0, at - start) : end - start]
        if data:
            parts.append(data)
        if rest := end - max(start, at) - len(data):
            parts.append(rest)
        at = end
    parts.append((at, size))
    return parts


_ORIENTATION = 0x0112
LONGEST_EXIF = 1 << 16
"""Bytes of EXIF data that are looked at."""


def exif_orientation(tiff: bytes) -> int:
    """Return the orientation that EXIF data gives, from 1 to 8; 1 if there is none.

    Args:
        tiff: the data from its TIFF header on (CIPA DC-008 §4.6); the first 64 KiB are looked at.
    """
    tiff = tiff[:LONGEST_EXIF]
    mark = tiff[:2]
    if mark not in (b"II", b"MM"):
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if mark == b"II" else "big")

    directory = number(4, 4)
    for index in range(min(number(directory, 2), 1000)):
        entry = directory + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def orientation_exif(orientation: int) -> bytes:
    """Return EXIF data, from its TIFF header on, that has an orientation and nothing else."""
    entry = _ORIENTATION.to_bytes(2, "big") + b"\x00\x03" + b"\x00\x00\x00\x01"
    value = orientation.to_bytes(2, "big") + b"\x00\x00"
    return b"MM\x00\x2a\x00\x00\x00\x08" + b"\x00\x01" + entry + value + b"\x00\x00\x00\x00"


def turned(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the size of a picture as it is shown: some orientations turn it by 90°."""
    return (height, width) if orientation >= 5 else (width, height)
