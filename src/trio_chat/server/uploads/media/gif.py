"""GIF (GIF89a): its blocks remain but comments, applications other than loops, and what follows its
end.
"""

from trio_chat.server.uploads.media.plan import DamagedMedia, Data, Part, Plan, Steps, keep

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION = 0xFE, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_HEADER_END = 13


def clean(data: Data) -> Plan:
    """Return the plan of a GIF.

    Raises:
        DamagedMedia: it is damaged.
    """
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    if len(data) < _HEADER_END or not (width and height):
        raise DamagedMedia
    at = _HEADER_END + _colours(data[10])
    if at > len(data):
        raise DamagedMedia
    parts: list[Part] = [(0, at)]
    steps = Steps(data, 64, 40_000)  # a recorded terminal has thousands of tiny pictures
    while at < len(data) and data[at] != _TRAILER:
        start, kind = at, data[at]
        if kind == _EXTENSION and at + 2 < len(data):
            at = _end_of_blocks(data, at + 2, steps)
            if data[start + 1] == _COMMENT or (
                data[start + 1] == _APPLICATION
                and bytes(data[start + 3 : start + 14]) not in _LOOPS
            ):
                continue
        elif kind == _IMAGE and at + 9 < len(data):
            at = _end_of_blocks(data, at + 11 + _colours(data[at + 9]), steps)
        else:
            raise DamagedMedia
        keep(parts, start, at)
    return Plan([*parts, b"\x3b"], width, height)


def _colours(flags: int) -> int:
    """Return the bytes of a colour table."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(data: Data, at: int, steps: Steps) -> int:
    """Return the place behind a sequence of sub-blocks."""
    while at < len(data):
        steps.count()
        length = data[at]
        at += 1 + length
        if not length:
            return at
    raise DamagedMedia
