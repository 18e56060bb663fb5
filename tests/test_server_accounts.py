"""Accounts in the server: hashes that reveal no password, made in a bounded number of threads."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import scramp
import trio

from support import NOON
from trio_chat.chat.accounts import Account, AccountsError, Busy, Origin, Refreshed
from trio_chat.chat.credentials import Email
from trio_chat.chat.persistence import ChangeSet, DirtyKey
from trio_chat.chat.sasl import SaslFailed, ScramExchange
from trio_chat.chat.second_factors import SecondFactors
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.world import World
from trio_chat.config import LimitSettings
from trio_chat.irc.isupport import Lengths
from trio_chat.server.accounts import COSTS, AccountKeeper, Cost, open_accounts
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.state import load_state, save_state
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.state import SqliteStateStore

ANN = Account("Ann", "ann", 1_800_000_000, 1)
"""As the first account of a database is; its creator does not know the number yet."""
ADDRESS = Origin("192.0.2.1")


@asynccontextmanager
async def keeper(
    path: Path | None = None, cost: Cost = COSTS["low"]
) -> AsyncIterator[AccountKeeper]:
    """Open a keeper of accounts."""
    async with open_database(path) as database:
        yield await open_accounts(SqliteAccounts(database), cost)


async def create(
    accounts: AccountKeeper, account: Account, password: str, origin: Origin
) -> Account | None:
    """Make an account, as who registers does."""
    return await accounts.create(account._replace(id=0), await accounts.prepare(password, origin))


async def set_password(accounts: AccountKeeper, password: str) -> None:
    """Change the password of Ann, as NickServ does."""
    credentials = await accounts.prepare_change(ANN.id, password, ADDRESS)
    await accounts.set_credentials(ANN.id, credentials)


async def test_an_account_is_there_after_a_restart(tmp_path: Path) -> None:
    """With its password, and only with that."""
    async with keeper(tmp_path / "chat.db") as accounts:
        assert await create(accounts, ANN, "correct horse", ADDRESS)
        assert not await create(accounts, ANN, "another", ADDRESS)
    async with keeper(tmp_path / "chat.db") as accounts:
        assert accounts.known == {"ann": ANN}
        assert await accounts.verify("ann", "correct horse", ADDRESS) == ANN
        assert await accounts.verify("ann", "another", ADDRESS) is None
        assert await accounts.verify("bob", "correct horse", ADDRESS) is None


async def test_a_certificate_is_of_one_account() -> None:
    """Of the one that has shown it first, until that takes it away or is deleted; an account that
    is gone gets none.
    """
    bob = Account("Bob", "bob", 1_800_000_000, 2)
    async with keeper() as accounts:
        for account in (ANN, bob):
            assert await create(accounts, account, "correct horse", ADDRESS) == account
        assert await accounts.add_certificate(ANN.id, "ab", is_proved=True)
        assert not await accounts.add_certificate(bob.id, "ab", is_proved=True)
        assert not await accounts.add_certificate(bob.id, "ab", is_proved=False)
        assert not await accounts.add_certificate(3, "cd", is_proved=True)
        assert not await accounts.remove_certificate(bob.id, "ab")
        assert await accounts.certificates(ANN.id) == [("ab", True)]
        await accounts.delete(ANN.id)
        assert await accounts.add_certificate(bob.id, "ab", is_proved=True)


async def test_a_fingerprint_that_was_typed_in_yields_to_who_has_the_key() -> None:
    """It logs in with the name of the account only, as that of others too, until one of them shows
    the certificate.
    """
    bob = Account("Bob", "bob", 1_800_000_000, 2)
    async with keeper() as accounts:
        for account in (ANN, bob):
            await create(accounts, account, "correct horse", ADDRESS)
            assert await accounts.add_certificate(account.id, "ab", is_proved=False)
        assert await accounts.by_certificate("ab") is None
        assert await accounts.by_certificate("ab", "eve") is None
        assert [await accounts.by_certificate("ab", name) for name in ("ann", "bob")] == [ANN, bob]
        assert await accounts.add_certificate(bob.id, "ab", is_proved=True)
        assert await accounts.add_certificate(bob.id, "ab", is_proved=False)
        assert await accounts.by_certificate("ab") == bob
        assert await accounts.by_certificate("ab", "ann") is None
        assert await accounts.certificates(ANN.id) == []


def test_no_password_is_in_the_file(tmp_path: Path) -> None:
    """Not in the database and not in its log."""

    async def register() -> None:
        async with keeper(tmp_path / "chat.db") as accounts:
            await create(accounts, ANN, "correct horse", ADDRESS)
            await trio.to_thread.run_sync(look)

    def look() -> None:
        contents = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"argon2id" in contents
        assert b"correct horse" not in contents

    trio.run(register)


async def test_changing_and_deleting() -> None:
    """The old password is invalid then; the name of a deleted account can be registered once it is
    free, as another account.
    """
    async with keeper() as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
        await set_password(accounts, "battery staple")
        assert await accounts.verify("ann", "correct horse", ADDRESS) is None
        assert await accounts.verify("ann", "battery staple", ADDRESS) == ANN
        await accounts.delete(ANN.id)
        assert await accounts.verify("ann", "battery staple", ADDRESS) is None
        assert await create(accounts, ANN, "correct horse", ADDRESS) is None
        assert await accounts.free("ann")
        assert await create(accounts, ANN, "correct horse", ADDRESS) == ANN._replace(id=2)


async def test_an_email_address_goes_with_its_account(tmp_path: Path) -> None:
    """The address and its verification belong to the account, not to its name."""
    async with keeper(tmp_path / "chat.db") as accounts:
        credentials = await accounts.prepare("correct horse", ADDRESS)
        assert await accounts.create(ANN, credentials, Email("ann@example.org", is_verified=True))
        assert not await accounts.create(
            ANN, credentials, Email("eve@example.org", is_verified=True)
        )
    async with keeper(tmp_path / "chat.db") as accounts:
        assert await accounts.email(ANN.id) == Email("ann@example.org", is_verified=True)
        await accounts.delete(ANN.id)
        await accounts.free("ann")
        anew = await accounts.create(ANN, credentials)
        assert anew is not None
        assert await accounts.email(anew.id) is None


async def scram(accounts: AccountKeeper, name: str, password: str) -> Account | None:
    """Log in by SCRAM, with an independent client."""
    exchange, client = (
        ScramExchange(accounts, ADDRESS, SecondFactors()),
        scramp.ScramClient(["SCRAM-SHA-256"], name, password),
    )
    client.set_server_first(
        (await exchange.take(client.get_client_first().encode())).answer.decode()
    )
    client.set_server_final(
        (await exchange.take(client.get_client_final().encode())).answer.decode()
    )
    login = (await exchange.take(b"")).login
    return login.account if login is not None else None


@pytest.mark.parametrize("event", ["password", "sessions ended", "deleted", "registered again"])
@pytest.mark.parametrize("steps", [1, 2])
async def test_keys_of_scram_do_not_outlive_the_password(event: str, steps: int) -> None:
    """A client may hold an exchange open while the owner of the account sets another password."""
    async with keeper() as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
        server = ScramExchange(accounts, ADDRESS, SecondFactors())
        client = scramp.ScramClient(["SCRAM-SHA-256"], "ann", "correct horse")
        step = await server.take(client.get_client_first().encode())
        client.set_server_first(step.answer.decode())
        if steps == 2:
            await server.take(client.get_client_final().encode())
        if event == "password":
            await set_password(accounts, "another horse")
        elif event == "sessions ended":
            accounts.invalidate(ANN.id)
        else:
            await accounts.delete(ANN.id)
        if event == "registered again":
            await accounts.free("ann")
            assert await create(accounts, ANN, "of somebody else", ADDRESS)
        with pytest.raises(SaslFailed):
            await server.take(b"" if steps == 2 else client.get_client_final().encode())


async def test_a_password_that_is_changed_while_it_is_checked_is_wrong() -> None:
    """The sessions that know the old one were ended in the meantime."""

    class SlowThreads(HashingThreads):
        """Threads that are busy."""

        async def check(self, *args: Any, **kwargs: Any) -> bool:
            """Check a password, and have it changed before that is known."""
            is_right = await super().check(*args, **kwargs)
            await set_password(accounts, "another horse")
            return is_right

    async with open_database(None) as database:
        accounts = await open_accounts(SqliteAccounts(database), COSTS["low"], SlowThreads())
        await create(accounts, ANN, "correct horse", ADDRESS)
        assert await accounts.verify("ann", "correct horse", ADDRESS) is None


async def test_nothing_is_checked_against_what_is_older_than_memory() -> None:
    """In a cluster, a change is in memory first: what is stored is looked at only after that."""
    async with keeper() as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
        fingerprint = "ab" * 32
        await accounts.add_certificate(ANN.id, fingerprint, is_proved=True)

        async def catch_up() -> None:
            await set_password(accounts, "another horse")
            await accounts.remove_certificate(ANN.id, fingerprint)
            accounts.wait_stored = nothing

        async def nothing() -> None:
            await trio.lowlevel.checkpoint()

        for check in (
            lambda: accounts.verify("ann", "correct horse", ADDRESS),
            lambda: accounts.by_certificate(fingerprint),
            lambda: accounts.certificates(ANN.id),
        ):
            accounts.wait_stored = catch_up
            assert not await check()


async def test_scram_proves_what_is_stored() -> None:
    """RFC 5802: both sides prove themselves; passwords in any script (RFC 4013)."""
    async with keeper() as accounts:
        await create(accounts, ANN, "пароль Ⅸ", ADDRESS)
        assert await scram(accounts, "ann", "пароль IX") == ANN
        with pytest.raises(SaslFailed):
            await scram(accounts, "ann", "другой пароль")


async def test_an_account_that_does_not_exist_looks_like_one_that_does(tmp_path: Path) -> None:
    """The same salt every time, also after a restart, and another one for every name."""
    keys = []
    for _ in range(2):
        async with keeper(tmp_path / "chat.db") as accounts:
            keys.append([await accounts.scram_keys(name, ADDRESS) for name in ("bob", "eve")])
    assert keys[0] == keys[1]
    assert keys[0][0].salt != keys[0][1].salt
    async with keeper() as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
        real, fake = (
            await accounts.scram_keys("ann", ADDRESS),
            await accounts.scram_keys("bob", ADDRESS),
        )
        assert [len(real.salt), real.iterations] == [len(fake.salt), fake.iterations]


async def first_answer(accounts: AccountKeeper, name: str) -> dict[str, str]:
    """Return what the server answers to a client that begins SCRAM, without the nonce."""
    exchange = ScramExchange(accounts, ADDRESS, SecondFactors())
    step = await exchange.take(f"n,,n={name},r=nonce".encode())
    assert step.answer
    attributes = dict(part.split("=", 1) for part in step.answer.decode().split(","))
    assert attributes.pop("r").startswith("nonce")
    return attributes


@pytest.mark.parametrize("name", ["ann", "bob", "аня", "rené"])
async def test_all_forms_of_a_name_have_the_same_salt(tmp_path: Path, name: str) -> None:
    """In capitals, in wide letters and decomposed, before and after a restart, whether there is
    such an account or not: a name whose salt differs from form to form would be that of nobody.
    """
    wide = name.translate({code: code + 0xFEE0 for code in range(0x61, 0x7B)})
    forms = [name, name.upper(), wide, unicodedata.normalize("NFD", name)]
    path = tmp_path / "chat.db"
    async with keeper(path) as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
        answers = [await first_answer(accounts, form) for form in forms]
    async with keeper(path) as accounts:
        answers += [await first_answer(accounts, form) for form in forms]
        assert all(answer == answers[0] for answer in answers)
        assert answers[0] != await first_answer(accounts, "carl")


async def test_the_length_of_a_salt_is_not_that_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another default of scramp would show which accounts exist."""
    made = scramp.ScramMechanism.make_auth_info

    def short(
        self: object, password: str, iteration_count: int, salt: bytes = b"short"
    ) -> tuple[bytes, bytes, bytes, int]:
        result: tuple[bytes, bytes, bytes, int] = made(self, password, iteration_count, salt)
        return result

    monkeypatch.setattr(scramp.ScramMechanism, "make_auth_info", short)
    async with keeper() as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
        known, unknown = [await first_answer(accounts, name) for name in ("ann", "bob")]
        assert len(known["s"]) == len(unknown["s"])
        assert known["i"] == unknown["i"]
        assert known["s"] != unknown["s"]


