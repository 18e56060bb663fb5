"""The plan of a file without private metadata: the parts of the original that remain, and new bytes
between them.
"""

from mmap import mmap
from typing import NamedTuple

Data = bytes | mmap


class BadImage(Exception):  # a state of the file, not a mistake of ours
    """The file is damaged, or is not what its first bytes claim; the message is a sentence for the
    user.
    """


DAMAGED = BadImage("The picture is damaged: its metadata cannot be removed")
"""The refusal of a picture whose structure is broken: it may contain metadata that is not found."""


class Plan(NamedTuple):
    """A plan.

    Args:
        parts: new bytes, and ranges (start and end) of the original.
        width: pixels, as shown; 0 if unknown.
        height: pixels, as shown; 0 if unknown.
    """

    parts: list[bytes | tuple[int, int]]
    width: int = 0
    height: int = 0

    def size(self) -> int:
        """Return the bytes of the result."""
        return sum(
            len(part) if isinstance(part, bytes) else part[1] - part[0] for part in self.parts
        )


def exif_orientation(tiff: bytes) -> int:
    """Return the orientation that EXIF data gives, from 1 to 8; 1 if there is none.

    Args:
        tiff: the data from its TIFF header on (CIPA DC-008 §4.6).
    """
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None:
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    directory = number(4, 4)
    for index in range(min(number(directory, 2), 1000)):
        entry = directory + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


_ORIENTATION = 0x0112


def orientation_exif(orientation: int) -> bytes:
    """Return EXIF data, from its TIFF header on, that has an orientation and nothing else."""
    entry = _ORIENTATION.to_bytes(2, "big") + b"\x00\x03" + b"\x00\x00\x00\x01"
    value = orientation.to_bytes(2, "big") + b"\x00\x00"
    return b"MM\x00\x2a\x00\x00\x00\x08" + b"\x00\x01" + entry + value + b"\x00\x00\x00\x00"


def turned(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the size of a picture as it is shown: some orientations turn it by 90°."""
    return (height, width) if orientation >= 5 else (width, height)
