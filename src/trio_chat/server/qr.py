"""A QR code (ISO/IEC 18004) of the page's address for the terminal in which the server starts.

Two modules share one character: the blocks `▀`, `▄` and `█` are dark, and what they leave is light.
Both colours are set, black and white of the 256-colour palette, which themes do not change. A code
in the colours of the terminal would be inverted on a dark one, and not every scanner reads that.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from trio_chat.windows_console import enable_sequences, kernel32

_QUIET_ZONE = 4
"""Modules around the code that are light (ISO/IEC 18004 §9.1)."""
_BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
_RESET = "\x1b[0m"
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_WITHOUT_COLOURS = ("", "dumb", "unknown")
_GAP = "  "
_BELOW = 2
"""Lines below the code: how to stop the server, and the cursor."""


def qr_code(text: str) -> list[str]:
    """Return the rows of a code, one character for two modules, without colours.

    Args:
        text: its contents.

    Raises:
        ValueError: the text is too long for any code.
    """
    import segno  # noqa: PLC0415  # only a server that is started in a terminal needs it

    # Low error correction gives the smallest code, and nothing covers a part of a screen.
    code = segno.make_qr(text, error="L")
    modules = [[bool(module) for module in row] for row in code.matrix_iter(border=_QUIET_ZONE)]
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    return [
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    ]


def coloured(row: str) -> str:
    """Return a row of a code with the escape sequences of its colours."""
    return f"{_BLACK_ON_WHITE}{row}{_RESET}"


def with_code(lines: Sequence[str], code: Sequence[str], size: os.terminal_size) -> list[str]:
    """Return lines with a code at their left, or below them where they are too long for that.

    Without room for the whole code, the lines stay alone: a part of a code is of no use.

    Args:
        lines: the text.
        code: rows as of `qr_code`.
        size: of the terminal.
    """
    width, height = len(code[0]), len(code)
    if width > size.columns or height + _BELOW > size.lines:
        return list(lines)
    if width + len(_GAP) + max(map(len, lines), default=0) > size.columns:
        return [*lines, *map(coloured, code)]
    missing = height - len(lines)
    texts = [*[""] * (missing // 2), *lines, *[""] * (missing - missing // 2)]
    rows = [*map(coloured, code), *[" " * width] * -missing]
    return [f"{row}{_GAP}{text}".rstrip() for row, text in zip(rows, texts, strict=True)]


def drawable_size(environ: Mapping[str, str] = os.environ) -> os.terminal_size | None:
    """Return the size of the terminal on standard output; None when it is none, or when a code
    cannot be drawn on it in two colours.

    Args:
        environ: the environment of the process.
    """
    stdout = sys.stdout
    try:
        if stdout is None or not stdout.isatty():
            return None
        size = os.get_terminal_size(stdout.fileno())
    except (OSError, ValueError):  # it was closed, or it is no file
        return None
    has_blocks = (stdout.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8")
    return size if has_blocks and _has_colours(environ) else None


def _has_colours(environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR"):
        return False
    api = kernel32()
    if api is not None:  # the console of Windows understands escape sequences when it is asked to
        return enable_sequences(api)
    term = environ.get("TERM", "").lower()
    return term not in _WITHOUT_COLOURS and not term.startswith("vt")
