"""Persistent changes of commands: committed before they are confirmed, with the messages."""

from collections.abc import Iterator, Sequence

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from deliveries import deliveries
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import BanSet
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.history import BadRecord, HistoryError, Record
from trio_chat.chat.persistence import ChangeSet, DirtyKey, PendingSetting
from trio_chat.chat.registry import COMMANDS, Command, Request
from trio_chat.chat.response import WORK_AT_ONCE, WORK_IN_TURN, Steps
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.server.bans import BanWatcher
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.state import KEPT_AFTER, keep_state, save_state
from trio_chat.server.uncommitted import UncommittedState
from trio_chat.storage.errors import StorageError


class Keeping(ListHistory):
    """A history whose transactions wait for a gate, and that remembers what of the state was in
    each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = trio.Event()
        self.kept: list[tuple[int, ChangeSet | None]] = []

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages and state, once the gate is open."""
        await self.gate.wait()
        await super().commit(records)
        self.kept.append((len(records), state))


class BroadcastTown:
    """A town whose lines go through a broadcaster."""

    def __init__(self) -> None:
        self.history = Keeping()
        self.town = Town()
        self.world = self.town.world
        self.ann = self.town.person("ann", "#a")
        self.bob = self.town.person("bob", "#a")
        self.world.dirty.take()
        self.uncommitted = UncommittedState(self.world)
        self.broadcaster = Broadcaster(100, 10, self.history, self.uncommitted)

    def say(self, person: Person, line: str) -> int:
        """Carry out a line, and return the ticket of what it leads to."""
        output = handle_line(self.world, person.session, line.encode())
        return self.broadcaster.accept(output, person.session)

    def change(self) -> None:
        """Change something that lasts, as a handler does."""
        self.world.dirty.mark([DirtyKey.marker(1, "#a")])
        self.world.markers.setdefault(1, {})["#a"] = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def town() -> BroadcastTown:
    """Return a town in which all have read what came when they joined."""
    made = BroadcastTown()
    made.ann.read()
    made.bob.read()
    return made


@pytest.fixture
def changing(town: BroadcastTown, monkeypatch: pytest.MonkeyPatch) -> BroadcastTown:
    """Return a town in which PING and TOPIC change something that lasts."""
    for name in ("PING", "TOPIC"):
        entry = COMMANDS[name]

        def handler(request: Request, entry: Command = entry) -> Iterator[int] | None:
            town.change()
            return entry.handler(request)

        monkeypatch.setitem(COMMANDS, name, entry._replace(handler=handler))
    return town


async def test_a_confirmation_waits_until_it_is_kept(
    changing: BroadcastTown, nursery: trio.Nursery
) -> None:
    """A reply alone goes out at once; not when it confirms something."""
    nursery.start_soon(changing.broadcaster.run)
    changing.say(changing.ann, "PING x")
    await wait_all_tasks_blocked()
    assert changing.ann.received == b""
    changing.history.gate.set()
    await wait_all_tasks_blocked()
    assert commands(changing.ann.read()) == ["PONG"]
    ((count, state),) = changing.history.kept
    assert count == 0
    assert state is not None
    assert dict(state.markers) == {(1, "#a"): "2026-01-01T00:00:00.000Z"}
    assert not changing.world.dirty


def test_replies_that_confirm_nothing_go_out_at_once(town: BroadcastTown) -> None:
    """What others wait for is no reason to wait."""
    town.say(town.ann, "PING x")
    assert commands(town.ann.read()) == ["PONG"]


async def test_a_ban_is_kept_before_it_is_confirmed(
    town: BroadcastTown, nursery: trio.Nursery
) -> None:
    """Bans of the server are kept in the same transaction."""
    nursery.start_soon(town.broadcaster.run)
    town.history.gate.set()
    world = town.world
    apply(world, BanSet(Ban(BanKind.MASK, "*!*@192.0.2.7", "ann", "spam", 0, 0)))
    town.say(town.ann, "PING x")
    await wait_all_tasks_blocked()
    ((_count, state),) = town.history.kept
    assert state is not None
    assert [ban.mask for ban in state.bans.values() if ban] == ["*!*@192.0.2.7"]
    assert not world.dirty


