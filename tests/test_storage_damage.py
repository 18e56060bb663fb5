"""A damaged database: for every page, the operator gets one line and no traceback."""

from contextlib import suppress
from pathlib import Path
from random import Random

import apsw
import pytest
import trio

from support import Town
from trio_chat import cli
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.history import HistoryError, HistoryFilter, Query, Record, Span
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import StorageSettings
from trio_chat.server.main import _problems
from trio_chat.server.open_storage import errors_naming, open_storage
from trio_chat.server.state import load_state
from trio_chat.storage.errors import StorageError

PAGE = 4096
FILE = Path("chat.db")


async def fill() -> None:
    """Make a database in which several tables have something."""
    async with open_storage(StorageSettings(file=FILE)) as memory:
        assert memory is not None
        for number in range(1, 30):
            record = Record(f"#{number % 3}", number, "PRIVMSG", "ann!a@h", "", "some words " * 9)
            await memory.history.commit(
                [record, record._replace(id=number + 100, command="PART", text="")]
            )


async def use(memory: StoragePorts) -> None:
    """Ask for what a client can ask for, and say something."""
    history, store = memory.history, memory.store
    assert store is not None
    assert memory.accounts is not None
    for work in (
        lambda: history.messages("#1", Span(), 50, 0),
        lambda: history.messages("#1", Span(), 50, 0, HistoryFilter.WITH_TAGMSG),
        lambda: history.search(Query({"#1": 0}, "words"), Span(), 10),
        lambda: history.conversations(1),
        lambda: history.commit([Record("#1", 1000, "PRIVMSG", "a!b@c", "", "x")]),
        lambda: history.redact("#1", 4),
        lambda: history.prune(10, 200),
        store.pending,
        memory.accounts.refresh,
    ):
        with suppress(StorageError, HistoryError, AccountsError):
            await work()


async def start() -> None:
    """Do what a server does with its database."""
    async with open_storage(StorageSettings(file=FILE)) as memory:
        assert memory is not None
        assert memory.store is not None
        with errors_naming(FILE):
            await load_state(Town(storage=memory).world, memory.store)
        await use(memory)


@pytest.mark.parametrize("damage", ["head", "all"])
def test_any_page_may_be_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    """Start, messages, searches, `db check` and `history export`: what does not work says so, with
    the name of the file.
    """
    monkeypatch.chdir(tmp_path)
    trio.run(fill)
    whole, random = FILE.read_bytes(), Random(damage)  # the same at each run
    for number in range(len(whole) // PAGE):
        data = bytearray(whole)
        length = 16 if damage == "head" else PAGE
        data[number * PAGE : number * PAGE + length] = random.randbytes(length)
        FILE.write_bytes(data)
        capfd.readouterr()
        assert cli.main(["db", "check", "--database", "chat.db"]) in (0, 1)
        cli.main(["history", "export", "--database", "chat.db"])
        try:
            trio.run(start)
        except Exception as error:
            problems = list(_problems(error))
            assert problems, f"page {number}"
            assert all("chat.db" in problem and "\n" not in problem for problem in problems), (
                problems
            )
        assert "Traceback" not in capfd.readouterr().err
        for beside in tmp_path.glob("chat.db?*"):
            beside.unlink()


@pytest.mark.parametrize("value", ["CAST(x'ff' AS TEXT)", "'{'"])
@pytest.mark.parametrize(
    "place", ["message.tags", "event.params", "channel.state", "preference.state", "metadata.said"]
)
def test_a_text_that_cannot_be_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: str,
    value: str,
) -> None:
    """SQLite takes any bytes for a text, and knows nothing of JSON."""
    monkeypatch.chdir(tmp_path)
    trio.run(fill)
    table, column = place.split(".")
    connection = apsw.Connection("chat.db")
    key = {"channel": "folded", "preference": "account", "metadata": "account"}.get(table)
    if key:
        connection.execute(f"INSERT INTO {table} ({key}, {column}) VALUES (1, {value})")
    else:
        connection.execute(f"UPDATE {table} SET {column} = {value}")
    connection.close()
    problems: list[str] = []
    try:
        trio.run(start)
    except Exception as error:
        problems = list(_problems(error)) or [f"a defect: {error}"]
    assert [problem.startswith("chat.db") for problem in problems] == ([True] if key else [])
    cli.main(["history", "export", "--database", "chat.db"])
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("statement", "is_fatal"),
    [
        ("DELETE FROM change", True),
        ("INSERT OR REPLACE INTO clock VALUES (1, 'x', 'x', 'x')", True),
        ("UPDATE setting SET value = CAST(x'ff' AS TEXT) WHERE name = 'casemapping'", True),
        ("UPDATE indexed SET id = 'x'", False),
        ("UPDATE indexed SET id = 0; UPDATE message SET text = CAST(x'ff' AS TEXT)", False),
    ],
)
def test_a_value_that_cannot_be_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, is_fatal: bool
) -> None:
    """Where a row or a number is missing, the server names the file at the start, or goes on
    without what the value is for.
    """
    monkeypatch.chdir(tmp_path)
    trio.run(fill)
    connection = apsw.Connection("chat.db")
    connection.execute(statement)
    connection.close()
    problems: list[str] = []
    try:
        trio.run(start)
    except Exception as error:
        problems = list(_problems(error)) or [f"a defect: {error}"]
    assert [problem.startswith("chat.db") for problem in problems] == [True] * is_fatal
