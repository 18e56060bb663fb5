"""ISO base media files, of which MP4, QuickTime, 3GP, AVIF and HEIC are made (ISO/IEC 14496-12):
what is not needed to show them is overwritten where it is.

The places of samples are absolute, so nothing may move: a box becomes a `free` box full of zeros.
Boxes that are not known become one as well: cameras put places and serial numbers into boxes of
their own.
"""

from collections.abc import Iterator

from trio_chat.server.uploads.media import iso_items, iso_samples
from trio_chat.server.uploads.media.iso_items import Box, boxes, number
from trio_chat.server.uploads.media.plan import (
    DamagedMedia,
    Data,
    Overwritten,
    Plan,
    Steps,
    note,
    overwrite,
)

_KEPT: dict[bytes, frozenset[bytes]] = {
    b"": frozenset(b"ftyp styp moov moof mdat mfra sidx ssix pdin".split()),
    b"moov": frozenset(b"mvhd iods trak mvex pssh".split()),
    b"trak": frozenset(b"tkhd tref trgr edts mdia tapt clip matt load".split()),
    b"mdia": frozenset(b"mdhd hdlr elng minf".split()),
    b"minf": frozenset(b"vmhd smhd hmhd sthd nmhd gmhd hdlr dinf stbl".split()),
    b"moof": frozenset(b"mfhd traf pssh".split()),
    b"traf": frozenset(b"tfhd tfdt trun sbgp sgpd subs saiz saio senc sdtp".split()),
}
"""The boxes that remain, by the box that they are in; b"" is the file. Others are left alone inside
of boxes that are not named here.
"""
_SHOWN = frozenset(
    (b"vide", b"soun", b"subt", b"text", b"sbtl", b"clcp", b"tmcd", b"pict", b"auxv")
)
"""The handlers of tracks that are shown. Those of others have places, movements, faces."""
IMAGES = frozenset(
    (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
)
"""The brands of pictures."""


class _Media:
    """The boxes of a file.

    Args:
        data: the file.
    """

    def __init__(self, data: Data) -> None:
        self._data = data
        self._steps = Steps(data, 128)
        self._is_image = bytes(data[8:12]) in IMAGES
        self.places: list[Overwritten] = []
        self.size = (0, 0)

    def read(self) -> None:
        """Note what is to be overwritten."""
        self._walk(b"", 0, len(self._data))

    def _walk(self, parent: bytes, start: int, end: int) -> None:
        for box in boxes(self._data, start, end, self._steps):
            if box.kind == b"meta" and self._is_image and not parent:
                items = iso_items.read(self._data, box, self._steps)
                self.places += items.private
                self.size = items.size
            elif box.kind not in _KEPT[parent]:
                self._free(box)
            elif box.kind == b"trak" and not self._is_shown(box):
                self.places += iso_samples.places(self._data, box, self._steps)
                self._free(box)
            elif box.kind in _KEPT:
                self._walk(box.kind, box.content, box.end)
            else:
                self._look(box)

    def _free(self, box: Box) -> None:
        note(self.places, box.start + 4, box.start + 8, b"free")
        note(self.places, box.content, box.end)

    def _look(self, box: Box) -> None:
        """Overwrite the times of a header, and the name that a camera gives its handler."""
        if box.kind in (b"mvhd", b"tkhd", b"mdhd"):
            version = number(self._data, box.content, 1)
            times = box.content + 4
            self._erase(times, times + (16 if version == 1 else 8), box)
        if box.kind == b"hdlr":
            self._erase(box.content + 24, box.end, box)
        if box.kind == b"tkhd":
            self._track_size(box)

    def _erase(self, start: int, end: int, box: Box) -> None:
        if end > box.end:
            raise DamagedMedia
        note(self.places, start, end)

    def _is_shown(self, track: Box) -> bool:
        for media in self._inside(track, b"mdia"):
            for handler in self._inside(media, b"hdlr"):
                return bytes(self._data[handler.content + 8 : handler.content + 12]) in _SHOWN
        raise DamagedMedia

    def _inside(self, box: Box, kind: bytes) -> Iterator[Box]:
        found = boxes(self._data, box.content, box.end, self._steps)
        return (inner for inner in found if inner.kind == kind)

    def _track_size(self, box: Box) -> None:
        """Take the size of a track: two numbers with 16 bits behind the point."""
        width, height = (number(self._data, box.end - at, 2) for at in (8, 4))
        if box.end - box.content >= 80 and width and height and not all(self.size):
            # A matrix that begins with zero turns the picture by 90° (§6.2.2).
            is_turned = self._data[box.end - 44 : box.end - 40] == b"\0\0\0\0"
            self.size = (height, width) if is_turned else (width, height)


def clean(data: Data) -> Plan:
    """Return the plan of a film or a picture: without user data, EXIF, XMP, times, unknown boxes,
    and tracks that are not shown.

    Raises:
        DamagedMedia: it is damaged.
    """
    media = _Media(data)
    media.read()
    return Plan(overwrite(len(data), media.places), *media.size)
