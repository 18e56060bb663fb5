"""Progress of an import, which a terminal shows."""

import sys
from pathlib import Path

import apsw
import pytest

from database_fakes import Terminal, fill, kept, ran
from import_fakes import discord_document, said, slack_files, write_json, write_tree
from trio_chat.admin import importer, progress

pytestmark = pytest.mark.usefixtures("working_directory")


def make_ergo() -> None:
    """Write a history of Ergo."""
    connection = apsw.Connection("history.db")
    connection.execute(
        "CREATE TABLE history (id INTEGER PRIMARY KEY, data BLOB, msgid TEXT);"
        "CREATE TABLE sequence (history_id INTEGER PRIMARY KEY, target TEXT, nanotime INTEGER);"
        "CREATE TABLE conversations (target TEXT, correspondent TEXT, nanotime INTEGER,"
        " history_id INTEGER);"
        """INSERT INTO history VALUES (1, '{"Type":1,"Message":{"Message":"x"}}', 'k');"""
        "INSERT INTO sequence VALUES (1, '#a', 1700000000000000000)"
    )
    connection.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("discord", "a.json"),
        ("slack", "unpacked"),
        ("irc", "net", "--timezone", "UTC"),
        ("ergo", "history.db"),
        ("jsonl", "a.jsonl"),
    ],
)
def test_a_bar_shows_how_far_an_import_is(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the end, and it is removed then."""
    fill()
    write_json("a.json", discord_document(said(1_700_000_000_000)))
    message = {"type": "message", "user": "U1", "text": "x", "ts": "1700000000.000100"}
    write_tree("unpacked", dict(slack_files(d1=[message])))
    write_tree("net", {"#a/2026-01-31.log": "[12:00:00] <a> b\n"})
    make_ergo()
    ran("import", "discord", "a.json", "--database", "trio-chat.db")
    ran("history", "export", "--output", "a.jsonl")
    assert Path("a.jsonl").stat().st_size
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    assert ran("import", *arguments) == 0
    bar, _separator, rest = terminal.getvalue().rpartition("%\r")
    assert bar.startswith("\rImporting [")
    assert bar.endswith("100") or arguments[0] == "slack"
    assert not rest.partition("\r")[0].strip()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_an_interrupted_import_says_that_it_can_go_on(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If it has written something."""

    def interrupt(_self: object, position: float) -> None:
        if position > 0:
            raise KeyboardInterrupt

    fill()
    write_tree("net", {f"#{name}/2026-01-31.log": "[12:00:00] <a> b\n" for name in "ab"})
    monkeypatch.setattr(importer, "_AT_ONCE", 1)
    monkeypatch.setattr(progress.Progress, "__call__", interrupt)
    assert ran("import", "irc", "net", "--timezone", "UTC", *options) == 130
    told = "What was imported stays. The same command goes on with the rest."
    assert (told in capsys.readouterr().err) is (not options)
    assert len(kept("#a")) == (not options)
