"""Operators with the real programs: the server, its configuration, and the commands alongside."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from programs import PATIENCE, Output, program, server

from trio_chat.server.accounts import COSTS

OPERATOR = "[accounts]\nhash_cost = low\n[operator root]\npassword = {hash}\n"


class Wire:
    """A client that speaks IRC by hand."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.data = b""

    async def say(self, *lines: str) -> None:
        """Send lines."""
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def until(self, words: str) -> str:
        """Return the first line that has these words in it."""
        with trio.fail_after(PATIENCE):
            while True:
                while b"\n" not in self.data:
                    chunk = await self.stream.receive_some()
                    assert chunk, f"the end came before {words}"
                    self.data += chunk
                line, self.data = self.data.split(b"\n", 1)
                if words in line.decode():
                    return line.decode().rstrip("\r")


@asynccontextmanager
async def wire(address: str, nick: str = "") -> AsyncIterator[Wire]:
    """Connect, and register with a nickname."""
    host, port = address.split(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        wire = Wire(stream)
        if nick:
            await wire.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
            await wire.until(" 422 ")
        yield wire


async def test_an_operator_from_config_ini(tmp_path: Path) -> None:
    """OPER with the password that was hashed, REHASH of a changed file, KILL; and the audit trail
    of it.
    """
    settings = OPERATOR.format(hash=COSTS["low"].hasher().hash("secret word"))
    async with (
        server(tmp_path, settings) as (host, address),
        wire(address, "root") as root,
        wire(address, "bob") as bob,
    ):
        await root.say("OPER root :secret word")
        await root.until(" 381 ")
        file = tmp_path / "server.ini"
        text = file.read_text("utf-8")
        file.write_text(text.replace("[server]", "[server]\ndescription = changed", 1), "utf-8")
        await root.say("REHASH")
        assert "[server] description" in await root.until("Changed at once")
        file.write_text(text.replace("[server]", "[server]\nnonsense = 1", 1), "utf-8")
        await root.say("REHASH", "VERSION")
        assert "server.ini, line 3" in await root.until("FAIL REHASH")
        assert "changed" in await root.until(" 351 ")
        await root.say("KILL bob :enough")
        assert await bob.until("ERROR") == "ERROR :Closing link: 127.0.0.1 (Killed (root (enough)))"
        host.stop()
        assert await host.wait() == 0
    log = (tmp_path / "logs" / "server_log.txt").read_text("utf-8")
    assert "KILL bob!bob@" in log
    assert "secret word" not in log


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
async def test_sighup_reads_the_configuration_again(tmp_path: Path) -> None:
    """What is wrong is in the log and changes nothing; what is right is used."""
    async with server(tmp_path) as (host, address):
        file = tmp_path / "server.ini"
        text = file.read_text("utf-8")
        file.write_text("[server]\nport = x\n", "utf-8")
        host.process.send_signal(signal.SIGHUP)
        assert "line 2" in await host.out.until("was not read again")
        file.write_text(text.replace("[server]", "[server]\ndescription = changed", 1), "utf-8")
        host.process.send_signal(signal.SIGHUP)
        await host.out.until("Changed at once")
        async with wire(address, "ann") as ann:
            await ann.say("VERSION")
            assert "changed" in await ann.until(" 351 ")


async def test_a_ban_from_the_command_line(tmp_path: Path) -> None:
    """A running server notices it, ends whom it covers, refuses those who come, and has it after a
    restart.
    """
    async with (
        server(tmp_path, "[storage]\nfile = chat.db") as (_, address),
        wire(address, "ann") as ann,
    ):
        async with program(
            ["ban", "add", "127.0.0.1", "--reason", "spam", "--database", "chat.db"], tmp_path
        ) as command:
            assert await command.wait() == 0
        assert "spam" in await ann.until(" 465 ")
        await ann.until("ERROR")
    async with server(tmp_path, "[storage]\nfile = chat.db") as (_, address), wire(address) as late:
        assert "spam" in await late.until(" 465 ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
async def test_a_server_ends_with_its_terminal(tmp_path: Path) -> None:
    """SIGHUP of a closed terminal ends the server, which nothing could stop by Ctrl-C otherwise."""
    terminal, its_end = os.openpty()
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "trio_chat", "serve", "--host", "127.0.0.1", "--port", "0"],
        stdin=its_end,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
    )
    try:
        os.close(its_end)
        assert process.stdout is not None
        await Output(process.stdout).until("Ctrl-C stops the server")
        os.close(terminal)
        process.send_signal(signal.SIGHUP)
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 0
    finally:
        process.kill()
        with trio.move_on_after(PATIENCE, shield=True):
            await process.wait()
            if process.stdout is not None:
                await process.stdout.aclose()
    assert "the terminal was closed" in (tmp_path / "logs" / "server_log.txt").read_text("utf-8")
