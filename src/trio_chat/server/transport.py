"""Transports: bytes to and from one client, over a socket or any other stream.

Transports are stacked: TLS on a socket, WebSocket on TLS. Each encodes data for the one below, and
returns what the socket did not accept, in its encoded form. So encryption and framing need no task,
a delivery to any member costs one call, and unsent bytes are kept in one place, the `Outbox`.
"""

import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol

import trio

from trio_chat.server.lingering import MOST_DROPPED
from trio_chat.server.poller import Poller

RECEIVE_BYTES: Final = 65536

OnData = Callable[[bytes, int], bool]
"""Takes bytes, and in how many pieces they came: reads, TLS records, WebSocket frames. No bytes in
some pieces are a waste of time; no bytes in no piece are the end. Returns whether that is enough
for now.
"""

MOST_READS = 1024
"""Reads of a connection that is being opened: what comes byte by byte costs time that no budget
against floods sees.
"""


class Transport(Protocol):
    """A connection as the rest of the server uses it."""

    @property
    def send_raw(self) -> Callable[[bytes], int] | None:
        """The `send` of the socket, if bytes go out as they are; else None."""

    def on_control(self, call: Callable[[], None]) -> None:
        """Set a function that is called when there is control data to be sent, such as a WebSocket
        pong.

        It is sent with the next `send_nowait`, whose data may be empty.
        """

    async def receive(self) -> bytes:
        """Wait for bytes and return them; b"" when the peer has sent its last.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    def receive_each(self, on_data: OnData) -> Awaitable[None]:
        """Wait, and call a function with received bytes each time some arrive, until it returns
        true or the connection has ended.

        Most clients are in it most of the time. So a transport that only has another one do it
        returns what that returns: a coroutine of its own would be kept for each.

        Args:
            on_data: must not block. It may be called in another task than this one, and what it
                raises is raised here.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    @property
    def stop_receiving(self) -> Callable[[], None] | None:
        """A function that has a running `receive_each` return; None if it has to be cancelled."""

    def send_nowait(self, data: bytes) -> bytes:
        """Send what can be sent without waiting; return what is left: `send_rest` must be given it
        before anything else is sent.

        Args:
            data: whole lines, or nothing.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    async def send_rest(self, rest: bytes) -> None:
        """Send all of what `send_nowait` has left; when cancelled, the connection is only good for
        closing.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    async def send_eof(self, *, going_away: bool = False) -> None:
        """End the sending half, where the protocol has a way to. Perhaps no checkpoint.

        Args:
            going_away: whether the reason is that the server stops.

        Raises:
            trio.BrokenResourceError: the connection broke.
            trio.ClosedResourceError: it was closed here.
        """

    def linger(self) -> bool:
        """End the sending half, and have the connection closed in a moment, without a task that
        waits for that (`trio_chat.server.lingering`); return whether it could be done. It counts as
        closed then.
        """

    async def aclose(self) -> None:
        """Close; calling it again does nothing. When cancelled, it is closed all the same, without
        a farewell.

        Perhaps no checkpoint: each would cost one pass of the scheduler for every client that
        leaves.
        """


def nothing() -> None:
    """Do nothing: the default of `on_control`."""


async def send_all(transport: Transport, data: bytes) -> None:
    """Send everything; only for the one writer of a transport.

    Raises:
        trio.BrokenResourceError: the connection broke.
        trio.ClosedResourceError: it was closed here.
    """
    await trio.lowlevel.checkpoint()
    if rest := transport.send_nowait(data):
        await transport.send_rest(rest)


class Layer(Protocol):
    """A decoder of a transport's bytes, of a bounded part at a time: the peer decides how many
    there are.
    """

    @property
    def is_behind(self) -> bool:
        """Whether there may be more in what was fed."""

    @property
    def is_ended(self) -> bool:
        """Whether the peer has ended the connection: bytes after that are ignored."""

    def feed(self, data: bytes) -> None:
        """Add received bytes; only when it is not behind."""

    def decode(self) -> tuple[bytes, int]:
        """Return the next part of what they hold, which may be nothing, and in how many pieces it
        came.

        Raises:
            trio.BrokenResourceError: that is impossible.
        """


async def receive_through(below: Transport, layer: Layer) -> bytes:
    """Do `receive` for a layer on a transport."""
    plain = b""
    while not plain:
        if layer.is_behind:
            await trio.lowlevel.checkpoint()
        elif layer.is_ended or not (data := await below.receive()):
            return b""
        else:
            layer.feed(data)
        plain, _ = layer.decode()
    return plain


async def receive_each_through(below: Transport, layer: Layer, on_data: OnData) -> None:
    """Do `receive_each` for a layer on a transport.

    What one read brings is decoded where it is received, as far as that is little work; with the
    rest others get their turns.
    """
    decoding = _Decoding(layer, on_data)
    while not decoding.is_enough:
        if layer.is_behind:
            await trio.lowlevel.checkpoint()
            decoding.advance(0)
        elif layer.is_ended:  # when its last lines had to wait
            await trio.lowlevel.checkpoint()
            on_data(b"", 0)
            return
        else:
            await below.receive_each(decoding.take)


