"""A bot as a program, with the real server."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from programs import Program, client, program, server

import poll
import reminder


@asynccontextmanager
async def bot(file: str | None, directory: Path, address: str) -> AsyncIterator[Program]:
    """Run an example bot until it is in the lobby."""
    assert file is not None
    async with program(
        [address, "--plaintext", "--positions", "positions.json"],
        directory,
        command=(sys.executable, file),
    ) as running:
        await running.out.until("connected to")
        yield running


async def test_a_bot_answers_a_user_and_leaves_at_a_signal(tmp_path: Path) -> None:
    """A user is reminded by the program, which leaves with a QUIT when it is stopped."""
    async with (
        server(tmp_path) as (_host, address),
        client(tmp_path, address, "anna", "--plaintext") as anna,
        bot(reminder.__file__, tmp_path, address) as running,
    ):
        await anna.out.until("reminder")
        await anna.say("!remind 0.001 Tea is ready")
        await anna.out.until("anna: Tea is ready")
        running.stop()
        assert await running.wait() == 0
        await anna.out.until("reminder")
        assert (tmp_path / "positions.json").exists()


async def test_votes_are_reactions_of_a_real_client(tmp_path: Path) -> None:
    """The server passes reactions on to the bot, with the msgid of its question; the client shows
    it as a poll, in which the signs that the bot offers are no votes.
    """
    async with (
        server(tmp_path) as (_host, address),
        client(tmp_path, address, "anna", "--plaintext") as anna,
        bot(poll.__file__, tmp_path, address),
    ):
        await anna.out.until("poll")
        await anna.say("!poll Lunch? pizza | soup")
        await anna.out.until("2. soup")
        await anna.say("/vote 2")
        await anna.out.until("[INFO] You vote for “soup”. Lunch? · pizza – 0, soup – 1")
        await anna.say("!close")
        await anna.out.until("🏁 Lunch?  1️⃣ pizza — 0  2️⃣ soup — 1")
