"""The QR code of the server's start: decoded by another program from what a terminal would show."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.server import qr

ADDRESS = "http://192.168.100.107:5000/"
LONG = "https://" + "a" * 190 + "/"
TERMINAL = os.terminal_size((80, 24))
COLOURS = {"000000": 0, "ffffff": 255, "default": 0}
"""How light the colours of a code are, and the background of a dark terminal."""
PIXELS = 4
"""Pixels of a module in the picture of a terminal."""


def picture(lines: list[str], size: os.terminal_size, default: int = 0) -> bytes:
    """Return what an emulated terminal shows, without its text, as a PGM picture.

    Args:
        lines: the output.
        size: of the terminal.
        default: how light its background is.
    """
    screen = pyte.Screen(size.columns, size.lines)
    pyte.Stream(screen).feed("\r\n".join(lines))
    rows: list[bytes] = []
    colours = COLOURS | {"default": default}
    for y in range(size.lines):
        upper, lower = bytearray(), bytearray()
        for x in range(size.columns):
            cell = screen.buffer[y][x]
            front, back = colours[cell.fg], colours[cell.bg]
            upper += bytes([front if cell.data in "▀█" else back]) * PIXELS
            lower += bytes([front if cell.data in "▄█" else back]) * PIXELS
        rows += [bytes(upper)] * PIXELS + [bytes(lower)] * PIXELS
    return b"P5 %d %d 255\n" % (len(rows[0]), len(rows)) + b"".join(rows)


def decoded(image: bytes, file: Path) -> str:
    """Return what zbarimg reads in a picture."""
    program = shutil.which("zbarimg")
    if program is None:
        pytest.skip("NOT TESTED whether the QR code can be scanned: install zbar-tools")
    file.write_bytes(image)
    done = subprocess.run(
        [program, "--quiet", "--raw", str(file)], capture_output=True, check=False
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize("default", [0, 255], ids=["dark", "light"])
@pytest.mark.parametrize(
    "address", [ADDRESS, "https://chat.example.org/", "http://[2001:db8:1:2:3:4:5:6]:5000/"]
)
def test_a_scanner_reads_the_address(tmp_path: Path, address: str, default: int) -> None:
    """Next to text, on a dark and on a light terminal of 80 by 24 characters."""
    lines = qr.with_code(["trio-chat is running."], qr.qr_code(address), TERMINAL)
    assert decoded(picture(lines, TERMINAL, default), tmp_path / "screen.pgm") == address


def test_the_code_stands_next_to_its_text() -> None:
    """Where there is room, nothing scrolls away; text that is too wide stands above instead."""
    code = qr.qr_code(ADDRESS)
    joined = qr.with_code(["one", "two"], code, TERMINAL)
    assert len(joined) == len(code)
    assert [line.rpartition("  ")[2] for line in joined if "o" in line] == ["one", "two"]
    above = qr.with_code(["x" * 60], code, TERMINAL)
    assert above[0] == "x" * 60
    assert len(above) == 1 + len(code)


def test_more_text_than_code_keeps_all_of_both() -> None:
    """A machine can have many addresses."""
    lines = [f"line {number}" for number in range(40)]
    code = qr.qr_code(ADDRESS)
    shown = qr.with_code(lines, code, TERMINAL)
    assert [line.rpartition("  ")[2] for line in shown] == lines
    assert [qr.coloured(row) for row in code] == [
        line.rpartition("  ")[0] for line in shown[: len(code)]
    ]


@pytest.mark.parametrize("size", [(32, 24), (80, 18), (80, 1), (0, 0)])
def test_a_code_that_does_not_fit_is_left_out(size: tuple[int, int]) -> None:
    """A part of a code cannot be scanned, and would push the text away."""
    assert qr.with_code(["text"], qr.qr_code(ADDRESS), os.terminal_size(size)) == ["text"]
    assert qr.with_code(["text"], qr.qr_code(LONG), TERMINAL) == ["text"]


@given(st.text("abc:/.0123456789", min_size=1, max_size=60))
def test_the_rows_of_a_code_are_equally_long(text: str) -> None:
    """Its quiet zone is complete on every side: four modules, two rows."""
    rows = qr.qr_code(text)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert {row.strip() for row in (*rows[:2], *rows[-2:])} == {""}
    assert {row[:4] + row[-4:] for row in rows} == {" " * 8}


class Output(io.TextIOWrapper):
    """Standard output with a terminal of a given encoding."""

    def __init__(self, encoding: str, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """Return what was said."""
        return self._is_terminal

    def fileno(self) -> int:
        """Return a number that nothing has."""
        return 10**6


def size_of(
    monkeypatch: pytest.MonkeyPatch, stdout: IO[str] | None, **environ: str
) -> os.terminal_size | None:
    """Return the size of a terminal of 80 by 24, as far as a code can be drawn on it."""
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor: TERMINAL)
    return qr.drawable_size({"TERM": "xterm-256color", **environ})


@pytest.mark.skipif(sys.platform == "win32", reason="consoles have no TERM")
def test_only_a_terminal_with_blocks_and_colours_shows_a_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere the address stands as text: in a file, with another encoding, without colours."""
    terminal = Output("utf-8", is_terminal=True)
    assert size_of(monkeypatch, terminal) == TERMINAL
    assert size_of(monkeypatch, terminal, NO_COLOR="1") is None
    assert size_of(monkeypatch, terminal, NO_COLOR="") == TERMINAL
    for term in ("dumb", "", "vt100", "unknown"):
        assert size_of(monkeypatch, terminal, TERM=term) is None
    assert size_of(monkeypatch, Output("ascii", is_terminal=True)) is None
    assert size_of(monkeypatch, Output("koi8-r", is_terminal=True)) is None
    assert size_of(monkeypatch, Output("utf-8", is_terminal=False)) is None
    assert size_of(monkeypatch, None) is None


def test_a_closed_output_shows_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may close its standard output."""
    stdout = io.TextIOWrapper(io.BytesIO())
    stdout.close()
    assert size_of(monkeypatch, stdout) is None
