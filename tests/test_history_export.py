"""`trio-chat history export` and `import`: what is exported is what is imported."""

import io
import json
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from database_fakes import fill, kept, ran
from remembered import record, records
from trio_chat.chat.history import Query, Record, Span
from trio_chat.storage import json_lines
from trio_chat.storage import maintenance as storage
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

pytestmark = pytest.mark.usefixtures("working_directory")


async def take_back(number: int) -> None:
    """Redact a message of #a."""
    async with open_database(Path("trio-chat.db")) as database:
        assert await SqliteHistory(database).redact("#a", number)


def test_what_was_taken_back_does_not_come_again() -> None:
    """An old export may have it; the same id in another channel is another message."""
    fill(record(1), record(2), record(3, "#b"))
    assert ran("history", "export", "--output", "old.jsonl") == 0
    trio.run(take_back, 1)
    assert ran("history", "import", "old.jsonl") == 0
    assert [message.id for message in kept()] == [2]
    assert [message.id for message in kept("#b")] == [3]


def test_what_is_noted_of_it_expires_too() -> None:
    """When the message itself would have been deleted."""
    fill(record(1), record(2), record(3))
    for number in (1, 2):
        trio.run(take_back, number)

    async def prune() -> list[int]:
        async with open_database(Path("trio-chat.db")) as database:
            await SqliteHistory(database).prune(2, 100)
            return await database.read(
                lambda connection: [n for (n,) in connection.execute("SELECT id FROM redacted")]
            )

    assert trio.run(prune) == [2]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a database with two accounts."""
    name = str(tmp_path_factory.mktemp("empty") / "trio-chat.db")
    fill(name=name)
    add_accounts(name, "ann", "борис")
    return name


@settings(max_examples=50)
@given(st.lists(records, max_size=30, unique_by=lambda message: message.id))
def test_what_was_exported_can_be_imported(
    tmp_path_factory: pytest.TempPathFactory, empty: str, messages: list[Record]
) -> None:
    """An export, read into the database as it was when it was empty, gives the same messages,
    everywhere and in order.
    """
    directory = tmp_path_factory.mktemp("round")
    source, target, file = (
        str(directory / name) for name in ("source.db", "target.db", "file.jsonl")
    )
    for name in (source, target):
        shutil.copy(empty, name)
    fill(*sorted(messages, key=lambda message: message.id), name=source)
    assert ran("history", "export", "--database", source, "--output", file) == 0
    assert ran("history", "import", "--database", target, file) == 0
    for channel in ("#a", "#кухня", "#ß", "1,2", "1,~борис"):
        assert kept(channel, target) == kept(channel, source)


def add_accounts(name: str, *accounts: str) -> None:
    """Have accounts, with the numbers 1, 2 and so on."""
    connection = apsw.Connection(name)
    rows = [(account, account) for account in accounts]
    connection.executemany(
        "INSERT INTO account VALUES (NULL, ?, ?, 1, '', x'', 0, x'', x'', 0)", rows
    )
    connection.close()


def test_a_namesake_on_another_server_is_somebody_else() -> None:
    """What an account of another server has said, aloud or in private, belongs to nobody here; nor
    is it shown as theirs.
    """
    for name in ("there.db", "here.db"):
        fill(name=name)
        add_accounts(name, "ann", "bob")
    mine = record(1)._replace(account="ann", account_id=1)
    fill(mine, mine._replace(id=2, buffer="1,2"), name="there.db")
    assert ran("history", "export", "--database", "there.db", "--output", "file") == 0
    assert ran("history", "import", "--database", "here.db", "file") == 0
    assert kept("#a", "here.db") == [mine._replace(account_id=0)]
    assert (kept("1,2", "here.db"), len(kept("~ann,~bob", "here.db"))) == ([], 1)


def test_pages_are_joined_without_a_seam(monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> None:
    """Nothing is left out or doubled where one page ends and the next begins."""
    monkeypatch.setattr(storage, "PAGE", 3)
    messages = fill(*map(record, range(1, 11)))
    assert ran("history", "export") == 0
    assert [
        json_lines.from_line(each) for each in capfdbinary.readouterr().out.splitlines()
    ] == messages


def test_one_channel_is_exported(capfdbinary: Any) -> None:
    """--channel takes one, with or without its '#', folded."""
    fill(record(1), record(2, "#кухня"))
    assert ran("history", "export", "--channel", "Кухня") == 0
    assert [json.loads(each)["channel"] for each in capfdbinary.readouterr().out.splitlines()] == [
        "#кухня"
    ]


def test_a_channel_that_nobody_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty export would look like an empty history."""
    fill(record(1))
    assert ran("history", "export", "--channel", "#b") == 1
    assert capsys.readouterr().err == "trio-chat: nothing was ever said in #b\n"


