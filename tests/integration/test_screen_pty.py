"""The full-screen client on a pseudo-terminal, with an emulator that reads it."""

import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_connect_pty import PATIENCE, ROWS, Terminal, TinyServer, variables

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import fcntl
import termios

CONFIG = """
[server]
host = 127.0.0.1
port = {port}
shutdown_grace = 1
[logging]
file = none
[accounts]
hash_cost = low
"""


class Server:
    """The real server, on a port of its own.

    Args:
        directory: where its files are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, again on the same port."""
        (self._directory / "server.ini").write_text(CONFIG.format(port=self.port), "utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trio_chat", "serve", "--config", "server.ini"],
            cwd=self._directory,
            env=variables(self._directory),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if " connect " in line:
                self.port = int(line.rpartition(":")[2])
                return
        raise AssertionError("the server has not started")

    def stop(self) -> None:
        """Stop it."""
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=PATIENCE)
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Run the real server."""
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start clients on terminals."""
    terminals: list[Terminal] = []

    def begin(port: int, nick: str, **environment: str) -> Terminal:
        terminals.append(Terminal(tmp_path, f"127.0.0.1:{port}", "--nick", nick, **environment))
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()


def sees(terminal: Terminal, *texts: str, patience: float = PATIENCE) -> None:
    """Wait until all of these are on the screen."""
    terminal.wait(
        lambda: all(text in "\n".join(terminal.screen.display) for text in texts), patience
    )


def restored(terminal: Terminal) -> bool:
    """Return whether the terminal was given back: the other screen, no pasting mode, no reports of
    the focus.
    """
    raw = terminal.raw
    pairs = (
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?2004h", b"\x1b[?2004l"),
        (b"\x1b[?1004h", b"\x1b[?1004l"),
    )
    return all(raw.rfind(on) < raw.rfind(off) for on, off in pairs)


def test_two_people_chat(server: Server, start: Callable[..., Terminal]) -> None:
    """Cyrillic, Chinese and emoji arrive as they were typed, and both leave with 0 and their
    terminals as they were.
    """
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "this computer")
    bob = start(server.port, "bob")
    sees(ann, "bob has joined")
    sees(bob, "#lobby", "this computer")
    ann.type("привет, 世界 😀\r")
    sees(bob, "ann │ привет, 世", "😀")
    bob.type("hello ann\r")
    sees(ann, "bob │ hello ann")
    ann.type("/quit bye\r")
    assert ann.wait_end() == 0
    sees(bob, "ann has left")
    bob.type("exit\r")
    assert bob.wait_end() == 0
    assert restored(ann)
    assert restored(bob)


def test_what_is_typed_while_the_program_is_loaded_is_kept(
    server: Server, start: Callable[..., Terminal]
) -> None:
    """It is in the prompt, to be changed and sent."""
    ann = start(server.port, "ann")
    ann.type("hello frm")
    sees(ann, "#lobby", "this computer", "› hello frm")
    ann.type("\x7f" * 2 + "rom early\r")
    sees(ann, "ann │ hello from early")


def test_a_poll_is_answered_by_keys(server: Server, start: Callable[..., Terminal]) -> None:
    """Both see the counts, and so does a user that comes later and reads the history."""
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "this computer")
    bob = start(server.port, "bob")
    sees(ann, "bob has joined")
    ann.type('/poll "Lunch?" pizza | суши | soup\r')
    sees(bob, "📊 Lunch?", "2 ░░░░░░░░░░   0  суши", "nobody has voted")
    bob.type("\x1bk2")
    sees(bob, "✓  2 ██████████   1  суши")
    bob.type("3")
    sees(bob, "✓  3 ██████████   1  soup", "1 has voted")
    ann.type("/vote 2\r")
    sees(bob, "   2 █████░░░░░   1  суши", "2 have voted")
    carol = start(server.port, "carol")
    sees(carol, "📊 Lunch?", "3 █████░░░░░   1  soup", "2 have voted")
    ann.type("/poll close\r")
    sees(carol, "This poll is closed.", "🏁 Lunch?")


def test_a_file_is_uploaded(tmp_path: Path, server: Server, start: Callable[..., Terminal]) -> None:
    """Another user gets the link, and the file is on the disk of the server."""
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "this computer")
    bob = start(server.port, "bob")
    sees(ann, "bob has joined")
    sees(bob, "#lobby", "this computer")
    (tmp_path / "my cat.txt").write_text("miaow", "utf-8")
    ann.type(f"/upload {tmp_path}/none\r")
    sees(ann, "there is no such file")
    ann.type(f"/upload '{tmp_path}/my cat.txt'\r")
    sees(bob, "ann │ http://", "/file/")
    (stored,) = (tmp_path / "trio-chat.db-uploads").iterdir()
    assert stored.read_text("utf-8") == "miaow"


def test_resize(server: Server, start: Callable[..., Terminal]) -> None:
    """Another size of the terminal is another picture, at once."""
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "this computer")
    ann.screen.resize(12, 40)
    fcntl.ioctl(ann._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 40, 0, 0))
    ann.process.send_signal(signal.SIGWINCH)
    # The emulator keeps what the new picture does not draw over, so only the whole new picture has
    # all of this.
    ann.wait(
        lambda: (
            ann.screen.display[0].strip() == "#lobby"
            and "this computer" in "".join(ann.screen.display[8:11])
        )
    )
    assert "127.0.0.1" not in "\n".join(ann.lines())  # there is no room for the list


