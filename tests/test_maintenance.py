"""The commands for who looks after a server: what they write, what they take, what they refuse, how
they end.
"""

import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from remembered import NOW, record, records
from trio_chat import cli
from trio_chat.admin import console
from trio_chat.admin.new_file import FileError, new_file
from trio_chat.chat.history import Query, Record, Span
from trio_chat.chat.ids import first_id
from trio_chat.i18n import install
from trio_chat.storage import lines, schema
from trio_chat.storage import maintenance as storage
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

DAY = 86_400.0


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start in an empty directory with an English user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    yield
    install("en")


def fill(*records: Record, name: str = "trio-chat.db") -> list[Record]:
    """Make a database with these messages in it."""

    async def commit() -> None:
        async with open_database(Path(name)) as database:
            if records:
                await SqliteHistory(database).commit(records)

    trio.run(commit)
    return list(records)


def kept(buffer: str = "#a", name: str = "trio-chat.db") -> list[Record]:
    """Return all messages of a channel."""

    async def messages() -> list[Record]:
        async with open_database(Path(name)) as database:
            return await SqliteHistory(database).messages(buffer, Span(), 1_000_000, 0)

    return trio.run(messages)


def ran(*arguments: str) -> int:
    """Run a command and return its exit code."""
    return cli.main(list(arguments))


# ---------------------------------------------------------------------------------------------------------
# export and import


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


@given(st.lists(records, max_size=30, unique_by=lambda message: message.id))
def test_what_was_exported_can_be_imported(
    tmp_path_factory: pytest.TempPathFactory, messages: list[Record]
) -> None:
    """An export, read into the database as it was when it was empty, gives the same messages,
    everywhere and in order.
    """
    directory = tmp_path_factory.mktemp("round")
    source, target, file = (
        str(directory / name) for name in ("source.db", "target.db", "file.jsonl")
    )
    fill(name=source)
    add_accounts(source, "ann", "борис")
    shutil.copy(source, target)
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
    assert [lines.from_line(each) for each in capfdbinary.readouterr().out.splitlines()] == messages


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
        lines.to_line(record(5)) + lines.to_line(record(5, "#b")) + lines.to_line(record(4))
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
        + lines.to_line(record(1))
        + b"what\x1b[2J\n\n"
        + lines.to_line(record(2))
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


def test_standard_input_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, so that it can be unpacked on the way."""
    fill()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.to_line(record(1)))))
    assert ran("history", "import") == 0
    assert kept() == [record(1)]


def test_a_batch_is_imported_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the disk is full in the middle, what was written before stays, and the same command goes
    on with the rest.
    """
    fill()
    many = [record(number, text="x" * 300) for number in range(1, 5 * storage.BATCH)]
    Path("file").write_bytes(b"".join(map(lines.to_line, many)))
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
    Path("file").write_bytes(lines.to_line(record(1, text="pizza at noon")))

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


# ----------------------------------------------------------------------------------------------------------------------
# prune