async def test_accounts_of_an_earlier_cost_do_not_stand_out(tmp_path: Path) -> None:
    """After a change of hash_cost, some names of nobody still look like the accounts before it."""
    path = tmp_path / "chat.db"
    async with keeper(path, Cost(memory_kib=8, scram_iterations=5000)) as accounts:
        await create(accounts, ANN, "correct horse", ADDRESS)
    async with keeper(path) as accounts:
        await create(accounts, Account("Bob", "bob", 1_800_000_000), "correct horse", ADDRESS)
        known = {(await first_answer(accounts, name))["i"] for name in ("ann", "bob")}
    names = [f"nobody{number}" for number in range(64)]
    for _ in range(2):
        async with keeper(path) as accounts:
            answers = [await first_answer(accounts, name) for name in names]
            assert {answer["i"] for answer in answers} == known == {"4096", "5000"}
            assert answers == [await first_answer(accounts, name) for name in names]


def test_the_cost_of_a_real_server() -> None:
    """Not less than is asked for: 100,000 rounds of SCRAM, argon2id with 46 MiB."""
    assert COSTS["normal"].scram_iterations >= 100_000
    assert COSTS["normal"].memory_kib >= 46 * 1024


async def test_a_password_that_nobody_could_type_twice() -> None:
    """RFC 4013: what SASLprep forbids is refused, not stored."""
    async with keeper() as accounts:
        with pytest.raises(ValueError, match="forbidden"):
            await create(accounts, ANN, "control \x07 character", ADDRESS)
        assert accounts.known == {}


