"""`trio-chat connect --plain` on a real terminal: a pseudo-terminal, a terminal emulator that reads
it, and a tiny server.
"""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import fcntl
import pty
import termios

import pyte

PATIENCE = 20
"""Seconds in which a real program on a busy machine does what it is to do."""
COLUMNS, ROWS = 90, 20


class TinyServer:
    """Just enough of an IRC server, in threads, for one client at a time.

    Args:
        taken: nicknames that it refuses.
    """

    def __init__(self, taken: tuple[str, ...] = ()) -> None:
        self.deaf = False  # to messages: then nothing is confirmed
        self.received: list[str] = []
        self._taken = taken
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._client: socket.socket | None = None
        self._nick = ""
        self._news = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, *lines: str) -> None:
        """Send lines to the client."""
        assert self._client is not None
        self._client.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def wait_for(self, start: str) -> None:
        """Wait until the client has sent a line that begins so."""
        with self._news:
            assert self._news.wait_for(
                lambda: any(line.startswith(start) for line in self.received), PATIENCE
            ), self.received

    def close(self) -> None:
        """Close everything."""
        for each in (self._client, self._listener):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                self._client, _ = self._listener.accept()
                for line in self._client.makefile("r", encoding="utf-8", newline="\r\n"):
                    with self._news:
                        self.received.append(line.rstrip())
                        self._news.notify_all()
                    self._answer(*line.rstrip().split(" ", 2))
            except OSError:
                return

    def _answer(self, word: str, *rest: str) -> None:
        if word == "NICK":
            self._nick_asked(rest[0])
        elif word == "JOIN":
            self.send(
                f":{self._nick}!u@h JOIN {rest[0]}",
                f":srv.test 366 {self._nick} {rest[0]} :End of /NAMES list",
            )
        elif word == "PING" and not self.deaf:
            self.send(f":srv.test PONG srv.test {rest[0]}")
        elif word == "PRIVMSG" and rest[0] == "NickServ":
            self.send(
                f":srv.test 900 {self._nick} {self._nick}!u@h {self._nick} :You are now logged in"
            )
        elif word == "QUIT":
            self.send("ERROR :Closing link")
            assert self._client is not None
            self._client.shutdown(socket.SHUT_RDWR)

    def _nick_asked(self, nick: str) -> None:
        if nick in self._taken:
            self.send(f":srv.test 433 * {nick} :Nickname is already in use")
        else:
            self._nick = nick
            self.send(
                f":srv.test 001 {nick} :Welcome", f":srv.test 005 {nick} CHANTYPES=# :are supported"
            )


def variables(state: Path, **more: str) -> dict[str, str]:
    """Return the environment of the program, in English."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "LANGUAGE", "LC_ALL")
    }
    return kept | {
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "XDG_STATE_HOME": str(state),
        "HOME": str(state),
        "PYTHONWARNINGS": "error",
        **more,
    }


class Terminal:
    """The program on a pseudo-terminal, and what it shows.

    Args:
        state: a directory for what the client remembers.
        arguments: those of `trio-chat connect`.
        shell: Python that starts the program, which is given to it as arguments; "" for none.
        environment: more environment variables.
    """

    def __init__(self, state: Path, *arguments: str, shell: str = "", **environment: str) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.settings = termios.tcgetattr(self._slave)
        self.raw = b""
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [
                *([sys.executable, "-c", shell] if shell else []),
                sys.executable,
                "-m",
                "trio_chat",
                "connect",
                *arguments,
            ],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=state,
            env=variables(state, **{"TERM": "xterm-256color", **environment}),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def lines(self) -> list[str]:
        """Return the lines on the screen that are not empty."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def wait(self, state: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until something is so that the program shows; nothing is drawn while that is looked
        at.
        """
        with self._news:
            assert self._news.wait_for(state, patience), "\n".join(self.lines())

    def wait_for(self, *lines: str) -> None:
        """Wait until these are the last lines on the screen."""
        self.wait(lambda: self.lines()[-len(lines) :] == list(lines))

    def wait_end(self) -> int:
        """Wait for the end; the terminal must be as it was. Return the exit code."""
        code = self.process.wait(PATIENCE)
        assert termios.tcgetattr(self._slave) == self.settings
        return code

    def close(self) -> None:
        """End whatever is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._slave)
        self._reader.join(PATIENCE)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # nobody has the other end any more
                return
            with self._news:
                self.raw += data
                self._stream.feed(data)
                self._news.notify_all()


@pytest.fixture
def server() -> Iterator[TinyServer]:
    """Run a server that knows no capabilities and refuses the nickname `taken`."""
    running = TinyServer(taken=("taken",))
    yield running
    running.close()


