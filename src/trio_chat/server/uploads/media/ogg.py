"""Ogg (RFC 3533) with Opus, Vorbis and their kin: the comments of each stream are emptied where
they are.

The packet keeps its length, so that no page moves, and pages get new checksums.
"""

import zlib
from struct import Struct

from trio_chat.server.uploads.media.plan import (
    DamagedMedia,
    Data,
    Overwritten,
    Plan,
    Steps,
    note,
    overwrite,
)

_HEAD = Struct("<5sB8xI8xB")
"""The first 27 bytes of a page: a mark, its version, flags, the number of its stream, and the
length of the table of its segments.
"""
_CONTINUED, _FIRST = 0x01, 0x02
_SKELETON = b"fishead\0"
CODECS = {
    b"OpusHead": b"OpusTags",
    b"\x01vorbis": b"\x03vorbis",
    b"\x80theora": b"\x81theora",
    b"Speex   ": b"",
    _SKELETON: b"",
}
"""The beginnings of the first packet of a stream, and those of the one with comments."""
_MOST_STREAMS = 1000
_REVERSED = bytes(int(f"{number:08b}"[::-1], 2) for number in range(256))


class _Stream:
    """One logical stream: how much of its comments was seen.

    Args:
        comments: what the packet with comments begins with; b"" if it begins with the comments.
        packets: packets of the stream that have ended.
    """

    def __init__(self, comments: bytes) -> None:
        self.comments = comments
        self.packets = 0
        self.seen = 0
        self.new = b""


class _Pages:
    """The pages of a file.

    Args:
        data: the file.
    """

    def __init__(self, data: Data) -> None:
        self._data = data
        self._steps = Steps(data)
        self._streams: dict[int, _Stream] = {}
        self.places: list[Overwritten] = []

    def read(self) -> None:
        """Note what is to be overwritten."""
        at = 0
        while at < len(self._data):
            self._steps.count()
            at = self._page(at)

    def _page(self, at: int) -> int:
        """Look at a page; return the place behind it."""
        data = self._data
        if len(data) - at < _HEAD.size:
            raise DamagedMedia
        mark, flags, serial, segments = _HEAD.unpack_from(data, at)
        start: int = at + _HEAD.size + segments
        table = data[at + _HEAD.size : start]
        end = start + sum(table)
        if mark != b"OggS\0" or end > len(data):
            raise DamagedMedia
        if flags & _FIRST:
            self._begin(serial, bytes(data[start : min(end, start + 8)]))
        stream = self._streams.get(serial)
        if stream is None:
            raise DamagedMedia
        if stream.packets < 2:
            self._headers(stream, at, start, table)
        return end

    def _begin(self, serial: int, magic: bytes) -> None:
        found = next((one for one in CODECS if magic.startswith(one)), None)
        if found is None or len(self._streams) >= _MOST_STREAMS:
            raise DamagedMedia
        self._streams[serial] = _Stream(CODECS[found])
        if found == _SKELETON:  # it has no comments
            self._streams[serial].packets = 2

    def _headers(self, stream: _Stream, at: int, start: int, table: bytes) -> None:
        """Empty what a page has of the second packet of its stream."""
        place, changed = start, bytearray(self._data[at : start + sum(table)])
        is_changed = False
        for lacing in table:
            if stream.packets == 1 and lacing:
                new = self._emptied(stream, place, lacing)
                changed[place - at : place - at + lacing] = new
                is_changed = True
            place += lacing
            if lacing < 255:
                stream.packets += 1
        if is_changed:
            changed[22:26] = bytes(4)
            changed[22:26] = _checksum(bytes(changed)).to_bytes(4, "little")
            note(self.places, at, place, bytes(changed))

    def _emptied(self, stream: _Stream, place: int, length: int) -> bytes:
        """Return a part of the packet with comments as it is written."""
        if not stream.seen:
            self._check(stream, place, length)
        first = stream.seen
        stream.seen += length
        return stream.new[first : first + length].ljust(length, b"\0")

    def _check(self, stream: _Stream, place: int, length: int) -> None:
        magic = stream.comments
        if bytes(self._data[place : place + min(length, len(magic))]) != magic:
            raise DamagedMedia
        # An empty name of the program, no comments, and the bit that Vorbis wants at the end.
        stream.new = magic + bytes(8) + (b"\x01" if magic.endswith(b"vorbis") else b"")
        if length < len(stream.new):
            raise DamagedMedia


def _checksum(page: bytes) -> int:
    """Return the checksum of a page (RFC 3533 §6): the CRC of zlib has the same polynomial, but the
    bits the other way round, and is inverted.
    """
    number = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{number:032b}"[::-1], 2)


def clean(data: Data) -> Plan:
    """Return the plan of an Ogg file: without comments.

    Raises:
        DamagedMedia: it is damaged.
    """
    pages = _Pages(data)
    pages.read()
    return Plan(overwrite(len(data), pages.places))