def test_what_is_older_is_deleted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to the date and not further, in all channels, batch by batch."""
    monkeypatch.setattr(storage, "BATCH", 2)
    date = first_id(1_767_225_600)  # 2026-01-01
    fill(*(record(date + place, "#ab"[: 2 + place % 2]) for place in range(-5, 2)))
    assert ran("history", "prune", "--before", "2026-01-01", "--yes") == 0
    assert capsys.readouterr().err == "5 messages and events were deleted.\n"
    assert [message.id - date for message in (*kept("#a"), *kept("#ab"))] == [0, 1]


def test_events_are_deleted_too() -> None:
    """Who came and left is as old as what was said then."""
    fill(record(1), Record("#a", 2, "JOIN", "ann!a@h", "", "", params=("*", "Ann")))
    assert ran("history", "prune", "--before", "2100-01-01", "--yes") == 0
    connection = apsw.Connection("trio-chat.db")
    assert connection.execute("SELECT count(*) FROM event").get == 0
    connection.close()


def test_what_is_said_meanwhile_stays() -> None:
    """Also when the date is far away: a server that is busy would keep it going for ever."""
    fill(record(1))
    later = []
    with storage.opened(Path("trio-chat.db")) as connection:
        deleted = storage.prune(
            connection,
            NOW,
            None,
            lambda done: later.append(storage.add(connection, [record(1 + done)])),
        )
    assert (deleted, kept()) == (1, [record(2)])


def test_one_channel_is_pruned() -> None:
    """The others keep what they have."""
    fill(record(1), record(2, "#b"))
    assert ran("history", "prune", "--before", "2100-01-01", "--channel", "b", "--yes") == 0
    assert (kept(), kept("#b")) == ([record(1)], [])


def test_so_many_days_are_kept() -> None:
    """--keep-days counts from now."""
    old, new = (record(first_id(time.time() - days * DAY)) for days in (3, 1))
    fill(old, new)
    assert ran("history", "prune", "--keep-days", "2", "--yes") == 0
    assert kept() == [new]


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [("y\n", 0, 0), ("да\n", 0, 0), ("\n", 1, 1), ("", 1, 1), ("n\n", 1, 1)],
)
def test_who_can_be_asked_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    left: int,
) -> None:
    """How many, until when, where; and only yes means yes."""
    fill(record(first_id(1_767_225_599)))
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert ran("history", "prune", "--before", "2026-01-01") == code
    assert (
        "Delete 1 message or event from before 2026-01-01T00:00:00.000Z in all channels? [y/N]"
        in capsys.readouterr().err
    )
    assert len(kept()) == left


def test_nothing_is_deleted_when_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must say --yes."""
    fill(record(1))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert ran("history", "prune", "--before", "2026-01-01") == 2
    assert "--yes" in capsys.readouterr().err
    assert kept() == [record(1)]


def test_a_server_that_writes_is_not_locked_out() -> None:
    """Between two batches there is room for somebody else's message."""
    fill(*(record(number) for number in range(1, 4 * storage.BATCH)))
    other = apsw.Connection("trio-chat.db")
    with storage.opened(Path("trio-chat.db")) as connection:
        storage.prune(
            connection,
            NOW,
            None,
            lambda done: other.execute("INSERT INTO buffer (name) VALUES (?)", (f"#{done}",)),
        )
    assert other.execute("SELECT count(*) FROM buffer").get > 3
    other.close()


# ---------------------------------------------------------------------------------------------------------------------
# backup


def test_a_backup_is_the_database() -> None:
    """Everything is in it, in one file that only its owner can read."""
    messages = fill(*map(record, range(1, 2000)))
    assert ran("backup", "copy.db") == 0
    assert sorted(path.name for path in Path().iterdir()) == ["copy.db", "trio-chat.db"]
    if os.name == "posix":
        assert stat.S_IMODE(Path("copy.db").stat().st_mode) == 0o600
    assert ran("db", "check", "--database", "copy.db") == 0
    assert kept(name="copy.db") == messages


def test_a_backup_is_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said while it is made is not in it, and does not make it begin again."""
    messages = fill(*map(record, range(1, 2000)))
    monkeypatch.setattr("trio_chat.storage.backup._STEPS_PER_LOOK", 100)
    other = apsw.Connection("trio-chat.db")
    seen = []

    def say(self: object, done: int) -> None:
        seen.append(done)
        other.execute("INSERT INTO buffer (name) VALUES (?)", (f"#new{len(seen)}",))

    monkeypatch.setattr("trio_chat.admin.progress.Progress.__call__", say)
    assert ran("backup", "copy.db") == 0
    other.close()
    assert len(seen) > 5
    assert seen == sorted(seen)
    copy = apsw.Connection("copy.db")
    assert copy.execute("SELECT count(*) FROM buffer").get == 1
    copy.close()
    assert kept(name="copy.db") == messages


def test_a_backup_replaces_nothing_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Yesterday's may be all there is."""
    fill(record(1))
    Path("copy.db").write_text("yesterday")
    assert ran("backup", "copy.db") == 1
    assert "--force" in capsys.readouterr().err
    assert Path("copy.db").read_text() == "yesterday"
    assert ran("backup", "--force", "copy.db") == 0
    assert kept(name="copy.db") == [record(1)]


