"""Fakes for the tests of `server/`: a server with clients over memory streams, a slow history."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio.testing import memory_stream_pair

from edge import read_up_to
from storage_fakes import ListHistory
from support import NOON, Clock
from trio_chat.chat.history import Record
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings, ServerSettings, Settings
from trio_chat.irc.message import Message, parse
from trio_chat.server import peer as peers
from trio_chat.server.app import Server
from trio_chat.server.keepalive import keep_alive
from trio_chat.server.transport import StreamTransport


class SlowHistory(ListHistory):
    """A history whose commits take until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = trio.Event()

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages, once the gate is open."""
        await self.gate.wait()
        await super().commit(records, state)


Pair = Callable[[], tuple["trio.StapledStream[Any, Any]", "trio.StapledStream[Any, Any]"]]


class MemoryClient:
    """A client's end of a stream."""

    def __init__(self, stream: trio.abc.HalfCloseableStream) -> None:
        self.stream = stream
        self.buffer = b""

    async def say(self, *lines: str) -> None:
        """Send lines in one piece."""
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def until(self, *wanted: str) -> list[Message]:
        """Return what came up to the first message with one of these commands."""
        return await read_up_to(self, *wanted)

    async def rest(self) -> list[Message]:
        """Return everything up to the end."""
        while data := await self.stream.receive_some():
            self.buffer += data
        return [parse(line.decode()) for line in self.buffer.split(b"\r\n")[:-1]]


class MemoryNetwork:
    """A running server that clients join over memory streams."""

    def __init__(self, server: Server, nursery: trio.Nursery) -> None:
        self.server = server
        self.nursery = nursery

    def join(self, host: str = "127.0.0.1", pair: Pair = memory_stream_pair) -> MemoryClient:
        """Return the client's end of a new connection."""
        ours, theirs = pair()
        self.nursery.start_soon(
            self.server.serve_client, StreamTransport(theirs), peers.Peer(host=host)
        )
        return MemoryClient(ours)

    async def register(
        self, nick: str, *joins: str, caps: str = "", host: str = "127.0.0.1"
    ) -> MemoryClient:
        """Return somebody registered, in some channels."""
        peer = self.join(host)
        if caps:
            await peer.say(f"CAP REQ :{caps}", "CAP END")
        await peer.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        await peer.until("422")
        for channel in joins:
            await peer.say(f"JOIN {channel}")
            await peer.until("366")
        return peer


@asynccontextmanager
async def memory_network(
    limits: LimitSettings | None = None,
    server_settings: ServerSettings | None = None,
    history: ListHistory | None = None,
) -> AsyncIterator[MemoryNetwork]:
    """Run a server's broadcaster, with a place for its clients."""
    settings = Settings(
        server=server_settings or ServerSettings(shutdown_grace=3), limits=limits or LimitSettings()
    )
    server = Server(settings, Clock(NOON), StoragePorts(history=history) if history else None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.broadcaster.run)
        nursery.start_soon(keep_alive, server.connections)
        async with trio.open_nursery() as clients:
            yield MemoryNetwork(server, clients)
            clients.cancel_scope.cancel()
        nursery.cancel_scope.cancel()
