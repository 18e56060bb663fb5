"""ISO base media files, of which MP4 and AVIF are made (ISO/IEC 14496-12): private metadata is
overwritten where it is.

The places of samples are absolute, so nothing may move: a box becomes a `free` box full of zeros.
"""

from collections.abc import Iterator

from trio_chat.server.uploads.images.plan import DAMAGED, Data, Plan

_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf"))
_PRIVATE = frozenset((b"udta", b"uuid", b"Xtra", b"XMP_"))
"""User data, such as the place where a film was taken; and extensions, such as XMP."""
_MOST_BOXES = 10_000
_DEEPEST = 8


class _Boxes:
    """The boxes of a file.

    Args:
        data: the file.
    """

    def __init__(self, data: Data) -> None:
        self._data = data
        self._left = _MOST_BOXES
        self.erased: list[tuple[int, int, bytes]] = []  # start, end, and the new beginning
        self.size = (0, 0)

    def walk(self, start: int, end: int, depth: int = 0, *, is_image: bool = False) -> None:
        for kind, at, content, after in self._children(start, end):
            if kind in _PRIVATE or (kind == b"meta" and not is_image):
                self.erased.append((content, after, b""))
                self.erased.append((at + 4, at + 8, b"free"))
            elif kind in _CONTAINERS and depth < _DEEPEST:
                self.walk(content, after, depth + 1, is_image=is_image)
            elif kind == b"tkhd":
                self._track(content, after)
            elif kind == b"meta":
                self._image(content + 4, after)

    def _children(self, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
        """Yield kind, start, content and end of each box."""
        at = start
        while at + 8 <= end:
            self._left -= 1
            length, content = int.from_bytes(self._data[at : at + 4], "big"), at + 8
            if length == 1:
                length, content = int.from_bytes(self._data[at + 8 : at + 16], "big"), at + 16
            after = at + length if length else end
            if self._left < 0 or after < content or after > end:
                raise DAMAGED
            yield bytes(self._data[at + 4 : at + 8]), at, content, after
            at = after

    def _track(self, start: int, end: int) -> None:
        """Take the size of a track: two numbers with 16 bits behind the point."""
        width, height = (
            int.from_bytes(self._data[end - at : end - at + 2], "big") for at in (8, 4)
        )
        if end - start >= 80 and width and height and not all(self.size):
            # A matrix that begins with zero turns the picture by 90° (§6.2.2).
            is_turned = self._data[end - 44 : end - 40] == b"\0\0\0\0"
            self.size = (height, width) if is_turned else (width, height)

    def _image(self, start: int, end: int) -> None:
        """Look at the items of an AVIF: EXIF and XMP are overwritten; its size is noted."""
        children = {
            kind: (content, after) for kind, _, content, after in self._children(start, end)
        }
        private = self._private_items(*children.get(b"iinf", (0, 0)))
        if private:
            inner = children.get(b"idat", (0, 0))[0]
            for item, place, length in self._extents(*children.get(b"iloc", (0, 0)), inner):
                if item in private:
                    if place + length > len(self._data):
                        raise DAMAGED
                    self.erased.append((place, place + length, b""))
        if b"iprp" in children:
            self._properties(*children[b"iprp"])

    def _properties(self, start: int, end: int) -> None:
        for kind, _, content, after in self._children(start, end):
            if kind != b"ipco":
                continue
            is_turned = False
            for name, _, inner, _ in self._children(content, after):
                if name == b"ispe" and not all(self.size):
                    self.size = (self._number(inner + 4, 4), self._number(inner + 8, 4))
                is_turned |= name == b"irot" and bool(self._number(inner, 1) & 1)
            if is_turned:
                self.size = self.size[::-1]

    def _private_items(self, start: int, end: int) -> set[int]:
        """Return the numbers of items with EXIF, or XMP, of type `mime` (ISO/IEC 23008-12)."""
        if start == end:
            return set()
        wide = self._number(start, 1) != 0
        private = set[int]()
        for kind, _, content, _ in self._children(start + (8 if wide else 6), end):
            version = self._number(content, 1)
            if kind != b"infe" or version < 2:
                continue
            size = 2 if version == 2 else 4
            place = content + 4 + size + 2
            if bytes(self._data[place : place + 4]) in (b"Exif", b"mime", b"uri "):
                private.add(self._number(content + 4, size))
        return private

    def _extents(self, start: int, end: int, inner: int) -> Iterator[tuple[int, int, int]]:
        """Yield the item, place and length of each extent (`iloc`, §8.11.3).

        Args:
            start: of the content of the box.
            end: of the box.
            inner: the start of the `idat` box, which the construction method 1 refers to.
        """
        if start == end:
            return
        version, sizes = self._number(start, 1), self._number(start + 4, 2)
        offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        wide = 4 if version == 2 else 2
        at = start + 6 + wide
        for _ in range(self._number(start + 6, wide)):
            item = self._number(at, wide)
            method = self._number(at + wide, 2) & 15 if version else 0
            at += wide + (2 if version else 0) + 2
            first = self._number(at, base)
            count = self._number(at + base, 2)
            at += base + 2
            for _ in range(count):
                self._left -= 1
                if at > end or self._left < 0 or method > 1:
                    raise DAMAGED
                at += index if version else 0
                place, span = first + self._number(at, offset), self._number(at + offset, length)
                at += offset + length
                yield item, place + (inner if method else 0), span

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], "big")


def clean(data: Data) -> Plan:
    """Return the plan of an MP4 or AVIF: without user data, EXIF and XMP.

    Raises:
        BadImage: it is damaged.
    """
    boxes = _Boxes(data)
    is_image = data[8:12] in (b"avif", b"avis", b"mif1", b"msf1")
    boxes.walk(0, len(data), is_image=is_image)
    parts: list[bytes | tuple[int, int]] = []
    at = 0
    for start, end, new in sorted(boxes.erased):
        if end <= at:  # an item may lie within another one
            continue
        first = max(start, at)
        parts += [(at, first), new if len(new) == end - first else bytes(end - first)]
        at = end
    parts.append((at, len(data)))
    return Plan(parts, *boxes.size)
