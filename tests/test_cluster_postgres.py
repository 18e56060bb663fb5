"""The log of a cluster in PostgreSQL: a real one, and a hostile fake."""

import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

import postgres_fakes
from fake_servers import until_reset
from log_engines import read_all
from postgres_fakes import Engine, engine
from trio_chat.server.cluster import postgres_address, postgres_log, postgres_session
from trio_chat.server.cluster.log import START, LogBroken, LogRefused, LogUnavailable
from trio_chat.server.cluster.postgres_address import PostgresAddress, parse
from trio_chat.server.cluster.postgres_log import PostgresLog

pytestmark = pytest.mark.engine

APPEND = postgres_session.APPEND
APPENDING = postgres_session._APPENDING
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine that keeps what it has taken."""
    with engine(tmp_path / "engine") as running:
        yield running


async def sql(real: Engine, statement: str) -> list[tuple[bytes, ...]]:
    """Carry out a statement."""
    log = real.log()
    rows = await log._reading.run(statement, seconds=20)
    await log.aclose()
    return rows


async def test_an_engine_that_keeps_everything_is_accepted(real: Engine) -> None:
    """As it is after its installation."""
    log = real.log()
    await log.check()
    await log.aclose()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
async def test_an_engine_that_forgets_is_refused(tmp_path: Path, name: str) -> None:
    """The sentence says what to set."""
    with engine(tmp_path / "engine", f"{name}=off") as real:
        log = real.log()
        with pytest.raises(LogRefused, match=f"{name} = on"):
            await log.check()
        await log.aclose()


async def test_a_connection_has_the_settings_that_the_log_needs(tmp_path: Path) -> None:
    """Whatever those of the engine are."""
    wanted = {
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",
        "statement_timeout": "0",
    }
    options = (
        "synchronous_commit=off",
        "default_transaction_isolation=serializable",
        "statement_timeout=10s",
    )
    with engine(tmp_path / "engine", *options) as real:
        for name, value in wanted.items():
            assert await sql(real, f"SELECT current_setting('{name}')") == [(value.encode(),)]


async def test_a_stronger_wait_for_replicas_is_kept(tmp_path: Path) -> None:
    """An operator may want that replicas show an entry at once."""
    with engine(tmp_path / "engine", "synchronous_commit=remote_apply") as real:
        statement = "SELECT current_setting('synchronous_commit')"
        assert await sql(real, statement) == [(b"remote_apply",)]


async def test_an_entry_is_read_as_soon_as_it_is_there(
    real: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine notifies the reader, which does not ask again and again."""
    monkeypatch.setattr(postgres_log, "_WAIT", 600)
    log = real.log()
    await log.append([b"a"])
    [entry] = await read_all(log)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read_all, log, entry.position)
            await trio.testing.wait_all_tasks_blocked()
            await log.append([b"b"])
    await log.aclose()


async def test_a_reader_that_is_closed_stops(real: Engine) -> None:
    """Its task gets an error, and does not wait for bytes of another file."""
    log = real.log()
    await log.append([b"a"])
    [entry] = await read_all(log)

    async def read() -> None:
        with pytest.raises(LogUnavailable, match="connection is lost"):
            await read_all(log, entry.position)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        await log.aclose()


async def test_several_nodes_make_the_table_at_once(real: Engine) -> None:
    """The first start of a cluster."""
    logs = [real.log() for _ in range(8)]
    async with trio.open_nursery() as nursery:
        for log in logs:
            nursery.start_soon(log.append, [b"a"])
    assert len(await read_all(logs[0], least=8)) == 8
    for log in logs:
        await log.aclose()


async def test_a_user_without_privileges_needs_only_the_database(real: Engine) -> None:
    """The owner of a database is enough."""
    await sql(real, "CREATE USER chat")
    await sql(real, "CREATE DATABASE chat OWNER chat")
    log = PostgresLog(parse(f"postgresql://chat@127.0.0.1:{real.port}/chat"))
    await log.check()
    await log.append([b"a"])
    assert [entry.data for entry in await read_all(log)] == [b"a"]
    await log._reading.run(postgres_session.BARRIER, seconds=3)
    await log.trim(1)
    await log.aclose()