@pytest.fixture
def start(tmp_path: Path, server: TinyServer) -> Iterator[Callable[..., Terminal]]:
    """Start the client on a terminal."""
    terminals: list[Terminal] = []

    def begin(*arguments: str, **environment: str) -> Terminal:
        terminals.append(
            Terminal(tmp_path, f"127.0.0.1:{server.port}", "--plain", *arguments, **environment)
        )
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def inside(start: Callable[..., Terminal]) -> Terminal:
    """Start the client, and wait until it can talk."""
    terminal = start("--nick", "alice")
    terminal.wait_for("[INFO] Nobody is in #lobby, or it does not show who is.", "#lobby>")
    return terminal


def test_typed_line_stays_whole(inside: Terminal, server: TinyServer) -> None:
    """What comes while a line is being typed is shown above it; the finished line becomes `[YOU]:
    …`.
    """
    inside.type("half of")
    inside.wait_for("#lobby> half of")
    server.send(":bob!u@h PRIVMSG #lobby :hello", ":bob!u@h PRIVMSG #lobby :are you there?")
    inside.wait_for('["bob"]: hello', '["bob"]: are you there?', "#lobby> half of")
    inside.type(" a line\r")
    inside.wait_for('["bob"]: are you there?', "[YOU]: half of a line", "#lobby>")
    assert not any("#lobby> half of a line" in line for line in inside.lines())


def test_long_typed_line_stays_whole(inside: Terminal, server: TinyServer) -> None:
    """A typed line longer than the terminal is wide is taken away and drawn again as a whole."""
    inside.type("long " * 40)
    inside.wait(lambda: inside.lines()[-1].endswith("long"))
    server.send(*(f":bob!u@h PRIVMSG #lobby :{number}" for number in range(30)))

    def typed() -> list[str]:
        return "".join(inside.screen.display).partition('["bob"]: 29')[2].split()

    inside.wait(lambda: len(typed()) == 41)
    assert typed() == ["#lobby>", *["long"] * 40]


def test_server_shuts_down_while_typing(inside: Terminal, server: TinyServer) -> None:
    """Exactly `[INFO] The server has shut down`, exit code 0, and the terminal as it was."""
    inside.type("unfinished")
    inside.wait_for("#lobby> unfinished")
    server.send("NOTICE * :The server has shut down", "ERROR :The server has shut down")
    assert inside.wait_end() == 0
    inside.wait_for("[INFO] The server has shut down")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_leave_politely(inside: Terminal, server: TinyServer, number: int) -> None:
    """A signal in the middle of a line: QUIT, exit code 0, and the terminal as it was."""
    inside.type("unfinished")
    inside.wait_for("#lobby> unfinished")
    inside.process.send_signal(number)
    assert inside.wait_end() == 0
    assert server.received[-1] == "QUIT"


@pytest.mark.parametrize("key", ["\x03", "\x04", "exit\r", "/quit\r"])
def test_keys_leave_politely(inside: Terminal, server: TinyServer, key: str) -> None:
    """Ctrl-C, Ctrl-D, `exit` and `/quit`: QUIT, exit code 0, and the terminal as it was."""
    inside.type(key)
    assert inside.wait_end() == 0
    assert server.received[-1] == "QUIT"


def test_nickname_is_asked_for_until_one_fits(
    start: Callable[..., Terminal], server: TinyServer
) -> None:
    """A refused nickname is explained and asked for again; next time the good one is offered."""
    terminal = start()
    terminal.wait(
        lambda: terminal.lines()[-1:] and terminal.lines()[-1].startswith("Your nickname")
    )
    terminal.type("taken\r")
    terminal.wait_for(
        '[ERROR] The nickname "taken" is in use by someone else. Choose another.', "Your nickname:"
    )
    terminal.type("carol\r")
    terminal.wait(lambda: "[INFO] You have joined #lobby." in terminal.lines())
    terminal.type("exit\r")
    assert terminal.wait_end() == 0
    again = start()
    again.wait_for("Your nickname [carol]:")


def test_history(inside: Terminal) -> None:
    """The arrow key up brings the last line back."""
    inside.type("hello\r")
    inside.wait_for("[YOU]: hello", "#lobby>")
    inside.type("\x1b[A")
    inside.wait_for("[YOU]: hello", "#lobby> hello")


def test_control_sequences_do_not_reach_the_terminal(inside: Terminal, server: TinyServer) -> None:
    """What others write cannot clear the screen, set the title or colour the text, whatever its
    place.
    """
    evil = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b5A"
    server.send(
        f":b\x1bob!u@h PRIVMSG #lobby :{evil}",
        f":bob!u@h TOPIC #lobby :{evil}",
        f":bob!u@h JOIN #x{evil}",
        f":bob!u@h QUIT :{evil}",
        f":srv.test NOTICE * :{evil}",
        ":bob!u@h PRIVMSG #lobby :end",
    )
    inside.wait(lambda: '["bob"]: end' in inside.lines())
    assert b"\x1b[2J" not in inside.raw
    assert b"\x1b]0" not in inside.raw
    assert "\x9b".encode() not in inside.raw