class _Decoding:
    """Decodes what is received, as it comes; kept for each client, and smaller than closures.

    Args:
        layer: decodes.
        on_data: takes what was decoded.
    """

    __slots__ = ("_layer", "_on_data", "is_enough")

    def __init__(self, layer: Layer, on_data: OnData) -> None:
        self._layer = layer
        self._on_data = on_data
        self.is_enough = False

    def take(self, data: bytes, pieces: int) -> bool:
        """Take what the transport below has received; see `OnData`."""
        if data:
            self._layer.feed(data)
        if pieces:
            return self.advance(pieces)
        self._on_data(b"", 0)
        self.is_enough = True
        return True

    def advance(self, reads: int) -> bool:
        """Decode the next part, which came in so many reads; return whether that is enough, or what
        is left has to wait for its turn.
        """
        layer = self._layer
        plain, pieces = layer.decode()
        if pieces or reads:
            self.is_enough = self._on_data(plain, max(pieces, reads))
        if not self.is_enough and layer.is_ended:
            self._on_data(b"", 0)
            self.is_enough = True
        return self.is_enough or layer.is_behind


async def close_gracefully(transport: Transport, *, going_away: bool = False) -> None:
    """End the sending half, and read and drop what the peer still sends, up to a bound.

    Closing a socket with unread bytes resets it, and destroys what the peer has not read yet. The
    caller sets a deadline, and closes.
    """
    try:
        await transport.send_eof(going_away=going_away)
        await transport.receive_each(_Dropping().take)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # gone already


class _Dropping:
    """Drops what a peer still sends, up to a bound."""

    __slots__ = ("_dropped",)

    def __init__(self) -> None:
        self._dropped = 0

    def take(self, data: bytes, pieces: int) -> bool:
        """Drop bytes; return whether that is enough. See `OnData`."""
        self._dropped += len(data)
        return not pieces or self._dropped >= MOST_DROPPED


class SocketTransport:
    """A TCP connection or a Unix one, with synchronous non-blocking calls on the socket itself.

    A fan-out costs one `send` for each member and batch; Trio's `SocketStream` would add a
    checkpoint, a lock and a coroutine to each. Reading waits for readability and then calls `recv`
    once, for the same reason.

    Args:
        sock: an accepted connection; owned by this object from now on.
        poller: what waits for it in `receive_each`.
    """

    __slots__ = ("_has_waited", "_poller", "_socket", "send_raw")

    def __init__(self, sock: socket.socket, poller: Poller) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._poller = poller
        self._has_waited = False  # whether a task has waited for it by Trio's functions
        self.send_raw: Callable[[bytes], int] | None = sock.send

    def on_control(self, call: Callable[[], None]) -> None:
        """Do nothing: a socket sends what it is given."""

    async def receive(self) -> bytes:
        """Wait for bytes; see `Transport`."""
        self._has_waited = True
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError from error

    def receive_nowait(self) -> bytes:
        """Return what has arrived; b"" when there is nothing, and when `receive` has to say why."""
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except OSError:
            return b""

    def receive_each(self, on_data: OnData) -> Awaitable[None]:
        """Have the poller receive; see `Transport`."""
        if self._socket.fileno() < 0:
            raise trio.ClosedResourceError
        return self._poller.watch(self._socket.fileno(), _Reader(self._socket, on_data).read)

    @property
    def stop_receiving(self) -> Callable[[], None] | None:
        """A function that stops receiving, where the poller can; see `Transport`."""
        return self._wake_reader if self._poller.can_wake else None

    def _wake_reader(self) -> None:
        self._poller.wake(self._socket.fileno())

    def send_nowait(self, data: bytes) -> bytes:
        """Send without waiting; see `Transport`."""
        try:
            taken = self._socket.send(data)
        except BlockingIOError:
            return data
        except OSError as error:
            if self._socket.fileno() < 0:
                raise trio.ClosedResourceError from error
            raise trio.BrokenResourceError from error
        return b"" if taken == len(data) else data[taken:]

    async def send_rest(self, rest: bytes) -> None:
        """Send everything; see `Transport`."""
        await trio.lowlevel.checkpoint()
        with memoryview(rest) as view:
            sent = 0
            while sent < len(rest):
                try:
                    sent += self._socket.send(view[sent:])
                except BlockingIOError:
                    self._has_waited = True
                    await trio.lowlevel.wait_writable(self._socket)
                except OSError as error:
                    raise trio.BrokenResourceError from error

    async def send_eof(self, *, going_away: bool = False) -> None:
        """Shut down the sending half. No checkpoint."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise trio.BrokenResourceError from error

    def linger(self) -> bool:
        """Have the socket closed in a moment; see `Transport`."""
        lingering = self._poller.lingering
        if lingering is None or not lingering.has_room:
            return False
        try:
            self._socket.shutdown(socket.SHUT_WR)
            lingering.add(self._socket.fileno())
        except OSError:  # gone already, or the system can watch no more
            return False
        self._socket.detach()
        return True

    async def aclose(self) -> None:
        """Close the socket, and raise `trio.ClosedResourceError` in tasks that wait on it. No
        checkpoint.
        """
        if self._socket.fileno() >= 0:
            if self._has_waited:  # a call of the system that most clients do not need
                trio.lowlevel.notify_closing(self._socket)
            self._poller.forget(self._socket.fileno())
            self._socket.close()


class _Reader:
    """Receives from a socket; kept for each client, and smaller than a closure.

    Args:
        sock: does not block.
        on_data: takes what has come.
    """

    __slots__ = ("_on_data", "_socket")

    def __init__(self, sock: socket.socket, on_data: OnData) -> None:
        self._socket = sock
        self._on_data = on_data

    def read(self) -> bool:
        """Receive once; return whether that is enough."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError as error:
            raise trio.BrokenResourceError from error
        if data:
            return self._on_data(data, 1)
        self._on_data(b"", 0)
        return True