@pytest.mark.skipif(os.name != "posix", reason="making links needs rights on Windows")
@pytest.mark.parametrize(
    "name",
    ["trio-chat.db", "trio-chat.db-wal", "./trio-chat.db-shm", "link.db", "hard.db", "directory"],
)
@pytest.mark.parametrize("command", [["backup"], ["history", "export", "--output"]])
def test_the_database_is_never_replaced(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by any of its names, and not with --force."""
    fill(record(1))
    Path("link.db").symlink_to("trio-chat.db")
    Path("hard.db").hardlink_to("trio-chat.db")
    Path("directory").mkdir()
    assert ran(*command, name, "--force") == 1
    assert capsys.readouterr().err.startswith("trio-chat: ")
    assert kept() == [record(1)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_file_that_was_not_finished_is_not_there(error: Exception) -> None:
    """Neither half of it nor anything beside it; and what was there before still is."""
    Path("file").write_text("before")
    with (
        suppress(KeyboardInterrupt, FileError),
        new_file(Path("file"), Path("x.db"), replace=True) as part,
    ):
        part.write_text("half")
        Path(f"{part}-journal").write_text("half")
        raise error
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [("file", "before")]


def test_a_place_where_nothing_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The path and the reason, in one line."""
    fill(record(1))
    assert ran("backup", "nowhere/copy.db") == 1
    assert capsys.readouterr().err == "trio-chat: nowhere/copy.db: No such file or directory\n"


# ----------------------------------------------------------------------------------------------------------
# check and refusals


def test_a_sound_database_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    """And what is in it is counted."""
    fill(record(NOW), record(NOW + 1, "#b"))
    assert ran("db", "check") == 0
    told = capsys.readouterr().out.splitlines()
    assert {
        "database: trio-chat.db",
        f"schema: {len(schema.steps())}",
        "channels: 2",
        "messages: 2",
        "state: sound",
    } <= set(told)


def test_a_damaged_database_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and what SQLite found."""
    fill(*map(record, range(1, 3000)))
    with Path("trio-chat.db").open("r+b") as file:
        file.seek(4096 * 40)
        file.write(b"\xa5" * 4096 * 10)
    assert ran("db", "check") == 1
    assert "DAMAGED" in capsys.readouterr().out


def test_a_backup_of_a_damaged_database_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is left with a copy in which something is wrong, though it can be read."""
    fill(record(NOW))
    with closing(apsw.Connection("trio-chat.db")) as connection:
        connection.execute(
            "CREATE TABLE wrong (x); INSERT INTO wrong VALUES (NULL); PRAGMA writable_schema = ON"
        )
        connection.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE TABLE wrong (x NOT NULL)' WHERE name = 'wrong'"
        )
    assert ran("backup", "copy.db") == 1
    assert "the copy is not whole" in capsys.readouterr().err
    assert not Path("copy.db").exists()


def test_a_message_of_no_channel_is_damage(capsys: pytest.CaptureFixture[str]) -> None:
    """What belongs to something that is not there is found too."""
    fill(record(1))
    connection = sqlite3.connect("trio-chat.db")
    connection.execute("DELETE FROM buffer")
    connection.commit()
    connection.close()
    assert ran("db", "check") == 1
    assert "message: row ? belongs to a buffer that is not there" in capsys.readouterr().out


