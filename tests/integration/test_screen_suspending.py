"""Ctrl-Z and Ctrl-X on the full screen: the shell or editor gets the terminal as it was before."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_connect_pty import Terminal, TinyServer
from test_screen_pty import restored, sees

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

SHELL = """
import os, signal, subprocess, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.open(os.ttyname(0), os.O_RDWR)  # the terminal of this session
before = termios.tcgetattr(0)
job = subprocess.Popen(sys.argv[1:], process_group=0)
os.tcsetpgrp(0, job.pid)
while True:
    _pid, status = os.waitpid(job.pid, os.WUNTRACED)
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        break
    settings = "as before" if termios.tcgetattr(0) == before else "other settings"
    print("stopped", settings, flush=True)
    input()
    os.tcsetpgrp(0, job.pid)
    os.killpg(job.pid, signal.SIGCONT)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""As much of a shell with job control as there has to be."""


@pytest.fixture
def server() -> Iterator[TinyServer]:
    """Run a server that knows no capabilities."""
    running = TinyServer()
    yield running
    running.close()


@pytest.fixture
def terminal(tmp_path: Path, server: TinyServer) -> Iterator[Terminal]:
    """Run the client in a shell."""
    running = Terminal(tmp_path, f"127.0.0.1:{server.port}", "--nick", "ann", shell=SHELL)
    yield running
    running.close()


def test_ctrl_z_and_fg(server: TinyServer, terminal: Terminal) -> None:
    """Typed text is still there, messages arrive that were sent in the meantime, and the end is the
    usual one.
    """
    sees(terminal, "#lobby", "this computer")
    terminal.type("half")
    sees(terminal, "› half")
    terminal.type("\x1a")
    sees(terminal, "stopped as before")
    assert restored(terminal)
    server.send(":bob!u@h PRIVMSG #lobby :meanwhile")
    terminal.type("\r")
    sees(terminal, "bob │ meanwhile", "› half")
    assert not restored(terminal)
    terminal.type(" a line\r")
    server.wait_for("PRIVMSG #lobby :half a line")
    terminal.type("/quit\r")
    assert terminal.wait_end() == 0
    assert restored(terminal)


def test_ctrl_z_without_job_control(server: TinyServer, tmp_path: Path) -> None:
    """No shell could continue the program: it is redrawn and continues by itself (POSIX, orphaned
    process groups).
    """
    alone = Terminal(tmp_path, f"127.0.0.1:{server.port}", "--nick", "ann")
    try:
        sees(alone, "#lobby", "this computer")
        alone.type("\x1ahello\r")
        server.wait_for("PRIVMSG #lobby :hello")
        alone.type("/quit\r")
        assert alone.wait_end() == 0
    finally:
        alone.close()


def test_keys_are_for_the_editor_while_it_is_open(server: TinyServer, tmp_path: Path) -> None:
    """Ctrl-C too: it ends what one does there, and not the chat."""
    script = tmp_path / "editor.py"
    script.write_text(
        "import signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "print('editing', flush=True)\n"
        "signal.sigwait([signal.SIGINT])\n"
        "open(sys.argv[1], 'w').write('from the editor')\n",
        "utf-8",
    )
    terminal = Terminal(
        tmp_path,
        f"127.0.0.1:{server.port}",
        "--nick",
        "ann",
        shell=SHELL,
        VISUAL=f"{sys.executable} {script}",
    )
    try:
        sees(terminal, "#lobby", "this computer")
        terminal.type("\x18")
        sees(terminal, "editing")
        terminal.type("x\x03")
        sees(terminal, "› from the editor")
        terminal.type("\r")
        server.wait_for("PRIVMSG #lobby :from the editor")
        terminal.type("/quit\r")
        assert terminal.wait_end() == 0
        assert restored(terminal)
    finally:
        terminal.close()
