"""The broadcaster: one queue and one task, which deliver all output in the order of acceptance.

The output of a command (events for other clients, replies for its own) is accepted as one item,
without a checkpoint between the change of state and the acceptance. So a client always sees the
state of one moment: a NAMES reply never overtakes the PART that came before it. The bounded channel
makes readers wait when it is full, so that back-pressure reaches the socket of a client that
floods.

The task takes everything that waits as one batch, which the channel carries: what is accepted
before the task runs is added to it. It encodes an event once for each set of capabilities that
matters to it, joins events for the same audience, and gives each member its bytes with one call.
Under load batches grow, and the cost of a message falls.
"""

import logging
from collections.abc import Callable, Iterable, Sequence, Sized
from typing import Final, NamedTuple

import trio

from trio_chat.chat.events import Event, Output, OutputItem, Reply
from trio_chat.chat.history import BadRecord, History, HistoryError, Record
from trio_chat.chat.message_numbers import with_numbers
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.users import Session
from trio_chat.server.deliveries import Delivery, gather
from trio_chat.server.fanout import send_to_all
from trio_chat.server.overtaking import Overtaking
from trio_chat.server.uncommitted import UncommittedState

log = logging.getLogger("trio_chat")

_SENDS_PER_TURN: Final = 256
"""After so many sends other tasks get a turn: a long fan-out must not hold up a PING."""
_ITEMS_PER_BATCH: Final = 1024
_BUSY: Final = 16
"""Items that wait when more than a client or two have said something."""


class BroadcasterStatistics(NamedTuple):
    """How delivery stands; see `Broadcaster.statistics`.

    Args:
        waiting: items accepted and not delivered.
        limit: how many items may wait before readers have to.
        accepted: items accepted since the start.
        deliveries: pieces of data given to clients.
        remembered: records that the history has committed.
        commits: its transactions.
        commit_seconds: the duration of all of them.
        is_failing: whether the last one failed.
    """

    waiting: int
    limit: int
    accepted: int
    deliveries: int
    remembered: int
    commits: int
    commit_seconds: float
    is_failing: bool


class Part(NamedTuple):
    """A part of what is committed: one record, or one change of the state."""

    records: Sequence[Record]
    state: ChangeSet = ChangeSet()


