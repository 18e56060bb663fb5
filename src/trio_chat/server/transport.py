"""How bytes come and go for one client; the one place that knows a plain socket from any other stream."""

import socket
from typing import Protocol

import trio

RECEIVE_BYTES = 65536


class Transport(Protocol):
    """A connection as the rest of this room uses it."""

    async def receive(self) -> bytes:
        """Wait for bytes and return them; b"" when the peer has sent its last.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    def send_nowait(self, data: bytes) -> int:
        """Send what can be sent without waiting; return how many bytes that was, also 0.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    async def send_all(self, data: bytes) -> None:
        """Send everything; when cancelled, an unknown part has been sent and the connection is only good for closing.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    async def send_eof(self) -> None:
        """Tell the peer that nothing more comes; a connection that cannot say so does nothing."""

    async def aclose(self) -> None:
        """Close; calling it again does nothing. When cancelled, it is closed all the same, without a farewell."""


class SocketTransport:
    """A TCP connection, with synchronous non-blocking calls on the socket itself.

    One `send` for one member and batch is what a fan-out costs; Trio's own `SocketStream` would add a checkpoint, a lock and a
    coroutine to each. Reading waits for readability and then calls `recv` once, for the same reason.

    Args:
        stream: an accepted connection, which gives its socket up and is not to be used any more.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        sock = stream.socket
        family, kind, protocol = sock.family, sock.type, sock.proto
        self._socket = socket.socket(family, kind, protocol, fileno=sock.detach())
        self._socket.setblocking(False)

    async def receive(self) -> bytes:
        """Wait for bytes; see `Transport`."""
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError from error

    def send_nowait(self, data: bytes | memoryview) -> int:
        """Send without waiting; see `Transport`."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if self._socket.fileno() < 0:
                raise trio.ClosedResourceError from error
            raise trio.BrokenResourceError from error

    async def send_all(self, data: bytes) -> None:
        """Send everything; see `Transport`."""
        await trio.lowlevel.checkpoint()
        with memoryview(data) as view:
            sent = 0
            while sent < len(data):
                taken = self.send_nowait(view[sent:])
                sent += taken
                if not taken:
                    await trio.lowlevel.wait_writable(self._socket)

    async def send_eof(self) -> None:
        """Shut down the sending half."""
        await trio.lowlevel.checkpoint()
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def aclose(self) -> None:
        """Close the socket, waking whoever waits on it with `trio.ClosedResourceError`."""
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
        await trio.lowlevel.checkpoint()


class StreamTransport:
    """Any other stream: every byte goes through the writer task.

    Args:
        stream: what to read and write; owned by this object from now on.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def receive(self) -> bytes:
        """Wait for bytes; see `Transport`."""
        return bytes(await self._stream.receive_some(RECEIVE_BYTES))

    def send_nowait(self, data: bytes) -> int:
        """Send nothing: a stream promises no sending without waiting."""
        return 0

    async def send_all(self, data: bytes) -> None:
        """Send everything; see `Transport`."""
        await self._stream.send_all(data)

    async def send_eof(self) -> None:
        """Tell the peer that nothing more comes, where the stream has a way to."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the stream; see `Transport`."""
        await trio.aclose_forcefully(self._stream)
