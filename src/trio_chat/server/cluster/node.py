"""A node of a cluster: it appends to the log what its clients do, and carries out what the log has.

Two tasks have the engine each to themselves: one appends, one reads. What was read is carried out
in memory, committed with its position, and then delivered; only after that the next batch is read.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence

import trio

from trio_chat.chat.changes import Change
from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.events import Output
from trio_chat.cluster.codec import decode, encode
from trio_chat.cluster.decisions import decide
from trio_chat.cluster.entries import (
    Check,
    Checked,
    Entry,
    Item,
    Stopped,
)
from trio_chat.cluster.machine import Applied, Machine
from trio_chat.cluster.own_decisions import OwnDecisions
from trio_chat.cluster.survey import Survey
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.cluster.explanations import explained
from trio_chat.server.cluster.log import START, Log, LogBroken, LogUnavailable, Stored
from trio_chat.server.cluster.node_clients import NodeClients
from trio_chat.server.cluster.other_nodes import OtherNodes
from trio_chat.server.cluster.own_items import OwnItems
from trio_chat.server.cluster.own_parts import OwnParts
from trio_chat.server.cluster.readiness import Readiness
from trio_chat.server.cluster.recent_entries import RecentEntries
from trio_chat.server.cluster.reports import NodeReports
from trio_chat.server.cluster.snapshots import SnapshotKeeper
from trio_chat.server.cluster.statistics import NodeCounters, NodeStatistics

log = logging.getLogger("trio_chat")

HEARTBEAT = 1.0
"""Seconds after which a node appends an entry without items, to say that it is alive."""
_RETRY = 0.05
"""Seconds until the engine is asked again after a failure."""
_ITEMS_AT_ONCE = 256
"""Items that are carried out before other tasks have their turn; an entry more at most."""


class ClusterNode:
    """A node.

    Args:
        name: its name, which no other node has.
        own_rules: see `Begun`.
        machine: carries out the log.
        log: the log.
        broadcaster: delivers to the clients of this node; nobody else waits for room in it.
        snapshots: keeps the state of the machine.

    Attributes:
        clients: what the clients of this node do.
        position: up to which entry of the log everything was carried out.
        digest: of the last snapshot, which is equal on all nodes.
        survey: how all nodes stand.
        readiness: whether it can serve clients.
        on_entry: called with each entry that was carried out in the life of this node.
        key: returns the key of its certificate; see `Reported`.
        reports: how it stands, for operators and for the other nodes.
    """

    def __init__(
        self,
        name: str,
        own_rules: str,
        machine: Machine,
        log: Log,
        broadcaster: Broadcaster,
        snapshots: SnapshotKeeper,
    ) -> None:
        self.name = name
        self.machine = machine
        self.position = snapshots.taken
        self._world = machine.world
        self._log = log
        self._broadcaster = broadcaster
        self._snapshots = snapshots
        self._is_replaying = snapshots.taken != snapshots.stored
        self._own_parts = OwnParts()
        self._items = OwnItems(name, own_rules)
        self._decisions = OwnDecisions()
        self._others = OtherNodes(name, machine, self._items.submit)
        self.clients = NodeClients(machine, self._items, lambda: self.is_refusing)
        self.survey = Survey()
        self._counters = NodeCounters()
        self._recent = RecentEntries()
        self.reports = NodeReports(machine, self._counters, self._items.submit)
        self.readiness = Readiness()
        self.on_entry: Callable[[Entry], None] = _ignore
        self.key: Callable[[], str] = str
        self._is_leaving = False
        self._begun = trio.Event()
        self.digest: Checked | None = None
        snapshots.note_digest = self._note_digest
        self._begin_life(time.time_ns())
        self._world.registrar = self.clients.register
        self._world.decider = self._decide
        self._world.settle = self._items.settle
        self._ticket = 0  # of the broadcaster, for what was carried out last
        if self._world.accounts is not None:
            self._world.accounts.wait_stored = self._wait_stored

    async def _wait_stored(self) -> None:
        """Wait until everything is stored that was carried out so far."""
        await self._broadcaster.wait_delivered(self._ticket)

    def _begin_life(self, epoch: int) -> Callable[[], None]:
        self._others.begin_life()
        self._decisions.clear()
        return self._items.begin_life(epoch, self._begun.set)

    def _decide(self, change: Change) -> DecidedEvents:
        self._items.submit(decide(self._world, change))
        return self._decisions.add()

    @property
    def is_refusing(self) -> bool:
        """Whether commands that all nodes carry out are refused at the moment."""
        return self.readiness.is_cut_off_for_long or self._items.appender.is_full

    @property
    def is_serving(self) -> bool:
        """Whether its life has begun, so that it may have clients."""
        return self.readiness.is_serving

    @property
    def is_cut_off(self) -> bool:
        """Whether the engine cannot be reached."""
        return self.readiness.is_cut_off

    @property
    def has_others(self) -> bool:
        """Whether other nodes are alive."""
        return any(life.node != self.name for life in self._others.living())

    @property
    def is_first(self) -> bool:
        """Whether it has the lowest name of the living nodes: what one node does for all is for it
        to do.
        """
        return self.name == min((life.node for life in self._others.living()), default="")

    @property
    def unfinished(self) -> int:
        """Items of this node that were not carried out yet."""
        return self._items.unfinished

    def statistics(self) -> NodeStatistics:
        """Return a snapshot of the node's numbers."""
        counters, snapshots, life = self._counters, self._snapshots, self.machine.life
        return NodeStatistics(
            epoch=self._items.appender.own[1],
            life=life.number if life is not None else 0,
            alive=len(self._others.living()),
            is_reachable=not self.is_cut_off,
            is_refusing=self.is_refusing,
            lag=counters.lag,
            idle=counters.idle,
            unfinished=self.unfinished,
            entries=counters.entries,
            items=counters.items,
            own_entries=counters.own_entries,
            appends=counters.appends,
            reads=counters.reads,
            failures=counters.failures,
            check=self.digest.check if self.digest is not None else 0,
            digest=self.digest.digest if self.digest is not None else "",
            snapshot_age=snapshots.age,
            snapshot_seconds=snapshots.seconds,
            snapshot_bytes=snapshots.size,
        )

    async def run(self) -> None:
        """Follow the log, for ever, or until `stop`.

        Raises:
            LogBroken: the log cannot be followed any longer.
        """
        await self._snapshots.keep_first(self.machine)
        # Before anything is appended: the log may have been emptied, or be another one.
        for position in {self._snapshots.taken, self._snapshots.stored} - {START}:
            await self._read(position)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._append)
            nursery.start_soon(self._snapshots.run)
            await self._follow()
            self._items.give_up()
            nursery.cancel_scope.cancel()

    async def wait_begun(self) -> None:
        """Wait until this node has carried out everything before its life, and may have clients."""
        await self._begun.wait()
        log.info("this is the node %s; %d nodes are alive", self.name, len(self._others.living()))

    def submit(self, item: Item) -> None:
        """Have an item appended to the log."""
        self._items.submit(item)

    async def stop(self) -> None:
        """End the life of this node, and know that all nodes will carry that out. If cancelled, the
        other nodes notice by its silence.
        """
        self._is_leaving = True
        stopped = trio.Event()
        self._items.submit(Stopped(), stopped.set)
        await stopped.wait()

    async def aclose(self) -> None:
        """Keep a last snapshot, if nothing is half done, and close the connections."""
        life = self.machine.life
        if self._is_leaving and life is not None and life.is_over:
            await self._snapshots.keep(self.position, self.machine.to_state())
        await self._log.aclose()

    async def _append(self) -> None:
        while True:
            with trio.move_on_after(HEARTBEAT):
                await self._items.wake.wait()
            if not self._items.appender.is_full:
                self.reports.submit_if_due(self.position, self.unfinished, self.digest, self.key())
            self._items.wake = trio.Event()
            await self._append_once()
            while self._items.appender.has_more:
                await self._append_once()

    async def _append_once(self) -> None:
        appender = self._items.appender
        entries = appender.take()
        self._counters.appends += 1
        self._counters.own_entries += len(entries)
        try:
            await self._log.append([encode(entry) for entry in entries])
        except LogUnavailable as error:
            self._note_unavailable(error)
            appender.note_failure()
            await trio.sleep(_RETRY)

    async def _follow(self) -> None:
        while True:
            stored = await self._read_next()
            self._counters.reads += 1
            for batch in self._batches(stored):
                rest: Sequence[Stored] = batch
                while rest:
                    rest = rest[await self._carry_out(rest) :]
                    life = self.machine.life
                    if self._is_leaving and life is not None and life.is_over:
                        return

    async def _read_next(self) -> list[Stored]:
        """Return the next entries.

        Raises:
            LogBroken: the log cannot be followed; the message says what it has lost.
        """
        try:
            return await self._read(self.position)
        except LogBroken as error:
            broken = error
        loss = await self._recent.explain_loss(self._log)
        raise LogBroken(f"{broken}.{loss}" if loss else str(broken)) from broken

    async def _read(self, position: str) -> list[Stored]:
        """Return the entries after a position; wait while the engine cannot be reached.

        Raises:
            LogBroken: the log has not this position any longer.
        """
        while True:
            try:
                stored = await self._log.read(position)
            except LogUnavailable as error:
                self._note_unavailable(error)
                self._items.appender.note_failure()
                self._items.wake.set()
                if self.readiness.is_cut_off_for_long:
                    self.clients.end_registering()
                    self._items.end_settling()
                await trio.sleep(_RETRY)
            else:
                self.readiness.note_available()
                return stored

    def _batches(self, stored: Sequence[Stored]) -> Iterator[list[Stored]]:
        """Yield entries in parts of about as many items as are carried out at once; a part ends
        where the database has stopped, too.
        """
        batch: list[Stored] = []
        size = 0
        for each in stored:
            batch.append(each)
            size += len(each.data)
            is_last = self._is_replaying and each.position == self._snapshots.stored
            if size > _ITEMS_AT_ONCE * 64 or is_last:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    async def _carry_out(self, batch: Sequence[Stored]) -> int:
        """Carry out a part of the log, up to a check: in memory, in the database, and then to the
        clients. Return how many entries that were.
        """
        applied: list[Applied] = []
        done = count = 0
        is_check = False
        for each in batch:
            done += self._apply(each, applied)
            count += 1
            is_check = self.machine.has_check and not self._is_replaying
            if is_check:
                break
        if self._is_replaying:
            if self.position == self._snapshots.stored:
                self._world.dirty.take()  # it was stored with the position
                self._is_replaying = False
            await trio.lowlevel.checkpoint()
        else:
            parts = self._own_parts.of(applied)
            # A snapshot is never later than the stored position: replay ends there.
            is_snapshot = is_check or self._is_leaving
            position = self.position if parts or self._world.dirty or is_snapshot else ""
            ticket = self._broadcaster.accept(Output(parts, position=position))
            self._ticket = ticket
            self.clients.hand_on(applied, ticket)
            await self._broadcaster.wait_delivered(ticket)
            if not position:
                await trio.lowlevel.checkpoint()
            if is_check:
                await self._snapshots.take(self.position, self.machine)
            self._look_after_snapshots()
        self._counters.note_carried_out(batch[count - 1].time)
        self.readiness.note_carried_out(batch[0].time, batch[count - 1].time)
        self._items.note_done(done)
        self._look_after_lives()
        self.readiness.is_serving = self._items.has_begun and not self._is_leaving
        return count

    def _apply(self, each: Stored, applied: list[Applied]) -> int:
        """Carry out an entry in memory; return how many items of this node are done by it."""
        with explained(each.position):
            entry = decode(each.data)
            led = self.machine.apply(entry, each.time, self._items.appender.own)
            applied += self._decisions.divide(led)
        self.position = each.position
        self._recent.note(each, entry)
        self.survey.take(entry, each.time)
        if self._items.has_begun:
            self.on_entry(entry)
        self._counters.entries += 1
        self._counters.items += len(entry.items)
        self._snapshots.count(len(entry.items))
        return self._items.appender.note_seen(entry, self.machine.lives.of(self.name))

    def _look_after_snapshots(self) -> None:
        """Have all nodes take snapshots when it is time."""
        life = self.machine.life
        if life is not None and not life.is_over:
            older = sum(each.number < life.number for each in self._others.living())
            if self._snapshots.is_due(older):
                self._items.submit(Check())
        self._others.compare(self.digest)

    def _note_digest(self, check: int, digest: str) -> None:
        self.digest = Checked(check, digest)
        self._items.submit(self.digest)

    def _look_after_lives(self) -> None:
        """Begin another life if the others have given this one up, and say which nodes are lost."""
        latest = self.machine.lives.of(self.name)
        own_epoch = self._items.appender.own[1]
        if latest is not None and latest.epoch > own_epoch:
            if self._begun.is_set():
                raise LogBroken(
                    f"another node has started with the name {self.name}: each node of a cluster"
                    " has a name of its own ([cluster] node)"
                )
            self._begin_life(latest.epoch + 1)
        elif (
            latest is not None
            and latest.epoch == own_epoch
            and latest.is_over
            and not self._is_leaving
        ):
            log.error(
                "the other nodes have not heard of this one for too long, and have gone on without"
                " it: its clients have to connect again"
            )
            wake_waiting = self._begin_life(max(time.time_ns(), own_epoch + 1))
            self.clients.end_all()
            wake_waiting()  # after the clients, which are to get no answers
        self._others.declare_lost()
        self._others.raise_version()

    def _note_unavailable(self, error: LogUnavailable) -> None:
        self._counters.failures += 1
        self.readiness.note_unavailable(error)


def _ignore(entry: Entry) -> None:
    pass