async def test_a_confirmation_that_cannot_be_kept_is_a_failure(
    changing: BroadcastTown, nursery: trio.Nursery
) -> None:
    """On a disk that is full nothing is confirmed; what has changed is tried again with what comes
    next.
    """
    changing.history.gate.set()
    changing.history.error = HistoryError("the disk is full")
    nursery.start_soon(changing.broadcaster.run)
    changing.say(changing.ann, "PING x")
    await wait_all_tasks_blocked()
    (failure,) = changing.ann.read()
    assert (failure.command, *failure.params[:2]) == ("FAIL", "PING", "TEMPORARILY_UNAVAILABLE")
    assert changing.world.dirty.markers == {(1, "#a")}
    changing.history.error = None
    changing.say(changing.ann, "PING y")
    await wait_all_tasks_blocked()
    assert commands(changing.ann.read()) == ["PONG"]
    assert not changing.world.dirty


async def test_what_others_see_is_seen_though_it_cannot_be_kept(
    changing: BroadcastTown, nursery: trio.Nursery
) -> None:
    """The change is in effect; its client alone learns that it may be lost."""
    changing.history.gate.set()
    changing.history.error = HistoryError("the disk is full")
    nursery.start_soon(changing.broadcaster.run)
    changing.say(changing.ann, "TOPIC #a :tea")
    await wait_all_tasks_blocked()
    assert commands(changing.ann.read()) == ["TOPIC", "FAIL"]
    assert commands(changing.bob.read()) == ["TOPIC"]


