"""A session: one connection to a server. Its nursery has a receive task, a send task and timers.

It knows no terminal. Events go over a bounded memory channel to the interface; an interface that
does not keep up makes the session read more slowly, and never makes it grow. The send task is the
only one that writes to the stream.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address

import trio

from trio_chat.client.session import ping_tokens
from trio_chat.client.session.connecting import reason_of_loss
from trio_chat.client.session.decoding import decode
from trio_chat.client.session.events import EndReason, Event, Lag, MessageKind, SessionOutcome
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.irc.lines import BadLine, LineBuffer
from trio_chat.irc.message import NO_TAGS, ParseError, parse

WINDOW = 8
"""Unconfirmed messages at the same time: enough to be fast, too few to count as a flood."""
_OUTGOING_LINES = 64
_MAX_TAGS = 8191  # IRCv3 message-tags, Size limit: what a server may send
_MAX_BODY = 4096  # servers send at most 510; a higher limit costs nothing
_CHUNK = 65536
_LAST_WORDS = 2
"""Seconds to go on reading after writing has failed: the server's ERROR may still be there."""
_LAG_INTERVAL = 30
"""Seconds between two measurements of the delay of the server."""
_RETURNING = (EndReason.LOST, EndReason.RESTARTED, EndReason.UPGRADE)
"""The ends after which another connection finds out what became of the messages."""
_MARK_INTERVAL = 5
"""Seconds between two updates of the read markers."""


class NotConnectedError(Exception):
    """The connection has ended; what was to be sent was not sent."""


def is_secure(stream: trio.abc.Stream) -> bool:
    """Return whether a connection is encrypted."""
    return isinstance(stream, trio.SSLStream)


def is_local(stream: trio.abc.Stream) -> bool:
    """Return whether the peer of a connection is this machine."""
    if not isinstance(stream, trio.SocketStream):
        return False
    try:
        return ip_address(stream.socket.getpeername()[0]).is_loopback
    except OSError:  # the connection is closed already
        return False


