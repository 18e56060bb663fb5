"""What commands change and lasts: kept before it is confirmed, in the transaction of what was said, or told not to be."""

from collections.abc import Sequence

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from support import ListHistory, Person, Town, commands
from trio_chat.chat.bans import Ban, Kind
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.history import HistoryError, Record
from trio_chat.chat.lasting import State
from trio_chat.chat.registry import COMMANDS
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.state import Unkept


class Keeping(ListHistory):
    """A history whose transactions wait for a gate, and that remembers what of the state was in each."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = trio.Event()
        self.kept: list[tuple[int, State | None]] = []

    async def commit(self, records: Sequence[Record], state: State | None = None) -> None:
        """Remember messages and state, once the gate is open."""
        await self.gate.wait()
        await super().commit(records)
        self.kept.append((len(records), state))


class Hall:
    """A town whose lines go through a broadcaster."""

    def __init__(self) -> None:
        self.history = Keeping()
        self.town = Town()
        self.ann = self.town.person("ann", "#a")
        self.bob = self.town.person("bob", "#a")
        self.town.world.unsaved.take()
        self.broadcaster = Broadcaster(100, 10, self.history, Unkept(self.town.world))

    def say(self, person: Person, line: str) -> int:
        """Carry out a line, and return the ticket of what it leads to."""
        output = handle_line(self.town.world, person.session, line.encode())
        return self.broadcaster.accept(output, person.session)

    def change(self) -> None:
        """Change something that lasts, as a handler does."""
        self.town.world.unsaved.note_marker(1, "#a")
        self.town.world.markers.setdefault(1, {})["#a"] = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def hall() -> Hall:
    """Return a hall in which all have read what came when they joined."""
    made = Hall()
    made.ann.read()
    made.bob.read()
    return made


@pytest.fixture
def changing(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> Hall:
    """Return a hall in which PING and TOPIC change something that lasts."""
    for name in ("PING", "TOPIC"):
        entry = COMMANDS[name]

        def handler(request: object, entry: object = entry) -> object:
            hall.change()
            return entry.handler(request)  # type: ignore[attr-defined]

        monkeypatch.setitem(COMMANDS, name, entry._replace(handler=handler))
    return hall


async def test_a_confirmation_waits_until_it_is_kept(changing: Hall, nursery: trio.Nursery) -> None:
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
    assert dict(state.changes.markers) == {(1, "#a"): "2026-01-01T00:00:00.000Z"}
    assert not changing.town.world.unsaved


async def test_replies_that_confirm_nothing_go_out_at_once(hall: Hall) -> None:
    """What others wait for is no reason to wait."""
    hall.say(hall.ann, "PING x")
    assert commands(hall.ann.read()) == ["PONG"]


async def test_a_ban_is_kept_before_it_is_confirmed(hall: Hall, nursery: trio.Nursery) -> None:
    """Bans of the server are kept in the same transaction."""
    nursery.start_soon(hall.broadcaster.run)
    hall.history.gate.set()
    world = hall.town.world
    world.bans.add(Ban(Kind.MASK, "*!*@192.0.2.7", "ann", "spam", 0, 0))
    hall.say(hall.ann, "PING x")
    await wait_all_tasks_blocked()
    ((_count, state),) = hall.history.kept
    assert state is not None
    assert [ban.mask for ban in state.bans.values() if ban] == ["*!*@192.0.2.7"]
    assert not world.bans.unsaved


async def test_a_confirmation_that_cannot_be_kept_is_a_failure(changing: Hall, nursery: trio.Nursery) -> None:
    """On a disk that is full nothing is confirmed; what has changed is tried again with what comes next."""
    changing.history.gate.set()
    changing.history.error = HistoryError("the disk is full")
    nursery.start_soon(changing.broadcaster.run)
    changing.say(changing.ann, "PING x")
    await wait_all_tasks_blocked()
    (failure,) = changing.ann.read()
    assert (failure.command, *failure.params[:2]) == ("FAIL", "PING", "TEMPORARILY_UNAVAILABLE")
    assert changing.town.world.unsaved.markers == {(1, "#a")}
    changing.history.error = None
    changing.say(changing.ann, "PING y")
    await wait_all_tasks_blocked()
    assert commands(changing.ann.read()) == ["PONG"]
    assert not changing.town.world.unsaved


async def test_what_others_see_is_seen_though_it_cannot_be_kept(changing: Hall, nursery: trio.Nursery) -> None:
    """It is in effect; only the client that has changed it is told that it may be lost."""
    changing.history.gate.set()
    changing.history.error = HistoryError("the disk is full")
    nursery.start_soon(changing.broadcaster.run)
    changing.say(changing.ann, "TOPIC #a :tea")
    await wait_all_tasks_blocked()
    assert commands(changing.ann.read()) == ["TOPIC", "FAIL"]
    assert commands(changing.bob.read()) == ["TOPIC"]


async def test_a_cancelled_transaction_counts_as_not_kept(changing: Hall) -> None:
    """Whether it was is not known, and twice does no harm."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(changing.broadcaster.run)
        changing.say(changing.ann, "PING x")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert changing.town.world.unsaved.markers == {(1, "#a")}
