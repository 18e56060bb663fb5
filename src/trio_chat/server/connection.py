"""A client's connection: a nursery with its reader and, while bytes are queued, its writer."""

import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import SessionEnded
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output
from trio_chat.chat.users import NOWHERE, Session
from trio_chat.chat.world import World
from trio_chat.cluster.lines import ClientLines
from trio_chat.config import LimitSettings
from trio_chat.irc import capabilities as cap
from trio_chat.irc.lines import BadLine, LineBuffer
from trio_chat.irc.message import MAX_BODY, MAX_CLIENT_TAGS, Message
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.cluster.refusal import is_decision, unavailable
from trio_chat.server.flood import BYTES_PER_LINE, WORK_PER_LINE, FloodBudget, waste
from trio_chat.server.outbox import Outbox
from trio_chat.server.peer import Peer, is_in
from trio_chat.server.transport import LINGER_TIMEOUT, Transport, close_gracefully, nothing

if TYPE_CHECKING:  # it needs what only a cluster needs
    from trio_chat.server.cluster.node import ClusterNode

log = logging.getLogger("trio_chat")

SHUTDOWN_REASON = "The server has shut down"
RESTART_REASON = "This server is being restarted, connect again"
"""To clients of a node that stops, while others serve the network."""
FAREWELL_TIMEOUT = 5.0
"""Seconds in which a client that is ended can still receive the reason."""
_LAST_DELIVERY_TIMEOUT = 2.0
"""Seconds of these in which earlier messages are still waited for: a locked database must not hold
the reason back.
"""
_LINES_PER_TURN = 64
"""Lines of one client in a row; then other tasks are scheduled."""


class Wait(Enum):
    """What the execution of a client's lines waits for."""

    NOTHING = "no line is left"
    TURN = "the turn of other tasks"
    BUDGET = "the flood budget"
    ROOM = "room in the outbox and the broadcaster"
    ANSWER = "the rest of the answer to the line before"
    LOG = "the log of the cluster, in which the line before is"
    END = "nothing: the connection ends"


class Hub(Protocol):
    """What a connection needs of the server.

    Attributes:
        connections: the served ones; each adds itself, and removes itself at its end.
        turns: a fair lock for one part of a long answer, so that many long answers together delay a
            client no longer than one part takes.
        node: this server as one of a cluster; None if it is alone.
    """

    world: World
    broadcaster: Broadcaster
    limits: LimitSettings
    connections: set["Connection"]
    turns: trio.Lock
    node: "ClusterNode | None"

    def page_url_for(self, peer: Peer) -> str:
        """Return the address of the page as a client reaches it, or ""."""

    def jitter(self) -> float:
        """Return a number from 0 to 1, to spread what would otherwise happen at once."""


