"""The log of a cluster in Redis or Valkey: a real one, and a hostile fake."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from fake_servers import until_reset
from log_engines import read_all
from redis_fakes import Engine, engine
from trio_chat.server.cluster import redis_address
from trio_chat.server.cluster.log import START, LogRefused, LogUnavailable
from trio_chat.server.cluster.redis_address import Login, RedisAddress
from trio_chat.server.cluster.redis_log import RedisLog

pytestmark = pytest.mark.engine


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine that keeps what it has taken."""
    with engine(tmp_path / "engine") as running:
        yield running


async def test_an_engine_that_keeps_everything_is_accepted(real: Engine) -> None:
    """It has an append-only file, and evicts nothing."""
    log = RedisLog(real.address)
    await log.check()
    await log.aclose()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--appendonly", "no"), "appendonly yes"),
        (("--maxmemory-policy", "allkeys-lru"), "noeviction"),
    ],
)
async def test_an_engine_that_forgets_is_refused(
    tmp_path: Path, options: tuple[str, str], why: str
) -> None:
    """The sentence says what to set."""
    with engine(tmp_path / "engine", *options) as real:
        log = RedisLog(real.address)
        with pytest.raises(LogRefused, match=why):
            await log.check()
        await log.aclose()


@pytest.mark.parametrize(
    ("sync", "may_lose"), [("always", False), ("everysec", True), ("no", True)]
)
async def test_an_engine_that_syncs_later_may_lose_the_end(
    real: Engine, sync: str, may_lose: bool
) -> None:
    """Redis: `always` is the only one with which it answers after the disk has what it was sent."""
    await real.call("CONFIG", "SET", "appendfsync", sync)
    log = RedisLog(real.address)
    assert await log.check() is may_lose
    await log.aclose()


async def test_replicas_that_are_required_must_be_there(real: Engine) -> None:
    """Before the start, and before anything that was read is returned."""
    log = RedisLog(real.address, replicas=1)
    with pytest.raises(LogRefused, match="required: 1 replica; there: 0"):
        await log.check()
    await log.append([b"a"])
    with pytest.raises(LogUnavailable, match="only 0 of 1 replicas"):
        await log.read(START)
    await log.aclose()


async def test_what_a_replica_has_is_read(tmp_path: Path) -> None:
    """A failover to it loses nothing of that."""
    with engine(tmp_path / "primary", "--repl-diskless-sync-delay", "0") as primary:
        options = ("--replicaof", f"127.0.0.1 {primary.port}")
        with engine(tmp_path / "replica", *options) as replica:
            log = RedisLog(RedisAddress((*replica.address.hosts, *primary.address.hosts)), 1)
            with trio.fail_after(30):
                while True:
                    try:
                        assert not await log.check()  # a replica has the end, too
                        break
                    except LogRefused:  # it is connecting to the primary
                        await trio.sleep(0.05)
            await log.append([b"a"])
            assert [entry.data for entry in await read_all(log)] == [b"a"]
            await log.aclose()


async def test_a_password_is_required_and_sent(tmp_path: Path) -> None:
    """A wrong one is refused with the engine's own words."""
    with engine(tmp_path / "engine", "--requirepass", "secret word") as real:
        hosts = real.address.hosts
        log = RedisLog(RedisAddress(hosts, password="secret word"))
        await log.check()
        await log.aclose()
        log = RedisLog(RedisAddress(hosts, password="wrong"))
        with pytest.raises(LogUnavailable, match="WRONGPASS"):
            await log.check()
        await log.aclose()


async def test_an_engine_on_another_machine_needs_a_password() -> None:
    """Hashes of passwords are in the log."""
    with pytest.raises(LogRefused, match="needs a password"):
        await RedisLog(RedisAddress((("192.0.2.1", 6379),))).check()


async def test_a_host_that_is_no_name_is_unavailable() -> None:
    """An operator may have misspelt it."""
    with pytest.raises(LogUnavailable, match="cannot connect"):
        await RedisLog(RedisAddress((("engine..example", 6379),))).append([b"a"])


