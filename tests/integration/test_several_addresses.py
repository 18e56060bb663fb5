"""A network with two addresses: real servers, of which one dies, and the real client in a pipe and
on a pseudo-terminal.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

from programs import CONFIG, client
from programs import server as running_server
from test_connect_pty import PATIENCE, Terminal, variables


@contextmanager
def node(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server on a free port; yield it and its address."""
    directory.mkdir()
    (directory / "server.ini").write_text(CONFIG.format(host="127.0.0.1", server="", grace=2))
    process = subprocess.Popen(
        [sys.executable, "-m", "trio_chat", "serve", "--config", "server.ini"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=variables(directory),
        text=True,
    )
    assert process.stdout is not None
    try:
        line = next(line for line in process.stdout if "listens on" in line)
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()


async def test_a_pipe_goes_on_when_its_server_dies(tmp_path: Path) -> None:
    """Each line is sent to a server that lives, and the exit code is 0."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    async with (
        running_server(here) as (first, one),
        running_server(there) as (second, two),
        client(tmp_path, f"{one},{two}", "alice") as alice,
    ):
        chosen = (await alice.out.until("Connecting to")).split()[-2]
        await alice.out.until("#lobby")
        dead, left = (first, two) if chosen == one else (second, one)
        dead.process.kill()
        await alice.out.until("The connection to the server is lost")
        assert await alice.out.until("[INFO] ") == f"[INFO] Connecting to {left} …"
        await alice.out.until("Connected as alice")
        await alice.say("still here")
        await alice.out.until("[YOU]: still here")
        await alice.stdin.aclose()
        assert await alice.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "back"), [(["--plain"], "Connected as alice."), ([], "The connection is back.")]
)
def test_a_terminal_goes_on_when_its_server_dies(
    tmp_path: Path, arguments: list[str], back: str
) -> None:
    """What is being typed stays where it is, and goes to the other server."""
    with node(tmp_path / "here") as (first, one), node(tmp_path / "there") as (second, two):
        terminal = Terminal(tmp_path, one, two, "--nick", "alice", *arguments)

        def shown() -> str:
            return "\n".join(terminal.lines())

        try:
            terminal.wait(lambda: "#lobby" in shown())
            terminal.type("hello\rstill ")
            terminal.wait(lambda: "hello" in shown() and "still" in terminal.lines()[-1])
            log = tmp_path / "here" / "logs" / "server_log.txt"
            dying = first if "alice" in log.read_text() else second
            dying.kill()
            dying.wait(PATIENCE)
            terminal.wait(lambda: back in shown().partition("is lost")[2])
            terminal.type("here\r")
            terminal.wait(lambda: "still here" in shown() and "here" not in terminal.lines()[-1])
            terminal.type("/quit\r")
            assert terminal.wait_end() == 0
        finally:
            terminal.close()
