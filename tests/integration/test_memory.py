"""Durability of seen messages: the real server, killed at any moment."""

import math
import os
import random
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import apsw
import argon2
import pytest
import trio
from programs import PATIENCE, server

import lobby
from trio_chat.irc.message import Message, parse

pytestmark = pytest.mark.long


class Talker:
    """Somebody who says numbers as fast as the server confirms them, and remembers what was
    seen.
    """

    def __init__(self, nick: str, stream: trio.SocketStream) -> None:
        self.nick = nick
        self.stream = stream
        self.seen: list[str] = []

    async def register(self) -> None:
        """Join the lobby."""
        await self.stream.send_all(lobby.hello(self.nick))

    async def talk(self, enough: int, done: trio.Event, most: float = math.inf) -> None:
        """Say numbers until the connection breaks, and at most so many; tell when enough messages
        were seen by all.
        """
        rest = b""
        try:
            for number in range(20):
                await self.stream.send_all(f"PRIVMSG #lobby :{self.nick} {number}\r\n".encode())
            said = 20
            while data := await self.stream.receive_some():
                *lines, rest = (rest + data).split(b"\r\n")
                for message in map(parse, (line.decode() for line in lines)):
                    if message.command != "PRIVMSG":
                        continue
                    self.seen.append(message.tags["msgid"])
                    if len(self.seen) >= enough:
                        done.set()
                    if message.nick == self.nick and said < most:
                        await self.stream.send_all(
                            f"PRIVMSG #lobby :{self.nick} {said}\r\n".encode()
                        )
                        said += 1
        except trio.BrokenResourceError:
            pass


