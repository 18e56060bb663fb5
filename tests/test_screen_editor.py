"""An external editor for the line being typed: Ctrl-X. The clock is the real one, since a process
runs.
"""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from client_fakes import until
from screen_fakes import WatchedClient, inside
from trio_chat.client.screen.keymap import ACTIONS

Use = Callable[[WatchedClient, str], None]


@pytest.fixture
def use(tmp_path: Path) -> Use:
    """Return a function that gives a client an editor: Python that finds the name of the file in
    `path`.
    """

    def give(it: WatchedClient, code: str) -> None:
        script = tmp_path / "editor.py"
        script.write_text(
            f"import os, pathlib, stat, sys, time\npath = pathlib.Path(sys.argv[1])\n{code}\n",
            "utf-8",
        )
        it.client._environment["EDITOR"] = shlex.join([sys.executable, str(script)])

    return give


async def edited(it: WatchedClient) -> None:
    """Press Ctrl-X, and wait until the editor has ended."""
    it.screen.press("ctrl x")
    await until(lambda: it.screen.given_back > 0)
    await until(lambda: not it.client.is_elsewhere)


async def test_what_the_editor_leaves_is_typed(use: Use, tmp_path: Path) -> None:
    """Without control characters, and not sent before Enter. The file is for its owner alone, and
    is gone afterwards.
    """
    async with inside() as (it, _server):
        seen = tmp_path / "seen"
        use(
            it,
            f"pathlib.Path({str(seen)!r}).write_text(f'{{path}}"
            " {stat.S_IMODE(path.stat().st_mode):o}')\npath.write_text(path.read_text('utf-8') +"
            " 'lf\\n\\tof\\x1b it\\n\\n', 'utf-8')",
        )
        it.screen.type("ha")
        await edited(it)
        assert it.controller.prompt.edit_text == "half\n    of it"
        path, mode = seen.read_text().split()
        assert mode == "600" or sys.platform == "win32"
        await until(lambda: not Path(path).exists())
        await it.sees("› half")


async def test_servers_are_served_while_the_editor_is_open(use: Use, tmp_path: Path) -> None:
    """PING is answered, nothing is drawn over the editor and no bell rings in it."""
    async with inside() as (it, server):
        begun, ends = tmp_path / "begun", tmp_path / "ends"
        use(
            it,
            f"open({str(begun)!r}, 'w')\nwhile not os.path.exists({str(ends)!r}): time.sleep(0.01)",
        )
        it.screen.press("ctrl x")
        await until(begun.exists)
        drawn, rung = it.screen.drawn, it.screen.written
        assert it.client.is_elsewhere
        await server.send(":bob!u@h PRIVMSG #lobby :alice: look", "PING now")
        assert await server.expect("PONG")
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert (it.screen.drawn, it.screen.written) == (drawn, rung)
        ends.touch()
        await it.sees("alice: look")
        assert not it.client.is_elsewhere


@pytest.mark.parametrize(
    "code", ["path.write_text('x')\nsys.exit(1)", "path.unlink()", "path.write_text('x' * 300_000)"]
)
async def test_an_editor_that_fails_changes_nothing(code: str, use: Use) -> None:
    """The line is as it was."""
    async with inside() as (it, _server):
        use(it, code)
        it.screen.type("mine")
        await edited(it)
        # A word that no line end divides, however long the path of the editor is.
        await it.sees("› mine", "EDITOR" if "exit" not in code else "1).")


async def test_an_editor_that_is_not_there(use: Use) -> None:
    """The sentence says what to set."""
    async with inside() as (it, _server):
        it.client._environment["VISUAL"] = "/nowhere/at-all"
        it.screen.type("mine")
        await edited(it)
        await it.sees("› mine", "/nowhere/at-all cannot be used", "Set VISUAL or EDITOR")


async def test_a_password_is_not_given_to_an_editor(use: Use) -> None:
    """Editors keep copies."""
    async with inside() as (it, _server):
        use(it, "path.write_text('x')")
        it.screen.type("/msg NickServ IDENTIFY s3cret")
        it.screen.press("ctrl x")
        await it.sees("There is a password in this line")
        assert it.controller.prompt.edit_text == "/msg NickServ IDENTIFY s3cret"


async def test_what_was_written_stays_in_its_window(use: Use, tmp_path: Path) -> None:
    """Another window may have come up meanwhile: nothing is typed there."""
    async with inside() as (it, _server):
        lobby = it.workspace.buffer
        ends = tmp_path / "ends"
        use(
            it,
            f"while not os.path.exists({str(ends)!r}): time.sleep(0.01)\npath.write_text('for the"
            " lobby')",
        )
        it.screen.press("ctrl x")
        await until(lambda: it.client.is_elsewhere)
        it.workspace.go(it.workspace.servers[0], it.workspace.servers[0].log)
        ends.touch()
        await until(lambda: not it.client.is_elsewhere)
        assert (it.controller.prompt.edit_text, lobby.draft) == ("", "for the lobby")


async def test_every_key_does_something(jumping_clock: MockClock) -> None:
    """The table names what there is."""
    async with inside() as (it, _server):
        assert all(
            callable(it.controller.keyboard.actions[action])
            for action in {*ACTIONS.values()} - {"go_number"}
        )
