"""Bots of a few lines, as in tutorials: they expect words at fixed positions."""

import base64
import re

import trio
from trio.testing import MockClock

from server_fakes import memory_network
from storage_fakes import ListHistory, OpenAccounts
from support import Town
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings


async def tutorial_bot(stream: trio.abc.Stream, seen: list[str]) -> None:
    """Join a channel and stay: split at line ends, look at the beginning of a line, find a
    sentence.
    """
    await stream.send_all(b"USER bot bot bot :bot\r\nNICK bot\r\nJOIN #bots\r\n")
    text = ""
    while "End of /NAMES list." not in text:
        data = await stream.receive_some()
        assert data, text
        text += data.decode()
    async for data in stream:
        for line in data.decode().split("\r\n"):
            seen.append(line)
            if line.startswith("PING"):
                await stream.send_all(f"PONG {line.split()[1]}\r\n".encode())
            if line.find("PRIVMSG #bots :!hello") != -1:
                await stream.send_all(
                    b"PRIVMSG #bots :Hello " + line.split("!", 1)[0][1:].encode() + b"\r\n"
                )


async def test_a_bot_that_looks_for_ping_at_the_start_of_a_line_stays(
    autojump_clock: MockClock,
) -> None:
    """RFC 2812 §3.7.2 shows `PING :irc.funet.fi`, without a source; answering it is all that many a
    bot does to stay.
    """
    async with (
        memory_network(LimitSettings(ping_interval=90, ping_timeout=60)) as h,
        trio.open_nursery() as nursery,
    ):
        peer, seen = h.join(), list[str]()
        nursery.start_soon(tutorial_bot, peer.stream, seen)
        await trio.sleep(600)
        ann = await h.register("ann", "#bots")
        await ann.say("PRIVMSG #bots :!hello")
        assert (await ann.until("PRIVMSG"))[-1].params == ("#bots", "Hello ann")
        assert sum(line.startswith("PING") for line in seen) >= 6
        nursery.cancel_scope.cancel()


SASL_BOT = (
    (r"^:\S+ CAP \* LS :.*sasl", "CAP REQ :sasl"),
    (r"^:\S+ CAP \* ACK :sasl", "AUTHENTICATE PLAIN"),
    (
        r"^AUTHENTICATE \+$",
        (
            "AUTHENTICATE"
            f" {base64.b64encode(b'ann' + bytes(1) + b'ann' + bytes(1) + b'secret').decode()}"
        ),
    ),
    (r"^:\S+ 903 \S+ :SASL authentication successful", "CAP END"),
)
"""What a bot answers to a line, by the patterns of irc3 and of tutorials."""


def sasl_bot(password: str) -> list[str]:
    """Have a bot log in that knows patterns only; return all that it was sent."""
    accounts = OpenAccounts()
    accounts.add("ann", password)
    bot = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).newcomer()
    seen, to_say = list[str](), ["CAP LS", "NICK ann", "USER ann 0 * :ann"]
    while to_say:
        bot.town.say_quietly(bot, to_say.pop(0).encode())
        lines, bot.received = bot.received.decode().split("\r\n")[:-1], b""
        seen += lines
        to_say += [
            answer for line in lines for pattern, answer in SASL_BOT if re.search(pattern, line)
        ]
    return seen


def test_a_bot_that_matches_lines_logs_in() -> None:
    """IRCv3 sasl-3.1 shows `AUTHENTICATE +` without a source, and `903 :SASL authentication
    successful`.
    """
    assert any(" 001 ann " in line for line in sasl_bot("secret"))


def test_a_bot_that_matches_lines_learns_that_it_failed() -> None:
    """IRCv3 sasl-3.1: `904 :SASL authentication failed`; why stands behind it."""
    assert (
        sasl_bot("another")[-1]
        == ":chat.local 904 ann :SASL authentication failed: wrong account or password"
    )
