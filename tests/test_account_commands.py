"""`trio-chat account` and `trio-chat channel`: their changes, output and refusals."""

import json
import sys
from pathlib import Path

import apsw
import pytest
import trio

from database_fakes import Terminal, fill, ran
from push_fakes import DeviceFake
from trio_chat.chat import push
from trio_chat.chat.accounts import Account, Origin
from trio_chat.chat.history import Query, Record, Span
from trio_chat.chat.passkeys import Passkey
from trio_chat.chat.second_factors import SecondFactor
from trio_chat.server.accounts import COSTS, open_accounts
from trio_chat.storage import account_maintenance, json_lines, maintenance, passkeys
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.state import SqliteStateStore

DATABASE = Path("trio-chat.db")
PASSWORD = "correct horse"
ANN, BOB, EVE = 1, 2, 3
"""The numbers of accounts: the first one that is added is Ann's."""
NUMBERS = {"Ann": ANN, "bob": BOB, "eve": EVE}


@pytest.fixture(autouse=True)
def _here(working_directory: Path) -> None:
    """Start in a directory with an empty database, a cheap hash, and a password in a file."""
    Path("config.ini").write_text("[accounts]\nhash_cost = low\n")
    Path("password").write_text(f"{PASSWORD}\nnot this line\n")
    fill()


def configure_logins() -> None:
    """Have a provider of single sign-on, and a directory."""
    with Path("config.ini").open("a") as file:
        file.write("[oidc]\nissuer = https://sso.example.org\nclient_id = chat\n")
        file.write("[ldap]\nurl = ldaps://ldap.example.org\nbase = dc=Example,dc=org\n")


def execute(statement: str, *values: object) -> list[tuple[object, ...]]:
    """Do something in the database itself."""
    connection = apsw.Connection(str(DATABASE))
    try:
        return list(connection.execute(statement, values))
    finally:
        connection.close()


def verified(name: str, password: str) -> Account | None:
    """Ask as a server does whether a password is right."""

    async def verify() -> Account | None:
        async with open_database(DATABASE) as database:
            accounts = await open_accounts(SqliteAccounts(database), COSTS["low"])
            return await accounts.verify(name, password, Origin("192.0.2.1"))

    return trio.run(verify)


def found(words: str, sender: str = "") -> list[int]:
    """Search two channels; return ids."""

    async def search() -> list[Record]:
        async with open_database(DATABASE) as database:
            return await SqliteHistory(database).search(
                Query({"#a": 0, "#b": 0}, words, sender), Span(), 100
            )

    return [record.id for record in trio.run(search)]


def said(number: int, account: str, buffer: str = "#a", text: str = "pizza") -> Record:
    """Return what an account says."""
    return Record(
        buffer,
        number,
        "PRIVMSG",
        f"{account or 'guest'}!u@h",
        account,
        text,
        account_id=NUMBERS.get(account, 0),
    )


def joined(number: int, account: str) -> Record:
    """Return that an account comes in."""
    return Record(
        "#a",
        number,
        "JOIN",
        f"{account}!u@h",
        account,
        "",
        params=(account, "Real name"),
        account_id=NUMBERS[account],
    )


def left() -> list[int]:
    """Return the ids of all messages and events."""
    rows = execute("SELECT id FROM message UNION ALL SELECT id FROM event ORDER BY 1")
    return [int(str(number)) for (number,) in rows]


def register(
    folded: str,
    owner: int,
    access: dict[int, str] | None = None,
    topic: str = "",
    members: dict[int, str] | None = None,
) -> None:
    """Make a registered channel."""
    state = {
        "name": folded,
        "created": 1,
        "founded": 1,
        "owner": owner,
        "since": 1_800_000_000,
        "access": access or {},
        "topic": [topic, "Ann", 1] if topic else None,
        "flags": "nt",
        "key": "",
        "limit": 0,
        "lists": {},
        "members": members or {},
    }
    execute("INSERT INTO channel VALUES (?, ?)", folded, json.dumps(state))


def channels() -> dict[str, dict[str, object]]:
    """Return the states of the registered channels."""
    return {
        str(folded): json.loads(str(state))
        for folded, state in execute("SELECT folded, state FROM channel")
    }


def add(name: str = "Ann") -> None:
    """Add an account."""
    assert ran("account", "add", name, "--password-file", "password") == 0


# Add and passwd.


def test_an_added_account_can_log_in() -> None:
    """With the first line of the file as its password, and with nothing else."""
    add()
    account = verified("ann", PASSWORD)
    assert account is not None
    assert (account.name, account.folded) == ("Ann", "ann")
    assert verified("ann", f"{PASSWORD}\n") is None


