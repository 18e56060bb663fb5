"""The migration of a database from account names to numbers: data with an owner, and data without
one.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from trio_chat.chat.ids import first_id
from trio_chat.storage.accounts import dropped_accounts, every_account
from trio_chat.storage.bans import every_ban
from trio_chat.storage.schema import APPLICATION_ID, migrate, migrations

BEFORE = 17
"""The steps after which an account was still its name."""
ANN, BOB, EVE = 1, 2, 3
"""The numbers that accounts get, in the order in which they were registered."""
REGISTERED = {"Ann": 1_790_000_000, "bob": 1_790_001_000, "Ева": 1_790_002_000}
EARLY, MIDDLE, LATE = (
    first_id(seconds) for seconds in (1_789_999_999, 1_790_000_500, 1_790_003_000)
)
"""Before anybody was registered; when Ann was, and bob was not; and when all were."""


@pytest.fixture
def old(tmp_path: Path) -> Iterator[apsw.Connection]:
    """Return a database as it was before, with accounts in it."""
    with closing(apsw.Connection(str(tmp_path / "old.db"))) as connection:
        connection.pragma("foreign_keys", True)
        for number, step in enumerate(migrations()[:BEFORE], 1):
            connection.execute(step)
            connection.pragma("user_version", number)
        connection.pragma("application_id", APPLICATION_ID)
        for name, created in REGISTERED.items():
            row = (name.lower(), name, created, "hash", b"s", 1, b"k", b"K")
            connection.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        yield connection


def say(
    connection: apsw.Connection, buffer: str, number: int, account: str, *, table: str = "message"
) -> None:
    """Have an account say something, or with the table `event` do something."""
    connection.execute("INSERT OR IGNORE INTO buffer (name) VALUES (?)", (buffer,))
    place = connection.execute("SELECT id FROM buffer WHERE name = ?", (buffer,)).get
    row = (place, number, 0, "PRIVMSG", "a!b@c", account, "x", "")
    connection.execute(
        f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", row
    )  # a name of ours


def said(connection: apsw.Connection, table: str = "message") -> dict[int, tuple[str, str, int]]:
    """Return where each message is, under which name it was said, and whose it is."""
    query = (
        f"SELECT {table}.id, name, account, account_id FROM {table} JOIN buffer ON buffer.id ="
        " buffer ORDER BY 1"
    )
    return {
        number: (name, account, owner) for number, name, account, owner in connection.execute(query)
    }


def test_accounts_have_numbers_and_passwords(old: apsw.Connection) -> None:
    """In the order in which they were registered; a number is never used again."""
    migrate(old)
    assert [(account.name, account.id) for account in every_account(old)] == [
        ("Ann", ANN),
        ("bob", BOB),
        ("Ева", EVE),
    ]
    assert old.execute(
        "SELECT password, scram_salt, scram_server_key FROM account WHERE id = 3"
    ).fetchone() == (
        "hash",
        b"s",
        b"K",
    )
    old.execute("DELETE FROM account WHERE id = 3")
    old.execute("INSERT INTO account VALUES (NULL, 'tom', 'tom', 1, '', x'', 0, x'', x'', 0)")
    assert [(account.name, account.id) for account in every_account(old)] == [
        ("Ann", ANN),
        ("bob", BOB),
        ("tom", 4),
    ]


def test_a_step_that_fails_leaves_the_old_schema(old: apsw.Connection) -> None:
    """Also the steps before it are not taken, so that the program of before can use the file."""
    old.execute("CREATE TABLE scheduled (id INTEGER)")  # it is in the way of a late step
    with pytest.raises(apsw.SQLError):
        migrate(old)
    assert old.pragma("user_version") == BEFORE
    assert not old.table_exists(None, "identity")  # of a step before that one


@pytest.mark.parametrize("table", ["message", "event"])
def test_whose_messages_are(old: apsw.Connection, table: str) -> None:
    """Those of the account of that name; not those of one that is gone, nor of a former one of the
    same name, nor a guest's.
    """
    for number, account in (
        (LATE, "Ann"),
        (LATE + 1, "gone"),
        (EARLY, "Ann"),
        (MIDDLE, "bob"),
        (LATE + 2, ""),
        (LATE + 3, "Ева"),
    ):
        say(old, "#a", number, account, table=table)
    migrate(old)
    assert {number: owner for number, (_name, _account, owner) in said(old, table).items()} == {
        EARLY: 0,
        MIDDLE: 0,
        LATE: ANN,
        LATE + 1: 0,
        LATE + 2: 0,
        LATE + 3: EVE,
    }
    assert said(old, table)[MIDDLE][1] == "bob"


def test_conversations_are_those_of_numbers(old: apsw.Connection) -> None:
    """A conversation with a deleted account, or from before the registration, is like one with a
    guest of that name.
    """
    for number, buffer in (
        (LATE, "ann,bob"),
        (MIDDLE, "ann,bob"),
        (EARLY, "ann,bob"),
        (LATE + 1, "ann,gone"),
        (LATE + 2, "ann,~gone"),
        (LATE + 3, "ann,ева"),
        (LATE + 4, "bob,bob"),
        (LATE + 5, "gone,lost"),
        (LATE + 6, "ann,~bob"),
    ):
        say(old, buffer, number, "")
    say(old, "ann,bob", MIDDLE + 1, "", table="event")
    old.execute(
        "INSERT INTO redacted SELECT id, ? FROM buffer WHERE name = 'ann,bob'", (MIDDLE + 2,)
    )
    migrate(old)
    assert {number: name for number, (name, _account, _owner) in said(old).items()} == {
        EARLY: "~ann,~bob",
        MIDDLE: "1,~bob",
        LATE: "1,2",
        LATE + 1: "1,~gone",
        LATE + 2: "1,~gone",
        LATE + 3: "1,3",
        LATE + 4: "2,2",
        LATE + 5: "~gone,~lost",
        LATE + 6: "1,~bob",
    }
    assert said(old, "event")[MIDDLE + 1][0] == "1,~bob"
    assert (
        old.execute("SELECT name FROM redacted JOIN buffer ON buffer.id = buffer").get == "1,~bob"
    )
    assert list(old.execute("PRAGMA foreign_key_check")) == []


def test_what_belongs_to_accounts_follows_them(old: apsw.Connection) -> None:
    """And goes with them; what a name had to which there is no account is nobody's."""
    tables = {
        "marker": "'#a', '2026-01-01T00:00:00.000Z'",
        "always_on": "'{}'",
        "preference": "'{}'",
        "metadata": "'{}'",
        "email": "'a@example.org', 1",
    }
    for table, rest in tables.items():
        for name in ("ann", "ева", "gone"):
            old.execute(f"INSERT INTO {table} VALUES ('{name}', {rest})")  # names of ours
    old.execute("INSERT INTO certificate VALUES ('ab', 'ева'), ('cd', 'gone')")
    migrate(old)
    for table in tables:
        assert list(old.execute(f"SELECT account FROM {table} ORDER BY 1")) == [
            (ANN,),
            (EVE,),
        ], table
    assert list(old.execute("SELECT fingerprint, account, is_proved FROM certificate")) == [
        ("ab", EVE, 0)
    ]
    old.execute("DELETE FROM account WHERE id = ?", (EVE,))
    for table in (*tables, "certificate"):
        assert (EVE,) not in list(old.execute(f"SELECT account FROM {table}")), table
    assert [(account.name, account.id) for account in dropped_accounts(old)] == [("Ева", EVE)]


