"""`trio-chat operator` and `trio-chat ban`: their output, changes and refusals."""

import io
import re
import sys
from pathlib import Path

import pytest
import trio

from database_fakes import Terminal, ran
from trio_chat.admin import passwords
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.persistence import ChangeSet
from trio_chat.config import load
from trio_chat.server.accounts import COSTS
from trio_chat.storage.bans import SqliteBans
from trio_chat.storage.database import open_database
from trio_chat.storage.state import SqliteStateStore

DATABASE = Path("trio-chat.db")
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def _here(working_directory: Path) -> None:
    """Start in a directory with an empty database and a cheap hash."""
    Path("config.ini").write_text("[accounts]\nhash_cost = low\n[limits]\nserver_bans = 3\n")
    bans()


def bans(*new: Ban) -> list[Ban]:
    """Have a server make bans; return all there are."""

    async def work() -> list[Ban]:
        async with open_database(DATABASE) as database:
            table = SqliteBans(database)
            await SqliteStateStore(database).save(ChangeSet(bans={ban.key: ban for ban in new}))
            return await table.load()

    return trio.run(work)


def test_a_hash_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is what config.ini takes, and fits the password and no other."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\r\nnot this line\n"))
    assert ran("operator", "hash", "--stdin") == 0
    hashed = capsys.readouterr().out.strip()
    assert COSTS["low"].verify(hashed, PASSWORD)
    assert not COSTS["low"].verify(hashed, "another")
    Path("config.ini").write_text(f"[operator anna]\npassword = {hashed}\n")
    assert load(None).operators[0].password == hashed
    assert hashed not in repr(load(None))


def test_a_hash_for_a_configuration_that_lacks_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The section of the operator may be there already."""
    Path("config.ini").write_text("[operator anna]\nrights = kill\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    assert ran("operator", "hash", "--stdin") == 0
    assert capsys.readouterr().out.startswith("$argon2id$")


@pytest.mark.parametrize(("typed", "code"), [([PASSWORD, PASSWORD], 0), ([PASSWORD, "another"], 1)])
def test_a_hash_of_what_is_typed_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: list[str], code: int
) -> None:
    """A slip is noticed."""
    answers = iter(typed)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(passwords, "getpass", lambda prompt: next(answers))
    assert ran("operator", "hash") == code
    assert capsys.readouterr().out.startswith("$argon2id$") is (code == 0)


@pytest.mark.parametrize("password", ["", "short", "x" * 601, "a\x07bell rings"])
def test_what_is_no_password_for_an_operator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], password: str
) -> None:
    """Too short, too long, or with control characters."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    assert ran("operator", "hash", "--stdin") == 1
    assert "at least 8 characters" in capsys.readouterr().err


def test_nobody_is_there_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard input is read only when that is asked for."""
    assert ran("operator", "hash") == 2
    assert "--stdin" in capsys.readouterr().err


def test_bans_are_made_listed_and_lifted(capsys: pytest.CaptureFixture[str]) -> None:
    """An address or network is one, anything else a mask."""
    assert ran("ban", "add", "192.0.2.7/24", "--for", "1d12h", "--reason", "spam\x1b[2J") == 0
    assert ran("ban", "add", "x*!*@203.0.113.0/24") == 0
    first, second = sorted(bans(), key=lambda ban: ban.kind.value)
    assert (first.kind, first.mask, first.expires - first.created) == (
        BanKind.ADDRESS,
        "192.0.2.0/24",
        129_600,
    )
    assert (second.kind, second.mask, second.expires) == (BanKind.MASK, "x*!*@203.0.113.0/24", 0)
    assert "\x1b" not in first.reason
    capsys.readouterr()
    assert ran("ban", "list") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert sorted(fields[0] for fields in lines) == ["192.0.2.0/24", "x*!*@203.0.113.0/24"]
    assert all(fields[3] == "trio-chat ban" for fields in lines)
    assert ran("ban", "remove", "192.0.2.0/24") == ran("ban", "remove", "X*!*@203.0.113.9/24") == 0
    assert bans() == []


@pytest.mark.parametrize(
    "mask",
    [
        "203.0.113.0/33",
        "*!*@203.0.113.0/33",
        "bob!*@203.0.113/24",
        "7days",
        "*!*@*.example.org",
        "*!*@0.0.0.0/0",
    ],
)
def test_a_ban_that_can_cover_nobody_is_refused(
    capsys: pytest.CaptureFixture[str], mask: str
) -> None:
    """With the reason, and nothing is banned."""
    assert ran("ban", "add", mask, "--for", "7days") == 1
    assert re.search("neither an address|can cover nobody|too wide", capsys.readouterr().err)
    assert bans() == []


@pytest.mark.parametrize("mask", ["7days!*@*", "*!*@203.0.113.9/24", "*!*@203.0.113.0/33"])
def test_an_old_ban_can_be_lifted(mask: str) -> None:
    """A mask that would be refused now can be removed."""
    bans(Ban(BanKind.MASK, mask, "root", "x", 1))
    assert ran("ban", "remove", mask) == 0
    assert bans() == []


def test_a_suspended_account_is_lifted_by_its_name() -> None:
    """As `ban list` shows it."""
    bans(Ban(BanKind.ACCOUNT, "Anna", "root", "x", 1, account_id=7))
    assert ran("ban", "remove", "anna") == 0
    assert bans() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "0.0.0.0/0"), "too wide"),
        (("add", "*!*@*"), "nearly everybody"),
        (("remove", "192.0.2.1"), "no ban of 192.0.2.1"),
    ],
)
def test_what_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """In one line, with exit code 1."""
    assert ran("ban", *arguments) == 1
    assert words in capsys.readouterr().err


def test_the_number_of_bans_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    """As many as [limits] server_bans allows."""
    for number in range(3):
        assert ran("ban", "add", f"192.0.2.{number}") == 0
    assert ran("ban", "add", "192.0.2.9") == 1
    assert "3 bans already" in capsys.readouterr().err


def test_a_wrong_duration(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with 2."""
    assert ran("ban", "add", "192.0.2.1", "--for", "soon") == 2
    assert "1d12h" in capsys.readouterr().err