@pytest.mark.parametrize(
    ("made", "sent"),
    [
        ("p\u00e4ssword", "pa\u0308ssword"),
        ("pa\u0308ssword", "p\u00e4ssword"),
        ("a\u00a0bcdef", "a bcdef"),
    ],
)
async def test_one_password_that_is_sent_in_two_ways(made: str, sent: str) -> None:
    """RFC 4013: systems write one letter as one or as two characters; SCRAM knows that, too."""
    async with keeper() as accounts:
        await create(accounts, ANN, made, ADDRESS)
        assert await accounts.verify("ann", sent, ADDRESS) is not None
        assert await accounts.verify("ann", "password", ADDRESS) is None


def test_an_older_hash_is_of_the_password_as_it_was_sent() -> None:
    """It still fits."""
    cost, password = COSTS["low"], "pa\u0308ssword"
    assert cost.verify(cost.hasher().hash(password), password)


async def test_a_database_that_cannot_be_written(tmp_path: Path) -> None:
    """AccountsError; and nobody is known who is not stored."""
    async with open_database(tmp_path / "chat.db") as database:
        accounts = await open_accounts(SqliteAccounts(database), COSTS["low"])
        await database.write(lambda connection: connection.execute("DROP TABLE account"))
        with pytest.raises(AccountsError, match="no such table"):
            await create(accounts, ANN, "correct horse", ADDRESS)
        assert accounts.known == {}


