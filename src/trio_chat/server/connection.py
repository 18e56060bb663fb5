"""A client's connection: its reader and, while bytes are queued, its writer, in a nursery that is
opened when the first task is needed.
"""

import logging
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import SessionEnded
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output, OutputItem
from trio_chat.chat.response import WORK_PER_LINE
from trio_chat.chat.users import NOWHERE
from trio_chat.cluster.lines import ClientLines
from trio_chat.irc.lines import BadLine, LineBuffer
from trio_chat.irc.message import MAX_BODY, MAX_CLIENT_TAGS
from trio_chat.server.cluster.refusal import is_decision, unavailable
from trio_chat.server.farewell import RESTART_REASON, SHUTDOWN_REASON, last_words, say_farewell
from trio_chat.server.flood import BYTES_PER_LINE, budget_for, waste
from trio_chat.server.hub import Hub, session_of
from trio_chat.server.outbox import Outbox
from trio_chat.server.peer import Peer
from trio_chat.server.silence import PING, Silence
from trio_chat.server.transport import Transport, nothing
from trio_chat.server.waiting import Wait, give_others, wait_own, wait_rest, wait_room

log = logging.getLogger("trio_chat")

_LINES_PER_TURN: Final = 64
"""Lines of one client in a row; then other tasks are scheduled."""