def test_a_name_is_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Not even written another way, and the first password stays."""
    add()
    Path("other").write_text("battery staple")
    capsys.readouterr()
    assert ran("account", "add", "aNN", "--password-file", "other") == 1
    assert capsys.readouterr().err == "trio-chat: there is an account aNN already\n"
    assert verified("ann", PASSWORD)


def test_who_registers_meanwhile_is_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may take the name through the server while the operator types a password."""
    monkeypatch.setattr(account_maintenance, "find", lambda *_asked: None)
    add()
    Path("other").write_text("battery staple")
    assert ran("account", "add", "ann", "--password-file", "other") == 1
    assert verified("ann", PASSWORD)


@pytest.mark.parametrize(
    "name", ["", "a b", "#ann", "1ann", "a,b", "x" * 65, "a\x1b[2J", "a\u202eb"]
)
@pytest.mark.parametrize("command", ["add", "passwd", "delete", "export", "forget", "free"])
def test_a_name_that_nobody_can_have_is_wrong_usage(
    command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command for accounts refuses an invalid name."""
    assert ran("account", command, name) == 2
    assert "not a name that an account can have" in capsys.readouterr().err


def test_a_name_that_is_too_long_for_this_server_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody could take it as a nickname."""
    Path("config.ini").write_text("[limits]\nnick_length = 5\n")
    assert ran("account", "add", "annann", "--password-file", "password") == 1
    assert "the server allows 5 characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "other"), [("Аnn", "Ann"), ("NісkServ", "a service"), ("NickServ", "a service")]
)
def test_no_look_alike_can_be_added(
    capsys: pytest.CaptureFixture[str], name: str, other: str
) -> None:
    """An account that looks like another one, or like a service, is refused by its name."""
    add()
    assert ran("account", "add", name, "--password-file", "password") == 1
    assert f"{name} looks like {other}" in capsys.readouterr().err


def test_names_of_any_script_can_be_added() -> None:
    """They are found however they are written."""
    add("Борис")
    assert ran("account", "passwd", "БОРИС", "--password-file", "password") == 0
    assert verified("борис", PASSWORD)


def test_a_password_can_be_changed() -> None:
    """The old one is worth nothing then."""
    add()
    Path("other").write_text("battery staple\r\n")
    assert ran("account", "passwd", "ANN", "--password-file", "other") == 0
    assert verified("ann", "battery staple")
    assert verified("ann", PASSWORD) is None


@pytest.mark.parametrize(
    ("password", "words"),
    [
        (b"five!", "at least 6 characters"),
        (b"tab\tinside", "no control characters"),
        ("ы".encode() * 301, "at most 600 bytes"),
        ("one\u06dd two".encode(), "password"),
        (b"\xff\xfe\xff\xfe\xff\xfe", "not UTF-8"),
        (b"\ncorrect horse", "the first line is empty"),
    ],
)
def test_a_bad_password_is_refused(
    password: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rules are those of the server, and the error is one line."""
    Path("bad").write_bytes(password)
    assert ran("account", "add", "ann", "--password-file", "bad") == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert execute("SELECT * FROM account") == []


def test_the_least_length_is_that_of_the_configuration() -> None:
    """The limit is the same as for registration by a client."""
    with Path("config.ini").open("a") as file:
        file.write("min_password = 14\n")
    assert ran("account", "add", "ann", "--password-file", "password") == 1


def test_a_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal, where nobody sees it."""
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("trio_chat.admin.passwords.getpass", getpass)
    assert ran("account", "add", "ann") == 0
    assert len(asked) == 2
    assert verified("ann", PASSWORD)


def test_two_different_passwords_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip would lock somebody out."""
    typed = [PASSWORD, "correct house"]
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("trio_chat.admin.passwords.getpass", lambda _prompt: typed.pop(0))
    assert ran("account", "add", "ann") == 1
    assert execute("SELECT * FROM account") == []


@pytest.mark.parametrize("command", ["add", "passwd"])
def test_without_a_terminal_there_must_be_a_file(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must say where the password is."""
    if command == "passwd":
        add()
    assert ran("account", command, "ann") == 2
    assert "--password-file" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["passwd", "delete", "export", "forget"])
