"""Operators in the server: passwords, REHASH, and bans that commands write alongside it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from support import NOON, Clock
from trio_chat.chat.accounts import Origin
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import BanLifted, BanSet
from trio_chat.chat.control import RehashError
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.world import World
from trio_chat.config import (
    KEYS,
    NAMED,
    LimitSettings,
    OperatorSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    load,
)
from trio_chat.irc.message import Message, parse
from trio_chat.server import rehash
from trio_chat.server.accounts import COSTS
from trio_chat.server.app import Server
from trio_chat.server.bans import BanWatcher
from trio_chat.server.control import ServerControl
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.open_storage import open_storage
from trio_chat.server.peer import Peer
from trio_chat.server.rehash import WHEN
from trio_chat.server.state import save_state
from trio_chat.server.transport import StreamTransport
from trio_chat.storage.bans import SqliteBans
from trio_chat.storage.database import open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.state import SqliteStateStore

NOWHERE = Settings(storage=StorageSettings(file=None))
"""Settings with which nothing is written: a certificate would be, beside the database."""
HERE = Origin("192.0.2.1")
HASH = COSTS["low"].hasher().hash("secret word")


def server(
    settings: Settings | None = None, load: object = None, memory: StoragePorts | None = None
) -> Server:
    """Return a server that does not run."""
    return Server(settings or NOWHERE, Clock(NOON), memory, load=load)  # type: ignore[arg-type]


async def test_the_password_of_an_operator() -> None:
    """The right one at once; a wrong one, and any for an operator that does not exist, after a
    pause.
    """
    control = ServerControl(server(), COSTS["low"], HashingThreads())
    assert await control.is_password("root", HASH, "secret word", HERE)
    for hashed, password in ((HASH, "wrong"), ("", "secret word"), ("", "")):
        started = trio.current_time()
        assert not await control.is_password("root", hashed, password, HERE)
        assert trio.current_time() - started >= LimitSettings().failed_login_delay * 0.99


def hashes_checked(monkeypatch: pytest.MonkeyPatch, cost: object) -> list[str]:
    """Have no password fit; return the list of the hashes that passwords are compared with."""
    checked: list[str] = []

    def verify(hashed: str, password: str) -> bool:
        checked.append(hashed)
        return False

    monkeypatch.setattr(cost, "verify", verify)
    return checked


async def test_an_operator_that_does_not_exist_costs_a_hash(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """The time of the reply does not reveal whether the operator exists."""
    cost = COSTS["low"]
    checked = hashes_checked(monkeypatch, cost)
    control = ServerControl(server(), cost, HashingThreads())
    await control.is_password("eve", "", "x", HERE)
    await control.is_password("root", HASH, "x", HERE)
    assert [hashed.split("$")[:4] for hashed in checked] == [HASH.split("$")[:4]] * 2


async def test_the_decoy_is_as_dear_as_the_operators(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """Their hashes may have been made with another hash_cost."""
    cost = COSTS["normal"]
    checked = hashes_checked(monkeypatch, cost)
    running = server(Settings(operators=(OperatorSettings(name="root", password=HASH),)))
    await ServerControl(running, cost, HashingThreads()).is_password("eve", "", "x", HERE)
    assert checked[0].split("$")[:4] == HASH.split("$")[:4]
    assert checked[0] != HASH


def test_every_key_is_in_the_table_once() -> None:
    """Nobody adds a key without deciding when a change of it has its effect."""
    for section, keys in KEYS.items():
        assert sorted(key for several in WHEN[section].values() for key in several) == sorted(keys)
    assert set(WHEN) == {*KEYS, *(kind.field for kind in NAMED.values())}


def changed() -> Settings:
    """Return settings of which some can be taken."""
    default = NOWHERE
    return replace(
        default,
        server=replace(
            default.server,
            name="another.name",
            motd=("hello",),
            network="Net",
            cloak=False,
            port=6000,
        ),
        limits=replace(
            default.limits,
            flood_burst=7,
            clients=5,
            lengths=default.limits.lengths._replace(nick=9),
        ),
        logging=replace(default.logging, level="error"),
        operators=(OperatorSettings(name="Anna", account="Anna", rights=("kill",)),),
    )


async def test_what_is_applied_and_what_is_not() -> None:
    """The operator sees both; what needs a restart stays as it was, everywhere."""
    running = server(load=changed)
    lines = await ServerControl(running, COSTS["low"], HashingThreads(), changed).rehash()
    assert lines == [
        "Changed at once: [server] network, [server] motd, [logging] level, [operator …]",
        "Changed for new connections: [server] cloak, [limits] flood_burst",
        (
            "Changed after a restart: [server] port, [server] name, [limits] clients, [limits]"
            " nick_length"
        ),
    ]
    world = running.world
    assert (world.server_info.name, world.server_info.network, world.server_info.motd) == (
        "chat.local",
        "Net",
        ("hello",),
    )
    assert (running.limits.flood_burst, running.limits.clients, running.limits.lengths.nick) == (
        7,
        10_000,
        32,
    )
    assert world.cloaks is None
    assert world.server_info.created == NOON
    assert world.server_info.operators["anna"].rights == {"kill"}
    assert any("NETWORK=Net" in token for token in world.advertised.tokens)
    again = rehash.apply(running, changed())
    assert again.lines == [
        "Changed after a restart: [server] port, [server] name, [limits] clients, [limits]"
        " nick_length"
    ]


async def test_a_wrong_configuration_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator and the log get file, line and allowed values."""
    path = tmp_path / "config.ini"
    path.write_text("[server]\nnetwork = Other\nport = x\n")
    running = server()
    control = ServerControl(running, COSTS["low"], HashingThreads(), lambda: load(path))
    with pytest.raises(RehashError, match=r"line 3: \[server\] port = \"x\""):
        await control.rehash()
    assert running.world.server_info.network == "trio-chat"
    assert "line 3" in caplog.text
    path.write_text("[server]\nnetwork = Other\n")
    await control.rehash()
    assert running.world.server_info.network == "Other"