@asynccontextmanager
async def hostile(*answers: bytes) -> AsyncIterator[RedisLog]:
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
        yield RedisLog(RedisAddress((("127.0.0.1", port),)))
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((), "connection"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "no Redis"),
        ((b"-LOADING the dataset is loading\r\n",), "LOADING"),
        ((b"*1\r\n$7\r\nreplica\r\n",), "replica"),
        ((b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", b"-READONLY\r\n"), "READONLY"),
        ((b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", b"$100\r\nhalf"), "connection"),
    ],
)
async def test_an_engine_that_is_none_is_unavailable(answers: tuple[bytes, ...], why: str) -> None:
    """The reason is one line."""
    async with hostile(*answers) as log:
        with pytest.raises(LogUnavailable, match=why) as caught:
            await log.append([b"a"])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "hosts", "user", "password", "name"),
    [
        ("redis://localhost", (("localhost", 6379),), "", "", "trio-chat"),
        ("redis://:pw@a:1,b:2,[::1]:3/x", (("a", 1), ("b", 2), ("::1", 3)), "", "pw", "x"),
        ("redis://me:p%40w@h", (("h", 6379),), "me", "p@w", "trio-chat"),
        ("REDIS://h/x?username=me&password=pw", (("h", 6379),), "me", "pw", "x"),
        ("redis+sentinel://:pw@a,[::1]:3/x", (("a", 26379), ("::1", 3)), "", "pw", "x"),
    ],
)
def test_an_address_is_read(
    url: str, hosts: tuple[tuple[str, int], ...], user: str, password: str, name: str
) -> None:
    """With several hosts, of which one is the primary."""
    found = redis_address.parse(url)
    assert (found.hosts, found.user, found.password, found.name) == (hosts, user, password, name)
    assert found.tls is None
    assert redis_address.parse(url.lower().replace("redis", "rediss", 1)).tls is not None


def test_an_address_of_sentinels_is_read() -> None:
    """A replica is required: a failover would lose what only the primary has."""
    url = "redis+sentinel://me:pw@a/x?master=prod&sentinel_username=s&sentinel_password=t"
    found = redis_address.parse(url)
    assert (found.master, found.sentinel_login, found.replicas) == ("prod", Login("s", "t"), 1)
    assert found.login == Login("me", "pw")
    found = redis_address.parse("redis+sentinel://a", "pw\r\nof the Sentinels\n")
    assert (found.master, found.login, found.name) == ("mymaster", Login("", "pw"), "trio-chat")
    assert found.sentinel_login == Login("", "of the Sentinels")
    assert redis_address.parse("redis+sentinel://a?replicas=2").replicas == 2
    assert redis_address.parse("redis://a").replicas == 0
    assert redis_address.parse("redis://a,b").replicas == 1


def test_an_address_of_a_unix_socket_is_read() -> None:
    """The name of the cluster is an option, as everything before it is the path."""
    found = redis_address.parse("unix:///run/redis/my%20redis.sock?name=x", "pw")
    assert (found.hosts, found.name) == ((("/run/redis/my redis.sock", 0),), "x")
    assert found.is_local


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://x",
        "redis://",
        "redis://x:port",
        "redis://me@x",
        "redis://x?master=y",
        "redis://x?ssl_ca_certs=/x",
        "rediss://x?ssl_ca_certs=/does/not/exist",
        "redis+sentinel://x?sentinel=y",
        "redis+sentinel://x?replicas=-1",
        "unix://",
        "unix://relative/path",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    """The message does not show it, because it may have a password."""
    with pytest.raises(ValueError, match="the address of the engine"):
        redis_address.parse(url)


def test_a_password_is_not_shown() -> None:
    """Neither in a log nor in a traceback."""
    assert "secret" not in repr(redis_address.parse("redis://:secret@localhost"))
