"""Makes the pictures of the README: real programs on a pseudo-terminal, and what an emulator shows
of them, as SVG.

python docs/screenshots.py          (Linux or macOS; needs pyte, which the tests need too)
"""

import fcntl
import html
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte

HERE = Path(__file__).parent
COLUMNS, ROWS = 112, 26
_CELL, _LINE = 8.43, 18
_FONT = 'font-family="\'DejaVu Sans Mono\', Menlo, Consolas, monospace" font-size="14"'
_PAPER = {"dark": ("#16181d", "#d8d8d8"), "light": ("#fdfdfd", "#202020")}
_BASIC = {
    "black": "#000000",
    "red": "#c0392b",
    "green": "#27a05f",
    "brown": "#b58900",
    "blue": "#3b78c4",
    "magenta": "#a347ba",
    "cyan": "#2aa1b3",
    "white": "#c8c8c8",
    "brightblack": "#7a7a7a",
    "brightcyan": "#34e2e2",
    "brightmagenta": "#d070e0",
}
_TALK = (
    ("boris", "morning! the build is \x02green\x02 again 🎉"),
    ("mei", "太好了! which one?"),
    ("boris", "the one of Friday, see https://example.org/builds/1742"),
    ("анна", "отлично, тогда выпускаем сегодня"),
    ("boris", "ann: can you look over the notes before lunch?"),
    ("mei", "\x01ACTION puts on the kettle\x01"),
)


_PATIENCE = 20
"""Seconds in which a program has drawn what it is to."""
_QUIET = 0.5
"""Seconds without anything drawn, after which nothing more is expected."""
_CONFIG = (
    "[server]\nhost = 127.0.0.1\nport = 0\nlobby_topic = Ship it, then tea\n[logging]\nfile ="
    " none\n"
)


class Program:
    """`trio-chat connect` on a pseudo-terminal."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        variables = {
            **_variables(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            **environment,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trio_chat", "connect", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=variables,
            cwd=home,
        )
        os.close(slave)

    def type(self, text: str) -> None:
        """Press keys, and look what comes of it."""
        os.write(self._master, text.encode())
        self.settle()

    def wait(self, text: str) -> None:
        """Look until this is to be seen.

        Raises:
            TimeoutError: it never was.
        """
        end = time.monotonic() + _PATIENCE
        while text not in "\n".join(self.screen.display):
            if not self._look(end - time.monotonic()):
                raise TimeoutError(f"{text!r} is not shown")

    def settle(self) -> None:
        """Look until nothing more is drawn."""
        end = time.monotonic() + _PATIENCE
        while self._look(_QUIET) and time.monotonic() < end:
            pass

    def _look(self, seconds: float) -> bool:
        """Take what is drawn within so many seconds; tell whether anything was."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return False
        self._stream.feed(os.read(self._master, 1 << 16))
        return True

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)


def _variables(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "LANGUAGE", "LC_ALL")
    }
    return kept | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(HERE.parent / "src"),
    }


@contextmanager
def running_server(home: Path, more: str = "") -> Iterator[str]:
    """Run a server, with more in its settings; return its address."""
    (home / "server.ini").write_text(_CONFIG + more)
    process = subprocess.Popen(
        [sys.executable, "-m", "trio_chat", "serve", "--config", "server.ini"],
        cwd=home,
        env=_variables(home),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    yield next(line.split()[-1] for line in process.stdout if " connect " in line)
    process.terminate()
    process.wait()


class Others:
    """Those who talk, between pipes."""

    def __init__(self, home: Path, address: str) -> None:
        self._people = {
            nick: self._person(home, address, nick) for nick in ("boris", "mei", "анна")
        }
        for person in self._people.values():
            assert person.stdout is not None
            assert any("in #lobby" in line for line in person.stdout)

    @staticmethod
    def _person(home: Path, address: str, nick: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "trio_chat", "connect", address, "--nick", nick],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_variables(home),
            cwd=home,
            encoding="utf-8",
        )

    def say(self, nick: str, text: str) -> None:
        """Have one of them say something."""
        stdin = self._people[nick].stdin
        assert stdin is not None
        stdin.write(f"/me {text[8:-1]}\n" if text.startswith("\x01") else f"{text}\n")
        stdin.flush()

    def close(self) -> None:
        """Send them home."""
        for process in self._people.values():
            process.kill()
            process.wait()