async def test_an_engine_that_gives_the_numbers_again_is_broken(tmp_path: Path) -> None:
    """It was restored from a backup, and another node has appended since."""
    with engine(tmp_path / "engine") as real:
        log = real.log()
        await log.append([b"a"])
        await log.aclose()
        real.kill()
        with engine(tmp_path / "backup", origin=real.directory) as old:
            real.start()
            await log.append([b"b"])
            first, last = await read_all(log, least=2)
            await log.aclose()
            log = old.log()
            await log.append([b"other"])
            with pytest.raises(LogBroken, match="has lost"):
                await log.read(last.position)
            assert [each.data for each in await read_all(log, first.position)] == [b"other"]
            await log.aclose()


async def test_a_new_node_does_not_begin_amid_the_log(real: Engine) -> None:
    """What was trimmed is missing in its state."""
    log = real.log()
    await log.append([b"a", b"b"])
    await log.trim(1)
    with pytest.raises(LogBroken, match="backup of another node"):
        await log.read(START)
    await log.aclose()


async def test_a_position_of_another_engine_is_broken(real: Engine) -> None:
    """A cluster cannot move from one engine to another one."""
    log = real.log()
    await log.append([b"a"])
    for position in ("1732800000000-0", "x", "-1-00", "9" * 30 + "-00"):
        with pytest.raises(LogBroken, match="has lost"):
            await log.read(position)
    await log.aclose()