COMMANDS = [
    ["history", "export"],
    ["history", "import", os.devnull],
    ["history", "prune", "--keep-days", "9", "--yes"],
    ["backup", "copy.db"],
    ["db", "check"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_not_there(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and none is made."""
    assert ran(*command) == 1
    assert capsys.readouterr() == (
        "",
        "trio-chat: trio-chat.db: there is no such database; a server makes one when it starts\n",
    )
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"PRAGMA user_version = {len(schema.steps()) + 1}", "newer version of trio-chat"),
        ("PRAGMA application_id = 7", "another program"),
    ],
)
def test_a_database_of_somebody_else(
    command: list[str], change: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The words of the server, and nothing is read or changed."""
    fill(record(1))
    connection = sqlite3.connect("trio-chat.db")
    connection.execute(change)
    connection.commit()
    connection.close()
    assert ran(*command) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("content", [b"", b"holiday pictures " * 100])
def test_a_file_that_is_no_database(
    command: list[str], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and the file stays as it is."""
    Path("trio-chat.db").write_bytes(content)
    assert ran(*command) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert Path("trio-chat.db").read_bytes() == content


@pytest.mark.parametrize(("command", "code"), list(zip(COMMANDS, (1, 1, 1, 0, 0), strict=True)))
def test_an_older_schema_is_left_to_the_server(
    command: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be running. A copy can be taken before it is updated, and a check be made."""
    connection = apsw.Connection("trio-chat.db")
    connection.execute(
        f"{schema.steps()[0]}; PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA"
        " user_version = 1"
    )
    connection.close()
    assert ran(*command) == code
    assert code == 0 or "start the server once" in capsys.readouterr().err
    connection = apsw.Connection("trio-chat.db")
    assert connection.pragma("user_version") == 1
    connection.close()


def test_the_database_of_the_configuration_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """The one that the server of that configuration uses."""
    Path("sub").mkdir()
    Path("sub/other.ini").write_text("[storage]\nfile = mine.db\n")
    fill(record(1), name="sub/mine.db")
    assert ran("db", "check", "--config", "sub/other.ini") == 0
    assert "messages: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["history"], "COMMAND"),
        (["db"], "COMMAND"),
        (["backup"], "FILE"),
        (["history", "prune"], "--before --keep-days"),
        (["history", "prune", "--before", "2026-01-01", "--keep-days", "1"], "not allowed with"),
        (["history", "prune", "--before", "yesterday"], "not a date"),
        (["history", "prune", "--before", "2026-02-31"], "not a date"),
        (["history", "prune", "--keep-days", "0"], "1 to 36500"),
        (["history", "prune", "--keep-days", "-1"], "1 to 36500"),
        (["history", "prune", "--keep-days", "9" * 5000], "1 to 36500"),
        (["history", "export", "--channel", "a b"], "not the name of a channel"),
        (["history", "export", "--channel", ""], "not the name of a channel"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As everywhere else, with words that help."""
    fill()
    assert ran(*arguments) == 2
    assert words in capsys.readouterr().err


def test_a_configuration_without_a_database_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is remembered there, so there is nothing to look after."""
    Path("config.ini").write_text("[storage]\nfile = none\n")
    assert ran("db", "check") == 2
    assert "--database" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["history"],
        ["db"],
        *(command[:2] for command in COMMANDS if command[0] != "backup"),
        ["backup"],
    ],
)
def test_help_has_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every help ends with commands to copy."""
    assert ran(*command, "--help") == 0
    assert "examples:\n  trio-chat " in capsys.readouterr().out


# ----------------------------------------------------------------------------------------------------------
# a terminal, Ctrl-C


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar while it works, gone when it is done; what is told stands in a line of its own."""
    monkeypatch.setattr(storage, "PAGE", 5)
    monkeypatch.setattr("trio_chat.admin.progress._INTERVAL", 0.0)
    fill(*map(record, range(1, 11)))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert ran("history", "export", "--output", "file") == 0
    shown = terminal.getvalue()
    assert "Exporting [####################--------------------]  50%" in shown
    assert "Exporting [########################################] 100%" in shown
    assert shown.split("\r")[-2].strip() == ""
    assert shown.endswith("\r10 messages were written.\n")


@pytest.mark.skipif(os.name != "posix", reason="needs a signal to itself")
def test_ctrl_c_ends_a_long_statement() -> None:
    """Python gets to see it while SQLite works, and the exit code is that of an interruption."""
    fill(*map(record, range(1, 100)))
    long = (
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 300000000) SELECT"
        " max(x) FROM n"
    )

    def forever() -> int:
        with storage.opened(Path("trio-chat.db")) as connection:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            connection.execute(long).fetchall()
        return 0

    with pytest.raises(KeyboardInterrupt):
        console.guarded(forever)