async def test_a_cancelled_transaction_counts_as_not_kept(changing: BroadcastTown) -> None:
    """Whether it was is not known, and twice does no harm."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(changing.broadcaster.run)
        changing.say(changing.ann, "PING x")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert changing.world.dirty.markers == {(1, "#a")}


# Other tasks that write.


class SlowStore:
    """A store whose `save` waits for a gate, and fails when it is told to."""

    def __init__(self) -> None:
        self.gate = trio.Event()
        self.error: Exception | None = None
        self.saved: list[ChangeSet] = []

    async def load(self) -> ChangeSet:
        """Return nothing."""
        return ChangeSet({}, {})

    async def pending(self) -> list[PendingSetting]:
        """Return nothing."""
        return []

    async def settle(self, last: PendingSetting) -> None:
        """Do nothing."""

    async def save(self, changes: ChangeSet) -> None:
        """Keep changes, once the gate is open."""
        await self.gate.wait()
        if self.error:
            raise self.error
        self.saved.append(changes)


async def test_what_another_task_is_writing_is_not_confirmed_yet(
    changing: BroadcastTown, autojump_clock: MockClock
) -> None:
    """While a commit takes long, the task that keeps what is left may take a change up before its
    own batch comes.
    """
    store, world = SlowStore(), changing.world
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_state, world, store, changing.uncommitted.turn)
        nursery.start_soon(changing.broadcaster.run)
        changing.say(changing.bob, "PING held-by-a-slow-disk")
        await wait_all_tasks_blocked()
        changing.say(changing.ann, "PING x")
        await trio.sleep(2 * KEPT_AFTER)
        changing.history.gate.set()
        await wait_all_tasks_blocked()
        assert "PONG" not in commands(changing.ann.read())
        changing.history.error = HistoryError("the disk is full")
        store.error = StorageError("the disk is full")
        store.gate.set()
        await wait_all_tasks_blocked()
        assert commands(changing.ann.read()) == ["FAIL"]
        nursery.cancel_scope.cancel()


async def test_what_could_not_be_kept_is_tried_again_though_nobody_comes(
    changing: BroadcastTown, autojump_clock: MockClock
) -> None:
    """A commit that fails after seconds, as of a locked database, leaves its changes to the task
    that keeps what is left.
    """
    store, world = SlowStore(), changing.world
    store.gate.set()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_state, world, store, changing.uncommitted.turn)
        nursery.start_soon(changing.broadcaster.run)
        changing.say(changing.ann, "PING x")
        await trio.sleep(10 * KEPT_AFTER)
        changing.history.error = HistoryError("the database is locked")
        changing.history.gate.set()
        await trio.sleep(10 * KEPT_AFTER)
        assert [dict(changes.markers) for changes in store.saved] == [
            {(1, "#a"): "2026-01-01T00:00:00.000Z"}
        ]
        nursery.cancel_scope.cancel()


class OldTable:
    """A table of bans that says what it was when it was asked, as late as it is let."""

    def __init__(self, history: Keeping) -> None:
        self.gate = trio.Event()
        self._history = history

    async def load(self) -> list[Ban]:
        """Return the bans that are kept at this moment, once the gate is open."""
        kept = [
            ban for _, state in self._history.kept if state for ban in state.bans.values() if ban
        ]
        await self.gate.wait()
        return kept

    async def changes(self) -> int:
        """Return that there was a change."""
        return 1


@pytest.mark.parametrize("is_slow", [True, False])
async def test_a_ban_that_is_being_kept_survives_a_look_into_the_table(
    town: BroadcastTown, nursery: trio.Nursery, is_slow: bool
) -> None:
    """What was read before it was written, or while it is, does not say that it is lifted."""
    table, world = OldTable(town.history), town.world
    keeper = BanWatcher(world, table, town.broadcaster, town.uncommitted.turn)
    nursery.start_soon(town.broadcaster.run)
    ban = Ban(BanKind.MASK, "*!*@192.0.2.7", "ann", "spam", 0, 0)
    if is_slow:  # the commit has begun, and then the look
        table.gate.set()
        apply(world, BanSet(ban))
        town.say(town.ann, "PING x")
        await wait_all_tasks_blocked()
    nursery.start_soon(keeper.refresh)
    await wait_all_tasks_blocked()
    if not is_slow:  # the look has begun, and then the commit
        apply(world, BanSet(ban))
        town.say(town.ann, "PING x")
    town.history.gate.set()
    await wait_all_tasks_blocked()
    table.gate.set()
    await wait_all_tasks_blocked()
    assert world.bans.get(ban.key) == ban
    ((_count, state),) = town.history.kept
    assert state is not None
    assert state.bans == {ban.key: ban}


# Longer answers.


def with_label(town: BroadcastTown, line: str) -> list[str]:
    """Carry out a labelled line on a disk that is full; return commands, labels and batches of what
    its client gets.
    """
    town.ann.say("CAP REQ :labeled-response batch message-tags")
    output = handle_line(town.world, town.ann.session, f"@label=x {line}".encode())
    assert output.not_kept is not None
    for session, data, _ in deliveries(output.not_kept):
        session.sink.send(data)
    return [
        f"{message.command} {message.tags.get('label', '')}".strip() for message in town.ann.read()
    ]


def test_a_client_sees_its_own_copy_with_a_label_too(changing: BroadcastTown) -> None:
    """With a label it is among the replies, and no mere confirmation: the topic is as it says. A
    label is answered once.
    """
    changing.say(changing.bob, "PART #a")
    changing.ann.read()
    assert with_label(changing, "TOPIC #a :tea") == ["TOPIC x", "FAIL"]
    assert with_label(changing, "PING x") == ["FAIL x"]


def test_what_a_later_part_changes_is_told_too(
    town: BroadcastTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer in parts, as of JOIN, changes something with each of them."""

    def handler(request: Request) -> Steps:
        for number in range(3):
            town.change()
            request.reply.send("NOTE", ("PING", str(number)))
            yield WORK_AT_ONCE + WORK_IN_TURN

    monkeypatch.setitem(COMMANDS, "PING", COMMANDS["PING"]._replace(handler=handler))
    output = handle_line(town.world, town.ann.session, b"PING x")
    for _ in range(2):
        assert output.not_kept is not None
        assert output.more is not None
        output = output.more()
    assert output.not_kept is not None


