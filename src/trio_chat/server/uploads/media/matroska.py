"""Matroska and WebM (RFC 8794, RFC 9559): tags, attachments and what says when and by which program
a film was made are overwritten where they are.

Positions of clusters are relative to the segment, so nothing may move: an element becomes a `Void`
of the same size.
"""

from collections.abc import Iterator
from typing import NamedTuple

from trio_chat.server.uploads.media.plan import (
    DamagedMedia,
    Data,
    Overwritten,
    Plan,
    Steps,
    note,
    overwrite,
)

_EBML, _SEGMENT, _CLUSTER, _INFO, _TRACKS = (
    0x1A45DFA3,
    0x18538067,
    0x1F43B675,
    0x1549A966,
    0x1654AE6B,
)
_ENTRY, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0xE0, 0xB0, 0xBA
_SEEK, _CUES, _CHAPTERS = 0x114D9B74, 0x1C53BB6B, 0x1043A770
_TAGS, _ATTACHMENTS = 0x1254C367, 0x1941A469
_CRC, _VOID = 0xBF, 0xEC
_TOP = frozenset((_SEEK, _INFO, _TRACKS, _CLUSTER, _CUES, _CHAPTERS, _TAGS, _ATTACHMENTS))
_KEPT = _TOP - {_TAGS, _ATTACHMENTS}
# Of Info: TimestampScale, Duration, and the names of the programs, which must be there.
_TIMESTAMP_SCALE, _DURATION, _MUXING_APP, _WRITING_APP = 0x2AD7B1, 0x4489, 0x4D80, 0x5741
# Of a track: its name. A checksum would no longer be right.
_NAME = 0x536E
_UNKNOWN = -1
# What a recording that was cut off ends in: a segment, a cluster, a block or a group of blocks.
_CUT_OFF = (_SEGMENT, _CLUSTER, 0xA3, 0xA0)


class _Element(NamedTuple):
    """An element: its identifier, and where it begins, its content begins and it ends."""

    kind: int
    start: int
    content: int
    end: int


class _Film:
    """The elements of a file.

    Args:
        data: the file.
    """

    def __init__(self, data: Data) -> None:
        self._data = data
        self._steps = Steps(data, 40)  # a recorded voice has blocks of some 60 bytes
        self.places: list[Overwritten] = []
        self.size = (0, 0)

    def read(self) -> None:
        """Note what is to be overwritten."""
        for element in self._elements(0, len(self._data), frozenset()):
            if element.kind == _SEGMENT:
                self._segment(element)
            elif element.kind != _EBML:
                self._void(element)

    def _segment(self, segment: _Element) -> None:
        for element in self._elements(segment.content, segment.end, _TOP):
            if element.kind == _INFO:
                self._info(element)
            elif element.kind == _TRACKS:
                self._tracks(element)
            elif element.kind not in _KEPT:
                self._void(element)

    def _info(self, info: _Element) -> None:
        for element in self._elements(info.content, info.end, frozenset()):
            if element.kind in (_MUXING_APP, _WRITING_APP):
                note(self.places, element.content, element.end)
            elif element.kind not in (_TIMESTAMP_SCALE, _DURATION):
                self._void(element)

    def _tracks(self, tracks: _Element) -> None:
        for entry in self._elements(tracks.content, tracks.end, frozenset()):
            if entry.kind != _ENTRY:
                self._void(entry)
                continue
            for element in self._elements(entry.content, entry.end, frozenset()):
                if element.kind in (_NAME, _CRC, _VOID):
                    self._void(element)
                elif element.kind == _VIDEO and not all(self.size):
                    found = {
                        part.kind: int.from_bytes(self._data[part.content : part.end], "big")
                        for part in self._elements(element.content, element.end, frozenset())
                        if part.end - part.content <= 8
                    }
                    self.size = (found.get(_WIDTH, 0), found.get(_HEIGHT, 0))

    def _void(self, element: _Element) -> None:
        """Turn an element into a Void, which has an identifier of one byte."""
        length = element.end - element.start
        width = min(8, element.content - element.start - 1)
        rest = length - 1 - width
        if rest >= 1 << 7 * width:
            raise DamagedMedia
        number = (rest | 1 << 7 * width).to_bytes(width, "big")
        note(self.places, element.start, element.end, bytes((_VOID,)) + number)

    def _elements(self, at: int, end: int, until: frozenset[int]) -> Iterator[_Element]:
        """Yield the elements of a range.

        Args:
            at: its beginning.
            end: its end.
            until: identifiers before which an element of unknown size ends, as a recording has
                them; without any, such an element takes the rest.
        """
        while at < end:
            element = self._element(at, end)
            if element.end == _UNKNOWN:
                element = element._replace(end=self._end_of_unknown(element, end, until))
            yield element
            at = element.end

    def _end_of_unknown(self, element: _Element, end: int, until: frozenset[int]) -> int:
        if not until:
            return end
        at = element.content
        while at < end:
            inner = self._element(at, end)
            if inner.kind in until:
                return at
            if inner.end == _UNKNOWN:
                raise DamagedMedia
            at = inner.end
        return end

    def _element(self, at: int, end: int) -> _Element:
        """Return the element at a place; a number has a variable length (RFC 8794 §4)."""
        self._steps.count()
        data = self._data
        behind = at + _width(data, at, 4)
        content = behind + (width := _width(data, behind, 8))
        if content > end:
            raise DamagedMedia
        kind = int.from_bytes(data[at:behind], "big")
        unknown = (1 << 7 * width) - 1
        size = int.from_bytes(data[behind:content], "big") & unknown
        if size == unknown:
            return _Element(kind, at, content, _UNKNOWN)
        after = content + size
        if after > end:
            if kind not in _CUT_OFF:
                raise DamagedMedia
            after = end
        return _Element(kind, at, content, after)


def _width(data: Data, at: int, longest: int) -> int:
    """Return the bytes of a number of variable length."""
    width = 9 - (data[at] if at < len(data) else 0).bit_length()
    if width > longest or at + width > len(data):
        raise DamagedMedia
    return width


def clean(data: Data) -> Plan:
    """Return the plan of a film: without tags, attachments, dates and names.

    Raises:
        DamagedMedia: it is damaged.
    """
    film = _Film(data)
    film.read()
    return Plan(overwrite(len(data), film.places), *film.size)