def test_a_paste_of_thirty_lines(server: Server, start: Callable[..., Terminal]) -> None:
    """It asks once, and arrives whole and in order."""
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "this computer")
    bob = start(server.port, "bob")
    sees(ann, "bob has joined")
    sees(bob, "#lobby", "this computer")
    # A word that none of the hints at the prompt has: they change while this runs.
    ann.type("\x1b[200~" + "\r".join(f"pasted-{number}" for number in range(30)) + "\x1b[201~")
    sees(ann, "Paste 30 lines into #lobby?")
    ann.type("\r")

    def shown() -> list[int]:
        return [
            int(line.split("pasted-")[1].split()[0])
            for line in bob.screen.display
            if "pasted-" in line
        ]

    def is_in_order() -> bool:
        return len(shown()) > ROWS // 2 and shown() == list(
            range(shown()[0], shown()[0] + len(shown()))
        )

    # Waited for, not looked at once: the emulator may be in the middle of a picture.
    bob.wait(lambda: shown()[-1:] == [29] and is_in_order())
    bob.type("\x1b[5~\x1b[5~")
    bob.wait(lambda: shown()[:1] == [0] and is_in_order())
    assert shown()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_leave_politely(
    server: Server, start: Callable[..., Terminal], number: int
) -> None:
    """A signal: QUIT, exit code 0, and the terminal as it was."""
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "ann")
    ann.process.send_signal(number)
    assert ann.wait_end() == 0
    assert restored(ann)


def test_a_defect_gives_the_terminal_back(
    server: Server, start: Callable[..., Terminal], tmp_path: Path
) -> None:
    """The traceback comes when the screen is back, so that it can be read."""
    (tmp_path / "sitecustomize.py").write_text(
        "import trio_chat.client.model.handlers.dispatch as s\ndef broken(self, event):\n    raise"
        " RuntimeError('a defect')\ns.HANDLERS.update((kind, broken) for kind in s.HANDLERS if"
        " kind.__name__ == 'AwayChanged')\n"
    )
    path = f"{tmp_path}{os.pathsep}{Path(__file__).parents[2] / 'src'}"
    ann = start(server.port, "ann", PYTHONPATH=path)
    sees(ann, "#lobby", "ann")
    ann.type("/away lunch\r")
    assert ann.wait_end() == 1
    ann.wait(  # newer Pythons give it colours
        lambda: b"RuntimeError: a defect" in re.sub(rb"\x1b\[[0-9;]*m", b"", ann.raw)
    )
    assert restored(ann)
    assert ann.raw.rfind(b"a defect") > ann.raw.rfind(b"\x1b[?1049l")


def test_the_server_starts_anew(server: Server, start: Callable[..., Terminal]) -> None:
    """The client comes back by itself, with what was said before, and nothing twice."""
    ann = start(server.port, "ann")
    sees(ann, "#lobby", "this computer")  # who types before that is in no channel
    ann.type("before\r")
    sees(ann, "ann │ before")
    server.stop()
    sees(ann, "not connected")
    server.start()
    sees(ann, "this computer", patience=3 * PATIENCE)  # the pauses between attempts grow
    ann.type("after\r")
    sees(ann, "ann │ before", "ann │ after")
    ann.wait(
        lambda: "\n".join(ann.screen.display).count("│ before") == 1
    )  # a picture that is half drawn may have it twice
    assert "\n".join(ann.screen.display).count("│ after") == 1


def test_typing_under_a_flood(start: Callable[..., Terminal]) -> None:
    """A thousand messages a second do not touch the line that is being typed, and it arrives
    whole.
    """
    server = TinyServer()
    try:
        ann = start(server.port, "ann")
        sees(ann, "#lobby", "this computer")
        begin, count = time.monotonic(), 0
        for letter in "the line stays whole":
            ann.type(letter)
            for _ in range(100):
                server.send(f":bob!u@h PRIVMSG #lobby :message {count}")
                count += 1
            time.sleep(
                max(begin + count / 1000 - time.monotonic(), 0)
            )  # the flood itself; nothing is waited for
        sees(ann, f"message {count - 1}", "› the line stays whole")
        ann.type("\r")
        server.wait_for("PRIVMSG #lobby :the line stays whole")
        ann.type("/quit\r")
        assert ann.wait_end() == 0
    finally:
        server.close()


def test_first_run(server: Server, tmp_path: Path) -> None:
    """Three questions, and the answers are kept: the next start asks nothing."""
    home = tmp_path / "home"
    home.mkdir()
    terminal = Terminal(home)
    try:
        sees(terminal, "Welcome to trio-chat", "Server:")
        terminal.type(f"127.0.0.1:{server.port}\r")
        sees(terminal, "Nickname [")
        terminal.type("newbie\r")
        sees(terminal, "Register this nickname")
        terminal.type("n\r")
        sees(terminal, "#lobby", "newbie", "this computer")
        terminal.type("/quit\r")
        assert terminal.wait_end() == 0
    finally:
        terminal.close()
    again = Terminal(home)
    try:
        sees(again, "#lobby", "newbie", "this computer")
    finally:
        again.close()