async def test_a_database_for_later_has_its_certificate_later(tmp_path: Path) -> None:
    """`[storage] file` counts after a restart; until then who knows the server by its certificate
    sees the same one.
    """
    before, later = (
        Settings(storage=StorageSettings(file=tmp_path / name))
        for name in ("before.db", "later.db")
    )
    running = server(before)
    await running.encryption.load()
    shown = running.encryption.fingerprint
    await ServerControl(running, COSTS["low"], HashingThreads(), lambda: later).rehash()
    assert running.encryption.fingerprint == shown
    assert set(os.listdir(tmp_path)) == {
        f"before.db{end}" for end in (".tls.pem", ".ca.pem", ".ca.key")
    }


async def test_a_configuration_that_cannot_be_read_again() -> None:
    """A server that was made by a program has none."""
    with pytest.raises(RehashError, match="without a configuration"):
        await ServerControl(server(), COSTS["low"], HashingThreads()).rehash()


async def talk(running: Server, host: str, *lines: str) -> list[Message]:
    """Return all that a client of a running server is sent until the end."""
    ours, theirs = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.broadcaster.run)
        nursery.start_soon(running.serve_client, StreamTransport(theirs), Peer(host=host))
        await ours.send_all("".join(f"{line}\r\n" for line in lines).encode())
        data = b""
        while chunk := await ours.receive_some():
            data += chunk
        nursery.cancel_scope.cancel()
    return [parse(line.decode()) for line in data.split(b"\r\n")[:-1]]


async def test_a_banned_address_is_refused_at_once() -> None:
    """Before it can say anything: ERR_YOUREBANNEDCREEP and ERROR."""
    running = server()
    apply(running.world, BanSet(Ban(BanKind.ADDRESS, "192.0.2.0/24", "root", "spam", 0)))
    told, error = await talk(running, "192.0.2.9", "NICK ann")
    assert (told.command, told.params) == ("465", ("*", "You are banned from this server: spam"))
    assert error.params == ("Closing link: 192.0.2.9 (Banned: spam)",)
    assert not running.world.sessions


async def test_people_are_cloaked_by_default() -> None:
    """The address itself is in nothing that others see."""
    running = server()
    seen = await talk(running, "192.0.2.9", "NICK ann", "USER ann 0 * :a", "JOIN #a", "QUIT")
    sources = {message.source for message in seen if message.command == "JOIN"}
    assert sources == {f"ann!ann@{running.world.host_of('192.0.2.9')}"}
    assert "192.0.2.9" not in str(sources)