async def test_the_log_is_trimmed_in_small_steps(
    real: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appends go on meanwhile."""
    monkeypatch.setattr(postgres_log, "_STEP", 10)
    monkeypatch.setattr(postgres_log, "_MOST_ENTRIES", 100_000)
    log = real.log()
    await log.append([b"x"] * 100)
    monkeypatch.setattr(postgres_log, "_MOST_ENTRIES", 30)
    counts: list[int] = []
    for _ in range(8):
        await log.append([b"x"] * 10)
        [[count]] = await log._reading.run("SELECT count(*) FROM trio_chat.log", seconds=3)
        counts.append(int.from_bytes(count, "big"))
    assert counts == [90, 80, 70, 60, 50, 40, 30, 30]
    await log.aclose()


async def test_not_too_much_is_read_at_once(real: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in entries nor in bytes, and nothing is left behind."""
    monkeypatch.setattr(postgres_log, "_WAIT", 600)
    monkeypatch.setattr(postgres_log, "_COUNT", 5)
    monkeypatch.setattr(postgres_log, "_SIZE", 100)
    log = real.log()
    await log.append([b"x" * 60] * 5 + [b"x"] * 12)
    counts: list[int] = []
    position = START
    with trio.fail_after(60):
        while sum(counts) < 17:
            found = await log.read(position)
            counts.append(len(found))
            position = found[-1].position
    assert counts == [2, 2, 5, 5, 3]
    await log.aclose()


async def test_a_node_that_is_frozen_amid_an_append_stops_nobody(real: Engine) -> None:
    """The engine begins with it when it has all of it."""
    frozen, log = real.log(), real.log()
    connection = await frozen._appending.open()
    entries = postgres_log._array([b"x" * 50_000_000])
    connection._pgconn.send_query_params(APPEND.encode(), [entries], None, [1])
    assert connection._pgconn.flush()
    await log.append([b"a"])
    assert [entry.data for entry in await read_all(log)] == [b"a"]
    await frozen.aclose()
    await log.aclose()


async def test_time_does_not_go_back(real: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """The clock of a replica that takes over may be slow."""
    log = real.log()
    await log.append([b"a"])
    await log._appending.run("UPDATE trio_chat.log SET time = time + interval '1 h'", seconds=3)
    await log.append([b"b"])
    first, second = await read_all(log, least=2)
    assert second.time >= first.time
    assert "clock of the engine is 35" in caplog.text
    await log.aclose()


async def test_replicas_that_are_required_must_be_waited_for(real: Engine) -> None:
    """Before the start, and before anything that was read is returned."""
    log = real.log(replicas=1)
    with pytest.raises(LogRefused, match=r"waits for 0: set `synchronous_standby_names"):
        await log.check()
    await log.append([b"a"])
    with pytest.raises(LogUnavailable, match="waits for 0 of 1 replicas"):
        await log.read(START)
    await log.aclose()


async def test_replicas_that_are_required_must_be_there(tmp_path: Path) -> None:
    """Or no append would ever end."""
    with engine(tmp_path / "engine", "synchronous_standby_names=*") as real:
        log = real.log(replicas=1)
        with pytest.raises(LogRefused, match="required: 1 replica; there: 0"):
            await log.check()
        await log.aclose()


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ("", 0),
        ("*", 1),
        ("a, b", 1),
        ("2 (a, b, c)", 2),
        ("FIRST 3 (a,b,c)", 3),
        ("any 2(a,b)", 2),
        ('"2 (odd)"', 1),
    ],
)
def test_the_number_of_replicas_is_read(names: str, count: int) -> None:
    """All forms of `synchronous_standby_names`."""
    assert postgres_log._waits_for(names) == count


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Engine, Engine]]:
    """Return a primary that waits for its replica, and the replica."""
    with (
        engine(tmp_path / "primary") as primary,
        postgres_fakes.replica(tmp_path / "replica", primary) as replica,
    ):
        await sql(primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
        await sql(primary, "SELECT pg_reload_conf()")
        yield primary, replica


async def test_what_a_replica_has_is_read(pair: tuple[Engine, Engine]) -> None:
    """A failover to it loses nothing of that."""
    primary, replica = pair
    log = PostgresLog(PostgresAddress((*replica.address.hosts, *primary.address.hosts), USER), 1)
    await log.check()
    await log.append([b"a"])
    [entry] = await read_all(log)
    assert entry.data == b"a"
    primary.kill()
    await trio.to_thread.run_sync(replica.promote)
    await log.aclose()
    log = PostgresLog(log._address)  # it has no replica now
    await log.append([b"b"])
    assert [each.data for each in await read_all(log, entry.position)] == [b"b"]
    await log.aclose()


USER = {"user": "postgres", "dbname": "postgres"}


async def test_a_replica_alone_is_unavailable(pair: tuple[Engine, Engine]) -> None:
    """It can be read, but not written to."""
    _primary, replica = pair
    log = replica.log()
    with pytest.raises(LogUnavailable, match="it is a replica"):
        await log.append([b"a"])
    await log.aclose()


async def test_an_entry_that_no_replica_has_is_not_read(pair: tuple[Engine, Engine]) -> None:
    """An operator has ended its wait, so all can see it, and a failover would lose it."""
    primary, replica = pair
    log, reader = primary.log(1), primary.log(1)
    await log.append([b"a"])
    [entry] = await read_all(reader)
    replica.kill()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.append, [b"b"])
        with trio.fail_after(20):
            while not (found := await sql(primary, WAITING)):
                pass
            [[pid]] = found
            await sql(primary, f"SELECT pg_cancel_backend({int.from_bytes(pid, 'big')})")
    with pytest.raises(LogUnavailable, match="no replica confirms the last entries: no answer"):
        await read_all(reader, entry.position)
    await log.aclose()
    await reader.aclose()


async def test_a_confirmation_that_was_ended_does_not_count(pair: tuple[Engine, Engine]) -> None:
    """An operator has ended the wait of a reader, and the engine says so in a warning only."""
    primary, replica = pair
    reader = primary.log(1)
    await reader.append([b"a"])
    replica.kill()

    async def read() -> None:
        with pytest.raises(LogUnavailable, match="canceling wait for synchronous replication"):
            await read_all(reader)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        with trio.fail_after(20):
            while not (found := await sql(primary, WAITING)):
                pass
            [[pid]] = found
            await sql(primary, f"SELECT pg_cancel_backend({int.from_bytes(pid, 'big')})")
    await reader.aclose()


async def test_an_append_does_not_wait_for_others_for_ever(real: Engine) -> None:
    """One that waits for a replica holds the lock of all."""
    holder, log = real.log(), real.log()
    await holder.append([b"a"])
    await holder._appending.run(f"SELECT pg_advisory_lock({APPENDING})", seconds=3)
    with pytest.raises(LogUnavailable, match="an append of another node has not ended"):
        await log.append([b"b"])
    await holder.aclose()
    await log.append([b"c"])
    assert [entry.data for entry in await read_all(log, least=2)] == [b"a", b"c"]
    await log.aclose()


