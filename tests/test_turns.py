"""Turns: a long command leaves a server its CPU, its lock of writers and its disk."""

import json
import os
import platform
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from database_fakes import fill, kept, ran
from import_fakes import discord_document, said, write_json
from remembered import NOW, record
from trio_chat.chat.history import Record
from trio_chat.storage import backup, json_lines, lock, maintenance, turns
from trio_chat.storage.database import CHECKPOINT
from trio_chat.storage.search_index import indexed_range
from trio_chat.storage.transactions import in_transaction

pytestmark = pytest.mark.usefixtures("working_directory")

DATABASE = Path("trio-chat.db")
T = 1_546_300_800_000
COUNT = 8 * maintenance._STEP


class FakeTime:
    """Time that passes while something is written, and while the command sleeps.

    Args:
        step: the seconds that each look at the clock takes.
    """

    def __init__(self, step: float) -> None:
        self.step = step
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """Return the time, which goes on."""
        self.now += self.step
        return self.now

    def sleep(self, seconds: float) -> None:
        """Note a pause."""
        self.pauses.append(seconds)


@pytest.fixture
def server() -> Iterator[None]:
    """Hold the lock of a server."""
    handle = lock.acquire(DATABASE)
    yield
    lock.release(handle)


def many() -> list[Record]:
    """Return messages."""
    return [record(number) for number in range(1, COUNT + 1)]


def transactions_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list into which the functions of transactions are noted from now on."""
    seen: list[str] = []

    def noted(connection: apsw.Connection, work: object, /, *rest: object) -> object:
        seen.append(work.__name__)  # type: ignore[attr-defined]
        return in_transaction(connection, work, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(maintenance, "in_transaction", noted)
    return seen


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (turns._LONGEST, 8),  # each step takes the whole time
        (turns._LONGEST / 2.5, 3),  # three steps have room
        (0.0, 1),
    ],
)
def test_a_transaction_ends_when_its_time_is_over(
    look: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the step in which that was noticed; a pause follows each one."""
    fill()
    clock, seen = FakeTime(look), transactions_of(monkeypatch)
    monkeypatch.setattr(turns, "time", clock)
    with maintenance.connected(DATABASE) as connection:
        assert maintenance.insert_by_turns(connection, many()) == COUNT
    assert len(seen) == len(clock.pauses) == expected
    assert min(clock.pauses) >= turns._SHORTEST_PAUSE
    assert kept() == many()


