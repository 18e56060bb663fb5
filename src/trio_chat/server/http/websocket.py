"""WebSocket, as a transport on top of another one: a message is a line (IRCv3 `websocket`).

wsproto reads and writes frames. This module limits what a peer may send, and puts a message for
many members into frames once. Nothing is compressed, because that would need memory for each
connection.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason, FrameProtocol

from trio_chat.irc.lines import ENDLESS
from trio_chat.server.transport import (
    OnData,
    Transport,
    nothing,
    receive_each_through,
    receive_through,
)

BINARY = "binary.ircv3.net"
TEXT = "text.ircv3.net"
MAX_MESSAGE = ENDLESS
"""Bytes of a message after which the connection is closed, as for a line in plain text; a message
that is only too long for IRC gets an error.
"""
MAX_IDLE_FRAMES = 250
"""Frames, such as pings and parts of a message, that a peer may send without completing a line."""
_FRAMES_PER_TURN = 16
"""Frames of one client in a row; then other tasks are scheduled."""


class _Framer:
    """Puts lines into frames; the same bytes for many members, one after the other, only once."""

    def __init__(self, *, is_text: bool) -> None:
        self._is_text = is_text
        self._protocol = FrameProtocol(client=False, extensions=[])
        self._last = (b"", b"")

    def __call__(self, data: bytes) -> bytes:
        if data is not self._last[0]:
            frames = [
                self._protocol.send_data(line.decode("utf-8", "replace") if self._is_text else line)
                for line in data.split(b"\r\n")[:-1]
            ]
            self._last = (data, b"".join(frames))
        return self._last[1]


_frame_text = _Framer(is_text=True)
_frame_binary = _Framer(is_text=False)


class WebSocketTransport:
    """A WebSocket connection, after its opening.

    Args:
        below: what carries it.
        connection: its state.
        subprotocol: what the two sides have agreed on, or None: then lines go out as text, which is
            what browsers expect. They come in either way.
    """

    send_raw = None
    stop_receiving = None  # what was received may wait for its turn
    __slots__ = (
        "_below",
        "_call",
        "_connection",
        "_control",
        "_frame",
        "_idle_frames",
        "_is_closed",
        "_is_shut",
        "_size",
        "is_behind",
    )

    def __init__(self, below: Transport, connection: Connection, subprotocol: str | None) -> None:
        self._below = below
        self._connection = connection
        self._frame = _frame_binary if subprotocol == BINARY else _frame_text
        self._control = b""
        self._is_closed = False  # one side has said that it closes
        self._is_shut = False  # nothing more comes from us
        self._size = 0  # of the message that is coming in
        self._idle_frames = 0
        self.is_behind = True  # what came with the opening has not been looked at
        """Whether there may be more frames in what was received; see `Layer`."""
        self._call: Callable[[], None] = nothing

    def on_control(self, call: Callable[[], None]) -> None:
        """Have it called when a ping or a close is to be answered; see `Transport`."""
        self._call = call
        self._below.on_control(call)

    async def receive(self) -> bytes:
        """Wait for messages; return them as lines, a piece of one as soon as it is here; see
        `Transport`.

        What comes after our farewell is only to be read away.
        """
        return await (
            self._below.receive() if self._is_shut else receive_through(self._below, self)
        )

    def receive_each(self, on_data: OnData) -> Awaitable[None]:
        """Have lines taken as they come; see `Transport`."""
        if self._is_shut:
            return self._below.receive_each(on_data)
        return receive_each_through(self._below, self, on_data)

    def send_rest(self, rest: bytes) -> Coroutine[Any, Any, None]:
        """Send everything; see `Transport`."""
        return self._below.send_rest(rest)

    def linger(self) -> bool:
        """Return that it cannot: the farewell of the protocol may have to wait; see `Transport`."""
        return False

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Close the connection; see `Transport`."""
        return self._below.aclose()

    @property
    def is_ended(self) -> bool:
        """Whether one side has said that it closes: nothing that comes behind it is looked at; see
        `Layer`.
        """
        return self._is_closed

    def feed(self, data: bytes) -> None:
        """Add received bytes; see `Layer`."""
        self._connection.receive_data(data)
        self.is_behind = True

    def decode(self) -> tuple[bytes, int]:
        """Return the lines in the next frames; see `Layer`. After a violation of the protocol
        nothing more is read.
        """
        pieces: list[bytes] = []
        frames = 0
        self.is_behind = False
        while not self._is_closed:
            if frames == _FRAMES_PER_TURN:
                self.is_behind = True
                break
            if (event := next(self._connection.events(), None)) is None:
                break
            frames += 1
            self._take_event(event, pieces)
        if self._control:
            self._call()
        return b"".join(pieces), frames

    def _take_event(self, event: Event, pieces: list[bytes]) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            self._idle_frames += event.frame_finished
            pieces.append(self._line(event))
        else:
            self._idle_frames += 1
        if isinstance(event, Ping):
            # "MAY elect to send a Pong frame for only the most recently processed Ping" (RFC 6455
            # §5.5.3)
            self._control = self._connection.send(event.response())
        elif isinstance(event, CloseConnection):
            self._control += self._connection.send(event.response())
            self._is_closed = True
        if self._idle_frames > MAX_IDLE_FRAMES:
            self._refuse(CloseReason.POLICY_VIOLATION)

    def _line(self, event: TextMessage | BytesMessage) -> bytes:
        data = event.data.encode() if isinstance(event.data, str) else bytes(event.data)
        self._size += len(data)
        if self._size > MAX_MESSAGE:
            self._refuse(CloseReason.MESSAGE_TOO_BIG)
            return b""
        if event.message_finished:
            if self._size:
                self._idle_frames = 0
            self._size = 0
            return data + b"\n"
        return data

    def _refuse(self, code: CloseReason) -> None:
        """Read nothing more, and send the peer a close frame with the reason."""
        if not self._is_closed:
            self._is_closed = True
            self._control += self._connection.send(CloseConnection(code))

    def send_nowait(self, data: bytes) -> bytes:
        """Send lines as messages, without waiting; see `Transport`. After a close there is nobody
        to read them.
        """
        wire = self._control
        self._control = b""
        if data and not self._is_closed:
            frames = self._frame(data)
            wire = wire + frames if wire else frames
        return self._below.send_nowait(wire) if wire else b""

    async def send_eof(self, *, going_away: bool = False) -> None:
        """Say that nothing more comes, with the code for it; see `Transport`."""
        self._is_shut = True
        if not self._is_closed:
            self._is_closed = True
            code = CloseReason.GOING_AWAY if going_away else CloseReason.NORMAL_CLOSURE
            self._control += self._connection.send(CloseConnection(code))
        if rest := self.send_nowait(b""):
            await self._below.send_rest(rest)
        await self._below.send_eof(going_away=going_away)