async def test_a_password_is_required_and_sent(tmp_path: Path) -> None:
    """By SCRAM with channel binding over TLS; the refusal of a wrong one is the engine's own."""
    with engine(tmp_path / "engine", "listen_addresses=127.0.0.1,127.0.0.2") as real:
        await sql(real, "CREATE USER chat SUPERUSER PASSWORD 'secret word'")
        real.kill()
        real.secure(trustme.CA().issue_cert("engine.example"))
        real.start()
        for password, why in (("secret word", ""), ("wrong", "password authentication failed")):
            log = PostgresLog(parse(f"postgresql://chat@127.0.0.2:{real.port}/postgres", password))
            assert log._address.parameters["channel_binding"] == "require"
            if why:
                with pytest.raises(LogUnavailable, match=why) as caught:
                    await log.check()
                assert "\n" not in str(caught.value)
            else:
                await log.check()
            await log.aclose()


async def test_an_engine_that_lets_everybody_in_is_refused(tmp_path: Path) -> None:
    """On another machine, as far as the address says."""
    with engine(tmp_path / "engine", "listen_addresses=127.0.0.2") as real:
        url = f"postgresql://postgres:pw@127.0.0.2:{real.port}/postgres?sslmode=disable"
        log = PostgresLog(parse(url))
        with pytest.raises(LogRefused, match=r"scram-sha-256"):
            await log.check()
        await log.aclose()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me@192.0.2.1/x", "needs a password"),
        ("postgresql://me:pw@192.0.2.1/x?sslmode=prefer", "sslmode=verify-full"),
        ("postgresql://me:pw@127.0.0.1,192.0.2.1/x?sslmode=allow", "sslmode=verify-full"),
        ("postgresql://127.0.0.1,localhost/x?replicas=0", "at least 1 replica"),
    ],
)
async def test_an_engine_on_another_machine_needs_a_password_and_tls(url: str, why: str) -> None:
    """Hashes of passwords are in the log."""
    with pytest.raises(LogRefused, match=why):
        await PostgresLog(parse(url)).check()


@pytest.mark.parametrize("host", ["engine..example", "/no/such/directory"])
async def test_a_host_that_is_none_is_unavailable(host: str) -> None:
    """An operator may have misspelt it."""
    with pytest.raises(LogUnavailable, match="cannot connect"):
        await PostgresLog(PostgresAddress(((host, 5432),), USER)).append([b"a"])


def message(kind: bytes, data: bytes = b"") -> bytes:
    """Return a message of the protocol."""
    return kind + struct.pack("!i", len(data) + 4) + data


LOGIN = message(b"R", struct.pack("!i", 0))
IDLE = message(b"Z", b"I")
READY = LOGIN + IDLE
ERROR = message(b"E", b"SFATAL\0VFATAL\0C57P03\0Mthe database\nis starting up\0\0")


@asynccontextmanager
async def hostile(*answers: bytes) -> AsyncIterator[PostgresLog]:
    """Give a log in a program that sends these bytes, one after each request, and then closes."""

    async def serve(stream: trio.SocketStream) -> None:
        with trio.move_on_after(5):
            for answer in answers:
                await stream.receive_some()
                await stream.send_all(answer)
        await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(
            partial(trio.serve_tcp, until_reset(serve), 0, host="127.0.0.1")
        )
        port = listener.socket.getsockname()[1]
        parameters = USER | {"sslmode": "disable"}
        yield PostgresLog(PostgresAddress((("127.0.0.1", port),), parameters))
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((), "cannot connect"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "cannot connect"),
        ((ERROR,), "the database"),
        ((LOGIN + message(b"S", b"in_hot_standby\0on\0") + IDLE,), "it is a replica"),
        (
            (LOGIN + message(b"S", b"default_transaction_read_only\0on\0") + IDLE,),
            "it is a replica",
        ),
        ((READY, ERROR), "is starting up|connection"),
        ((READY, b"T\0\0\0\x64half"), "connection is lost"),
        ((READY, b"\0" * 100), "connection is lost"),
    ],
)
async def test_an_engine_that_is_none_is_unavailable(answers: tuple[bytes, ...], why: str) -> None:
    """The reason is one line."""
    async with hostile(*answers) as log:
        with pytest.raises(LogUnavailable, match=why) as caught:
            await log.append([b"a"])
        assert "\n" not in str(caught.value)


