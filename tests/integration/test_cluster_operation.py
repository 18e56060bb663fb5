"""The operation of a cluster: its status, its metrics, and a new node from a backup."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from programs import Program, program
from test_cluster_programs import Client, RedisCluster, client

from redis_fakes import engine

pytestmark = pytest.mark.engine

METRICS = "[metrics]\nport = 0"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster without nodes, with an engine."""
    with engine(tmp_path / "engine") as running:
        yield RedisCluster(tmp_path, running)


async def run(directory: Path, *arguments: str) -> tuple[int, str]:
    """Run a command with the configuration of a node; return the exit code and the output."""
    command = [*arguments, "--config", "server.ini"]
    async with program(command, directory) as running:
        lines = await running.out.rest()
        return await running.wait(), "\n".join(lines)


async def status(directory: Path) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the object of `cluster status`."""
    code, text = await run(directory, "cluster", "status", "--json")
    return code, json.loads(text)


async def test_the_status_of_a_cluster(cluster: RedisCluster, tmp_path: Path) -> None:
    """It names all nodes, also with the configuration of one that is down."""
    async with cluster.node("n2") as (_, two), client(two, "bob"):
        async with cluster.node("n1") as (first, _):
            code, found = await status(tmp_path / "n1")
            assert (code, found["problems"]) == (0, [])
            assert [node["name"] for node in found["nodes"]] == ["n1", "n2"]
            assert {node["state"] for node in found["nodes"]} == {"alive"}
            assert found["engine"]["place"] == f"127.0.0.1:{cluster.engine.port}"
            first.stop()
            assert await first.wait() == 0
        code, text = await run(tmp_path / "n1", "cluster", "status")
        assert code == 0
        assert re.search(r"n1 +stopped", text)
        assert re.search(r"n2 +alive .* 1 ", text)


async def test_an_engine_that_is_away_is_a_problem(cluster: RedisCluster, tmp_path: Path) -> None:
    """The exit code says so, and the error is one line."""
    async with cluster.node("n1"):
        pass
    cluster.engine.kill()
    code, text = await run(tmp_path / "n1", "cluster", "status")
    assert code == 1
    assert text.startswith(f"trio-chat: 127.0.0.1:{cluster.engine.port}: cannot connect")


async def metrics(running: Program) -> str:
    """Return the metrics of a node."""
    line = next(line for line in running.out.lines if "metrics are at" in line)
    port = int(line.rpartition(":")[2].partition("/")[0])
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"GET /metrics HTTP/1.0\r\n\r\n")
        return b"".join([data async for data in stream]).decode()


async def test_the_metrics_of_a_node(cluster: RedisCluster) -> None:
    """They say whether the engine is there, how many nodes live, and what was carried out."""
    async with cluster.node("n1", METRICS) as (running, port), client(port, "ann"):
        text = await metrics(running)
    found = dict(re.findall(r"^trio_chat_cluster_(\w+) (\S+)$", text, re.MULTILINE))
    assert (found["engine_up"], found["nodes"], found["life"]) == ("1.0", "1.0", "1.0")
    assert float(found["items_total"]) >= 2
    assert float(found["appends_total"]) >= 2
    assert float(found["snapshot_bytes"]) > 0


async def test_a_new_node_from_a_backup(cluster: RedisCluster, tmp_path: Path) -> None:
    """It carries out what came after the backup, and has the same history in the end."""
    async with cluster.node("n1") as (first, one), client(one, "ann", "echo-message") as ann:
        await ann.say("NS REGISTER secret-word")
        await ann.until("is yours now")
        await ann.say("JOIN #a", *(f"PRIVMSG #a :before {number}" for number in range(20)))
        await ann.until("before 19")
        code, _ = await run(tmp_path / "n1", "backup", str(tmp_path / "copy.db"))
        assert code == 0
        await ann.say(*(f"PRIVMSG #a :after {number}" for number in range(20)))
        await ann.until("after 19")
        (tmp_path / "n2").mkdir()
        (tmp_path / "copy.db").rename(tmp_path / "n2" / "trio-chat.db")
        async with cluster.node("n2") as (second, two), client(two, "bob") as bob:
            await bob.say("JOIN #a")
            assert "ann" in await bob.until(" 353 ")
            await ann.say("PRIVMSG #a :together")
            await bob.until("together")
            second.stop()
            assert await second.wait() == 0
        await ann.until("QUIT")
        first.stop()
        assert await first.wait() == 0
    assert rows(tmp_path / "n1") == rows(tmp_path / "n2")
    assert len(rows(tmp_path / "n1")) == 41


async def test_a_cluster_begins_again_after_the_loss_of_its_log(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """With the database of a node that has left; not while its server runs."""
    async with cluster.node("n1") as (first, one), client(one, "ann", "echo-message") as ann:
        await ann.say("NS REGISTER secret-word", "JOIN #a", "PRIVMSG #a :before")
        await ann.until(":before")
        assert (await run(tmp_path / "n1", "cluster", "leave"))[0] == 1
        first.stop()
        assert await first.wait() == 0
    await cluster.engine.call("FLUSHALL")
    command = ["serve", "--config", "server.ini", "--no-qr"]
    async with program(command, tmp_path / "n1") as lost:
        await lost.out.until("trio-chat cluster leave")
        assert await lost.wait() == 1
    assert (await run(tmp_path / "n1", "cluster", "leave"))[0] == 0
    await cluster.engine.call("FLUSHALL")  # as another name of the cluster
    async with cluster.node("n1") as (_, one), client(one, "eve", "batch") as eve:
        await eve.say("NS IDENTIFY ann secret-word")
        await eve.until(" 900 ")
        await eve.say("JOIN #a", "CHATHISTORY LATEST #a * 5")
        assert (await eve.until("PRIVMSG #a")).endswith("before")
    assert (await run(tmp_path / "n1", "cluster", "leave"))[0] == 0
    assert (await run(tmp_path / "n1", "cluster", "leave"))[0] == 1


def rows(directory: Path) -> list[tuple[Any, ...]]:
    """Return the messages in the database of a node."""
    connection = sqlite3.connect(directory / "trio-chat.db")
    try:
        return connection.execute("SELECT * FROM message ORDER BY id").fetchall()
    finally:
        connection.close()


async def test_the_doctor_examines_the_cluster(cluster: RedisCluster, tmp_path: Path) -> None:
    """It names the engine while all is well, and says what is wrong with one that forgets."""
    await cluster.engine.call("CONFIG", "SET", "appendfsync", "always")
    async with cluster.node("n1"):
        _, text = await run(tmp_path / "n1", "doctor")
        [line] = [line for line in text.splitlines() if "cluster:" in line]
        assert "good" in line
        assert f"127.0.0.1:{cluster.engine.port}" in line
        await cluster.engine.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        code, text = await run(tmp_path / "n1", "doctor")
        assert code == 1
        assert "set `maxmemory-policy noeviction`" in text


async def test_an_engine_that_syncs_later_is_a_note(cluster: RedisCluster, tmp_path: Path) -> None:
    """The start warns of it, too, and goes on: it may be as the operator wants it."""
    await cluster.engine.call("CONFIG", "SET", "appendfsync", "everysec")
    async with cluster.node("n1") as (running, _):
        _, text = await run(tmp_path / "n1", "doctor")
        assert "The engine may lose the last seconds of the log when it dies." in text
        assert any("set `appendfsync always`" in line for line in running.out.lines)


async def test_the_doctor_finds_the_name_of_another_node(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """Before two servers take it from each other."""
    async with cluster.node("n1"):
        (tmp_path / "other").mkdir()
        text = (tmp_path / "n1" / "server.ini").read_text("utf-8")
        (tmp_path / "other" / "server.ini").write_text(text, "utf-8")
        _, text = await run(tmp_path / "other", "doctor")
        assert "Another server is the node n1." in text


async def test_clients_get_an_answer_while_the_engine_is_away(cluster: RedisCluster) -> None:
    """What was asked for before it was known to be away is carried out later, and what was refused
    is not.
    """
    async with (
        cluster.node("n1") as (running, port),
        client(port, "ann", "standard-replies") as ann,
        client(port, "bob", "standard-replies") as bob,
        await trio.open_tcp_stream("127.0.0.1", port) as stream,
    ):
        await ann.say("PING x")
        await ann.until("PONG")
        cluster.engine.kill()
        await ann.say("NS REGISTER secret-word")
        eve = Client(stream)
        await eve.say("NICK eve", "USER u 0 * :Real")
        assert "may still be carried out" in await ann.until(" TEMPORARILY_UNAVAILABLE ")
        assert "cannot agree on anything" in await eve.until("ERROR ")
        await bob.say("REGISTER * * another-word")
        assert "may" not in await bob.until("FAIL REGISTER TEMPORARILY_UNAVAILABLE ")
        cluster.engine.start()
        await running.out.until("is reached again")
        await ann.say("JOIN #a", "NS IDENTIFY ann secret-word", "ISON eve bob")
        await ann.until(" 900 ")
        assert (await ann.until(" 303 ")).endswith(":bob")
        await ann.say("NS IDENTIFY bob another-word")
        await ann.until("Wrong")