def test_colours_are_off_with_no_color(start: Callable[..., Terminal], server: TinyServer) -> None:
    """NO_COLOR: nothing is coloured."""
    terminal = start("--nick", "alice", NO_COLOR="1")
    terminal.wait(lambda: "#lobby>" in terminal.lines())
    server.send(":bob!u@h PRIVMSG #lobby :hello")
    terminal.wait(lambda: '["bob"]: hello' in terminal.lines())
    assert all(
        char.fg == "default" for line in terminal.screen.buffer.values() for char in line.values()
    )


def test_dumb_terminal(start: Callable[..., Terminal], server: TinyServer) -> None:
    """TERM=dumb: plain lines, the question for a nickname included, and no control sequences at
    all.
    """
    terminal = start(TERM="dumb")
    terminal.wait(
        lambda: terminal.lines()[-1:] and terminal.lines()[-1].startswith("Your nickname")
    )
    terminal.type("dora\n")
    terminal.wait(lambda: "[INFO] You have joined #lobby." in terminal.lines())
    terminal.type("hello\n")
    terminal.wait(lambda: "[YOU]: hello" in terminal.lines())
    terminal.type("exit\n")
    assert terminal.wait_end() == 0
    assert b"\x1b" not in terminal.raw


def test_end_while_asked(start: Callable[..., Terminal], server: TinyServer) -> None:
    """Ctrl-C at the question for a nickname ends the program."""
    terminal = start()
    terminal.wait(
        lambda: terminal.lines()[-1:] and terminal.lines()[-1].startswith("Your nickname")
    )
    terminal.type("\x03")
    assert terminal.wait_end() == 0


def test_fast_typing(inside: Terminal, server: TinyServer) -> None:
    """Keys typed faster than they are drawn all arrive, and in order."""
    for number in range(50):
        inside.type(f"{number}\r")
    inside.wait_for("[YOU]: 49", "#lobby>")
    said = [
        line.removeprefix("PRIVMSG #lobby :")
        for line in server.received
        if line.startswith("PRIVMSG")
    ]
    assert said == [str(number) for number in range(50)]


def test_dumb_terminal_when_the_server_shuts_down(
    start: Callable[..., Terminal], server: TinyServer
) -> None:
    """The thread that waits for a line does not keep the program from ending, nor make it end
    badly.
    """
    terminal = start("--nick", "alice", TERM="dumb")
    terminal.wait(lambda: "[INFO] You have joined #lobby." in terminal.lines())
    server.send("NOTICE * :The server has shut down", "ERROR :The server has shut down")
    assert terminal.wait_end() == 0
    terminal.wait_for("[INFO] The server has shut down")


SECRET = "hunter2"


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_password_is_not_shown(
    start: Callable[..., Terminal], server: TinyServer, term: str
) -> None:
    """A password is asked for, and nothing of it is echoed, neither while it is typed nor
    afterwards; the echo comes back.
    """
    terminal = start("--nick", "alice", TERM=term)
    terminal.wait(lambda: "[INFO] You have joined #lobby." in terminal.lines())
    terminal.type("/login\r")
    terminal.wait(lambda: terminal.lines()[-1].startswith("Password of alice:"))
    terminal.type(f"{SECRET}\r")
    terminal.wait(lambda: "[INFO] You are logged in as alice." in terminal.lines())
    terminal.type("visible\r")
    terminal.wait(lambda: "[YOU]: visible" in terminal.lines())
    terminal.type("exit\r")
    assert terminal.wait_end() == 0
    assert f"PRIVMSG NickServ :IDENTIFY alice {SECRET}" in server.received
    assert SECRET.encode() not in terminal.raw
    assert b"isible" in terminal.raw


def test_password_is_not_in_the_input_history(inside: Terminal) -> None:
    """The arrow key up brings back neither a password nor the line that asked for it."""
    inside.type("before\r")
    inside.wait_for("[YOU]: before", "#lobby>")
    for _ in range(3):
        inside.type("/login\r")
        inside.wait(lambda: inside.lines()[-1].startswith("Password of alice:"))
        inside.type(f"{SECRET}\r")
        inside.wait(lambda: inside.lines()[-1] == "#lobby>")
    inside.type("\x1b[A")
    inside.wait(lambda: inside.lines()[-1] == "#lobby> before")
    assert SECRET.encode() not in inside.raw


