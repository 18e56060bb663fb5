"""`trio-chat import ergo`: accounts and history of Ergo."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from database_fakes import fill, kept, ran
from trio_chat.chat.accounts import Account, Origin
from trio_chat.chat.ids import msgid, server_time
from trio_chat.imports.ergo_accounts import read_accounts
from trio_chat.imports.messages import ImportFileError
from trio_chat.server import scram_hashes
from trio_chat.server.accounts import COSTS, open_accounts
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import open_database

pytestmark = pytest.mark.usefixtures("working_directory")

T = 1_700_000_000_000_000_000
CREATED = 1_600_000_000


def command(*parts: str) -> bytes:
    """Return a command as buntdb writes it."""
    encoded = [part.encode() for part in parts]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(e), e) for e in encoded)


def credentials(password: str) -> str:
    """Return the credentials of an account as Ergo stores them."""
    keys = COSTS["low"].credentials(password).scram
    salt, stored, server = (
        base64.b64encode(part).decode() for part in (keys.salt, keys.stored_key, keys.server_key)
    )
    found = {"Version": 1, "PassphraseHash": "JDJh", "Certfps": ["ab" * 32, "x"], "Salt": salt}
    return json.dumps(found | {"Iters": keys.iterations, "StoredKey": stored, "ServerKey": server})


def account(name: str, **fields: str | None) -> bytes:
    """Return the commands that make an account with the password `sesame`."""
    values: dict[str, str | None] = {
        "exists": "1",
        "verified": "1",
        "name": name,
        "registered.time": str(CREATED * 10**9),
        "credentials": credentials("sesame"),
    }
    values |= {key.replace("_", "."): value for key, value in fields.items()}
    return b"".join(
        command("set", f"account.{key} {name.lower()}", value)
        for key, value in values.items()
        if value is not None
    )


def names() -> list[str]:
    """Return the accounts of the database."""
    connection = apsw.Connection("trio-chat.db")
    try:
        return [name for (name,) in connection.execute("SELECT name FROM account ORDER BY id")]
    finally:
        connection.close()


def logged_in(password: str) -> tuple[Account | None, str]:
    """Log in to anna; return the account, and its hash after that."""

    async def log_in() -> tuple[Account | None, str]:
        async with open_database(Path("trio-chat.db")) as database:
            accounts = await open_accounts(SqliteAccounts(database), COSTS["low"])
            found = await accounts.verify("anna", password, Origin("192.0.2.1"))
            assert not (await accounts.refresh()).changed  # no session ends
            stored = await SqliteAccounts(database).credentials(1)
            assert stored is not None
            return found, stored.password

    return trio.run(log_in)


def test_a_user_logs_in_with_the_same_password(autojump_clock: Any) -> None:
    """By the keys of Ergo first, and by a hash of this server afterwards."""
    fill()
    Path("ircd.db").write_bytes(command("flushdb") + account("Anna"))
    assert ran("import", "ergo", "ircd.db") == 0
    assert names() == ["Anna"]
    found, stored = logged_in("sesame")
    assert found is not None
    assert (found.name, found.created) == ("Anna", CREATED)
    assert stored.startswith("$argon2id$")
    assert logged_in("sesame")[0] == found


def test_a_wrong_password_stays_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the keys stay as they are."""
    fill()
    Path("ircd.db").write_bytes(account("anna"))
    assert ran("import", "ergo", "ircd.db") == 0
    connection = apsw.Connection("trio-chat.db")
    hashed = connection.execute("SELECT password FROM account").get
    connection.close()
    assert scram_hashes.verify(hashed, "sesame")
    assert [scram_hashes.verify(hashed, other) for other in ("", "Sesame", "\ud800x"[1:])] == [
        False
    ] * 3
    for damaged in (hashed[:-5], "$scram-sha-256$", "$scram-sha-256$x$y$z", "$scram-sha-256$-1$$"):
        assert not scram_hashes.verify(damaged, "sesame")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (account("anna", verified=None), "accounts that were not verified"),
        (account("anna", suspended="{}"), "accounts that are suspended"),
        (account("anna", credentials="{}"), "accounts whose password cannot be checked here"),
        (account("anna", credentials="no json"), "accounts whose password cannot be checked"),
        (account("anna", credentials='{"Salt":7}'), "accounts whose password cannot be checked"),
        (account("an na"), "accounts whose names are not legal here"),
        (account("NickServ"), "accounts whose names look like those of others"),
        (account("bob", registered_time="7"), "accounts whose names belong, or belonged"),
        (account("gone"), "accounts whose names belong, or belonged"),
    ],
    ids=lambda value: "account" if isinstance(value, bytes) else None,  # its salt is random
)
def test_accounts_that_are_not_imported_are_reported(
    data: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason."""
    fill()
    connection = apsw.Connection("trio-chat.db")
    for name in ("bob", "gone"):
        connection.execute(
            "INSERT INTO account VALUES (NULL, ?1, ?1, 1, 'x', x'', 0, x'', x'', 0)", (name,)
        )
    connection.execute("DELETE FROM account WHERE name = 'gone'")
    connection.close()
    Path("ircd.db").write_bytes(data)
    assert ran("import", "ergo", "ircd.db") == 0
    assert names() == ["bob"]
    assert f"left out: {reason}" in capsys.readouterr().out


def test_deleted_accounts_are_none() -> None:
    """The file is a log: what was set may be deleted later."""
    data = account("anna") + account("bob") + command("del", "account.exists bob")
    data += account("carl") + command("set", "account.unregistered carl", "1")
    found = [each.name for each in read_accounts(io.BytesIO(data))]
    assert found == ["anna"]


def test_a_file_that_ends_early_has_what_was_before() -> None:
    """The machine may have stopped while Ergo wrote."""
    data = account("anna")
    assert [each.name for each in read_accounts(io.BytesIO(data + account("bob")[:40]))] == ["anna"]


@given(st.binary(max_size=200))
def test_no_file_is_too_strange(data: bytes) -> None:
    """It is read, or refused."""
    for beginning in (b"", b"*3\r\n$3\r\nset\r\n", b"*3\r\n$9999999999\r\n"):
        try:
            list(read_accounts(io.BytesIO(beginning + data)))
        except ImportFileError:
            continue


def history(*rows: tuple[str, str, int, str, dict[str, Any] | str]) -> None:
    """Write a history: target, correspondent, nanoseconds, msgid, item."""
    connection = apsw.Connection("history.db")
    connection.execute(
        "CREATE TABLE history (id INTEGER PRIMARY KEY, data BLOB NOT NULL, msgid TEXT NOT NULL);"
        "CREATE TABLE sequence (history_id INTEGER PRIMARY KEY, target TEXT, nanotime INTEGER);"
        "CREATE TABLE conversations (id INTEGER PRIMARY KEY, target TEXT, correspondent TEXT,"
        " nanotime INTEGER, history_id INTEGER)"
    )
    for number, (target, correspondent, time, key, item) in enumerate(rows, 1):
        data = item if isinstance(item, str) else json.dumps(item)
        connection.execute("INSERT INTO history VALUES (?, ?, ?)", (number, data.encode(), key))
        if correspondent:
            for one, other in ((target, correspondent), (correspondent, target)):
                connection.execute(
                    "INSERT INTO conversations VALUES (NULL, ?, ?, ?, ?)",
                    (one, other, time, number),
                )
        else:
            connection.execute("INSERT INTO sequence VALUES (?, ?, ?)", (number, target, time))
    connection.close()


def item(text: str = "hi", kind: int = 1, **more: Any) -> dict[str, Any]:
    """Return an item of the history."""
    message = {"Message": text, "Msgid": "x", "Split": None}
    return {"Type": kind, "Nick": "Anna!~u@h", "AccountName": "Anna", "Message": message} | more


def test_messages_of_channels_are_imported() -> None:
    """With answers, reactions, actions, notices and several lines."""
    split = [{"Message": "a"}, {"Message": "b", "Concat": True}, {"Message": "c"}]
    reply = {"+draft/reply": "k1"}
    history(
        ("#a", "", T, "k1", item()),
        ("#a", "", T + 10**9, "k2", item("yes", Tags=reply, AccountName="*", Nick="bob!b@h")),
        ("#a", "", T + 2 * 10**9, "k3", item("", Message={"Message": "", "Split": split})),
        ("#a", "", T + 3 * 10**9, "k4", item("\x01ACTION waves\x01", IsBot=True)),
        ("#a", "", T + 4 * 10**9, "k5", item("note", 2)),
        ("#a", "", T + 5 * 10**9, "k6", item("", 8, Tags=reply | {"+draft/react": "👍"})),
        ("#a", "", T + 6 * 10**9, "k7", item("", 3)),
    )
    fill()
    assert ran("import", "ergo", "history.db") == 0
    found = kept()
    assert [record.text for record in found] == [
        "hi",
        "yes",
        "ab\nc",
        "\x01ACTION waves\x01",
        "note",
    ]
    assert server_time(found[0].id) == "2023-11-14T22:13:20.000Z"
    assert found[1].tags["+reply"] == msgid(found[0].id)
    assert (found[1].source, found[3].is_bot) == ("bob!imported@ergo", True)
    connection = apsw.Connection("trio-chat.db")
    ((tags,),) = connection.execute("SELECT tags FROM event")
    connection.close()
    assert json.loads(tags)["+draft/reply"] == msgid(found[0].id)
    assert ran("import", "ergo", "history.db") == 0
    assert kept() == found


def test_a_reaction_that_was_taken_back_is_not_left_standing() -> None:
    """Both are in the history, as here."""
    given, back = ({"+draft/reply": "k1", f"+draft/{name}": "👍"} for name in ("react", "unreact"))
    history(
        ("#a", "", T, "k1", item()),
        ("#a", "", T + 10**9, "k2", item("", 8, Tags=given)),
        ("#a", "", T + 2 * 10**9, "k3", item("", 8, Tags=back)),
    )
    fill()
    assert ran("import", "ergo", "history.db") == 0
    connection = apsw.Connection("trio-chat.db")
    tags = [
        json.loads(tags) for (tags,) in connection.execute("SELECT tags FROM event ORDER BY id")
    ]
    connection.close()
    assert [tag for each in tags for tag in each if "react" in tag] == [
        "+draft/react",
        "+draft/unreact",
    ]


def test_messages_belong_to_the_accounts_that_came_along() -> None:
    """Of one import or of two; and so do private conversations. Namesakes get nothing."""
    history(
        ("#a", "", T, "k1", item()),
        ("anna", "bob", T, "k2", item("whisper")),
        ("anna", "stranger", T, "k3", item("to nobody")),
    )
    fill()
    Path("ircd.db").write_bytes(account("Anna") + account("bob"))
    assert ran("import", "ergo", "--dry-run", "history.db", "ircd.db") == 0
    assert names() == []
    assert ran("import", "ergo", "history.db", "ircd.db") == 0
    assert ran("import", "ergo", "ircd.db", "history.db") == 0
    assert [(record.account, record.account_id) for record in kept()] == [("Anna", 1)]
    assert [record.text for record in kept("1,2")] == ["whisper"]


def test_a_namesake_is_somebody_else() -> None:
    """An account that was here before is not that of Ergo."""
    history(("#a", "", T, "k1", item()))
    fill()
    connection = apsw.Connection("trio-chat.db")
    connection.execute(
        "INSERT INTO account VALUES (1, 'anna', 'anna', 1, 'x', x'', 0, x'', x'', 0)"
    )
    connection.close()
    Path("ircd.db").write_bytes(account("anna"))
    assert ran("import", "ergo", "ircd.db", "history.db") == 0
    assert [(record.source, record.account_id) for record in kept()] == [
        ("Anna/ergo!imported@ergo", 0)
    ]


def test_damaged_items_do_not_keep_the_others_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor strange ones."""
    history(
        ("#a", "", T, "k1", "no json"),
        ("#a", "", T + 1, "k2", "[" * 100_000),
        ("#a", "", T + 2, "k3", {"Type": 1, "Nick": 7, "Message": "x", "Tags": [], "IsBot": "y"}),
        ("#a", "", T + 3, "k4", item("good")),
    )
    fill()
    assert ran("import", "ergo", "history.db") == 0
    assert [record.text for record in kept()] == ["good"]
    assert "left out: entries that are damaged: 2" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0" + b"x" * 2000, b"*9\r\n"])
def test_a_file_that_is_none_is_refused(content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """With a sentence."""
    fill()
    Path("file").write_bytes(content)
    code = ran("import", "ergo", "file")
    assert (code, bool(capsys.readouterr().err)) in ((1, True), (0, False))
    assert code == (0 if not content else 1)