class Connection:
    """One client's connection.

    Args:
        hub: the server it belongs to.
        transport: its bytes.
        peer: the other end.
        ahead: bytes that have been read already.
    """

    __slots__ = (
        "_ahead",
        "_applied",
        "_broadcaster",
        "_buffer",
        "_checking",
        "_delay",
        "_executed",
        "_flood",
        "_has_left",
        "_hub",
        "_is_in_log",
        "_is_moving",
        "_is_paid",
        "_is_said",
        "_is_shutdown",
        "_lines",
        "_nursery",
        "_outbox",
        "_reason",
        "_scope",
        "_silence",
        "_sorter",
        "_stop",
        "_tasks",
        "_transport",
        "_unfinished",
        "_world",
        "session",
    )

    def __init__(self, hub: Hub, transport: Transport, peer: Peer, ahead: bytes = b"") -> None:
        now = trio.current_time()
        self._hub = hub
        # Each line needs these two. The hub is not compiled, so that they cost more there.
        self._world = hub.world
        self._broadcaster = hub.broadcaster
        self._transport = transport
        self._ahead = ahead.removeprefix(BOM_UTF8)  # programs of .NET begin with it
        # Around the reader only, so that an ended client can still receive the reason; and what
        # stops the reader while there is no nursery.
        self._scope: trio.CancelScope | None = None
        self._stop: Callable[[], None] | None = None
        self._nursery: trio.Nursery | None = None
        self._tasks: tuple[Callable[[], Awaitable[None]], ...] = ()  # that wait for the nursery
        self._is_said = False  # whether the client has its last lines
        self._checking: trio.CancelScope | None = None
        self._reason = ""
        self._is_shutdown = self._is_moving = False
        self._has_left = False  # whether the client itself has ended the connection
        ping_interval = hub.limits.ping_interval
        if peer.is_websocket:  # proxies cut a silent connection
            ping_interval = min(ping_interval, hub.limits.websocket_ping_interval)
        self._silence = Silence(
            now + hub.limits.registration_timeout, now, ping_interval, hub.jitter()
        )
        self._outbox: Outbox | None = None
        self._buffer = LineBuffer(MAX_CLIENT_TAGS, MAX_BODY)
        # The state from which `_execute_lines` tells what the next line waits for.
        # Received and not yet executed, the next one at the end: an empty deque has a block of 600
        # bytes.
        self._lines: list[bytes | BadLine] = []
        self._executed = 0  # lines since other tasks had their turn
        self._is_paid = False  # whether the flood budget was charged for the first of the lines
        self._delay = 0.0  # seconds to wait until the flood budget covers what was charged
        # The latest part of an answer that is not complete, and its ticket.
        self._unfinished: tuple[Output, int] | None = None
        self._is_in_log = False  # whether a line is in the log of the cluster, or the registration
        self._applied: trio.lowlevel.ParkingLot | None = None  # only a cluster needs it
        self._flood = budget_for(peer.host, hub.limits)
        self.session = session_of(peer, hub)
        if self._flood is None:
            self.session.payer = ""
        self._sorter = ClientLines(self.session, hub.world.elapsed) if hub.node else None

    @property
    def queued(self) -> int:
        """Bytes that wait to be written to the client."""
        return self._outbox.queued if self._outbox is not None else 0

    async def run(self) -> None:
        """Serve the client until it leaves or is ended; then notify the others, and send it the
        reason.

        An exception in it is logged once and ends this client only. When cancelled, the client is
        gone without a farewell.
        """
        try:
            outbox = Outbox(
                self._transport, self._start_writer, self._hub.limits.outbox_bytes, self.end
            )
            self._outbox = self.session.sink = outbox
            self._hub.connections.add(self)
            self._world.connect(self.session)
            if self._hub.node is not None:
                self._hub.node.clients.add(self)
            log.info("connected %s", self.session.address)
            self._transport.on_control(outbox.flush_control)
            self._begin_check()
            if not await self._serve_alone(outbox):
                await self._serve_with_tasks(outbox)
        except BaseExceptionGroup as group:  # as `except*`, which cannot be compiled
            errors, rest = group.split(Exception)
            if errors is not None:
                log.error("internal error while serving %s", self._name(), exc_info=errors)
                self._reason = self._reason or "Internal error"
            if rest is not None:
                raise rest from None
        except Exception:
            log.exception("internal error while serving %s", self._name())
            self._reason = self._reason or "Internal error"
        finally:
            self._leave()
            log.info("disconnected %s: %s", self._name(), self._reason or "cancelled")
            # No reference cycles remain: to find them, the garbage collector would have to visit
            # every object.
            self._outbox, self.session.sink = None, NOWHERE
            self._nursery = self._scope = self._stop = None
            self._tasks = ()
            self._transport.on_control(nothing)
            self._hub.connections.discard(self)
            if self._hub.node is not None:
                self._hub.node.clients.discard(self)
            await self._transport.aclose()
        await self._give_others()

    async def _serve_alone(self, outbox: Outbox) -> bool:
        """Serve the client while that needs neither a task nor a wait; return whether it has left,
        and has its last lines.

        Many clients need neither: a nursery would be a tenth of the cost of a short connection.
        """
        self._stop = self._transport.stop_receiving
        if self._stop is None:
            return False
        await self._read(self._read_alone)
        self._stop = None
        if self._tasks or not self._has_left or self._broadcaster.holds(self.session):
            return False
        self._leave()
        outbox.send_last(self._last_words())
        self._is_said = True
        return not outbox.queued and self._transport.linger()

    async def _serve_with_tasks(self, outbox: Outbox) -> None:
        """Serve the client, and say farewell."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            tasks, self._tasks = self._tasks, ()
            for task in tasks:
                nursery.start_soon(task)
            try:
                await self._read(self._read_with_waits)
                if self._checking is not None:
                    self._checking.cancel()
                await self._say_farewell(outbox, nursery.cancel_scope)
            finally:
                outbox.close()

    def _start_writer(self, write: Callable[[bytes], Awaitable[None]], rest: bytes) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(write, rest)
        else:
            self._tasks = (*self._tasks, partial(write, rest))
            if self._stop is not None:
                self._stop()

    async def _give_others(self) -> None:
        """Go on with what others receive of the answer in which the client has left."""
        if self._unfinished is None or self._is_shutdown:
            return
        try:
            await give_others(self._hub, self.session, self._unfinished[0])
        except Exception:
            log.exception("internal error in what %s has left to others", self._name())

    def end(self, reason: str) -> None:
        """End the connection; the first reason counts."""
        self._reason = self._reason or reason or "Connection closed"
        if self._scope is not None:
            self._scope.cancel()
        elif self._stop is not None:
            self._stop()

    def shut_down(self, *, is_moving: bool = False) -> None:
        """End the connection because the server stops.

        Args:
            is_moving: whether other nodes serve the network, so that the client is to connect again
                at once.
        """
        self._is_shutdown, self._is_moving = True, is_moving
        self.end(RESTART_REASON if is_moving else SHUTDOWN_REASON)

    def _name(self) -> str:
        user = self.session.user
        return f"{user.source} ({self.session.address})" if user else self.session.address

    def _begin_check(self) -> None:
        """Look the address up in block lists while the client registers; see `Session.check`."""
        if self._flood is not None and self._hub.block_lists.concern(self.session):
            done, self._checking = trio.Event(), trio.CancelScope()
            self.session.check = done.wait
            self._tasks = (partial(self._check, done, self._checking),)

    async def _check(self, done: trio.Event, scope: trio.CancelScope) -> None:
        with scope:
            if why := await self._hub.block_lists.check(self.session):
                self.end(why)
                return
            self.session.check = None
            done.set()

    async def _read(self, lines: Callable[[], Awaitable[None]]) -> None:
        """Execute the client's lines, one after the other; what fails ends the connection.

        Args:
            lines: does that, as far as it can: `_read_alone` or `_read_with_waits`. Lines that wait
                for nothing are executed where the bytes are received (`_on_data`), without waking
                this task.
        """
        try:
            await lines()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.end("Connection reset")
        except Exception:
            log.exception("internal error while serving %s", self._name())
            self.end("Internal error")

    async def _read_alone(self) -> None:
        """Read until a line has to wait, a task is needed, or the client leaves or is ended."""
        self._take_ahead()
        while not self._tasks and self._execute_lines() is Wait.NOTHING:
            await self._transport.receive_each(self._on_data)

    async def _read_with_waits(self) -> None:
        """Read until the client leaves or is ended."""
        with trio.CancelScope() as scope:
            self._scope = scope
            self._take_ahead()
            await self._resume()
            while not self._reason:
                await self._transport.receive_each(self._on_data)
                await self._resume()

    def _take_ahead(self) -> None:
        if self._ahead:
            self._on_data(self._ahead, 1)
            self._ahead = b""

    def _on_data(self, data: bytes, pieces: int) -> bool:
        """Execute the received lines until one has to wait; return whether one has to, or the
        connection has ended.

        See `trio_chat.server.transport.OnData`.
        """
        if not pieces:
            self._has_left = True
            self._stop_reading("Connection closed")
        if self._reason:  # another client may have ended this one at the moment of its data
            return True
        self._silence.is_heard = True
        lines = self._buffer.feed(data)
        self._executed = 0
        if pieces > len(lines) or len(data) > BYTES_PER_LINE * (len(lines) + 1):
            self._pay(waste(len(data), pieces, len(lines)))
        lines.reverse()
        self._lines = lines  # all before were executed: nothing is received while some wait
        return self._execute_lines() is not Wait.NOTHING

    async def _resume(self) -> None:
        """Execute the lines that `_on_data` has left, waiting where one has to. No checkpoint when
        it has left none.
        """
        self._executed = 0  # other tasks had their turn before this one was woken
        while (wait := self._execute_lines()) is not Wait.NOTHING:
            match wait:
                case Wait.END:
                    return
                case Wait.ANSWER:
                    await self._finish()
                case Wait.BUDGET:
                    delay, self._delay = self._delay, 0.0
                    await trio.sleep(delay)
                case Wait.ROOM:
                    await self._wait_room()
                case Wait.LOG:
                    self._silence.is_kept_waiting = True
                    if self._applied is None:
                        self._applied = trio.lowlevel.ParkingLot()
                    await self._applied.park()
                    self._silence.is_kept_waiting = False
                case Wait.TURN:
                    self._executed = 0
                    await trio.lowlevel.checkpoint()
            if self._lines:  # the client has not been silent: the server made it wait
                self._silence.is_heard = True

    def _execute_lines(self) -> Wait:
        """Execute received lines in their order until one has to wait; return what for."""
        while True:
            if self._reason:
                return Wait.END
            if self._is_in_log:
                return Wait.LOG
            if self._unfinished is not None:
                return Wait.ANSWER
            if self._delay:
                return Wait.BUDGET
            if not self._lines:
                return Wait.NOTHING
            if self._executed == _LINES_PER_TURN:
                return Wait.TURN
            if not self._is_paid:
                self._is_paid = True
                if not self._pay():
                    continue
            if not self._has_room:
                return Wait.ROOM
            self._is_paid = False
            self._executed += 1
            self._execute(self._lines.pop())

    def _stop_reading(self, reason: str) -> None:
        """End the connection where it is read; the caller must check the reason before it waits.

        Unlike `end` this cancels nothing: raising `Cancelled` for every client that leaves would
        cost more.
        """
        self._reason = self._reason or reason

    @property
    def _has_room(self) -> bool:
        """Whether a line may be executed at once: neither the client nor the others have too
        much to receive.
        """
        return self._broadcaster.has_room and (self._outbox is None or self._outbox.has_room)

    def _pay(self, lines: float = 1.0) -> bool:
        """Pay for a line, if the client has to; return whether it may be executed at once: else
        `_delay` says when.

        A client that has exceeded its limit for too long is ended.
        """
        if self._flood is None:
            return True
        self._delay = self._flood.take(lines)
        if self._flood.is_exhausted:
            self._stop_reading("Excess flood")
        return not self._delay

    async def _wait_room(self) -> None:
        """Wait until there is room, unless the client is ended: it need not read what it has, to
        learn that.
        """
        if not self._reason:
            await wait_room(self._hub, self._outbox, self._silence)

    def _execute(self, line: bytes | BadLine) -> None:
        """Execute a line as one step: what it changes and what is sent of it. The rest of a long
        answer is for `_finish`.
        """
        if self._sorter is not None and self._is_for_all(self._sorter, line):
            return
        output = handle_line(self._world, self.session, line, self._hub.is_busy)
        if output.cost > 1 and self._flood is not None:
            self._flood.spend(output.cost - 1)
        self._accept(output)

    def _is_for_all(self, sorter: ClientLines, line: bytes | BadLine) -> bool:
        """Have a line carried out by all nodes of the cluster, unless it is for this one alone;
        return whether that was so.
        """
        node = self._hub.node
        assert node is not None  # noqa: S101  # there is a sorter in a cluster only
        lines = sorter.sort(line)
        if lines is None:
            if not node.is_refusing or not is_decision(line):
                return False
            lines = (line,)
        if lines and node.is_refusing:
            self._accept(unavailable(self._world, self.session, lines[-1]))
        elif lines:
            node.clients.say(self, lines)
        return True

    def take_applied(self, output: Output, ticket: int) -> None:
        """Take what a line of the client led to, after the cluster has carried it out; see
        `ReplicatedConnection`.
        """
        if self._flood is not None and output.cost > 1:
            self._flood.spend(output.cost - 1)
        if output.more is not None:  # the rest of a long one was done, too
            output = replace(output, more=None)
        self._take(output, ticket)

    def note_in_log(self) -> None:
        """Wait with the next line until the cluster has carried out what is in the log."""
        self._is_in_log = True

    def note_applied(self) -> None:
        """Go on with the next line: everything that is in the log has been carried out."""
        self._is_in_log = False
        if self._applied is not None:
            self._applied.unpark_all()

    def _accept(self, output: Output, *, in_order: bool = False) -> None:
        if output.close and self._outbox is not None:
            self._outbox.hold()
        self._take(output, self._broadcaster.accept(output, self.session, in_order=in_order))

    def _take(self, output: Output, ticket: int) -> None:
        """Take an output that was accepted: what it costs, and what is still to come."""
        if output.work and self._flood is not None:
            self._flood.spend(output.work / WORK_PER_LINE)
        if output.close:
            self._has_left = True
            self._stop_reading(output.close)
        if output.later is not None or output.more is not None:
            self._unfinished = output, ticket

    async def _finish(self) -> None:
        """Give the client the rest of an answer that has to wait for something. No checkpoint when
        there is none.

        A part of a long one is done when the client has room for it, and the turn has come.
        """
        while self._unfinished is not None and not self._reason:
            output, ticket = self._unfinished
            if output.later is not None:
                self._unfinished = None
                rest = await wait_rest(self._hub, output.later, ticket, self._silence)
                self._accept(rest, in_order=True)
            elif output.more is not None:
                await wait_own(self._hub, self.session, ticket, self._silence)
                if not output.is_for_others:  # they need not wait until this client reads
                    await self._wait_room()
                async with self._hub.turns:
                    await self._broadcaster.wait_room()
                    if not self._reason:
                        self._unfinished = None
                        self._accept(output.more())

    async def _say_farewell(self, outbox: Outbox, scope: trio.CancelScope) -> None:
        """Tell the others that the client is gone, and the client why; as far as it reads, within
        deadlines of the scope's.
        """
        # What others say at this moment is not for a client that has left: only the answers to what
        # it did.
        is_waiting = not self._has_left or self._broadcaster.holds(self.session)
        ticket = self._leave()
        await say_farewell(
            self._broadcaster,
            ticket if is_waiting else 0,
            outbox,
            self._transport,
            self._last_words,
            scope,
            going_away=self._is_shutdown,
        )

    def _last_words(self) -> bytes:
        """Return the last lines for the client, unless it has them."""
        if self._is_said:
            return b""
        return last_words(
            self.session,
            self._world.server_info.name,
            self._reason,
            is_shutdown=self._is_shutdown,
            is_moving=self._is_moving,
        )

    def _leave(self) -> int:
        """Remove the client from the world and notify the others, once; on shutdown every client is
        notified by the server.
        """
        node = self._hub.node
        if node is not None and node.clients.leave(self.session, self._reason):
            # What ended it, such as a KILL, is sent to the client before the reason.
            return self._broadcaster.accept(Output(()), self.session)
        parts: tuple[OutputItem, ...] = ()
        if self.session.id in self._world.sessions:
            is_announced = not self._is_shutdown
            change = SessionEnded(self.session.id, self._reason, is_announced=is_announced)
            events = apply(self._world, change)
            if is_announced:
                parts = tuple(events)
        return self._broadcaster.accept(Output(parts), self.session)

    def check_timeouts(self, now: float) -> None:
        """End a client that does not register in time, or that is silent and does not answer PING;
        see `keepalive`.
        """
        silence = self._silence
        if now < silence.next_check and not silence.is_heard:
            return
        due = silence.check(
            now, self._hub.limits.ping_timeout, is_registered=self.session.user is not None
        )
        if due == PING:
            # Without a source (RFC 2812 §3.7.2): many a bot looks for PING at the start of a line,
            # and answers nothing else.
            self.session.sink.send(f"PING :{self._world.server_info.name}\r\n".encode())
        elif due:
            self.end(due)