@pytest.mark.parametrize("secret", ["", "a secret of sixteen"])
async def test_cloaks_last_as_long_as_their_secret(tmp_path: Path, secret: str) -> None:
    """The database keeps one, or config.ini says one; without both each start has another."""
    settings = Settings(server=ServerSettings(cloak_secret=secret))
    hosts = set()
    for _ in range(2):
        async with open_storage(StorageSettings(file=tmp_path / "db"), "low") as memory:
            hosts.add(server(settings, memory=memory).world.host_of("192.0.2.9"))
    assert len(hosts) == 1
    assert len({server(settings).world.host_of("192.0.2.9") for _ in range(2)}) == (
        1 if secret else 2
    )


@asynccontextmanager
async def kept(path: Path) -> AsyncIterator[tuple[World, BanWatcher, SqliteStateStore]]:
    """Have a world whose bans are stored in a database."""
    async with open_database(path) as database:
        running = server()
        watcher = BanWatcher(running.world, SqliteBans(database), running.broadcaster)
        yield running.world, watcher, SqliteStateStore(database)


BAN = Ban(BanKind.MASK, "*!*@bad.example", "root!root@h", "spam \\ ; '", int(NOON), int(NOON) + 60)


async def test_bans_last(tmp_path: Path) -> None:
    """All of a ban is there after a restart, and a lifted one is not."""
    gone = BAN._replace(mask="*!*@other.example")
    async with kept(tmp_path / "db") as (world, _, store):
        apply(world, BanSet(BAN))
        apply(world, BanSet(gone))
        assert await save_state(world, store)
        apply(world, BanLifted(gone))
        assert await save_state(world, store)
    async with kept(tmp_path / "db") as (world, watcher, _):
        await watcher.refresh()
        assert list(world.bans) == [BAN]


class FailingTable:
    """A table in memory that cannot be used until it works."""

    def __init__(self, *, works: bool = False) -> None:
        self.bans: list[Ban] = []
        self.works = works

    async def load(self) -> list[Ban]:
        """Return what the test has put there."""
        return self.bans

    async def changes(self) -> int:
        """Fail as long as it does not work."""
        if not self.works:
            raise StorageError("the disk is full")
        return len(self.bans)


async def test_a_ban_that_a_command_makes_is_noticed(autojump_clock: MockClock) -> None:
    """Within seconds matching clients are disconnected."""
    running, table = server(), FailingTable(works=True)
    ours, theirs = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(BanWatcher(running.world, table, running.broadcaster).run)
        nursery.start_soon(running.broadcaster.run)
        nursery.start_soon(running.serve_client, StreamTransport(theirs), Peer(host="192.0.2.9"))
        await ours.send_all(b"NICK ann\r\nUSER ann 0 * :a\r\n")
        await wait_all_tasks_blocked()
        table.bans = [Ban(BanKind.ADDRESS, "192.0.2.9", "beside", "spam", 0)]
        data = b""
        while chunk := await ours.receive_some():
            data += chunk
        nursery.cancel_scope.cancel()
    assert b" 465 ann :You are banned from this server: spam\r\n" in data
    assert data.endswith(b"(Banned: spam)\r\n")


async def test_a_table_that_cannot_be_read_is_tried_again(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The bans of the world are in force meanwhile, and the log names the error."""
    running, table = server(), FailingTable()
    apply(running.world, BanSet(BAN))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(BanWatcher(running.world, table, running.broadcaster).run)
        await trio.sleep(7)
        assert list(running.world.bans) == [BAN]
        table.works, table.bans = True, [BAN, BAN._replace(mask="*!*@other.example")]
        await trio.sleep(7)
        nursery.cancel_scope.cancel()
    assert list(running.world.bans) == table.bans
    assert "bans cannot be read: the disk is full" in caplog.text


def test_operators_see_the_numbers_of_the_server() -> None:
    """The same as Prometheus, in words."""
    numbers = dict(ServerControl(server(), COSTS["low"], HashingThreads()).numbers())
    assert numbers["Users, connected or always-on."] == 0
    assert numbers["Channels."] == 1
