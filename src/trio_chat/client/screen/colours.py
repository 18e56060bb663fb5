"""Colours of terminals: themes are written in 24 bits, and a terminal that knows fewer colours gets
the nearest of its own.

How many there are is what urwid finds in COLORTERM, TERM and terminfo. A palette of 16 is the
user's own: it is only known which of the names a colour is most like.
"""

from collections.abc import Sequence
from functools import lru_cache

import urwid

_NAMES = (
    "black",
    "dark red",
    "dark green",
    "brown",
    "dark blue",
    "dark magenta",
    "dark cyan",
    "light gray",
    "dark gray",
    "light red",
    "light green",
    "yellow",
    "light blue",
    "light magenta",
    "light cyan",
    "white",
)
_SIXTEEN = (
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
)
"""What xterm shows for these names."""
_LEVELS = (0, 95, 135, 175, 215, 255)
_CUBE, _GREYS = 16, 232
"""Where in the 256 colours those of the cube begin, six levels each of red, green and blue, and
where the 24 greys.
"""
_256, _TRUE = 256, 1 << 24
_Rgb = tuple[int, int, int]


@lru_cache(maxsize=4096)
def reduced(spec: urwid.AttrSpec, colors: int) -> urwid.AttrSpec:
    """Return how a text is drawn on a terminal that has so many colours."""
    if colors >= _TRUE:
        return spec
    foreground = ",".join(_reduced(word, colors) for word in spec.foreground.split(","))
    background = _reduced(spec.background, colors)
    if colors >= _256:
        return urwid.AttrSpec(foreground, background, 256, hyperlink=spec.hyperlink)
    # A terminal without any colours still draws bold, underlined and reversed texts.
    return urwid.AttrSpec(foreground, background, 16, hyperlink=spec.hyperlink)


def _reduced(word: str, colors: int) -> str:
    if not word.startswith("#"):
        return "default" if colors < 8 and word in _NAMES else word
    if colors < 8:
        return "default"
    wide = word[1:] if len(word) > len("#rgb") else "".join(digit * 2 for digit in word[1:])
    rgb = int(wide[:2], 16), int(wide[2:4], 16), int(wide[4:], 16)
    return (
        f"h{_nearest(rgb, _palette(), _CUBE)}"
        if colors >= _256
        else _NAMES[_nearest(rgb, _SIXTEEN)]
    )


def _nearest(rgb: _Rgb, palette: Sequence[_Rgb], first: int = 0) -> int:
    return first + min(
        range(len(palette)),
        key=lambda number: sum((a - b) ** 2 for a, b in zip(rgb, palette[number], strict=True)),
    )


@lru_cache(maxsize=1)
def _palette() -> Sequence[_Rgb]:
    """Return the colours from 16 on, which look the same on all terminals."""
    cube = [(red, green, blue) for red in _LEVELS for green in _LEVELS for blue in _LEVELS]
    assert len(cube) == _GREYS - _CUBE  # noqa: S101  as xterm counts
    return [*cube, *((8 + 10 * step,) * 3 for step in range(24))]