def test_password_typed_ahead_of_the_question(inside: Terminal, server: TinyServer) -> None:
    """A password typed before the prompt appears, or pasted with it, is not displayed either."""
    inside.type(f"/login\r{SECRET}\r")
    inside.wait(lambda: "[INFO] You are logged in as alice." in inside.lines())
    assert f"PRIVMSG NickServ :IDENTIFY alice {SECRET}" in server.received
    assert SECRET.encode() not in inside.raw


def test_end_at_the_question_for_a_password(start: Callable[..., Terminal]) -> None:
    """A terminal whose echo was off has it on again when the program is ended at the question."""
    terminal = start("--nick", "alice", TERM="dumb")
    terminal.wait(lambda: "[INFO] You have joined #lobby." in terminal.lines())
    terminal.type("/login\n")
    terminal.wait(lambda: terminal.lines()[-1].startswith("Password of alice:"))
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.wait_end() == 0


def piped(server: TinyServer, state: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the client between pipes."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "trio_chat",
            "connect",
            f"127.0.0.1:{server.port}",
            "--nick",
            "alice",
            *arguments,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=state,
        env=variables(state),
        encoding="utf-8",
    )


def test_piped_message_is_delivered(server: TinyServer, tmp_path: Path) -> None:
    """`echo hello | trio-chat connect` delivers and ends with 0; nothing on the way is coloured."""
    process = piped(server, tmp_path)
    out, err = process.communicate("hello\nпривет", timeout=PATIENCE)
    assert process.returncode == 0
    assert out.splitlines()[-2:] == ["[YOU]: hello", "[YOU]: привет"]
    assert (err, "\x1b" in out) == ("", False)


def test_pipe_still_open_when_the_server_shuts_down(server: TinyServer, tmp_path: Path) -> None:
    """Input that has not ended does not keep the program from ending."""
    with piped(server, tmp_path) as process:
        assert process.stdout is not None
        while "joined" not in process.stdout.readline():
            pass
        server.send("NOTICE * :The server has shut down", "ERROR :The server has shut down")
        assert process.wait(PATIENCE) == 0
        assert process.stdout.read().splitlines()[-1] == "[INFO] The server has shut down"
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_reader_goes_away(server: TinyServer, tmp_path: Path) -> None:
    """`trio-chat connect | head -1` ends quietly, and not as if every line were confirmed."""
    with piped(server, tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        server.wait_for("JOIN")
        with contextlib.suppress(OSError):  # it may have ended already
            server.send(*(f":bob!u@h PRIVMSG #lobby :{number}" for number in range(100)))
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_second_signal_ends_at_once(server: TinyServer, tmp_path: Path) -> None:
    """A second Ctrl-C ends the client without a wait, and the terminal is restored."""
    with piped(server, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        while "joined" not in process.stdout.readline():
            pass
        server.deaf = True
        process.stdin.write("hello\n")
        process.stdin.flush()
        server.wait_for("PRIVMSG")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_nobody_there(tmp_path: Path) -> None:
    """One line that says what to check, and exit code 1."""
    server = TinyServer()
    server.close()
    process = piped(server, tmp_path)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, "")
    assert len(out.splitlines()) == 1
    assert "firewall" in out


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Terminal]:
    """Start the client without an address, where no server runs on the configured port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (tmp_path / "config.ini").write_text(f"[server]\nport = {port}\n[client]\nnick = ann\n")
    terminal = Terminal(tmp_path, "--plain")
    yield terminal
    terminal.close()


def test_without_an_address_the_user_is_asked(asked: Terminal, server: TinyServer) -> None:
    """A wrong answer is asked again, and what is typed after the right one goes to the chat."""
    asked.wait(lambda: any("Number or address:" in line for line in asked.lines()))
    asked.type("a b\r")
    asked.wait(lambda: any("'a b' is not a host name" in line for line in asked.lines()))
    asked.type(f"127.0.0.1:{server.port}\r")
    server.wait_for("JOIN #lobby")
    asked.wait_for("#lobby>")
    asked.type("hello\r")
    server.wait_for("PRIVMSG #lobby :hello")
    asked.type("/quit\r")
    assert asked.wait_end() == 0


@pytest.mark.parametrize("way", ["Ctrl-C", "Ctrl-D"])
def test_the_user_may_leave_instead_of_choosing(asked: Terminal, way: str) -> None:
    """That is no failure, and nothing is connected to."""
    asked.wait(lambda: any("Number or address:" in line for line in asked.lines()))
    if way == "Ctrl-C":  # the terminal makes it a signal
        asked.process.send_signal(signal.SIGINT)
    else:
        asked.type("\x04")
    assert asked.wait_end() == 0
    assert not any("Traceback" in line for line in asked.lines())
