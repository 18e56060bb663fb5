"""A test world with a clock that stands still, and the clients in it."""

import gc
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import TypeVar, cast

import invariants
from deliveries import deliveries
from storage_fakes import ListHistory
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change, OperatorAppointed, SessionEnded
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output, OutputItem
from trio_chat.chat.history import (
    HistoryError,
)
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import modes
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message, parse
from trio_chat.irc.names import fold_or_self
from trio_chat.server.broadcaster import records_of, unstored_parts

T = TypeVar("T")


NOON = 1_800_000_000.0
"""Seconds of Unix time at which every test world starts."""


class Clock:
    """A clock that moves only when it is set."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Person:
    """A client of a test world, and the sink of its session: it keeps what it is sent until it is
    read.
    """

    send_raw = None

    def __init__(self, town: "Town", host: str = "192.0.2.1") -> None:
        self.town = town
        self.session = Session(self, host, town.clock())
        self.received = b""
        self.ended = ""
        town.world.connect(self.session)

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Take bytes from the server."""
        assert data.endswith(b"\r\n")
        self.received += data

    def end(self, reason: str) -> None:
        """Be ended by the server."""
        self.ended = reason

    def say(self, *lines: str | bytes | BadLine) -> list[Message]:
        """Send lines to the server and return what came back to this person."""
        for line in lines:
            self.town.say_quietly(self, line.encode() if isinstance(line, str) else line)
        return self.read()

    def read(self) -> list[Message]:
        """Return what was received since the last time."""
        data, self.received = self.received, b""
        for line in data.split(b"\r\n")[:-1]:
            body = line.split(b" ", 1)[1] if line.startswith(b"@") else line
            assert len(body) <= 510, line
        return [parse(line.decode()) for line in data.split(b"\r\n")[:-1]]

    def leave(self, reason: str = "Connection closed") -> None:
        """Be disconnected."""
        self.town.deliver(
            Output(tuple(apply(self.town.world, SessionEnded(self.session.id, reason)))), self
        )


_SMALL = 20


class Town:
    """A world with people in it; everything is delivered at once."""

    def __init__(
        self,
        server_info: ServerInfo | None = None,
        lengths: Lengths | None = None,
        storage: StoragePorts | None = None,
    ) -> None:
        self.clock = Clock()
        self.world = World(
            server_info or ServerInfo(created=NOON), lengths or Lengths(), self.clock, 5, storage
        )
        self._unchecked = 0  # changes since the last check
        self.world.observers.append(self.check)

    def say_quietly(self, person: Person, line: bytes | BadLine) -> None:
        """Have a line carried out; what comes of it waits to be read by whom it was sent to."""
        self.deliver(handle_line(self.world, person.session, line), person)

    def deliver(self, output: Output, origin: Person) -> None:
        """Store and deliver the output of a command, with the functions of the broadcaster."""
        parts: Sequence[OutputItem] = output.parts
        storage = self.world.storage
        if storage and (records := records_of([output])):
            try:
                run_now(storage.history.commit(records))
            except HistoryError:
                parts = unstored_parts(output)
        for session, data, is_reply in deliveries(parts):
            session.sink.send(data, is_reply=is_reply)
        if output.close:
            origin.end(output.close)
            origin.leave(output.close)
        if output.more is not None:
            self.deliver(output.more(), origin)
        if output.later is not None:
            self.deliver(run_now(output.later()), origin)

    @property
    def history(self) -> "ListHistory":
        """The history of the world."""
        assert self.world.storage is not None
        assert isinstance(self.world.storage.history, ListHistory)
        return self.world.storage.history

    def check(self, change: Change) -> None:
        """Check the invariants of the world, and that the sets which it keeps are right.

        A check looks at everybody. So it is done after each change in a small town, and after as
        many as there are people in a large one.
        """
        world = self.world
        self._unchecked += 1
        if len(world.sessions) > _SMALL and self._unchecked < len(world.sessions):
            return
        self._unchecked = 0
        invariants.check(world)
        assert world.unregistered == {
            session for session in world.sessions.values() if session.user is None
        }
        assert world.channels.secret == {
            channel for channel in world.channels.values() if modes.SECRET in channel.flags
        }
        assert world.invisible == {
            user for user in world.users.values() if modes.INVISIBLE in user.modes
        }

    def appoint(self, user: User | None, block: Operator) -> None:
        """Make a user an operator of the server, by a block that the configuration gets for it."""
        assert user is not None
        operators = {**self.world.server_info.operators, fold_or_self(block.name): block}
        self.world.server_info = replace(self.world.server_info, operators=operators)
        apply(self.world, OperatorAppointed(user.folded, block.sealed()))

    def newcomer(self, host: str = "192.0.2.1") -> Person:
        """Return somebody who has only connected."""
        return Person(self, host)

    def person(self, nick: str, *joins: str, caps: str = "", host: str = "192.0.2.1") -> Person:
        """Return somebody registered, in some channels, with everything read."""
        person = self.newcomer(host)
        if caps:
            assert person.say(f"CAP REQ :{caps}")[-1].params[1] == "ACK", caps
        person.say(f"NICK {nick}", f"USER {nick} 0 * :{nick} the tester", "CAP END")
        assert person.session.user is not None, nick
        for channel in joins:
            person.say(f"JOIN {channel}")
        for session in self.world.sessions.values():
            assert isinstance(session.sink, Person)
            session.sink.read()
        return person


def run_now(work: Awaitable[T]) -> T:
    """Run something that may wait, but does not."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("it waits")


def commands(messages: list[Message]) -> list[str]:
    """Return just the commands."""
    return [message.command for message in messages]


def labelled(town: Town, *joins: str) -> Person:
    """Return a client that labels its commands."""
    return town.person("ann", *joins, caps="labeled-response batch echo-message message-tags")


def offered(person: Person) -> list[str]:
    """Return all capabilities that somebody is offered, with their values."""
    return " ".join(
        message.params[-1] for message in person.say("CAP LS 302") if message.command == "CAP"
    ).split()


def living(kind: type) -> int:
    """Return how many objects of a class exist, those that wait for a collection included."""
    return sum(type(each) is kind for each in gc.get_objects())


def find(messages: list[Message], command: str) -> Message:
    """Return the only message with this command."""
    found = [message for message in messages if message.command == command]
    assert len(found) == 1, messages
    return found[0]
