"""Outboxes: what the socket does not take is queued, bounded and written in order."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_chat.server import outbox as outbox_module
from trio_chat.server.outbox import Outbox
from trio_chat.server.transport import OnData


class Pipe:
    """A transport that takes as much as it is told to."""

    @property
    def send_raw(self) -> Callable[[bytes], int]:
        """Take what there is room for, as a socket does."""
        return lambda data: len(data) - len(self.send_nowait(data))

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""
        self.error: Exception | None = None
        self.gate = trio.Event()
        self.sends = 0

    def on_control(self, call: Callable[[], None]) -> None:
        """Have nothing to send of its own accord."""

    def send_nowait(self, data: bytes) -> bytes:
        """Take what there is room for."""
        if self.error:
            raise self.error
        self.sends += 1
        taken = data[: self.room]
        self.room -= len(taken)
        self.taken += taken
        return data[len(taken) :]

    async def send_rest(self, rest: bytes) -> None:
        """Take everything once the gate is open."""
        await self.gate.wait()
        if self.error:
            raise self.error
        self.taken += rest

    async def receive_each(self, on_data: OnData) -> None:
        """Never called here."""
        raise AssertionError

    async def receive(self) -> bytes:
        """Never called here."""
        raise AssertionError

    stop_receiving: Callable[[], None] | None = None

    def linger(self) -> bool:
        """Never called here."""
        raise AssertionError

    async def send_eof(self, *, going_away: bool = False) -> None:
        """Never called here."""
        raise AssertionError

    async def aclose(self) -> None:
        """Never called here."""
        raise AssertionError


def no_task(write: Callable[[bytes], Awaitable[None]], rest: bytes) -> None:
    """Start no task: the socket takes everything."""
    raise AssertionError(f"{rest!r} is left for {write}")


class Ends(list[str]):
    """Collects the reasons for which an outbox wants its client ended."""


async def test_what_the_socket_takes_is_not_queued(nursery: trio.Nursery) -> None:
    """The usual case needs no queue and no task."""
    pipe, ends = Pipe(100), Ends()
    outbox = Outbox(pipe, nursery.start_soon, 50, ends.append)
    outbox.send(b"one\r\n")
    await wait_all_tasks_blocked()
    assert (pipe.taken, outbox.queued, len(nursery.child_tasks)) == (b"one\r\n", 0, 0)


async def test_what_it_does_not_take_follows_in_order(nursery: trio.Nursery) -> None:
    """A writer task drains the rest, and is gone when nothing waits."""
    pipe, ends = Pipe(7), Ends()
    outbox = Outbox(pipe, nursery.start_soon, 50, ends.append)
    for line in (b"one\r\n", b"two\r\n", b"three\r\n"):
        outbox.send(line)
    await wait_all_tasks_blocked()
    pipe.room = 100
    outbox.send(b"four\r\n")  # must not overtake
    pipe.gate.set()
    await outbox.wait_flushed()
    await wait_all_tasks_blocked()
    assert pipe.taken == b"one\r\ntwo\r\nthree\r\nfour\r\n"
    assert (len(nursery.child_tasks), ends) == (0, [])


async def test_the_socket_is_lent_while_nothing_waits(nursery: trio.Nursery) -> None:
    """Bytes that went past the queue would overtake what waits in it."""
    pipe = Pipe(3)
    outbox = Outbox(pipe, nursery.start_soon, 50, Ends().append)
    lent = [outbox.send_raw is not None]
    outbox.send(b"one\r\n")
    lent.append(outbox.send_raw is not None)
    await wait_all_tasks_blocked()
    pipe.gate.set()
    await outbox.wait_flushed()
    await wait_all_tasks_blocked()
    lent.append(outbox.send_raw is not None)
    outbox.close()
    lent.append(outbox.send_raw is not None)
    assert lent == [True, False, True, False]


async def test_the_socket_is_not_lent_after_the_last_lines(nursery: trio.Nursery) -> None:
    """Nothing follows an ERROR, also when the writer has to finish it."""
    pipe = Pipe(3)
    outbox = Outbox(pipe, nursery.start_soon, 50, Ends().append)
    outbox.send_last(b"ERROR\r\n")
    assert outbox.send_raw is None
    await wait_all_tasks_blocked()
    pipe.gate.set()
    await outbox.wait_flushed()
    await wait_all_tasks_blocked()
    assert (pipe.taken, outbox.send_raw) == (b"ERROR\r\n", None)


def test_the_last_answer_goes_out_with_the_last_lines() -> None:
    """In their order, in one piece, so that the client is woken once."""
    pipe = Pipe(100)
    outbox = Outbox(pipe, no_task, 50, Ends().append)
    outbox.hold()
    outbox.send(b"QUIT\r\n")
    assert (pipe.taken, outbox.send_raw) == (b"", None)
    outbox.send_last(b"ERROR\r\n")
    assert (pipe.taken, pipe.sends) == (b"QUIT\r\nERROR\r\n", 1)


def test_much_is_not_held_back_for_the_last_lines() -> None:
    """What comes until then is bounded as ever."""
    pipe = Pipe(5000)
    outbox = Outbox(pipe, no_task, 50, Ends().append)
    outbox.hold()
    outbox.send(b"x" * 4097)
    outbox.send(b"y")
    outbox.send_last(b"z")
    assert pipe.taken == b"x" * 4097 + b"yz"


async def test_nothing_is_held_behind_what_waits(nursery: trio.Nursery) -> None:
    """The queue keeps the order, and its limit."""
    pipe = Pipe(3)
    outbox = Outbox(pipe, nursery.start_soon, 50, Ends().append)
    outbox.send(b"one\r\n")
    outbox.hold()
    outbox.send(b"two\r\n")
    outbox.send_last(b"ERROR\r\n")
    await wait_all_tasks_blocked()
    pipe.room = 100
    pipe.gate.set()
    await outbox.wait_flushed()
    assert pipe.taken == b"one\r\ntwo\r\nERROR\r\n"


async def test_a_slow_reader_is_ended_and_told_why(nursery: trio.Nursery) -> None:
    """Over the limit nothing more is taken; the farewell goes out instead of what still waits."""
    pipe, ends = Pipe(0), Ends()
    outbox = Outbox(pipe, nursery.start_soon, 10, ends.append)
    outbox.send(b"one\r\n")
    await wait_all_tasks_blocked()  # the writer holds "one" now
    outbox.send(b"two\r\n")
    outbox.send(b"three\r\n")
    assert ends == ["Too slow: more than 10 bytes were waiting"]
    outbox.send(b"x\r\n")
    outbox.send_last(b"ERROR\r\n")
    pipe.gate.set()
    await outbox.wait_flushed()
    assert pipe.taken == b"one\r\nERROR\r\n"


async def test_an_answer_may_be_larger_than_the_limit(nursery: trio.Nursery) -> None:
    """The client's next request waits, so the answer is bounded without being cut off."""
    pipe, ends = Pipe(0), Ends()
    outbox = Outbox(pipe, nursery.start_soon, 10, ends.append)
    outbox.send(b"x" * 100, is_reply=True)
    passed = trio.Event()

    async def ask_again() -> None:
        await outbox.wait_room()
        passed.set()

    nursery.start_soon(ask_again)
    await wait_all_tasks_blocked()
    assert (ends, passed.is_set()) == ([], False)
    pipe.gate.set()
    await passed.wait()


