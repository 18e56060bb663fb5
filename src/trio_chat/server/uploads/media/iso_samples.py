"""The samples of a track that is not shown: where they are, so that they can be overwritten.

Phones and cameras record positions and movements in tracks beside the picture.
"""

from collections.abc import Iterator

from trio_chat.server.uploads.media.iso_items import Box, boxes, number
from trio_chat.server.uploads.media.plan import DamagedMedia, Data, Overwritten, Steps, note

_PATH = (b"mdia", b"minf", b"stbl")


def places(data: Data, track: Box, steps: Steps) -> list[Overwritten]:
    """Return where the samples of a track are (ISO/IEC 14496-12 §8.7).

    Samples of fragments (`moof`) are not found.

    Raises:
        DamagedMedia: their tables do not fit.
    """
    inside = track
    for kind in _PATH:
        found = [box for box in boxes(data, inside.content, inside.end, steps) if box.kind == kind]
        if not found:
            return []
        inside = found[0]
    tables = {box.kind: box for box in boxes(data, inside.content, inside.end, steps)}
    chunks = tables.get(b"co64", tables.get(b"stco"))
    if chunks is None or b"stsc" not in tables or b"stsz" not in tables:
        raise DamagedMedia
    sizes = _sizes(data, tables[b"stsz"], steps)
    counts = _counts(data, tables[b"stsc"])
    width = 8 if chunks.kind == b"co64" else 4
    noted: list[Overwritten] = []
    for index in range(_entries(data, chunks, width)):
        start = number(data, chunks.content + 8 + index * width, width)
        # The samples of a chunk are one behind the other.
        samples = zip(range(next(counts)), sizes, strict=False)
        note(noted, start, start + sum(size for _, size in samples))
    return noted


def _entries(data: Data, table: Box, width: int) -> int:
    """Return the number of the entries of a table."""
    count = number(data, table.content + 4, 4)
    if table.content + 8 + count * width > table.end:
        raise DamagedMedia
    return count


def _sizes(data: Data, table: Box, steps: Steps) -> Iterator[int]:
    """Yield the size of each sample (`stsz`)."""
    same, count = number(data, table.content + 4, 4), number(data, table.content + 8, 4)
    if not same and table.content + 12 + count * 4 > table.end:
        raise DamagedMedia
    for index in range(count):
        steps.count()
        yield same or number(data, table.content + 12 + index * 4, 4)


def _counts(data: Data, table: Box) -> Iterator[int]:
    """Yield the number of samples of each chunk (`stsc`), for ever."""
    entries = [
        (number(data, at, 4), number(data, at + 4, 4))
        for at in range(table.content + 8, table.content + 8 + 12 * _entries(data, table, 12), 12)
    ]
    chunk, count = 1, 0
    for first, samples in [*entries, (0, 0)]:
        while first == 0 or chunk < first:
            yield count
            chunk += 1
        count = samples