def svg(screen: pyte.Screen, theme: str) -> str:
    """Return what is on a screen as a picture."""
    paper, ink = _PAPER[theme]
    width, height = COLUMNS * _CELL + 20, ROWS * _LINE + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f" {_FONT}>"
    ]
    out.append(f'<rect width="100%" height="100%" rx="8" fill="{paper}"/>')
    for y in range(ROWS):
        for x, text, char in _runs(screen, y):
            left, top = 10 + x * _CELL, 10 + y * _LINE
            fg, bg = _colour(char.fg, ink), _colour(char.bg, paper)
            fg, bg = (bg, fg) if char.reverse else (fg, bg)
            length = _columns(text) * _CELL
            if bg != paper:
                out.append(
                    f'<rect x="{left:.1f}" y="{top}" width="{length:.1f}" height="{_LINE}"'
                    f' fill="{bg}"/>'
                )
            if text.strip():
                style = (' font-weight="bold"' if char.bold else "") + (
                    ' font-style="italic"' if char.italics else ""
                )
                style += ' text-decoration="underline"' if char.underscore else ""
                place = (
                    f'x="{left:.1f}" y="{top + 14}" textLength="{length:.1f}"'
                    ' lengthAdjust="spacingAndGlyphs"'
                )
                out.append(
                    f'<text {place} fill="{fg}"'
                    f' xml:space="preserve"{style}>{html.escape(text)}</text>'
                )
    cursor = screen.cursor
    place = f'x="{10 + cursor.x * _CELL:.1f}" y="{10 + cursor.y * _LINE}"'
    out.append(f'<rect {place} width="8" height="{_LINE}" fill="{ink}" opacity="0.6"/>')
    return "\n".join([*out, "</svg>", ""])


def _runs(screen: pyte.Screen, y: int) -> Iterator[tuple[int, str, pyte.screens.Char]]:
    start, text, look = 0, "", None
    for x in range(COLUMNS):
        char = screen.buffer[y][x]
        same = look is not None and char._replace(data="") == look._replace(data="")
        wide = (
            bool(text) and not text[-1].isascii()
        )  # glyphs of other fonts have other widths: each stands by itself
        if look is not None and (
            not same or (wide and char.data) or (char.data and not char.data.isascii())
        ):
            yield start, text, look
            text = ""
        if not text:
            start, look = x, char
        text += char.data
    if look is not None:
        yield start, text, look


def _columns(text: str) -> int:
    from pyte.screens import wcwidth  # noqa: PLC0415

    return max(sum(max(wcwidth(char), 0) for char in text), 1)


def _colour(name: str, default: str) -> str:
    return default if name == "default" else _BASIC.get(name, f"#{name}")


def picture(
    home: Path,
    address: str,
    name: str,
    theme: str,
    *arguments: str,
    keys: str = "",
    **environment: str,
) -> None:
    """Make one picture."""
    program = Program(home, address, "--nick", "ann", *arguments, **environment)
    program.wait("#lobby")
    others = Others(home, address)
    for nick, text in _TALK:
        others.say(nick, text)
        program.wait(text.strip("\x01").split()[-1])
    program.type("on it, 5 minutes\r")
    if keys:
        program.type(keys)
    (HERE / name).write_text(svg(program.screen, theme), "utf-8")
    program.close()
    others.close()


def main() -> None:
    """Make them all."""
    reply = "\x1br"
    for name, theme, arguments, environment in (
        ("screen.svg", "dark", (), {"COLORFGBG": "15;0"}),
        ("screen-light.svg", "light", (), {"COLORFGBG": "0;15"}),
        ("plain.svg", "dark", ("--plain",), {}),
    ):
        with tempfile.TemporaryDirectory() as home, running_server(Path(home)) as address:
            picture(
                Path(home),
                address,
                name,
                theme,
                *arguments,
                keys="" if arguments else reply + "shall I",
                **environment,
            )


if __name__ == "__main__":
    main()
