"""A chat with the real server, the real client, other clients, and real sockets."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from programs import PATIENCE, client, program, server

SHUTDOWN = "[INFO] The server has shut down"


async def test_three_people_chat(tmp_path: Path) -> None:
    """Cyrillic, emoji, a clash of nicknames, `exit`, and the end of the server."""
    async with (
        server(tmp_path) as (host, address),
        client(tmp_path, address, "Анна") as anna,
        client(tmp_path, address, "bob", "--lang", "ru") as bob,
    ):
        await anna.out.until("bob")
        async with client(tmp_path, address, "анна") as third:
            await third.out.until("#lobby")
            await anna.say("привет 😀")
            assert await anna.out.until("😀") == "[YOU]: привет 😀"
            assert await bob.out.until("😀") == '["Анна"]: привет 😀'
            assert await third.out.until("😀") == '["Анна"]: привет 😀'
            await third.say("exit")
            assert await third.wait() == 0
        await bob.say("/me машет", "пока")
        assert await anna.out.until("пока") == '["bob"]: пока'
        host.stop()
        assert (await anna.out.rest())[-1] == SHUTDOWN
        assert (await bob.out.rest())[-1] == "[INFO] Сервер отключился"
        assert (await anna.wait(), await bob.wait(), await host.wait()) == (0, 0, 0)


async def test_people_meet_through_different_listeners(tmp_path: Path) -> None:
    """Every [listener NAME] leads into the same chat."""
    further = "[listener inside]\nhost = 127.0.0.1\nport = 0"
    async with server(tmp_path, further) as (host, inside):
        first = host.out.lines[-1].rpartition(" listens on ")[2].partition(",")[0]
        assert first != inside
        async with client(tmp_path, first, "ann") as ann, client(tmp_path, inside, "bob") as bob:
            await ann.out.until("bob")
            await bob.say("hello")
            assert await ann.out.until("hello") == '["bob"]: hello'


async def test_a_client_that_is_killed_is_gone_for_the_others(tmp_path: Path) -> None:
    """`kill -9` leaves no ghost."""
    async with (
        server(tmp_path) as (_, address),
        client(tmp_path, address, "ann") as ann,
        client(tmp_path, address, "bob") as bob,
    ):
        await ann.out.until("bob")
        bob.process.kill()
        assert "bob" in await ann.out.until("[INFO] bob has left")


async def test_a_message_through_a_pipe(tmp_path: Path) -> None:
    """`echo hello | trio-chat connect` delivers and ends with 0."""
    async with server(tmp_path) as (_, address), client(tmp_path, address, "ann") as ann:
        await ann.out.until("#lobby")
        async with client(tmp_path, address, "bob") as bob:
            await bob.say("hello")
            await bob.stdin.aclose()
            assert await bob.wait() == 0
        assert await ann.out.until("hello") == '["bob"]: hello'


async def test_a_script_of_many_lines(tmp_path: Path) -> None:
    """Every line of a file arrives, once and in order; also when the server slows the sender
    down.
    """
    limits = "[limits]\nflood_exempt = none\nflood_burst = 30\nflood_rate = 200"
    lines = [f"line {number}" for number in range(150)]
    async with server(tmp_path, limits) as (_, address), client(tmp_path, address, "ann") as ann:
        await ann.out.until("#lobby")
        async with client(tmp_path, address, "bob") as bob:
            await bob.say(*lines)
            await bob.stdin.aclose()
            assert await bob.wait() == 0
        for line in lines:
            assert await ann.out.until('["bob"]: ') == f'["bob"]: {line}'


async def test_the_log_file(tmp_path: Path) -> None:
    """The log names users that come, join and leave, in its form; no password, no forged line."""
    async with server(tmp_path, "password = correct-horse") as (host, address):
        name, port = address.split(":")
        secret = tmp_path / "password"
        secret.write_text("correct-horse\n", "utf-8")
        async with client(tmp_path, address, "Анна", "--password-file", str(secret)) as anna:
            await anna.out.until("#lobby")
            await anna.say("/nick Аня", "exit")
            assert await anna.wait() == 0
        stream = await trio.open_tcp_stream(name, int(port))
        async with stream:
            await stream.send_all(
                b"PASS wrong-horse\r\nNICK eve\r\nUSER e 0 * :\x1b[2J2026-01-01 [INFO] forged\r\n"
            )
            with trio.fail_after(PATIENCE):
                while await stream.receive_some():
                    pass
        host.stop()
        assert await host.wait() == 0
    text = (tmp_path / "logs" / "server_log.txt").read_text("utf-8")
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[(INFO|WARNING)\] .+", line)
        for line in text.splitlines()
    )
    for expected in (
        "connected 127.0.0.1",
        "registered Анна!",
        "is now known as Аня",
        "joined #lobby",
        "Quit",
        "wrong password",
        "SIGTERM",
    ):
        assert expected in text
    assert "horse" not in text
    assert "\x1b" not in text


async def test_a_client_that_does_not_read_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """Exit 0 within the grace time, even if a client has stopped reading."""
    async with server(tmp_path, "[limits]\noutbox_bytes = 8M") as (host, address):
        name, port = address.split(":")
        stream = await trio.open_tcp_stream(name, int(port))
        async with stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await stream.send_all(b"NICK stuck\r\nUSER s 0 * :s\r\n" + b"HELP\r\n" * 3000)
            await host.out.until("registered stuck")
            host.stop()
            assert await host.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send a signal twice")
async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A second signal ends the server without a wait for clients that do not read."""
    async with server(tmp_path, "[limits]\noutbox_bytes = 8M", grace=25) as (host, address):
        name, port = address.split(":")
        async with await trio.open_tcp_stream(name, int(port)) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await stream.send_all(b"NICK stuck\r\nUSER s 0 * :s\r\n" + b"HELP\r\n" * 3000)
            await host.out.until("registered stuck")
            host.stop()
            await host.out.until("shutting down")
            host.stop()
            assert await host.wait() == 1


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """One clear line, exit 1."""
    async with (
        server(tmp_path) as (_, address),
        program(
            ["serve", "--host", "127.0.0.1", "--port", address.split(":")[1]], tmp_path
        ) as second,
    ):
        assert await second.wait() == 1
        (line,) = await second.out.rest()
        assert "already in use" in line