class ClientSession:
    """One connection to a server.

    Args:
        stream: the connection; the session closes it.
        protocol: the state of the protocol on it.
        events: where events are sent; it stays open.
        keep_alive: seconds of silence after which the server is asked whether it is there.
        patience: seconds for its answer, and for the registration.
        nick_interval: seconds between attempts to take the wanted nickname back.
        encoding: the encoding of a line that is not UTF-8.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        protocol: ClientProtocol,
        events: trio.MemorySendChannel[Event],
        *,
        keep_alive: float = 60,
        patience: float = 30,
        nick_interval: float = 15,
        encoding: str = "cp1252",
    ) -> None:
        self.protocol = protocol
        self._stream = stream
        self._events = events
        self._keep_alive = keep_alive
        self._patience = patience
        self._nick_interval = nick_interval
        self._encoding = encoding
        self._outgoing, self._outgoing_receive = trio.open_memory_channel[str](_OUTGOING_LINES)
        self._changed = trio.Event()
        self._closed = False
        self._leaving = False
        self._reporting = 0
        self._last_heard = -math.inf
        self._heard = 0
        self._lost = ""
        self._asked_lag: float | None = None
        self._scope = trio.CancelScope()

    @property
    def is_secure(self) -> bool:
        """Whether nobody between client and server can read along."""
        return is_secure(self._stream)

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that there is nobody between."""
        return is_local(self._stream)

    async def run(self) -> SessionOutcome:
        """Run the connection until one side ends it; report what was not confirmed, and return how
        the connection ended.

        Cancellation closes the connection at once; nothing further is reported.
        """
        self._last_heard = trio.current_time()
        self.protocol.start()
        try:
            async with trio.open_nursery() as nursery:
                self._scope = nursery.cancel_scope
                nursery.start_soon(self._send_lines)
                nursery.start_soon(self._stay_alive)
                nursery.start_soon(self._take_back_nick)
                nursery.start_soon(self._mark_read)
                if self.protocol.sees_status:
                    nursery.start_soon(self._measure_lag)
                await self._flush()
                await self._receive()
                nursery.cancel_scope.cancel()
        finally:
            self._closed = True
            self._outgoing_receive.close()
            self._notify_change()
            await trio.aclose_forcefully(self._stream)
        outcome = self._outcome()
        self.protocol.end(returns=outcome.end in _RETURNING)
        for event in self.protocol.take_events():
            await self._events.send(event)
        return outcome

    # Requests of the interface

    async def say(
        self,
        target: str,
        text: str,
        kind: MessageKind = MessageKind.MESSAGE,
        tags: Mapping[str, str] = NO_TAGS,
        request: int = 0,
    ) -> None:
        """Send one message that fits (see `OutgoingMessages.room`), when few enough are
        unconfirmed; the events about it have the number `request`.

        Cancelled while it waits for that, it has sent nothing.

        Raises:
            NotConnectedError: the connection ended first; the message was not sent and is not
                pending.
            ValueError: when the target cannot be written on a line.
        """
        await self._wait_until(lambda: len(self.protocol.messages.pending) < WINDOW)
        self.protocol.messages.say(target, text, kind, tags, request)
        await self._flush()

    async def say_together(
        self,
        target: str,
        lines: Sequence[str],
        tags: Mapping[str, str],
        request: int = 0,
        kind: MessageKind = MessageKind.MESSAGE,
    ) -> None:
        """Send one message of several lines (see `OutgoingMessages.fits_together`), as `say` does.

        Raises:
            NotConnectedError: the connection ended first; nothing was sent.
            ValueError: when the target cannot be written on a line.
        """
        await self._wait_until(lambda: len(self.protocol.messages.pending) < WINDOW)
        self.protocol.messages.say_together(target, lines, tags, request, kind)
        await self._flush()

    async def do(self, action: Callable[[ClientProtocol], None]) -> None:
        """Call a function with the protocol, and send the lines that it adds.

        Raises:
            NotConnectedError: the connection has ended.
            ValueError: when something cannot be written on a line.
        """
        await self._wait_until(lambda: True)
        action(self.protocol)
        await self._flush()

    async def wait_ready(self) -> None:
        """Wait until messages can be sent.

        Raises:
            NotConnectedError: the connection has ended.
        """
        await self._wait_until(lambda: self.protocol.ready)

    async def settle(self) -> None:
        """Wait until the server has answered everything sent so far.

        Raises:
            NotConnectedError: the connection ended first.
        """
        await self.do(lambda protocol: protocol.send("PING", ping_tokens.SETTLED))
        protocol = self.protocol
        await self._wait_until(
            lambda: (
                protocol.settled
                and not protocol.messages.pending
                and not protocol.sync_state.unconfirmed
            )
        )

    async def leave(self, reason: str, *, patience: float = 5) -> None:
        """Send QUIT, give the server some seconds to answer what came before and to close, and end
        the session.
        """
        if self._closed:
            return
        self._leaving = True
        with trio.move_on_after(patience):
            try:
                await self.do(lambda protocol: protocol.mark_read())
                await self.do(lambda protocol: protocol.send("QUIT", *filter(None, (reason,))))
                await self._wait_until(lambda: False)
            except NotConnectedError:
                return
        self._scope.cancel()

    # Tasks

    async def _receive(self) -> None:
        buffer = LineBuffer(_MAX_TAGS, _MAX_BODY)
        while self.protocol.error is None and not self.protocol.upgrade_port:
            try:
                data = await self._stream.receive_some(_CHUNK)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                self._lost = self._lost or reason_of_loss(error)
                return
            self._last_heard = trio.current_time()
            self._heard += 1
            if not data:
                return
            for line in buffer.feed(bytes(data)):
                await self._receive_line(line)
            self._last_heard = trio.current_time()

    async def _receive_line(self, line: bytes | BadLine) -> None:
        if isinstance(line, BadLine):
            return
        try:
            message = parse(decode(line, self._encoding))
        except ParseError:
            return
        self.protocol.receive(message)
        if self.protocol.lag_answered and self._asked_lag is not None:
            self.protocol.lag_answered = False
            self.protocol.report(Lag(trio.current_time() - self._asked_lag))
            self._asked_lag = None
        await self._flush()

    async def _flush(self) -> None:
        """Pass on the lines and events that the protocol has added; lines first, so that a slow
        interface delays no PONG.
        """
        lines, events = self.protocol.take_lines(), self.protocol.take_events()
        self._notify_change()
        try:
            for line in lines:
                await self._outgoing.send(line)
        except trio.BrokenResourceError:
            pass  # the session has ended; its end reports what is pending
        self._reporting += 1
        try:
            for event in events:
                await self._events.send(event)
        finally:
            self._reporting -= 1

    async def _send_lines(self) -> None:
        async for line in self._outgoing_receive:
            try:
                await self._stream.send_all(line.encode("utf-8", "replace") + b"\r\n")
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                # The server's last lines may still be there to be read: the receive task ends the
                # session.
                self._lost = reason_of_loss(error)
                await trio.sleep(_LAST_WORDS)
                self._scope.cancel()

    async def _stay_alive(self) -> None:
        while True:
            await self._wait_for_silence()
            heard = self._heard
            if self.protocol.registered:
                with trio.move_on_after(self._patience):
                    await self._outgoing.send(f"PING :{ping_tokens.ALIVE}")
                    await trio.sleep_forever()
            if not self._reporting and self._heard == heard:
                self._lost = "timeout"
                self._scope.cancel()
                return

    async def _wait_for_silence(self) -> None:
        while True:
            seconds = self._keep_alive if self.protocol.registered else self._patience
            due = self._last_heard + seconds
            if trio.current_time() >= due:
                if not self._reporting:  # a slow interface makes the session wait: it reads nothing
                    await trio.lowlevel.checkpoint()
                    return
                due = trio.current_time() + seconds
            # The registration may be complete before that.
            shortest = min(self._keep_alive, self._patience)
            await trio.sleep_until(min(due, trio.current_time() + shortest))

    async def _take_back_nick(self) -> None:
        while True:
            await trio.sleep(self._nick_interval)
            protocol = self.protocol
            if protocol.ready and not protocol.is_me(protocol.nickname.wanted):
                protocol.nickname.take_back()
                await self._flush()

    async def _mark_read(self) -> None:
        while True:
            await trio.sleep(_MARK_INTERVAL)
            self.protocol.mark_read()
            await self._flush()

    async def _measure_lag(self) -> None:
        await self._wait_until(lambda: self.protocol.ready)
        while True:
            if self._asked_lag is None:
                self._asked_lag = trio.current_time()
                self.protocol.send("PING", ping_tokens.LAG)
                await self._flush()
            await trio.sleep(_LAG_INTERVAL)

    # Waiting for a state of the protocol

    def _notify_change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _wait_until(self, state: Callable[[], bool]) -> None:
        while not self._closed and not state():
            await self._changed.wait()
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise NotConnectedError

    def _outcome(self) -> SessionOutcome:
        protocol = self.protocol
        reason = protocol.error if protocol.error is not None else self._lost
        if self._leaving:
            return SessionOutcome(EndReason.LEFT)
        if protocol.upgrade_port:
            return SessionOutcome(EndReason.UPGRADE)
        if protocol.shut_down:
            return SessionOutcome(EndReason.SHUT_DOWN)
        if protocol.restarts:
            return SessionOutcome(EndReason.RESTARTED)
        if protocol.fatal:
            code, reason = protocol.fatal
            return SessionOutcome(EndReason.REFUSED, reason, code)
        if not protocol.registered and protocol.error is not None:
            return SessionOutcome(EndReason.REFUSED, reason)
        return SessionOutcome(EndReason.LOST, reason)
