"""A server without sockets: clients connect over memory streams, byte by byte if needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol

import trio
from trio.testing import memory_stream_pair

from support import NOON, Clock
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import ListenerSettings, Settings, StorageSettings
from trio_chat.irc.message import Message, parse
from trio_chat.server.app import Server
from trio_chat.server.peer import Peer
from trio_chat.server.transport import StreamTransport

HELLO = b"NICK ann\r\nUSER ann 0 * :Ann\r\n"


class Reader(Protocol):
    """What has a stream, and what came of it that nobody has looked at."""

    buffer: bytes

    @property
    def stream(self) -> trio.abc.ReceiveStream:
        """The stream to read from."""


class End:
    """A client's end of a connection, of whatever kind."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.buffer = b""

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        await self.stream.send_all(data)

    async def until(self, command: str) -> Message:
        """Return the first message with this command; what came before it is dropped."""
        return (await read_up_to(self, command))[-1]

    async def rest(self) -> bytes:
        """Return everything up to the end."""
        while data := await self.stream.receive_some():
            self.buffer += data
        return self.buffer


async def read_up_to(end: Reader, *wanted: str) -> list[Message]:
    """Return what came up to the first message with one of these commands."""
    messages: list[Message] = []
    while not messages or messages[-1].command not in wanted:
        while b"\r\n" not in end.buffer:
            data = await end.stream.receive_some()
            assert data, f"the end came before {wanted}: {messages}"
            end.buffer += data
        line, end.buffer = end.buffer.split(b"\r\n", 1)
        messages.append(parse(line.decode()))
    return messages


class Edge:
    """A running server to which one connects from within."""

    def __init__(self, server: Server, nursery: trio.Nursery) -> None:
        self.server = server
        self._nursery = nursery

    def stream(
        self, listener: ListenerSettings | None = None, host: str = "192.0.2.9"
    ) -> "trio.StapledStream[Any, Any]":
        """Return the client's end of a new connection."""
        ours, theirs = memory_stream_pair()
        self._nursery.start_soon(
            self.server.open_and_serve,
            StreamTransport(theirs),
            Peer(host=host),
            listener or ListenerSettings(name=""),
        )
        return ours

    def connect(self, listener: ListenerSettings | None = None, host: str = "192.0.2.9") -> End:
        """Return the client's end of a new connection, to talk plainly on."""
        return End(self.stream(listener, host))


@asynccontextmanager
async def edge(
    settings: Settings | None = None, memory: StoragePorts | None = None
) -> AsyncIterator[Edge]:
    """Run a server's broadcaster, with a place for its clients; nobody looks whether they are still
    there.
    """
    settings = settings or Settings()
    if (
        settings.storage == StorageSettings()
    ):  # a certificate would be written beside the database, in the working directory
        settings = replace(settings, storage=StorageSettings(file=None))
    # Without cloaks, so that a test sees who the server takes somebody for.
    shown = replace(
        settings.server,
        cloak=False,
        allowed_hosts=settings.server.allowed_hosts or ("example.org",),
    )
    server = Server(replace(settings, server=shown), Clock(NOON), memory)
    async with trio.open_nursery() as nursery:
        server.site.start_soon = nursery.start_soon
        nursery.start_soon(server.broadcaster.run)
        async with trio.open_nursery() as clients:
            yield Edge(server, clients)
            clients.cancel_scope.cancel()
        nursery.cancel_scope.cancel()
