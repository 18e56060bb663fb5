"""The commands for a database: damage, wrong usage, a terminal, and Ctrl-C."""

import os
import signal
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from database_fakes import Terminal, fill, ran
from remembered import NOW, record
from trio_chat.admin import console
from trio_chat.storage import maintenance as storage
from trio_chat.storage import schema

pytestmark = pytest.mark.usefixtures("working_directory")


def test_a_sound_database_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    """And what is in it is counted."""
    fill(record(NOW), record(NOW + 1, "#b"))
    assert ran("db", "check") == 0
    told = capsys.readouterr().out.splitlines()
    assert {
        "database: trio-chat.db",
        f"schema: {len(schema.migrations())}",
        "channels: 2",
        "messages: 2",
        "state: sound",
    } <= set(told)


def test_a_damaged_database_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and what SQLite found."""
    fill(*map(record, range(1, 3000)))
    with Path("trio-chat.db").open("r+b") as file:
        file.seek(4096 * 90)  # behind the tables that are read to count
        file.write(b"\xa5" * 4096 * 10)
    assert ran("db", "check") == 1
    assert "DAMAGED" in capsys.readouterr().out


def overwrite(first: int, count: int) -> None:
    """Overwrite bytes of the database."""
    with Path("trio-chat.db").open("r+b") as file:
        file.seek(first)
        file.write(b"\xa5" * count)


def damage(kind: str) -> None:
    """Damage the database."""
    fill(*map(record, range(1, 3000)))
    with closing(apsw.Connection("trio-chat.db")) as connection:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        table, words = (
            4096 * (int(connection.execute(query, (name,)).get) - 1)
            for name in ("message", "term_data")
        )
    match kind:
        case "half of the file":
            os.truncate("trio-chat.db", Path("trio-chat.db").stat().st_size // 2)
        case "a few bytes":
            os.truncate("trio-chat.db", 50)
        case "header":
            overwrite(0, 100)
        case "schema":
            overwrite(100, 3996)
        case "table":
            overwrite(table, 4096)
        case "index of words":
            overwrite(words, 4096)


CLOSED = ["half of the file", "a few bytes", "header", "schema"]
READABLE = ["table", "index of words"]


@pytest.mark.parametrize("kind", [*CLOSED, *READABLE])
def test_a_check_says_what_to_do(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """To restore a backup, and not to check."""
    damage(kind)
    assert ran("db", "check") == 1
    told = "".join(capsys.readouterr())
    assert ("cannot even be opened" if kind in CLOSED else "the check ended here") in told
    assert "eep this file, and restore a backup" in told
    assert "see `trio-chat db check`" not in told


@pytest.mark.parametrize("kind", [*CLOSED, *READABLE])
def test_a_backup_says_that_the_database_is_damaged(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not the copy, of which nothing is left."""
    damage(kind)
    assert ran("backup", "copy.db") == 1
    told = capsys.readouterr().err
    assert told.startswith("trio-chat: trio-chat.db: it is damaged")
    assert "restore a backup" in told
    assert not [*Path().glob("*copy.db*")]


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
READERS = [
    ["account", "list"],
    ["account", "dropped"],
    ["account", "export", "ann"],
    ["channel", "list"],
    ["ban", "list"],
]
WRITERS = [
    ["account", "delete", "ann", "--yes"],
    ["account", "forget", "ann", "--yes"],
    ["account", "free", "bob"],
    ["ban", "add", "192.0.2.1"],
    ["ban", "remove", "192.0.2.2"],
]
EVERY_COMMAND = [*COMMANDS, *READERS, *WRITERS]


@pytest.mark.parametrize("command", EVERY_COMMAND)
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


@pytest.mark.parametrize("command", EVERY_COMMAND)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"PRAGMA user_version = {len(schema.migrations()) + 1}", "newer version of trio-chat"),
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


@pytest.mark.parametrize("command", EVERY_COMMAND)
@pytest.mark.parametrize("content", [b"", b"holiday pictures " * 100])
def test_a_file_that_is_no_database(
    command: list[str], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and the file stays as it is."""
    Path("trio-chat.db").write_bytes(content)
    assert ran(*command) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert Path("trio-chat.db").read_bytes() == content


@pytest.mark.parametrize("command", [*COMMANDS[:3], *READERS, *WRITERS])
@pytest.mark.parametrize("change", ["UPDATE setting SET value = 'pre is'", "DELETE FROM setting"])
def test_a_case_mapping_that_cannot_be_understood_is_damage(
    command: list[str], change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names the file: without its case mapping no name in it can be compared."""
    fill(record(1))
    with closing(apsw.Connection("trio-chat.db")) as connection:
        connection.execute(change)
    assert ran(*command) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("trio-chat: trio-chat.db: it is damaged")
    assert output.err.count("\n") == 1


def fill_for_writers() -> None:
    """Make a database in which every command that writes finds what it changes."""
    fill(record(1))
    with closing(apsw.Connection("trio-chat.db")) as connection:
        connection.execute(
            "INSERT INTO account (folded, name, created, password, scram_salt, scram_iterations,"
            " scram_stored_key, scram_server_key) VALUES ('ann', 'ann', 1, '', '', 1, '', '')"
        )
        connection.execute("INSERT INTO dropped VALUES ('bob', 'bob', 1, 9, 1)")
        connection.execute("INSERT INTO ban VALUES ('d', '192.0.2.2', '192.0.2.2', '', '', 1, 0)")


@pytest.mark.parametrize("command", WRITERS)
def test_a_database_that_cannot_be_written(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says so, as for a read-only directory, and nothing is changed."""
    fill_for_writers()
    prepare = storage._prepare

    def prepare_read_only(connection: apsw.Connection, *, as_it_is: bool) -> None:
        prepare(connection, as_it_is=as_it_is)
        connection.pragma("query_only", True)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "_prepare", prepare_read_only)
        assert ran(*command) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert "SQLITE_READONLY" in output.err
    assert ran("account", "export", "ann") == 0


def test_a_full_disk_ends_an_import_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not fit is not imported, and the database stays as it was."""
    fill(*(record(NOW + number) for number in range(100)), name="other.db")
    assert ran("history", "export", "--output", "m.jsonl", "--database", "other.db") == 0
    fill()
    capsys.readouterr()
    prepare = storage._prepare

    def prepare_full(connection: apsw.Connection, *, as_it_is: bool) -> None:
        prepare(connection, as_it_is=as_it_is)
        connection.pragma("max_page_count", 1)  # SQLite raises it to the present size

    monkeypatch.setattr(storage, "_prepare", prepare_full)
    assert ran("history", "import", "m.jsonl") == 1
    assert capsys.readouterr().err == (
        "trio-chat: trio-chat.db: the disk is full (SQLITE_FULL: database or disk is full)\n"
    )


@pytest.mark.parametrize(("command", "code"), list(zip(COMMANDS, (1, 1, 1, 0, 0), strict=True)))
def test_an_older_schema_is_left_to_the_server(
    command: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be running. A copy can be taken before it is updated, and a check be made."""
    connection = apsw.Connection("trio-chat.db")
    connection.execute(
        f"{schema.migrations()[0]}; PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA"
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


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A progress bar disappears at the end, and messages have lines of their own."""
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
        with storage.connected(Path("trio-chat.db")) as connection:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            connection.execute(long).fetchall()
        return 0

    with pytest.raises(KeyboardInterrupt):
        console.with_errors_reported(forever)
