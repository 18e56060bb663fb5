"""The log of a cluster in a real Redis or Valkey: what engines, operators and networks do to it."""

import gc
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from cancellations import cancel_everywhere
from fake_servers import until_reset
from log_engines import read_all
from redis_fakes import Engine, engine
from sentinel_fakes import log_by, sentinel, served
from trio_chat.server.cluster import redis_address
from trio_chat.server.cluster.log import START, LogBroken, LogRefused, LogUnavailable
from trio_chat.server.cluster.redis_address import Login, RedisAddress
from trio_chat.server.cluster.redis_connection import why_open
from trio_chat.server.cluster.redis_log import RedisLog

pytestmark = pytest.mark.engine

KEY = "trio-chat:log"
RIGHTS = (
    "+auth +role +info +time +exists +xinfo|stream +xadd +xread +xrange +xlen +set +wait"
    " +memory|usage"
)
"""What docs/operations.md says that a user needs."""


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine that keeps what it has taken."""
    with engine(tmp_path / "engine") as running:
        yield running


async def wait_for(real: Engine, *command: str, wanted: bytes) -> None:
    """Wait until the reply to a command has a text in it."""
    with trio.fail_after(30):
        while True:
            if wanted in await real.call(*command):
                return
            await trio.sleep(0.01)


@pytest.mark.parametrize("end", [("FLUSHALL",), ("DEL", KEY)])
async def test_a_log_that_is_deleted_is_broken_at_once(real: Engine, end: tuple[str, ...]) -> None:
    """Also when nobody has appended anything since, and for a node that is waiting already."""
    log = real.log()
    await log.append([b"a"])
    [entry] = await read_all(log)

    async def delete() -> None:
        await wait_for(real, "CLIENT", "LIST", wanted=b"cmd=xread")
        await real.call(*end)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(delete)
        with pytest.raises(LogBroken, match="has lost all of the log"):
            await read_all(log, entry.position)
    await log.aclose()


async def test_a_log_that_was_deleted_and_begun_anew_is_broken(real: Engine) -> None:
    """Its new entries have greater ids, so that they would go on from the old ones."""
    log, other = real.log(), real.log()
    await log.append([b"a"])
    [entry] = await read_all(log)
    await real.call("DEL", KEY)
    await other.append([b"b"])
    with pytest.raises(LogBroken, match="begun another one"):
        await log.read(entry.position)
    await log.aclose()
    await other.aclose()


async def test_a_node_does_not_make_a_log_anew(real: Engine) -> None:
    """It would begin in the middle, and a new node would not know."""
    log = real.log()
    await log.append([b"a"])
    await read_all(log)
    await real.call("DEL", KEY)
    with pytest.raises(LogUnavailable, match="is gone"):
        await log.append([b"b"])
    assert await real.call("EXISTS", KEY) == 0
    await log.aclose()


async def test_an_id_that_was_given_twice_is_found_by_its_data(real: Engine) -> None:
    """The clock of the next primary may be behind that of the one before."""
    log = real.log()
    await log.append([b"a", b"b"])
    *_, last = await read_all(log, least=2)
    number = last.position.partition(":")[0]
    await real.call("DEL", KEY)
    await real.call("XADD", KEY, number, "e", "another")
    with pytest.raises(LogBroken, match="has lost"):
        await log.read(last.position)
    await log.aclose()


async def test_a_slow_node_does_not_miss_what_was_trimmed(real: Engine) -> None:
    """While its connection is open; it is no fork, and another node has all."""
    log = real.log()
    await log.append([b"a"])
    [entry] = await read_all(log)
    await log.append([b"b", b"c", b"d"])
    await real.trim(keep=1)
    with pytest.raises(LogBroken, match="backup of another node"):
        await log.read(entry.position)
    await log.aclose()


async def test_a_new_node_does_not_begin_in_the_middle(real: Engine) -> None:
    """The log begins where it was trimmed."""
    log = real.log()
    await log.append([b"a", b"b"])
    await log.aclose()
    await real.trim(keep=1)
    with pytest.raises(LogBroken, match="its first entry"):
        await log.read(START)
    await log.aclose()


async def test_an_entry_that_was_deleted_before_it_was_read_is_missed(real: Engine) -> None:
    """The other nodes have carried it out."""
    log = real.log()
    await log.append([b"a", b"b", b"c"])
    first, second, third = await read_all(log, least=3)
    await log.aclose()
    await real.call("XDEL", KEY, second.position.partition(":")[0])
    with pytest.raises(LogBroken, match="XDEL"):
        await log.read(first.position)
    await log.append([b"d"])
    assert [entry.data for entry in await read_all(log, third.position)] == [b"d"]
    await log.aclose()


async def test_a_restored_backup_is_broken_for_a_node_that_was_ahead(tmp_path: Path) -> None:
    """A node that was not goes on."""
    data, backup = tmp_path / "engine", tmp_path / "backup"
    with engine(data) as real:
        log = real.log()
        await log.append([b"a"])
        [first] = await read_all(log)
        real.kill()
        shutil.copytree(data, backup)
        real.start()
        await log.aclose()
        await log.append([b"b"])
        [second] = await read_all(log, first.position)
        real.kill()
        shutil.rmtree(data)
        shutil.copytree(backup, data)
        real.start()
        await log.aclose()
        with pytest.raises(LogBroken, match="by a failover or a restore"):
            await log.read(second.position)
        await log.append([b"c"])
        assert [entry.data for entry in await read_all(log, first.position)] == [b"c"]
        await log.aclose()


async def test_time_stands_still_while_the_clock_of_the_engine_is_behind(
    real: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids do not go back; the operator is warned, because nothing expires."""
    await real.call("XADD", KEY, "33000000000000-0", "e", "of the year 3015")
    log = real.log()
    await log.append([b"a"])
    first, second = await read_all(log, least=2)
    assert (first.time, second.time) == (33_000_000_000.0, 33_000_000_000.0)
    assert "the clock of the engine is" in caplog.text
    await log.aclose()


