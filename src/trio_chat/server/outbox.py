"""The send queue of a client: bounded, and written by a task that exists only while it is not
empty.

The contract: `send` never waits and never raises. Bytes that the socket accepts are sent at once;
the rest is queued, in order, and a writer task drains it. A client with more queued bytes of
others' messages than the limit is ended with a reason, and delays no other client. Answers to its
own commands do not count: its reader waits for those, so a client that reads a long answer slowly
is not ended.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from trio_chat.server.transport import Transport

MAX_CHUNKS = 16384
"""Pieces that may wait, in addition to the limit in bytes."""
_JOIN_BYTES: Final = 262_144
_MOST_HELD: Final = 4096
_Piece = tuple[bytes, bool]
"""Complete lines, and whether they answer a command of the client."""


class Outbox:
    """The sending half of one client's connection, and the `Sink` of its session.

    Args:
        transport: where bytes go.
        start: starts the writer task with what is to be written first; it may begin later.
        max_bytes: the most bytes that may wait.
        end: ends the connection with a reason; also called when it broke, or the limit is exceeded.

    Attributes:
        send_raw: the `send` of the transport's socket while it would do the same as `send` of this
            object, for one call less; see `Sink`.
    """

    __slots__ = (
        "_answers",
        "_channel",
        "_end",
        "_has_control",
        "_held",
        "_is_broken",
        "_is_open",
        "_max_bytes",
        "_progress",
        "_queued",
        "_start",
        "_transport",
        "_written_answers",
        "send_raw",
    )

    def __init__(
        self,
        transport: Transport,
        start: Callable[[Callable[[bytes], Awaitable[None]], bytes], None],
        max_bytes: int,
        end: Callable[[str], None],
    ) -> None:
        self._transport = transport
        self._start = start
        self._max_bytes = max_bytes
        self._end = end
        self._channel: (
            tuple[trio.MemorySendChannel[_Piece], trio.MemoryReceiveChannel[_Piece]] | None
        ) = None
        # Bytes; of the piece being written as it goes out, of the others as they came.
        self._queued = 0
        self._answers = 0  # those of them that are answers to the client's commands
        self._written_answers = 0  # and of the piece being written
        self._is_open = True  # whether more is taken
        self._is_broken = False  # whether nothing can be written any more
        self._has_control = False  # whether the transport has something to send of its own accord
        self._held: bytes | None = None  # what waits for the last lines
        self._progress: trio.lowlevel.ParkingLot | None = None  # most clients never need it
        self.send_raw = transport.send_raw

    @property
    def queued(self) -> int:
        """Bytes that wait to be written."""
        return self._queued

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Send or queue complete lines.

        Args:
            data: the lines, each with its CR LF.
            is_reply: whether they answer a command of the client. Its reader waits for room before
                it executes more, so the limit does not cut off a large answer.
        """
        if not self._is_open:
            return
        if self._held is not None:
            self._held += data
            if len(self._held) > _MOST_HELD:
                self._release()
        elif not self._queued:
            self._put(data, is_reply=is_reply)
        elif is_reply or self._queued - self._answers + len(data) <= self._max_bytes:
            self._queue(data, is_reply=is_reply)
        else:
            self._overflow(f"Too slow: more than {self._max_bytes} bytes were waiting")

    def hold(self) -> None:
        """Keep what is sent from now on for `send_last`, which is called next: both go out in
        one piece, and wake the client once.
        """
        if self._is_open and not self._queued:
            self._held, self.send_raw = b"", None

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            self._put(held)

    def end(self, reason: str) -> None:
        """End the connection with a reason for the client."""
        self._end(reason)

    def send_last(self, data: bytes) -> None:
        """Send or queue the last lines; when the limit was exceeded, in place of what is queued."""
        if not self._is_open and self._channel is not None:
            waiting, answers = _take(self._channel[1], limit=None)
            self._queued -= len(waiting)
            self._answers -= answers
        self._is_open, self.send_raw = False, None
        if self._held is not None:
            data, self._held = self._held + data, None
        if self._queued:
            self._queue(data)
        else:
            self._put(data)

    def flush_control(self) -> None:
        """Send control data of the transport, such as a WebSocket pong, after what is queued."""
        if self._queued:
            self._has_control = True
        else:
            self._put(b"")

    def close(self) -> None:
        """Accept and write nothing more: the client's nursery is about to end."""
        self._is_open, self.send_raw = False, None
        self._is_broken = True
        self._unpark()

    @property
    def has_room(self) -> bool:
        """Whether not more than a quarter of the limit waits, or never will."""
        return self._queued <= self._max_bytes // 4 or self._is_broken

    async def wait_room(self) -> None:
        """Wait until it has room. No checkpoint when it has."""
        while not self.has_room:
            await self._park()

    async def wait_flushed(self) -> None:
        """Wait until nothing waits, or nothing can be written any more. No checkpoint when that is
        so already.
        """
        while self._queued and not self._is_broken:
            await self._park()

    async def _park(self) -> None:
        if self._progress is None:
            self._progress = trio.lowlevel.ParkingLot()
        await self._progress.park()

    def _unpark(self) -> None:
        if self._progress is not None:
            self._progress.unpark_all()

    def _put(self, data: bytes, *, is_reply: bool = False) -> None:
        """Send when nothing waits: what the socket does not take is for a writer task."""
        if not self._is_broken and (rest := self._try_to_send(data)):
            self.send_raw = None
            self._queued = len(rest)
            self._answers = self._written_answers = len(rest) if is_reply else 0
            self._start(self._write, rest)

    def _queue(self, data: bytes, *, is_reply: bool = False) -> None:
        if self._is_broken:
            return
        if self._channel is None:
            self._channel = trio.open_memory_channel[_Piece](MAX_CHUNKS)
        try:
            self._channel[0].send_nowait((data, is_reply))
        except trio.WouldBlock:
            self._overflow(f"Too slow: more than {MAX_CHUNKS} messages were waiting")
            return
        self._queued += len(data)
        if is_reply:
            self._answers += len(data)

    def _try_to_send(self, data: bytes) -> bytes:
        """Send what can be sent at once; return what is left, in the form in which it must go
        out.
        """
        try:
            return self._transport.send_nowait(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._break()
            return b""

    def _overflow(self, reason: str) -> None:
        self._is_open, self.send_raw = False, None
        self._end(reason)

    def _break(self) -> None:
        self.close()
        self._end("Connection reset")

    async def _write(self, rest: bytes) -> None:
        """Write what the socket did not take, and then what has been queued meanwhile."""
        while rest:
            try:
                await self._transport.send_rest(rest)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._break()
                return
            self._queued -= len(rest)
            self._answers -= self._written_answers
            rest = self._next()
            self._unpark()
        self._channel = None  # most clients never need it again, and there may be ten thousand
        if self._is_open:
            self.send_raw = self._transport.send_raw

    def _next(self) -> bytes:
        """Send of what is queued what can be sent at once; return what is left of it, counted as
        queued.
        """
        while self._queued or self._has_control:
            self._has_control = False
            data, answers = (
                _take(self._channel[1], _JOIN_BYTES) if self._channel is not None else (b"", 0)
            )
            rest = self._try_to_send(data)
            self._queued += len(rest) - len(data)
            self._written_answers = min(answers, len(rest))
            self._answers += self._written_answers - answers
            if rest or self._is_broken:
                return rest
        return b""


def _take(waiting: trio.MemoryReceiveChannel[_Piece], limit: int | None) -> tuple[bytes, int]:
    """Return what waits as one piece, up to a size, and how many bytes of it are answers."""
    chunks: list[bytes] = []
    size = answers = 0
    while limit is None or size < limit:
        try:
            data, is_reply = waiting.receive_nowait()
        except trio.WouldBlock:
            break
        chunks.append(data)
        size += len(data)
        answers += len(data) if is_reply else 0
    return b"".join(chunks), answers
