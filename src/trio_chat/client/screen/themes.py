"""Themes: the display attributes of each, with colours for nicknames and for mIRC's codes.

A theme keeps the terminal's own background, and its colours are readable on it. Colour is never the
only difference: the theme without colours has bold, underlined and reversed text.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from zlib import crc32

import urwid

from trio_chat.client.model.formatting import Style

NAMES = ("auto", "dark", "light", "mono")
NICKS = 24
TRUE_COLOUR: Final = 16777216

# name: (dark, light, mono), each a foreground, or a foreground and a background.
_STYLES: dict[str, tuple[str, str, str]] = {
    "text": ("default", "default", "default"),
    "time": ("#767676", "#6c6c6c", "default"),
    "rule": ("#585858", "#b2b2b2", "default"),
    "info": ("#8a8a8a", "#5f5f5f", "default"),
    "error": ("#ff5f5f,bold", "#af0000,bold", "bold"),
    "own": ("#87d787,bold", "#005f00,bold", "bold"),
    "mention": ("#ffd75f,bold", "#875f00,bold", "bold"),
    "unread": ("#ff8787,bold", "#af0000,bold", "bold"),
    "day": ("#8a8a8a", "#6c6c6c", "bold"),
    "reply": ("#8a8a8a,italics", "#6c6c6c,italics", "underline"),
    "reaction": ("#d7af87", "#875f00", "default"),
    "link": ("#5fafff,underline", "#005faf,underline", "underline"),
    "topic": ("#e4e4e4/#303030", "#1c1c1c/#dadada", "standout"),
    "status": ("#bcbcbc/#303030", "#303030/#dadada", "standout"),
    "status good": ("#87d787/#303030", "#005f00/#dadada", "standout"),
    "status bad": ("#ff8787,bold/#303030", "#af0000,bold/#dadada", "standout,bold"),
    "status typing": ("#d7d787/#303030", "#5f5f00/#dadada", "standout"),
    "buffer": ("#bcbcbc", "#444444", "default"),
    "buffer unread": ("#ffffff,bold", "#000000,bold", "bold"),
    "buffer mention": ("#ffd75f,bold", "#af5f00,bold", "bold,underline"),
    "buffer here": ("#ffffff,bold/#444444", "#000000,bold/#d0d0d0", "standout"),
    "buffer gone": ("#767676", "#8a8a8a", "default"),
    "server": ("#87afd7,bold", "#005f87,bold", "bold"),
    "rank": ("#87d787", "#005f00", "bold"),
    "away": ("#767676", "#8a8a8a", "default"),
    "selected": ("#ffffff/#44475a", "#000000/#d0d0ff", "standout"),
    "prompt": ("#87afd7,bold", "#005f87,bold", "bold"),
    "question": ("#ffd75f,bold", "#875f00,bold", "bold"),
    "hint": ("#767676", "#8a8a8a", "default"),
    "key": ("#87afd7,bold", "#005f87,bold", "bold"),
}
_NICKS_DARK = (
    "#5fd7ff",
    "#ff87d7",
    "#87afff",
    "#ffd75f",
    "#5fffaf",
    "#d787ff",
    "#ffaf5f",
    "#87d7d7",
    "#ff8787",
    "#afd75f",
    "#afafff",
    "#d7d7af",
    "#00d7d7",
    "#ff5faf",
    "#5f87ff",
    "#d7af00",
    "#5fd75f",
    "#af87d7",
    "#ff875f",
    "#87ffff",
    "#d75f5f",
    "#d7ff87",
    "#d7afff",
    "#ffd7af",
)
_NICKS_LIGHT = (
    "#005f87",
    "#af0087",
    "#0000d7",
    "#875f00",
    "#00875f",
    "#8700af",
    "#af5f00",
    "#005f5f",
    "#af0000",
    "#5f8700",
    "#5f5faf",
    "#5f5f00",
    "#0087af",
    "#d7005f",
    "#5f00ff",
    "#af8700",
    "#008700",
    "#875faf",
    "#d75f00",
    "#00005f",
    "#870000",
    "#005f00",
    "#af5f87",
    "#5f0000",
)
_MIRC = (
    "white",
    "black",
    "dark blue",
    "dark green",
    "light red",
    "dark red",
    "dark magenta",
    "brown",
    "yellow",
    "light green",
    "dark cyan",
    "light cyan",
    "light blue",
    "light magenta",
    "dark gray",
    "light gray",
)
# These of mIRC's colours are almost that of the background, so text in them is not readable.
_UNREADABLE = {"dark": {1, 2}, "light": {0, 8, 9, 11, 15}}


def resolve(name: str, environment: Mapping[str, str]) -> str:
    """Return the theme for `auto`, by the background in COLORFGBG; dark when there is none."""
    if environment.get("NO_COLOR"):
        return "mono"
    if name != "auto":
        return name
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if background in ("7", "15") else "dark"


def nick_style(nick: str) -> str:
    """Return the name of a nickname's style, which is the same in each run."""
    return f"nick{crc32(nick.lower().encode()) % NICKS}"


def _pair(style: str) -> tuple[str, str]:
    foreground, _slash, background = style.partition("/")
    return foreground, background or "default"


@lru_cache(maxsize=8)
def specs(theme: str) -> Mapping[str, urwid.AttrSpec]:
    """Return the display attributes of a theme, by name."""
    column = {"dark": 0, "light": 1, "mono": 2}[theme]
    found = {name: _spec(*_pair(styles[column])) for name, styles in _STYLES.items()}
    nicks = {"dark": _NICKS_DARK, "light": _NICKS_LIGHT, "mono": ("default,bold",) * NICKS}[theme]
    return found | {
        f"nick{number}": _spec(f"{colour},bold" if theme != "mono" else colour)
        for number, colour in enumerate(nicks)
    }


def _spec(foreground: str, background: str = "default") -> urwid.AttrSpec:
    return urwid.AttrSpec(foreground, background, TRUE_COLOUR)


@lru_cache(maxsize=4096)
def styled(theme: str, name: str, style: Style) -> urwid.AttrSpec:
    """Return the display attribute of a formatted piece of text, on top of a named one."""
    base = specs(theme)["link" if style.link else name]
    words = [base.foreground]
    if style.fg is not None and theme != "mono" and style.fg not in _UNREADABLE[theme]:
        words = [_MIRC[style.fg], *base.foreground.split(",")[1:]]
    words += sorted(style.attributes - set(words[0].split(",")) - set(words[1:]))
    return urwid.AttrSpec(
        ",".join(words), base.background, TRUE_COLOUR, hyperlink=style.link or None
    )