def test_channels_belong_to_numbers(old: apsw.Connection) -> None:
    """With its access list and its always-on users; what belonged to a deleted account has no
    owner.
    """
    states: dict[str, dict[str, object]] = {
        "#a": {
            "name": "#a",
            "owner": "Ann",
            "access": {"bob": "o", "gone": "o"},
            "members": {"ева": "v"},
            "topic": None,
        },
        "#b": {"name": "#b", "owner": "gone", "access": {}, "members": {"gone": ""}, "flags": "nt"},
        "#c": {"name": "#c", "owner": "", "access": {}},
    }
    for folded, state in states.items():
        old.execute("INSERT INTO channel VALUES (?, ?)", (folded, json.dumps(state)))
    migrate(old)
    kept = {
        folded: json.loads(state)
        for folded, state in old.execute("SELECT folded, state FROM channel")
    }
    assert kept == {
        "#a": states["#a"] | {"owner": ANN, "access": {"2": "o"}, "members": {"3": "v"}},
        "#b": states["#b"] | {"owner": 0, "members": {}},
        "#c": states["#c"] | {"owner": 0, "members": {}},
    }


def test_who_is_gone_is_not_excepted_any_more(old: apsw.Connection) -> None:
    """Another account with the name neither joins by its invitation nor speaks by its exception,
    also one there is; bans stay.
    """
    known = REGISTERED["Ann"]
    lists = {
        "b": [["a:gone", "x!y@z", 1]],
        "e": [["m:a:gone", "x!y@z", known], ["a:bob", "x!y@z", known], ["*!*@gone", "x!y@z", 2]],
        "I": [
            ["a:ANN", "x!y@z", known],
            ["a:gone", "x!y@z", 2],
            ["a:g*", "x!y@z", 3],
            ["a:БОБ", "x!y@z", 4],
        ],
    }
    state = {"name": "#a", "owner": "Ann", "access": {}, "members": {}, "lists": lists}
    old.execute("INSERT INTO channel VALUES ('#a', ?)", (json.dumps(state, ensure_ascii=False),))
    migrate(old)
    kept = json.loads(old.execute("SELECT state FROM channel").get)["lists"]
    assert kept == {"b": lists["b"], "e": lists["e"][2:], "I": [lists["I"][0], *lists["I"][2:]]}


def test_suspended_accounts_stay_so(old: apsw.Connection) -> None:
    """A suspended name that no account had could not be registered, and cannot be: it becomes that
    of a deleted account.
    """
    old.execute(
        "INSERT INTO ban VALUES ('a', 'ева', 'Ева', 'root', 'spam', 5, 0), ('a', 'gone', 'Gone',"
        " 'root', 'spam', 6, 0)"
    )
    old.execute("INSERT INTO ban VALUES ('d', '192.0.2.1', '192.0.2.1', 'root', 'spam', 7, 0)")
    migrate(old)
    assert [(ban.mask, ban.account_id) for ban in every_ban(old)] == [
        ("Ева", EVE),
        ("Gone", 4),
        ("192.0.2.1", 0),
    ]
    assert [(account.name, account.id) for account in dropped_accounts(old)] == [("Gone", 4)]
    assert len(every_account(old)) == len(REGISTERED)


def test_a_change_is_noticed(old: apsw.Connection) -> None:
    """A running server looks at one number: accounts that are added, deleted or freed, and
    passwords that are changed.
    """
    migrate(old)
    counts = []
    for statement in (
        "INSERT INTO account VALUES (NULL, 'tom', 'tom', 1, '', x'', 0, x'', x'', 0)",
        "UPDATE account SET passwords = passwords + 1 WHERE folded = 'tom'",
        "DELETE FROM account WHERE folded = 'tom'",
        "DELETE FROM dropped",
    ):
        old.execute(statement)
        counts.append(old.execute("SELECT count FROM change WHERE name = 'account'").get)
    assert counts == sorted(set(counts))