async def test_pieces_are_bounded_too(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small pieces cost more than their bytes."""
    monkeypatch.setattr(outbox_module, "MAX_CHUNKS", 2)
    pipe, ends = Pipe(0), Ends()
    outbox = Outbox(pipe, nursery.start_soon, 1000, ends.append)
    for _ in range(4):  # one of them is being written
        outbox.send(b"x\r\n")
    assert ends == ["Too slow: more than 2 messages were waiting"]
    pipe.gate.set()
    await wait_all_tasks_blocked()
    assert pipe.taken == b"x\r\n" * 3


@pytest.mark.parametrize("room", [0, 100])
async def test_a_broken_connection_ends_the_client(nursery: trio.Nursery, room: int) -> None:
    """The socket or the writer notices, and waiting tasks go on."""
    pipe, ends = Pipe(room), Ends()
    outbox = Outbox(pipe, nursery.start_soon, 100, ends.append)
    if not room:
        outbox.send(b"one\r\n")
    pipe.error = trio.BrokenResourceError()
    pipe.gate.set()
    outbox.send(b"two\r\n") if room else None
    await outbox.wait_flushed()
    outbox.send(b"three\r\n")
    outbox.send_last(b"four\r\n")
    await outbox.wait_flushed()
    await outbox.wait_room()
    assert ends == ["Connection reset"]
    assert pipe.taken == b""