async def test_what_a_command_changes_beside_the_server_is_noticed(tmp_path: Path) -> None:
    """Accounts that were added or deleted in the file, by somebody else."""
    bob = Account("Bob", "bob", 1_800_000_000, 2)
    async with keeper(tmp_path / "chat.db") as server, keeper(tmp_path / "chat.db") as command:
        await create(server, ANN, "correct horse", ADDRESS)
        assert await server.refresh() == Refreshed()
        await create(command, bob, "battery staple", ADDRESS)
        await command.delete(ANN.id)
        assert await server.refresh() == ((ANN,), (), (), (), ())
        assert server.dropped == {"ann": ANN}
        await command.free("ann")
        assert await server.refresh() == Refreshed(freed=(ANN,))
        assert server.known == {"bob": bob}
        assert await server.verify("bob", "battery staple", ADDRESS) == bob
        assert await server.refresh() == Refreshed()


@pytest.mark.parametrize("change", ["delete", "password", "delete beside", "password beside"])
async def test_devices_are_known_as_long_as_the_password_is_the_same(
    tmp_path: Path, change: str
) -> None:
    """Devices that used another password, or a deleted account of that name, are not those of its
    owner.
    """
    threads = HashingThreads(LimitSettings())
    async with (
        open_database(tmp_path / "chat.db") as database,
        keeper(tmp_path / "chat.db") as command,
    ):
        server = await open_accounts(SqliteAccounts(database), COSTS["low"], threads)
        await create(server, ANN, "correct horse", ADDRESS)
        await command.refresh()
        server.note_right("ann", ADDRESS)
        server.note_right("bob", ADDRESS)
        actor = command if "beside" in change else server
        if "delete" in change:
            await actor.delete(ANN.id)
        else:
            await set_password(actor, "battery staple")
        await server.refresh()
        assert (
            threads.accounts.is_known("ann", ADDRESS),
            threads.accounts.is_known("bob", ADDRESS),
        ) == (False, True)


async def test_a_password_that_a_command_changes_is_noticed(tmp_path: Path) -> None:
    """Once; one that the server itself has changed is no news to it, nor is what it is just
    writing.
    """
    async with keeper(tmp_path / "chat.db") as server, keeper(tmp_path / "chat.db") as command:
        await create(server, ANN, "correct horse", ADDRESS)
        assert await server.refresh() == Refreshed()
        await set_password(server, "battery staple")
        assert await server.refresh() == Refreshed()
        await command.refresh()
        await set_password(command, "old grey mare")
        with server._edit():
            assert await server.refresh() == Refreshed()
        assert await server.refresh() == ((), (ANN,), (), (), ())
        assert await server.refresh() == Refreshed()