async def history(address: str, nick: str) -> list[Message]:
    """Return all of the lobby's history."""
    host, port = address.split(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(lobby.hello(nick))
        with trio.fail_after(PATIENCE):
            return await lobby.history(stream, 100)


ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
"""How often the server is killed; a night's run has more."""


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_nothing_that_was_seen_is_lost_by_a_crash(tmp_path: Path, round_number: int) -> None:
    """Senders under load, `kill -9` at some moment, restart: every message that anyone saw is
    there, in the order seen.
    """
    enough = random.Random(round_number).randrange(50, 1500)
    talkers: list[Talker] = []
    async with (
        server(tmp_path) as (host, address),
        AsyncExitStack() as streams,
        trio.open_nursery() as nursery,
    ):
        done = trio.Event()
        for number in range(4):
            stream = await streams.enter_async_context(
                await trio.open_tcp_stream("127.0.0.1", int(address.split(":")[1]))
            )
            talkers.append(Talker(f"talker{number}", stream))
            await talkers[-1].register()
        for talker in talkers:
            nursery.start_soon(talker.talk, enough, done)
        with trio.fail_after(PATIENCE):
            await done.wait()
        host.process.kill()
    async with server(tmp_path) as (_, address):
        with trio.fail_after(PATIENCE):
            kept = [message.tags["msgid"] for message in await history(address, "reader")]
    assert kept == sorted(set(kept))
    for talker in talkers:
        assert len(talker.seen) > 0
        seen = set(talker.seen)
        assert [msgid for msgid in kept if msgid in seen] == talker.seen
    connection = apsw.Connection(str(tmp_path / "trio-chat.db"))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


async def test_a_database_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    """The file and the reason, exit 1, and nothing is overwritten."""
    (tmp_path / "trio-chat.db").write_bytes(b"these are somebody's holiday pictures " * 100)
    from programs import program

    async with program(["serve", "--host", "127.0.0.1", "--port", "0"], tmp_path) as host:
        assert await host.wait() == 1
        (line,) = await host.out.rest()
        assert re.search(r"trio-chat\.db.*not a database", line)


async def test_accounts_and_channels_are_there_after_a_restart(tmp_path: Path) -> None:
    """Somebody registers, owns a channel, and finds it again; nobody else gets the name."""
    # ann, correct-horse
    caps = "CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE AGFubgBjb3JyZWN0LWhvcnNl\r\n"
    scripts = (
        (
            "NICK ann\r\nUSER a 0 * :Ann\r\nREGISTER * * correct-horse\r\nJOIN #a\r\nCS REGISTER"
            " #a\r\nTOPIC #a :tea\r\nMARKREAD #a timestamp=2026-01-01T00:00:00.000Z\r\nQUIT\r\n"
        ),
        f"{caps}NICK ann\r\nUSER a 0 * :Ann\r\nCAP END\r\nJOIN #a\r\nMARKREAD #a\r\nQUIT\r\n",
        "NICK ann\r\nUSER e 0 * :Eve\r\nQUIT\r\n",
    )
    answers: list[str] = []
    for script in scripts:
        async with server(tmp_path) as (host, address):
            name, port = address.split(":")
            async with await trio.open_tcp_stream(name, int(port)) as stream:
                await stream.send_all(script.encode())
                received = b""
                with trio.fail_after(PATIENCE):
                    while data := await stream.receive_some():
                        received += data
            answers.append(received.decode())
            host.stop()
            assert await host.wait() == 0
    assert "REGISTER SUCCESS ann" in answers[0]
    assert "#a is yours" in answers[0]
    assert " 903 " in answers[1]
    assert " 332 ann #a :tea" in answers[1]
    assert "MARKREAD #a timestamp=2026-01-01T00:00:00.000Z" in answers[1]
    assert "MODE #a +q ann" in answers[1]
    assert "NICKNAME_RESERVED" in answers[2]


async def test_an_always_on_user_is_there_after_a_crash(tmp_path: Path) -> None:
    """Killed without warning, the server has her in her channel again, as its operator, before
    anybody can connect.
    """
    settings = "[accounts]\nalways_on = all\n"
    async with server(tmp_path, settings) as (host, address):
        async with await trio.open_tcp_stream("127.0.0.1", int(address.split(":")[1])) as stream:
            await stream.send_all(
                b"NICK ann\r\nUSER a 0 * :Ann\r\nREGISTER * * correct-horse\r\nJOIN #a\r\nMODE #a"
                b" +k key\r\n"
            )
            await until_written(
                tmp_path / "trio-chat.db",
                "SELECT 1 FROM channel JOIN always_on WHERE channel.state LIKE '%key%'",
            )
        host.process.kill()
    async with server(tmp_path, settings) as (_, address), AsyncExitStack() as streams:
        stream = await streams.enter_async_context(
            await trio.open_tcp_stream("127.0.0.1", int(address.split(":")[1]))
        )
        await stream.send_all(
            b"NICK bob\r\nUSER b 0 * :Bob\r\nJOIN #a key\r\nPRIVMSG ann :hi\r\nQUIT\r\n"
        )
        received = b""
        with trio.fail_after(PATIENCE):
            while data := await stream.receive_some():
                received += data
    assert b" 353 bob = #a :@ann bob\r\n" in received
    assert b" 301 bob ann :" in received


async def until_written(path: Path, query: str) -> None:
    """Wait until a query finds something in a database that a server is writing."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(1000)
    try:
        with trio.fail_after(PATIENCE):
            while not connection.execute(query).fetchall():  # noqa: ASYNC110  # another process writes it
                await trio.sleep(0.05)
    finally:
        connection.close()


ANN = b"NICK ann\r\nUSER a 0 * :Ann\r\n"
LOG_IN = (
    b"CAP REQ :sasl draft/read-marker draft/metadata-2\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE"
    b" AGFubgBjb3JyZWN0LWhvcnNl\r\n"
)
BEGIN = (
    b"REGISTER * * correct-horse\r\nOPER root secret\r\nJOIN #a\r\nCS REGISTER #a\r\nNS SAREGISTER"
    b" bob correct-horse\r\n"
)


class Kept(NamedTuple):
    """A command that changes something persistent, and how one sees that after a restart.

    Args:
        command: the command.
        confirmation: text of its answer.
        question: what a client asks after the restart.
        answer: text of the answer.
        before: commands that come first.
        absent: whether the text must not be in the answer.
    """

    command: str
    confirmation: str
    question: str
    answer: str
    before: str = ""
    absent: bool = False


STAY = "NS SET always-on on\r\nJOIN #z"
"""Makes the client's user always-on, in a channel that nobody owns."""
KEPT = {
    "ChanServ REGISTER": Kept(
        "CS REGISTER #b", "#b is yours", "JOIN #b", "MODE #b +q ann", "JOIN #b"
    ),
    "ChanServ DROP": Kept("CS DROP #a", "to nobody now", "JOIN #a", "MODE #a +q ann", absent=True),
    "ChanServ ACCESS ADD": Kept(
        "CS ACCESS #a ADD bob op", "bob has access", "CS ACCESS #a LIST", "bob: op"
    ),
    "ChanServ ACCESS DEL": Kept(
        "CS ACCESS #a DEL bob",
        "has no access",
        "CS ACCESS #a LIST",
        "bob: op",
        "CS ACCESS #a ADD bob op",
        absent=True,
    ),
    "ChanServ TRANSFER": Kept(
        "CS TRANSFER #a bob", "belongs to bob now", "CS INFO #a", "belongs to bob"
    ),
    "ChanServ SET HISTORY": Kept(
        "CS SET #a HISTORY off",
        "is remembered now",
        "JOIN #a\r\nCHATHISTORY LATEST #a * 5",
        "before the change",
        "PRIVMSG #a :before the change",
        absent=True,
    ),
    "TOPIC": Kept("TOPIC #a :tea", "TOPIC #a", "JOIN #a", "332 ann #a :tea"),
    "TOPIC removed": Kept(
        "TOPIC #a :", "TOPIC #a :\r", "JOIN #a", "332 ann", "TOPIC #a :tea", absent=True
    ),
    "MODE +b": Kept(
        "MODE #a +b eve!*@*", "MODE #a +b", "JOIN #a\r\nMODE #a +b", "367 ann #a eve!*@*"
    ),
    "MODE -b": Kept(
        "MODE #a -b eve!*@*",
        "MODE #a -b",
        "JOIN #a\r\nMODE #a +b",
        "367 ann #a eve!*@*",
        "MODE #a +b eve!*@*",
        absent=True,
    ),
    "MODE +e": Kept(
        "MODE #a +e eve!*@*", "MODE #a +e", "JOIN #a\r\nMODE #a +e", "348 ann #a eve!*@*"
    ),
    "MODE +I": Kept(
        "MODE #a +I eve!*@*", "MODE #a +I", "JOIN #a\r\nMODE #a +I", "346 ann #a eve!*@*"
    ),
    "MODE +k": Kept("MODE #a +k key", "MODE #a +k", "JOIN #a key\r\nMODE #a", "324 ann #a"),
    "MODE +l": Kept("MODE #a +l 7", "MODE #a +l", "JOIN #a\r\nMODE #a", "+ntl :7"),
    "MODE +m": Kept("MODE #a +m", "MODE #a +m", "JOIN #a\r\nMODE #a", "324 ann #a :+mnt"),
    "RENAME": Kept("RENAME #a #c", "RENAME #a #c", "JOIN #c", "MODE #c +q ann"),
    "MARKREAD": Kept(
        "MARKREAD #a timestamp=2026-01-01T00:00:00.000Z",
        "MARKREAD #a timestamp",
        "JOIN #a\r\nMARKREAD #a",
        "MARKREAD #a timestamp=2026-01-01T00:00:00.000Z",
    ),
    "MARKREAD of a conversation": Kept(
        "MARKREAD bob timestamp=2026-01-01T00:00:00.000Z",
        "MARKREAD bob timestamp",
        "MARKREAD bob",
        "MARKREAD bob timestamp=2026-01-01T00:00:00.000Z",
    ),
    "METADATA": Kept(
        "METADATA * SET url :https://example.org",
        "761",
        "METADATA * GET url",
        "https://example.org",
    ),
    "METADATA of a channel": Kept(
        "METADATA #a SET url :https://example.org",
        "761",
        "JOIN #a\r\nMETADATA #a GET url",
        "761 ann #a url * :https://example.org",
    ),
    "METADATA CLEAR": Kept(
        "METADATA * CLEAR",
        "url",
        "METADATA * GET url",
        "https://example.org",
        "METADATA * SET url :https://example.org",
        absent=True,
    ),
    "NickServ SET": Kept("NS SET replay off", "replay", "NS GET replay", "replay is off"),
    "NickServ SAREGISTER": Kept(
        "NS SAREGISTER eve correct-horse", "eve is registered", "NS INFO eve", "eve: registered"
    ),
    "NickServ SET PASSWORD": Kept(
        "NS SET PASSWORD correct-horse another-horse", "is changed", "PING x", " 904 "
    ),
    "NickServ DROP": Kept("NS DROP correct-horse", "is deleted", "PING x", " 904 "),
    "NickServ CERT ADD": Kept(f"NS CERT ADD {'ab' * 32}", "certificate", "NS CERT LIST", "ab" * 32),
    "NickServ CERT DEL": Kept(
        f"NS CERT DEL {'ab' * 32}",
        "certificate",
        "NS CERT LIST",
        "ab" * 32,
        f"NS CERT ADD {'ab' * 32}",
        absent=True,
    ),
    "NickServ SUSPEND": Kept(
        "NS SUSPEND bob spam", "bob is suspended", "NS IDENTIFY bob correct-horse", "spam"
    ),
    "NickServ UNSUSPEND": Kept(
        "NS UNSUSPEND bob",
        "bob",
        "NS IDENTIFY bob correct-horse",
        "spam",
        "NS SUSPEND bob spam",
        absent=True,
    ),
    "KLINE": Kept(
        "KLINE *!*@192.0.2.7 :spam", "is banned", "OPER root secret\r\nSTATS k", "192.0.2.7"
    ),
    "UNKLINE": Kept(
        "UNKLINE *!*@192.0.2.7",
        "192.0.2.7",
        "OPER root secret\r\nSTATS k",
        "192.0.2.7",
        "KLINE *!*@192.0.2.7 :spam",
        absent=True,
    ),
    "always-on": Kept(
        "NS SET always-on on", "always-on", "WHOIS ann", "319 ann ann :~@#a @#z", "JOIN #z"
    ),
    "JOIN while always-on": Kept("JOIN #y", "JOIN #y", "WHOIS ann", "#y", STAY),
    "PART while always-on": Kept("PART #z", "PART", "WHOIS ann", "#z", STAY, absent=True),
    "MODE -o while always-on": Kept(
        "MODE #z -o ann", "MODE #z -o", "NAMES #z", "353 ann = #z :ann", STAY
    ),
    "MODE +B while always-on": Kept("MODE ann +B", "MODE ann +B", "WHOIS ann", " 335 ", STAY),
    "NICK while always-on": Kept("NICK annie", "NICK annie", "WHOIS annie", " 311 ", STAY),
    "SETNAME while always-on": Kept("SETNAME :Another", "SETNAME", "WHOIS ann", ":Another", STAY),
}
"""What must be kept when it is confirmed, by what it is."""


@pytest.mark.parametrize("case", KEPT.values(), ids=list(KEPT))
async def test_what_was_confirmed_is_kept(tmp_path: Path, case: Kept) -> None:
    """Killed at the very moment of the confirmation, the server has it when it is started again."""
    settings = f"[operator root]\npassword = {hashed('secret')}\n[accounts]\nhash_cost = low\n"
    caps = (
        b"CAP REQ :draft/read-marker draft/metadata-2 draft/channel-rename setname\r\nCAP END\r\n"
    )
    async with server(tmp_path, settings) as (host, address), await connected(address) as stream:
        await stream.send_all(ANN + caps + BEGIN + f"{case.before}\r\nPING begin\r\n".encode())
        await until(stream, "begin")
        await stream.send_all(f"{case.command}\r\n".encode())
        await until(stream, case.confirmation)
        host.process.kill()
    async with server(tmp_path, settings) as (host, address), await connected(address) as stream:
        question = f"{case.question}\r\nPING end\r\n"
        await stream.send_all(LOG_IN + ANN + b"CAP END\r\n" + question.encode())
        received = await until(stream, "end\r\n")
    assert (case.answer in received) is not case.absent, received


def hashed(password: str) -> str:
    """Return what stands in config.ini of an operator."""
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


async def connected(address: str) -> trio.SocketStream:
    """Return a connection to a server."""
    return await trio.open_tcp_stream("127.0.0.1", int(address.split(":")[1]))


async def until(stream: trio.SocketStream, text: str) -> str:
    """Read until a text has come, and return all up to it."""
    received = ""
    with trio.fail_after(PATIENCE):
        while text not in received:
            data = await stream.receive_some()
            assert data, f"{text!r} not in {received}"
            received += data.decode()
    return received
