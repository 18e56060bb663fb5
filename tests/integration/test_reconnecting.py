"""Reconnection without gaps and duplicates, between the real client and the real server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio
from programs import Program, client, server

from fake_servers import until_reset


class Wire:
    """What a client connects to instead of the server; it can be made deaf, and cut.

    Args:
        address: the server's address.
    """

    def __init__(self, address: str) -> None:
        self.is_deaf = False  # what the server says does not come through
        self.heard = trio.Event()
        self._port = int(address.split(":")[1])
        self._cut = trio.CancelScope()
        self._mended = trio.Event()

    async def serve(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Accept connections."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        task_status.started(f"127.0.0.1:{listeners[0].socket.getsockname()[1]}")
        await trio.serve_listeners(until_reset(self._connect), listeners)

    def cut(self) -> None:
        """End the connection, and let no other through until it is mended."""
        self._mended = trio.Event()
        self._cut.cancel()

    def mend(self) -> None:
        """Let connections through."""
        self.is_deaf = False
        self._mended.set()

    async def _connect(self, stream: trio.SocketStream) -> None:
        async with stream:
            await self._mended.wait()
            async with (
                await trio.open_tcp_stream("127.0.0.1", self._port) as there,
                trio.open_nursery() as nursery,
            ):
                self._cut = nursery.cancel_scope
                nursery.start_soon(self._pass_on, stream, there, False)
                nursery.start_soon(self._pass_on, there, stream, True)

    async def _pass_on(
        self, source: trio.SocketStream, target: trio.SocketStream, from_server: bool
    ) -> None:
        async for data in source:
            if from_server and self.is_deaf:
                self.heard.set()
            else:
                await target.send_all(data)


@asynccontextmanager
async def wire(address: str) -> AsyncIterator[tuple[Wire, str]]:
    """Run a wire to a server; yield it and its address."""
    running = Wire(address)
    running.mend()
    async with trio.open_nursery() as nursery:
        own_address = await nursery.start(partial(running.serve))
        yield running, own_address
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def two_people(directory: Path) -> AsyncIterator[tuple[Program, Program, Wire]]:
    """Run a server with bob and ann in its lobby; yield them, and the wire that ann comes by."""
    async with (
        server(directory) as (_, address),
        wire(address) as (line, detour),
        client(directory, address, "bob") as bob,
        client(directory, detour, "ann") as ann,
    ):
        await bob.out.until("in #lobby")
        await ann.out.until("in #lobby")
        yield bob, ann, line


async def test_what_was_said_meanwhile_is_not_missed(tmp_path: Path) -> None:
    """Everything said while the connection was down is shown once, in order, and before what is
    new.
    """
    async with two_people(tmp_path) as (bob, ann, line):
        await bob.say("before")
        await ann.out.until("before")
        line.cut()
        await ann.out.until("Connecting again")
        await bob.say(*(f"number {number}" for number in range(250)))
        await bob.out.until("number 249")
        line.mend()
        for number in range(250):
            assert (await ann.out.until('["bob"')).endswith(f": number {number}")
        await bob.say("after")
        assert await ann.out.until('["bob"') == '["bob"]: after'


async def test_own_message_that_arrived_is_not_reported_as_lost(tmp_path: Path) -> None:
    """A message whose confirmation was lost with the connection is found in the history, and the
    script ends with 0.
    """
    async with two_people(tmp_path) as (bob, ann, line):
        await ann.say("first")
        await ann.out.until("[YOU]: first")
        line.is_deaf = True
        await ann.say("did this arrive?")
        await ann.stdin.aclose()
        await bob.out.until("did this arrive?")
        await line.heard.wait()
        line.cut()
        await ann.out.until("[INFO] Not confirmed yet")
        line.mend()
        assert await ann.out.until("arrive?") == "[YOU]: did this arrive?"
        assert await ann.wait() == 0
        assert not [text for text in ann.out.lines if "may not have arrived" in text]