async def test_an_account_that_was_made_anew_is_another_one(tmp_path: Path) -> None:
    """Its name is the same, its owner need not be."""
    async with keeper(tmp_path / "chat.db") as server, keeper(tmp_path / "chat.db") as command:
        await create(command, ANN, "correct horse", ADDRESS)
        await server.refresh()
        await command.delete(ANN.id)
        await command.free("ann")
        await create(command, ANN, "battery staple", ADDRESS)
        assert await server.refresh() == ((ANN,), (), (), (), ())
        assert server.known == {"ann": ANN._replace(id=2)}


async def world_with_ann(database: Database) -> tuple[World, SqliteStateStore]:
    """Make the account of Ann; return a world, and the store of its state."""
    accounts = await open_accounts(SqliteAccounts(database), COSTS["low"])
    await create(accounts, ANN, "correct horse", ADDRESS)
    return World(ServerInfo(), Lengths(), lambda: NOON), SqliteStateStore(database)


async def test_what_was_being_written_when_all_ends_is_written(tmp_path: Path) -> None:
    """A save that is cancelled leaves its changes to the next one."""
    async with open_database(tmp_path / "chat.db") as database:
        world, store = await world_with_ann(database)
        world.markers[ANN.id] = {"#a": "2026-01-01T00:00:00.000Z"}
        world.dirty.mark([DirtyKey.marker(ANN.id, "#a")])
        with trio.CancelScope() as scope:
            scope.cancel()
            await save_state(world, store)
        assert scope.cancelled_caught
        assert await save_state(world, store)
        assert (await store.load()).markers == {(ANN.id, "#a"): "2026-01-01T00:00:00.000Z"}


async def test_what_belongs_to_an_account_goes_with_it(tmp_path: Path) -> None:
    """How far the former owner had read is nobody else's business; a server that has not noticed
    yet writes nothing again.
    """
    async with open_database(tmp_path / "chat.db") as database:
        accounts = await open_accounts(SqliteAccounts(database), COSTS["low"])
        store = SqliteStateStore(database)
        bob = await create(accounts, Account("Bob", "bob", 1), "correct horse", ADDRESS)
        assert bob is not None
        ann = await create(accounts, ANN, "correct horse", ADDRESS)
        assert ann is not None
        of_both = ChangeSet(
            {},
            {(account.id, "#a"): "2026-01-01T00:00:00.000Z" for account in (ann, bob)},
            {account.id: {"nick": account.name} for account in (ann, bob)},
            {account.id: {"auto-away": True} for account in (ann, bob)},
            {account.id: {"url": "x"} for account in (ann, bob)},
        )
        await store.save(of_both)
        await accounts.delete(ann.id)
        for _ in range(2):
            kept = await store.load()
            assert set(kept.markers) == {(bob.id, "#a")}
            assert set(kept.users) == set(kept.preferences) == set(kept.metadata) == {bob.id}
            await store.save(of_both)


async def test_accounts_of_one_address_are_limited() -> None:
    """Nobody fills the database with names."""
    async with open_database(None) as database:
        accounts = await open_accounts(
            SqliteAccounts(database),
            COSTS["low"],
            HashingThreads(LimitSettings(registrations_per_hour=2)),
        )
        for name in ("a", "b"):
            assert await create(accounts, Account(name, name, 0), "password", Origin("192.0.2.1"))
        with pytest.raises(Busy, match="Many accounts"):
            await create(accounts, Account("c", "c", 0), "password", Origin("192.0.2.1"))
        assert await create(accounts, Account("c", "c", 0), "password", Origin("192.0.2.2"))


async def test_accounts_that_operators_make_are_not_limited() -> None:
    """A class comes from one address, and whoever registers there afterwards has all of it."""
    async with open_database(None) as database:
        accounts = await open_accounts(
            SqliteAccounts(database),
            COSTS["low"],
            HashingThreads(LimitSettings(registrations_per_hour=1)),
        )
        origin = Origin("192.0.2.1")
        for _ in range(3):
            await accounts.prepare("password", origin, by_operator=True)
        await accounts.prepare("password", origin)
        with pytest.raises(Busy, match="Many accounts"):
            await accounts.prepare("password", origin)


async def test_what_an_account_says_of_itself_lasts(tmp_path: Path) -> None:
    """Written as a whole when it changes, and not at all when there is nothing."""
    async with open_database(tmp_path / "chat.db") as database:
        world, store = await world_with_ann(database)
        for said in ({"url": "x", "ё": "я"}, {}):
            world.metadata[ANN.id] = said
            world.dirty.mark([DirtyKey.metadata(ANN.id)])
            assert await save_state(world, store)
            again = World(ServerInfo(), Lengths(), lambda: 1_800_000_000.0)
            await load_state(again, store)
            assert again.metadata == ({ANN.id: said} if said else {})
