"""A server that does what a test tells it to, at the other end of a memory stream; and an interface
made of lists.

Not a mock of the client's own parts: everything from the stream upwards is the real thing.
"""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing

from trio_chat import i18n
from trio_chat.client.line.client import LineClient
from trio_chat.client.line.interface import Complete, PromptState
from trio_chat.client.link.keyring import Keyring
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.client.session.events import Event, SessionOutcome
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import ClientSession
from trio_chat.client.sign_on.source import TokenSource
from trio_chat.client.spans import Line, plain
from trio_chat.irc.message import parse

i18n.install("en")

PATIENCE = 5
"""Seconds, of the test's clock where it has one, that no line takes to come."""

HISTORY = (
    "batch draft/chathistory echo-message labeled-response message-tags server-time"
    " standard-replies"
)
LABELS = "batch echo-message labeled-response message-tags server-time standard-replies"


class FakeServer:
    """The server's end of one connection.

    Args:
        stream: that end.
        caps: what it offers, "" when it does not know CAP.
    """

    def __init__(self, stream: trio.abc.Stream, caps: str = LABELS) -> None:
        self.stream = stream
        self.caps = caps
        self.features = (
            "CHATHISTORY=100 MSGREFTYPES=msgid,timestamp " if "draft/chathistory" in caps else ""
        )
        self.nick = ""
        self.skips: tuple[str, ...] = ()
        """How lines begin that `expect` passes over."""
        self._received = b""

    async def send(self, *lines: str) -> None:
        """Send lines."""
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def line(self) -> str:
        """Return the next line from the client; "" when it has closed the connection."""
        with trio.fail_after(
            PATIENCE
            if trio.lowlevel.current_clock().__class__ is not trio.testing.MockClock
            else 500
        ):
            while b"\r\n" not in self._received:
                data = await self.stream.receive_some(65536)
                if not data:
                    return ""
                self._received += bytes(data)
        line, _, self._received = self._received.partition(b"\r\n")
        return line.decode()

    async def negotiate_login(self) -> None:
        """Take part in the negotiation of capabilities, up to the client's login by SASL."""
        for start in ("CAP LS 302", "NICK", "USER"):
            await self.expect(start)
        await self.send(f":srv.test CAP * LS :{self.caps}")
        await self.expect("CAP REQ")
        await self.send(f":srv.test CAP * ACK :{LABELS} sasl")

    async def expect(self, start: str) -> str:
        """Return the next line, which must begin like this; its tags and the colon of its last word
        are not compared.
        """
        body = start_of = ""
        while not start_of or (
            start_of in self.skips and (len(start_of) > len(start) or not body.startswith(start))
        ):
            line = await self.line()
            message = parse(line)
            body = " ".join((message.command, *message.params))
            start_of = next((skipped for skipped in self.skips if body.startswith(skipped)), "-")
        assert body.startswith(start), f"expected {start!r}, got {line!r}"
        return line

    async def greet(self, nick: str = "alice") -> None:
        """Take part in the negotiation and let the client in."""
        await self.expect("CAP LS 302")
        line = await self.line()
        if line.startswith("PASS"):
            line = await self.line()
        assert line == f"NICK {nick}"
        await self.expect("USER ")
        if self.caps:
            await self.send(f":srv.test CAP * LS :{self.caps}")
            await self.expect("CAP REQ")
            await self.send(
                ":srv.test CAP * ACK"
                f" :{' '.join(word.partition('=')[0] for word in self.caps.split())}"
            )
            await self.expect("CAP END")
        await self.welcome(nick)

    async def greet_until_refused(self, *refusal: str) -> None:
        """Take part in the negotiation, and refuse the nickname at its end."""
        for start in ("CAP LS", "NICK", "USER"):
            await self.expect(start)
        await self.send(f":srv.test CAP * LS :{self.caps}")
        await self.expect("CAP REQ")
        await self.send(
            f":srv.test CAP * ACK :{' '.join(word.partition('=')[0] for word in self.caps.split())}"
        )
        await self.expect("CAP END")
        await self.send(*refusal)

    async def welcome(self, nick: str) -> None:
        """Say that the client is in."""
        self.nick = nick
        await self.send(
            f":srv.test 001 {nick} :Welcome",
            f":srv.test 005 {nick} CASEMAPPING=ascii CHANTYPES=# PREFIX=(ov)@+ NETWORK=Test"
            f" {self.features}:are supported",
            f":srv.test 422 {nick} :There is no message of the day",
        )

    async def let_join(self, *channels: str) -> None:
        """Answer the JOINs after registration and the PING behind them."""
        for channel in channels:
            await self.expect(f"JOIN {channel}")
        await self.expect("PING ready")
        for channel in channels:
            await self.send(
                f":{self.nick}!u@h JOIN {channel}",
                f":srv.test 353 {self.nick} = {channel} :@{self.nick} bob",
                f":srv.test 366 {self.nick} {channel} :End of /NAMES list",
            )
        await self.send(":srv.test PONG srv.test ready")

    async def enter(self, nick: str = "alice", *channels: str) -> None:
        """Do everything up to the point where the client can talk."""
        await self.greet(nick)
        await self.let_join(*(channels or ("#lobby",)))

    async def play_back(
        self,
        *messages: str,
        kind: str = "chathistory #lobby",
        request: str = "CHATHISTORY",
        tags: str = "",
    ) -> str:
        """Answer a request for the history, and the PING behind it; return the request.

        Args:
            messages: each "msgid sender text", said at the hour and minute of its number: `7` at
                00:07.
            kind: the type and the parameters of the batch.
            request: how the request must begin.
            tags: what stands before the first line of the batch.
        """
        line = await self.expect(request)
        lines = [said_before(*message.split(" ", 2), batch="b") for message in messages]
        await self.send(f"{tags}:srv.test BATCH +b {kind}", *lines, ":srv.test BATCH -b")
        ping = parse(await self.expect("PING h"))
        await self.send(f":srv.test PONG srv.test {ping.params[0]}")
        return line

    async def echo(self) -> str:
        """Take the next message of the client and echo it with its label."""
        line = await self.expect("PRIVMSG")
        tags, _, body = line.partition(" ") if line.startswith("@") else ("", "", line)
        await self.send(f"{tags} :{self.nick}!u@h {body}".lstrip())
        return body

    async def close(self) -> None:
        """Close the connection without a word."""
        await self.stream.aclose()