class StreamTransport:
    """Any other stream: every byte goes through the writer task.

    Args:
        stream: what to read and write; owned by this object from now on.
    """

    send_raw: Callable[[bytes], int] | None = None
    stop_receiving: Callable[[], None] | None = None

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    def on_control(self, call: Callable[[], None]) -> None:
        """Do nothing: a stream sends what it is given."""

    async def receive(self) -> bytes:
        """Wait for bytes; see `Transport`."""
        return bytes(await self._stream.receive_some(RECEIVE_BYTES))

    async def receive_each(self, on_data: OnData) -> None:
        """Have bytes taken as they come; see `Transport`."""
        is_enough = False
        while not is_enough:
            data = await self.receive()
            is_enough = on_data(data, 1 if data else 0) or not data

    def send_nowait(self, data: bytes) -> bytes:
        """Send nothing: a stream promises no sending without waiting."""
        return data

    async def send_rest(self, rest: bytes) -> None:
        """Send everything; see `Transport`."""
        await self._stream.send_all(rest)

    async def send_eof(self, *, going_away: bool = False) -> None:
        """Tell the peer that nothing more comes, where the stream has a way to."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    def linger(self) -> bool:
        """Return that it cannot; see `Transport`."""
        return False

    async def aclose(self) -> None:
        """Close the stream; see `Transport`."""
        await trio.aclose_forcefully(self._stream)


class PeekableTransport:
    """A transport whose first bytes can be read ahead, to detect the protocol, and read again.

    Args:
        below: the connection.
        data: what has been read of it.
        under: the one that its encryption reads from, if there is one.
    """

    __slots__ = ("_reads", "_under", "below", "data", "send_nowait", "send_raw")

    def __init__(
        self, below: Transport, data: bytes = b"", under: "PeekableTransport | None" = None
    ) -> None:
        self.data = data
        self.below = below
        self._under = under
        self._reads = 0
        # What is done often is done by the connection itself, without a call in between.
        self.send_raw = below.send_raw
        self.send_nowait = below.send_nowait

    def renew_budget(self) -> None:
        """Permit further reads: the connection has made progress."""
        self._reads = 0
        if self._under is not None:
            self._under.renew_budget()

    def on_control(self, call: Callable[[], None]) -> None:
        """Set what is called for control data; see `Transport`."""
        self.below.on_control(call)

    def send_rest(self, rest: bytes) -> Coroutine[Any, Any, None]:
        """Send everything; see `Transport`."""
        return self.below.send_rest(rest)

    def send_eof(self, *, going_away: bool = False) -> Coroutine[Any, Any, None]:
        """End the sending half; see `Transport`."""
        return self.below.send_eof(going_away=going_away)

    def linger(self) -> bool:
        """Have the connection closed in a moment; see `Transport`."""
        return self.below.linger()

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Close the connection; see `Transport`."""
        return self.below.aclose()

    async def receive(self) -> bytes:
        """Return what was read ahead, then what comes; see `Transport`."""
        if not self.data:
            self._reads += 1
            self._check_budget()
            return await self.below.receive()
        data, self.data = self.data, b""
        await trio.lowlevel.checkpoint()
        return data

    def receive_each(self, on_data: OnData) -> Awaitable[None]:
        """Have taken what was read ahead, then what comes; see `Transport`."""
        self._check_budget()
        return self._take_ahead(on_data) if self.data else self.below.receive_each(on_data)

    def _check_budget(self) -> None:
        if self._reads > MOST_READS:
            raise trio.BrokenResourceError("a connection that is opened in too many pieces")

    @property
    def stop_receiving(self) -> Callable[[], None] | None:
        """The function of the connection; see `Transport`."""
        return self.below.stop_receiving

    async def _take_ahead(self, on_data: OnData) -> None:
        data, self.data = self.data, b""
        if on_data(data, 1):
            await trio.lowlevel.checkpoint()
        else:
            await self.below.receive_each(on_data)

    async def peek_more(self) -> bool:
        """Read more ahead; return whether more came."""
        before, self.data = self.data, b""
        data = await self.receive()
        self.data = before + data
        return bool(data)

    def consume(self, size: int) -> bytes:
        """Return the first bytes of what was read ahead, and leave the rest."""
        data, self.data = self.data[:size], self.data[size:]
        return data