class Connection:
    """One client's connection.

    Args:
        hub: the server it belongs to.
        transport: its bytes.
        peer: the other end.
        ahead: bytes that have been read already.
    """

    def __init__(self, hub: Hub, transport: Transport, peer: Peer, ahead: bytes = b"") -> None:
        now = trio.current_time()
        self._hub = hub
        self._transport = transport
        self._ahead = ahead
        # Around the reader only, so that an ended client can still receive the reason.
        self._scope = trio.CancelScope()
        self._reason = ""
        self._is_shutdown = self._is_moving = False
        self._received = now
        self._ping_interval = hub.limits.ping_interval
        if peer.is_websocket:  # proxies cut a silent connection
            self._ping_interval = min(self._ping_interval, hub.limits.websocket_ping_interval)
        # By the server, which then does not read whether the client is still there.
        self._is_kept_waiting = False
        self._asked: float | None = None  # what _received was when a sign of life was asked for
        # Part of the ping interval, so that not all are asked at once.
        self._patience = 0.9 + 0.1 * hub.jitter()
        self._register_by = now + hub.limits.registration_timeout
        self._answer_by = math.inf
        self._next_check = min(self._register_by, now + self._ping_interval * self._patience)
        self._outbox: Outbox | None = None
        self._buffer = LineBuffer(MAX_CLIENT_TAGS, MAX_BODY)
        # The state from which `_execute_lines` tells what the next line waits for.
        self._lines: deque[bytes | BadLine] = deque()  # received and not yet executed
        self._executed = 0  # lines since other tasks had their turn
        self._is_paid = False  # whether the flood budget was charged for the first of the lines
        self._delay = 0.0  # seconds to wait until the flood budget covers what was charged
        # The latest part of an answer that is not complete, and its ticket.
        self._unfinished: tuple[Output, int] | None = None
        self._is_in_log = False  # whether a line is in the log of the cluster, or the registration
        self._applied = trio.lowlevel.ParkingLot()
        self._flood: FloodBudget | None = None
        if not is_in(peer.host, hub.limits.flood_exempt):
            self._flood = FloodBudget(
                hub.limits.flood_burst,
                hub.limits.flood_rate,
                hub.limits.flood_limit,
                trio.current_time,
            )
        self.session = Session(NOWHERE, peer.host, hub.world.clock(), hub.world.host_of(peer.host))
        if self._flood is None:
            self.session.payer = ""
        self.session.is_secure, self.session.certificate = peer.is_secure, peer.certificate
        self.session.page_url = hub.page_url_for(peer)
        self._sorter = ClientLines(self.session, hub.world.lengths) if hub.node else None

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
            async with trio.open_nursery() as nursery:
                outbox = Outbox(self._transport, nursery, self._hub.limits.outbox_bytes, self.end)
                self._outbox = self.session.sink = outbox
                self._hub.connections.add(self)
                self._hub.world.connect(self.session)
                if self._hub.node is not None:
                    self._hub.node.clients.add(self)
                log.info("connected %s", self.session.address)
                self._transport.on_control(outbox.flush_control)
                try:
                    await self._read_guarded()
                    await self._say_farewell(outbox, nursery.cancel_scope)
                finally:
                    outbox.close()
        except* Exception:
            log.exception("internal error while serving %s", self._name())
            self._reason = self._reason or "Internal error"
        finally:
            self._leave()
            log.info("disconnected %s: %s", self._name(), self._reason or "cancelled")
            # No reference cycles remain: to find them, the garbage collector would have to visit
            # every object.
            self._outbox, self.session.sink = None, NOWHERE
            self._transport.on_control(nothing)
            self._hub.connections.discard(self)
            if self._hub.node is not None:
                self._hub.node.clients.discard(self)
            await self._transport.aclose()

    def end(self, reason: str) -> None:
        """End the connection; the first reason counts."""
        self._reason = self._reason or reason
        self._scope.cancel()

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

    async def _read_guarded(self) -> None:
        try:
            with self._scope:
                await self._read()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.end("Connection reset")
        except Exception:
            log.exception("internal error while serving %s", self._name())
            self.end("Internal error")

    async def _read(self) -> None:
        """Execute the client's lines, one after the other, until it leaves or is ended.

        Lines that wait for nothing are executed where the bytes are received (`_on_data`), without
        waking this task; it is woken to wait for the rest (`_resume`).
        """
        if self._ahead:
            self._on_data(self._ahead, 1)
            self._ahead = b""
        while True:
            await self._resume()
            if self._reason:
                return
            await self._transport.receive_each(self._on_data)

    def _on_data(self, data: bytes, pieces: int) -> bool:
        """Execute the received lines until one has to wait; return whether one has to, or the
        connection has ended.

        See `trio_chat.server.transport.OnData`.
        """
        if not pieces:
            self._stop_reading("Connection closed")
        if self._reason:  # another client may have ended this one at the moment of its data
            return True
        self._received = trio.current_time()
        lines = self._buffer.feed(data)
        self._lines.extend(lines)
        self._executed = 0
        if pieces > len(lines) or len(data) > BYTES_PER_LINE * (len(lines) + 1):
            self._pay(waste(len(data), pieces, len(lines)))
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
                    self._is_kept_waiting = True
                    await self._applied.park()
                    self._is_kept_waiting = False
                case Wait.TURN:
                    self._executed = 0
                    await trio.lowlevel.checkpoint()
            if self._lines:  # the client has not been silent: the server made it wait
                self._received = trio.current_time()

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
            self._execute(self._lines.popleft())

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
        return self._hub.broadcaster.has_room and (self._outbox is None or self._outbox.has_room)

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
        if self._reason:
            return
        if self._outbox is not None:
            await self._outbox.wait_room()
        self._is_kept_waiting = True
        await self._hub.broadcaster.wait_room()
        self._is_kept_waiting = False

    def _execute(self, line: bytes | BadLine) -> None:
        """Execute a line as one step: what it changes and what is sent of it. The rest of a long
        answer is for `_finish`.
        """
        hub = self._hub
        if hub.node is not None and self._is_for_all(hub.node, line):
            return
        output = handle_line(hub.world, self.session, line)
        if output.cost > 1 and self._flood is not None:
            self._flood.spend(output.cost - 1)
        self._accept(output)

    def _is_for_all(self, node: "ClusterNode", line: bytes | BadLine) -> bool:
        """Have a line carried out by all nodes of the cluster, unless it is for this one alone;
        return whether that was so.
        """
        assert self._sorter is not None  # noqa: S101  # it is there in a cluster
        lines = self._sorter.sort(line)
        if lines is None:
            if not node.is_refusing or not is_decision(line):
                return False
            lines = (line,)
        if lines and node.is_refusing:
            self._accept(unavailable(self._hub.world, self.session, lines[-1]))
        elif lines:
            node.clients.say(self, lines)
        return True

    def take_applied(self, output: Output, ticket: int) -> None:
        """Take what a line of the client led to, after the cluster has carried it out; see
        `ReplicatedConnection`.
        """
        if self._flood is not None and output.cost > 1:
            self._flood.spend(output.cost - 1)
        self._take(output._replace(more=None), ticket)  # the rest of a long one was done, too

    def note_in_log(self) -> None:
        """Wait with the next line until the cluster has carried out what is in the log."""
        self._is_in_log = True

    def note_applied(self) -> None:
        """Go on with the next line: everything that is in the log has been carried out."""
        self._is_in_log = False
        self._applied.unpark_all()

    def _accept(self, output: Output, *, in_order: bool = False) -> None:
        self._take(output, self._hub.broadcaster.accept(output, self.session, in_order=in_order))

    def _take(self, output: Output, ticket: int) -> None:
        """Take an output that was accepted: what it costs, and what is still to come."""
        if output.work and self._flood is not None:
            self._flood.spend(output.work / WORK_PER_LINE)
        if output.close:
            self._stop_reading(output.close)
        if output.later is not None or output.more is not None:
            self._unfinished = output, ticket

    async def _finish(self) -> None:
        """Give the client the rest of an answer that has to wait for something. No checkpoint when
        there is none.

        A part of a long one is done when the client has room for it, and the turn has come.
        """
        while self._unfinished is not None and not self._reason:
            (output, ticket), self._unfinished = self._unfinished, None
            if output.later is not None:
                self._accept(await self._rest(output.later, ticket), in_order=True)
            elif output.more is not None:
                await self._wait_own(ticket)
                await self._wait_room()
                async with self._hub.turns:
                    if not self._reason:
                        self._accept(output.more())

    async def _rest(self, later: Callable[[], Awaitable[Output]], ticket: int) -> Output:
        """Return what is sent of an answer that has to wait for the memory, or for threads."""
        self._is_kept_waiting = True
        await self._hub.broadcaster.wait_delivered(ticket)
        output = await later()
        self._is_kept_waiting = False
        return output

    async def _wait_own(self, ticket: int) -> None:
        """Wait until what the client has been given so far was delivered; there must not be more
        and more of it.
        """
        self._is_kept_waiting = True
        if self._hub.broadcaster.holds(self.session):
            await self._hub.broadcaster.wait_delivered(ticket)
        self._is_kept_waiting = False

    async def _say_farewell(self, outbox: Outbox, scope: trio.CancelScope) -> None:
        """Tell the others that the client is gone, and the client why; as far as it reads, within
        deadlines of the scope's.
        """
        ticket = self._leave()
        scope.deadline = trio.current_time() + FAREWELL_TIMEOUT
        with trio.move_on_after(_LAST_DELIVERY_TIMEOUT):
            await self._hub.broadcaster.wait_delivered(ticket)
        outbox.send_last(self._last_words())
        await outbox.wait_flushed()
        scope.deadline = min(scope.deadline, trio.current_time() + LINGER_TIMEOUT)
        await close_gracefully(self._transport, going_away=self._is_shutdown)

    def _leave(self) -> int:
        """Remove the client from the world and notify the others, once; on shutdown every client is
        notified by the server.
        """
        node = self._hub.node
        if node is not None and node.clients.leave(self.session, self._reason):
            # What ended it, such as a KILL, is sent to the client before the reason.
            return self._hub.broadcaster.accept(Output(()), self.session)
        change = SessionEnded(self.session.id, self._reason, is_announced=not self._is_shutdown)
        events = apply(self._hub.world, change)
        return self._hub.broadcaster.accept(
            Output(() if self._is_shutdown else tuple(events)), self.session
        )

    def _last_words(self) -> bytes:
        """Return the last lines for the client: on shutdown a notice that programs recognise, then
        ERROR (RFC 2812 §3.7.4).
        """
        session, name = self.session, self._hub.world.server_info.name
        messages = [Message("ERROR", (f"Closing link: {session.address} ({self._reason})",))]
        if self._is_shutdown:
            text = RESTART_REASON if self._is_moving else SHUTDOWN_REASON
            code = "RECONNECT" if self._is_moving else "SERVER_SHUTDOWN"
            notice = Message("NOTICE", (session.target, text), name)
            if session.caps & cap.STANDARD_REPLIES:
                notice = Message("NOTE", ("*", code, text), name)
            messages.insert(0, notice)
        return "".join(f"{message.line()}\r\n" for message in messages).encode()

    def check_timeouts(self, now: float) -> None:
        """End a client that does not register in time, or that is silent and does not answer PING;
        see `keepalive`.
        """
        if now < self._next_check:
            return
        limits = self._hub.limits
        if self._is_kept_waiting:
            self._received = now
        if self.session.user is None and now < self._register_by:
            # It may be asked for a sign of life before that, once it has.
            self._next_check = min(self._register_by, now + self._ping_interval * self._patience)
        elif self.session.user is None:
            self._next_check = math.inf
            self.end("Registration timed out")
        elif self._received == self._asked and now < self._answer_by:
            self._next_check = self._answer_by
        elif self._received == self._asked:
            self._next_check = math.inf
            self.end(f"Ping timeout: {round(now - self._received)} seconds")
        elif now < (silent_at := self._received + self._ping_interval * self._patience):
            self._next_check = silent_at
        else:
            self._asked = self._received
            self._answer_by = now + limits.ping_timeout
            # After its answer a client is silent again: the next look must not wait for the time
            # that an answer may take.
            self._next_check = now + min(limits.ping_timeout, self._ping_interval * self._patience)
            # Without a source (RFC 2812 §3.7.2): many a bot looks for PING at the start of a line,
            # and answers nothing else.
            self.session.sink.send(f"PING :{self._hub.world.server_info.name}\r\n".encode())