class Broadcaster:
    """Delivers what was accepted.

    Args:
        limit: items that may wait before readers are made to wait.
        reserve: further items that always fit: those of clients that cannot wait, such as a
            farewell.
        history: stores messages before any client sees them; or None.
        uncommitted: the persistent state that is committed with them; or None.
        is_strict: whether `run` ends when the history cannot be written, instead of refusing
            messages: a node of a cluster cannot take back what all nodes have carried out.
        wants_numbers: returns whether a client has asked for the numbers of messages
            (`trio-chat/number`). While none has, nothing is done for them.

    Attributes:
        push: takes each delivered event that is to be pushed to devices; or None. It never waits,
            and never raises.
        push_users: the accounts with devices. While there are none, nothing is looked for.
    """

    def __init__(
        self,
        limit: int,
        reserve: int | float,  # not float alone: an int has to stay one, for Trio
        history: History | None = None,
        uncommitted: UncommittedState | None = None,
        *,
        is_strict: bool = False,
        wants_numbers: Callable[[], bool] = lambda: False,
    ) -> None:
        self._limit = limit
        self._most = limit + reserve
        self._is_strict = is_strict
        self._history = history
        self._uncommitted = uncommitted
        self._is_failing = False
        self._send, self._receive = trio.open_memory_channel[list[Output]](self._most)
        self._batch: list[Output] = []  # the latest in the channel, while it may grow
        self._accepted = 0
        self._delivered = 0
        self._overtaking = Overtaking()
        self._deliveries = self._remembered = self._commits = 0
        self._commit_seconds = 0.0
        self._progress = trio.lowlevel.ParkingLot()
        self.push: Callable[[Event], None] | None = None
        self.push_users: Sized = ()
        self._wants_numbers = wants_numbers
        self._numbers: dict[int, int] = {}

    def accept(
        self, output: Output, sender: Session | None = None, *, in_order: bool = False
    ) -> int:
        """Accept the output of one command; return a ticket for `wait_delivered`.

        What its own client alone receives goes out at once when nothing waits. Replies alone do,
        too, unless something waits that they depend on.

        Args:
            output: all of it, in order.
            sender: the session whose command it was, or None.
            in_order: whether it comes behind everything, as messages read from the history do.

        Raises:
            trio.WouldBlock: the queue is full; cannot happen after `wait_room`.
        """
        if not output.parts and not output.position:
            return self._accepted
        is_idle = self._accepted == self._delivered
        is_reply = not output.position and _is_reply(output)
        is_at_once = is_reply or (is_idle and _is_for_sender(output, sender))
        if self._uncommitted is not None and self._uncommitted.has_more():
            is_reply = is_at_once = False  # the change that it confirms must be committed before
        if is_at_once and (is_idle or (not in_order and self._overtaking.is_right(output, sender))):
            for sessions, data, is_own in _gather_all((output.parts,)):
                send_to_all(sessions, data, is_own)
            return self._accepted
        self._put(output)
        self._overtaking.add(output, sender, may_overtake=is_reply and not in_order)
        self._accepted += 1
        return self._accepted

    def _put(self, output: Output) -> None:
        if self._accepted - self._delivered >= self._most:
            raise trio.WouldBlock
        if self._batch and len(self._batch) < _ITEMS_PER_BATCH:
            self._batch.append(output)
        else:
            self._batch = [output]
            self._send.send_nowait(self._batch)

    @property
    def has_room(self) -> bool:
        """Whether an item can be accepted."""
        return self._accepted - self._delivered < self._limit

    @property
    def is_busy(self) -> bool:
        """Whether many clients wait for what is to be delivered."""
        return self._accepted - self._delivered >= _BUSY

    async def wait_room(self) -> None:
        """Wait until an item can be accepted. No checkpoint when there is room."""
        while not self.has_room:
            await self._progress.park()

    def holds(self, session: Session) -> bool:
        """Return whether something that a session did itself, or a reply to it, waits."""
        return self._accepted != self._delivered and self._overtaking.is_held(session)

    async def wait_delivered(self, ticket: int) -> None:
        """Wait until an accepted item has been delivered. No checkpoint when it has been."""
        while self._delivered < ticket:
            await self._progress.park()

    def has_delivered(self, ticket: int) -> bool:
        """Return whether an accepted item has been delivered."""
        return self._delivered >= ticket

    def statistics(self) -> BroadcasterStatistics:
        """Return how delivery stands."""
        return BroadcasterStatistics(
            waiting=self._accepted - self._delivered,
            limit=self._limit,
            accepted=self._accepted,
            deliveries=self._deliveries,
            remembered=self._remembered,
            commits=self._commits,
            commit_seconds=self._commit_seconds,
            is_failing=self._is_failing,
        )

    async def run(self) -> None:
        """Deliver, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._let_replies_out)
            await self._deliver()

    async def _let_replies_out(self) -> None:
        while True:
            for output in await self._overtaking.wait_impatient():
                for sessions, data, is_reply in gather(output.parts):
                    send_to_all(sessions, data, is_reply)

    async def _deliver(self) -> None:
        async for items in self._receive:
            if items is self._batch:
                self._batch = []
            waiting = self._overtaking.not_out(await self._remember(items))
            sent = 0
            for sessions, data, is_reply in _gather_all(waiting):
                for turn in _turns(sessions):
                    send_to_all(turn, data, is_reply)
                    self._deliveries += len(turn)
                    sent += len(turn)
                    if sent >= _SENDS_PER_TURN:
                        sent = 0
                        await trio.lowlevel.checkpoint()
            if self.push_users and self.push is not None:
                for event in _pushed(waiting):
                    self.push(event)
            self._delivered += len(items)
            self._overtaking.remove(len(items))
            self._progress.unpark_all()

    async def _remember(self, items: Sequence[Output]) -> list[Sequence[OutputItem]]:
        """Commit a batch to the history, and return the items to be sent.

        When the history cannot take it, no client receives its messages, and their senders are
        notified. Other events are sent all the same: a user that has left is gone, whether that can
        be stored or not.
        """
        try:
            is_kept = await self._keep(records_of(items), _position(items))
        except BadRecord as bad:
            return await self._remember_the_rest(items, bad)
        except HistoryError as error:
            if self._is_strict:
                raise
            if not self._is_failing:
                log.error(
                    "the history cannot be written, messages are refused until it can: %s", error
                )
            self._is_failing = True
            return [unstored_parts(item) for item in items]
        parts: list[Sequence[OutputItem]] = [
            item.parts if is_kept or item.not_kept is None else item.not_kept for item in items
        ]
        return self._with_numbers(parts) if self._wants_numbers() else parts

    def _with_numbers(self, items: Sequence[Sequence[OutputItem]]) -> list[Sequence[OutputItem]]:
        """Return items with the numbers that the commit has given to their messages."""
        numbers, self._numbers = self._numbers, {}
        return [tuple(with_numbers(part, numbers) for part in item) for item in items]

    async def _keep(self, records: list[Record], position: str = "") -> bool:
        """Commit records, and the state that has changed with them; return whether the state was
        committed.

        Args:
            records: the records.
            position: up to which entry of the log of a cluster they are, or "".

        No checkpoint when there is neither. State that cannot be stored, which is a defect, does
        not hold messages back.
        """
        uncommitted = self._uncommitted
        if uncommitted is None or (uncommitted.is_nothing and not position):
            await self._commit(records)
            return True
        async with uncommitted.turn:
            state, is_kept = uncommitted.take(position), False
            try:
                await self._commit(records, state)
                is_kept = True
            except BadRecord as error:
                if state is None:
                    raise
                if self._is_strict:
                    is_kept = await self._keep_apart(records, state)
                else:
                    await self._commit(records)  # which raises when a record is the cause
                    log.error("internal error: what has changed cannot be kept: %s", error)
            finally:
                if not is_kept and state is not None:  # when cancelled too: twice does no harm
                    uncommitted.put_back()
        return is_kept

    async def _keep_apart(self, records: list[Record], state: ChangeSet) -> bool:
        """Commit everything that can be of what a node of a cluster has carried out, and then its
        position; return that it was.

        What cannot be, by a defect, is left out: all nodes have carried it out, and another start
        would fail at it again. After a crash on the way, messages that are stored already count as
        what cannot be, and state is stored again.
        """
        parts = [Part([], each) for each in state.parts()] + [Part([each]) for each in records]
        await self._keep_parts(parts)
        await self._commit([], ChangeSet(position=state.position))
        return True

    async def _keep_parts(self, parts: Sequence["Part"]) -> None:
        """Commit parts in halves, so that a bad one is found in few steps."""
        records = [record for part in parts for record in part.records]
        try:
            await self._commit(records, ChangeSet.join(part.state for part in parts))
        except BadRecord as error:
            if len(parts) > 1:
                middle = len(parts) // 2
                await self._keep_parts(parts[:middle])
                await self._keep_parts(parts[middle:])
                return
            log.error("internal error: a part of what all nodes have cannot be kept: %s", error)

    async def _commit(self, records: list[Record], state: ChangeSet | None = None) -> None:
        if self._history is None or not (records or state):
            return
        begin = trio.current_time()
        await (
            self._history.commit(records) if state is None else self._history.commit(records, state)
        )
        if self._wants_numbers():
            self._numbers.update(self._history.numbers)
        self._commits += 1
        self._remembered += len(records)
        self._commit_seconds += trio.current_time() - begin
        if self._is_failing:
            log.warning("the history can be written again")
        self._is_failing = False

    async def _remember_the_rest(
        self, items: Sequence[Output], error: BadRecord
    ) -> list[Sequence[OutputItem]]:
        """Commit a batch in halves, so that a bad record is found in few steps."""
        if len(items) == 1:
            log.error("internal error: something cannot be remembered, and is refused: %s", error)
            return [unstored_parts(items[0])]
        middle = len(items) // 2
        return await self._remember(items[:middle]) + await self._remember(items[middle:])


def _turns(sessions: Sequence[Session]) -> Sequence[Sequence[Session]]:
    """Return sessions in parts to which is sent at once."""
    if len(sessions) <= _SENDS_PER_TURN:
        return (sessions,)
    return [
        sessions[begin : begin + _SENDS_PER_TURN]
        for begin in range(0, len(sessions), _SENDS_PER_TURN)
    ]


def _is_reply(output: Output) -> bool:
    """Return whether an item has replies only."""
    # The last part is tested first: in most other items it is an event.
    return isinstance(output.parts[-1], Reply) and all(
        isinstance(part, Reply) for part in output.parts
    )


def _is_for_sender(output: Output, sender: Session | None) -> bool:
    """Return whether nobody but the sender receives anything of an item, and it is not stored: so
    it is when a user joins a channel in which nobody is, and leaves it.
    """
    if output.position:
        return False
    for part in output.parts:
        if isinstance(part, Reply):
            continue
        if part.history_targets or part.push_accounts or len(part.recipients) > 1:
            return False
        if part.recipients and part.recipients[0] is not sender:
            return False
    return True


def _position(items: Sequence[Output]) -> str:
    """Return up to which entry of the log of a cluster a batch is, or ""."""
    return next((item.position for item in reversed(items) if item.position), "")


def records_of(items: Sequence[Output]) -> list[Record]:
    """Return what the history is to store of a batch, in order."""
    return [
        record
        for item in items
        for part in item.parts
        if isinstance(part, Event) and part.history_targets
        for record in part.records()
    ]


def unstored_parts(item: Output) -> Sequence[OutputItem]:
    """Return the parts to send of an item that cannot be stored: only the failure, to its sender.

    What a command has changed is in effect, and seen; its client gets an error in the place of a
    mere confirmation.
    """
    if item.refusal is not None:
        return item.refusal()
    return item.parts if item.not_kept is None else item.not_kept


def _pushed(items: Iterable[Sequence[OutputItem]]) -> list[Event]:
    """Return the events that are pushed to devices."""
    return [
        part for item in items for part in item if isinstance(part, Event) and part.push_accounts
    ]


def _size(delivery: Delivery) -> int:
    return len(delivery[1])


def _gather_all(items: Sequence[Sequence[OutputItem]]) -> list[Delivery]:
    """Gather several items as one batch; one that cannot be encoded, by a defect, is dropped."""
    try:
        deliveries = gather([part for item in items for part in item])
    except Exception:
        log.exception("internal error: something cannot be delivered")
        return (
            [delivery for item in items for delivery in _gather_all([item])]
            if len(items) > 1
            else []
        )
    if len(items) > 1:
        # A client that receives little should not wait for a long fan-out to others.
        deliveries.sort(key=_size)
    return deliveries
