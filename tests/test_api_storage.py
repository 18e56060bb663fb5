"""What of the HTTP API is in the database: tokens and the audit log."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from api_fakes import SECRET, ApiEnd
from edge import edge
from trio_chat.chat.apply import apply
from trio_chat.chat.audit import AuditEntry
from trio_chat.chat.changes import Audited
from trio_chat.config import Settings, StorageSettings
from trio_chat.server.open_storage import open_storage
from trio_chat.storage import audit
from trio_chat.storage.maintenance import connected


@asynccontextmanager
async def stored(database: Path) -> AsyncIterator[ApiEnd]:
    """Run a server with a database."""
    storage = StorageSettings(file=database)
    async with (
        open_storage(storage, "low") as memory,
        edge(Settings(storage=storage), memory) as here,
    ):
        for table in here.server._tables:
            await table.refresh()
        yield ApiEnd(here)


async def test_a_token_is_valid_after_a_restart(tmp_path: Path) -> None:
    """Its answer came after the commit, so nothing else has to happen before the end."""
    async with stored(tmp_path / "chat.db") as town:
        town.token()
        answer = await town.ask("POST", "/tokens", {"name": "ci", "scopes": ["tokens:read"]})
        secret = json.loads(answer.text)["secret"]
    assert secret.encode() not in (tmp_path / "chat.db").read_bytes()
    async with stored(tmp_path / "chat.db") as town:
        names = [each["name"] for each in (await town.get("/tokens", secret))["items"]]
        assert names == ["ci", "test0"]


async def test_a_revoked_token_is_not_stored_again(tmp_path: Path) -> None:
    """A restart does not bring it back."""
    async with stored(tmp_path / "chat.db") as town:
        town.token()
        other = town.token("tca_other", "server:read")
        assert (await town.ask("DELETE", "/tokens/test1")).status == 204
    async with stored(tmp_path / "chat.db") as town:
        assert (await town.ask("GET", "/server", token=other)).status == 401
        assert (await town.ask("GET", "/caller")).status == 200


async def test_the_audit_log_has_what_was_done(tmp_path: Path) -> None:
    """The newest entry is the first; a page goes on where the one before has ended."""
    async with stored(tmp_path / "chat.db") as town:
        town.token()
        for name in ("a", "b", "c"):
            await town.ask("POST", "/tokens", {"name": name, "scopes": ["tokens:read"]})
        page = await town.get("/audit?limit=2")
        assert [each["text"] for each in page["items"]] == [
            "TOKEN ADD c: tokens:read",
            "TOKEN ADD b: tokens:read",
        ]
        assert page["items"][0]["actor"] == "token test0"
        assert page["items"][0]["address"] == "127.0.0.1"
        page = await town.get(f"/audit?limit=2&after={page['next']}")
        assert [each["text"] for each in page["items"]] == ["TOKEN ADD a: tokens:read"]
        assert page["next"] is None
        found = await town.get("/audit?words=add%20B")
        assert [each["text"] for each in found["items"]] == ["TOKEN ADD b: tokens:read"]
        assert SECRET not in json.dumps(found)


def test_an_entry_is_stored_once(tmp_path: Path) -> None:
    """A node of a cluster may carry out an entry of the log once more after a crash."""

    async def make() -> None:
        async with open_storage(StorageSettings(file=tmp_path / "chat.db"), "low"):
            pass

    trio.run(make)
    with connected(tmp_path / "chat.db") as connection:
        for time in (1, 1, 2):
            audit.add(connection, AuditEntry(time, "ann", "192.0.2.1", "DIE"))
        assert connection.execute("SELECT count(*) FROM audit").get == 2


async def test_an_entry_that_is_too_old_is_deleted(tmp_path: Path) -> None:
    """The hourly task does it."""
    async with open_storage(StorageSettings(file=tmp_path / "chat.db"), "low") as memory:
        assert memory is not None
        assert memory.audit is not None
        async with edge(Settings(), memory) as here:
            apply(here.server.world, Audited("ann", "192.0.2.1", "DIE"))
            committer = here.server.site.committer
            assert committer is not None
            await committer.carry_out(list)
            (entry,) = await memory.audit.read(10)
            await memory.audit.prune(entry.time)
            assert len(await memory.audit.read(10)) == 1
            await memory.audit.prune(entry.time + 1)
            assert await memory.audit.read(10) == []
