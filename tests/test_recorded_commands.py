"""Maintenance commands in the audit log: what changes the server, with the words of the chat."""

from pathlib import Path

import apsw
import pytest

from database_fakes import fill, ran
from import_fakes import write_tree
from remembered import record

DATABASE = "trio-chat.db"


@pytest.fixture(autouse=True)
def _here(working_directory: Path) -> None:
    """Start in a directory with an empty database."""
    fill()


def recorded() -> list[tuple[str, str]]:
    """Return actors and texts of the audit log."""
    connection = apsw.Connection(DATABASE)
    try:
        rows = connection.execute("SELECT actor, text FROM audit ORDER BY number")
        return [(str(actor), str(text)) for actor, text in rows]
    finally:
        connection.close()


def test_what_operators_change_by_commands_is_recorded(capfd: pytest.CaptureFixture[str]) -> None:
    """Who came first, whom it concerned, and for how long."""
    assert ran("ban", "add", "192.0.2.0/24", "--for", "1d", "--reason", "spam") == 0
    assert ran("ban", "remove", "192.0.2.0/24") == 0
    assert ran("filter", "add", "refuse", "*casino*") == 0
    assert ran("filter", "remove", "*casino*") == 0
    assert ran("raid", "on", "--for", "10m") == 0
    assert ran("raid", "off") == 0
    assert ran("hook", "add", "#lobby", "--name", "news") == 0
    assert ran("hook", "remove", "news") == 0
    actors, texts = zip(*recorded(), strict=True)
    assert [actor.removeprefix("trio-chat ") for actor in actors] == [
        *("ban", "ban", "filter", "filter", "raid", "raid", "hook", "hook")
    ]
    assert texts[:6] == (
        "BAN 192.0.2.0/24 for 1d: spam",
        "UNBAN 192.0.2.0/24",
        "FILTER ADD refuse *casino*",
        "FILTER DEL *casino*",
        "RAID ON 10m",
        "RAID OFF",
    )
    made, removed = texts[6:]
    assert made.startswith("HOOK ADD ")
    assert made.endswith(" news #lobby")
    assert removed.startswith("HOOK DEL ")
    assert capfd.readouterr().out.strip().rpartition("/")[2] not in made


def test_a_renewed_certificate_is_recorded(capfd: pytest.CaptureFixture[str]) -> None:
    """As over the API; a database that cannot be used prevents no renewal."""
    assert ran("certificate", "renew") == 0
    assert ran("certificate", "renew", "--authority") == 0
    assert recorded() == [
        ("trio-chat certificate", "CERTIFICATE RENEW"),
        ("trio-chat certificate", "CERTIFICATE RENEW with its authority"),
    ]
    Path(DATABASE).write_text("no database")
    assert ran("certificate", "renew") == 0
    assert "The audit log has no entry of that" in capfd.readouterr().err


def test_a_database_that_leaves_its_cluster_is_recorded() -> None:
    """Not one that belongs to none."""
    assert ran("cluster", "leave") == 1
    assert recorded() == []
    connection = apsw.Connection(DATABASE)
    connection.execute("INSERT INTO cluster VALUES (1, '1-0', '1-0', x'')")
    connection.close()
    assert ran("cluster", "leave") == 0
    assert recorded() == [("trio-chat cluster", "CLUSTER LEAVE")]


def test_what_changes_the_history_is_recorded() -> None:
    """Before the work begins: an interruption may leave a part of it."""
    write_tree(".", {"a.jsonl": ""})
    fill(record(1))
    assert ran("history", "import", "a.jsonl") == 0
    assert ran("import", "jsonl", "a.jsonl") == 0
    assert ran("history", "prune", "--before", "2026-01-01", "--channel", "a", "--yes") == 0
    assert recorded() == [
        ("trio-chat history", "HISTORY IMPORT a.jsonl"),
        ("trio-chat import", "HISTORY IMPORT jsonl: a.jsonl"),
        ("trio-chat history", "HISTORY PRUNE #a before 1767225600"),
    ]


def test_what_leaves_the_history_as_it_is_is_not_recorded() -> None:
    """A trial, and a deletion that finds nothing."""
    write_tree(".", {"a.jsonl": ""})
    assert ran("import", "jsonl", "--dry-run", "a.jsonl") == 0
    assert ran("history", "prune", "--keep-days", "1", "--yes") == 0
    assert recorded() == []


def test_what_is_refused_is_not_recorded() -> None:
    """The change and its entry are one transaction."""
    assert ran("ban", "remove", "192.0.2.0/24") == 1
    assert ran("hook", "remove", "news") == 1
    assert ran("channel", "history", "#nowhere", "30") == 1
    assert recorded() == []


@pytest.mark.parametrize("words", ["0", "0h"])
def test_raid_mode_has_an_end(words: str) -> None:
    """No duration stands for another one, such as the default."""
    assert ran("raid", "on", "--for", words) == 2
    assert recorded() == []