def test_an_account_that_is_not_there_is_told(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, and nobody is asked anything."""
    assert ran("account", command, "bob") == 1
    assert capsys.readouterr() == ("", "trio-chat: there is no account bob\n")


# Lists.


def test_accounts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """By name, as they are written, with when they were registered."""
    add("bob")
    add("Ann")
    execute("UPDATE account SET created = 1800000000")
    execute("INSERT INTO always_on SELECT id, '{}' FROM account WHERE name = 'Ann'")
    capsys.readouterr()
    assert ran("account", "list") == 0
    assert (
        capsys.readouterr().out
        == "Ann\t2027-01-15T08:00:00Z\talways-on\nbob\t2027-01-15T08:00:00Z\n"
    )


def test_channels_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """With a topic that cannot do anything to a terminal, and the always-on members; not those that
    belong to nobody.
    """
    add("Ann")
    add("bob")
    capsys.readouterr()
    register("#b", BOB)
    register("#a", ANN, topic="hot\x1b[2J pizza", members={ANN: "o", EVE: ""})
    register("#nobodys", 0, members={ANN: ""})
    assert ran("channel", "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "#a\tAnn\t2027-01-15T08:00:00Z\thot\\x1b[2J pizza\t2",
        "#b\tbob\t2027-01-15T08:00:00Z\t\t0",
    ]


# Delete and forget.


def test_a_deleted_account_is_gone_and_what_it_said_stays() -> None:
    """The count of changes notifies a running server."""
    add()
    fill(said(1, "Ann"))
    [(before,)] = execute("SELECT count FROM change WHERE name = 'account'")
    assert ran("account", "delete", "ann", "--yes") == 0
    assert verified("ann", PASSWORD) is None
    assert execute("SELECT count FROM change WHERE name = 'account'") != [(before,)]
    assert left() == [1]


@pytest.mark.parametrize("command", ["delete", "forget"])
def test_who_has_the_name_later_inherits_nothing(command: str) -> None:
    """A later account of the name gets no channels, ranks, markers or list entries."""
    add()
    register("#a", ANN)
    register("#b", BOB, {ANN: "o", EVE: "v"}, members={ANN: "o", EVE: ""})
    register("#hers", 0, members={ANN: "o"})
    execute("INSERT INTO always_on VALUES (1, '{}'), (3, '{}')")
    execute("INSERT INTO preference VALUES (1, '{}'), (3, '{}')")
    register("#c", BOB, {EVE: "v"})
    execute(
        "INSERT INTO marker VALUES (1, '#b', '2026-01-01T00:00:00.000Z'), (2, '#b',"
        " '2026-01-01T00:00:00.000Z')"
    )
    untouched = channels()["#c"]
    assert ran("account", command, "ann", "--yes") == 0
    assert {name: state["access"] for name, state in channels().items()} == {
        "#b": {"3": "v"},
        "#c": {"3": "v"},
    }
    assert channels()["#c"] == untouched
    assert channels()["#b"]["members"] == {"3": ""}
    assert execute("SELECT account FROM marker") == [(BOB,)]
    assert (
        execute("SELECT account FROM always_on")
        == execute("SELECT account FROM preference")
        == [(EVE,)]
    )


@pytest.mark.parametrize("command", ["delete", "forget"])
@pytest.mark.parametrize(
    ("answer", "code", "is_left"), [("y\n", 0, False), ("n\n", 1, True), ("", 1, True)]
)
def test_who_can_be_asked_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    answer: str,
    code: int,
    is_left: bool,
) -> None:
    """Only yes means yes."""
    add()
    register("#a", ANN)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert ran("account", command, "ann") == code
    assert "Delete the account Ann" in capsys.readouterr().err
    assert (bool(execute("SELECT * FROM account")), bool(channels())) == (is_left, is_left)


@pytest.mark.parametrize("command", ["delete", "forget"])
def test_nothing_is_deleted_when_nobody_can_be_asked(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must say --yes."""
    add()
    fill(said(1, "Ann"))
    assert ran("account", command, "ann") == 2
    assert "--yes" in capsys.readouterr().err
    assert verified("ann", PASSWORD)
    assert left() == [1]


def test_the_name_of_a_deleted_account_is_not_given_again_until_it_is_freed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An account with the name is another one then, and inherits nothing of the former one."""
    add()
    fill(said(1, "Ann"))
    assert ran("account", "delete", "ann", "--yes") == 0
    capsys.readouterr()
    assert ran("account", "add", "ANN", "--password-file", "password") == 1
    assert (
        capsys.readouterr().err
        == "trio-chat: an account of the name ANN was deleted; free the name first: trio-chat"
        " account free ANN\n"
    )
    assert ran("account", "dropped") == 0
    assert capsys.readouterr().out.split("\t")[0] == "Ann"
    register("#a", BOB)
    state = channels()["#a"] | {"lists": {"I": [["a:ANN", "x!y@z", 1], ["a:bob", "x!y@z", 2]]}}
    execute("UPDATE channel SET state = ?", json.dumps(state))
    assert ran("account", "free", "ann") == 0
    assert channels()["#a"]["lists"] == {"I": [["a:bob", "x!y@z", 2]]}
    assert ran("account", "free", "ann") == 1
    assert "no account that was deleted had the name ann" in capsys.readouterr().err
    add()
    assert ran("account", "dropped") == 0
    capsys.readouterr()
    assert ran("account", "export", "ann") == 0
    assert json.loads(capsys.readouterr().out)["messages"] == []


def test_the_name_of_an_operator_is_not_freed(capsys: pytest.CaptureFixture[str]) -> None:
    """An account with that name would be the operator after the next start of the server."""
    add()
    assert ran("account", "delete", "ann", "--yes") == 0
    with Path("config.ini").open("a") as file:
        file.write("[operator root]\naccount = ANN\n")
    capsys.readouterr()
    assert ran("account", "free", "ann") == 1
    assert "the operator root" in capsys.readouterr().err


def test_all_that_was_said_and_done_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every channel and conversation, slice by slice and batch by batch; what others said stays,
    and so does a guest's.
    """
    monkeypatch.setattr(maintenance, "PAGE", 3)
    monkeypatch.setattr(maintenance, "DELETED_AT_ONCE", 2)
    add()
    mine = [said(number, "Ann", buffer) for number, buffer in enumerate(["#a", "#b", "1,2"] * 4, 1)]
    former = said(23, "Ann", "#b")._replace(
        account_id=0
    )  # what an account of this name had said before
    others = [said(20, "bob"), said(21, "bob", "1,2"), said(22, ""), former, joined(24, "bob")]
    fill(*mine, *others, joined(30, "Ann"), joined(31, "Ann"))
    capsys.readouterr()
    assert ran("account", "forget", "ann", "--yes") == 0
    told = "The account Ann was deleted.\n14 messages and events were deleted.\n"
    assert capsys.readouterr().err == told
    assert left() == [20, 21, 22, 23, 24]


def test_what_is_forgotten_is_not_found() -> None:
    """The words go with the messages, and those of others are found as before."""
    add()
    fill(said(1, "Ann"), said(2, "bob"), said(3, "Ann", "#b"))
    assert found("pizza") == [1, 2, 3]
    assert ran("account", "forget", "ann", "--yes") == 0
    assert (found("pizza"), found("", "ann")) == ([2], [])
    assert execute("SELECT id FROM term_docsize") == [(2,)]


def test_what_a_deleted_account_left_can_be_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages stored before a running server noticed the deletion are included."""
    fill(said(1, "Ann")._replace(account_id=0), said(2, "bob"))
    assert ran("account", "forget", "ann", "--yes") == 0
    assert capsys.readouterr().err == "1 message or event was deleted.\n"
    assert left() == [2]
    assert execute("SELECT actor, text FROM audit") == [("trio-chat account", "FORGET ann")]
    add()
    assert ran("account", "delete", "ann", "--yes") == 0
    fill(said(3, "Ann"), said(4, "Ann")._replace(account_id=9))
    assert ran("account", "forget", "ann", "--yes") == 0
    assert left() == [2, 4]


def test_what_was_said_under_a_name_that_is_free_can_be_forgotten() -> None:
    """Once the name of a deleted account is freed, only what it has said tells of it; nothing of
    accounts that there are.
    """
    add()
    add("bob")
    assert ran("account", "delete", "ann", "--yes") == 0
    assert ran("account", "free", "ann") == 0
    fill(said(1, "Ann"), joined(2, "Ann"), said(3, "Ann")._replace(account_id=BOB), said(4, "bob"))
    assert ran("account", "forget", "ann", "--yes") == 0
    assert left() == [3, 4]


def test_others_can_write_while_somebody_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is locked between two batches, nor while the history is read."""
    monkeypatch.setattr(maintenance, "DELETED_AT_ONCE", 1)
    fill(said(1, "Ann"), said(2, "Ann"))

    def say_something(done: int) -> None:
        fill(said(10 + done, "bob"))

    with maintenance.connected(DATABASE) as connection:
        deleted = account_maintenance.delete_messages(
            connection, account_maintenance.Author(ANN, ""), say_something
        )
    assert (deleted, left()) == (2, [11, 12])


# Export.


def test_an_export_is_all_that_belongs_to_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    """What it said, in the form of the history export, its channels and its ranks; and nothing of
    others.
    """
    add()
    fill(said(1, "Ann"), said(2, "bob"), said(3, "Ann", "1,2", text='a "b"\u2028\\'))
    add("bob")
    register("#a", ANN, {BOB: "o", EVE: "v"}, members={ANN: "oq", BOB: "", EVE: ""})
    register("#b", BOB, {ANN: "o", EVE: "v"}, members={ANN: "o", EVE: ""})
    execute("INSERT INTO always_on VALUES (1, '{\"nick\": \"Ann\"}'), (2, '{}')")
    execute("INSERT INTO preference VALUES (1, '{\"always-on\": true}'), (2, '{}')")
    execute(
        "INSERT INTO marker VALUES (1, '#b', '2026-01-01T00:00:00.000Z'), (2, '#c',"
        " '2026-01-01T00:00:00.000Z')"
    )
    execute("""INSERT INTO metadata VALUES (1, '{"url": "x"}'), (2, '{"url": "y"}')""")
    execute("INSERT INTO email VALUES (1, 'ann@example.org', 1), (2, 'bob@example.org', 1)")
    execute(
        "INSERT INTO upload (id, name, filename, type, size, account, address, author, created)"
        " VALUES (1, 'random', 'a.jpg', 'image/jpeg', 7, 1, '', '', 1800000000),"
        " (2, 'other', 'b.jpg', 'image/jpeg', 7, 2, '', '', 1800000000)"
    )
    execute("UPDATE account SET created = 1800000000")
    give_device(1)
    give_device(2)
    message = [7, 1, 1_800_000_000, "#tea", 3, "lunch?", "anna", "host"]
    execute("INSERT INTO scheduled VALUES (1, ?)", json.dumps({"messages": [message]}))
    execute("""INSERT INTO push_rules VALUES (1, '{"words": ["lunch"]}')""")
    state = json.dumps(SecondFactor(b"feedbeef", 1_800_000_000).to_state())
    execute(f"INSERT INTO second_factor VALUES (1, '{state}')")
    execute("INSERT INTO identity VALUES ('https://sso.example.org', '5f0c', 1)")
    state = json.dumps([Passkey("id", b"", 0, "laptop", 1_800_000_000).to_state()])
    execute(f"INSERT INTO passkey VALUES (1, '{state}')")
    execute(
        "INSERT INTO app_password VALUES (1, 'phone', 'hash', 1800000000, 1800000000, 1900000000),"
        " (1, 'tablet', 'hash2', 1800000000, 0, 0), (2, 'bouncer', 'hash3', 1800000000, 0, 0)"
    )
    capsys.readouterr()
    assert ran("account", "export", "ANN") == 0
    exported = json.loads(capsys.readouterr().out)
    own = [said(1, "Ann"), said(3, "Ann", "1,2", text='a "b"\u2028\\')]
    with maintenance.connected(DATABASE) as connection:
        numbers = account_maintenance.account_numbers(connection)
    assert exported == {
        "account": {"name": "Ann", "registered": "2027-01-15T08:00:00Z"},
        "email": {"address": "ann@example.org", "verified": True},
        "channels": [
            channels()["#a"]
            | {
                "owner": "Ann",
                "access": {"bob": "o"},
                "members": {"Ann": "oq", "bob": ""},
            }
        ],
        "access": {"#b": "o"},
        "read": {"#b": "2026-01-01T00:00:00.000Z"},
        "settings": {"always-on": True},
        "always_on": {"user": {"nick": "Ann"}, "channels": {"#a": "oq", "#b": "o"}},
        "metadata": {"url": "x"},
        "uploads": [
            {
                "name": "random",
                "file": "a.jpg",
                "type": "image/jpeg",
                "bytes": 7,
                "uploaded": "2027-01-15T08:00:00Z",
            }
        ],
        "push_devices": [
            {
                "push_service": "push.example.org",
                "registered": "2027-01-15T08:00:00Z",
                "seen": "2027-01-15T08:00:00Z",
            }
        ],
        "push_rules": {"words": ["lunch"]},
        "scheduled": [{"time": "2027-01-15T08:00:00Z", "to": "#tea", "text": "lunch?"}],
        "second_factor": "2027-01-15T08:00:00Z",
        "identities": [{"issuer": "https://sso.example.org", "subject": "5f0c"}],
        "passkeys": [{"name": "laptop", "made": "2027-01-15T08:00:00Z", "used": None}],
        "app_passwords": [
            {
                "name": "phone",
                "made": "2027-01-15T08:00:00Z",
                "used": "2027-01-15T08:00:00Z",
                "expires": "2030-03-17T17:46:40Z",
            },
            {
                "name": "tablet",
                "made": "2027-01-15T08:00:00Z",
                "used": None,
                "expires": None,
            },
        ],
        "messages": [json.loads(json_lines.to_line(record, numbers)) for record in own],
    }


def give_device(number: int) -> None:
    """Give an account a device for push messages."""
    device = DeviceFake(f"https://push.example.org/{number}").subscription(seen=1_800_000_000)
    state = json.dumps(push.to_state({device.endpoint: device}))
    with maintenance.connected(DATABASE) as connection:
        connection.execute("INSERT INTO push VALUES (?, ?)", (number, state))


def test_another_password_removes_devices() -> None:
    """The device of an intruder gets nothing more, also where the server is not running."""
    add()
    add("bob")
    give_device(1)
    give_device(2)
    assert ran("account", "passwd", "ann", "--password-file", "password") == 0
    with maintenance.connected(DATABASE) as connection:
        assert list(connection.execute("SELECT account FROM push")) == [(2,)]


def test_a_second_factor_is_removed_once(capsys: pytest.CaptureFixture[str]) -> None:
    """That of one account; a server that is running reads of it."""
    add()
    add("bob")
    for number in (1, 2):
        execute(f"INSERT INTO second_factor VALUES ({number}, '{{}}')")
    assert ran("account", "2fa-off", "ANN") == 0
    assert "Ann was removed" in capsys.readouterr().err
    assert ran("account", "2fa-off", "ann") == 1
    with maintenance.connected(DATABASE) as connection:
        assert list(connection.execute("SELECT account FROM second_factor")) == [(2,)]
        assert list(connection.execute("SELECT account FROM second_factor_reset")) == [(1,)]


_KEYS = [
    {"id": f"{name}-id", "key": "00", "signatures": 0, "name": name, "created": 1, "used": 0}
    for name in ("phone", "key")
]


def test_second_factors_and_passkeys_are_shown_and_removed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of one account, without secrets; the audit log has it."""
    add()
    add("bob")
    factor = SecondFactor(b"secret of totp", 1_800_000_000, 1, ("digest",))
    execute(f"INSERT INTO second_factor VALUES (1, '{json.dumps(factor.to_state())}')")
    for number in (1, 2):
        execute(f"INSERT INTO passkey VALUES ({number}, '{json.dumps(_KEYS)}')")
    capsys.readouterr()
    assert ran("account", "2fa", "ann") == 0
    shown = capsys.readouterr().out
    assert [line.split("\t")[0] for line in shown.splitlines()] == [
        "authenticator",
        "passkey",
        "passkey",
    ]
    assert not any(secret in shown for secret in (factor.secret.hex(), "digest", "phone-id"))
    assert ran("account", "passkey-off", "ann", "nothing") == 1
    assert ran("account", "passkey-off", "ann", "phone") == 0
    assert ran("account", "passkey-off", "ann", "phone") == 1
    with maintenance.connected(DATABASE) as connection:
        assert [one["name"] for one in passkeys.of_account(connection, 1)] == ["key"]
        assert len(passkeys.of_account(connection, 2)) == 2
        assert passkeys.removed(connection) == [(1, "phone-id")]
        texts = [text for (text,) in connection.execute("SELECT text FROM audit")]
    assert texts[-1] == "SAPASSKEY DEL phone of Ann"
    assert len(texts) == 3  # with the two accounts
    assert ran("account", "passkey-off", "ann", "key") == 0
    assert ran("account", "2fa-off", "ann") == 0
    capsys.readouterr()
    assert ran("account", "2fa", "ann") == 0
    assert "neither" in capsys.readouterr().err


def test_an_identity_is_linked_and_unlinked(capsys: pytest.CaptureFixture[str]) -> None:
    """To one account; a server that is running finds it at the next login."""
    configure_logins()
    add()
    add("bob")
    identity = ("https://sso.example.org", "5f0c")
    assert ran("account", "link", "ANN", *identity) == 0
    assert "5f0c logs in to Ann now" in capsys.readouterr().err
    assert ran("account", "link", "bob", *identity) == 1
    assert "another account" in capsys.readouterr().err
    assert ran("account", "unlink", "bob", *identity) == 1
    assert execute("SELECT * FROM identity") == [(*identity, ANN)]
    assert ran("account", "unlink", "ann", *identity) == 0
    assert ran("account", "unlink", "ann", *identity) == 1
    assert execute("SELECT * FROM identity") == []


def test_capital_letters_of_a_directory_mean_nothing() -> None:
    """The base is written as in config.ini, and compared as the server writes it."""
    configure_logins()
    add()
    assert ran("account", "link", "ann", "LDAP:DC=Example,DC=org", "5f0c") == 0
    assert execute("SELECT * FROM identity") == [("ldap:dc=example,dc=org", "5f0c", ANN)]
    assert ran("account", "unlink", "ann", "ldap:dc=Example,dc=org", "5f0c") == 0


@pytest.mark.parametrize(
    ("issuer", "subject"), [("", "x"), ("https://x", ""), ("https://x", "a\nb"), ("x" * 501, "y")]
)
def test_what_is_no_identity_is_not_linked(issuer: str, subject: str) -> None:
    """It would never log in."""
    configure_logins()
    add()
    assert ran("account", "link", "ann", issuer, subject) == 1


@pytest.mark.parametrize(
    "issuer", ["https://sso.example.org/", "https://other.example.org", "ldap:dc=other"]
)
def test_an_issuer_that_is_not_configured_is_not_linked(
    issuer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would never log in; those of config.ini are shown, to be copied."""
    configure_logins()
    add()
    assert ran("account", "link", "ann", issuer, "5f0c") == 1
    said = capsys.readouterr().err
    assert "https://sso.example.org" in said
    assert "ldap:dc=example,dc=org" in said
    assert execute("SELECT * FROM identity") == []


def test_without_a_provider_nothing_is_linked(capsys: pytest.CaptureFixture[str]) -> None:
    """What was linked before can be undone."""
    add()
    execute("INSERT INTO identity VALUES ('https://old.example.org', '5f0c', 1)")
    assert ran("account", "link", "ann", "https://sso.example.org", "5f0c") == 1
    assert "[oidc]" in capsys.readouterr().err
    assert ran("account", "unlink", "ann", "https://old.example.org", "5f0c") == 0


def test_what_changes_an_account_is_in_the_audit_log() -> None:
    """In the words of the chat, and nothing of what is refused."""
    configure_logins()
    add()
    add("bob")
    identity = ("https://sso.example.org", "5f0c")
    for words in (
        ("link", "ann", *identity),
        ("link", "bob", *identity),
        ("unlink", "ann", *identity),
        ("unlink", "ann", *identity),
        ("passwd", "ann", "--password-file", "password"),
        ("email", "ann", "ann@example.org"),
        ("email", "ann", "--remove"),
        ("delete", "ann", "--yes"),
        ("free", "ann"),
        ("forget", "bob", "--yes"),
    ):
        ran("account", *words)
    rows = execute("SELECT actor, text FROM audit ORDER BY number")
    assert {actor for actor, _ in rows} == {"trio-chat account"}
    assert [text for _, text in rows] == [
        "SAREGISTER Ann",
        "SAREGISTER bob",
        "LINK Ann: https://sso.example.org 5f0c",
        "UNLINK Ann: https://sso.example.org 5f0c",
        "SAPASSWD Ann",
        "EMAIL Ann: not verified",
        "EMAIL Ann: none",
        "SADROP Ann",
        "FREE Ann",
        "SADROP bob",
    ]


def test_another_password_revokes_app_passwords() -> None:
    """An intruder may have made one; those of other accounts stay."""
    add()
    add("bob")
    execute("INSERT INTO app_password VALUES (1, 'x', 'a', 1, 0, 0), (2, 'x', 'b', 1, 0, 0)")
    assert ran("account", "passwd", "ann", "--password-file", "password") == 0
    with maintenance.connected(DATABASE) as connection:
        assert list(connection.execute("SELECT account FROM app_password")) == [(2,)]


def test_a_deleted_account_has_no_devices() -> None:
    """The devices go with the account."""
    add()
    give_device(1)
    assert ran("account", "delete", "ann", "--yes") == 0
    with maintenance.connected(DATABASE) as connection:
        assert not list(connection.execute("SELECT account FROM push"))


def test_an_export_of_who_said_nothing_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is one too."""
    add()
    capsys.readouterr()
    assert ran("account", "export", "ann") == 0
    assert json.loads(capsys.readouterr().out)["messages"] == []


def test_no_hash_is_exported(capsys: pytest.CaptureFixture[str]) -> None:
    """An export contains neither the hashes of passwords nor keys."""
    add()
    execute("INSERT INTO app_password VALUES (1, 'phone', 'feedbeef', 1, 0, 0)")
    capsys.readouterr()
    assert ran("account", "export", "ann") == 0
    exported = capsys.readouterr().out.lower()
    with maintenance.connected(DATABASE) as connection:
        stored = connection.execute("SELECT password FROM account").get
    assert str(stored).lower() not in exported
    assert not any(
        word in exported for word in ("argon2", "scram", "salt", "hash", "digest", "feedbeef")
    )


# The rest.

COMMANDS = [
    ["account", name] for name in ("list", "add", "passwd", "delete", "export", "forget")
] + [["channel", "list"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_not_there(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and none is made."""
    name = [] if command[1] == "list" else ["ann"]
    assert ran(*command, *name, "--database", "nowhere.db") == 1
    assert (
        capsys.readouterr().err
        == "trio-chat: nowhere.db: there is no such database; a server makes one when it starts\n"
    )
    assert not Path("nowhere.db").exists()


@pytest.mark.parametrize("command", ["account list", "db check", "certificate show"])
@pytest.mark.parametrize("name", [".", "/"])
def test_a_directory_is_no_database(
    command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is there, so a server would not make one in its place, nor other files beside it."""
    assert ran(*command.split(), "--database", name) == 1
    words = f"trio-chat: {Path(name)}: this is a directory, and no database\n"
    assert capsys.readouterr().err == words


@pytest.mark.parametrize("command", [["account"], ["channel"], *COMMANDS])
def test_help_has_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every help ends with commands to copy."""
    assert ran(*command, "--help") == 0
    assert "examples:\n  trio-chat " in capsys.readouterr().out


# History of a channel.


def test_how_long_a_channel_is_remembered() -> None:
    """The setting is written for a running server, until the server has applied it."""
    fill()
    register("#a", ANN)

    async def wishes() -> list[object]:
        async with open_database(DATABASE) as database:
            store = SqliteStateStore(database)
            await store.load()
            found: list[object] = [await store.pending()]
            for word in ("30", "off", "default"):
                assert await trio.to_thread.run_sync(ran, "channel", "history", "a", word) == 0
                assert channels()["#a"]["history"] == (await store.pending())[0].history
                found += [wish[1:] for wish in await store.pending()]
            await store.settle((await store.pending())[-1])
            return [*found, await store.pending()]

    assert trio.run(wishes) == [[], ("#a", 30), ("#a", -1), ("#a", None), []]


def test_a_day_of_history_is_singular_in_the_audit_log() -> None:
    """The entry counts days."""
    register("#a", ANN)
    assert ran("channel", "history", "#a", "1") == 0
    connection = apsw.Connection(str(DATABASE))
    try:
        [(text,)] = connection.execute("SELECT text FROM audit")
    finally:
        connection.close()
    assert text == "CHANNEL #a: history 1 day"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("#a", "0"), 2), (("#a", "soon"), 2), (("#none", "3"), 1), (("#free", "3"), 1)],
)
def test_what_cannot_be_said_of_a_channel(
    arguments: tuple[str, str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Usage errors and unregistered channels have an error message."""
    fill()
    register("#free", 0, members={ANN: ""})  # nobody owns it, somebody always on is in it
    register("#a", ANN)
    assert ran("channel", "history", *arguments) == code
    assert (
        f"{arguments[0]} is not registered" if code == 1 else "off or default"
    ) in capsys.readouterr().err


def test_an_email_address_is_shown_and_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """Another one is not verified unless that is said; without one, nothing can be verified."""

    def said(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert ran("account", "email", "ann", *words) == code
        captured = capsys.readouterr()
        return (captured.out or captured.err).strip()

    add()
    assert "no e-mail address" in said()
    assert "nothing to be verified" in said("--verified", code=1)
    assert "this is no e-mail address" in said("ann@[192.0.2.1]", code=1)
    said("ann@Example.ORG")
    assert said() == "ann@example.org\tnot verified"
    said("--verified")
    said("ann@example.org")
    assert said() == "ann@example.org\tverified"
    said("ann@other.example")
    assert said() == "ann@other.example\tnot verified"
    said("ann@other.example", "--verified")
    said("--not-verified")
    assert said() == "ann@other.example\tnot verified"
    said("ann@example.org", "--remove", code=2)
    said("--remove", "--verified", code=1)
    said("--remove")
    assert "no e-mail address" in said()
