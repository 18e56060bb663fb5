"""The table of the cluster: what nodes that begin a log have to have in common."""

from pathlib import Path

import pytest

from trio_chat.chat.accounts import Account
from trio_chat.chat.credentials import Credentials, ScramKeys
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.cluster import SqliteClusterTable
from trio_chat.storage.database import open_database

ANN = Account("ann", "ann", 1)
KEYS = Credentials("hash", ScramKeys(b"salt", 1, b"stored", b"server"))


async def test_empty_databases_are_equal(tmp_path: Path) -> None:
    """The nodes of a new network begin with them."""
    origins = set()
    for name in ("one.db", "two.db"):
        async with open_database(tmp_path / name) as database:
            await SqliteAccounts(database).secret("scram")
            origins.add(await SqliteClusterTable(database).origin())
    assert len(origins) == 1


@pytest.mark.parametrize("left", ["account", "certificate", "dropped", "number"])
async def test_a_database_with_other_accounts_is_another_one(left: str) -> None:
    """Also when only the number of an account is left, as the next one gets another number."""
    async with open_database(None) as database:
        table, accounts = SqliteClusterTable(database), SqliteAccounts(database)
        before = await table.origin()
        made = await accounts.insert(ANN, KEYS, None)
        assert made is not None
        if left == "certificate":
            before = await table.origin()
            await accounts.add_certificate(made.id, "0" * 64, is_proved=True)
        if left in ("dropped", "number"):
            await accounts.delete(made.id)
        if left == "number":
            await accounts.free("ann")
        assert await table.origin() != before


async def test_the_secrets_of_another_node_are_adopted() -> None:
    """Names that are not shared stay what they are."""
    async with open_database(None) as database:
        table, accounts = SqliteClusterTable(database), SqliteAccounts(database)
        own = await accounts.secret("origin")
        assert "origin" not in await table.secrets()
        await table.adopt({"cloak": b"c", "scram": b"s", "origin": b"o"})
        assert await table.secrets() == {"cloak": b"c", "scram": b"s"}
        assert await accounts.secret("origin") == own