def said_before(msgid: str, sender: str, text: str, *, batch: str = "") -> str:
    """Return a line of talk in the lobby with the tags of a server that remembers it."""
    number = int(msgid)
    time = f"2026-05-04T{number // 60:02}:{number % 60:02}:00.000Z"
    tags = f"batch={batch};msgid={msgid};time={time}" if batch else f"msgid={msgid};time={time}"
    return f"@{tags} :{sender}!u@h PRIVMSG #lobby :{text}"


class Talk:
    """A session at one end, a fake server at the other, and the events so far."""

    def __init__(
        self, session: ClientSession, server: FakeServer, events: trio.MemoryReceiveChannel[Event]
    ) -> None:
        self.session = session
        self.protocol = session.protocol
        self.server = server
        self.outcome: SessionOutcome | None = None
        self._events = events

    async def events(self) -> list[Event]:
        """Return the events since the last call, once everything has come to rest."""
        await trio.testing.wait_all_tasks_blocked()
        seen: list[Event] = []
        while True:
            try:
                seen.append(self._events.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                return seen


@asynccontextmanager
async def talk(
    caps: str = LABELS,
    *,
    enter: bool = True,
    protocol: ClientProtocol | None = None,
    **options: Any,
) -> AsyncIterator[Talk]:
    """Run a session against a fake server; at the end it is cancelled."""
    here, there = trio.testing.memory_stream_pair()
    events, events_receive = trio.open_memory_channel[Event](1000)
    session = ClientSession(
        here, protocol or ClientProtocol("alice", channels=[("#lobby", "")]), events, **options
    )
    running = Talk(session, FakeServer(there, caps), events_receive)

    async def run() -> None:
        running.outcome = await session.run()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        if enter:
            await running.server.enter()
            await running.events()
        yield running
        nursery.cancel_scope.cancel()


class ListInterface:
    """An interface whose lines are lists."""

    def __init__(self, *, interactive: bool = True) -> None:
        self.interactive = self.can_hide = self.draws_codes = interactive
        self.shown: list[str] = []
        self.prompt = PromptState("")
        self.ended = False
        self.complete: Complete | None = None
        self._type, self._typed = trio.open_memory_channel[str](math.inf)

    def type(self, *lines: str) -> None:
        """Type lines."""
        for line in lines:
            self._type.send_nowait(line)

    def hang_up(self) -> None:
        """End the input."""
        self._type.close()

    async def read_lines(
        self, lines: trio.MemorySendChannel[str], complete: Complete | None = None
    ) -> None:
        """Send what is typed."""
        self.complete = complete
        try:
            async with lines:
                async for line in self._typed:
                    await lines.send(line)
        finally:
            self.ended = True

    async def write(self, lines: Sequence[Line], prompt: PromptState) -> None:
        """Keep what is shown."""
        await trio.lowlevel.checkpoint()
        self.shown += [plain(line) for line in lines]
        self.prompt = prompt

    async def take(self) -> list[str]:
        """Return what was shown since the last call, once everything has come to rest."""
        await trio.testing.wait_all_tasks_blocked(0.01)
        shown, self.shown = self.shown, []
        return shown


class NoState(StateFile):
    """Remembers a nickname and an ignore list as long as a test lasts."""

    def __init__(self, nick: str = "", ignored: Sequence[str] = ()) -> None:
        super().__init__()
        self.nick = nick
        self.ignored = list(ignored)
        self.can_write = True

    async def load_ignored(self) -> list[str]:
        """Return it."""
        await trio.lowlevel.checkpoint()
        return self.ignored

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Change it."""
        await trio.lowlevel.checkpoint()
        self.ignored = [*(word for word in self.ignored if word not in removed), *added]
        return self.can_write

    async def load_nick(self) -> str:
        """Return it."""
        await trio.lowlevel.checkpoint()
        return self.nick

    async def save_nick(self, nick: str) -> None:
        """Keep it."""
        await trio.lowlevel.checkpoint()
        self.nick = nick


class Calm:
    """Chance without surprises."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        """Return the upper bound."""
        return high

    @staticmethod
    def sample(population: Sequence[Any], k: int) -> list[Any]:
        """Return the elements in their order."""
        return list(population[:k])


class Chat:
    """A line client and the servers that it connects to, one for each connection."""

    def __init__(
        self,
        interface: ListInterface,
        nick: str,
        state: NoState,
        caps: str,
        passwords: Keyring | None = None,
        *,
        may_be_plain: bool = True,
        tokens: TokenSource | None = None,
    ) -> None:
        self.interface = interface
        self.state = state
        self.code: int | None = None
        self.unreachable = 0
        self._caps = caps
        self._servers, self._servers_receive = trio.open_memory_channel[FakeServer](100)
        self.client = LineClient(
            interface,
            self._connect,
            nick=nick,
            channel="#lobby",
            state=state,
            passwords=passwords,
            tokens=tokens,
            random=Calm(),  # type: ignore[arg-type]
            may_be_plain=may_be_plain,
        )

    async def _connect(self) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        if self.unreachable:
            self.unreachable -= 1
            raise CannotConnectError("Cannot connect to srv.test")
        here, there = trio.testing.memory_stream_pair()
        self._servers.send_nowait(FakeServer(there, self._caps))
        return here

    async def server(self) -> FakeServer:
        """Return the server's end of the next connection."""
        return await self._servers_receive.receive()

    async def run(self) -> None:
        """Run the client."""
        self.code = await self.client.run()


@asynccontextmanager
async def chat(
    *,
    interactive: bool = True,
    nick: str = "alice",
    state: NoState | None = None,
    caps: str = LABELS,
    unreachable: int = 0,
    passwords: Keyring | None = None,
    may_be_plain: bool = True,
    tokens: TokenSource | None = None,
) -> AsyncIterator[Chat]:
    """Run a line client; at the end it must have ended by itself or is cancelled."""
    interface = ListInterface(interactive=interactive)
    running = Chat(
        interface,
        nick,
        state or NoState(),
        caps,
        passwords,
        may_be_plain=may_be_plain,
        tokens=tokens,
    )
    running.unreachable = unreachable
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.run)
        yield running
        nursery.cancel_scope.cancel()


async def until(state: Callable[[], bool]) -> None:
    """Wait until something is so; the clock of the test jumps meanwhile."""
    with trio.fail_after(1000):
        while not state():  # noqa: ASYNC110  what is waited for knows nothing of tests
            await trio.sleep(0.05)