async def test_a_full_engine_is_explained_and_used_again(real: Engine) -> None:
    """The operator makes room."""
    log = real.log()
    await real.call("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(LogUnavailable, match="raise `maxmemory`"):
        await log.append([b"a"])
    await real.call("CONFIG", "SET", "maxmemory", "0")
    await log.append([b"a"])
    await log.aclose()


async def test_an_engine_that_cannot_save_is_explained(tmp_path: Path) -> None:
    """It takes no writes any longer."""
    (tmp_path / "engine" / "taken").mkdir(parents=True)
    options = ("--save", "3600 1", "--dbfilename", "taken")
    with engine(tmp_path / "engine", *options) as real:
        await real.call("SET", "x", "y")
        await real.call("BGSAVE")
        await wait_for(real, "INFO", "persistence", wanted=b"rdb_last_bgsave_status:err")
        log = real.log()
        with pytest.raises(LogUnavailable, match="cannot write to its disk"):
            await log.append([b"a"])
        await log.aclose()


async def test_an_engine_without_the_replicas_that_it_wants_is_explained(tmp_path: Path) -> None:
    """By `min-replicas-to-write`."""
    with engine(tmp_path / "engine", "--min-replicas-to-write", "1") as real:
        log = real.log()
        with pytest.raises(LogUnavailable, match="fewer replicas follow it"):
            await log.append([b"a"])
        await log.aclose()


async def test_a_key_of_something_else_is_explained(real: Engine) -> None:
    """Another program may use the engine."""
    await real.call("SET", KEY, "x")
    log = real.log()
    with pytest.raises(LogUnavailable, match="another name"):
        await log.append([b"a"])
    await log.aclose()


async def test_redis_cluster_is_refused(tmp_path: Path) -> None:
    """It divides the keys between engines."""
    with engine(tmp_path / "engine", "--cluster-enabled", "yes") as real:
        log = real.log()
        with pytest.raises(LogRefused, match="Redis Cluster"):
            await log.check()
        await log.aclose()


async def test_an_engine_that_forgets_is_not_used_after_a_failover(real: Engine) -> None:
    """It was not the primary when the node checked."""
    log = real.log()
    await log.check()
    await real.call("CONFIG", "SET", "appendonly", "no")
    await log.aclose()
    with pytest.raises(LogUnavailable, match="appendonly yes"):
        await log.read(START)
    await log.aclose()


async def test_a_user_needs_few_rights(real: Engine) -> None:
    """Of the keys, only those of the cluster."""
    rights = ["on", ">word", "~trio-chat:*", *RIGHTS.split()]
    await real.call("ACL", "SETUSER", "node", *rights)
    hosts = real.address.hosts
    log = RedisLog(RedisAddress(hosts, "node", "word"))
    assert not await log.check()  # it has no right to see how the engine syncs
    await log.append([b"a"])
    assert [entry.data for entry in await read_all(log)] == [b"a"]
    await log.aclose()
    await real.trim(keep=0)
    with pytest.raises(LogBroken):
        await log.read(START)
    await log.aclose()
    await real.call("ACL", "SETUSER", "node", "-xadd")
    with pytest.raises(LogUnavailable, match="lacks a right"):
        await log.append([b"a"])
    await log.aclose()


async def test_a_unix_socket_needs_no_password(tmp_path: Path) -> None:
    """Its directory has permissions."""
    path = tmp_path / "s"
    with engine(tmp_path / "engine", "--unixsocket", str(path)):
        log = RedisLog(redis_address.parse(f"unix://{path}?name=x"))
        await log.check()
        await log.append([b"a"])
        assert [entry.data for entry in await read_all(log)] == [b"a"]
        await log.aclose()
    with pytest.raises(LogUnavailable, match=str(path)):
        await log.read(START)


async def test_an_ipv6_address_is_connected_to(tmp_path: Path) -> None:
    """And is shown as it stands in an address."""
    if not _has_ipv6():
        pytest.skip("NOT TESTED: there is no IPv6")
    with engine(tmp_path / "engine", "--bind", "127.0.0.1 ::1") as real:
        log = RedisLog(redis_address.parse(f"redis://[::1]:{real.port}"))
        await log.append([b"a"])
        await log.aclose()
    words = rf"^\[::1\]:{real.port}: cannot connect: Connection refused$"
    with pytest.raises(LogUnavailable, match=words):
        await log.append([b"a"])


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as found:
            found.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_tls_by_an_authority_of_the_operator(tmp_path: Path) -> None:
    """With a certificate of the client, which engines ask for; another authority is not trusted."""
    authority = trustme.CA()
    ca, own, client = tmp_path / "ca.pem", tmp_path / "own.pem", tmp_path / "client.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(own)
    authority.issue_cert("node").private_key_and_cert_chain_pem.write_to_path(client)
    tls = ("--tls-cert-file", own, "--tls-key-file", own, "--tls-ca-cert-file", ca)
    with engine(tmp_path / "engine", "--requirepass", "word", tls=tuple(map(str, tls))) as real:
        url = f"rediss://:word@127.0.0.1:{real.port}/x"
        log = RedisLog(redis_address.parse(f"{url}?ssl_ca_certs={ca}&ssl_certfile={client}"))
        await log.check()
        await log.append([b"a" * 500_000] * 10)
        assert len(await read_all(log, least=10)) == 10
        await log.aclose()
        log = RedisLog(redis_address.parse(url))
        with pytest.raises(LogUnavailable, match="name the file of its authority by ssl_ca_certs"):
            await log.check()
        log = RedisLog(redis_address.parse(f"{url}?ssl_ca_certs={ca}"))
        with pytest.raises(LogUnavailable):
            await log.check()
        log = RedisLog(RedisAddress(real.address.hosts, password="word"))
        with pytest.raises(LogUnavailable):
            await log.check()


@pytest.mark.parametrize(
    ("peer", "login", "has_tls", "why"),
    [
        ("", Login(), False, ""),
        ("127.0.0.1", Login(), False, ""),
        ("::1", Login(), False, ""),
        ("192.168.1.2", Login(), True, "password"),
        ("192.168.1.2", Login("", "x"), False, ""),
        ("fe80::1%eth0", Login("", "x"), False, ""),
        ("8.8.8.8", Login("", "x"), False, "TLS"),
        ("2a00::1", Login("", "x"), False, "TLS"),
        ("8.8.8.8", Login("", "x"), True, ""),
    ],
)
def test_hashes_of_passwords_are_not_sent_in_the_open(
    peer: str, login: Login, has_tls: bool, why: str
) -> None:
    """A network needs a password, and the internet TLS."""
    found = why_open(peer, login, ssl.create_default_context() if has_tls else None)
    assert why in found
    assert bool(why) is bool(found)


async def test_long_entries_and_many_of_them_are_read(real: Engine) -> None:
    """Fewer at once, so that an answer fits into the memory of a node."""
    log = real.log()
    entries = [b"%d" % number + b"x" * 512_000 for number in range(150)]
    await log.append([b"%d" % number for number in range(20_000)])
    await log.append(entries)
    found = await read_all(log, least=20_150)
    assert [entry.data for entry in found[20_000:]] == entries
    assert [entry.data for entry in found[:20_000]] == [b"%d" % n for n in range(20_000)]
    await log.aclose()


async def test_a_log_that_takes_too_much_memory_is_trimmed(real: Engine) -> None:
    """The engine would take no more entries, and nothing would go on."""
    log = real.log()
    await read_all(log, least=0)
    log._most_memory = 20 << 20
    for _ in range(4):
        await log.append([b"x" * 20_000] * 1_000)
        log._measure_at = 0.0
    assert await real.call("XLEN", KEY) < 2_200
    await log.aclose()


@pytest.mark.parametrize("has_sentinel", [False, True])
async def test_cancellation_leaves_the_log_usable_wherever_it_hits(
    real: Engine, has_sentinel: bool
) -> None:
    """From the look-up of the name to the last reply; no socket is left."""
    count = 0

    async def append() -> None:
        await log.aclose()
        await log.append([b"c", b"c"])

    async def read() -> None:
        await log.aclose()
        await log.read(START)

    async def check() -> None:
        nonlocal count
        count += 1
        await log.append([b"%d" % count])
        found = await read_all(log, least=count)
        while (number := b"%d" % count) not in [entry.data for entry in found]:
            found += await log.read(found[-1].position)
        assert [entry.data for entry in found].count(number) == 1

    login = ("node", "word")
    await real.call("ACL", "SETUSER", "node", "on", ">word", "~*", "+@all")
    async with served(sentinel((real.port, 1))) as places:
        plain = RedisLog(RedisAddress(real.address.hosts, *login))
        log = log_by(places, *login) if has_sentinel else plain
        await cancel_everywhere(append, check)
        await cancel_everywhere(read, check)
        await log.aclose()
    gc.collect()  # a socket that is left is a warning, and so an error


@asynccontextmanager
async def cut_after(real: Engine, replies: int) -> AsyncIterator[RedisLog]:
    """Give a log behind a proxy that ends each connection after some bytes of replies."""

    async def serve(near: trio.SocketStream) -> None:
        far = await trio.open_tcp_stream("127.0.0.1", real.port)
        async with near, far, trio.open_nursery() as nursery:
            nursery.start_soon(carry, near, far, 1 << 30)
            await carry(far, near, replies)
            nursery.cancel_scope.cancel()

    async def carry(source: trio.SocketStream, target: trio.SocketStream, left: int) -> None:
        while left > 0 and (data := await source.receive_some(left)):
            left -= len(data)
            await target.send_all(data)

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(
            partial(trio.serve_tcp, until_reset(serve), 0, host="127.0.0.1")
        )
        yield RedisLog(RedisAddress((("127.0.0.1", listener.socket.getsockname()[1]),)))
        nursery.cancel_scope.cancel()


async def test_a_lost_reply_leaves_a_beginning_of_what_was_appended(real: Engine) -> None:
    """Never a later entry without those before it; so they can all be appended again."""
    reader = real.log()
    entries = [b"%d" % number for number in range(300)]
    async with cut_after(real, 200) as log:
        with pytest.raises(LogUnavailable):
            await log.append(entries)
        await log.aclose()
    await reader.append([b"end"])
    found = [entry.data for entry in await read_all(reader)]
    while found[-1] != b"end":
        found = [entry.data for entry in await read_all(reader, least=len(found) + 1)]
    assert found[:-1] == entries[: len(found) - 1]
    await reader.aclose()


async def test_a_primary_without_its_replicas_breaks_no_log(real: Engine) -> None:
    """It may be one of before, which has come back and lacks what came after."""
    log = real.log(1)
    with pytest.raises(LogUnavailable, match="only 0 of 1 replicas"):
        await log.read("33000000000000-0:00000000")
    await log.aclose()


async def test_of_two_primaries_the_one_with_replicas_is_used(tmp_path: Path) -> None:
    """One that was cut off believes to be the primary still."""
    quick = ("--repl-diskless-sync-delay", "0")
    with (
        engine(tmp_path / "alone") as alone,
        engine(tmp_path / "primary", *quick) as primary,
        engine(tmp_path / "replica", "--replicaof", f"127.0.0.1 {primary.port}"),
    ):
        await wait_for(primary, "INFO", "replication", wanted=b"state=online")
        log = RedisLog(RedisAddress((*alone.address.hosts, *primary.address.hosts)), 1)
        with pytest.raises(LogUnavailable, match="only 0 of 1 replicas"):
            await log.read(START)
        await log.append([b"a"])
        assert [entry.data for entry in await read_all(log)] == [b"a"]
        await log.aclose()