async def test_an_engine_that_does_not_answer_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the login, and later."""
    monkeypatch.setattr("trio_chat.server.cluster.postgres_connection._CONNECT", 0.05)
    monkeypatch.setattr("trio_chat.server.cluster.postgres_session._SECONDS", 0.05)
    for answers in ((b"",), (READY, b"")):
        async with hostile(*answers, b"") as log:
            with pytest.raises(LogUnavailable, match=r"no answer within 0\.05 s"):
                await log.append([b"a"])


@pytest.mark.parametrize(
    ("url", "hosts", "others"),
    [
        ("postgresql://localhost/x", (("localhost", 5432),), {"dbname": "x"}),
        (
            "postgres://:pw@[::1]:1,127.0.0.1/x?sslmode=disable",
            (("::1", 1), ("127.0.0.1", 5432)),
            {"password": "pw", "dbname": "x", "sslmode": "disable"},
        ),
        (
            "postgresql://me:p%40w@h:1,i:2,j:3/x?target_session_attrs=any&options=-cjit%3Doff",
            (("h", 1), ("i", 2), ("j", 3)),
            {"user": "me", "password": "p@w", "dbname": "x", "options": "-cjit=off"}
            | {"sslmode": "require", "channel_binding": "require"},
        ),
        ("postgresql:///x?host=/run/postgresql", (("/run/postgresql", 5432),), {"dbname": "x"}),
        ("postgresql://%2Frun%2Fpg:1/x", (("/run/pg", 1),), {"dbname": "x"}),
    ],
)
def test_an_address_is_read(
    url: str, hosts: tuple[tuple[str, int], ...], others: dict[str, str]
) -> None:
    """With several hosts, of which one is the primary; to another machine with TLS."""
    found = parse(url)
    assert (found.hosts, found.parameters) == (hosts, others)
    assert found.is_local == ("channel_binding" not in others)


@pytest.mark.parametrize(
    ("options", "replicas"),
    [
        ("localhost/x", 0),
        ("localhost,127.0.0.1/x", 1),
        ("localhost,127.0.0.1/x?replicas=0", 0),
        ("localhost/x?replicas=2", 2),
        ("localhost/x?sslmode=require&replicas=1&options=-cjit%3Doff", 1),
    ],
)
def test_an_address_may_require_replicas(options: str, replicas: int) -> None:
    """The configuration counts before it; with several hosts there is a failover."""
    address = parse(f"postgresql://{options}")
    assert address.replicas == PostgresLog(address)._replicas == replicas
    assert PostgresLog(address, 5)._replicas == 5
    assert "replicas" not in address.parameters
    assert ("sslmode" in address.parameters) == ("sslmode" in options)


def test_a_password_may_come_from_elsewhere() -> None:
    """The one of the address counts first."""
    assert parse("postgresql://me@h/x", "file").parameters["password"] == "file"
    assert parse("postgresql://me:own@h/x", "file").parameters["password"] == "own"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://x",
        "postgresql://",
        "postgresql:///x",
        "postgresql://x:port/x",
        "postgresql://x:99999/x",
        "postgresql://x,,y/x",
        "postgresql://me:secret@x/x?unknown=1",
        "postgresql://me:secret%@x/x",
        "postgresql://x/x?hostaddr=192.0.2.1",
        "postgresql://x/x?service=chat",
        "postgresql://[::1/x",
        "postgresql://x/x?replicas=-1",
        "postgresql://x/x?sslmode=require&replicas=two",
        "postgresql://x/x?replicas=99999999",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    """The message does not show it, because it may have a password."""
    with pytest.raises(ValueError, match="the address of the engine") as caught:
        postgres_address.parse(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


def test_a_password_is_not_shown() -> None:
    """Neither in a log nor in a traceback."""
    assert "secret" not in repr(parse("postgresql://me:secret@localhost/x"))