def test_only_the_owner_can_read_an_export() -> None:
    """What was said behind closed doors is in it."""
    fill(record(1))
    assert ran("history", "export", "--output", "file") == 0
    if os.name == "posix":
        assert stat.S_IMODE(Path("file").stat().st_mode) == 0o600


def test_importing_twice_is_importing_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What is there is left out, and the numbers say so."""
    fill(record(1), record(2))
    ran("history", "export", "--output", "file")
    ran("history", "prune", "--before", "2100-01-01", "--yes")
    capsys.readouterr()
    assert ran("history", "import", "file") == 0
    assert capsys.readouterr().err == "2 messages are new.\n"
    assert ran("history", "import", "file") == 0
    assert capsys.readouterr().err == "0 messages are new.\n2 messages were there already.\n"
    assert kept() == [record(1), record(2)]


def test_the_same_id_twice_in_a_file_is_one_message() -> None:
    """The first counts, as it would when they came in two files."""
    fill()
    Path("file").write_bytes(
        json_lines.to_line(record(5))
        + json_lines.to_line(record(5, "#b"))
        + json_lines.to_line(record(4))
    )
    assert ran("history", "import", "file") == 0
    assert (kept(), kept("#b")) == ([record(4), record(5)], [])


def test_bad_lines_are_told_by_number_and_the_others_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 1 says that something was left out."""
    fill()
    Path("file").write_bytes(
        b"\xef\xbb\xbf"
        + json_lines.to_line(record(1))
        + b"what\x1b[2J\n\n"
        + json_lines.to_line(record(2))
        + b"[]"
    )
    assert ran("history", "import", "file") == 1
    told = capsys.readouterr().err
    assert told.splitlines() == [
        "trio-chat: line 2: not JSON",
        "trio-chat: line 5: not an object of JSON",
        "2 messages are new.",
        "2 lines were left out.",
    ]
    assert kept() == [record(1), record(2)]


@pytest.mark.parametrize("command", ["history import", "history import -", "import jsonl -"])
def test_standard_input_is_imported(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file or with `-`, so that it can be unpacked on the way."""
    fill()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json_lines.to_line(record(1)))))
    assert ran(*command.split()) == 0
    assert kept() == [record(1)]


def test_a_file_can_have_the_name_of_standard_input() -> None:
    """With a directory before it, as for other programs."""
    fill()
    Path("-").write_bytes(json_lines.to_line(record(1)))
    assert ran("import", "jsonl", "./-") == 0
    assert kept() == [record(1)]


@pytest.mark.parametrize(
    "command",
    ["history export --output -", "export a --output -", "export a --output - --force"],
)
def test_standard_output_can_be_named(
    command: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """As `-`; no file of that name is made."""
    fill(record(1))
    assert ran(*command.split()) == 0
    assert capsysbinary.readouterr().out == json_lines.to_line(record(1))
    assert not Path("-").exists()


def test_a_batch_is_imported_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the disk is full in the middle, what was written before stays, and the same command goes
    on with the rest.
    """
    fill()
    many = [record(number, text="x" * 300) for number in range(1, 5 * storage.BATCH)]
    Path("file").write_bytes(b"".join(map(json_lines.to_line, many)))
    prepare = storage._prepare

    def tight(connection: apsw.Connection, *, as_it_is: bool) -> None:
        prepare(connection, as_it_is=as_it_is)
        connection.pragma("max_page_count", connection.pragma("page_count") + 60)

    monkeypatch.setattr(storage, "_prepare", tight)
    assert ran("history", "import", "file") == 1
    assert "full" in capsys.readouterr().err
    assert len(kept()) in range(storage.BATCH, 5 * storage.BATCH, storage.BATCH)
    monkeypatch.setattr(storage, "_prepare", prepare)
    assert ran("history", "import", "file") == 0
    assert kept() == many


def test_what_was_imported_can_be_searched() -> None:
    """The words of a message come with it, and go with it."""
    fill()
    Path("file").write_bytes(json_lines.to_line(record(1, text="pizza at noon")))

    async def search() -> list[Record]:
        async with open_database(Path("trio-chat.db")) as database:
            return await SqliteHistory(database).search(Query({"#a": 0}, "pizza"), Span(), 10)

    ran("history", "import", "file")
    assert trio.run(search) == [record(1, text="pizza at noon")]
    ran("history", "prune", "--before", "2100-01-01", "--yes")
    assert trio.run(search) == []


def test_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Its name, in one line."""
    fill()
    assert ran("history", "import", "nowhere") == 1
    assert capsys.readouterr().err.startswith("trio-chat: nowhere: cannot be read: ")
