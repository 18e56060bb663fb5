"""Commands of `trio-chat` on the database of a server of a cluster: those that would change state
which only the log changes refuse.
"""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from database_fakes import fill, ran
from remembered import record
from trio_chat.storage.schema import is_of_cluster, migrate

DATABASE = Path("trio-chat.db")
PASSWORD = ("--password-file", "password")
ROW = "INSERT INTO cluster VALUES (1, '5-0', '5-0', x'')"


@pytest.fixture(autouse=True)
def _database(working_directory: Path) -> None:
    """Start with a database of a cluster, with an account, a deleted one, and messages."""
    Path("config.ini").write_text("[accounts]\nhash_cost = low\nregistration = invitation\n")
    Path("password").write_text("correct horse\n")
    Path("a.log").touch()
    fill(record(1), record(2))
    for words in (
        ("add", "Ann", *PASSWORD),
        ("add", "bob", *PASSWORD),
        ("delete", "bob", "--yes"),
    ):
        assert ran("account", *words) == 0
    assert ran("ban", "add", "eve!*@*") == 0
    assert ran("history", "export", "--output", "old.jsonl") == 0
    execute(ROW)


def execute(statement: str) -> list[tuple[object, ...]]:
    """Do something in the database itself."""
    with closing(apsw.Connection(str(DATABASE))) as connection:
        return list(connection.execute(statement))


def contents() -> list[object]:
    """Return what the tables have that the commands would change."""
    tables = ("account", "dropped", "ban", "invitation", "channel", "message", "wish")
    return [execute(f"SELECT * FROM {table}") for table in tables]  # names of ours


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (("account", "add", "eve", *PASSWORD), "NickServ SAREGISTER"),
        (("account", "passwd", "ann", *PASSWORD), "NickServ SAPASSWD"),
        (("account", "delete", "ann", "--yes"), "NickServ SADROP"),
        (("account", "forget", "ann", "--yes"), "NickServ SADROP"),
        (("account", "free", "bob"), "NickServ FREE"),
        (("ban", "add", "eva!*@*"), "/kline"),
        (("ban", "remove", "eve!*@*"), "/unkline"),
        (("invite", "--account"), "INVITATION"),
        (("invite", "--revoke", "abcd"), "INVITATION"),
        (("channel", "history", "#a", "3"), "ChanServ SET"),
        (("uploads", "remove", "A" * 22), "-X DELETE"),
        (("uploads", "remove", "--missing"), "-X DELETE"),
        (("history", "import", "old.jsonl"), "before the first server"),
        (("import", "jsonl", "old.jsonl"), "before the first server"),
        (("import", "irc", ".", "--timezone", "UTC"), "before the first server"),
        (("import", "ergo", "password"), "NickServ SAREGISTER"),
    ],
)
def test_a_command_that_changes_state_refuses(
    words: tuple[str, ...], instead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what to use instead, and changes nothing."""
    before = contents()
    assert ran(*words) == 1
    error = capsys.readouterr().err
    assert "belongs to a cluster" in error
    assert instead in error
    assert contents() == before


@pytest.mark.parametrize(
    "words",
    [
        ("account", "list"),
        ("account", "dropped"),
        ("account", "export", "ann"),
        ("ban", "list"),
        ("invite", "--list"),
        ("channel", "list"),
        ("history", "export"),
        ("uploads", "list"),
        ("backup", "copy.db"),
        ("db", "check"),
    ],
)
def test_a_command_that_reads_goes_on(words: tuple[str, ...]) -> None:
    """Also a backup, from which another server of the cluster starts."""
    assert ran(*words) == 0


@pytest.mark.parametrize(
    "words",
    [
        ("history", "prune", "--before", "2100-01-01", "--yes"),
        ("account", "forget", "bob", "--yes"),
    ],
)
def test_messages_of_one_server_are_deleted(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """No state depends on them; the command says that the other servers still have them."""
    execute("UPDATE message SET account = 'bob', account_id = 2")
    assert ran(*words) == 0
    assert execute("SELECT * FROM message") == []
    assert "give this command there, too" in capsys.readouterr().err


def test_a_database_without_the_table_or_a_row_belongs_to_no_cluster() -> None:
    """One with an older schema cannot."""
    with closing(apsw.Connection(":memory:")) as connection:
        assert not is_of_cluster(connection)
        migrate(connection)
        assert not is_of_cluster(connection)
        connection.execute(ROW)
        assert is_of_cluster(connection)


def test_without_a_cluster_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The same database, once it has left its cluster."""
    execute("DELETE FROM cluster")
    assert ran("account", "delete", "ann", "--yes") == 0
    assert ran("history", "prune", "--before", "2100-01-01", "--yes") == 0
    assert "cluster" not in capsys.readouterr().err