@pytest.mark.parametrize("is_labelled", [False, True])
async def test_each_message_that_is_not_kept_is_refused(
    nursery: trio.Nursery, is_labelled: bool
) -> None:
    """The sender gets a failure for each target; what is not stored is delivered."""
    history = ListHistory()
    history.error = HistoryError("the disk is full")
    town = Town(storage=StoragePorts(history=history, accounts=OpenAccounts()))
    ann = town.person("ann", "#a", "#b", caps="labeled-response batch")
    guest = town.person("guest")
    broadcaster = Broadcaster(100, 10, history)
    nursery.start_soon(broadcaster.run)
    line = f"{'@label=x ' * is_labelled}PRIVMSG #a,nobody,guest,#b :hi"
    broadcaster.accept(handle_line(town.world, ann.session, line.encode()), ann.session)
    await wait_all_tasks_blocked()
    messages = ann.read()
    assert [message.params[2] for message in messages if message.command == "FAIL"] == ["#a", "#b"]
    assert commands(messages) == (
        ["BATCH", "FAIL", "FAIL", "BATCH"] if is_labelled else ["401", "FAIL", "FAIL"]
    )
    assert commands(guest.read()) == ["PRIVMSG"]


@pytest.mark.parametrize(
    "line",
    [
        "MARKREAD #a timestamp=2026-01-01T00:00:00.000Z",
        "METADATA * SET url :x",
        "METADATA #a SET url :x",
    ],
)
def test_what_is_said_again_is_confirmed_no_sooner(line: str) -> None:
    """A repetition of a change that is not stored yet is not confirmed before it is."""
    accounts = OpenAccounts()
    accounts.add("ann", "ann-password")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    ann = town.person("annie", "#a", caps="draft/metadata-2 batch")
    ann.say("NS IDENTIFY ann ann-password", "CS REGISTER #a")
    for _ in range(2):
        output = handle_line(town.world, ann.session, line.encode())
        assert output.not_kept is not None
    town.world.dirty.take()
    assert handle_line(town.world, ann.session, line.encode()).not_kept is None


class Unwritable(ListHistory):
    """A history that can write messages, but not what has changed of the state."""

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages."""
        if state is not None:
            raise BadRecord("int too big to convert")
        await super().commit(records)


async def test_state_that_cannot_be_written_refuses_no_messages(nursery: trio.Nursery) -> None:
    """It is a defect: messages go on, and a command that changes state gets a failure."""
    history = Unwritable()
    town = Town(storage=StoragePorts(history=history, accounts=OpenAccounts()))
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    broadcaster = Broadcaster(100, 10, history, UncommittedState(town.world))
    nursery.start_soon(broadcaster.run)
    ann.read()
    town.world.dirty.mark([DirtyKey.marker(1, "#a")])
    for line in ("PRIVMSG #a :hi", "PING x"):
        output = handle_line(town.world, ann.session, line.encode())
        broadcaster.accept(output, ann.session)
    await wait_all_tasks_blocked()
    assert commands(bob.read()) == ["PRIVMSG"]
    assert commands(ann.read()) == ["PONG"]
    assert town.world.dirty.markers == {(1, "#a")}


@pytest.mark.parametrize(
    "error", [StorageError("the disk is full"), OverflowError("int too big to convert")]
)
async def test_what_cannot_be_written_ends_no_server(
    changing: BroadcastTown, error: Exception
) -> None:
    """A full disk or a defect does not end the server."""
    store = SlowStore()
    store.error = error
    store.gate.set()
    changing.change()
    assert not await save_state(changing.world, store)
    assert changing.world.dirty