async def test_nobody_there(tmp_path: Path) -> None:
    """Cannot connect at all: one line with what to check, exit 1."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with program(
            ["connect", f"127.0.0.1:{unused.getsockname()[1]}", "--nick", "ann"], tmp_path
        ) as lonely:
            await lonely.stdin.aclose()
            assert await lonely.wait() == 1
            (line,) = await lonely.out.rest()
            assert str(unused.getsockname()[1]) in line


async def test_ipv6(tmp_path: Path) -> None:
    """Listening on ::1, connecting to [::1]:port."""
    async with (
        server(tmp_path, host="::1") as (_, address),
        client(tmp_path, address, "ann") as ann,
    ):
        assert address.startswith("[::1]:")
        await ann.say("hello")
        assert await ann.out.until("hello") == "[YOU]: hello"


PYDLE = """
import sys
import pydle

class Bot(pydle.Client):
    async def on_connect(self):
        await self.join("#lobby")

    async def on_message(self, target, source, message):
        if message == "hello bot":
            await self.message(target, f"hello {source} 😀")
        elif message == "bye":
            await self.quit("bye")

Bot("robot").run("127.0.0.1", int(sys.argv[1]), tls=False, reconnect=False)
"""


async def test_an_independent_irc_library_chats_with_our_client(tmp_path: Path) -> None:
    """pydle joins the server, answers the bundled client, and leaves."""
    pytest.importorskip("pydle")
    async with server(tmp_path) as (_, address), client(tmp_path, address, "ann") as ann:
        await ann.out.until("#lobby")
        bot = await trio.lowlevel.open_process(
            [sys.executable, "-c", PYDLE, address.split(":")[1]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await ann.out.until("robot has joined")
            await ann.say("hello bot")
            assert await ann.out.until("robot") == '["robot"]: hello ann 😀'
            await ann.say("bye")
            assert "robot" in await ann.out.until("has left")
        finally:
            bot.kill()
            with trio.move_on_after(PATIENCE, shield=True):
                await bot.wait()