def test_the_pause_is_longer_than_the_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow disk a server has the lock for most of the time, too."""
    clock = FakeTime(0.25)
    monkeypatch.setattr(turns, "time", clock)
    with turns.throttled():
        clock.now += 1
    assert clock.pauses == [3 * 1.25]


def test_an_interrupted_command_waits_for_its_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes one call at a time, and the connection is closed next."""
    done: list[str] = []

    class Interrupted(ThreadPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            future = super().submit(*args, **kwargs)
            real, calls = future.result, iter([KeyboardInterrupt])

            def result(timeout: float | None = None) -> object:
                for error in calls:
                    may_go_on.set()
                    raise error
                return real(timeout)

            monkeypatch.setattr(future, "result", result)
            return future

    may_go_on = threading.Event()

    def transaction(_connection: apsw.Connection) -> None:
        assert may_go_on.wait(30)
        done.append("transaction")

    with Interrupted(1) as thread:
        monkeypatch.setattr(turns, "_thread", thread)
        with pytest.raises(KeyboardInterrupt):
            turns.take(transaction, apsw.Connection(":memory:"))
        assert done == ["transaction"]


def test_an_import_beside_a_server_indexes_messages_newer_than_its_last(server: None) -> None:
    """It would index them with its next message, perhaps tomorrow."""
    fill()
    with maintenance.connected(DATABASE) as connection:
        maintenance.inserter(connection, DATABASE)(many())
        assert indexed_range(connection) == (0, COUNT)


def test_messages_that_are_there_are_not_new() -> None:
    """Neither those of an earlier import nor the second of two with one id."""
    fill()
    with maintenance.connected(DATABASE) as connection:
        assert maintenance.insert_by_turns(connection, many()[: COUNT // 2]) == COUNT // 2
        assert maintenance.insert_by_turns(connection, [*many(), *many()]) == COUNT // 2
    assert kept() == many()


def imports() -> dict[str, tuple[str, ...]]:
    """Return the commands that insert messages, whose files are made."""
    Path("file").write_bytes(b"".join(map(json_lines.to_line, many())))
    write_json("a.json", discord_document(*(said(T + n, str(n)) for n in range(COUNT))))
    return {
        "history": ("history", "import", "file"),
        "jsonl": ("import", "jsonl", "file"),
        "discord": ("import", "discord", "a.json"),
    }


@pytest.mark.parametrize("name", ["history", "jsonl", "discord"])
def test_an_import_beside_a_server_goes_by_turns(
    name: str, server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command that inserts many messages."""
    fill()
    seen = transactions_of(monkeypatch)
    assert ran(*imports()[name]) == 0
    assert set(seen) == {"_add_for_a_turn"}


@pytest.mark.parametrize("name", ["history", "jsonl", "discord"])
def test_an_import_alone_has_large_transactions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it."""
    fill()
    seen = transactions_of(monkeypatch)
    monkeypatch.setattr(time, "sleep", pytest.fail)
    assert ran(*imports()[name]) == 0
    assert set(seen) == {"_add"}


def test_a_commit_beside_a_server_does_not_wait_for_the_disk(server: None) -> None:
    """A checkpoint does, outside of the transaction, and before that of a server is due."""
    fill()
    with maintenance.connected(DATABASE) as connection:
        assert connection.pragma("synchronous") == 2
        maintenance.inserter(connection, DATABASE)
        assert connection.pragma("synchronous") == 1
        assert connection.pragma("wal_autocheckpoint") == 0
        assert 0 < turns._CHECKPOINT < CHECKPOINT


def test_a_checkpoint_is_made_by_the_thread_that_gives_way(
    server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the transactions has the priority of a server."""
    fill()
    made: list[int] = []

    class Connection(apsw.Connection):
        def wal_checkpoint(self, *args: Any, **kwargs: Any) -> tuple[int, int]:
            made.append(threading.get_ident())
            return super().wal_checkpoint(*args, **kwargs)

    monkeypatch.setattr(turns, "_CHECKPOINT", 20)
    with ThreadPoolExecutor(1) as thread, closing(Connection(str(DATABASE))) as connection:
        monkeypatch.setattr(turns, "_thread", thread)
        insert = maintenance.inserter(connection, DATABASE)
        insert(many())
        assert made
        assert set(made) == {threading.get_ident()}
        log, copied = connection.wal_checkpoint()
        assert log == copied


def test_a_checkpoint_of_the_server_is_one_less_for_the_command(
    server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cannot be made at once: SQLITE_BUSY is returned (sqlite.org/c3ref/wal_checkpoint_v2)."""
    fill()
    asked: list[None] = []

    class Connection(apsw.Connection):
        def wal_checkpoint(self, *_args: Any, **_kwargs: Any) -> tuple[int, int]:
            asked.append(None)
            raise apsw.BusyError("database is locked")

    monkeypatch.setattr(turns, "_CHECKPOINT", 20)
    with closing(Connection(str(DATABASE))) as connection:
        assert maintenance.inserter(connection, DATABASE)(many()) == COUNT
    assert asked


def test_commits_alone_wait_for_the_disk() -> None:
    """As those of a server do."""
    fill()
    with maintenance.connected(DATABASE) as connection:
        maintenance.inserter(connection, DATABASE)
        assert connection.pragma("synchronous") == 2


def test_the_end_of_a_command_is_a_checkpoint(server: None) -> None:
    """What it has written is in the file, and the log is empty, while a server has it open."""
    fill()
    other = apsw.Connection(str(DATABASE))
    other.execute("SELECT * FROM buffer").fetchall()
    with maintenance.connected(DATABASE) as connection:
        maintenance.inserter(connection, DATABASE)(many())
    assert Path(f"{DATABASE}-wal").stat().st_size == 0
    other.close()


def test_a_deletion_goes_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a look at the clock after a few messages, since each takes long."""
    fill(*many())
    clock = FakeTime(turns._LONGEST)
    monkeypatch.setattr(turns, "time", clock)
    done: list[int] = []
    with maintenance.connected(DATABASE) as connection:
        assert maintenance.prune(connection, NOW, None, done.append) == COUNT
        assert connection.pragma("synchronous") == 1
    assert done == [*range(maintenance.DELETED_AT_ONCE, COUNT + 1, maintenance.DELETED_AT_ONCE)]
    assert len(clock.pauses) == len(done) + 1


PRIORITIES = """
import os, sys
from pathlib import Path
from trio_chat.cli import commands, program, priority
from trio_chat.storage import lock
if "own" in sys.argv:
    handle = lock.acquire(Path("trio-chat.db"))
program.main(sys.argv[sys.argv.index("--") + 1:])
print(os.nice(0), os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else 3)
"""


def priority_after(*command: str, own: bool = False) -> list[int]:
    """Return the nice value and the policy of a process that has run a command."""
    arguments = ["own"] if own else []
    done = subprocess.run(
        [sys.executable, "-c", PRIORITIES, *arguments, "--", *command],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    return [int(word) for word in done.stdout.splitlines()[-1].split()]


EXPORTS = {
    "lines": ("history", "export", "--output", "out"),
    "channel": ("export", "#a", "--output", "out"),
    "text": ("export", "#a", "--format", "text", "--output", "out"),
    "pages": ("export", "#a", "--format", "html", "--output", "out"),
    "account": ("export", "--account", "ann", "--output", "out"),
    "backup": ("backup", "out"),
    "check": ("db", "check"),
}
LONG_STATEMENT = (
    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 10000) SELECT max(x)"
    " FROM n"
)


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Have this process rest at each occasion, and return the clock that notes it."""
    clock = FakeTime(2 * turns._WORK)
    monkeypatch.setattr(turns, "time", clock)
    monkeypatch.setattr(turns, "_rest_is_due", 0.0)
    monkeypatch.setattr(turns, "_SHARE", 0)
    return clock


@pytest.mark.parametrize(
    ("slept", "worked"), [(0.0001, turns._WORK), (0.001, 0.001), (0.016, 0.016)]
)
def test_a_command_rests_for_half_of_its_time_at_most(
    slept: float, worked: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the system sleeps: Windows may wait for its next tick."""
    clock = FakeTime(0.0)
    monkeypatch.setattr(turns, "time", clock)
    monkeypatch.setattr(turns, "_rest_is_due", 0.0)

    def sleep(seconds: float) -> None:
        clock.pauses.append(seconds)
        clock.now += slept

    monkeypatch.setattr(clock, "sleep", sleep)
    turns.rest()
    clock.now += 0.99 * worked
    turns.rest()
    assert clock.pauses == [turns._REST]
    clock.now += 0.02 * worked
    turns.rest()
    assert clock.pauses == [turns._REST] * 2


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_beside_a_server_rests(
    name: str, resting: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the latest after the messages that it reads at once, and in long statements."""
    monkeypatch.setattr(backup, "_STEPS_PER_LOOK", 100)
    fill(*many())
    Path("secret").write_text("correct horse battery staple\n")
    assert ran("account", "add", "ann", "--password-file", "secret") == 0
    resting.pauses.clear()
    assert ran(*EXPORTS[name]) == 0
    assert resting.pauses.count(turns._REST) >= COUNT / maintenance.PAGE


@pytest.mark.parametrize("name", ["history", "jsonl", "discord"])
def test_an_import_beside_a_server_rests(name: str, server: None, resting: FakeTime) -> None:
    """After each message, if it has worked for long enough."""
    fill()
    command = imports()[name]
    resting.pauses.clear()
    assert ran(*command) == 0
    assert resting.pauses.count(turns._REST) >= COUNT


def test_a_transaction_that_writes_does_not_rest(resting: FakeTime) -> None:
    """The server would wait for the lock of writers."""
    fill()

    def read(connection: apsw.Connection) -> None:
        connection.execute(LONG_STATEMENT).fetchall()

    with maintenance.connected(DATABASE) as connection:
        resting.pauses.clear()
        in_transaction(connection, read)
        assert resting.pauses == []
        read(connection)
        assert len(resting.pauses) > 10


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_alone_does_not_rest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the CPU."""
    fill(*many())
    Path("secret").write_text("correct horse battery staple\n")
    assert ran("account", "add", "ann", "--password-file", "secret") == 0
    monkeypatch.setattr(time, "sleep", pytest.fail)
    assert ran(*EXPORTS[name]) == 0


def test_a_command_that_gives_way_rests(server: None) -> None:
    """On each system, whatever its priorities are."""
    code = (
        "from pathlib import Path; from trio_chat.cli import priority;"
        " from trio_chat.storage import turns; before = turns._rest_is_due;"
        " priority.give_way(Path('trio-chat.db')); print(before, turns._rest_is_due)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, timeout=60
    )
    assert done.stdout.split() == [b"inf", b"0.0"]


LONG = ("history", "export")
HAS_SLICES = (
    sys.platform == "linux"
    and platform.machine() in ("x86_64", "aarch64")
    and tuple(map(int, re.findall(r"\d+", platform.release())[:2])) >= (6, 12)
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other priorities")
def test_a_long_command_gives_way_to_a_server(server: None) -> None:
    """The process of the command has less priority than before."""
    fill()
    nice, policy = priority_after(*LONG)
    assert nice == min(19, os.nice(0) + 10)
    assert policy == 3  # SCHED_BATCH


GET_SLICE = """
import ctypes, os, struct
from pathlib import Path
import apsw
from trio_chat.cli import priority
from trio_chat.storage import turns

NUMBER = {"x86_64": 315, "aarch64": 275}[os.uname().machine]

def get_slice(*_args):
    attributes = ctypes.create_string_buffer(48)
    if ctypes.CDLL(None).syscall(NUMBER, 0, attributes, 48, 0):  # sched_getattr(2)
        return 0
    return struct.unpack("=IIQiIQQQ", attributes)[5]

before = get_slice()
priority.give_way(Path("trio-chat.db"))
print(before, turns.take(get_slice, apsw.Connection(":memory:")), get_slice())
"""


@pytest.mark.skipif(not HAS_SLICES, reason="slices can be set from Linux 6.12 on")
def test_a_long_command_has_long_slices(server: None) -> None:
    """Its transactions have slices as before: it would be interrupted while it has the lock."""
    fill()
    done = subprocess.run(
        [sys.executable, "-c", GET_SLICE], check=True, stdout=subprocess.PIPE, timeout=60
    )
    before, in_transaction, after = [int(word) for word in done.stdout.split()]
    if not before:
        pytest.skip("NOT TESTED: this kernel does not say what slices are")
    assert (in_transaction, after) == (before, 100_000_000)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, threads have no nice values")
def test_a_transaction_of_a_long_command_keeps_its_priority(server: None) -> None:
    """The server would wait for the lock, and the command for the CPU that the server leaves."""
    fill()
    code = (
        "import os; import apsw; from pathlib import Path; from trio_chat.cli import priority;"
        " from trio_chat.storage import turns; priority.give_way(Path('trio-chat.db'));"
        " print(turns.take(lambda _: os.nice(0), apsw.Connection(':memory:')), os.nice(0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, timeout=60
    )
    assert [int(word) for word in done.stdout.split()] == [os.nice(0), min(19, os.nice(0) + 10)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other priorities")
def test_a_long_command_alone_keeps_its_priority() -> None:
    """There is nobody who would wait."""
    fill()
    assert priority_after(*LONG)[0] == os.nice(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other priorities")
def test_a_short_command_keeps_its_priority(server: None) -> None:
    """An operator waits for it."""
    fill()
    assert priority_after("account", "list")[0] == os.nice(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other priorities")
def test_a_process_does_not_give_way_to_itself() -> None:
    """Its priority could not be raised again."""
    fill()
    assert priority_after(*LONG, own=True)[0] == os.nice(0)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ({"pid": os.getpid(), "host": socket.gethostname()}, False),
        ({"pid": os.getpid() + 1, "host": socket.gethostname()}, True),
        ({"pid": os.getpid(), "host": "another container"}, True),
        ({}, True),
    ],
)
def test_the_note_tells_another_process(note: dict[str, object], expected: bool) -> None:
    """Two containers may have the same numbers of processes."""
    handle = lock.acquire(DATABASE)
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, json.dumps(note).encode())
    assert lock.is_held_elsewhere(DATABASE) is expected
    lock.release(handle)
    assert not lock.is_held_elsewhere(DATABASE)
