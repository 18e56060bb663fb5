"""Colours of terminals: each colour of a theme becomes the nearest one that the terminal has.

Themes are written in 24 bits. urwid finds the number of colours in COLORTERM, TERM and terminfo.
The shades of a palette of 16 are the user's own; only the name that is nearest can be found.
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
"""The shades of these names in xterm."""
_LEVELS = (0, 95, 135, 175, 215, 255)
_CUBE, _GREYS = 16, 232
"""The numbers, of 256, at which the cube of six levels of red, green and blue begins, and at which
the 24 greys begin.
"""
_256, _TRUE = 256, 1 << 24
_Rgb = tuple[int, int, int]


@lru_cache(maxsize=4096)
def reduced(spec: urwid.AttrSpec, colors: int) -> urwid.AttrSpec:
    """Return a display attribute for a terminal with a number of colours."""
    if colors >= _TRUE:
        return spec
    foreground = ",".join(_reduced(word, colors) for word in spec.foreground.split(","))
    background = _reduced(spec.background, colors)
    if colors >= _256:
        return urwid.AttrSpec(foreground, background, 256, hyperlink=spec.hyperlink)
    # A terminal without colours still draws bold, underlined and reversed text.
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
    """Return the colours from number 16 on, which are the same on all terminals."""
    cube = [(red, green, blue) for red in _LEVELS for green in _LEVELS for blue in _LEVELS]
    assert len(cube) == _GREYS - _CUBE  # noqa: S101  as xterm counts
    return [*cube, *((8 + 10 * step,) * 3 for step in range(24))]
