"""Clients of the chaos test: talkers that remember what they were promised, and enemies that do
what no client should.
"""

import random
import socket
import struct
from collections.abc import Awaitable, Callable

import trio
from victim import ENEMY, FRIEND, PATIENCE, Victim

from lobby import hello
from lobby import history as read_history
from trio_chat.irc.message import Message, parse

_WINDOW = 4


class Talker:
    """Says numbers for as long as the server is there, and comes back when it was away.

    Attributes:
        acknowledged: texts by msgid that came back as an echo.
        seen: msgids of everything seen, in order.
        refused: how often it was told that a message was not accepted.
    """

    def __init__(self, victim: Victim, nick: str, pause: float = 0.02) -> None:
        self._victim = victim
        self._nick = nick
        self._pause = pause
        self._number = 0
        self._may_talk = trio.Event()
        self._may_talk.set()
        self._writing = trio.Lock()
        self._rest = b""
        self.acknowledged: dict[str, str] = {}
        self.seen: list[str] = []
        self.refused = 0

    async def run(self) -> None:
        """Talk, for ever."""
        while True:
            try:
                async with await self._victim.connect(FRIEND) as stream:
                    self._rest = b""
                    await stream.send_all(hello(self._nick))
                    await self._talk(stream)
            except* (OSError, trio.BrokenResourceError):
                pass  # the server was killed
            await trio.sleep(0.1)

    def be_silent(self, silent: bool) -> None:
        """Say nothing for a while, or talk again."""
        if silent:
            self._may_talk = trio.Event()
        else:
            self._may_talk.set()

    async def _talk(self, stream: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            wishes = trio.Semaphore(0)
            nursery.start_soon(self._say, stream, wishes)
            while data := await stream.receive_some():
                *lines, self._rest = (self._rest + data).split(b"\r\n")
                for line in lines:
                    await self._take(stream, parse(line.decode()), wishes)
            nursery.cancel_scope.cancel()

    async def _say(self, stream: trio.SocketStream, wishes: trio.Semaphore) -> None:
        while True:
            await wishes.acquire()
            await trio.sleep(self._pause)
            await self._may_talk.wait()
            self._number += 1
            async with self._writing:
                await stream.send_all(f"PRIVMSG #lobby :{self._nick} {self._number}\r\n".encode())

    async def _take(
        self, stream: trio.SocketStream, message: Message, wishes: trio.Semaphore
    ) -> None:
        if message.command == "366":
            for _ in range(_WINDOW):
                wishes.release()
        elif message.command == "PING":
            async with self._writing:
                await stream.send_all(f"PONG :{message.params[-1]}\r\n".encode())
        elif message.command == "FAIL":
            self.refused += 1
            wishes.release()
        elif message.command == "PRIVMSG" and "batch" not in message.tags:
            self.seen.append(message.tags["msgid"])
            if message.nick == self._nick:
                self.acknowledged[message.tags["msgid"]] = message.params[1]
                wishes.release()


async def history(victim: Victim) -> dict[str, str]:
    """Return the texts of the lobby by msgid, in the order in which the server gives them."""
    async with await victim.connect(FRIEND) as stream:
        await stream.send_all(hello("historian"))
        with trio.fail_after(PATIENCE):
            messages = await read_history(stream, 1000)
    kept = {message.tags["msgid"]: message.params[1] for message in messages}
    assert len(kept) == len(messages)
    return kept


# Enemies: each makes one attack; a connection that is refused or broken is what they deserve.


def reset(stream: trio.SocketStream) -> None:
    """Close with a reset instead of a farewell."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


async def dies_at_any_byte(victim: Victim, dice: random.Random) -> None:
    """A client that is gone in the middle of a word."""
    script = (
        hello(f"dying{dice.randrange(10**6)}")
        + b"PRIVMSG #lobby :last words\r\nNICK other\r\nPART #lobby\r\nWHO *\r\nLIST\r\n"
    )
    stream = await victim.connect(ENEMY)
    await stream.send_all(script[: dice.randrange(len(script))])
    await trio.sleep(dice.random() / 10)
    reset(stream)


async def stops_reading(victim: Victim, dice: random.Random) -> None:
    """A client that joins, asks for everything and reads nothing."""
    async with await victim.connect(ENEMY) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        await stream.send_all(
            hello(f"stalled{dice.randrange(10**6)}")
            + b"NAMES #lobby\r\nHELP\r\nMOTD\r\nVERSION\r\n" * 20
        )
        await trio.sleep(dice.uniform(1, 6))


async def connects_and_resets(victim: Victim, dice: random.Random) -> None:
    """Many connections that are gone before anything was said."""
    for _ in range(dice.randrange(100)):
        reset(await victim.connect(ENEMY))


async def talks_nonsense(victim: Victim, dice: random.Random) -> None:
    """Bytes that are nothing."""
    async with await victim.connect(ENEMY) as stream:
        await stream.send_all(
            dice.randbytes(dice.randrange(20_000)) + b"\r\n" * dice.randrange(5000)
        )
        with trio.move_on_after(1):
            while await stream.receive_some():
                pass


async def never_ends_its_line(victim: Victim, dice: random.Random) -> None:
    """A line of megabytes."""
    async with await victim.connect(ENEMY) as stream:
        with trio.move_on_after(2):
            for _ in range(100):
                await stream.send_all(b"x" * 20_000)
        await stream.send_all(b"\r\nQUIT\r\n") if dice.random() < 0.5 else None


async def trickles(victim: Victim, dice: random.Random) -> None:
    """A byte now and then."""
    async with await victim.connect(ENEMY) as stream:
        for byte in hello("trickle")[: dice.randrange(10, 40)]:
            await stream.send_all(bytes((byte,)))
            await trio.sleep(0.2)


async def floods(victim: Victim, dice: random.Random) -> None:
    """More than anybody can read."""
    async with await victim.connect(ENEMY) as stream:
        await stream.send_all(
            hello(f"flood{dice.randrange(10**6)}")
            + b"PRIVMSG #lobby :flood\r\nWHO #lobby\r\n" * 1000
        )
        with trio.move_on_after(2):
            while await stream.receive_some():
                pass


async def comes_and_goes(victim: Victim, dice: random.Random) -> None:
    """Somebody ordinary, in a hurry."""
    number = dice.randrange(10**6)
    async with await victim.connect(FRIEND) as stream:
        room = f"#room{number % 50}"
        lines = (
            f"JOIN {room}\r\nNICK guest{number}\r\nTOPIC {room} :x\r\nREGISTER * * password\r\nQUIT"
            " :bye\r\n"
        )
        await stream.send_all(hello(f"visitor{number}") + lines.encode())
        with trio.move_on_after(5):
            while await stream.receive_some():
                pass


ATTACKS: tuple[Callable[[Victim, random.Random], Awaitable[None]], ...] = (
    dies_at_any_byte,
    stops_reading,
    connects_and_resets,
    talks_nonsense,
    never_ends_its_line,
    trickles,
    floods,
    comes_and_goes,
)


async def enemy(victim: Victim, dice: random.Random) -> None:
    """Make one attack after the other, for ever."""
    while True:
        try:
            await dice.choice(ATTACKS)(victim, dice)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.sleep(0.05)
